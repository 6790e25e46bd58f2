"""Fields of lines → records: what was asked for, when, where, how much; and what does not count, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cdnplan.inputs.logs.lines.fields import Coded, Fields, Span, as_text, code_of, raw_of, require
from cdnplan.inputs.logs.lines.line_kernels import find_prefixes, split_requests, trim_urls
from cdnplan.inputs.logs.meaning import faults
from cdnplan.inputs.logs.meaning.mapping import LogMapping
from cdnplan.inputs.logs.meaning.object_names import ObjectNames
from cdnplan.inputs.logs.meaning.sql import Sql
from cdnplan.inputs.logs.records.regions import Prefixes, RegionCodes
from cdnplan.inputs.logs.records.times import read_times, to_local, to_utc
from cdnplan.inputs.logs.records.values import are_among, read_amounts, read_statuses
from cdnplan.inputs.tables.arrow_arrays import missing

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
    name : pyarrow.DictionaryArray of text
        Title, file or object.
    sent : (n,) int64
        Bytes sent.
    hit : (n,) bool or None
    size : (n,) int64 or None
        Bytes of the whole object; -1: not known.
    session : pyarrow.DictionaryArray of text or None
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
    _sql: Sql = field(default_factory=Sql)

    def __post_init__(self) -> None:
        unknown = -1
        if self.mapping.region is not None and self.mapping.region.unknown is not None:
            unknown = self.regions.of_name(self.mapping.region.unknown)
        if self.prefixes is not None:
            codes = [self.regions.of_name(name) for name in self.prefixes.regions]
            self._prefix_code = np.array([*codes, unknown], dtype=np.int32)

    def read(self, part: Fields) -> Records:
        """Make the records of a part; `part.fault` is completed with what is wrong with the other lines."""
        fault, spans = part.fault, part.spans
        if not spans:
            return _nothing()
        ms = self._times(spans, fault)
        require(fault, spans["bytes"])
        sent = self._amounts(spans["bytes"], self.mapping.bytes_unit, faults.BYTES, fault)
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
        session = None
        if "session" in spans:
            require(fault, spans["session"])
            session = self._texts(spans["session"], fault)
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
        told = np.zeros(fault.size, dtype=bool)
        for role, pattern in (("time", self.mapping.time_pattern or "iso"), ("clock", "clock")):
            if role in spans:
                require(fault, spans[role])
                coded = code_of(spans[role], fault)
                found = read_times(as_text(coded.distinct), pattern, self._sql)
                ms[coded.rows] += found.ms[coded.code]
                told[coded.rows] |= found.told[coded.code]
                fault[coded.rows[~found.good[coded.code]]] = faults.TIME
        ms[fault != faults.OK] = 0  # whatever was read there, it may lie beyond all calendars
        if not told.all():
            ms[~told] = to_utc(ms[~told], self.mapping.timezone)
        return ms

    def _amounts(self, span: Span, unit: int, kind: int, fault: Faults) -> npt.NDArray[np.int64]:
        """Amounts of the good lines, which are faulted where there is none."""
        amount = np.zeros(fault.size, dtype=np.int64)
        rows = np.flatnonzero(fault == faults.OK).astype(np.int32)
        amount[rows], good = read_amounts(as_text(raw_of(span, rows)), unit, self._sql)
        fault[rows[~good]] = kind
        return amount

    def _sizes(self, span: Span, fault: Faults) -> npt.NDArray[np.int64]:
        """Sizes of whole objects; -1 where the field is empty, absent or a dash."""
        told = span.start < span.stop
        if span.there is not None:
            told &= span.there
        judged = np.where(told, fault, np.uint8(faults.SKIPPED_BLANK)).astype(np.uint8)
        size = self._amounts(span, self.mapping.size_unit, faults.SIZE, judged)
        fault[judged == faults.SIZE] = faults.SIZE
        return np.where(size > 0, size, -1)

    def _statuses(self, spans: Mapping[str, Span], fault: Faults) -> None:
        span = spans.get("status")
        if span is None:
            return
        self._absent(span, "status", fault)
        coded = code_of(span, fault)
        status = read_statuses(coded.distinct)
        kind = np.where(np.isin(status, self.mapping.statuses), faults.OK, faults.LEFT_STATUS)
        fault[coded.rows] = np.where(status < 0, faults.STATUS, kind)[coded.code]

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
        self._absent(span, "method", fault)
        coded = code_of(span, fault)
        wanted = are_among(coded.distinct, self.mapping.methods)[coded.code]
        fault[coded.rows[~wanted]] = faults.LEFT_METHOD

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
            coded = self._texts(span, fault)
            values = self.regions.of_values(coded.distinct)
            found[coded.rows] = values[coded.code]
        fault[(fault == faults.OK) & (found < 0)] = faults.LEFT_REGION
        return found

    def _names(self, span: Span, fault: Faults) -> Coded:
        coded = self._texts(span, fault)
        names = self.names.named(coded.distinct)
        nameless = missing(names)[coded.code]
        lost = coded.rows[nameless]
        fault[lost[fault[lost] == faults.OK]] = faults.LEFT_OBJECT
        return Coded(coded.rows, coded.code, names)

    def _hits(self, spans: Mapping[str, Span], fault: Faults) -> npt.NDArray[np.bool_] | None:
        span = spans.get("cache")
        if span is None:
            return None
        hit = np.zeros(fault.size, dtype=bool)
        coded = code_of(span, fault)
        hit[coded.rows] = are_among(coded.distinct, self.mapping.hits)[coded.code]
        return hit

    def _texts(self, span: Span, fault: Faults) -> Coded:
        """Distinct texts of a field over the good lines; lines whose text is not UTF-8 are faulted."""
        coded = code_of(span, fault)
        try:
            return replace(coded, distinct=coded.distinct.cast(pa.string()))
        except pa.ArrowInvalid:
            bad = np.array([not _is_utf8(raw) for raw in coded.distinct.to_pylist()])
            fault[coded.rows[bad[coded.code]]] = faults.UTF8
            return replace(coded, distinct=as_text(coded.distinct))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _nothing() -> Records:
    empty = np.zeros(0, dtype=np.int32)
    none = np.zeros(0, dtype=np.int64)
    return Records(empty, none, empty, empty, pa.array([], pa.string()), none, None, None, None)
