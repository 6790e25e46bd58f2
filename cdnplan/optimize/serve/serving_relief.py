"""A serving brought within its limits again: a small linear program, and the rows that its prices ask for.

Of what loads a limit that is passed, the rows that are cheapest to move enter the program first, as many as
amount to what is too much, and those that gain most by another way at the price of overload on overloaded
links; all others stay as they are. Where other limits become tight by that, the duals of the program say
which further rows would gain by moving, away from these limits or on from them: those enter
as well, until hardly anything is to be gained (column generation, or sifting). So of all rows of a network
only a few percent are ever looked at by the solver.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.placement import Serving
from cdnplan.optimize.problem.serving_paths import Paths
from cdnplan.optimize.serve.serving import (
    all_choices,
    choices_of,
    joined_choices,
    least_saving,
    serving_of,
    shares_in,
    within_limits,
)
from cdnplan.optimize.serve.serving_basis import Basis
from cdnplan.optimize.serve.serving_program import Choices, Stay, path_gb, solve_program
from cdnplan.optimize.serve.serving_ways import Watched, Ways

Bools = npt.NDArray[np.bool_]

LEFT_RATIO = 3e-5
"""Rows stay out of the program where all of them together could save no more than this part of the cost."""
FEWEST_ENTERING = 2_000
"""Rows that may enter at once, or as many as are in the program: its prices are rough while they are few."""
MOST_ROUNDS = 20
"""Programs solved at most; each leaves a serving within all limits."""
_ROUNDING = 1e-9


def relieved_serving(instance: Instance, near: Serving, watched: Watched | None = None) -> Serving:
    """Bring a serving within its limits, at least cost but for changes that save next to nothing.

    What another serving would save less than `cdnplan.optimize.serve.serving.NEAR_RATIO` on stays as it is.
    By the duals of the last program, all rows that were left out could save at most `LEFT_RATIO` of the
    cost together, unless it was number `MOST_ROUNDS`.

    Parameters
    ----------
    instance : Instance
    near : Serving
        May pass limits of pools, and of appliances.
    watched : Watched, optional
        Appliances that shall keep their limits. Default: those that the serving tells apart.

    Returns
    -------
    Serving
        With the same rows; the one given where no limit of pools is passed, and no row would gain by another
        way even if overloaded links had the price of overload.
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(near.ptr))
    ways = Ways.of(instance, region, near.mask, near.apart, watched)
    paths, now = ways.paths, choices_of(instance, ways, region, near)
    every = all_choices(instance, ways, region, near.mask, np.arange(region.size))
    load = paths.load(path_gb(paths, near.gb, now))
    moving = _cheapest_to_move(paths, near.gb, now, every, load)
    rebate = least_saving(paths, near.gb, now)
    enough = LEFT_RATIO * float(path_gb(paths, near.gb, now) @ paths.cost)
    overloaded = (load > paths.capacity[:, None] * (1 + _ROUNDING)) & ~paths.strict[:, None]
    toll = paths.tolls(np.where(overloaded, paths.overload_cost[:, None], 0.0))
    gain = _gains(paths.cost + toll, near.gb, now, every, rebate)
    moving[_entering(gain, FEWEST_ENTERING, enough)] = True
    if not moving.any():
        return near
    choices, basis = now, Basis()
    for _ in range(MOST_ROUNDS):
        stay, may = now.take(~moving[now.row]), every.take(moving[every.row])
        moved, duals = solve_program(
            paths,
            near.gb,
            may,
            paths.load(path_gb(paths, near.gb, stay)),
            stay=Stay(shares_in(now, may, paths.region.size), rebate),
            basis=basis,
        )
        choices = joined_choices(stay, moved)
        gain = _gains(paths.cost + paths.tolls(duals), near.gb, now, every, rebate)
        gain[moving] = 0.0
        if gain.sum() <= enough:
            break
        moving[_entering(gain, max(FEWEST_ENTERING, int(moving.sum())), enough)] = True
    choices = within_limits(paths, near.gb, choices)
    return serving_of(instance, ways, region, (near.ptr, near.mask, near.gb, near.apart), choices)


def _cheapest_to_move(paths: Paths, gb: Floats, now: Choices, every: Choices, load: Floats) -> Bools:
    """Rows whose moving costs least by Gbit/s, as many as amount to what is too much for strict limits."""
    excess = load - paths.capacity[:, None]
    excess[~paths.strict] = 0.0
    excess[excess <= _ROUNDING * paths.capacity[:, None]] = 0.0
    moving = np.zeros(gb.size, dtype=np.bool_)
    passed: Bools = np.asarray(excess.any(axis=1))
    if not passed.any():
        return moving
    crowded = np.zeros(paths.region.size, dtype=np.bool_)
    crowded[paths.use_path[passed[paths.use_limit]]] = True
    other = np.full(gb.size, np.inf)
    away = ~crowded[every.path]
    np.minimum.at(other, every.row[away], paths.cost[every.path[away]])
    there = np.flatnonzero(crowded[now.path])
    which, limit, weight = paths.uses(now.path[there])
    which, limit, weight = there[which[passed[limit]]], limit[passed[limit]], weight[passed[limit]]
    row, path = now.row[which], now.path[which]
    dearer = other[row] - paths.cost[path]
    for t in np.flatnonzero(excess.any(axis=0)).tolist():
        each = weight * paths.gbps_per_gb[paths.region[path], t]
        of_limit = np.flatnonzero((each > 0.0) & (excess[limit, t] > 0.0))
        order = of_limit[np.lexsort((dearer[of_limit] / each[of_limit], limit[of_limit]))]
        gbps = gb[row[order]] * now.share[which[order]] * each[order]
        moving[row[order[_before(limit[order], gbps) < excess[limit[order], t]]]] = True
    return moving


def _before(group: Ints, amount: Floats) -> Floats:
    """Sum of what comes before each entry in its group; groups follow one another."""
    total = np.cumsum(amount) - amount
    first = np.flatnonzero(np.diff(group, prepend=-1))
    return np.asarray(total - np.repeat(total[first], np.diff(np.append(first, group.size))))


def _entering(gain: Floats, most: int, enough: float) -> Ints:
    """Rows that gain most, no more than needed for the others to gain next to nothing together."""
    order = np.argsort(-gain, kind="stable")[: np.count_nonzero(gain)]
    others = float(gain.sum()) - np.cumsum(gain[order])
    needed = int(np.searchsorted(-others, -enough / 2.0)) + 1
    return order[: min(most, needed)]


def _gains(cost: Floats, gb: Floats, now: Choices, every: Choices, rebate: float) -> Floats:
    """What each row would save by moving to the path that is cheapest now, (n_rows,) [currency]."""
    best = np.full(gb.size, np.inf)
    np.minimum.at(best, every.row, cost[every.path])
    saved = np.maximum(0.0, cost[now.path] - rebate - best[now.row])
    return np.asarray(gb * np.bincount(now.row, now.share * saved, gb.size))
