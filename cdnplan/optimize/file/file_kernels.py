"""The problem of one file under prices: an uncapacitated facility location problem (UFL).

Its set-up, a lower bound (`ascent_kernels`), and how a set of holders is improved by dropping and adding
pools. Files are independent: they are solved on threads, in a fixed number of chunks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.file.ascent_kernels import ADJUST_ROUNDS, adjust, ascend, start_duals
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.order_kernels import increasing

N_CHUNKS = 32
"""Chunks of files; a constant, so that sums do not depend on the number of threads."""

Array = Any


@njit(cache=True)
def open_tight(
    active: Array, n_active: int, pos: Array, ptr: Array, pools: Array, allowed: Array, slack: Array,
    opening: Array, is_open: Array,
) -> None:  # fmt: skip
    """Open, for each region that has none yet, the cheapest tight pool that it pays for."""
    for i in range(n_active):
        r = active[i]
        choice = -1
        for j in range(ptr[r], pos[r]):
            p = pools[j]
            if not allowed[p]:
                continue
            if is_open[p]:
                choice = -1
                break
            if choice < 0 and slack[p] <= 1e-9 * opening[p]:
                choice = p
        if choice >= 0:
            is_open[choice] = True


@njit(cache=True)
def cheapest_two(r: int, ptr: Array, pools: Array, costs: Array, is_open: Array, origin: float) -> Any:
    """Entry of the cheapest open pool of a region (-1: the origin), its cost, and the second best cost."""
    first, cost, second = -1, origin, np.inf
    for j in range(ptr[r], ptr[r + 1]):
        if costs[j] >= origin:
            break
        if is_open[pools[j]]:
            if first < 0:
                first, cost, second = j, costs[j], origin
            else:
                second = costs[j]
                break
    return first, cost, second


@njit(cache=True)
def open_cost(
    active: Array, n_active: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    opening: Array, is_open: Array,
) -> float:  # fmt: skip
    """Opening costs of the open pools, and serving each region by its cheapest one."""
    total = 0.0
    for p in range(is_open.size):
        if is_open[p]:
            total += opening[p]
    for i in range(n_active):
        r = active[i]
        _, cost, _ = cheapest_two(r, ptr, pools, costs, is_open, origin[r])
        total += v[r] * cost
    return total


@njit(cache=True)
def drop_pools(
    active: Array, n_active: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    pool_ptr: Array, pool_region: Array, opening: Array, fixed: Array, is_open: Array, worth: Array,
) -> None:  # fmt: skip
    """Close, in order of worth less opening cost, pools that cost more than they save.

    What a pool saves only grows as others close, so one look at those worth too little is enough.
    """
    worth[:] = 0.0
    for i in range(n_active):
        r = active[i]
        first, cost, second = cheapest_two(r, ptr, pools, costs, is_open, origin[r])
        if first >= 0:
            worth[pools[first]] += v[r] * (second - cost)
    n_poor = 0
    order = np.empty(is_open.size, np.int64)
    for p in range(is_open.size):
        if is_open[p] and not fixed[p] and worth[p] <= opening[p]:
            order[n_poor] = p
            n_poor += 1
    poor = order[:n_poor]
    for p in poor[increasing(worth[poor] - opening[poor])]:
        loss = drop_loss(p, v, ptr, pools, costs, origin, pool_ptr, pool_region, is_open)
        if loss <= opening[p]:
            is_open[p] = False


@njit(cache=True)
def drop_loss(
    p: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, is_open: Array,
) -> float:  # fmt: skip
    """What closing an open pool would add to the serving cost of its regions."""
    loss = 0.0
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        if v[r] > 0.0:
            first, cost, second = cheapest_two(r, ptr, pools, costs, is_open, origin[r])
            if first >= 0 and pools[first] == p:
                loss += v[r] * (second - cost)
    return loss


@njit(cache=True)
def add_gain(
    p: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, is_open: Array,
) -> float:  # fmt: skip
    """What opening a closed pool would take off the serving cost of its regions."""
    gain = 0.0
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        if v[r] > 0.0:
            for j in range(ptr[r], ptr[r + 1]):
                if costs[j] >= origin[r] or is_open[pools[j]]:
                    break
                if pools[j] == p:
                    now = origin[r]
                    for k in range(j + 1, ptr[r + 1]):
                        if is_open[pools[k]]:
                            now = min(now, costs[k])
                            break
                    gain += v[r] * (now - costs[j])
                    break
    return gain


@njit(cache=True)
def add_pools(
    active: Array, n_active: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    pool_ptr: Array, pool_region: Array, opening: Array, allowed: Array, is_open: Array, worth: Array,
) -> None:  # fmt: skip
    """Open, in order of gain, closed pools that save more than they cost.

    What a pool would save only shrinks as others open, so one look at those worth enough is enough.
    """
    worth[:] = 0.0
    for i in range(n_active):
        r = active[i]
        _, now, _ = cheapest_two(r, ptr, pools, costs, is_open, origin[r])
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= now:
                break
            worth[pools[j]] += v[r] * (now - costs[j])
    n_better = 0
    order = np.empty(is_open.size, np.int64)
    for p in range(is_open.size):
        if allowed[p] and not is_open[p] and worth[p] > opening[p]:
            order[n_better] = p
            n_better += 1
    better = order[:n_better]
    for p in better[increasing(opening[better] - worth[better])]:
        gain = add_gain(p, v, ptr, pools, costs, origin, pool_ptr, pool_region, is_open)
        if gain > opening[p]:
            is_open[p] = True


@njit(cache=True)
def opening_costs(
    f: int, size: float, store: Array, new: Array, copies: Array, held: Array, pinned: Array,
    reward_ptr: Array, reward_pool: Array, reward: Array, gift: Array, opening: Array, allowed: Array,
    fixed: Array,
) -> float:  # fmt: skip
    """Opening costs F[f, p]; returns the constant of pools open in any case (docs/bound.md, step 1).

    `gift` is scratch: zeros, and zeros again afterwards.
    """
    for i in range(reward_ptr[f], reward_ptr[f + 1]):
        gift[reward_pool[i]] += reward[i]
    constant = 0.0
    for p in range(store.size):
        k = np.int64(copies[f, p])
        allowed[p] = k > 0
        fixed[p] = False
        opening[p] = 0.0
        if k == 0:
            continue
        fresh = max(0, k - np.int64(held[f, p]))
        cost = size * (store[p] * k + new[p] * fresh) - gift[p]
        if pinned[f, p] or cost < 0.0:
            constant += cost
            fixed[p] = True
        else:
            opening[p] = cost
    for i in range(reward_ptr[f], reward_ptr[f + 1]):
        gift[reward_pool[i]] = 0.0
    return constant


@njit(cache=True)
def ask_for_file(
    f: int, region_row: Array, region_share: Array, file_ptr: Array, file_row: Array, file_gb: Array,
    origin: Array, row_gb: Array, v: Array, cap: Array, active: Array,
) -> int:  # fmt: skip
    """Spread a file's demand over the regions: `v`, `cap` (all of it from the origin) and the `active` ones.

    Returns how many are active. `row_gb` is scratch: zeros, and zeros again afterwards.
    """
    for k in range(file_ptr[f], file_ptr[f + 1]):
        row_gb[file_row[k]] = file_gb[k]
    n_active = 0
    for r in range(region_row.size):
        gb = region_share[r] * row_gb[region_row[r]]
        v[r] = gb
        if gb > 0.0:
            active[n_active] = r
            n_active += 1
            cap[r] = gb * origin[r]
    for k in range(file_ptr[f], file_ptr[f + 1]):
        row_gb[file_row[k]] = 0.0
    return n_active


@njit(cache=True, nogil=True)
def solve_files(
    chunks: Array, files: Array, region_row: Array, region_share: Array, file_ptr: Array, file_row: Array,
    file_gb: Array, n_rows: int, ptr: Array, pools: Array, costs: Array, origin: Array,
    pool_ptr: Array, pool_region: Array, size: Array, store: Array, new: Array, copies: Array,
    held: Array, pinned: Array, reward_ptr: Array, reward_pool: Array, reward: Array, values: Array,
) -> None:  # fmt: skip
    """Bound every listed file's problem.

    `values[i]` is the result, u and constants. `copies`, `held` and `pinned` are by file, then pool.
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
        slack = np.zeros(n_pools)
        gift = np.zeros(n_pools)
        allowed = np.zeros(n_pools, np.bool_)
        fixed = np.zeros(n_pools, np.bool_)
        for i in range(chunk, n_files, N_CHUNKS):
            f = files[i]
            n_active = ask_for_file(
                f, region_row, region_share, file_ptr, file_row, file_gb, origin, row_gb, v, cap, active
            )  # fmt: skip
            constant = opening_costs(
                f, size[f], store, new, copies, held, pinned, reward_ptr, reward_pool, reward, gift,
                opening, allowed, fixed,
            )  # fmt: skip
            copy(opening, n_pools, slack)
            start_duals(active, n_active, v, cap, ptr, pools, costs, allowed, u, pos)
            copy(active, n_active, todo)
            ascend(todo, n_active, v, cap, ptr, pools, costs, allowed, slack, u, pos)
            adjust(
                active, n_active, v, cap, ptr, pools, costs, pool_ptr, pool_region, allowed, opening,
                slack, u, pos, todo, stamp, ADJUST_ROUNDS,
            )  # fmt: skip
            values[i] = constant
            for k in range(n_active):
                values[i] += u[active[k]]
