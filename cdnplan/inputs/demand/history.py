"""What regions asked for in past periods."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.model.network.period import span_text

ROWS_AT_ONCE = 1 << 22
"""Rows that are looked at together where a table may have hundreds of millions."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """GB per period, region and title, sorted by these; a pair that is absent from a period had 0 GB.

    Parameters
    ----------
    first_day : datetime.date
        The date that names period 0: its last day.
    period_days : int
        Distance of periods [days]: 1 or 7.
    regions, titles : tuple of str
        Names that occur, sorted.
    by : {"title", "file"}
        What `titles` are the names of.
    period, region, title : (n_rows,) int32
        Period counted from `first_day`, indices of region and title.
    gb : (n_rows,) float64
        Volume [GB], > 0.
    warnings : tuple of str
        What the reader of the table has to tell.
    """

    first_day: dt.date
    period_days: int
    regions: tuple[str, ...]
    titles: tuple[str, ...]
    by: Literal["title", "file"]
    period: npt.NDArray[np.int32]
    region: npt.NDArray[np.int32]
    title: npt.NDArray[np.int32]
    gb: npt.NDArray[np.float64]
    warnings: tuple[str, ...] = ()

    @property
    def n_periods(self) -> int:
        """Number of periods from the first to the last, gaps included."""
        return int(self.period[-1]) + 1

    @property
    def last_day(self) -> dt.date:
        """The date that names the last period."""
        return self.day(self.n_periods - 1)

    def day(self, period: int) -> dt.date:
        """The date that names a period, its last day; it may lie beyond the last period."""
        return self.first_day + dt.timedelta(days=period * self.period_days)

    def span(self, period: int) -> str:
        """Both ends of a period, for people."""
        return span_text(self.day(period), self.period_days)

    @property
    def bounds(self) -> npt.NDArray[np.int64]:
        """Rows of period t are those from the entry t to before the entry t + 1, (n_periods + 1,)."""
        return rows_before(self.period, range(self.n_periods + 1))

    def rows(self, first: int, last: int | None = None) -> slice:
        """Rows of a period, or of the periods from `first` to `last`."""
        begin, end = rows_before(self.period, [first, (first if last is None else last) + 1])
        return slice(int(begin), int(end))

    def until(self, date: dt.date) -> History:
        """What was known on a date: the periods named by it or by an earlier date.

        Nothing of later periods is left, not even names.

        Raises
        ------
        InputError
            There is no such period.
        """
        if date >= self.last_day:
            return self
        last = (date - self.first_day).days // self.period_days
        if last < 0:
            begins = f"the history begins on {self.first_day} (period {self.span(0)})"
            message = f"{begins}: nothing was known on {date}"
            raise InputError([Problem(message)])
        n = self.rows(0, last).stop
        regions, region = names_in_use(self.regions, self.region[:n])
        titles, title = names_in_use(self.titles, self.title[:n])
        return History(
            self.first_day,
            self.period_days,
            regions,
            titles,
            self.by,
            self.period[:n],
            region,
            title,
            self.gb[:n],
            self.warnings,
        )

    def digest(self) -> str:
        """SHA-256 of everything in it, hexadecimal."""
        code = hashlib.sha256()
        code.update(f"{self.first_day} {self.period_days} {self.by}".encode())
        for names in (self.regions, self.titles):
            code.update("\0".join(["", *names, "\n"]).encode())
        for array in (self.period, self.region, self.title, self.gb):
            code.update(np.ascontiguousarray(array).data)
        return code.hexdigest()


def rows_before(column: npt.NDArray[np.int32], values: Iterable[int]) -> npt.NDArray[np.int64]:
    """Count the rows of a sorted column that are less than each of some values.

    The values are looked up in the column's own type: numpy would else copy the column, however long.

    Examples
    --------
    >>> rows_before(np.array([0, 0, 2], dtype=np.int32), range(4)).tolist()
    [0, 2, 2, 3]
    """
    return np.searchsorted(column, np.fromiter(values, dtype=column.dtype)).astype(np.int64)


def names_in_use(
    names: tuple[str, ...], code: npt.NDArray[np.int32]
) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    """Leave out names that no code stands for.

    Parameters
    ----------
    names : tuple of str
    code : (n,) int32
        Indices into `names`.

    Returns
    -------
    tuple of str
        Names that occur, in the same order.
    (n,) int32
        Indices into these.

    Examples
    --------
    >>> names_in_use(("a", "b", "c"), np.array([2, 0, 2], dtype=np.int32))
    (('a', 'c'), array([1, 0, 1], dtype=int32))
    """
    there = np.zeros(len(names), dtype=bool)
    for first in range(0, code.size, ROWS_AT_ONCE):
        there[code[first : first + ROWS_AT_ONCE]] = True
    if there.all():
        return names, code
    used = np.flatnonzero(there)
    place = np.zeros(len(names), dtype=np.int32)
    place[used] = np.arange(used.size, dtype=np.int32)
    return tuple(names[i] for i in used), place[code]
