"""Greedy placement by lazily updated marginal gains [1]_.

What holding one more file in a pool saves only shrinks as other pools hold it too (the saving is
submodular), so a gain computed earlier is an upper bound: the pool and file with the largest stale gain
per GB is re-evaluated, and taken if it is still the largest.

References
----------
.. [1] M. Minoux, "Accelerated greedy algorithms for maximizing submodular set functions",
   Optimization Techniques, Lecture Notes in Control and Information Sciences 7, 1978.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.copy_kernels import copy
from cdnplan.order_kernels import increasing

Array = Any


@njit(cache=True)
def demand_of(f: int, row: int, file_ptr: Array, file_row: Array, file_gb: Array) -> float:
    """Demand of a row for a file [GB], by binary search among the file's rows."""
    lo, hi = file_ptr[f], file_ptr[f + 1]
    while lo < hi:
        middle = (lo + hi) // 2
        if file_row[middle] < row:
            lo = middle + 1
        else:
            hi = middle
    if lo < file_ptr[f + 1] and file_row[lo] == row:
        return float(file_gb[lo])
    return 0.0


@njit(cache=True)
def marginal_gain(
    f: int, p: int, region_row: Array, region_share: Array, file_ptr: Array, file_row: Array,
    file_gb: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, holds: Array,
) -> float:  # fmt: skip
    """What it saves if pool p holds file f too; `holds` is (n_files, n_pools)."""
    gain = 0.0
    last_row, gb = -1, 0.0
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        if region_row[r] != last_row:
            last_row = region_row[r]
            gb = demand_of(f, last_row, file_ptr, file_row, file_gb)
        if gb == 0.0:
            continue
        own, now = -1.0, origin[r]
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= origin[r]:
                break
            if holds[f, pools[j]]:
                now = costs[j]
                break
            if pools[j] == p:
                own = costs[j]
        if own >= 0.0:
            gain += region_share[r] * gb * (now - own)
    return gain


@njit(cache=True)
def _sift_down(keys: Array, items: Array, size: int) -> None:
    """Restore the heap (largest key first, then smallest item) after its top changed."""
    i = 0
    key, item = keys[0], items[0]
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            keys[right] > keys[child] or (keys[right] == keys[child] and items[right] < items[child])
        ):
            child = right
        if keys[child] < key or (keys[child] == key and items[child] > item):
            break
        keys[i], items[i] = keys[child], items[child]
        i = child
    keys[i], items[i] = key, item


@njit(cache=True, nogil=True)
def first_gains(
    chosen: Array, region_row: Array, region_share: Array, file_ptr: Array, file_row: Array,
    file_gb: Array, ptr: Array,
    pools: Array, costs: Array, origin: Array, pool_ptr: Array, pool_region: Array, holds: Array,
    weight: Array, new_cost: Array, keys: Array, items: Array, sizes: Array,
) -> None:  # fmt: skip
    """Net gain per GB of each (pool, file) not yet held, sorted per pool: a sorted list is a heap."""
    for p in chosen:
        n = 0
        for f in range(weight.shape[1]):
            if weight[p, f] <= 0.0 or holds[f, p]:
                continue
            gain = marginal_gain(
                f, p, region_row, region_share, file_ptr, file_row, file_gb, ptr, pools, costs, origin,
                pool_ptr, pool_region, holds,
            )  # fmt: skip
            net = gain - new_cost[p, f]
            if net > 0.0:
                keys[p, n] = net / weight[p, f]
                items[p, n] = f
                n += 1
        order = increasing(-keys[p, :n])
        copy(keys[p, :n][order], n, keys[p])
        copy(items[p, :n][order], n, items[p])
        sizes[p] = n


@njit(cache=True)
def greedy(
    region_row: Array, region_share: Array, file_ptr: Array, file_row: Array, file_gb: Array, ptr: Array,
    pools: Array, costs: Array, origin: Array, pool_ptr: Array, pool_region: Array, holds: Array,
    weight: Array, fresh: Array, new_cost: Array, keys: Array, items: Array, sizes: Array, room: Array,
    room_new: Array,
) -> int:  # fmt: skip
    """Take files in order of net gain per GB as long as they fit; returns how many were re-evaluated."""
    n_pools = sizes.size
    top = np.empty(n_pools)
    pool = np.empty(n_pools, np.int64)
    size = 0
    for p in range(n_pools):
        if sizes[p] > 0:
            top[size], pool[size] = -keys[p, 0], p
            size += 1
    order = increasing(top[:size])
    copy(-top[:size][order], size, top)
    copy(pool[:size][order], size, pool)
    evaluated = 0
    while size > 0:
        p = pool[0]
        f = items[p, 0]
        fits = weight[p, f] <= room[p] and fresh[p, f] <= room_new[p]
        done = not fits
        if fits:
            gain = marginal_gain(
                f, p, region_row, region_share, file_ptr, file_row, file_gb, ptr, pools, costs, origin,
                pool_ptr, pool_region, holds,
            )  # fmt: skip
            evaluated += 1
            density = (gain - new_cost[p, f]) / weight[p, f]
            if density >= keys[p, 0]:
                holds[f, p] = True
                room[p] -= weight[p, f]
                room_new[p] -= fresh[p, f]
                done = True
            else:
                done = density <= 0.0
                keys[p, 0] = density
        if done:
            sizes[p] -= 1
            n = sizes[p]
            keys[p, 0], items[p, 0] = keys[p, n], items[p, n]
        if sizes[p] > 0:
            _sift_down(keys[p], items[p], sizes[p])
            top[0] = keys[p, 0]
        else:
            size -= 1
            top[0], pool[0] = top[size], pool[size]
        _sift_down(top, pool, size)
    return evaluated
