"""Lines whose fields stand one after the other: combined and common logs, CSV, W3C extended."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.logs.lines.blocks import Block
from cdnplan.inputs.logs.lines.fields import Fields, Span
from cdnplan.inputs.logs.lines.line_kernels import find_fields
from cdnplan.inputs.logs.meaning import faults
from cdnplan.inputs.logs.meaning.mapping import LogMapping, is_needed

_PARTS_OF_REQUEST = ("method", "url")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the fields that play a role are: the slot of each field in a line (-1: none), and each role's."""

    slot_of: np.ndarray
    slots: Mapping[str, int]
    separator: int


def bind(mapping: LogMapping, names: Sequence[str], file: str, line: int | None = None) -> dict[str, str]:
    """Choose the field for every role.

    Parameters
    ----------
    mapping : LogMapping
        Completed.
    names : sequence of str
        Fields that lines have.
    file, line
        Where the names stand, for messages.

    Returns
    -------
    dict of role to str
        Roles that are played; with ``request`` where method or object are parts of it.

    Raises
    ------
    InputError
        All roles without a field that must have one.
    """
    known = [*names, *(_PARTS_OF_REQUEST if "request" in names else ())]
    chosen: dict[str, str] = {}
    problems = []
    for role, candidates in (mapping.field_of or {}).items():
        found = next((name for name in candidates if name in known), None)
        if found is not None:
            chosen[role] = found
        elif is_needed(mapping, role):
            wanted = " or ".join(repr(name) for name in candidates)
            message = f"no field {wanted} for the {role} among the fields of the log"
            hint = nearest(candidates[0], known) or "found: " + ", ".join(known[:12])
            problems.append(Problem(message, file=file, line=line, hint=hint))
    if problems:
        raise InputError(problems)
    parts = [part for part in ("method", "object") if chosen.get(part) in _PARTS_OF_REQUEST]
    if any(chosen[part] not in names for part in parts):
        chosen["request"] = "request"
        for part in parts:
            if chosen[part] not in names:
                chosen[part] = f"request.{chosen[part]}"
    return chosen


def layout(mapping: LogMapping, names: Sequence[str], separator: str, file: str, line: int | None) -> Layout:
    """Make the layout of lines with these fields."""
    chosen = bind(mapping, names, file, line)
    slots: dict[str, int] = {}
    slot_of = np.full(len(names), -1, dtype=np.int32)
    for played, name in chosen.items():
        if name.startswith("request.") and name not in names:
            continue
        place = names.index(name)
        if slot_of[place] < 0:
            slot_of[place] = int(slot_of.max()) + 1
        slots[played] = int(slot_of[place])
    return Layout(slot_of, slots, separator.encode()[0])


@dataclass(slots=True)
class DelimitedLines:
    """Reads blocks of delimited lines, file after file.

    Parameters
    ----------
    mapping : LogMapping
        Completed; its format is ``combined``, ``common``, ``csv`` or ``w3c``.
    files : sequence of str
        Names of the files, for messages.
    """

    mapping: LogMapping
    files: Sequence[str]
    _layout: Layout | None = None
    _file: int = -1

    def read(self, block: Block) -> Iterator[Fields]:
        """Yield the fields of a block, in parts where directives change what lines mean."""
        if block.file != self._file:
            self._file, self._layout = block.file, None
        fault = np.zeros(block.begin.size, dtype=np.uint8)
        fault[block.begin == block.end] = faults.SKIPPED_BLANK
        fault[list(block.too_long)] = faults.TOO_LONG
        first = 0
        if self.mapping.format == "w3c":
            full = block.begin < block.end
            comments = np.flatnonzero(full & (block.data[np.where(full, block.begin, 0)] == ord("#")))
            fault[comments] = faults.SKIPPED_COMMENT
            for at in comments.tolist():
                text = _line(block, at)
                if text.lower().startswith("#fields:"):
                    yield self._part(block, first, at, fault)
                    first = at
                    names = text[len("#fields:") :].split()
                    self._layout = self._laid_out(names, None, block, at)
        elif self._layout is None:
            first = self._start(block, fault)
        yield self._part(block, first, block.begin.size, fault, final=True)

    def _start(self, block: Block, fault: np.ndarray) -> int:
        """Lay out a file by the format or its header; index of the first line that is none."""
        mapping = self.mapping
        if mapping.format != "csv":
            self._layout = self._laid_out(mapping.fields or (), " ", block, None)
            return 0
        if mapping.fields is not None:
            separator = mapping.separator or seen_separator(_line(block, 0) if block.begin.size else "")
            self._layout = self._laid_out(mapping.fields, separator, block, None)
            return 0
        there = np.flatnonzero(fault == faults.OK)
        if not there.size:
            return 0
        at = int(there[0])
        header = _line(block, at)
        separator = mapping.separator or seen_separator(header)
        names = _header_names(header, separator, self.files[block.file], block.first_line + at)
        self._layout = self._laid_out([name.strip() for name in names], separator, block, at)
        fault[at] = faults.SKIPPED_COMMENT
        return 0

    def _laid_out(self, names: Sequence[str], separator: str | None, block: Block, at: int | None) -> Layout:
        line = None if at is None else block.first_line + at
        if separator is None:  # after #Fields: seen from the first line that follows
            separator = self.mapping.separator or _w3c_separator(block, at or 0)
        return layout(self.mapping, names, separator, self.files[block.file], line)

    def _part(self, block: Block, first: int, last: int, fault: np.ndarray, *, final: bool = False) -> Fields:
        """Cut the lines from `first` to before `last`."""
        begin, end, own = block.begin[first:last], block.end[first:last], fault[first:last]
        detail = np.zeros(begin.size, dtype=np.int32)
        spans: dict[str, Span] = {}
        made = self._layout
        apache = self.mapping.format in ("combined", "common")
        if made is None:
            own[own == faults.OK] = faults.NO_FIELDS
        else:
            n_slots = max(made.slots.values()) + 1
            start = np.zeros((n_slots, begin.size), dtype=np.int32)
            stop = np.zeros((n_slots, begin.size), dtype=np.int32)
            find_fields(
                block.data,
                begin,
                end,
                made.separator,
                apache,
                made.slot_of,
                start,
                stop,
                own,
                detail,
            )
            spans = {
                role: Span(block.data, start[slot], stop[slot], doubled=not apache)
                for role, slot in made.slots.items()
            }
        return Fields(
            file=block.file,
            first_line=block.first_line + first,
            spans=spans,
            fault=own,
            detail=detail,
            text=lambda i: _line(block, first + i),
            expected=0 if made is None else made.slot_of.size,
            broken=block.broken if final else "",
            read_ratio=block.read_ratio,
        )


def _line(block: Block, i: int) -> str:
    raw = block.data[block.begin[i] : block.end[i]][:4096].tobytes()
    return raw.decode("utf-8", errors="backslashreplace")


def _header_names(header: str, separator: str, file: str, line: int) -> list[str]:
    """Names of the fields of a CSV file."""
    if "\r" in header:
        message = "the header has a carriage return in it: lines have to end in a line feed"
        raise InputError([Problem(message, file=file, line=line, column=header.index("\r") + 1)])
    try:
        return next(csv.reader([header], delimiter=separator))
    except csv.Error as error:
        raise InputError([Problem(f"the header cannot be read: {error}", file=file, line=line)]) from None


def seen_separator(header: str) -> str:
    """Separator of a CSV file: of tab, semicolon, pipe and comma the one that its header has most of.

    Examples
    --------
    >>> seen_separator("time;url;bytes")
    ';'
    """
    return max(",;\t|", key=header.count)


def _w3c_separator(block: Block, directive: int) -> str:
    """Blank, or tab where the lines behind a directive have tabs."""
    for i in range(directive + 1, min(directive + 50, block.begin.size)):
        text = _line(block, i)
        if text and not text.startswith("#"):
            return "\t" if "\t" in text else " "
    return " "
