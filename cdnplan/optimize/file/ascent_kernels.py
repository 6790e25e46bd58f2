"""Lower bound of one file's facility location problem (UFL): dual ascent and dual adjustment [1]_.

A feasible solution of the dual of the LP relaxation: u[r] for each region, with what it offers beyond each
pool's level, max(0, u[r] - level[r, p]), paid out of that pool's slack. The bound is the sum of u. All
functions keep it feasible, so the bound is valid wherever they stop.

References
----------
.. [1] D. Erlenkotter, "A Dual-Based Procedure for Uncapacitated Facility Location",
   Operations Research 26(6), 1978.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit

Array = Any

TIGHT = 1e-9
"""A slack of at most this part of the opening cost counts as used up."""
ADJUST_ROUNDS: Any = np.int64(3)
NONE: Any = np.int64(0)
ONE: Any = np.int64(1)
"""Numbers of regions; plain ones would have numba compile callees once more for the literals."""


@njit(cache=True)
def start_duals(
    active: Array, n_active: int, v: Array, cap: Array, ptr: Array, pools: Array, costs: Array,
    allowed: Array, u: Array, pos: Array,
) -> None:  # fmt: skip
    """Set each u to its region's lowest level, or the origin's if that is lower.

    `active[:n_active]` are the regions with demand, increasing; `pools`, `costs` the entries of each
    region by increasing cost; `pos[r]` is where entries with a level above u[r] begin.
    """
    for i in range(n_active):
        r = active[i]
        j = ptr[r]
        while j < ptr[r + 1] and not allowed[pools[j]]:
            j += 1
        u[r] = cap[r]
        if j < ptr[r + 1] and v[r] * costs[j] < u[r]:
            u[r] = v[r] * costs[j]
        while j < ptr[r + 1] and (not allowed[pools[j]] or v[r] * costs[j] <= u[r]):
            j += 1
        pos[r] = j


@njit(cache=True)
def ascend(
    todo: Array, n_todo: int, v: Array, cap: Array, ptr: Array, pools: Array, costs: Array,
    allowed: Array, slack: Array, u: Array, pos: Array,
) -> float:  # fmt: skip
    """Raise the listed regions' u, each by at most one level a pass, as long as slacks allow.

    `todo` is used up; returns by how much u grew in all.
    """
    grown = 0.0
    while n_todo > 0:
        kept = 0
        for i in range(n_todo):
            r = todo[i]
            target = cap[r]
            if pos[r] < ptr[r + 1] and v[r] * costs[pos[r]] < target:
                target = v[r] * costs[pos[r]]
            whole = target - u[r]
            step = whole
            for j in range(ptr[r], pos[r]):
                if allowed[pools[j]] and slack[pools[j]] < step:
                    step = slack[pools[j]]
            if step <= 0.0:
                continue
            for j in range(ptr[r], pos[r]):
                if allowed[pools[j]]:
                    slack[pools[j]] -= step
            grown += step
            if step == whole:  # exactly: rounding must not make a level of its own
                u[r] = target
                j = pos[r]
                while j < ptr[r + 1] and (not allowed[pools[j]] or v[r] * costs[j] <= target):
                    j += 1
                pos[r] = j
            else:
                u[r] += step
            todo[kept] = r
            kept += 1
        n_todo = kept
    return grown


@njit(cache=True)
def adjust(
    active: Array, n_active: int, v: Array, cap: Array, ptr: Array, pools: Array, costs: Array,
    pool_ptr: Array, pool_region: Array, allowed: Array, opening: Array, slack: Array, u: Array,
    pos: Array, todo: Array, stamp: Array, rounds: int,
) -> float:  # fmt: skip
    """Lower one region's u by a level where that frees two pools, let its neighbours rise, then itself.

    So for all regions, up to `rounds` times. The sum of u never falls: what neighbours do not use of the
    freed slack, the region takes back.
    `todo` and `stamp` (zeros) are scratch of the length of the regions; returns by how much u grew.
    """
    grown = 0.0
    mark = 0
    for _ in range(rounds):
        before = grown
        for i in range(n_active):
            r = active[i]
            # A region that pays for two pools without slack: then the duals may not be optimal yet.
            blocked, lower = 0, -np.inf
            for j in range(ptr[r], pos[r]):
                p, level = pools[j], v[r] * costs[j]
                if allowed[p] and level < u[r]:
                    lower = max(lower, level)
                    if slack[p] <= TIGHT * opening[p]:
                        blocked += 1
            if blocked < 2:
                continue
            drop = u[r] - lower
            mark += 1
            n_todo = NONE
            for j in range(ptr[r], pos[r]):
                p = pools[j]
                if not allowed[p] or v[r] * costs[j] >= u[r]:
                    continue
                if slack[p] <= TIGHT * opening[p]:
                    for k in range(pool_ptr[p], pool_ptr[p + 1]):
                        other = pool_region[k]
                        if other != r and v[other] > 0.0 and stamp[other] != mark:
                            stamp[other] = mark
                            todo[n_todo] = other
                            n_todo += 1
                slack[p] += drop
            u[r] = lower
            j = ptr[r]
            while j < ptr[r + 1] and (not allowed[pools[j]] or v[r] * costs[j] <= lower):
                j += 1
            pos[r] = j
            risen = ascend(todo, n_todo, v, cap, ptr, pools, costs, allowed, slack, u, pos)
            todo[0] = r
            risen += ascend(todo, ONE, v, cap, ptr, pools, costs, allowed, slack, u, pos)
            grown += risen - drop
        if grown - before <= 1e-12 * abs(grown):
            break
    for i in range(n_active):
        stamp[active[i]] = 0
    return grown
