"""YAML text as spans: where in a text every key, value, item and comment stands, to change it there.

`cdnplan.inputs.yamls.yaml_text` says what a text means; this module says where its parts are, as offsets of
characters. It expects text that `parse_yaml` accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from cdnplan.inputs.yamls.yaml_nodes import Value
from cdnplan.inputs.yamls.yaml_text import LOADER, core_value

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

    def sources(self) -> Iterator[Span]:
        """Maps that ``<<`` brings in, the strongest first."""
        for slot in self.merges:
            yield from [item.node for item in slot.node.items] or [slot.node]

    def slot(self, step: str | int) -> Slot | None:
        """Find what is under a key or index, also through ``<<``."""
        if isinstance(step, int):
            return self.items[step] if step < len(self.items) else None
        found = (source.slot(step) for source in self.sources())
        return self.entries.get(step) or next(filter(None, found), None)

    def effective(self) -> Iterator[tuple[str, Slot]]:
        """Keys of a map, those of ``<<`` included, each once."""
        yield from self.entries.items()
        seen = set(self.entries)
        for source in self.sources():
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
        self._end = 0
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

    def at(self, path: Sequence[str | int]) -> Slot:
        """Slot to which a place leads."""
        slot = self.root.home
        for step in path:
            slot = slot.node.slot(step) if slot is not None else None
        assert slot is not None, "what a text says is written in it"
        return slot

    def comments(self, start: int, end: int, slots: Iterable[Slot]) -> list[str]:
        """Words of the comments in a part of the text, in which slots are written."""
        found: list[str] = []
        position = start
        for text_start, text_end in [*(each for slot in slots for each in _texts(slot)), (end, end)]:
            if text_start >= position:  # '#' within a text is no comment
                comments = _COMMENT.findall(self.text, position, text_start)
                found += [comment.lstrip("#").strip() for comment in comments]
                position = max(position, text_end)
        return found

    def _read(self) -> Span:
        events = yaml.parse(self.text, Loader=LOADER)
        slot = None
        while slot is None:  # before it the stream and the document begin
            slot = self._slot(events)
        return slot.node

    def _slot(self, events: Iterator[Any]) -> Slot | None:
        """Read the next value; None where what is around it begins or ends."""
        event = next(events)
        outer = event.start_mark.index
        self._end = event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            slot = Slot((outer, outer), outer, self._end, self._anchors[str(event.anchor)], alias=True)
            slot.node.aliases.append(slot)
            self.aliased = True
            return slot
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, outer, self._end)
        elif isinstance(event, yaml.CollectionStartEvent):
            node = self._collection(event, outer, self._end)
        else:
            return None
        if event.anchor:
            self._anchors[event.anchor] = node
        if node.kind != "scalar":
            self._fill(node, events)
        node.home = Slot((outer, outer), outer, node.end, node)
        return node.home

    def _fill(self, node: Span, events: Iterator[Any]) -> None:
        while (inner := self._slot(events)) is not None:
            if node.kind == "list":
                self._item(node, inner)
                continue
            value = self._slot(events)
            assert value is not None, "every key has a value"
            value.key = (inner.outer, inner.end)
            if inner.node.value == "<<" and not inner.node.style:
                node.merges.append(value)
            else:
                node.entries[str(inner.node.value)] = value
        slots = list(node.slots())
        if node.flow:
            node.end = self._end
        elif slots:
            node.end = max(slot.end for slot in slots)
            node.start = min(slot.key[0] for slot in slots)
            if node.kind == "map":
                node.column = node.start - self.line_start(node.start)

    def _scalar(self, event: yaml.ScalarEvent, outer: int, end: int) -> Span:
        start = outer
        if event.anchor is not None or event.tag is not None:
            found = _PROPERTIES.match(self.text, outer, end)
            start = found.end() if found else outer
        style = event.style or ""
        if style in ("|", ">"):
            end = start + len(self.text[start:end].rstrip())
        value: Value = event.value if style or event.tag else core_value(event.value)
        return Span("scalar", outer, start, end, style=style, value=value, anchor=event.anchor)

    def _collection(self, event: yaml.CollectionStartEvent, outer: int, end: int) -> Span:
        kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
        flow = bool(event.flow_style)
        # The event ends before a block list's first dash, but behind it where the list is not indented.
        behind = kind == "list" and end > outer and self.text[end - 1] == "-"
        column = end - self.line_start(end) - behind
        return Span(kind, outer, end - flow, end, flow, column, anchor=event.anchor)

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


def _texts(slot: Slot) -> Iterator[tuple[int, int]]:
    """Spans of the scalars, keys and aliases written in a slot, in the order of the text."""
    if slot.key[0] < slot.outer:
        yield slot.key
    if slot.alias or slot.node.kind == "scalar":
        yield slot.outer, slot.end
        return
    for inner in slot.node.slots():
        yield from _texts(inner)
