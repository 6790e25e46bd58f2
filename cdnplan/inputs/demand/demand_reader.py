"""The demand table: GB per date, region and title or file → the `Demand` of one period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.errors import nearest
from cdnplan.inputs.demand.demand_build import Part, gather, silent_regions, to_demand, twins
from cdnplan.inputs.demand.demand_regions import RegionMatch, match_regions, region_warnings
from cdnplan.inputs.demand.file_shares import FileShares
from cdnplan.inputs.tables.periods import (
    DEFAULT_DAYS,
    Days,
    distinct_days,
    named_by_first,
    stated_period,
    usual_spacing,
)
from cdnplan.inputs.tables.table_problems import TableProblems
from cdnplan.inputs.tables.tables import Chunk, Column, Table
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.period import first_day, last_day, span_text

_CONTRACT = (
    Column("date", "date", periods=True),
    Column("region", "text"),
    Column("title", "text"),
    Column("file", "text"),
    Column("gb", "number", minimum=0),
    Column("quantile", "number", required=False, empty=True, minimum=0, maximum=1),
)
_MEDIAN = 0.5


def read_demand(
    path: Path,
    catalog: Catalog,
    shares: FileShares,
    *,
    known: Mapping[str, str],
    wanted: frozenset[str],
    date: dt.date | None = None,
    period_days: float | None = None,
) -> tuple[Demand, list[str]]:
    """Read the demand of one period.

    Of a table with several dates one is used. Of a table with quantiles the expected values (empty
    quantile) are used, or the medians where there are none. The table is read twice, so that memory is
    needed only for the rows that are used.

    Parameters
    ----------
    path : Path
        Columns ``date``, ``region``, ``title`` or ``file`` (which goes first), ``gb`` and optionally
        ``quantile``. Rows may come in any order.
    catalog : Catalog
    shares : FileShares
        How titles are split into files.
    known : mapping of str to str
        All demand regions the whole topology draws on → country code; the table may name a country of
        them by its code or its name.
    wanted : frozenset of str
        Those of `known` that are planned; rows of the others are passed over.
    date : datetime.date or None
        A day of the period; None: the earliest period in the table.
    period_days : float or None
        Its length [days]; None: as the file's schema metadata says, else the usual distance of the
        table's dates, else 7.

    Returns
    -------
    Demand
        With a row for every wanted region, empty where there is no demand.
    list of str
        Warnings.

    Raises
    ------
    InputError
        All problems of the table.
    """
    table = Table(path, _CONTRACT, one_of=("file", "title"))
    problems = table.problems
    survey = _survey(table)
    periods = _Periods.of(table, survey.days, period_days)
    named = _pick_date(survey, periods, date, problems)
    match = match_regions(table.names["region"].list, known, problems, lambda i: survey.region_row[i] + 1)
    regions = tuple(sorted(wanted))
    pick = _Pick(table, catalog, named, survey.takes_median(named), match, regions)
    parts = list(pick.parts())
    problems.raise_if_any()
    matrix = gather(parts, len(regions))
    again = twins(matrix, pick.n_items)
    if again.size:
        pick.report_twins(again)
        problems.raise_if_any()
    silent = silent_regions(matrix, regions, problems)
    demand = to_demand(
        matrix,
        regions,
        catalog,
        None if pick.by == "file" else shares,
        known=known,
        start=periods.first(named),
        period_days=periods.days,
        problems=problems,
    )
    problems.raise_if_any()
    told = [periods.told] if periods.told else []
    return demand, [*told, *region_warnings(str(path), match, silent, pick.skipped_gb, pick.total_gb)]


def check_demand(path: Path, *, date: dt.date | None = None, known: Mapping[str, str] | None = None) -> None:
    """Find what is wrong with a demand table by itself, where there is no catalogue to read it with.

    Parameters
    ----------
    path, date, known
        As in `read_demand`; without `known` names of regions are not looked at.

    Raises
    ------
    InputError
        Those of the problems that `read_demand` would raise which neither titles nor files have to do with.
    """
    table = Table(path, _CONTRACT, one_of=("file", "title"))
    survey = _survey(table)
    _pick_date(survey, _Periods.of(table, survey.days, None), date, table.problems)
    if known is not None:
        rows = survey.region_row
        match_regions(table.names["region"].list, known, table.problems, lambda i: rows[i] + 1)
    for _ in table.chunks():
        pass  # reports what is wrong in each row
    table.problems.raise_if_any()


def demand_periods(path: Path) -> tuple[tuple[dt.date, ...], float]:
    """Last days of the periods that a demand table has rows of, increasing, and their length [days].

    Raises
    ------
    InputError
        The table cannot be read, or has no rows.
    """
    table = Table(path, _CONTRACT, one_of=("file", "title"))
    days = _survey(table).days
    if days.size == 0:
        table.problems.add("empty", "the table has no rows with a date", column="date")
    table.problems.raise_if_any()
    periods = _Periods.of(table, days, None)
    return tuple(periods.last(day) for day in days), periods.days


@dataclass(frozen=True, slots=True, eq=False)
class _Survey:
    """What there is to choose from: dates, first row of each region's name, kinds of rows by date."""

    days: Days
    region_row: list[int]
    expected: Days
    medians: Days
    first_row: Mapping[np.datetime64, int]

    def takes_median(self, day: np.datetime64) -> bool:
        return day not in self.expected


def _survey(table: Table) -> _Survey:
    empty = np.zeros(0, dtype="datetime64[D]")
    days, expected, medians = empty, empty, empty
    region_row: list[int] = []
    first_row: dict[np.datetime64, int] = {}
    for chunk in table.chunks(("date", "region", "quantile")):
        date, region = chunk.values["date"], chunk.values["region"]
        quantile = chunk.values.get("quantile", np.full(chunk.size, np.nan))
        new = np.setdiff1d(distinct_days(date), days)
        first_row.update({day: chunk.start + int(np.argmax(date == day)) for day in new})
        days = np.union1d(days, new)
        expected = np.union1d(expected, distinct_days(date[np.isnan(quantile)]))
        medians = np.union1d(medians, distinct_days(date[np.isclose(quantile, _MEDIAN)]))
        new_regions = range(len(region_row), len(table.names["region"]))
        region_row += [chunk.start + int(np.argmax(region == code)) for code in new_regions]
    return _Survey(days, region_row, expected, medians, first_row)


@dataclass(frozen=True, slots=True)
class _Periods:
    """Which days the dates of a table stand for: so many, the last or the first of which is the date."""

    days: float
    by_first: bool
    told: str

    @staticmethod
    def of(table: Table, dates: Days, period_days: float | None) -> _Periods:
        """As the caller says, or the file, or the distance of its dates."""
        file = table.problems.file
        stated = stated_period(table.metadata, file) if period_days is None else period_days
        days = stated or usual_spacing(dates) or DEFAULT_DAYS
        return _Periods(days, *named_by_first(dates, days, table.metadata, file))

    def last(self, date: np.datetime64) -> dt.date:
        found: dt.date = date.astype(dt.date)
        return last_day(found, self.days) if self.by_first else found

    def first(self, date: np.datetime64) -> dt.date:
        return first_day(self.last(date), self.days)

    def span(self, date: np.datetime64) -> str:
        return span_text(self.last(date), self.days)


def _pick_date(
    survey: _Survey, periods: _Periods, date: dt.date | None, problems: TableProblems
) -> np.datetime64:
    """Choose the period, as the table names it; NaT, with a problem, where that is not possible."""
    never, days = np.datetime64("NaT", "D"), survey.days
    if days.size == 0:
        return never
    day: np.datetime64 = days[0]
    if date is not None:
        # The first period that is not over before the day.
        ends = np.array([periods.last(one) for one in days], dtype="datetime64[D]")
        place = int(np.searchsorted(ends, np.datetime64(date, "D")))
        if place == days.size or periods.first(days[place]) > date:
            close = periods.span(days[np.argmin(np.abs((ends - np.datetime64(date, "D")).astype(np.int64)))])
            span = f"{days.size} periods from {periods.first(days[0])} to {periods.last(days[-1])}"
            have = f"expected a day of its {span}, as of {close}" if days.size > 1 else f"it has {close} only"
            problems.add("date", f"the table has no rows of {date}, {have}", column="date")
            return never
        day = days[place]
    if day not in survey.expected and day not in survey.medians:
        message = f"{day} has neither rows without a quantile nor with 0.5, expected one of them"
        problems.add("quantile", message, row=survey.first_row[day] + 1, column="quantile")
        return never
    return day


class _Pick:
    """Picks the rows of the table that are planned with."""

    def __init__(
        self,
        table: Table,
        catalog: Catalog,
        day: np.datetime64,
        median: bool,
        match: RegionMatch,
        regions: tuple[str, ...],
    ) -> None:
        self.by = "file" if "file" in table.columns else "title"
        items = catalog.files if self.by == "file" else catalog.titles
        self.n_items = len(items)
        self.total_gb = 0.0
        self.skipped_gb = 0.0
        self._table = table
        self._items = items
        self._index = {name: i for i, name in enumerate(items)}
        self._item_of_code = np.zeros(0, dtype=np.int32)
        self._reported: set[int] = set()
        self._day, self._median = day, median
        row = {name: r for r, name in enumerate(regions)}
        self._region_of_code = np.array([row.get(name or "", -1) for name in match.known] + [-1], np.int32)
        self._skipped = np.array([*match.skipped, False], dtype=bool)

    def parts(self) -> Iterator[Part]:
        """Read the table; add up GB; report names that the catalogue lacks."""
        for chunk in self._table.chunks():
            rows = self._of_period(chunk)
            gb = chunk.values["gb"][rows]
            region = chunk.values["region"][rows]
            self.total_gb += float(np.nansum(gb))
            self.skipped_gb += float(np.nansum(gb[self._skipped[region]]))
            kept, index, item = self._kept(chunk, rows)
            self._report_unknown(chunk, kept, item)
            valid = item >= 0
            values = chunk.values["gb"][kept[valid]].astype(np.float32)
            yield Part(index[valid], item[valid], values)

    def report_twins(self, keys: npt.NDArray[np.int64]) -> None:
        """Report the rows of keys ``region * n_items + item`` that an earlier row has, in another pass."""
        seen: dict[int, int] = {}
        for chunk in self._table.chunks():
            kept, index, item = self._kept(chunk, self._of_period(chunk))
            key = index.astype(np.int64) * self.n_items + item
            for i in np.flatnonzero(np.isin(key, keys)):
                row = chunk.start + int(kept[i]) + 1
                first = seen.setdefault(int(key[i]), row)
                if first != row:
                    region = self._table.names["region"].list[chunk.values["region"][kept[i]]]
                    name = self._items[item[i]]
                    message = f"{region!r} and {name!r} are there already, on the same date in row {first}"
                    self._table.problems.add("twin", message, row=row)

    def _of_period(self, chunk: Chunk) -> npt.NDArray[np.int64]:
        rows = chunk.values["date"] == self._day
        if "quantile" in chunk.values:
            quantile = chunk.values["quantile"]
            rows &= np.isclose(quantile, _MEDIAN) if self._median else np.isnan(quantile)
        return np.flatnonzero(rows).astype(np.int64)

    def _kept(self, chunk: Chunk, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Any, Any]:
        """Those rows whose region is wanted, with the indices of their regions and items."""
        names = self._table.names[self.by].list
        new = [self._index.get(name, -1) for name in names[self._item_of_code.size :]]
        self._item_of_code = np.concatenate([self._item_of_code, np.array(new, dtype=np.int32)])
        index = self._region_of_code[chunk.values["region"][rows]]
        kept = rows[index >= 0]
        code = chunk.values[self.by][kept]
        item = np.append(self._item_of_code, np.int32(-1))[code]
        return kept, index[index >= 0], item

    def _report_unknown(self, chunk: Chunk, kept: npt.NDArray[np.int64], item: Any) -> None:
        bad = kept[item < 0]
        codes, first = np.unique(chunk.values[self.by][bad], return_index=True)
        for code, place in sorted(zip(codes, first, strict=True), key=lambda pair: int(pair[1])):
            if code < 0 or int(code) in self._reported:
                continue
            self._reported.add(int(code))
            name = self._table.names[self.by].list[code]
            self._table.problems.add(
                "unknown",
                f"{name!r} is not a {self.by} of the catalogue",
                row=chunk.start + int(bad[place]) + 1,
                column=self.by,
                hint=lambda name=name: nearest(name, self._items),  # type: ignore[misc]
            )
