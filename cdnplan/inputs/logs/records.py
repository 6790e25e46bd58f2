"""Fields of lines → records: what was asked for, when, where, how much; and what does not count, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cdnplan.inputs.arrow_arrays import from_numpy, missing, to_numpy
from cdnplan.inputs.logs import faults
from cdnplan.inputs.logs.fields import Fields, Span, require
from cdnplan.inputs.logs.line_kernels import copy_texts, equal_any, split_requests, trim_urls, words_of
from cdnplan.inputs.logs.mapping import LogMapping
from cdnplan.inputs.logs.object_names import ObjectNames
from cdnplan.inputs.logs.regions import Prefixes, RegionCodes
from cdnplan.inputs.logs.time_kernels import MONTHS, NO_OFFSET, read_times, time_program
from cdnplan.inputs.logs.value_kernels import find_prefixes, read_amounts, read_statuses
from cdnplan.inputs.logs.zones import to_local, to_utc

_DAY_MS = 86_400_000
Faults = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Good lines of a part of a log.

    Parameters
    ----------
    line : (n,) int32
        Index of the line in the part.
    ms : (n,) int64
        Time [ms since 1970, UTC].
    day : (n,) int32
        Days since 1970 in the zone of days.
    region : (n,) int32
        Code of the region.
    name : pyarrow.Array of text
        Title, file or object.
    sent : (n,) int64
        Bytes sent.
    hit : (n,) bool or None
    size : (n,) int64 or None
        Bytes of the whole object; -1: not known.
    session : pyarrow.Array of text or None
    """

    line: npt.NDArray[np.int32]
    ms: npt.NDArray[np.int64]
    day: npt.NDArray[np.int32]
    region: npt.NDArray[np.int32]
    name: Any
    sent: npt.NDArray[np.int64]
    hit: npt.NDArray[np.bool_] | None
    size: npt.NDArray[np.int64] | None
    session: Any


@dataclass(slots=True)
class Reader:
    """Makes records of fields by the rules of a mapping.

    Parameters
    ----------
    mapping : LogMapping
        Completed.
    names : ObjectNames
    regions : RegionCodes
    prefixes : Prefixes or None
    days : (int, int) or None
        First and last day since 1970 that count.
    """

    mapping: LogMapping
    names: ObjectNames
    regions: RegionCodes
    prefixes: Prefixes | None = None
    days: tuple[int, int] | None = None
    _prefix_code: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    _programs: dict[str, npt.NDArray[np.int32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pattern = self.mapping.time_pattern or "iso"
        self._programs = {"time": time_program(pattern), "clock": time_program("clock")}
        unknown = -1
        if self.mapping.region is not None and self.mapping.region.unknown is not None:
            unknown = self.regions.of_name(self.mapping.region.unknown)
        if self.prefixes is not None:
            codes = [self.regions.of_name(name) for name in self.prefixes.regions]
            self._prefix_code = np.array([*codes, unknown], dtype=np.int32)

    def read(self, part: Fields) -> Records:
        """Make the records of a part; `part.fault` is completed with what is wrong with the other lines."""
        fault, spans, n = part.fault, part.spans, part.n_lines
        if not spans:
            return _nothing()
        ms = self._times(spans, fault)
        sent = np.zeros(n, dtype=np.int64)
        unit = self.mapping.bytes_unit
        self._amounts(spans["bytes"], unit, faults.BYTES, fault, sent)
        size = self._sizes(spans["size"], fault) if "size" in spans else None
        self._statuses(spans, fault)
        spans = self._requests(spans, fault)
        self._methods(spans, fault)
        what = spans["object"]
        require(fault, what)
        part_of_url = self.mapping.object.part
        start, stop = what.start.copy(), what.stop.copy()
        trim_urls(what.data, start, stop, part_of_url == "path", part_of_url != "whole", fault)
        region = self._regions(spans, fault)
        names = self._names(Span(what.data, start, stop, what.doubled), fault)
        hit = self._hits(spans, fault)
        session = self._texts(spans["session"], fault, faults.NO_VALUE) if "session" in spans else None
        day = (to_local(ms, self.mapping.day_timezone) // _DAY_MS).astype(np.int32)
        if self.days is not None:
            outside = (day < self.days[0]) | (day > self.days[1])
            fault[outside & (fault == faults.OK)] = faults.LEFT_PERIOD
        rows = np.flatnonzero(fault == faults.OK).astype(np.int32)
        return Records(
            line=rows,
            ms=ms[rows],
            day=day[rows],
            region=region[rows],
            name=names.of(rows),
            sent=sent[rows],
            hit=None if hit is None else hit[rows],
            size=None if size is None else size[rows],
            session=None if session is None else session.of(rows),
        )

    def _times(self, spans: Mapping[str, Span], fault: Faults) -> npt.NDArray[np.int64]:
        ms = np.zeros(fault.size, dtype=np.int64)
        offset = np.full(fault.size, NO_OFFSET, dtype=np.int32)
        for role in ("time", "clock"):
            if role in spans:
                span = spans[role]
                require(fault, span)
                program = self._programs[role]
                read_times(span.data, span.start, span.stop, program, MONTHS, fault, ms, offset)
        ms[fault != faults.OK] = 0  # whatever was read there, it may lie beyond all calendars
        silent = offset == NO_OFFSET
        if silent.any():
            ms[silent] = to_utc(ms[silent], self.mapping.timezone)
        told = ~silent
        ms[told] -= 60_000 * offset[told].astype(np.int64)
        return ms

    def _amounts(
        self, span: Span, unit: int, kind: int, fault: Faults, amount: npt.NDArray[np.int64]
    ) -> None:
        require(fault, span)
        read_amounts(span.data, span.start, span.stop, unit, kind, fault, amount)

    def _sizes(self, span: Span, fault: Faults) -> npt.NDArray[np.int64]:
        """Sizes of whole objects; -1 where the field is empty, absent or a dash."""
        size = np.zeros(fault.size, dtype=np.int64)
        told = span.start < span.stop
        if span.there is not None:
            told &= span.there
        judged = np.where(told, fault, np.uint8(faults.SKIPPED_BLANK)).astype(np.uint8)
        read_amounts(span.data, span.start, span.stop, self.mapping.size_unit, faults.SIZE, judged, size)
        fault[judged == faults.SIZE] = faults.SIZE
        return np.where(size > 0, size, -1)

    def _statuses(self, spans: Mapping[str, Span], fault: Faults) -> None:
        span = spans.get("status")
        if span is None:
            return
        judged = fault.copy()
        if span.there is not None:
            self._absent(span, "status", fault)
            judged = np.where(span.there, fault, np.uint8(faults.SKIPPED_BLANK)).astype(np.uint8)
        status = np.zeros(fault.size, dtype=np.int16)
        read_statuses(span.data, span.start, span.stop, judged, status)
        fault[judged == faults.STATUS] = faults.STATUS
        wanted = np.isin(status, np.array(self.mapping.statuses, dtype=np.int16))
        fault[(judged == faults.OK) & ~wanted] = faults.LEFT_STATUS

    def _absent(self, span: Span, role: str, fault: Faults) -> None:
        """Fault lines without a field that the mapping tells; without one by custom, all count."""
        if role in self.mapping.told:
            require(fault, span)

    def _requests(self, spans: Mapping[str, Span], fault: Faults) -> dict[str, Span]:
        """Take method and URL out of request lines."""
        made = dict(spans)
        request = made.pop("request", None)
        if request is None:
            return made
        zeros = [np.zeros(fault.size, dtype=np.int32) for _ in range(4)]
        method_start, method_stop, url_start, url_stop = zeros
        split_requests(
            request.data, request.start, request.stop, method_start, method_stop, url_start, url_stop, fault
        )
        doubled = request.doubled
        for role, candidates in (self.mapping.field_of or {}).items():
            if role in ("method", "object") and role not in made:
                is_method = "method" in candidates
                start, stop = (method_start, method_stop) if is_method else (url_start, url_stop)
                made[role] = Span(request.data, start, stop, doubled)
        return made

    def _methods(self, spans: Mapping[str, Span], fault: Faults) -> None:
        span = spans.get("method")
        if span is None:
            return
        if span.there is not None:
            self._absent(span, "method", fault)
        wanted = np.zeros(fault.size, dtype=bool)
        words, ends = words_of(self.mapping.methods, upper=True)
        equal_any(span.data, span.start, span.stop, words, ends, True, fault, wanted)
        unwanted = (fault == faults.OK) & ~wanted
        if span.there is not None:
            unwanted &= span.there
        fault[unwanted] = faults.LEFT_METHOD

    def _regions(self, spans: Mapping[str, Span], fault: Faults) -> npt.NDArray[np.int32]:
        rule = self.mapping.region
        assert rule is not None
        found = np.full(fault.size, -1, dtype=np.int32)
        if rule.name is not None:
            found[:] = self.regions.of_name(rule.name)
            return found
        span = spans["region"]
        require(fault, span)
        if self.prefixes is not None:
            place = np.full(fault.size, -1, dtype=np.int32)
            table = self.prefixes
            find_prefixes(
                span.data,
                span.start,
                span.stop,
                table.edge_high,
                table.edge_low,
                table.code,
                fault,
                place,
            )
            found = self._prefix_code[place]
        else:
            fault[(fault == faults.OK) & (span.start == span.stop)] = faults.REGION
            coded = self._texts(span, fault, faults.REGION)
            values = self.regions.of_values(coded.distinct)
            found[coded.rows] = values[coded.code]
        fault[(fault == faults.OK) & (found < 0)] = faults.LEFT_REGION
        return found

    def _names(self, span: Span, fault: Faults) -> _Coded:
        coded = self._texts(span, fault, faults.OBJECT)
        names = self.names.named(coded.distinct)
        nameless = missing(names)[coded.code]
        lost = coded.rows[nameless]
        fault[lost[fault[lost] == faults.OK]] = faults.LEFT_OBJECT
        return _Coded(coded.rows, coded.code, names, coded.place)

    def _hits(self, spans: Mapping[str, Span], fault: Faults) -> npt.NDArray[np.bool_] | None:
        span = spans.get("cache")
        if span is None:
            return None
        hit = np.zeros(fault.size, dtype=bool)
        words, ends = words_of(self.mapping.hits, upper=True)
        equal_any(span.data, span.start, span.stop, words, ends, True, fault, hit)
        return hit

    def _texts(self, span: Span, fault: Faults, kind: int) -> _Coded:
        """Distinct texts of a field over the good lines; lines whose text is not UTF-8 are faulted."""
        if kind == faults.NO_VALUE:
            require(fault, span)
        rows = np.flatnonzero(fault == faults.OK).astype(np.int32)
        texts = _copied(span, rows)
        try:
            texts.validate(full=True)
        except pa.ArrowInvalid:
            bad = [i for i in rows.tolist() if not _is_utf8(span, i)]
            fault[bad] = faults.UTF8
            rows = np.flatnonzero(fault == faults.OK).astype(np.int32)
            texts = _copied(span, rows)
        encoded = texts.dictionary_encode()
        place = np.zeros(fault.size, dtype=np.int32)
        place[rows] = np.arange(rows.size, dtype=np.int32)
        return _Coded(rows, to_numpy(encoded.indices).astype(np.int32), encoded.dictionary, place)


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    """Texts of some lines: line ``rows[k]`` has ``distinct[code[k]]``; ``place[i]`` is k of line i."""

    rows: npt.NDArray[np.int32]
    code: npt.NDArray[np.int32]
    distinct: Any
    place: npt.NDArray[np.int32]

    def of(self, lines: npt.NDArray[np.int32]) -> Any:
        """Texts of some of these lines."""
        return self.distinct.take(from_numpy(self.code[self.place[lines]]))


def _copied(span: Span, rows: npt.NDArray[np.int32]) -> Any:
    length = int((span.stop[rows] - span.start[rows]).sum())
    offsets = np.zeros(rows.size + 1, dtype=np.int32)
    copied = np.zeros(max(1, length), dtype=np.uint8)
    copy_texts(span.data, span.start, span.stop, rows, span.doubled, offsets, copied)
    return pa.Array.from_buffers(pa.string(), rows.size, [None, pa.py_buffer(offsets), pa.py_buffer(copied)])


def _is_utf8(span: Span, i: int) -> bool:
    try:
        span.data[span.start[i] : span.stop[i]].tobytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _nothing() -> Records:
    empty = np.zeros(0, dtype=np.int32)
    none = np.zeros(0, dtype=np.int64)
    return Records(empty, none, empty, empty, pa.array([], pa.string()), none, None, None, None)
