"""The end of ingesting: what does not count after all is dropped, the tables are written."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.logs.ingest.outcome import IngestResult, Period, periods_of, write_history, write_requests
from cdnplan.inputs.logs.ingest.request import WEEKDAYS, IngestRequest, Plays, Progress
from cdnplan.inputs.logs.meaning import faults
from cdnplan.inputs.logs.meaning.mapping import LogMapping
from cdnplan.inputs.logs.meaning.object_names import By
from cdnplan.inputs.logs.records.store import Store
from cdnplan.inputs.logs.records.tally import Tally
from cdnplan.inputs.tables.table_writer import whole_file

KNOWN = pa.schema([("by", pa.string()), ("name", pa.string()), ("size", pa.int64())])
"""Columns of what the tables of titles and files tell: sizes in bytes, null where there is none."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A filled store, and what was asked for.

    Parameters
    ----------
    request : IngestRequest
    mapping : LogMapping
        Completed.
    by, plays
        What names are of, and what plays are.
    store : Store
    tally : Tally
    """

    request: IngestRequest
    mapping: LogMapping
    by: By
    plays: Plays
    store: Store
    tally: Tally

    def finish(
        self, regions: list[str], known: Any, span_ms: tuple[int, int], progress: Progress
    ) -> IngestResult:
        """Drop what does not count, and write.

        Parameters
        ----------
        regions : list of str
            Names by code.
        known : pyarrow.Table or None
            As `KNOWN`.
        span_ms : (int, int)
            First and last time of a record.
        progress : callable

        Raises
        ------
        InputError
            Nothing is left.
        """
        progress("putting together", 0.0, None, None)
        left = {faults.LEFT_OUT[kind]: count for kind, count in self.tally.left_out.items()}
        self._leave_out(left, faults.LEFT_OBJECT, "name IS NULL")
        self.store.add_table("known", KNOWN.empty_table() if known is None else known)
        unknown = self._unknown(left) if known is not None else ()
        codes = pa.array(range(len(regions)), pa.int32())
        self.store.add_table(
            "regions", pa.table({"region": codes, "region_name": pa.array(regions, pa.string())})
        )
        week_end = WEEKDAYS.index(self.request.week_ends) if self.request.weekly else None
        periods = periods_of(self.store, week_end, span_ms, self.mapping.day_timezone)
        if self.request.whole_periods:
            periods = self._whole(periods, left)
        (n_sums,) = self.store.one("SELECT count(*) FROM sums")
        if not n_sums:
            raise InputError(self._nothing_counts(left))
        with ExitStack() as stack:
            part = stack.enter_context(whole_file(self.request.out))
            progress("writing the history", 0.0, None, None)
            has_hits = "cache" in (self.mapping.field_of or {})
            figures = write_history(
                self.store, self.by, self.plays, week_end, part, self.request.out.name, has_hits=has_hits
            )
            if self.request.requests is not None:
                progress("writing the requests", 0.0, None, None)
                write_requests(self.store, self.by, stack.enter_context(whole_file(self.request.requests)))
        tally = self.tally
        return IngestResult(
            by=self.by,
            format=self.mapping.format or "",
            lines=tally.lines,
            blank=tally.blank + tally.comments,
            bad=tally.n_bad,
            cut_short=tally.bad.get(faults.CUT_SHORT, 0),
            bad_by_kind={faults.NAMES[kind]: count for kind, count in sorted(tally.bad.items())},
            examples=tuple(tally.all_shown()),
            left_out=left,
            plays_are=self.plays,
            periods=periods,
            period_days=7 if self.request.weekly else 1,
            figures=figures,
            unknown=unknown,
        )

    def _leave_out(self, left: dict[str, int], kind: int, condition: str) -> None:
        lines = self.store.drop(condition)
        if lines:
            reason = faults.LEFT_OUT[kind]
            left[reason] = left.get(reason, 0) + lines

    def _unknown(self, left: dict[str, int]) -> tuple[tuple[str, float], ...]:
        """Names that the tables lack, with GB; none when they were left out."""
        lacking = f"name NOT IN (SELECT name FROM known WHERE {self.store.known_by(self.by)})"
        if self.request.known_only:
            self._leave_out(left, faults.LEFT_TITLE, lacking)
            return ()
        found = self.store.rows(
            f"SELECT name, sum(sent)::DOUBLE / 1e9 AS gb FROM sums WHERE {lacking} "
            "GROUP BY name ORDER BY gb DESC, name"
        )
        return tuple((name, gb) for name, gb in found)

    def _whole(self, periods: tuple[Period, ...], left: dict[str, int]) -> tuple[Period, ...]:
        """Periods that logs span; the others are left out."""
        for period in periods:
            if not period.whole:
                self._leave_out(left, faults.LEFT_PERIOD, f"day BETWEEN {period.first} AND {period.last}")
        return tuple(period for period in periods if period.whole)

    def _nothing_counts(self, left: dict[str, int]) -> list[Problem]:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in left.items())
        message = f"no line counts: of {self.tally.lines:,} lines {self.tally.n_bad:,} are malformed"
        message += f"; left out: {reasons}" if reasons else ""
        hint = ""
        if faults.BYTES in self.tally.bad and "gb" in (self.mapping.field_of or {}).get("bytes", ()):
            hint = "where a column gb holds bytes, write in the mapping: bytes: {field: gb, unit: bytes}"
        return [Problem(message, hint=hint), *(bad.problem() for bad in self.tally.all_shown())]
