"""Changes of meaning to changes of text: in the file where a value is written, and there only.

A value that stands in an included file is changed there. One that comes through an alias or ``<<`` is changed
at its anchor if every place that shares it changes alike; else it is written anew where it differs. A change
at an anchor that others share, which are not to change, is refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.folders import real_path
from cdnplan.inputs.edits import changes as c
from cdnplan.inputs.edits.locating import Found, Step, home_of, item_steps, locate, place_in, walk
from cdnplan.inputs.edits.patches import CannotPatchError, Patcher
from cdnplan.inputs.edits.sharing import Sharing
from cdnplan.inputs.edits.spans import Slot, Span
from cdnplan.inputs.edits.workspace import TextFile, Workspace, head
from cdnplan.inputs.topology_schema import topology_schema
from cdnplan.inputs.wire_schema import known_keys
from cdnplan.inputs.yaml_scalars import flow_text, string_text

_Shown = Callable[[c.Path], str]


@dataclass(slots=True)
class _Claims:
    """Changes that concern one value as it is written, and whether they agree."""

    changes: list[c.Change] = field(default_factory=list)
    contents: list[object] = field(default_factory=list)


def edit_texts(
    workspace: Workspace,
    changes: Sequence[c.Change],
    expected: c.Tree,
    shown: _Shown,
    *,
    drop_comments: bool = False,
) -> Workspace:
    """Write changes into the texts.

    Parameters
    ----------
    workspace : Workspace
    changes : sequence of Change
        Of one operation.
    expected : Tree
        What the files are to say together afterwards.
    shown : callable
        Writes a place as people do, with names for numbers.
    drop_comments : bool
        See `Patcher`.

    Returns
    -------
    Workspace
        It says exactly what is expected.

    Raises
    ------
    InputError
        The change would also change something else, or cannot be written; says where.
    """
    writer = _Writer(workspace, expected, shown, drop_comments)
    for change in changes:
        writer.note(change)
    for change in changes:
        writer.write(change)
    edited = writer.finish()
    problems = [problem for key in writer.touched for problem in edited.files[key].node[1]]
    if problems or edited.sources.problems:
        found = problems[0] if problems else edited.sources.problems[0]
        raise InputError(
            [Problem(f"this cannot be changed in the text as it is written: {found}", str(workspace.path))]
        )
    different = c.first_difference(expected, edited.tree)
    if different is not None:
        raise InputError([_side_effect(workspace, expected, edited, different, shown)])
    return edited


def _side_effect(
    workspace: Workspace, expected: c.Tree, edited: Workspace, where: c.Path, shown: _Shown
) -> Problem:
    wanted, got = c.value_at(expected, where), c.value_at(edited.tree, where)
    file, line, column = place_in(workspace, where)
    return Problem(
        f"the change would also make {shown(where)} {_brief(got)}, where {_brief(wanted)} is expected",
        file,
        line,
        column,
        hint="it is shared by an anchor or merged from several files; change the text there by hand first",
    )


def _brief(value: object) -> str:
    text = flow_text(value)
    return "absent" if value is None else text if len(text) <= 60 else text[:57] + "..."


class _Writer:
    """Turns the changes of one operation into patches, each file with its own patcher."""

    def __init__(self, workspace: Workspace, expected: c.Tree, shown: _Shown, drop_comments: bool) -> None:
        self._workspace = workspace
        self._expected = expected
        self._shown = shown
        self._drop_comments = drop_comments
        self._patchers: dict[Path, Patcher] = {}
        self._sharing: dict[Path, Sharing] = {}
        self._claims: dict[tuple[Path, int, str], _Claims] = defaultdict(_Claims)
        self._written: set[object] = set()
        self.touched: tuple[Path, ...] = ()

    def _key(self, file: TextFile) -> Path:
        return real_path(file.path)

    def _patcher(self, file: TextFile) -> Patcher:
        key = self._key(file)
        if key not in self._patchers:
            self._patchers[key] = Patcher(file.spans, drop_comments=self._drop_comments)
        return self._patchers[key]

    def _shares(self, file: TextFile) -> Sharing:
        key = self._key(file)
        if key not in self._sharing:
            self._sharing[key] = Sharing(file.spans)
        return self._sharing[key]

    def _target(self, change: c.Put | c.Append | c.Drop) -> tuple[Found, Span, str]:
        """Locate a change: what it leads to, the written value that changes, and what changes of it."""
        found = locate(self._workspace, change.path)
        whole = found.depth == len(change.path)
        if whole and isinstance(change, c.Put | c.Append):
            return found, found.slots[-1].node, "" if isinstance(change, c.Put) else "+"
        parent = found.slots[-2 if whole else -1].node
        rest = _path_text(change.path[found.depth - (1 if whole else 0) :])
        return found, parent, rest

    def note(self, change: c.Change) -> None:
        """Count who wants to change what, before anything is written."""
        if isinstance(change, c.Rename) or _is_item(change):
            return
        found, node, rest = self._target(change)
        claims = self._claims[self._key(found.file), id(node), rest]
        claims.changes.append(change)
        claims.contents.append(None if isinstance(change, c.Drop) else change.value)

    def _together(self, found: Found, node: Span, rest: str, *, whole: bool) -> bool:
        """Whether everything that shares a written value is to change in the same way."""
        claims = self._claims[self._key(found.file), id(node), rest]
        first = claims.contents[0]
        reach = self._shares(found.file).reach(node, absent_key=bool(rest) and not whole)
        return reach == len(claims.contents) and all(content == first for content in claims.contents)

    def write(self, change: c.Change) -> None:
        """Make the patches of one change."""
        if isinstance(change, c.Rename):
            self._rename(change)
        elif _is_item(change):
            assert isinstance(change, c.Drop)
            self._drop_item(change)
        else:
            self._write(change)

    def _write(self, change: c.Put | c.Append | c.Drop) -> None:
        found, node, rest = self._target(change)
        whole = found.depth == len(change.path)
        if not found.file.spans.aliased:
            self._patch(found, change, whole=whole)
            return
        shares = self._shares(found.file)
        shared = shares.reach(node, absent_key=bool(rest) and not whole) > 1
        at_end = found.foreign == len(change.path) and not found.missing_own
        if shared and self._together(found, node, rest, whole=whole):
            if (id(node), rest) not in self._written:
                self._written.add((id(node), rest))
                self._patch(_at_home(found, change), change, whole=whole)
        elif found.foreign is not None and not (at_end and not isinstance(change, c.Append)):
            self._localise(found, change)
        elif (shares.reach(found.slots[-2].node) if at_end else shared + shared) > 1:
            raise InputError([self._shared_problem(found, change)])
        else:
            self._patch(found, change, whole=whole)

    def _patch(self, found: Found, change: c.Put | c.Append | c.Drop, *, whole: bool) -> None:
        patcher = self._patcher(found.file)
        if isinstance(change, c.Drop):
            if not whole:
                raise InputError([Problem(f"{self._shown(change.path)} is not there")])
            patcher.drop(found.slots[-2], found.slots[-1])
            return
        value = [change.value] if isinstance(change, c.Append) else change.value
        if not whole:
            rest = change.path[found.depth :]
            for step in reversed(rest[1:]):
                value = {str(step): value}
            order = known_keys(topology_schema(), change.path[: found.depth])
            patcher.add_key(found.slots[-1], str(rest[0]), value, order)
        elif isinstance(change, c.Append) and found.slots[-1].node.kind == "list":
            patcher.append(found.slots[-1], change.value)
        else:
            patcher.put(found.slots[-1], value)

    def _localise(self, found: Found, change: c.Put | c.Append | c.Drop) -> None:
        """Write a shared value anew at the one place where it is to differ."""
        assert found.foreign is not None
        prefix = change.path[: found.foreign]
        key = (self._key(found.file), prefix)
        if key in self._written:
            return
        self._written.add(key)
        value = c.value_at(self._expected, prefix)
        parent, slot = found.slots[found.foreign - 1], found.slots[found.foreign]
        patcher = self._patcher(found.file)
        if isinstance(change, c.Drop) and found.foreign == len(change.path):
            raise InputError([self._shared_problem(found, change)])
        if found.missing_own:
            order = known_keys(topology_schema(), prefix[:-1])
            patcher.add_key(parent, str(prefix[-1]), value, order)
            return
        old = slot.node.meaning()
        if isinstance(old, dict) and isinstance(value, dict) and set(old) <= set(value):
            own = {k: v for k, v in value.items() if k not in old or old[k] != v}
            text = ", ".join(
                [
                    "<<: *" + str(slot.node.anchor),
                    *(f"{string_text(k)}: {flow_text(v)}" for k, v in own.items()),
                ]
            )
            patcher.rewrite(slot, "{" + text + "}")
        else:
            patcher.replace(slot, value)

    def _shared_problem(self, found: Found, change: c.Put | c.Append | c.Drop) -> Problem:
        """Say that others share what is to change, and where."""
        spans = found.file.spans
        if found.foreign is not None and found.missing_own:
            slot = found.slots[found.foreign]
            line, column = spans.place(slot.key[0])
            return Problem(
                f"{self._shown(change.path)} comes from an anchor through '<<' and cannot be taken away here",
                str(found.file.path),
                line,
                column,
                hint="change it where it is written, for all that use it",
            )
        anchored = next(s.node for s in reversed(found.slots) if s.node.aliases)
        line, column = spans.place(anchored.outer)
        users = [spans.place(slot.outer)[0] for slot in anchored.aliases]
        lines = ", ".join(str(n) for n in users[:5]) + (" and more" if len(users) > 5 else "")
        return Problem(
            f"{self._shown(change.path)} is part of the anchor '&{anchored.anchor}', which is also used in"
            f" line{'s' if len(users) > 1 else ''} {lines}",
            str(found.file.path),
            line,
            column,
            hint="change all of them together, or give them values of their own first",
        )

    def _drop_item(self, change: c.Drop) -> None:
        """Take an item of a named list, or a model of hardware, out of every file and every environment."""
        steps = item_steps(self._workspace, change.path)
        for file in self._workspace.files.values():
            for start in _sections(file):
                found = _walk_from(start, steps)
                if found is None:
                    continue
                holder, slot = found
                if file.spans.aliased and self._shares(file).reach(holder.node) > 1:
                    raise InputError([self._shared_problem(walk(file, steps), change)])
                self._patcher(file).drop(holder, slot)

    def _rename(self, change: c.Rename) -> None:
        for file in self._workspace.files.values():
            for start in _sections(file):
                self._rename_in(file, start, change)

    def _rename_in(self, file: TextFile, start: Slot, change: c.Rename) -> None:
        patcher = self._patcher(file)
        for pattern in c.mentions(change.kind):
            for slot in _leaves(start, pattern):
                new = c.renamed(change, slot.node.value)
                if new is not None and (id(slot.node), "name") not in self._written:
                    self._written.add((id(slot.node), "name"))
                    patcher.rename(slot.node, new)
        models = start.node.entries.get("hardware")
        if change.kind == "hardware" and models is not None and not models.alias:
            for name, slot in models.node.entries.items():
                if name in change.names:
                    patcher.rename_key(slot, change.names[name])

    def finish(self) -> Workspace:
        """Apply all patches."""
        edited: dict[Path, TextFile] = {}
        for key, patcher in self._patchers.items():
            file = self._workspace.files[key]
            try:
                patches = patcher.patches()
            except CannotPatchError:
                message = "this cannot be changed in the text as it is written; change it by hand"
                raise InputError([Problem(message, str(file.path))]) from None
            if patches:
                edited[key] = file.patched(patches)
        self.touched = tuple(edited)
        return self._workspace.changed(edited)


def _at_home(found: Found, change: c.Put | c.Append | c.Drop) -> Found:
    """Lead to where shared values are written, rather than to aliases of them."""
    last = found.slots[-1] if isinstance(change, c.Drop) else home_of(found.slots[-1].node)
    return replace(found, slots=[*(home_of(slot.node) for slot in found.slots[:-1]), last])


def _path_text(path: c.Path) -> str:
    """Tell what changes of a written value apart from other changes of it."""
    return ".".join(str(step) for step in path)


def _is_item(change: c.Change) -> bool:
    """Whether a change takes away a whole origin, site, region, link or model of hardware."""
    return (
        isinstance(change, c.Drop)
        and len(change.path) == 2
        and change.path[0] in (*c.NAMED, "links", "hardware")
    )


def _sections(file: TextFile) -> Iterator[Slot]:
    """The file as a whole, and the overrides of each of its environments, which have the same sections."""
    root = file.spans.root
    yield home_of(root)
    overrides = root.own("overrides") if root.kind == "map" else None
    if overrides is not None and overrides.node.kind == "map":
        yield from (slot for _, slot in overrides.node.effective())


def _walk_from(start: Slot, steps: Sequence[Step | tuple[str, str]]) -> tuple[Slot, Slot] | None:
    """Find an item and the list or map that holds it, below a section root; None if it is not there."""
    section, step = steps
    holder = start.node.own(section) if isinstance(section, str) and start.node.kind == "map" else None
    if holder is None:
        return None
    if isinstance(step, tuple):
        slot = next((s for s in holder.node.items if c.identity(head(s.node), step[0]) == step[1]), None)
    else:
        slot = holder.node.own(step) if holder.node.kind == "map" else None
    return None if slot is None else (holder, slot)


def _leaves(start: Slot, pattern: c.Path) -> Iterator[Slot]:
    """Slots of scalars that a pattern leads to, also through aliases and ``<<``."""
    found = [start]
    for step in pattern:
        deeper: list[Slot] = []
        for slot in found:
            if isinstance(step, int):
                deeper += slot.node.items
            elif slot.node.kind == "map":
                inner = slot.node.own(step) or slot.node.merged(step)
                deeper += [inner] if inner is not None else []
        found = deeper
    return (slot for slot in found if slot.node.kind == "scalar")
