"""Smallest changes to a text that make a value in it another one.

Lists and maps are changed in place, in brackets as in lines; what is not touched stays byte for byte.
Comments that stood within what goes away stay, as lines of their own that say where they were; an anchor that
goes away while it is still used moves to its first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cdnplan.inputs.edits.changes import GONE, Path, Tree, settled
from cdnplan.inputs.edits.sharing import SharedError, changed_anchors, same
from cdnplan.inputs.edits.spans import Slot, Span, SpanTree
from cdnplan.inputs.wire.topology_schema import topology_schema
from cdnplan.inputs.wire.wire_schema import known_keys
from cdnplan.inputs.yamls.yaml_scalars import flow_text, string_text

_BLOCK_LISTS = frozenset({"origins", "sites", "regions", "links", "pins", "bans", "copies", "launches"})
_BLOCK_MAPS = frozenset({"hardware", "policy"})
"""Written with a line for each item or key where they are new, as `topology_writer` does."""


class CannotPatchError(Exception):
    """The text is written in a way that this module does not change."""


@dataclass(frozen=True, slots=True, order=True)
class Patch:
    """Replace a part of a text; a patch of no length inserts."""

    start: int
    end: int
    text: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Change:
    """What happens to one map or list; `order` is the usual one of its keys."""

    slot: Slot
    drops: set[Slot]
    keys: Tree = field(default_factory=dict)
    items: list[object] = field(default_factory=list)
    order: Sequence[str] = ()


class Patcher:
    """Makes the patches after which a text says something else.

    Parameters
    ----------
    tree : SpanTree
    drop_comments : bool
        Comments within what is removed go with it, rather than staying as lines of their own.
    """

    def __init__(self, tree: SpanTree, *, drop_comments: bool = False) -> None:
        self.tree = tree
        self._text = tree.text
        self._newline = "\r\n" if "\r\n" in tree.text else "\n"
        self._drop_comments = drop_comments
        self._anchors: dict[int, object] = {}
        self._patches: list[Patch] = []
        self._removed: list[tuple[int, int]] = []
        self._moved: list[Span] = []

    def patches(self, old: object, wanted: object, new_names: Iterable[tuple[Path, str]] = ()) -> list[Patch]:
        """Find what to change, in the order of the text.

        Parameters
        ----------
        old, wanted : object
            What the text says, and what it is to say, as `changes.marked` makes it.
        new_names : iterable of (Path, str)
            Keys that get other names.

        Raises
        ------
        CannotPatchError
            Two changes concern the same part of the text.
        SharedError
            Others share what is to change, and are not to change.
        """
        root = self.tree.root
        if self.tree.aliased:
            self._anchors = changed_anchors(root, old, wanted)
        self._put(self.tree.at(()), old, wanted, ())
        for path, name in new_names:
            self._rename_key(path, name)
        self._rehome()
        found = sorted(self._patches)
        for one, other in pairwise(found):
            if other.start < one.end:
                raise CannotPatchError
        return found

    def _put(self, slot: Slot, old: object, wanted: object, path: Path) -> None:
        """Make a slot mean a value, changing as little as its form allows."""
        node = slot.node
        if same(old, wanted):
            return
        if slot.alias:
            if id(node) not in self._anchors:
                self._differ(slot, old, wanted)
        elif isinstance(old, dict) and old and isinstance(wanted, dict) and wanted:
            self._put_map(slot, old, wanted, path)
        elif isinstance(old, list) and isinstance(wanted, list) and wanted:
            self._put_list(slot, old, wanted, path)
        else:
            self._replace(slot, settled(wanted))

    def _put_map(self, slot: Slot, old: Tree, wanted: Tree, path: Path) -> None:
        node = slot.node
        gone = [key for key in old if wanted.get(key, GONE) is GONE]
        for key in gone:
            if key not in node.entries and key in wanted:
                raise SharedError((*path, key), merged=node.slot(key))
        if any(key not in node.entries for key in gone):
            self._replace(slot, settled(wanted))  # what << brings in cannot be taken away here
            return
        fresh: Tree = {}
        for key, value in wanted.items():
            if value is GONE:
                continue
            if key in node.entries:
                self._put(node.entries[key], old[key], value, (*path, key))
            elif not (key in old and same(old[key], value)) and not self._inherited(node, key, value):
                fresh[key] = settled(value)
        order = known_keys(topology_schema(), path) if fresh else []
        self._change(_Change(slot, {node.entries[key] for key in gone}, keys=fresh, order=order))

    def _inherited(self, node: Span, key: str, value: object) -> bool:
        """Whether ``<<`` will bring a value in from an anchor that changes."""
        changed = (self._anchors.get(id(source)) for source in node.sources())
        return any(isinstance(new, dict) and key in new and same(new[key], settled(value)) for new in changed)

    def _put_list(self, slot: Slot, old: list[object], wanted: list[object], path: Path) -> None:
        items = slot.node.items
        drops: set[Slot] = set()
        if len(old) == len(wanted):
            for i, item in enumerate(items):
                if wanted[i] is GONE:
                    drops.add(item)
                else:
                    self._put(item, old[i], wanted[i], (*path, i))
            self._change(_Change(slot, drops))
            return
        kept = 0
        for item, before in zip(items, old, strict=True):
            if kept < len(wanted) and same(before, wanted[kept]):
                kept += 1
            else:
                drops.add(item)
        if not kept and items:
            self._replace(slot, settled(wanted))
        else:
            self._change(_Change(slot, drops, items=[settled(item) for item in wanted[kept:]]))

    def _change(self, change: _Change) -> None:
        if not (change.drops or change.keys or change.items):
            return
        node = change.slot.node
        kept = [inner for inner in node.slots() if inner not in change.drops]
        if kept:
            self._drop(change, kept[0])
            self._add(change, kept)
            return
        new = change.keys if node.kind == "map" else change.items
        text = flow_text(new)
        if node.flow:
            at = self.tree.next_line(node.end)
            self._cut(node.start + 1, node.end - 1, text[1:-1], list(node.slots()), change.slot, at)
            return
        head = self._head_end(change.slot)
        self._patch(head, head, " " + text)
        for inner in change.drops:
            self._drop_lines(inner)

    def _differ(self, slot: Slot, old: object, wanted: object) -> None:
        """Write a shared value anew at the one place where it is to differ."""
        text = flow_text(settled(wanted))
        if isinstance(old, dict) and isinstance(wanted, dict):
            own = {key: value for key, value in wanted.items() if key not in old or not same(old[key], value)}
            missing = any(wanted.get(key, GONE) is GONE for key in old)
            if not missing and any(key not in own for key in old):
                text = f"{{<<: *{slot.node.anchor}, {flow_text(settled(own))[1:]}"
        self._patch(slot.outer, slot.end, text)

    def _replace(self, slot: Slot, value: object) -> None:
        """Write a value anew where another one stood."""
        node, text = slot.node, flow_text(value)
        if isinstance(value, str) and node.style in ("'", '"'):
            text = _quoted_like(value, node.style)
        start = node.start
        if node.kind != "scalar" and not node.flow:
            start = self._head_end(slot)
            text = " " + text
        elif start == node.end and self._text[start - 1 : start].strip():
            text = " " + text
        if node.kind == "scalar":
            self._patch(start, node.end, text)
        else:
            self._cut(start, node.end, text, list(node.slots()), slot, self.tree.next_line(node.end))

    def _rename_key(self, path: Path, name: str) -> None:
        slot = self.tree.at(path)
        self._patch(slot.key[0], slot.key[1], string_text(name))

    def _head_end(self, slot: Slot) -> int:
        """Offset behind the colon or dash that a block value follows, or behind the value's anchor."""
        node = slot.node
        if node.anchor is not None:
            head = self._text[node.outer : node.start]
            return node.outer + len(head.split()[0])
        if self._text[slot.key[0] : slot.key[1]] == "-":
            return slot.key[1]
        return self._text.index(":", slot.key[1]) + 1

    def _patch(self, start: int, end: int, text: str) -> None:
        self._patches.append(Patch(start, end, text))

    def _drop(self, change: _Change, first: Slot) -> None:
        """Take keys or items out, before and behind the first that is kept."""
        node = change.slot.node
        slots = list(node.slots())
        start = slots[0].key[0]
        # The first key of a list's item stands in the line of the dash: what follows moves up to it.
        inline = node.flow or bool(self._text[self.tree.line_start(start) : start].strip())
        at = self.tree.next_line(node.end if node.flow else first.end)
        for i, inner in enumerate(slots):
            if inner not in change.drops:
                continue
            if inline and inner.key[0] < first.key[0]:
                if not node.flow and node.kind == "list":
                    raise CannotPatchError
                self._cut(inner.key[0], slots[i + 1].key[0], "", [inner], change.slot, at)
            elif node.flow:
                self._cut(slots[i - 1].end, inner.end, "", [inner], change.slot, at)
            else:
                self._drop_lines(inner)

    def _drop_lines(self, slot: Slot) -> None:
        start, end = self.tree.line_start(slot.key[0]), self.tree.next_line(slot.end)
        if self._text[start : slot.key[0]].strip():
            raise CannotPatchError
        self._cut(start, end, "", [slot], slot, end)

    def _add(self, change: _Change, kept: list[Slot]) -> None:
        """Add keys in their usual order, and items at the end."""
        node = change.slot.node
        for key, value in change.keys.items():
            before = _before(node, kept, key, change.order)
            if node.flow:
                self._patch(before.end, before.end, f", {flow_text({key: value})[1:-1]}")
            else:
                lines = _key_lines(key, value, " " * node.column)
                self._insert(self.tree.next_line(before.end), list(lines))
        last = kept[-1] if node.flow else list(node.slots())[-1]
        for value in change.items:
            if node.flow:
                self._patch(last.end, last.end, f", {flow_text(value)}")
            else:
                self._insert(self.tree.next_line(last.end), list(_item_lines(value, node, last.node)))

    def _insert(self, at: int, lines: list[str]) -> None:
        text = "".join(line + self._newline for line in lines)
        if text and at == len(self._text) and at and self._text[-1] != "\n":
            text = self._newline + text.removesuffix(self._newline)
        self._patch(at, at, text)

    def _cut(self, start: int, end: int, text: str, removed: Sequence[Slot], slot: Slot, at: int) -> None:
        """Put a text in the place of what is removed; keep its comments and anchors."""
        self._patch(start, end, text)
        self._removed.append((start, end))
        self._moved += [span for inner in removed for span in _anchored(inner)]
        label = _label(removed[0] if len(removed) == 1 else slot, self._text)
        indent = " " * (slot.key[0] - self.tree.line_start(slot.key[0]))
        words = [] if self._drop_comments else self.tree.comments(start, end, removed)
        self._insert(at, [f"{indent}# (removed: {label}) {each}" for each in words])

    def _rehome(self) -> None:
        """Write anchored values that went away at the first place that still uses them."""
        for node in self._moved:
            left = [s for s in node.aliases if not any(a <= s.outer < b for a, b in self._removed)]
            if left:
                first = min(left, key=lambda slot: slot.outer)
                self._patch(first.outer, first.end, f"&{node.anchor} {flow_text(node.meaning())}")


def _anchored(slot: Slot) -> list[Span]:
    """Anchored values written in a slot, outer ones first."""
    if slot.alias:
        return []
    node = slot.node
    found = [node] if node.aliases else []
    return found + [span for inner in node.slots() for span in _anchored(inner)]


def _label(slot: Slot, text: str) -> str:
    """Say what was removed: the name of an item, its value, or its key."""
    if {"from", "to"} <= slot.node.entries.keys():
        return ">".join(str(slot.node.entries[key].node.value) for key in ("from", "to"))
    names = [slot.node.entries[key] for key in ("name", "model", "title", "file") if key in slot.node.entries]
    if names:
        return str(names[0].node.value)
    key = text[slot.key[0] : slot.key[1]]
    return (
        str(slot.node.value) if key in ("", "-") and slot.node.kind == "scalar" else key.strip("-") or "item"
    )


def _before(node: Span, kept: Sequence[Slot], key: str, order: Sequence[str]) -> Slot:
    """Entry behind which a new key is written: the last one that precedes it in the usual order."""
    rank = {name: i for i, name in enumerate(order)}
    if key not in rank:
        return kept[-1]
    names = {id(slot): name for name, slot in node.entries.items()}
    earlier = [slot for slot in kept if rank.get(names.get(id(slot), ""), len(rank)) < rank[key]]
    return earlier[-1] if earlier else kept[0]


def _quoted_like(value: str, style: str) -> str:
    """Write a text in the quotes that the one before it had, where it can be."""
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    text = string_text(value)
    return text if text.startswith('"') else f'"{text}"'


def _key_lines(key: str, value: object, indent: str) -> Iterator[str]:
    """Lines for a new key of a map in lines."""
    head = f"{indent}{string_text(key)}:"
    if isinstance(value, dict) and value and key in _BLOCK_MAPS:
        yield head
        for inner, item in value.items():
            yield from _key_lines(inner, item, indent + "  ")
    elif isinstance(value, list) and value and key in _BLOCK_LISTS:
        yield head
        yield from (f"{indent}  - {flow_text(item)}" for item in value)
    else:
        yield f"{head} {flow_text(value)}"


def _item_lines(value: object, node: Span, like: Span) -> Iterator[str]:
    """Lines for a new item of a list in lines, in the style of another one."""
    if isinstance(value, dict) and value and like.kind == "map" and not like.flow:
        column = max(like.column, node.column + 2)
        start = (" " * node.column + "-").ljust(column)
        for key, item in value.items():
            yield f"{start}{string_text(key)}: {flow_text(item)}"
            start = " " * column
    else:
        yield " " * node.column + "- " + flow_text(value)
