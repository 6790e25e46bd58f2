"""Compiled loops of the price search: the prices of Gbit/s after a batch of files.

A batch is followed by a few Newton steps on all prices of throughput and links. On small networks there are
a thousand batches a second, and these loops over regions and their candidates are most of what is between.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.problem.arrays import Bools, RateUse


class Paths(NamedTuple):
    """Candidates of regions, the limits of rates that paths use, and how loads respond.

    `response` has a matrix for each region at `response_ptr`, see `ResponseLayout`. Limits are rate rows by
    slice.
    """

    ptr: Ints
    rates: RateUse
    response_ptr: Ints
    response: Floats


class Steps(NamedTuple):
    """Newton's steps.

    Parameters
    ----------
    number : int
    damping, momentum : float
        Part of the full step, and of its speed that a price keeps.
    nearly_full : float
        Regions are soft where a limit on their way has a price or is used beyond this part of it.
    """

    number: int
    damping: float
    momentum: float
    nearly_full: float


class Limits(NamedTuple):
    """Limits of rates.

    Parameters
    ----------
    limit, cap : (n_limits,) float64
        Limits, inf where there is none; the largest price.
    stiff : (n_limits,) float64
        By how much the use of each limit falls at least as its price rises.
    farthest : (n_limits,) float64
        The longest step, in heats.
    """

    limit: Floats
    cap: Floats
    stiff: Floats
    farthest: Floats


class Served(NamedTuple):
    """What was served, and at which costs; all by entry, then from the origin by region.

    Parameters
    ----------
    base, before : (n_cand + n_regions,) float64
        Costs without prices, and those at which `gb` was found [currency/GB].
    gb : (n_cand + n_regions,) float64
    heat : float
        [currency/GB]
    """

    base: Floats
    before: Floats
    gb: Floats
    heat: float


class Moved(NamedTuple):
    """What `balance` moves and sets.

    Parameters
    ----------
    toll, speed : (n_limits,) float64
        Prices and their speed, both moved.
    soft : (n_regions,) bool
        Set: regions whose requests are to be spread.
    use : (n_limits,) float64
        Set: what is used of each limit before prices move.
    cost : (n_cand + n_regions,) float64
        Set: costs at the new prices.
    """

    toll: Floats
    speed: Floats
    soft: Bools
    use: Floats
    cost: Floats


@part
def _on_path(i: int, r: int, rates: RateUse, toll: Floats) -> float:
    """Prices of the limits on path i, for a GB of region r."""
    # Fields are taken out of the tuple once, here and below: each access costs time to compile.
    row, weight, rate = rates.row, rates.weight, rates.rate
    paid, slices = 0.0, rate.shape[1]
    for k in range(rates.ptr[i], rates.ptr[i + 1]):
        at, on_limit = row[k] * slices, 0.0
        for t in range(slices):
            on_limit += rate[r, t] * toll[at + t]
        paid += weight[k] * on_limit
    return paid


@part
def add_tolls(paths: Paths, toll: Floats, cost: Floats) -> None:
    """Add the prices of limits on the way to costs: of entries, then of regions' origins; in place."""
    ptr, rates = paths.ptr, paths.rates
    n_cand = ptr[ptr.size - 1]
    for r in range(ptr.size - 1):
        for j in range(ptr[r], ptr[r + 1]):
            cost[j] += _on_path(j, r, rates, toll)
        cost[n_cand + r] += _on_path(n_cand + r, r, rates, toll)


@part
def predict(
    ptr: Ints, response_ptr: Ints, response: Floats, rise: Floats, served: Floats, out: Floats
) -> None:
    """Served GB after costs have risen: `rise` over heat, in the order of `served`."""
    n_cand = ptr[ptr.size - 1]
    for r in range(ptr.size - 1):
        start, width = ptr[r], ptr[r + 1] - ptr[r]
        first = response_ptr[r]
        diagonal = response_ptr[r + 1] - first == width + 1
        for a in range(width + 1):
            at = start + a if a < width else n_cand + r
            if diagonal:
                out[at] = served[at] - response[first + a] * rise[at]
                continue
            row = first + a * (width + 1)
            change = response[row + width] * rise[n_cand + r]
            for b in range(width):
                change += response[row + b] * rise[start + b]
            out[at] = served[at] - change


@part
def _use_path(i: int, r: int, gb: float, rates: RateUse, use: Floats) -> None:
    """Add what so many GB of region r use of the limits on path i."""
    row, weight, rate = rates.row, rates.weight, rates.rate
    slices = rate.shape[1]
    for k in range(rates.ptr[i], rates.ptr[i + 1]):
        at, flow = row[k] * slices, gb * weight[k]
        for t in range(slices):
            use[at + t] += flow * rate[r, t]


@part
def add_use(paths: Paths, served: Floats, use: Floats) -> None:
    """Add what is used of every limit."""
    ptr, rates = paths.ptr, paths.rates
    n_cand = ptr[ptr.size - 1]
    for r in range(ptr.size - 1):
        for j in range(ptr[r], ptr[r + 1]):
            _use_path(j, r, served[j], rates, use)
        _use_path(n_cand + r, r, served[n_cand + r], rates, use)


@part
def newton_step(
    how: Steps, paths: Paths, limits: Limits, served: Served, fall: Floats, toll: Floats, speed: Floats
) -> None:
    """Move prices and their speed, in place, by a step; `fall` is how much use falls as prices rise."""
    limit, farthest, heat = limits.limit, limits.farthest, served.heat
    cost, now = np.empty(served.base.size), np.empty(served.base.size)
    for i in range(cost.size):
        cost[i] = served.base[i]
    add_tolls(paths, toll, cost)
    for i in range(cost.size):
        cost[i] = (cost[i] - served.before[i]) / heat
    predict(paths.ptr, paths.response_ptr, paths.response, cost, served.gb, now)
    use = np.zeros(toll.size)
    add_use(paths, now, use)
    for i in range(toll.size):
        if limit[i] == np.inf:
            continue
        step = how.damping * (use[i] - limit[i]) / fall[i]
        kept = how.momentum * speed[i] if step * speed[i] > 0 else 0.0
        speed[i] = min(max(kept + step, -farthest[i] * heat), farthest[i] * heat)
        toll[i] = min(max(toll[i] + speed[i], 0.0), limits.cap[i])


@part
def own_response(ptr: Ints, response_ptr: Ints, response: Floats, out: Floats) -> None:
    """Multiply numbers of entries, then of regions' origins, by how their own loads respond; in place."""
    n_cand = ptr[ptr.size - 1]
    for r in range(ptr.size - 1):
        start, width = ptr[r], ptr[r + 1] - ptr[r]
        first = response_ptr[r]
        step = 1 if response_ptr[r + 1] - first == width + 1 else width + 2
        for a in range(width):
            out[start + a] *= response[first + a * step]
        out[n_cand + r] *= response[first + width * step]


@part
def falls(paths: Paths, moving: Floats, fall: Floats) -> None:
    """Add by how much the use of every limit falls, times heat, when all moving prices rise alike.

    Steps of all limits at once do not overshoot if each counts on the others of its paths, and on the other
    slices, to move as well. `moving` is 1 for limits whose price may move, else 0.
    """
    weighted = np.zeros(paths.rates.ptr.size - 1)
    add_tolls(paths, moving, weighted)
    own_response(paths.ptr, paths.response_ptr, paths.response, weighted)
    add_use(paths, weighted, fall)


@part
def touch(paths: Paths, near: Floats, soft: Bools) -> None:
    """Tell which regions use limits: those whose costs the prices `near` would change."""
    ptr = paths.ptr
    n_cand = ptr[ptr.size - 1]
    paid = np.zeros(n_cand + ptr.size - 1)
    add_tolls(paths, near, paid)
    for r in range(ptr.size - 1):
        soft[r] = paid[n_cand + r] > 0.0
        for j in range(ptr[r], ptr[r + 1]):
            soft[r] = soft[r] or paid[j] > 0.0


@njit(cache=True)
def balance(how: Steps, paths: Paths, limits: Limits, served: Served, moved: Moved) -> None:
    """Move the prices of Gbit/s by Newton's method, so that loads carried forward to them meet the limits."""
    toll, use, cost, limit, heat = moved.toll, moved.use, moved.cost, limits.limit, served.heat
    n = toll.size
    moving, near = np.zeros(n), np.zeros(n)
    for i in range(n):
        use[i] = 0.0
    add_use(paths, served.gb, use)
    limited = False
    for i in range(n):
        if limit[i] < np.inf:
            limited = True
            near[i] = 1.0 if toll[i] > 0.0 or use[i] > how.nearly_full * limit[i] else 0.0
            moving[i] = 1.0 if toll[i] > 0.0 or use[i] > limit[i] else 0.0
    touch(paths, near, moved.soft)
    if limited:
        fall = np.zeros(n)
        falls(paths, moving, fall)
        for i in range(n):
            fall[i] = max(fall[i] / heat + limits.stiff[i], 1e-300)
        for _ in range(how.number):
            newton_step(how, paths, limits, served, fall, toll, moved.speed)
    for i in range(cost.size):
        cost[i] = served.base[i]
    add_tolls(paths, toll, cost)
