"""What ingesting has made: periods, the tables written, and the figures to tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cdnplan import __version__
from cdnplan.inputs.logs.records.store import Store
from cdnplan.inputs.logs.records.tally import BadLine
from cdnplan.inputs.logs.records.times import to_local
from cdnplan.inputs.places.plausibility import volume_doubts
from cdnplan.inputs.tables.periods import NAMED_BY, usual_spacing
from cdnplan.inputs.tables.table_writer import write_batches
from cdnplan.model.network.period import span_text

_EPOCH = dt.date(1970, 1, 1)
_WEEK_DAYS = 7
_DAY_MS = 86_400_000
_SLACK_MS = 3_600_000
"""A period counts as whole when logs begin and end within an hour of its ends."""


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a week; `first` and `last` are days since 1970, and `last` names it."""

    first: int
    last: int
    whole: bool

    @property
    def date(self) -> dt.date:
        """Date that names it."""
        return _EPOCH + dt.timedelta(days=self.last)


@dataclass(frozen=True, slots=True)
class Figures:
    """Totals of a history; `hit_gb` is None where logs tell no hits."""

    rows: int
    gb: float
    plays: float
    requests: int
    regions: int
    names: int
    hit_gb: float | None


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of the lines, and what was written.

    Parameters
    ----------
    by : {"title", "file"}
    format : str
    lines, blank, bad : int
        All lines; blank ones, comments and headers; malformed ones.
    bad_by_kind : mapping of str to int
    examples : tuple of BadLine
    left_out : mapping of str to int
        Good lines that do not count, by reason.
    plays_are : str
    periods : tuple of Period
    period_days : int
    figures : Figures
    unknown : tuple of (str, float)
        Names that the tables of titles and files lack, with GB, the most first; they were kept.
    cut_short : int
        Files that broke off; each is one of `bad`, though no line.
    """

    by: str
    format: str
    lines: int
    blank: int
    bad: int
    bad_by_kind: Mapping[str, int]
    examples: tuple[BadLine, ...]
    left_out: Mapping[str, int]
    plays_are: str
    periods: tuple[Period, ...]
    period_days: int
    figures: Figures
    unknown: tuple[tuple[str, float], ...] = ()
    cut_short: int = 0

    @property
    def counted(self) -> int:
        """Lines that count."""
        return self.lines - self.blank - (self.bad - self.cut_short) - sum(self.left_out.values())

    def rows(self) -> list[tuple[str, Any]]:
        """Figures to tell: names and values."""
        figures = self.figures
        rows: list[tuple[str, Any]] = [
            ("format", self.format),
            ("lines", self.lines),
            ("counted", self.counted),
            ("malformed", self.bad),
            *((f"malformed: {kind}", count) for kind, count in self.bad_by_kind.items()),
            ("blank, comments, headers", self.blank),
            *((f"left out: {reason}", count) for reason, count in self.left_out.items()),
            ("periods", len(self.periods)),
            ("days in a period", self.period_days),
            ("first period", span_text(self.periods[0].date, self.period_days)),
            ("last period", span_text(self.periods[-1].date, self.period_days)),
            ("regions", figures.regions),
            (f"{self.by}s", figures.names),
            ("GB", figures.gb),
            (f"plays ({self.plays_are})", figures.plays),
            ("rows", figures.rows),
        ]
        if figures.hit_gb is not None:
            rows.append(("hit ratio (bytes)", figures.hit_gb / figures.gb))
        return rows

    def warnings(self) -> list[str]:
        """What looks wrong with the lines."""
        told = []
        if self.bad:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.bad_by_kind.items())
            told.append(f"{self.bad:,} malformed lines: {kinds}")
        cut = [str(period.date) for period in self.periods if not period.whole]
        if cut:
            shown = ", ".join(cut[:3]) + (", …" if len(cut) > 3 else "")
            told.append(f"the logs do not span all of the periods {shown}; see --whole-periods")
        days = self.period_days * len(self.periods)
        told += [doubt.text for doubt in volume_doubts(self.figures.gb, days, "")]
        dates = np.array([period.date for period in self.periods], dtype="datetime64[D]")
        if self.period_days == 1 and usual_spacing(dates) == _WEEK_DAYS:
            told.append(
                "dates are usually 7 days apart, as those of weeks: --period weekly makes weeks of them"
            )
        if self.unknown:
            gb = sum(volume for _, volume in self.unknown)
            most = ", ".join(f"{name} ({volume:,.1f} GB)" for name, volume in self.unknown[:3])
            told.append(f"{len(self.unknown):,} {self.by}s with {gb:,.1f} GB are not in the tables: {most}")
        return told


def period_sql(week_end: int | None) -> str:
    """Last day of a day's period in SQL: the day, or that of a week that ends on a weekday (0: Monday).

    Examples
    --------
    >>> period_sql(None)
    'day'
    """
    if week_end is None:
        return "day"
    # 1970-01-01 was a Thursday, weekday 3.
    return f"day + (({week_end} - (day + 3) % 7 + 7) % 7)"


def periods_of(
    store: Store, week_end: int | None, span_ms: tuple[int, int], day_timezone: str
) -> tuple[Period, ...]:
    """Periods that records lie in, and whether the logs span them."""
    last_days = [
        row[0] for row in store.rows(f"SELECT DISTINCT {period_sql(week_end)} AS p FROM sums ORDER BY p")
    ]
    if not last_days:
        return ()  # nothing counts, perhaps there is not even a record
    length = 1 if week_end is None else 7
    begin, end = to_local(np.array(span_ms), day_timezone).tolist()
    found = []
    for last in last_days:
        first = last - length + 1
        whole = begin <= first * _DAY_MS + _SLACK_MS and end >= (last + 1) * _DAY_MS - _SLACK_MS
        found.append(Period(first, last, whole))
    return tuple(found)


def write_history(
    store: Store, by: str, plays: str, week_end: int | None, part: Path, name: str, *, has_hits: bool
) -> Figures:
    """Write the history, sorted by date, region and name, and return its totals."""
    size = f"(SELECT name, max(size) AS known_size FROM known WHERE {store.known_by(by)} GROUP BY name)"
    count = {
        "requests": "sum(n)::BIGINT",
        "sessions": "sum(sessions)::BIGINT",
        "sizes": "sum(sent)::DOUBLE / any_value(known_size)",
    }[plays]
    hit = ", sum(hit_sent)::DOUBLE / 1e9 AS hit_gb" if has_hits else ""
    query = (
        f"SELECT DATE '1970-01-01' + p::INTEGER AS date, region_name AS region, name AS {by}, "
        f"sum(sent)::DOUBLE / 1e9 AS gb, {count} AS plays{hit} "
        f"FROM (SELECT *, {period_sql(week_end)} AS p FROM sums) JOIN regions USING (region) "
        f"LEFT JOIN {size} USING (name) "
        "GROUP BY p, region_name, name HAVING sum(sent) > 0 ORDER BY p, region_name, name"
    )
    totals = {"rows": 0, "gb": 0.0, "plays": 0.0, "hit_gb": 0.0}
    reader = store.batches(query)
    names = [field.name for field in reader.schema]
    metadata = {"period_days": "1"} if week_end is None else {"period_days": "7", NAMED_BY: "last"}
    metadata["cdnplan"] = __version__
    schema = pa.schema(
        [
            (
                field.name,
                pa.dictionary(pa.int32(), pa.string()) if field.name in ("region", by) else field.type,
            )
            for field in reader.schema
        ],
        metadata=metadata,
    )

    def batches() -> Iterator[Any]:
        for batch in reader:
            totals["rows"] += batch.num_rows
            for figure in ("gb", "plays", "hit_gb"):
                if figure in names:
                    totals[figure] += float(pa.compute.sum(batch.column(figure)).as_py() or 0)
            columns = [
                batch.column(name).dictionary_encode() if name in ("region", by) else batch.column(name)
                for name in names
            ]
            yield pa.table(dict(zip(names, columns, strict=True))).cast(schema)

    write_batches(schema, batches(), part, name, statistics=("date", "region"))
    requests, regions, n_names = store.one(
        "SELECT sum(n), count(DISTINCT region), count(DISTINCT name) FROM sums"
    )
    return Figures(
        rows=int(totals["rows"]),
        gb=totals["gb"],
        plays=totals["plays"],
        requests=int(requests),
        regions=int(regions),
        names=int(n_names),
        hit_gb=totals["hit_gb"] if has_hits else None,
    )


def write_requests(store: Store, by: str, part: Path) -> None:
    """Write every request, in order of time, and within a millisecond in the order of the logs."""
    size = f"(SELECT name, max(size) AS known_size FROM known WHERE {store.known_by(by)} GROUP BY name)"
    told = "(SELECT name, max(size) AS told_size, max(largest) AS largest FROM sums GROUP BY name)"
    query = (
        "SELECT ms AS time, region_name AS region, name AS object, sent AS bytes, "
        "coalesce(nullif(requests.size, -1), nullif(told_size, -1), known_size, largest) AS size, hit "
        "FROM requests JOIN regions USING (region) "
        f"JOIN {told} USING (name) LEFT JOIN {size} USING (name) ORDER BY ms, seq"
    )
    schema = pa.schema(
        [
            ("time", pa.timestamp("ms", "UTC")),
            ("region", pa.dictionary(pa.int32(), pa.string())),
            ("object", pa.dictionary(pa.int32(), pa.string())),
            ("bytes", pa.int64()),
            ("size", pa.int64()),
            ("hit", pa.bool_()),
        ],
        metadata={"by": by, "cdnplan": __version__},
    )
    with pq.ParquetWriter(part, schema) as writer:
        for batch in store.batches(query):
            columns = [
                batch.column("time").cast(pa.timestamp("ms")).cast(pa.timestamp("ms", "UTC")),
                batch.column("region").dictionary_encode(),
                batch.column("object").dictionary_encode(),
                batch.column("bytes"),
                batch.column("size"),
                batch.column("hit"),
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))
