"""Holders of single files where dual ascent and one round of exchanges leave much: a thorough look.

Shares of the relaxation (`volume_kernels`) are rounded in several ways, each set of holders is bettered, and
so are those from dual ascent and those that the file has already; the cheapest stay.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.file.ascent_kernels import ADJUST_ROUNDS, adjust, ascend, start_duals
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.file.exchange_kernels import exchange_pools
from cdnplan.optimize.file.file_kernels import open_cost, open_tight
from cdnplan.optimize.file.move_kernels import move_pools
from cdnplan.optimize.file.volume_kernels import raise_by_volume

Array = Any

ROUNDED_AT = np.array([0.01, 0.3, 0.5, 0.7])
"""Pools open whose share is at least that."""
NO_GAP = 1e-9
"""Holders that cost no more than this part above the bound are optimal."""


# Part of its caller, the only one: each caller compiles all that it calls once more, and this calls much.
@njit(cache=True, inline="always")
def seek_holders(
    steps: int, active: Array, n_active: int, v: Array, cap: Array, ptr: Array, pools: Array, costs: Array,
    origin: Array, toll: Array, pool_ptr: Array, pool_region: Array, opening: Array, allowed: Array,
    fixed: Array, before: Array, is_open: Array,
) -> None:  # fmt: skip
    """Find holders of a file from nothing and from those it has (`before`), by so many steps of volume."""
    n_regions, n_pools = v.size, opening.size
    u, pos, todo = np.zeros(n_regions), np.zeros(n_regions, np.int64), active.copy()
    slack, share, best = opening.copy(), np.zeros(n_pools), np.inf
    start_duals(active, n_active, v, cap, ptr, pools, costs, allowed, u, pos)
    ascend(todo, n_active, v, cap, ptr, pools, costs, allowed, slack, u, pos)
    stamp = np.zeros(n_regions, np.int64)
    adjust(
        active, n_active, v, cap, ptr, pools, costs, pool_ptr, pool_region, allowed, opening, slack, u, pos,
        todo, stamp, ADJUST_ROUNDS,
    )  # fmt: skip
    bound = 0.0
    for i in range(n_active):
        bound += u[active[i]]
    tried = fixed.copy()
    gain, worth, relief = np.zeros(n_pools), np.zeros(n_pools), np.zeros(n_pools)
    order = np.empty(n_pools, np.int64)
    first, second = np.empty(n_regions, np.int64), np.empty(n_regions, np.int64)
    open_tight(active, n_active, pos, ptr, pools, allowed, slack, opening, tried)
    for number in range(ROUNDED_AT.size + 2):
        if number == 1:
            for p in range(n_pools):
                tried[p] = fixed[p] or (before[p] and allowed[p])
        elif number > 1:
            at = ROUNDED_AT[number - 2]
            for p in range(n_pools):
                tried[p] = fixed[p] or (allowed[p] and share[p] >= at)
        move_pools(
            active, n_active, v, ptr, pools, costs, origin, pool_ptr, pool_region, opening, allowed, fixed,
            toll, 0.0, tried, before, gain, worth, order, first, second,
        )  # fmt: skip
        exchange_pools(
            active, n_active, v, ptr, pools, costs, origin, toll, pool_ptr, pool_region, opening, allowed,
            fixed, tried, first, second, worth, relief, order,
        )  # fmt: skip
        cost = open_cost(active, n_active, v, ptr, pools, costs, origin, opening, tried)
        if cost < best:
            best = cost
            copy(tried, n_pools, is_open)
        if number == 1:
            if best - bound <= NO_GAP * best:
                return
            raise_by_volume(
                steps, active, n_active, v, cap, ptr, pools, costs, opening, allowed, u, share
            )  # fmt: skip
