"""The restricted master as a linear program: every file has a base column, others take its place in part.

Written so, the shares of a file's columns need a row of their own only where two or more may stand in for
the base. Most files have one such, and a share of at most 1 is a bound, which costs the simplex method
nothing; and what both columns use of a limit is no longer in the matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.lp.highs import BASIC, LOWER, UPPER, Statuses, basis_of, statuses
from cdnplan.optimize.lp.linear_program import Matrix, linear_program
from cdnplan.optimize.master.file_columns import Columns

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Limits in the program, divisors of their rows, and which of them may be sold; all may be bought."""

    rows: Ints
    scale: Floats
    sell: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which columns are in a program, in place of which others.

    Parameters
    ----------
    pick : (n_files,) int64
        Base of each file: the column that it takes as far as no other stands in for it.
    inside : (n,) int64
        Columns that may.
    base : (n,) int64
        What they stand in for.
    row : (n,) int64
        The row that their shares add up in; -1 for a column that alone may stand in.
    rows : (k,) int64
        Files with such a row.
    """

    pick: Ints
    inside: Ints
    base: Ints
    row: Ints
    rows: Ints

    @classmethod
    def of(cls, columns: Columns, pick: Ints, chosen: Bools) -> Layout:
        """Lay out the program of the chosen columns, beside those picked."""
        chosen = chosen.copy()
        chosen[pick] = False
        inside = np.flatnonzero(chosen)
        file = columns.file[inside]
        several = np.bincount(file, minlength=pick.size) > 1
        number = np.where(several, np.cumsum(several) - 1, -1)
        return cls(pick, inside, pick[file], number[file], np.flatnonzero(several))

    def shares(self, x: Floats, n_columns: int) -> Floats:
        """Shares of all columns, given those of the columns inside."""
        share = np.zeros(n_columns)
        share[self.pick] = 1.0
        share -= np.bincount(self.base, x, minlength=n_columns)
        share[self.inside] = x
        return np.maximum(share, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """How a program ended, by names that later programs share: columns and limits.

    Parameters
    ----------
    basic : (n_names,) bool
        Columns that were basic, had each file had a row: which column is its base does not matter then.
    bought, sold, limit : (n_limits,) int64
        Statuses.
    launch : (n_launches,) int64
    """

    basic: Bools
    bought: Statuses
    sold: Statuses
    limit: Statuses
    launch: Statuses

    @classmethod
    def of(cls, basis: highspy.HighsBasis, layout: Layout, names: Ints, n_limits: int, shape: Shape) -> Basis:
        """What a program of these columns (`names`) ended with."""
        n, m, k = layout.inside.size, shape.rows.size, layout.rows.size
        cols, rows = statuses(basis)
        basic = np.zeros(int(names.max()) + 1, dtype=np.bool_)
        basic[names[layout.pick]] = True
        whole = (layout.row < 0) & (cols[:n] == UPPER)
        basic[names[layout.base[whole]]] = False
        basic[names[layout.pick[layout.rows[rows[:k] != BASIC]]]] = False
        basic[names[layout.inside[whole | (cols[:n] == BASIC)]]] = True
        bought, sold, limit = (np.full(n_limits, usual) for usual in (LOWER, LOWER, BASIC))
        bought[shape.rows], sold[shape.rows[shape.sell]] = cols[n : n + m], cols[n + m :]
        limit[shape.rows] = rows[k : k + m]
        return cls(basic, bought, sold, limit, rows[k + m :])

    def carried(self, layout: Layout, names: Ints, shape: Shape) -> highspy.HighsBasis:
        """The same on another program: new columns start at zero, new rows basic."""
        basic = np.zeros(names.size, dtype=np.bool_)
        known = names < self.basic.size
        basic[known] = self.basic[names[known]]
        own, base = basic[layout.inside], basic[layout.base]
        alone = np.where(own, np.where(base, BASIC, UPPER), LOWER)
        column = np.where(layout.row < 0, alone, np.where(own, BASIC, LOWER))
        row = np.where(basic[layout.pick[layout.rows]], BASIC, UPPER)
        edges = (self.bought[shape.rows], self.sold[shape.rows[shape.sell]])
        rows = np.concatenate([row, self.limit[shape.rows], self.launch])
        return basis_of(np.concatenate([column, *edges]), rows)


def program(
    columns: Columns,
    held: Floats,
    layout: Layout,
    shape: Shape,
    room: Floats,
    lacking: Floats,
    low: Floats,
    high: Floats,
    unit: float,
) -> highspy.HighsLp:
    """Write the program of a layout.

    Parameters
    ----------
    columns : Columns
    held : (n_columns, n_launches) float64
        See `file_columns.launch_use`.
    layout : Layout
    shape : Shape
    room, lacking : (n_rows,), (n_launches,) float64
        Of the limits in the program and the launch rules, what is left when all files take their base.
    low, high : (n_limits,) float64
        Box of prices.
    unit : float
        Costs are divided by it [currency].

    Returns
    -------
    highspy.HighsLp
        Columns inside, then what may be bought and sold; rows of files, limits, launch rules.
    """
    rows, scale, sell, k = shape.rows, shape.scale, shape.sell, layout.rows.size
    starts, index, value = _entries(columns, held, layout, shape)
    cost = columns.cost[layout.inside] - columns.cost[layout.base]
    most = np.concatenate([np.where(layout.row < 0, 1.0, np.inf), np.full(rows.size + sell.size, np.inf)])
    extra = np.arange(1, rows.size + sell.size + 1)
    return linear_program(
        np.concatenate([cost, high[rows] * scale, -(low[rows] * scale)[sell]]) / unit,
        (np.zeros(most.size), most),
        (
            np.concatenate([np.full(k + rows.size, -np.inf), lacking]),
            np.concatenate([np.ones(k), room / scale, np.full(lacking.size, np.inf)]),
        ),
        Matrix(
            np.concatenate([starts, starts[-1] + extra]),
            np.concatenate([index, k + np.arange(rows.size), k + sell]),
            np.concatenate([value, -np.ones(rows.size), np.ones(sell.size)]),
        ),
    )


def _entries(columns: Columns, held: Floats, layout: Layout, shape: Shape) -> tuple[Ints, Ints, Floats]:
    """Matrix entries column by column, what the base has taken off: starts, rows and values."""
    # Gathered at once: most columns are outside, and most limits may be in no program.
    inside, base = (columns.use[which[:, None], shape.rows] for which in (layout.inside, layout.base))
    more = (inside - base) / shape.scale
    matrix = np.concatenate([more, held[layout.inside] - held[layout.base]], axis=1)
    counted = (layout.row >= 0).astype(np.int64)
    at, which = np.nonzero(matrix)
    counts = np.bincount(at, minlength=layout.inside.size) + counted
    starts = np.concatenate([[0], np.cumsum(counts)])
    index = np.empty(starts[-1], dtype=np.int64)
    value = np.empty(starts[-1])
    rest = np.ones(starts[-1], dtype=np.bool_)
    first = starts[:-1][layout.row >= 0]
    rest[first] = False
    index[first], value[first] = layout.row[layout.row >= 0], 1.0
    index[rest], value[rest] = layout.rows.size + which, matrix[at, which]
    return starts, index, value
