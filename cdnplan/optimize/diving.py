"""Decide files one after the other, each by a linear program that lets all others make good for it [1]_.

References
----------
.. [1] T. Berthold, "Primal Heuristics for Mixed Integer Programs", Zuse Institute Berlin, 2006, chapter 3.
"""

from __future__ import annotations

import highspy
import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Ints
from cdnplan.optimize.file_columns import Columns
from cdnplan.optimize.highs import QuietHighs
from cdnplan.optimize.rounding_rows import Rows

Bools = npt.NDArray[np.bool_]

STEPS = 100
"""A dive solves its program about so often at most."""
WHOLE = 1e-6


def dive(columns: Columns, rows: Rows, choice: Ints, free: Ints) -> Ints:
    """Decide some files anew, all others keep their columns.

    Parameters
    ----------
    columns : Columns
        Sorted by file.
    rows : Rows
        Of these columns.
    choice : (n_files,) int64
        Column of each file.
    free : (n,) int64
        The files to decide, first to last: each takes the column with the largest share in the mixture, with
        it the next ones of which a column is whole anyway.

    Returns
    -------
    (n_files,) int64
        The choice after the dive. Limits may be exceeded, where no column fits.
    """
    if free.size == 0:
        return choice.copy()
    choice = choice.copy()
    counts = np.diff(rows.start)[free]
    mine = np.concatenate([np.arange(rows.start[f], rows.start[f + 1]) for f in free])
    first = np.concatenate([[0], np.cumsum(counts)])
    kept = np.ones(choice.size, dtype=np.bool_)
    kept[free] = False
    room = rows.room - rows.matrix[choice[kept]].sum(axis=0)
    program, _ = mixture(columns.cost[mine], rows.matrix[mine], first, room, rows.charge)
    program.run()
    step, done = 1 + free.size // STEPS, 0
    while True:
        share = np.asarray(program.getSolution().col_value)[: mine.size]
        top = largest_shares(share, first)
        split = np.flatnonzero(share[top[done:]] < 1.0 - WHOLE)
        last = done + int(split[0]) + step if split.size else free.size
        last = min(last, free.size)
        choice[free[done:last]] = mine[top[done:last]]
        if last == free.size:
            return choice
        decided = np.arange(first[done], first[last])
        fixed = np.zeros(mine.size)
        fixed[top[done:last]] = 1.0
        program.changeColsBounds(decided.size, decided.astype(np.int32), fixed[decided], fixed[decided])
        program.run()
        done = last


def largest_shares(share: Floats, first: Ints) -> Ints:
    """Find the column with the largest share of each file, the first of those that tie.

    Parameters
    ----------
    share : (n_columns,) float64
    first : (n_files + 1,) int64
        First column of each file.

    Returns
    -------
    (n_files,) int64

    Examples
    --------
    >>> largest_shares(np.array([0.2, 0.8, 0.5, 0.5]), np.array([0, 2, 4])).tolist()
    [1, 2]
    """
    file = np.repeat(np.arange(first.size - 1), np.diff(first))
    order = np.lexsort((-np.arange(share.size), share, file))
    return np.asarray(order[first[1:] - 1], dtype=np.int64)


def mixture(cost: Floats, use: Floats, first: Ints, room: Floats, charge: Floats) -> tuple[QuietHighs, float]:
    """Write the program that mixes columns of each file within all limits; excess can be bought.

    Parameters
    ----------
    cost : (n_columns,) float64
        [currency]
    use : (n_columns, n_rows) float64
    first : (n_files + 1,) int64
        First column of each file.
    room, charge : (n_rows,) float64
        Limits, and what excess costs [currency].

    Returns
    -------
    program : QuietHighs
        Not solved yet; rows of files come before those of limits.
    unit : float
        By which costs are divided [currency].
    """
    at, which = np.nonzero(use)
    n_files, (n_columns, n_rows) = first.size - 1, use.shape
    starts = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=n_columns) + 1)])
    index, value = np.empty(starts[-1], dtype=np.int64), np.ones(starts[-1])
    own = np.zeros(starts[-1], dtype=np.bool_)
    own[starts[:-1]] = True
    index[own] = np.repeat(np.arange(n_files), np.diff(first))
    index[~own], value[~own] = n_files + which, use[at, which]
    unit = max(float(np.abs(cost).mean()), 1e-300)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n_columns + n_rows, n_files + n_rows
    lp.col_cost_ = np.concatenate([cost, charge]) / unit
    lp.col_lower_ = np.zeros(lp.num_col_)
    lp.col_upper_ = np.concatenate([np.ones(n_columns), np.full(n_rows, np.inf)])
    lp.row_lower_ = np.concatenate([np.ones(n_files), np.full(n_rows, -np.inf)])
    lp.row_upper_ = np.concatenate([np.ones(n_files), room])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    bought = np.arange(n_rows)
    lp.a_matrix_.start_ = np.concatenate([starts, starts[-1] + 1 + bought]).astype(np.int32)
    lp.a_matrix_.index_ = np.concatenate([index, n_files + bought]).astype(np.int32)
    lp.a_matrix_.value_ = np.concatenate([value, np.full(n_rows, -1.0)])
    solver = QuietHighs()
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("presolve", "off")
    solver.passModel(lp)
    return solver, unit
