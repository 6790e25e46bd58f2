"""YAML text as spans: where in a text every key, value, item and comment stands, to change it there.

`cdnplan.inputs.yaml_text` says what a text means; this module says where its parts are, as offsets of
characters. It expects text that `parse_yaml` accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from cdnplan.inputs.yaml_nodes import Value
from cdnplan.inputs.yaml_text import LOADER, core_value

_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s*)+")
_COMMENT = re.compile(r"(?:^|(?<=[\s,\[\]{}]))#[^\r\n]*", re.MULTILINE)


@dataclass(slots=True, eq=False)
class Span:
    """A value as it is written.

    Parameters
    ----------
    kind : str
        ``scalar``, ``map`` or ``list``.
    outer, start, end : int
        Offsets of its anchor or tag (its own start without), of its content, and of what follows it.
    flow : bool
        Whether a map or list is written in brackets.
    column : int
        Of a block map's keys or a block list's dashes, from 0.
    style : str
        Of a scalar: empty for plain, a quote, ``|`` or ``>``.
    home : Slot
        Where it is written itself.
    aliases : list of Slot
        Where its anchor is used.
    entries, items, merges : slots
        Own keys of a map, items of a list, values of ``<<``.
    """

    kind: str
    outer: int
    start: int
    end: int
    flow: bool = True
    column: int = 0
    style: str = ""
    value: Value = None
    anchor: str | None = None
    home: Slot | None = None
    aliases: list[Slot] = field(default_factory=list)
    entries: dict[str, Slot] = field(default_factory=dict)
    items: list[Slot] = field(default_factory=list)
    merges: list[Slot] = field(default_factory=list)

    def slots(self) -> Iterator[Slot]:
        """Everything written directly inside it, in the order of the text."""
        yield from self.items
        yield from sorted([*self.entries.values(), *self.merges], key=lambda slot: slot.key[0])

    def meaning(self) -> object:
        """Build what it says: dict, list or scalar."""
        if self.kind == "map":
            return {key: slot.node.meaning() for key, slot in self.effective()}
        if self.kind == "list":
            return [slot.node.meaning() for slot in self.items]
        return self.value

    def own(self, step: str | int) -> Slot | None:
        """Find what is written under a key or index, without looking into ``<<``."""
        if isinstance(step, str):
            return self.entries.get(step)
        return self.items[step] if step < len(self.items) else None

    def merged(self, key: str) -> Slot | None:
        """Find a key in what ``<<`` brings in."""
        for slot in self.merges:
            sources = [item.node for item in slot.node.items] or [slot.node]
            for source in sources:
                found = source.entries.get(key) or source.merged(key)
                if found is not None:
                    return found
        return None

    def effective(self) -> Iterator[tuple[str, Slot]]:
        """Keys of a map, those of ``<<`` included, each once."""
        yield from self.entries.items()
        seen = set(self.entries)
        for slot in self.merges:
            for source in [item.node for item in slot.node.items] or [slot.node]:
                for key, found in source.effective():
                    if key not in seen:
                        seen.add(key)
                        yield key, found


@dataclass(slots=True, eq=False)
class Slot:
    """The place of a value in its parent: the value itself or an alias of it.

    `key` is the span of its key, or of the dash of a block list's item; (start, start) in a flow list.
    """

    key: tuple[int, int]
    outer: int
    end: int
    node: Span
    alias: bool = False


class SpanTree:
    """All spans of a text.

    Parameters
    ----------
    text : str
        Without a byte order mark.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.aliased = False
        """Whether any alias is in the text."""
        self._anchors: dict[str, Span] = {}
        self.root = self._read()

    def line_start(self, offset: int) -> int:
        """Offset at which the line of an offset begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def next_line(self, offset: int) -> int:
        """Offset at which the line after an offset begins, or the end of the text."""
        found = self.text.find("\n", offset)
        return len(self.text) if found < 0 else found + 1

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, from 1."""
        return self.text.count("\n", 0, offset) + 1, offset - self.line_start(offset) + 1

    def comments(self, start: int, end: int, inside: Slot | None = None) -> list[tuple[int, int]]:
        """Spans of the comments in a part of the text.

        Parameters
        ----------
        start, end : int
            The part; it may not begin within a quoted text.
        inside : Slot or None
            What is written in it, to tell ``#`` in texts apart; None: there are no texts.
        """
        found: list[tuple[int, int]] = []
        position = start
        for text_start, text_end in [*(_texts(inside) if inside else ()), (end, end)]:
            if text_start >= position:
                found += [m.span() for m in _COMMENT.finditer(self.text, position, text_start)]
                position = max(position, text_end)
        return found

    def _read(self) -> Span:
        events = yaml.parse(self.text, Loader=LOADER)
        stack: list[Span] = []
        keys: list[Slot | None] = []
        root: Span | None = None
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                node = self._scalar(event)
                slot = node.home = Slot((node.outer, node.outer), node.outer, node.end, node)
            elif isinstance(event, yaml.AliasEvent):
                target = self._anchors[str(event.anchor)]
                at = _offset(event.start_mark)
                slot = Slot((at, at), at, _offset(event.end_mark), target, alias=True)
                target.aliases.append(slot)
                self.aliased = True
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                stack.append(self._opened(event))
                keys.append(None)
                continue
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                node = stack.pop()
                keys.pop()
                self._closed(node, event)
                slot = node.home = Slot((node.outer, node.outer), node.outer, node.end, node)
            else:
                continue
            if not stack:
                root = slot.node
                continue
            top = stack[-1]
            key = keys[-1]
            if top.kind == "list":
                self._item(top, slot)
            elif key is None:
                keys[-1] = slot
            else:
                keys[-1] = None
                slot.key = (key.outer, key.end)
                if key.node.value == "<<" and not key.node.style:
                    top.merges.append(slot)
                else:
                    top.entries[str(key.node.value)] = slot
        assert root is not None, "text that parses has a root"
        return root

    def _scalar(self, event: yaml.ScalarEvent) -> Span:
        outer, end = _offset(event.start_mark), _offset(event.end_mark)
        start = self._content(outer, end, event)
        style = event.style or ""
        if style in ("|", ">"):
            end = start + len(self.text[start:end].rstrip())
        value: Value = event.value if style or event.tag else core_value(event.value)
        node = Span("scalar", outer, start, end, style=style, value=value, anchor=event.anchor)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _content(self, outer: int, end: int, event: yaml.ScalarEvent) -> int:
        """Offset after anchor and tag."""
        if event.anchor is None and event.tag is None:
            return outer
        found = _PROPERTIES.match(self.text, outer, max(end, outer))
        return found.end() if found else outer

    def _opened(self, event: yaml.CollectionStartEvent) -> Span:
        outer = _offset(event.start_mark)
        kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
        flow = bool(event.flow_style)
        end = _offset(event.end_mark)
        # The event ends before a block list's first dash, but behind it where the list is not indented.
        behind = kind == "list" and end > outer and self.text[end - 1] == "-"
        column = self._column(end) - (1 if behind else 0)
        node = Span(kind, outer, end - (1 if flow else 0), end, flow, column, anchor=event.anchor)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _column(self, offset: int) -> int:
        return offset - self.line_start(offset)

    def _closed(self, node: Span, event: yaml.Event) -> None:
        if node.flow:
            node.end = _offset(event.end_mark)
            return
        slots = list(node.slots())
        node.end = max((slot.end for slot in slots), default=node.start)
        node.start = min((slot.key[0] for slot in slots), default=node.start)
        if slots and node.kind == "map":
            node.column = self._column(node.start)

    def _item(self, top: Span, slot: Slot) -> None:
        if not top.flow:
            dash = self._dash(slot.outer, top.column, top.items[-1].end if top.items else top.outer)
            slot.key = (dash, dash + 1)
            slot.end = max(slot.end, dash + 1)
        top.items.append(slot)

    def _dash(self, before: int, column: int, after: int) -> int:
        """Find the dash of a block list's item: at the column of the list, above or left of the item."""
        at = self.line_start(before)
        while True:
            dash = at + column
            if after <= dash < before or (dash == before and self.text[dash : dash + 1] == "-"):
                prefix = self.text[at:dash]
                if self.text[dash] == "-" and "#" not in prefix:
                    return dash
            assert at > 0, "an item of a block list has a dash"
            at = self.line_start(at - 1)


def _offset(mark: Any) -> int:
    """Offset of a mark; events read from text have them."""
    offset: int = mark.index
    return offset


def _texts(slot: Slot) -> Iterator[tuple[int, int]]:
    """Spans of the scalars, keys and aliases written in a slot, in the order of the text."""
    if slot.key[0] < slot.outer:
        yield slot.key
    if slot.alias or slot.node.kind == "scalar":
        yield slot.outer, slot.end
        return
    for inner in slot.node.slots():
        yield from _texts(inner)
