"""Smallest changes to a text that make a value in it another one.

Lists and maps are changed in place, in brackets as in lines; what is not touched stays byte for byte.
Comments that stood within what goes away stay, as lines of their own that say where they were; an anchor that
goes away while it is still used moves to its first use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cdnplan.inputs.edits.new_lines import item_lines, key_lines, quoted_like
from cdnplan.inputs.edits.spans import Slot, Span, SpanTree
from cdnplan.inputs.yaml_scalars import flow_text, string_text


class CannotPatchError(Exception):
    """The text is written in a way that this module does not change."""


@dataclass(frozen=True, slots=True, order=True)
class Patch:
    """Replace a part of a text; a patch of no length inserts."""

    start: int
    end: int
    text: str = field(compare=False)


@dataclass(slots=True)
class _Container:
    """What happens to one map or list."""

    slot: Slot
    drops: list[Slot] = field(default_factory=list)
    keys: list[tuple[str, object, Sequence[str]]] = field(default_factory=list)
    items: list[object] = field(default_factory=list)


class Patcher:
    """Collects changes to one text and makes patches of them.

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
        self._containers: dict[int, _Container] = {}
        self._filled: dict[int, tuple[Slot, dict[str, object]]] = {}
        self._patches: list[Patch] = []
        self._removed: list[tuple[int, int]] = []
        self._moved: list[Span] = []

    def put(self, slot: Slot, value: object) -> None:
        """Make a slot mean a value, changing as little as its form allows."""
        node = slot.node
        if same(node.meaning(), value):
            return
        if slot.alias:
            self.replace(slot, value)
        elif node.kind == "map" and isinstance(value, dict) and value:
            self._put_map(slot, value)
        elif node.kind == "list" and isinstance(value, list) and value:
            self._put_list(slot, value)
        else:
            self.replace(slot, value)

    def _put_map(self, slot: Slot, value: Mapping[str, object]) -> None:
        node = slot.node
        old = dict(node.effective())
        if any(key not in value and key not in node.entries for key in old):
            self.replace(slot, value)  # what << brings in cannot be taken away here
            return
        for key, found in old.items():
            if key not in value:
                self.drop(slot, found)
            elif key in node.entries:
                self.put(found, value[key])
            elif found.node.meaning() != value[key]:
                self.add_key(slot, key, value[key], ())
        for key in value:
            if key not in old:
                self.add_key(slot, key, value[key], list(value))

    def _put_list(self, slot: Slot, value: Sequence[object]) -> None:
        items = slot.node.items
        if len(items) == len(value):
            for item, wanted in zip(items, value, strict=True):
                self.put(item, wanted)
            return
        kept = 0
        drops: list[Slot] = []
        for item in items:
            if kept < len(value) and item.node.meaning() == value[kept]:
                kept += 1
            else:
                drops.append(item)
        if not kept and items:
            self.replace(slot, value)
            return
        for item in drops:
            self.drop(slot, item)
        for wanted in value[kept:]:
            self.append(slot, wanted)

    def add_key(self, slot: Slot, key: str, value: object, order: Sequence[str]) -> None:
        """Add a key to a map; it goes behind the last key that precedes it in `order`."""
        if slot.node.kind != "map" or not slot.node.entries:
            _, fresh = self._filled.setdefault(id(slot.node), (slot, {}))
            fresh[key] = _merged(fresh[key], value) if key in fresh else value
            return
        keys = self._container(slot).keys
        for i, (other, before, _) in enumerate(keys):
            if other == key:
                keys[i] = (key, _merged(before, value), order)
                return
        keys.append((key, value, order))

    def append(self, slot: Slot, value: object) -> None:
        """Add an item to a list."""
        self._container(slot).items.append(value)

    def drop(self, slot: Slot, inner: Slot) -> None:
        """Take a key out of a map, or an item out of a list."""
        self._container(slot).drops.append(inner)

    def _container(self, slot: Slot) -> _Container:
        return self._containers.setdefault(id(slot.node), _Container(slot))

    def replace(self, slot: Slot, value: object) -> None:
        """Write a value anew where another one stood."""
        node, text = slot.node, flow_text(value)
        if slot.alias:
            self._patch(slot.outer, slot.end, text)
            return
        if isinstance(value, str) and node.style in ("'", '"'):
            text = quoted_like(value, node.style)
        start = node.start
        if node.kind != "scalar" and not node.flow:
            start = self._head_end(slot)
            text = " " + text
        elif start == node.end and self._text[start - 1 : start].strip():
            text = " " + text
        self._patch(start, node.end, text)
        if node.kind != "scalar":
            self._gone(node.slots(), start, node.end, slot, at=self.tree.next_line(node.end))

    def rewrite(self, slot: Slot, text: str) -> None:
        """Put a text in the place of an alias."""
        self._patch(slot.outer, slot.end, text)

    def rename(self, node: Span, name: str) -> None:
        """Write another text in the place of one."""
        quoted = node.style in ("'", '"')
        self._patch(node.start, node.end, quoted_like(name, node.style) if quoted else string_text(name))

    def rename_key(self, slot: Slot, name: str) -> None:
        """Write another key before a value."""
        self._patch(*slot.key, string_text(name))

    def _head_end(self, slot: Slot) -> int:
        """Offset behind the colon or dash that a block value follows, or behind the value's anchor."""
        node = slot.node
        if node.anchor is not None:
            head = self._text[node.outer : node.start]
            return node.outer + len(head.split()[0])
        if self._text[slot.key[0] : slot.key[1]] == "-":
            return slot.key[1]
        return self._text.index(":", slot.key[1]) + 1

    def patches(self) -> list[Patch]:
        """Everything collected, in the order of the text.

        Raises
        ------
        CannotPatchError
            Two changes concern the same part of the text.
        """
        for slot, fresh in self._filled.values():
            self.replace(slot, fresh)
        self._filled = {}
        for container in self._containers.values():
            node = container.slot.node
            drops = {id(slot) for slot in container.drops}
            kept = [slot for slot in node.slots() if id(slot) not in drops]
            if not node.flow and not kept and (node.kind == "map" or not container.items):
                self._empty(container)
            elif node.flow:
                self._flow(container, kept)
            else:
                self._block(container, kept)
        self._containers = {}
        self._rehome()
        found = [
            patch for _, patch in sorted(enumerate(self._patches), key=lambda p: (p[1].start, p[1].end, p[0]))
        ]
        for one, other in pairwise(found):
            if other.start < one.end:
                raise CannotPatchError
        return found

    def _patch(self, start: int, end: int, text: str) -> None:
        self._patches.append(Patch(start, end, text))

    def _empty(self, container: _Container) -> None:
        """Everything written in lines goes: nothing is left, or something new in brackets."""
        slot, node = container.slot, container.slot.node
        rest = {key: value for key, value, _ in container.keys} if node.kind == "map" else []
        self._patch(self._head_end(slot), self._head_end(slot), " " + flow_text(rest))
        for inner in container.drops:
            self._remove_lines(inner)

    def _flow(self, container: _Container, kept: list[Slot]) -> None:
        node = container.slot.node
        slots = list(node.slots())
        drops = {id(slot) for slot in container.drops}
        after: dict[int, str] = {}
        new = [flow_text(value) for value in container.items]
        for key, value, order in container.keys:
            text = f"{string_text(key)}: {flow_text(value)}"
            if kept:
                slot = _before(node, kept, key, order)
                after[slot.end] = after.get(slot.end, "") + ", " + text
            else:
                new.append(text)
        if new and kept:
            end = kept[-1].end
            after[end] = after.get(end, "") + "".join(f", {text}" for text in new)
        for end, text in after.items():
            self._patch(end, end, text)
        if not kept:
            self._patch(node.start + 1, node.end - 1, ", ".join(new))
            self._gone(slots, node.start, node.end, container.slot, at=self.tree.next_line(node.end))
            return
        run: list[Slot] = []
        last: Slot | None = None
        ends: list[Slot | None] = [*slots, None]
        for following in ends:
            if following is not None and id(following) in drops:
                run.append(following)
                continue
            if run:
                start = last.end if last is not None else run[0].key[0]
                end = run[-1].end if last is not None or following is None else following.key[0]
                self._patch(start, end, "")
                self._gone(run, start, end, container.slot, at=self.tree.next_line(node.end))
            run, last = [], following

    def _block(self, container: _Container, kept: list[Slot]) -> None:
        slot, node = container.slot, container.slot.node
        slots = list(node.slots())
        first = slots[0]
        inline = self._text[self.tree.line_start(first.key[0]) : first.key[0]].strip()
        moved_up = bool(inline) and first in container.drops
        if moved_up:
            self._remove_first(slots, kept, slot)
        for inner in container.drops:
            if not (moved_up and inner.key[0] < kept[0].key[0]):
                self._remove_lines(inner)
        for key, value, order in container.keys:
            at = self.tree.next_line(_before(node, kept, key, order).end)
            self._insert(at, list(key_lines(key, value, " " * node.column)))
        if container.items:
            at = self.tree.next_line(slots[-1].end)
            lines = [line for value in container.items for line in item_lines(value, node, slots[-1].node)]
            self._insert(at, lines)

    def _remove_first(self, slots: list[Slot], kept: list[Slot], slot: Slot) -> None:
        """Take keys or items away that begin in the line of a dash: what follows moves up to it."""
        if not kept or self._text[slots[0].key[0]] == "-":
            raise CannotPatchError
        start, end = slots[0].key[0], kept[0].key[0]
        self._patch(start, end, "")
        run = [inner for inner in slots if inner.key[0] < end]
        self._gone(run, start, end, slot, at=self.tree.next_line(kept[0].end))

    def _remove_lines(self, slot: Slot) -> None:
        start, end = self.tree.line_start(slot.key[0]), self.tree.next_line(slot.end)
        if self._text[start : slot.key[0]].strip():
            raise CannotPatchError
        self._patch(start, end, "")
        self._gone([slot], start, end, slot, at=end)

    def _insert(self, at: int, lines: list[str]) -> None:
        text = "".join(line + self._newline for line in lines)
        if at == len(self._text) and at and self._text[-1] != "\n":
            text = self._newline + text.removesuffix(self._newline)
        self._patch(at, at, text)

    def _gone(
        self, slots: Sequence[Slot] | Iterator[Slot], start: int, end: int, slot: Slot, at: int
    ) -> None:
        """Keep comments and anchors of a part of the text that is taken out."""
        removed = list(slots)
        self._removed.append((start, end))
        for inner in removed:
            self._moved += _anchored(inner)
        if self._drop_comments:
            return
        spans: list[tuple[int, int]] = []
        position = start
        for inner in removed:
            spans += self.tree.comments(position, inner.key[0])
            spans += self.tree.comments(inner.key[0], inner.end, inner)
            position = max(position, inner.end)
        spans += self.tree.comments(position, end)
        if spans:
            label = _label(removed[0] if len(removed) == 1 else slot, self._text)
            indent = " " * (slot.key[0] - self.tree.line_start(slot.key[0]))
            texts = [self._text[a:b].lstrip("#").strip() for a, b in spans]
            self._insert(at, [f"{indent}# (removed: {label}) {text}" for text in texts])

    def _rehome(self) -> None:
        """Write anchored values that went away at the first place that still uses them."""
        for node in self._moved:
            left = [s for s in node.aliases if not any(a <= s.outer < b for a, b in self._removed)]
            if left:
                first = min(left, key=lambda slot: slot.outer)
                self._patch(first.outer, first.end, f"&{node.anchor} {flow_text(node.meaning())}")


def _merged(before: object, value: object) -> object:
    """What one new key holds that several changes want to add to: keys of maps, items of lists."""
    if isinstance(before, Mapping) and isinstance(value, Mapping):
        return {**before, **{k: _merged(before[k], v) if k in before else v for k, v in value.items()}}
    if isinstance(before, list) and isinstance(value, list):
        return [*before, *value]
    return value


def same(one: object, other: object) -> bool:
    """Whether two values say the same in YAML: 1 is 1.0, but not true."""
    return one == other and isinstance(one, bool) is isinstance(other, bool)


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
