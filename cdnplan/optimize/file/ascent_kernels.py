"""Lower bound of one file's facility location problem: dual ascent and dual adjustment [1]_.

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

from cdnplan.compiled import inlined, njit, part
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.file.problem_kernels import (
    N_CHUNKS,
    Duals,
    File,
    ask_for_file,
    opening_costs,
    room_for_duals,
    room_for_file,
)
from cdnplan.optimize.problem.arrays import Demand, Holding, Network

TIGHT = 1e-9
"""A slack of at most this part of the opening cost counts as used up."""
ADJUST_ROUNDS: Any = np.int64(3)
NONE: Any = np.int64(0)
ONE: Any = np.int64(1)
"""Numbers of regions; plain ones would have numba compile callees once more for the literals."""


@inlined
def start_duals(net: Network, file: File, duals: Duals) -> None:
    """Set each u to its region's lowest level, or the origin's if that is lower."""
    ptr, pools, costs, allowed = net.ptr, net.pools, net.costs, file.allowed
    v, cap, u, pos = file.v, file.cap, duals.u, duals.pos
    for r in file.active:
        j = ptr[r]
        while j < ptr[r + 1] and not allowed[pools[j]]:
            j += 1
        u[r] = cap[r]
        if j < ptr[r + 1] and v[r] * costs[j] < u[r]:
            u[r] = v[r] * costs[j]
        while j < ptr[r + 1] and (not allowed[pools[j]] or v[r] * costs[j] <= u[r]):
            j += 1
        pos[r] = j


@part
def ascend(net: Network, file: File, duals: Duals, todo: Ints, n_todo: int) -> float:
    """Raise the listed regions' u, each by at most one level a pass, as long as slacks allow.

    `todo` is used up; returns by how much u grew in all.
    """
    ptr, pools, costs, allowed = net.ptr, net.pools, net.costs, file.allowed
    v, cap, u, pos, slack = file.v, file.cap, duals.u, duals.pos, duals.slack
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


@inlined
def adjust(net: Network, file: File, duals: Duals, rounds: int) -> float:
    """Lower one region's u by a level where that frees two pools, let its neighbours rise, then itself.

    So for all regions, up to `rounds` times. The sum of u never falls: what neighbours do not use of the
    freed slack, the region takes back. Returns by how much u grew.
    """
    ptr, pools, costs, allowed = net.ptr, net.pools, net.costs, file.allowed
    v, u, pos, slack, opening = file.v, duals.u, duals.pos, duals.slack, file.opening
    pool_ptr, pool_region, todo, stamp = net.pool_ptr, net.pool_region, duals.todo, duals.stamp
    grown = 0.0
    mark = 0
    for _ in range(rounds):
        before = grown
        for r in file.active:
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
            risen = ascend(net, file, duals, todo, n_todo)
            todo[0] = r
            risen += ascend(net, file, duals, todo, ONE)
            grown += risen - drop
        if grown - before <= 1e-12 * abs(grown):
            break
    for r in file.active:
        stamp[r] = 0
    return grown


@part
def find_duals(net: Network, file: File, duals: Duals, rounds: int, constant: float) -> float:
    """Ascend from nothing and adjust so many times; returns the bound, and a constant that is part of it."""
    copy(file.opening, file.opening.size, duals.slack)
    start_duals(net, file, duals)
    copy(file.active, file.active.size, duals.todo)
    ascend(net, file, duals, duals.todo, file.active.size)
    adjust(net, file, duals, rounds)
    bound = constant
    for r in file.active:
        bound += duals.u[r]
    return bound


@njit(cache=True, nogil=True)
def solve_files(
    chunks: Ints, files: Ints32, demand: Demand, net: Network, holding: Holding, values: Floats
) -> None:
    """Bound every listed file's problem; `values[i]` is the result, constants and all."""
    n_regions, n_pools = net.origin.size, holding.store.size
    row_gb, gift = np.zeros(demand.n_rows), np.zeros(n_pools)
    room, duals = room_for_file(n_regions, n_pools), room_for_duals(n_regions, n_pools)
    for chunk in chunks:
        for i in range(chunk, files.size, N_CHUNKS):
            file = ask_for_file(files[i], demand, net.origin, row_gb, room)
            constant = opening_costs(files[i], holding, gift, file)
            values[i] = find_duals(net, file, duals, ADJUST_ROUNDS, constant)
