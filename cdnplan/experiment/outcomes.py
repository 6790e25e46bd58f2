"""What a trial looks at: a figure of every site or region on every date, from a table."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.tables.periods import usual_spacing
from cdnplan.inputs.tables.tables import Column, Table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """A figure per date and unit: a quotient of two sums, or a mean.

    Parameters
    ----------
    first_day : datetime.date
        Date of row 0.
    period_days : int
        Distance of rows [days]: 1 or 7.
    units : tuple of str
        Sites or regions, sorted.
    above, below : (n_dates, n_units) float64
        Numerator and denominator; NaN where the table has no row. The denominator of a plain figure is 1.
    metric : str
        ``a/b`` or ``a``: the columns.
    """

    first_day: dt.date
    period_days: int
    units: tuple[str, ...]
    above: Floats
    below: Floats
    metric: str

    @property
    def n_dates(self) -> int:
        """Number of rows."""
        return int(self.above.shape[0])

    @property
    def last_day(self) -> dt.date:
        """Date of the last row."""
        return self.day(self.n_dates - 1)

    def day(self, row: int) -> dt.date:
        """Date of a row, which may lie beyond the last."""
        return self.first_day + dt.timedelta(days=row * self.period_days)

    def row_of(self, day: dt.date) -> int:
        """Row of a date.

        Raises
        ------
        InputError
            The date lies between two rows.
        """
        rows, rest = divmod((day - self.first_day).days, self.period_days)
        if rest:
            message = f"{day} lies between two dates of the outcomes, which are weekly from {self.first_day}"
            raise InputError([Problem(message)])
        return rows

    def by_cluster(self, cluster: npt.NDArray[np.int64], n_clusters: int) -> Outcomes:
        """Sum units up to clusters; `cluster`, (n_units,), is -1 for units that take no part."""
        above = np.full((self.n_dates, n_clusters), np.nan)
        below = np.full((self.n_dates, n_clusters), np.nan)
        for c in range(n_clusters):
            own = cluster == c
            there = ~np.isnan(self.above[:, own])
            some = there.any(axis=1)
            above[some, c] = np.nansum(self.above[:, own], axis=1)[some]
            below[some, c] = np.nansum(self.below[:, own], axis=1)[some]
        names = tuple(str(c) for c in range(n_clusters))
        return replace(self, units=names, above=above, below=below)

    def mean(self, first: int, last: int) -> Floats:
        """Figure of each unit over rows `first` to before `last`, (n_units,); NaN without a row."""
        above = np.nansum(self.above[first:last], axis=0)
        below = np.nansum(np.where(np.isnan(self.above[first:last]), 0.0, self.below[first:last]), axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(below > 0, above / below, np.nan))

    def shifted(self, effect: Floats) -> Outcomes:
        """Add an effect to the figure, (n_dates, n_units)."""
        return replace(self, above=self.above + effect * self.below)


def read_outcomes(path: Path, metric: str, unit: str) -> Outcomes:
    """Read a table of outcomes.

    Parameters
    ----------
    path : Path
        Columns ``date``, that of `unit`, and those of `metric`; others are ignored, and rows of the same
        date and unit are summed, so that a history does.
    metric : str
        A column, or the quotient of two, as ``hit_gb/gb``.
    unit : str
        Column that names sites or regions.

    Returns
    -------
    Outcomes

    Raises
    ------
    InputError
        All problems of the table.
    """
    above_name, _, below_name = (part.strip() for part in metric.partition("/"))
    if not above_name or ("/" in metric and not below_name) or above_name == below_name:
        message = f"found {metric!r}, expected a column, or two as hit_gb/gb"
        raise InputError([Problem(message, path="metric")])
    columns = [Column("date", "date"), Column(unit, "text"), Column(above_name, "number")]
    if below_name:
        columns.append(Column(below_name, "number", minimum=0))
    table = Table(path, columns)
    values = table.read()
    table.problems.raise_if_any()
    days = np.unique(values["date"])
    spacing = usual_spacing(days) or 1.0
    if spacing not in (1.0, 7.0):
        message = f"dates are usually {spacing:g} days apart, expected 1 (daily) or 7 (weekly)"
        raise InputError([Problem(message, file=str(path), path="date")])
    rows = (values["date"] - days[0]).astype(np.int64)
    if np.any(rows % int(spacing)):
        odd = values["date"][np.argmax(rows % int(spacing) != 0)]
        message = f"found {odd}, expected whole weeks from {days[0]}: dates are usually 7 days apart"
        raise InputError([Problem(message, file=str(path), path="date")])
    rows //= int(spacing)
    names = table.names[unit].list
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    shape = (int(rows.max()) + 1, len(names))
    place = rows * shape[1] + rank[values[unit]]
    size = shape[0] * shape[1]
    count = np.bincount(place, minlength=size)
    above: Floats = np.bincount(place, values[above_name], minlength=size).astype(np.float64)
    below: Floats = np.ones(size)
    if below_name:
        below = np.bincount(place, values[below_name], minlength=size).astype(np.float64)
    above[count == 0] = np.nan
    below[count == 0] = np.nan
    return Outcomes(
        days[0].astype(object),
        int(spacing),
        tuple(names[i] for i in order),
        above.reshape(shape),
        below.reshape(shape),
        metric,
    )
