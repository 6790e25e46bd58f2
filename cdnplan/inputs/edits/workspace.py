"""The files of a topology while they are edited: their texts, what they say together, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.folders import real_path
from cdnplan.inputs.edits import changes as c
from cdnplan.inputs.edits.patches import Patch
from cdnplan.inputs.edits.spans import SpanTree
from cdnplan.inputs.yamls.includes import Sources, read_sources
from cdnplan.inputs.yamls.yaml_nodes import Node, plain
from cdnplan.inputs.yamls.yaml_text import parse_yaml, read_text

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
        self._items: dict[c.Path, dict[str, int]] = {}
        self.mark = BOM if text.startswith(BOM) else ""

    @cached_property
    def node(self) -> tuple[Node | None, list[Problem]]:
        """What it says, and what is wrong with it."""
        return parse_yaml(self.text, str(self.path))

    @cached_property
    def spans(self) -> SpanTree:
        """Where it says what."""
        return SpanTree(self.text.removeprefix(BOM))

    @cached_property
    def tree(self) -> c.Tree:
        """What it says, as plain values."""
        node = self.node[0]
        found = plain(node) if node is not None else {}
        return found if isinstance(found, dict) else {}

    def items(self, path: c.Path) -> dict[str, int]:
        """Numbers of the items of a list that merges by name, by what identifies them; the first of each."""
        if path not in self._items:
            listed = c.value_at(self.tree, path)
            found: dict[str, int] = {}
            for i, item in enumerate(listed if isinstance(listed, list) else ()):
                name = c.identity(item, str(path[-1]))
                if name is not None:
                    found.setdefault(name, i)
            self._items[path] = found
        return self._items[path]

    def patched(self, patches: list[Patch]) -> TextFile:
        """Make the file that patches lead to."""
        body = self.text.removeprefix(BOM)
        parts: list[str] = []
        position = 0
        for patch in patches:
            parts += [body[position : patch.start], patch.text]
            position = patch.end
        return TextFile(self.path, self.mark + "".join(parts) + body[position:])


@dataclass(frozen=True)
class Workspace:
    """All files of a topology, by their real path, the weakest first; the file that is edited is the last.

    Nothing is changed in place: `changed` makes another one.
    """

    path: Path
    files: dict[Path, TextFile]

    @cached_property
    def sources(self) -> Sources:
        """The files, read as `cdnplan.inputs.yamls.includes` reads them."""
        return read_sources(self.path, read=self._read)

    @cached_property
    def tree(self) -> c.Tree:
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


_NOTHING = object()
_Step = str | int | tuple[str, str]
"""A key, a number, or the section and identity of an item that has other numbers in other files."""
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


def place_in(workspace: Workspace, path: c.Path) -> tuple[str, int, int]:
    """File, line and column at which a place of the merged topology is written, or the nearest to it."""
    file, own = _found(workspace, path)
    slot = file.spans.at(own)
    return str(file.path), *file.spans.place(slot.key[0] if own else slot.outer)


def owned(workspace: Workspace, path: c.Path) -> tuple[TextFile, c.Path]:
    """Find the file in which a value is given, or is to be, and its place there.

    It is the strongest file that has the value, else the one that comes nearest.
    """
    file, own = _found(workspace, path)
    return file, (*own, *path[len(own) :])


def everywhere(workspace: Workspace, path: c.Path) -> Iterator[tuple[TextFile, c.Path]]:
    """All places of an item, or a model of hardware: in every file, and in every environment."""
    steps = _item_steps(workspace, path)
    for file in workspace.files.values():
        for section in c.sections(file.tree):
            own = _followed(file, (*section, *steps))
            if len(own) == len(section) + len(steps):
                yield file, own


def _found(workspace: Workspace, path: c.Path) -> tuple[TextFile, c.Path]:
    """The strongest of the files in which a place leads furthest, and how far it leads there."""
    steps = _item_steps(workspace, path)
    led = ((file, _followed(file, steps)) for file in workspace.strongest_first())
    return max(led, key=lambda found: len(found[1]))


def _item_steps(workspace: Workspace, path: c.Path) -> tuple[_Step, ...]:
    """Replace the number of an item in a list that merges by name by what identifies it in every file."""
    if len(path) >= 2 and path[0] in (*c.NAMED, "links"):
        section = str(path[0])
        name = c.identity(c.value_at(workspace.tree, path[:2]), section)
        if name is not None:
            return (section, (section, name), *path[2:])
    return path


def _followed(file: TextFile, steps: tuple[_Step, ...]) -> c.Path:
    """The place in a file to which steps lead, as far as they do."""
    own: c.Path = ()
    node: object = file.tree
    for step in steps:
        key = file.items(own).get(step[1], -1) if isinstance(step, tuple) else step
        if isinstance(node, list):
            node = node[key] if isinstance(key, int) and 0 <= key < len(node) else _NOTHING
        else:
            node = node.get(key, _NOTHING) if isinstance(node, dict) else _NOTHING
        if node is _NOTHING:
            break
        own = (*own, key)
    return own
