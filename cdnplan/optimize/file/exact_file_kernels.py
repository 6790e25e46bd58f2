"""The integer optimum of one file's facility location problem: branch and bound over its pools.

Each node is bounded by dual ascent (`ascent_kernels`), in large trees by adjustment too, as in DUALOC [1]_;
holders of its tight pools, bettered by adding and dropping, give plans. A pool whose slack, its reduced cost,
exceeds what is left between bound and best plan stays closed below the node. The search is depth first and
ends after a number of nodes; the smallest bound among nodes that are still open then bounds the whole.

References
----------
.. [1] D. Erlenkotter, "A Dual-Based Procedure for Uncapacitated Facility Location",
   Operations Research 26(6), 1978.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.file.ascent_kernels import ADJUST_ROUNDS, TIGHT, adjust, ascend, start_duals
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.file.file_kernels import (
    N_CHUNKS,
    add_pools,
    ask_for_file,
    drop_pools,
    open_cost,
    open_tight,
    opening_costs,
)

Array = Any

FREE, OPEN, CLOSED = 0, 1, 2
EXACT_RATIO = 1e-10
"""Nodes within this part of the best plan's cost are not searched."""
PLAIN_NODES = 100
"""So many nodes of a tree are bounded by dual ascent alone, those that follow by adjustment too."""


@njit(cache=True)
def keep_entries(
    v: Array, ptr: Array, pools: Array, costs: Array, origin: Array, allowed: Array, kept_ptr: Array,
    kept_pools: Array, kept_costs: Array,
) -> None:  # fmt: skip
    """Copy the entries that can matter: of regions with demand, allowed pools cheaper than the origin.

    Deep in the tree most pools are closed; everything below goes through the entries again and again.
    """
    n = 0
    for r in range(v.size):
        kept_ptr[r] = n
        if v[r] <= 0.0:
            continue
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= origin[r]:
                break
            if allowed[pools[j]]:
                kept_pools[n] = pools[j]
                kept_costs[n] = costs[j]
                n += 1
    kept_ptr[v.size] = n


@njit(cache=True)
def branching_pool(
    active: Array, n_active: int, v: Array, ptr: Array, pools: Array, costs: Array, state: Array,
    opening: Array, slack: Array, u: Array, pos: Array, weight: Array,
) -> int:  # fmt: skip
    """The undecided tight pool that regions pay most beside another one (-1: none): where duals err."""
    weight[:] = 0.0
    for i in range(n_active):
        r = active[i]
        paid = 0
        for j in range(ptr[r], pos[r]):
            p = pools[j]
            if state[p] != CLOSED and v[r] * costs[j] < u[r] and slack[p] <= TIGHT * opening[p]:
                paid += 1
        if paid < 2:
            continue
        for j in range(ptr[r], pos[r]):
            p = pools[j]
            if state[p] == FREE and v[r] * costs[j] < u[r] and slack[p] <= TIGHT * opening[p]:
                weight[p] += u[r] - v[r] * costs[j]
    best = -1
    for p in range(weight.size):
        if weight[p] > 0.0 and (best < 0 or weight[p] > weight[best]):
            best = p
    return best


# Part of its caller, the only one: each caller compiles all that it calls once more, and this calls much.
@njit(cache=True, inline="always")
def branch(
    active: Array, n_active: int, v: Array, cap: Array, all_ptr: Array, all_pools: Array,
    all_costs: Array, origin: Array, pool_ptr: Array, pool_region: Array, opening: Array, state: Array,
    best_open: Array, max_nodes: int, todo: Array, stamp: Array, u: Array, pos: Array,
) -> Any:  # fmt: skip
    """Search the tree below `state`; returns root bound, proven bound, cost of the best set, nodes.

    `state[p]` is `FREE`, `OPEN` (opening cost 0) or `CLOSED`; `best_open` is a set to begin with, and
    receives the best one found.
    """
    n_pools = opening.size
    depth_state = np.empty((n_pools + 2, n_pools), np.int8)
    depth_bound = np.empty(n_pools + 2)
    free_opening = opening.copy()
    slack = np.empty(n_pools)
    weight = np.empty(n_pools)
    allowed = np.empty(n_pools, np.bool_)
    fixed = np.empty(n_pools, np.bool_)
    is_open = np.empty(n_pools, np.bool_)
    ptr, pools, costs = np.empty_like(all_ptr), np.empty_like(all_pools), np.empty_like(all_costs)
    for p in range(n_pools):
        best_open[p] = state[p] == OPEN or (best_open[p] and state[p] == FREE)
    best = open_cost(active, n_active, v, all_ptr, all_pools, all_costs, origin, opening, best_open)
    copy(state, n_pools, depth_state[0])
    depth_bound[0] = -np.inf
    top = 1
    root, cut, nodes = 0.0, np.inf, 0
    while top > 0:
        top -= 1
        copy(depth_state[top], n_pools, state)
        if depth_bound[top] >= best - EXACT_RATIO * abs(best):
            continue
        if nodes >= max_nodes:
            cut = min(cut, depth_bound[top])
            continue
        nodes += 1
        constant = 0.0
        for p in range(n_pools):
            allowed[p] = state[p] != CLOSED
            fixed[p] = state[p] == OPEN
            free_opening[p] = opening[p]
            if fixed[p]:
                constant += opening[p]
                free_opening[p] = 0.0
        copy(free_opening, n_pools, slack)
        keep_entries(v, all_ptr, all_pools, all_costs, origin, allowed, ptr, pools, costs)
        start_duals(active, n_active, v, cap, ptr, pools, costs, allowed, u, pos)
        copy(active, n_active, todo)
        ascend(todo, n_active, v, cap, ptr, pools, costs, allowed, slack, u, pos)
        # In a small tree, branching costs less than adjustment.
        rounds = 0 if nodes <= PLAIN_NODES else ADJUST_ROUNDS
        adjust(
            active, n_active, v, cap, ptr, pools, costs, pool_ptr, pool_region, allowed, free_opening,
            slack, u, pos, todo, stamp, rounds,
        )  # fmt: skip
        own = constant
        for k in range(n_active):
            own += u[active[k]]
        bound = max(own, depth_bound[top])
        if nodes == 1:
            root = bound
        if bound >= best - EXACT_RATIO * abs(best):
            continue
        copy(fixed, n_pools, is_open)
        open_tight(active, n_active, pos, ptr, pools, allowed, slack, free_opening, is_open)
        add_pools(
            active, n_active, v, ptr, pools, costs, origin, pool_ptr, pool_region, free_opening, allowed,
            is_open, weight,
        )  # fmt: skip
        drop_pools(
            active, n_active, v, ptr, pools, costs, origin, pool_ptr, pool_region, free_opening, fixed,
            is_open, weight,
        )  # fmt: skip
        cost = open_cost(active, n_active, v, ptr, pools, costs, origin, opening, is_open)
        if cost < best:
            best = cost
            copy(is_open, n_pools, best_open)
            if bound >= best - EXACT_RATIO * abs(best):
                continue
        # Slacks go with the duals of this node: with a better bound from above they would prove too much.
        for p in range(n_pools):
            if state[p] == FREE and slack[p] > best - own:
                state[p] = CLOSED
        p = branching_pool(active, n_active, v, ptr, pools, costs, state, free_opening, slack, u, pos, weight)
        if p < 0:
            # The duals are settled but the set found is not their match: any pool still undecided.
            for q in range(n_pools):
                if state[q] == FREE and (p < 0 or slack[q] < slack[p]):
                    p = q
        if p < 0:
            # Everything is decided: the plan of the decided pools is the best below.
            for q in range(n_pools):
                is_open[q] = state[q] == OPEN
            cost = open_cost(active, n_active, v, ptr, pools, costs, origin, opening, is_open)
            if cost < best:
                best = cost
                copy(is_open, n_pools, best_open)
            continue
        likely = OPEN if is_open[p] else CLOSED
        depth_bound[top] = bound
        depth_bound[top + 1] = bound
        state[p] = CLOSED if likely == OPEN else OPEN
        copy(state, n_pools, depth_state[top])
        state[p] = likely
        copy(state, n_pools, depth_state[top + 1])
        top += 2
    return root, min(cut, best), best, nodes


@njit(cache=True, nogil=True)
def solve_files_exactly(
    chunks: Array, files: Array, max_nodes: int, region_row: Array, region_share: Array, file_ptr: Array,
    file_row: Array, file_gb: Array, n_rows: int, ptr: Array, pools: Array, costs: Array, origin: Array,
    pool_ptr: Array, pool_region: Array, size: Array, store: Array, new: Array, copies: Array,
    held: Array, pinned: Array, reward_ptr: Array, reward_pool: Array, reward: Array, ascent: Array,
    values: Array, primal_cost: Array, nodes: Array, holds: Array,
) -> None:  # fmt: skip
    """Solve every listed file's problem by branch and bound.

    Results: `ascent[i]` the bound at the root, `values[i]` the proven bound, `primal_cost[i]` the cost of
    the holders found, `nodes[i]` the nodes searched, `holds[f, p]` the holders, before that a guess at them.
    """
    n_regions, n_pools = region_row.size, store.size
    n_files = files.size
    for chunk in chunks:
        row_gb = np.zeros(n_rows)
        active = np.empty(n_regions, np.int64)
        todo = np.empty(n_regions, np.int64)
        stamp = np.zeros(n_regions, np.int64)
        v = np.zeros(n_regions)
        cap = np.zeros(n_regions)
        u = np.zeros(n_regions)
        pos = np.zeros(n_regions, np.int64)
        opening = np.zeros(n_pools)
        gift = np.zeros(n_pools)
        allowed = np.zeros(n_pools, np.bool_)
        fixed = np.zeros(n_pools, np.bool_)
        is_open = np.zeros(n_pools, np.bool_)
        state = np.zeros(n_pools, np.int8)
        for i in range(chunk, n_files, N_CHUNKS):
            f = files[i]
            n_active = ask_for_file(
                f, region_row, region_share, file_ptr, file_row, file_gb, origin, row_gb, v, cap, active
            )  # fmt: skip
            constant = opening_costs(
                f, size[f], store, new, copies, held, pinned, reward_ptr, reward_pool, reward, gift,
                opening, allowed, fixed,
            )  # fmt: skip
            for p in range(n_pools):
                state[p] = CLOSED
                if fixed[p]:
                    state[p] = OPEN
                elif allowed[p]:
                    state[p] = FREE
            copy(holds[f], n_pools, is_open)
            root, bound, best, count = branch(
                active, n_active, v, cap, ptr, pools, costs, origin, pool_ptr, pool_region, opening, state,
                is_open, max_nodes, todo, stamp, u, pos,
            )  # fmt: skip
            ascent[i] = constant + root
            values[i] = constant + bound
            primal_cost[i] = constant + best
            nodes[i] = count
            for p in range(n_pools):
                holds[f, p] = is_open[p]
