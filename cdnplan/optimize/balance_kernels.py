"""Compiled loops of the price search: Newton steps on the prices of Gbit/s after a batch of files.

A batch is followed by a few steps on all prices of throughput and links. On small networks there are a
thousand batches a second, and these loops over regions and their candidates are all there is between them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cdnplan.compiled import njit, part

Array = Any
"""A numpy array; kernels compile for the types they are called with."""


class Paths(NamedTuple):
    """Candidates of regions, and the limits of Gbit/s on their paths; see `Instance`.

    `rate` is Gbit/s for each GB, (n_regions, n_slices); `response` has a matrix for each region at
    `response_ptr`, see `ResponseLayout`. Limits are those of pools by slice, then of links by slice.
    """

    ptr: Array
    pool: Array
    link_ptr: Array
    link: Array
    origin_link_ptr: Array
    origin_link: Array
    rate: Array
    response_ptr: Array
    response: Array


@part
def _on_links(link: Array, start: int, end: int, rate: Array, r: int, n_pools: int, toll: Array) -> float:
    """Prices of the links ``link[start:end]`` for a GB of a region."""
    paid, slices = 0.0, rate.shape[1]
    for k in range(start, end):
        at = (n_pools + link[k]) * slices
        on_link = 0.0
        for t in range(slices):
            on_link += rate[r, t] * toll[at + t]
        paid += on_link
    return paid


@part
def add_tolls(paths: Paths, n_pools: int, toll: Array, cost: Array) -> None:
    """Add the prices of limits on the way to costs: of entries, then of regions' origins; in place."""
    # Fields are taken out of the tuple once, here and below: each access costs time to compile.
    ptr, pool, rate = paths.ptr, paths.pool, paths.rate
    link_ptr, link, origin_ptr, origin_link = (
        paths.link_ptr, paths.link, paths.origin_link_ptr, paths.origin_link,
    )  # fmt: skip
    n_cand, slices = pool.size, rate.shape[1]
    for r in range(ptr.size - 1):
        for j in range(ptr[r], ptr[r + 1]):
            at_pool = pool[j] * slices
            paid = 0.0
            for t in range(slices):
                paid += rate[r, t] * toll[at_pool + t]
            cost[j] += paid
            cost[j] += _on_links(link, link_ptr[j], link_ptr[j + 1], rate, r, n_pools, toll)
        cost[n_cand + r] += _on_links(origin_link, origin_ptr[r], origin_ptr[r + 1], rate, r, n_pools, toll)


@part
def predict(ptr: Array, response_ptr: Array, response: Array, rise: Array, served: Array, out: Array) -> None:
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
def add_use(paths: Paths, n_pools: int, served: Array, use: Array, from_origin: Array) -> None:
    """Add what is used of every limit [Gbit/s]; what regions take from the origin is summed on its own."""
    ptr, pool, rate = paths.ptr, paths.pool, paths.rate
    link_ptr, link, origin_ptr, origin_link = (
        paths.link_ptr, paths.link, paths.origin_link_ptr, paths.origin_link,
    )  # fmt: skip
    n_cand, slices = pool.size, rate.shape[1]
    for r in range(ptr.size - 1):
        for t in range(slices):
            for j in range(ptr[r], ptr[r + 1]):
                flow = served[j] * rate[r, t]
                use[pool[j] * slices + t] += flow
                for k in range(link_ptr[j], link_ptr[j + 1]):
                    use[(n_pools + link[k]) * slices + t] += flow
            flow = served[n_cand + r] * rate[r, t]
            for k in range(origin_ptr[r], origin_ptr[r + 1]):
                from_origin[(n_pools + origin_link[k]) * slices + t] += flow


@njit(cache=True)
def newton_steps(
    steps: int, paths: Paths, n_pools: int, base: Array, before: Array, served: Array, heat: float,
    limit: Array, cap: Array, slope: Array, damping: float, momentum: float, farthest: Array, toll: Array,
    speed: Array,
) -> None:  # fmt: skip
    """Move the prices of Gbit/s, in place, so that loads carried forward to them meet the limits.

    Parameters
    ----------
    steps : int
    paths : Paths
    n_pools : int
    base, before : (n_cand + n_regions,) float64
        Costs without prices, and those at which `served` was found [currency/GB].
    served : (n_cand + n_regions,) float64
        By entry, then from the origin by region [GB].
    heat : float
        [currency/GB]
    limit, cap : (n_limits,) float64
        Limits, 0 where there is none; the largest price, 0 where there is no limit.
    slope : (n_limits,) float64
        By how much the use of each limit falls as prices rise, > 0.
    damping, momentum : float
        Part of the full step, and of its speed that a price keeps.
    farthest : (n_limits,) float64
        The longest step.
    toll, speed : (n_limits,) float64
        Prices and their speed.
    """
    cost, now = np.empty(base.size), np.empty(base.size)
    for _ in range(steps):
        for i in range(cost.size):
            cost[i] = base[i]
        add_tolls(paths, n_pools, toll, cost)
        for i in range(cost.size):
            cost[i] = (cost[i] - before[i]) / heat
        predict(paths.ptr, paths.response_ptr, paths.response, cost, served, now)
        use, from_origin = np.zeros(toll.size), np.zeros(toll.size)
        add_use(paths, n_pools, now, use, from_origin)
        for i in range(toll.size):
            step = damping * (use[i] + from_origin[i] - limit[i]) / slope[i]
            kept = momentum * speed[i] if step * speed[i] > 0 else 0.0
            speed[i] = min(max(kept + step, -farthest[i]), farthest[i])
            toll[i] = min(max(toll[i] + speed[i], 0.0), cap[i])
