"""The files of a topology while they are edited: their texts, and what they say together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.folders import real_path
from cdnplan.inputs.edits.changes import Tree, identity
from cdnplan.inputs.edits.patches import Patch
from cdnplan.inputs.edits.spans import Slot, Span, SpanTree
from cdnplan.inputs.includes import Sources, read_sources
from cdnplan.inputs.yaml_nodes import Node, plain
from cdnplan.inputs.yaml_text import parse_yaml, read_text

BOM = "\ufeff"


class TextFile:
    """One file.

    Parameters
    ----------
    path : Path
        As the user named it, for messages.
    text : str
        With the byte order mark if it has one.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text
        self._items: dict[str, dict[str, Slot]] = {}
        self.mark = BOM if text.startswith(BOM) else ""

    @cached_property
    def node(self) -> tuple[Node | None, list[Problem]]:
        """What it says, and what is wrong with it."""
        return parse_yaml(self.text, str(self.path))

    @cached_property
    def spans(self) -> SpanTree:
        """Where it says what."""
        return SpanTree(self.text.removeprefix(BOM))

    def items(self, section: str) -> dict[str, Slot]:
        """Items of a list that merges by name, by what identifies them; the first of each."""
        if section not in self._items:
            listed = self.spans.root.entries.get(section)
            found: dict[str, Slot] = {}
            for slot in listed.node.items if listed is not None else ():
                name = identity(head(slot.node), section)
                if name is not None:
                    found.setdefault(name, slot)
            self._items[section] = found
        return self._items[section]

    def patched(self, patches: list[Patch]) -> TextFile:
        """Make the file that patches lead to."""
        body = self.text.removeprefix(BOM)
        parts: list[str] = []
        position = 0
        for patch in patches:
            parts += [body[position : patch.start], patch.text]
            position = patch.end
        return TextFile(self.path, self.mark + "".join(parts) + body[position:])


def head(node: Span) -> dict[str, object] | None:
    """What the identity of an item is made of."""
    if node.kind != "map":
        return None
    slots = ((key, node.own(key) or node.merged(key)) for key in ("name", "from", "to"))
    return {key: slot.node.value for key, slot in slots if slot is not None}


@dataclass(frozen=True)
class Workspace:
    """All files of a topology, by their real path, the weakest first; the file that is edited is the last.

    Nothing is changed in place: `changed` makes another one.
    """

    path: Path
    files: dict[Path, TextFile]

    @cached_property
    def sources(self) -> Sources:
        """The files, read as `cdnplan.inputs.includes` reads them."""
        return read_sources(self.path, read=self._read)

    @cached_property
    def tree(self) -> Tree:
        """What all files say together, without any environment."""
        merged = self.sources.merged(None)
        found = plain(merged) if merged is not None else {}
        return found if isinstance(found, dict) else {}

    def _read(self, path: Path) -> tuple[Node | None, list[Problem]]:
        file = self.files.get(real_path(path))
        return file.node if file is not None else (None, [])

    def changed(self, texts: dict[Path, TextFile]) -> Workspace:
        """Make a workspace in which some files are others."""
        return replace(self, files=self.files | texts)

    def strongest_first(self) -> Iterator[TextFile]:
        """Files in the order in which their values win."""
        return reversed(self.files.values())


_OTHER_END = re.compile("\r(?!\n)|[\x85\u2028\u2029]")


def open_workspace(path: Path) -> Workspace:
    """Read a topology with everything it includes.

    Raises
    ------
    InputError
        A file cannot be read or is not YAML; files that are, but do not make a valid topology, can be edited.
    """
    read: dict[Path, TextFile] = {}
    unread: list[Problem] = []

    def load(file: Path) -> tuple[Node | None, list[Problem]]:
        text, problems = read_text(file)
        if not problems:
            problems = _line_problems(file, text)
        if problems:
            unread.extend(problems)
            return None, problems
        found = read[real_path(file)] = TextFile(file, text)
        return found.node

    sources = read_sources(path, read=load)
    if sources.problems or not sources.complete:
        raise InputError(sources.problems)
    order: list[Path] = []
    _resolve(path, read, order)
    return Workspace(path, {key: read[key] for key in order})


def _line_problems(file: Path, text: str) -> list[Problem]:
    """YAML knows other ends of lines than a line feed, at which edits do not look."""
    other = _OTHER_END.search(text)
    if other is None:
        return []
    line = text.count("\n", 0, other.start()) + 1
    column = other.start() - text.rfind("\n", 0, other.start())
    message = f"a line ends in U+{ord(other[0][0]):04X}: lines have to end in a line feed to be edited"
    return [Problem(message, str(file), line, column)]


def _resolve(path: Path, read: dict[Path, TextFile], order: list[Path]) -> None:
    """List files as they are resolved: what is included before what includes it."""
    key = real_path(path)
    if key in order or key not in read:
        return
    node = read[key].node[0]
    content = plain(node) if node is not None else {}
    listed = content.get("include") if isinstance(content, dict) else None
    for name in listed if isinstance(listed, list) else ():
        _resolve(path.parent / str(name), read, order)
    order.append(key)
