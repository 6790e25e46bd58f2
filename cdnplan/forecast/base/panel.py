"""A history laid out so that periods, regions and titles are looked up without searching."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.levels import Levels, find_levels
from cdnplan.inputs.demand.history import History

Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

LARGEST_SHARE = 20.0
"""Shares above this are slips: no pair has so many times the volume of its whole region."""

LONGEST_GAP = 2
"""A region without any row for so many periods is taken to have gone on as before."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Shares: GB of a pair over the level of its region, freed of weekdays and breaks.

    Parameters
    ----------
    levels : Levels
    start : (n_periods, n_regions + 1) int64
        Rows of period t and region r are ``start[t, r]:start[t, r + 1]``.
    title : (n_rows,) int32
    share : (n_rows,) float32
        [1]
    weight : (n_periods, n_regions) float64
        Each region's share of the volume up to a period.
    n_titles : int
    """

    levels: Levels
    start: Ints
    title: npt.NDArray[np.int32]
    share: Floats32
    weight: npt.NDArray[np.float64]
    n_titles: int

    @classmethod
    def of(cls, history: History) -> Panel:
        """Lay out a history."""
        filled = without_gaps(history)
        levels = find_levels(filled)
        n_periods, n_regions = levels.total.shape
        start = np.zeros((n_periods, n_regions + 1), dtype=np.int64)
        share = np.empty(filled.gb.size, dtype=np.float32)
        bounds = filled.bounds
        with np.errstate(divide="ignore"):
            scale = np.where(levels.level > 0, levels.factor / levels.level, 0.0)
        for t in range(n_periods):
            rows = slice(bounds[t], bounds[t + 1])
            region = filled.region[rows]
            start[t, 1:] = np.cumsum(np.bincount(region, minlength=n_regions))
            start[t] += bounds[t]
            share[rows] = np.minimum(filled.gb[rows] * scale[t, region], LARGEST_SHARE)
        volume = np.cumsum(levels.total, axis=0)
        weight = volume / volume.sum(axis=1, keepdims=True)
        return cls(levels, start, filled.title, share, weight, len(history.titles))

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return int(self.start.shape[0])

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return int(self.start.shape[1]) - 1

    def rows(self, period: int) -> slice:
        """Rows of a period; none before the first."""
        return slice(int(self.start[period, 0]), int(self.start[period, -1])) if period >= 0 else slice(0, 0)

    def region_of_rows(self, period: int) -> Ints:
        """Region of each row of a period."""
        if period < 0:
            return np.zeros(0, dtype=np.int64)
        return np.repeat(np.arange(self.n_regions), np.diff(self.start[period]))

    def dense(self, period: int, regions: Ints, column: npt.NDArray[np.int32], n_columns: int) -> Floats32:
        """Shares of some regions and titles as a table.

        Parameters
        ----------
        period : int
            Before the first: zeros.
        regions : (n,) int64
        column : (n_titles,) int32
            Column of each title; titles without one have `n_columns`.
        n_columns : int

        Returns
        -------
        (n, n_columns) float32
        """
        table = np.zeros((regions.size, n_columns), dtype=np.float32)
        cell, share = self.cells(period, regions, column, n_columns)
        table.ravel()[cell] = share
        return table

    def cells(
        self, period: int, regions: Ints, column: npt.NDArray[np.int32], n_columns: int
    ) -> tuple[Ints, Floats32]:
        """Shares above 0 of some regions and titles, and their places in the table that `dense` makes.

        Parameters
        ----------
        period, regions, column, n_columns
            As in `dense`.

        Returns
        -------
        cell : (n,) int64
            Row × `n_columns` + column, each once.
        share : (n,) float32
        """
        if period < 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        first = self.start[period, regions]
        size = self.start[period, regions + 1] - first
        skipped = np.cumsum(size) - size
        own = np.arange(int(size.sum())) + np.repeat(first - skipped, size)
        share, place = self.share[own], column[self.title[own]]
        kept = np.flatnonzero((place < n_columns) & (share > 0))
        row = np.repeat(np.arange(regions.size), size)
        return row[kept] * n_columns + place[kept], share[kept]


def without_gaps(history: History) -> History:
    """Fill short gaps of single regions, in which they have no row at all, with their last period.

    A region that has not been measured is not silent. Longer gaps stay: that region has gone.
    """
    n_regions = len(history.regions)
    bounds = history.bounds
    counts = np.stack(
        [
            np.bincount(history.region[bounds[t] : bounds[t + 1]], minlength=n_regions)
            for t in range(history.n_periods)
        ]
    )
    measured = counts > 0
    if measured.all():
        return history
    extra: list[tuple[int, int, int]] = []
    for region in np.flatnonzero(~measured.all(axis=0)):
        seen = np.flatnonzero(measured[:, region])
        ends = np.append(seen[1:], history.n_periods)
        for before, following in zip(seen.tolist(), ends.tolist(), strict=True):
            if 1 < following - before <= LONGEST_GAP + 1:
                extra += [(period, int(region), before) for period in range(before + 1, following)]
    if not extra:
        return history
    rows, periods = [np.arange(history.gb.size)], [history.period]
    for period, silent, last in extra:
        first = int(bounds[last]) + int(counts[last, :silent].sum())
        own = np.arange(first, first + int(counts[last, silent]))
        rows.append(own)
        periods.append(np.full(own.size, period, dtype=np.int32))
    row, period_of = np.concatenate(rows), np.concatenate(periods)
    order = np.lexsort((history.title[row], history.region[row], period_of))
    row = row[order]
    return History(
        history.first_day,
        history.period_days,
        history.regions,
        history.titles,
        history.by,
        period_of[order],
        history.region[row],
        history.title[row],
        history.gb[row],
    )
