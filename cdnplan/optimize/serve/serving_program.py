"""The linear program behind `serving`: rows of demand shared out among paths under the limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.lp.highs import QuietHighs
from cdnplan.optimize.lp.linear_program import Matrix, linear_program
from cdnplan.optimize.problem.serving_paths import Paths
from cdnplan.optimize.serve.serving_basis import Basis

TIGHT_RATIO = 1e-7
"""A limit used to within this ratio counts as tight: rows on it may have to move."""

SMALLEST_SCALE = 1e-6

MARGIN_RATIO = 1e-9
"""Part of each limit that is left free, so that sums which round otherwise do not pass it."""

ANCHOR_RATIO = 1e-6
"""Part of a limit that is for sale at its anchor: well above the solver's own tolerance."""

CONTRADICTED = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
"""What presolve may say of a program in which every row can be served by an origin."""
PRIMAL = 4
"""HiGHS's number of the primal simplex method."""
LOOSE = 1e-6
"""Part of a limit that it then may be off by."""


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """Paths that rows of demand may take or do take, flat, by row.

    Parameters
    ----------
    row, path : (n,) int64
        At most once each pair; every row takes part.
    share : (n,) float64
        Share of the row's demand on the path.
    """

    row: Ints
    path: Ints
    share: Floats

    def take(self, which: npt.NDArray[Any]) -> Choices:
        """Some of them."""
        return Choices(self.row[which], self.path[which], self.share[which])


@dataclass(frozen=True, slots=True, eq=False)
class Stay:
    """What rows have now.

    Parameters
    ----------
    share : (n,) float64
        Of each choice of a program.
    rebate : float
        What a GB that stays is cheaper by [currency/GB].
    """

    share: Floats
    rebate: float


def path_gb(paths: Paths, gb: Floats, choices: Choices) -> Floats:
    """GB on each path, (n_paths,), from the demand of all rows and their choices."""
    flow = np.bincount(choices.path, gb[choices.row] * choices.share, minlength=paths.region.size)
    return np.asarray(flow, dtype=np.float64)


def solve_program(
    paths: Paths,
    gb: Floats,
    choices: Choices,
    base: Floats,
    anchor: Floats | None = None,
    stay: Stay | None = None,
    basis: Basis | None = None,
) -> tuple[Choices, Floats]:
    """Share out rows at least cost.

    Duals are often not unique. With an anchor, a millionth of each limit can be left to others at the
    anchor's price: the dual program then pays for every step away from it, so of all duals that are as good
    the nearest is found.

    Parameters
    ----------
    paths : Paths
    gb : (n_rows,) float64
        Demand of all rows [GB].
    choices : Choices
        Paths that the rows to share out may take; shares are 1, what each may get at most.
    base : (n_limits, n_slices) float64
        Load of all other rows [Gbit/s].
    anchor : (n_limits, n_slices) float64, optional
        Prices that the duals shall be near to [currency/Gbps].
    stay : Stay, optional
        What rows have now, and keep where changing it saves too little.
    basis : Basis, optional
        Of programs with fewer of these rows; it then remembers this one. Not with an anchor.

    Returns
    -------
    choices : Choices
        Those taken, with shares > 0.
    duals : (n_limits, n_slices) float64
        [currency/Gbps], >= 0.
    """
    most = base + paths.load(path_gb(paths, gb, choices))
    # What all these rows together cannot fill is no limit to them.
    scarce = most > paths.capacity[:, None] * (1 - TIGHT_RATIO)
    keep = _worth_a_try(paths, choices, scarce, stay)
    choices = choices.take(keep)
    kept = np.zeros(0) if stay is None else stay.share[keep]
    # What stays is a column of its own, cheaper by the rebate: the choice's column takes what comes on top.
    same = np.flatnonzero(kept > 0.0)
    first_stay = choices.row.size
    choices = Choices(
        np.append(choices.row, choices.row[same]),
        np.append(choices.path, choices.path[same]),
        np.append(choices.share, kept[same]),
    )
    rows, row = np.unique(choices.row, return_inverse=True)
    cost = paths.cost[choices.path] * gb[choices.row]
    if stay is not None:
        cost[first_stay:] -= stay.rebate * gb[choices.row[first_stay:]]
    limits = _Scarce.of(paths, gb, choices, scarce, base)
    cost = np.concatenate([cost, *limits.costs(paths, None if anchor is None else anchor[scarce])])
    unit = max(float(np.abs(cost).max(initial=0.0)), 1e-300)
    begin = None
    if basis is not None:
        keys = _keys(paths, choices, rows, first_stay, limits.number, limits.soft)
        last = np.arange(first_stay, row.size)
        begin = basis.begin(*keys, rows.size, last, row[last], kept[same])
    bought = limits.soft if anchor is None else np.append(limits.soft, np.arange(limits.scale.size))
    solution, dual, end = _highs(
        cost / unit,
        rows=np.concatenate([row, rows.size + limits.entry_row, rows.size + bought]),
        cols=np.concatenate([np.arange(row.size), limits.entry_column, row.size + np.arange(bought.size)]),
        values=np.concatenate([np.ones(row.size), limits.entry, -np.ones(bought.size)]),
        lower=np.concatenate([np.ones(rows.size), np.full(limits.room.size, -np.inf)]),
        upper=np.append(np.ones(rows.size), limits.room - (0.0 if anchor is None else ANCHOR_RATIO)),
        most=np.concatenate(
            [
                np.full(first_stay, np.inf),
                kept[same],
                np.full(limits.soft.size, np.inf),
                np.full(bought.size - limits.soft.size, ANCHOR_RATIO),
            ]
        ),
        begin=begin,
    )
    if basis is not None:
        basis.end(end, *keys)
    share = solution[:first_stay]
    share[same] += solution[first_stay : row.size]
    share = _cleaned(share, row[:first_stay], rows.size)
    duals = np.zeros(scarce.shape)
    duals[scarce] = np.maximum(0.0, -dual[rows.size :]) * unit / limits.scale
    taken = np.flatnonzero(share > 0)
    return Choices(choices.row[taken], choices.path[taken], share[taken]), duals


@dataclass(frozen=True, slots=True, eq=False)
class _Scarce:
    """Limits and slices that rows could fill, as rows of a program.

    They are divided by their capacity (or, near zero, by a part of what is asked of them), and costs by the
    largest: the program is well scaled.

    Parameters
    ----------
    limit, number : (n,) int64
        The limit of each, and its number among all limits and slices.
    scale, room : (n,) float64
        What it is divided by [Gbit/s], and what others leave of it.
    soft : (k,) int64
        Those of them that may be passed.
    entry_row, entry_column, entry : (m,)
        What each choice takes of each.
    """

    limit: Ints
    number: Ints
    scale: Floats
    room: Floats
    soft: Ints
    entry_row: Ints
    entry_column: Ints
    entry: Floats

    @classmethod
    def of(
        cls, paths: Paths, gb: Floats, choices: Choices, scarce: npt.NDArray[np.bool_], base: Floats
    ) -> _Scarce:
        """Find what these choices could take of scarce limits, beside the load of all other rows."""
        limit, slot = np.nonzero(scarce)
        entry_row, entry_column, need = _entries(paths, gb, choices, scarce)
        asked = np.zeros(limit.size)
        np.maximum.at(asked, entry_row, need)
        scale = np.maximum(paths.capacity[limit], SMALLEST_SCALE * asked)
        scale[scale <= 0.0] = 1.0
        # What other rows overrun is overrun already: only what is added costs more.
        room = np.maximum(0.0, paths.capacity[limit] * (1 - MARGIN_RATIO) - base[scarce]) / scale
        soft = np.flatnonzero(~paths.strict[limit])
        number = limit * scarce.shape[1] + slot
        return cls(limit, number, scale, room, soft, entry_row, entry_column, need / scale[entry_row])

    def costs(self, paths: Paths, anchor: Floats | None) -> list[Floats]:
        """What overload costs, and with an anchor, (n,), what a part of every limit does at its price."""
        overload = (paths.overload_cost[self.limit] * self.scale)[self.soft]
        return [overload] if anchor is None else [overload, anchor * self.scale]


def _keys(
    paths: Paths, choices: Choices, rows: Ints, first_stay: int, limit: Ints, soft: Ints
) -> tuple[Ints, Ints]:
    """Numbers of columns and rows that do not depend on what else is in the program.

    `limit` numbers limits and slices, of which `soft` may be passed; stays are choices from `first_stay` on.
    """
    column = 2 * (choices.row * paths.region.size + choices.path)
    column[first_stay:] += 1
    return np.append(column, -1 - limit[soft]), np.append(rows, -1 - limit)


def _worth_a_try(
    paths: Paths, choices: Choices, scarce: npt.NDArray[np.bool_], stay: Stay | None
) -> npt.NDArray[np.bool_]:
    """Leave out what costs at least as much as a path of the same row on which nothing is scarce."""
    uses = np.any(scarce, axis=1)[paths.use_limit]
    free = np.bincount(paths.use_path, uses, minlength=paths.region.size)[choices.path] == 0
    cost = paths.cost[choices.path]
    at = np.flatnonzero(free)
    at = at[np.lexsort((cost[at], choices.row[at]))]
    row, first = np.unique(choices.row[at], return_index=True)
    best = at[first]
    ceiling = np.full(int(choices.row.max()) + 1, np.inf)
    ceiling[row] = cost[best]
    keep = cost < ceiling[choices.row]
    keep[best] = True
    if stay is not None:
        keep |= stay.share > 0.0
    return keep


def _entries(
    paths: Paths, gb: Floats, choices: Choices, scarce: npt.NDArray[np.bool_]
) -> tuple[Ints, Ints, Floats]:
    """What each choice would load on each scarce limit and slice: their numbers, and Gbit/s; flat."""
    column, limit, weight = paths.uses(choices.path)
    use = np.flatnonzero(np.any(scarce, axis=1)[limit])
    column, limit, weight = column[use], limit[use], weight[use]
    rate = paths.gbps_per_gb[paths.region[choices.path[column]]]
    at, t = np.nonzero(scarce[limit] & (rate > 0))
    number = np.cumsum(scarce.ravel()).reshape(scarce.shape) - 1
    return number[limit[at], t], column[at], gb[choices.row[column[at]]] * rate[at, t] * weight[at]


def _cleaned(value: Floats, row: Ints, n_rows: int) -> Floats:
    """Clip rounding below zero and make each row's shares sum to one."""
    value = np.where(value > 1e-12, value, 0.0)
    return np.asarray(value / np.bincount(row, value, minlength=n_rows)[row])


def _highs(
    cost: Floats,
    *,
    rows: Ints,
    cols: Ints,
    values: Floats,
    lower: Floats,
    upper: Floats,
    most: Floats,
    begin: highspy.HighsBasis | None = None,
) -> tuple[Floats, Floats, highspy.HighsBasis]:
    """Minimise cost·x, 0 ≤ x ≤ most, lower ≤ A x ≤ upper, with HiGHS [1]_; values, row duals and the basis.

    References
    ----------
    .. [1] Q. Huangfu, J. A. J. Hall, "Parallelizing the dual revised simplex method",
       Mathematical Programming Computation 10(1), 2018.
    """
    matrix = Matrix.of_entries(rows, cols, values, cost.size)
    program = linear_program(cost, (np.zeros(cost.size), most), (lower, upper), matrix)
    solver = QuietHighs()
    solver.setOptionValue("threads", 1)
    solver.passModel(program)
    if begin is not None:
        solver.setOptionValue("simplex_strategy", PRIMAL)
        solver.setBasis(begin)
    solver.run()
    status = solver.getModelStatus()
    if status in CONTRADICTED:
        # What stays fills limits to the last digit, which presolve takes for too much.
        solver.clearSolver()
        solver.setOptionValue("primal_feasibility_tolerance", LOOSE)
        solver.run()
        status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kUnknown or status in CONTRADICTED:
        # Undoing presolve loses precision where a limit is next to nothing of what is asked of it.
        solver.clearSolver()
        solver.setOptionValue("presolve", "off")
        solver.run()
        status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        message = f"the serving program ended as {solver.modelStatusToString(status)}"
        raise RuntimeError(message)
    solution = solver.getSolution()
    return (
        np.asarray(solution.col_value, dtype=np.float64),
        np.asarray(solution.row_dual, dtype=np.float64),
        solver.getBasis(),
    )
