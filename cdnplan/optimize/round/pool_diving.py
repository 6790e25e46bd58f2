"""Decide pools one after the other: each holds what is worth most together, others make good for it.

A mixture of columns fills every pool to the last byte with parts of files, and whole files rarely do: where
a pool holds a dozen, and a GB of it is dear, what stays free decides what a plan costs. So the dearest
pools choose first, each by a knapsack of its own at the duals of all other limits, in which sets of files
that fill it well are found; then the mixture of all files is solved anew with that (relax and fix [1]_), and
the next pool chooses.

References
----------
.. [1] Y. Pochet, L. A. Wolsey, "Production Planning by Mixed Integer Programming", Springer, 2006,
   chapter 3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.lp.mixture import Mixture, largest_shares
from cdnplan.optimize.master.file_columns import Columns
from cdnplan.optimize.round.rounding_rows import Rows
from cdnplan.optimize.round.subset_kernels import best_subset

Bools = npt.NDArray[np.bool_]

EXCEEDED = 1e-6
"""A cut is broken by more than this part of its limit."""


def dive_pools(columns: Columns, rows: Rows, mixture: Mixture, order: Ints, inertia: float) -> Ints:
    """Decide what pools hold, one after the other.

    Parameters
    ----------
    columns : Columns
        Sorted by file.
    rows : Rows
        Of these columns.
    mixture : Mixture
        Their program.
    order : (n,) int64
        Pools, first to last; those whose storage is no row are passed over.
    inertia : float
        What a file is worth more where the mixture has it whole already, so that of sets that are worth the
        same the one near it is chosen [currency].

    Returns
    -------
    (n_files,) int64
        The column of each file. Limits may be exceeded, where no columns agree with what pools chose.
    """
    program = mixture.program()
    n_files = rows.start.size - 1
    row_of = {int(pool): row for row, pool in enumerate(rows.pool.tolist()) if pool >= 0}
    allowed = np.ones(columns.file.size, dtype=np.bool_)
    for pool in order.tolist():
        if pool not in row_of:
            continue
        solution = program.getSolution()
        share = np.asarray(solution.col_value)[: allowed.size]
        dual = np.maximum(0.0, -np.asarray(solution.row_dual)[n_files:]) * mixture.unit
        held = _chosen(columns, rows, row_of[pool], pool, allowed, share, dual, inertia)
        wrong = np.flatnonzero(allowed & (columns.holds[:, pool] != held[columns.file])).astype(np.int32)
        allowed[wrong] = False
        nothing = np.zeros(wrong.size)
        program.changeColsBounds(wrong.size, wrong, nothing, nothing)
        program.run()
    share = np.asarray(program.getSolution().col_value)[: allowed.size]
    return largest_shares(np.where(allowed, share, -1.0), rows.start)


def _chosen(
    columns: Columns,
    rows: Rows,
    row: int,
    pool: int,
    allowed: Bools,
    share: Floats,
    dual: Floats,
    inertia: float,
) -> Bools:
    """Files that a pool holds: the best set by what they save there at the duals of all other limits."""
    # A set that fits keeps the cuts that say what fits; those of appliances it may break.
    own = np.flatnonzero(rows.cut_pool == pool)
    held = _best_set(columns, rows, row, pool, allowed, share, _but(dual, row, own), inertia)
    broken = own[(_used(columns, rows, pool, held, own) > rows.room[own] + EXCEEDED) & (dual[own] > 0.0)]
    if broken.size:
        kept = np.setdiff1d(own, broken)
        held = _best_set(columns, rows, row, pool, allowed, share, _but(dual, row, kept), inertia)
    return held


def _but(dual: Floats, row: int, more: Ints) -> Floats:
    """Duals without those of some rows."""
    others = dual.copy()
    others[row] = others[more] = 0.0
    return others


def _used(columns: Columns, rows: Rows, pool: int, held: Bools, which: Ints) -> Floats:
    """What a set of files uses of cuts of its pool."""
    used = np.where(columns.holds[:, pool, None], rows.matrix[:, which], 0.0)
    most = np.maximum.reduceat(used, rows.start[:-1])
    return np.asarray(most[held].sum(axis=0))


def _best_set(
    columns: Columns,
    rows: Rows,
    row: int,
    pool: int,
    allowed: Bools,
    share: Floats,
    others: Floats,
    inertia: float,
) -> Bools:
    """Files that a pool holds: the best set by what they save there at some duals."""
    priced = columns.cost + rows.matrix @ others
    holds, start = columns.holds[:, pool], rows.start[:-1]
    with_it = np.minimum.reduceat(np.where(allowed & holds, priced, np.inf), start)
    without = np.minimum.reduceat(np.where(allowed & ~holds, priced, np.inf), start)
    must, free = np.isinf(without), np.isfinite(with_it) & np.isfinite(without)
    size = np.maximum.reduceat(np.where(holds, rows.matrix[:, row], 0.0), start)
    mixed = np.add.reduceat(np.where(holds, share, 0.0), start)
    gain = np.zeros(start.size)
    gain[free] = without[free] - with_it[free] + inertia * (2.0 * mixed[free] - 1.0)
    wanted = np.flatnonzero(free & (gain > 0.0))
    room = float(rows.room[row] - size[must].sum())
    held = must.copy()
    if room > 0.0:
        held[wanted] = best_subset(size[wanted], gain[wanted], room)
    return held
