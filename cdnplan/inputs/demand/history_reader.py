"""The history table: GB per date, region and title or file, in any order → `History`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.demand.history import History, names_in_use, rows_before
from cdnplan.inputs.places.plausibility import volume_doubts
from cdnplan.inputs.tables.periods import (
    DEFAULT_DAYS,
    MOST_DAYS,
    distinct_days,
    named_by_first,
    stated_period,
    strange_period,
    usual_spacing,
)
from cdnplan.inputs.tables.tables import Column, Names, Table
from cdnplan.model.network.period import last_day

Ints32 = npt.NDArray[np.int32]

_CONTRACT = (
    Column("date", "date", periods=True),
    Column("region", "text"),
    Column("title", "text"),
    Column("file", "text"),
    Column("gb", "number", minimum=0),
)
_SPACINGS = {1.0: "daily", 7.0: "weekly"}


def read_history(path: Path) -> History:
    """Read what was asked for in the past.

    The table streams by in batches, of which days, codes and volumes are kept. It is never sorted as a
    whole: rows are put where their period is, then each period is sorted.

    Parameters
    ----------
    path : Path
        Columns ``date`` (the day, or the last day of the week; Mondays of weeks are first days),
        ``region``, ``title`` or ``file`` (which goes first) and ``gb``; others are ignored. Dates are daily
        or weekly, which is found from them; periods may be missing, and rows may come in any order.

    Returns
    -------
    History

    Raises
    ------
    InputError
        All problems of the table; among them dates at other distances than a day or a week, and the same
        date, region and title twice.
    """
    table = Table(path, _CONTRACT, one_of=("file", "title"))
    by: Literal["title", "file"] = "file" if "file" in table.columns else "title"
    pieces, first_row = _pieces(table, by)
    table.problems.raise_if_any()
    first_date, period_days = _periods(table, first_row)
    regions, region_rank = _ranked(table.names["region"])
    titles, title_rank = _ranked(table.names[by])
    rows = _by_period(pieces, first_date, period_days, region_rank, title_rank)
    if not _sort_periods(rows, len(titles)):
        _report_twins(table, by)
    kept = rows.gb > 0
    if not kept.any():
        table.problems.add("zero", "no row has more than 0 GB", column="gb")
    table.problems.raise_if_any()
    if not kept.all():
        rows = _Rows(rows.period[kept], rows.region[kept], rows.title[kept], rows.gb[kept])
    regions, region = names_in_use(regions, rows.region)
    titles, title = names_in_use(titles, rows.title)
    days = (int(rows.period[-1]) + 1) * period_days
    doubts = [doubt.text for doubt in volume_doubts(float(rows.gb.sum()), days, str(path))]
    by_first, told = named_by_first(np.array(sorted(first_row)), period_days, table.metadata, str(path))
    first_day = first_date.astype(dt.date)
    return History(
        last_day(first_day, period_days) if by_first else first_day,
        period_days,
        regions,
        titles,
        by,
        rows.period,
        region,
        title,
        rows.gb,
        (*([told] if told else []), *doubts),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Some rows: arrays of (n,); in a piece as read, `period` is days since 1970 and names are codes."""

    period: Ints32
    region: Ints32
    title: Ints32
    gb: npt.NDArray[np.float64]


def _pieces(table: Table, by: str) -> tuple[list[_Rows], dict[np.datetime64, int]]:
    """All rows, batch by batch, and the first row (from 1) of each date."""
    pieces = []
    first_row: dict[np.datetime64, int] = {}
    for chunk in table.chunks(("date", "region", by, "gb")):
        day = chunk.values["date"]
        for new in distinct_days(day):
            if new not in first_row:
                first_row[new] = chunk.start + int(np.argmax(day == new)) + 1
        since = day.astype(np.int64).astype(np.int32)
        pieces.append(_Rows(since, chunk.values["region"], chunk.values[by], chunk.values["gb"]))
    return pieces, first_row


def _periods(table: Table, first_row: dict[np.datetime64, int]) -> tuple[np.datetime64, int]:
    """First date and distance of periods; a date between two periods is a problem."""
    days = np.array(sorted(first_row), dtype="datetime64[D]")
    spacing = usual_spacing(days) or stated_period(table.metadata, table.problems.file) or DEFAULT_DAYS
    if spacing not in _SPACINGS:
        message = f"dates are usually {spacing:g} days apart, expected 1 (daily) or 7 (weekly)"
        table.problems.add("spacing", message, column="date")
        table.problems.raise_if_any()
    offset = (days - days[0]).astype(np.int64) % int(spacing)
    for odd in days[offset != 0]:
        message = f"found {odd}, expected whole weeks from {days[0]}: dates are usually 7 days apart"
        table.problems.add("spacing", message, row=first_row[odd], column="date")
    for day in days[[0, -1]]:
        if strange := strange_period(day.astype(dt.date), 0.0):
            table.problems.add("calendar", strange, row=first_row[day], column="date")
    if not table.problems and (days[-1] - days[0]).astype(int) > MOST_DAYS:
        message = f"found {days[-1]}, more than a century after {days[0]}"
        table.problems.add("calendar", message, row=first_row[days[-1]], column="date")
    table.problems.raise_if_any()
    return days[0], int(spacing)


def _ranked(names: Names) -> tuple[tuple[str, ...], Ints32]:
    """Names in order, and the place of each code among them."""
    order = sorted(range(len(names)), key=names.list.__getitem__)
    rank = np.empty(len(names), dtype=np.int32)
    rank[order] = np.arange(len(names), dtype=np.int32)
    return tuple(names.list[i] for i in order), rank


def _by_period(
    pieces: list[_Rows], first_day: np.datetime64, period_days: int, region_rank: Ints32, title_rank: Ints32
) -> _Rows:
    """Put rows together by period, those of a period in the order of the table; empties `pieces`."""
    first = int(first_day.astype(np.int64))
    periods = [(piece.period - first) // period_days for piece in pieces]
    n_periods = max(int(period.max()) for period in periods) + 1
    counts = sum(np.bincount(period, minlength=n_periods) for period in periods)
    free = np.cumsum(counts) - counts
    n_rows = int(np.sum(counts))
    made = _Rows(
        np.repeat(np.arange(n_periods, dtype=np.int32), counts),
        np.empty(n_rows, dtype=np.int32),
        np.empty(n_rows, dtype=np.int32),
        np.empty(n_rows),
    )
    pieces.reverse()
    periods.reverse()
    while pieces:
        piece, period = pieces.pop(), periods.pop()
        order: slice | npt.NDArray[np.int64] = slice(None)
        if np.any(period[1:] < period[:-1]):
            order = np.argsort(period, kind="stable")
        size = np.bincount(period, minlength=n_periods)
        start = np.cumsum(size) - size
        region, title, gb = region_rank[piece.region[order]], title_rank[piece.title[order]], piece.gb[order]
        for t in np.flatnonzero(size):
            source = slice(start[t], start[t] + size[t])
            target = slice(free[t], free[t] + size[t])
            made.region[target], made.title[target] = region[source], title[source]
            made.gb[target] = gb[source]
        free += size
    return made


def _sort_periods(rows: _Rows, n_titles: int) -> bool:
    """Sort each period by region and title, in place; whether no pair is there twice."""
    single = True
    bounds = rows_before(rows.period, range(int(rows.period[-1]) + 2))
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        own = slice(first, last)
        key = rows.region[own].astype(np.int64) * n_titles + rows.title[own]
        if np.any(key[1:] <= key[:-1]):
            order = np.argsort(key, kind="stable")
            for column in (rows.region, rows.title, rows.gb):
                column[own] = column[own][order]
            single = single and bool(np.all(key[order][1:] != key[order][:-1]))
    return single


def _report_twins(table: Table, by: str) -> None:
    """Read the table again to say which rows are there twice."""
    values = table.read(("date", "region", by, "gb"))
    names, titles = table.names["region"].list, table.names[by].list
    day, region, title = values["date"].astype(np.int64), values["region"], values[by]
    order = np.lexsort((title, region, day))
    same = np.ones(order.size - 1, dtype=bool)
    for column in (day, region, title):
        same &= column[order][1:] == column[order][:-1]
    place = np.flatnonzero(same) + 1
    place = place[np.argsort(order[place])]
    twin, before = order[place], order[place - 1]
    table.problems.add_rows(
        "twin",
        twin + 1,
        lambda i: (
            f"{names[region[twin[i]]]!r} and {titles[title[twin[i]]]!r} are there already, "
            f"on the same date in row {before[i] + 1}"
        ),
        "",
    )
