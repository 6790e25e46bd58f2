"""Make a placement fit its limits and fill what room is left, pool by pool.

Each region remembers, for every file it asks for, its nearest and second nearest holder under the prices:
so the value of a file in a pool costs one look, and a change of few files a few.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = Any


@njit(cache=True)
def _nearest(r: int, f: int, ptr: Array, pools: Array, costs: Array, origin: Array, holds: Array) -> Any:
    """Slots of the nearest and second nearest holder of a file; beyond the last slot: the origin."""
    width = ptr[r + 1] - ptr[r]
    first = width
    for slot in range(width):
        j = ptr[r] + slot
        if costs[j] >= origin[r]:
            break
        if holds[pools[j], f]:
            if first < width:
                return first, slot
            first = slot
    return first, width


@njit(cache=True, nogil=True)
def nearest_holders(
    regions: Array, region_row: Array, demand_ptr: Array, demand_file: Array, ptr: Array, pools: Array,
    costs: Array, origin: Array, holds: Array, start: Array, first: Array, second: Array,
) -> None:  # fmt: skip
    """Note the two nearest holders of all that the listed regions ask for.

    `start[r]` is where a region's entries begin in `first` and `second`, which hold slots: places in the
    region's list of candidates by cost, or the list's length for the origin.
    """
    for r in regions:
        lo, hi = demand_ptr[region_row[r]], demand_ptr[region_row[r] + 1]
        width = ptr[r + 1] - ptr[r]
        first[start[r] : start[r] + hi - lo] = width
        second[start[r] : start[r] + hi - lo] = width
        for slot in range(width - 1, -1, -1):
            j = ptr[r] + slot
            if costs[j] >= origin[r]:
                continue
            held = holds[pools[j]]
            for k in range(hi - lo):
                if held[demand_file[lo + k]]:
                    second[start[r] + k] = first[start[r] + k]
                    first[start[r] + k] = slot


@njit(cache=True)
def _values(
    p: int, region_row: Array, region_share: Array, demand_ptr: Array, demand_file: Array,
    demand_gb: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, start: Array, first: Array, second: Array, value: Array,
) -> None:  # fmt: skip
    """What each file saves in pool p, given all other pools."""
    value[:] = 0.0
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        width = ptr[r + 1] - ptr[r]
        own = 0
        while pools[ptr[r] + own] != p:
            own += 1
        mine = costs[ptr[r] + own]
        if mine >= origin[r]:
            continue
        lo, hi = demand_ptr[region_row[r]], demand_ptr[region_row[r] + 1]
        for k in range(hi - lo):
            other = np.int64(first[start[r] + k])
            if other < own:
                continue
            if other == own:
                other = np.int64(second[start[r] + k])
            dearer = origin[r] if other == width else costs[ptr[r] + other]
            value[demand_file[lo + k]] += region_share[r] * demand_gb[lo + k] * (dearer - mine)


@njit(cache=True)
def _update(
    p: int, changed: Array, region_row: Array, demand_ptr: Array, demand_file: Array, ptr: Array,
    pools: Array, costs: Array, origin: Array, pool_ptr: Array, pool_region: Array, holds: Array,
    start: Array, first: Array, second: Array,
) -> None:  # fmt: skip
    """Note anew the nearest holders of the changed files in the regions of pool p."""
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        lo, hi = demand_ptr[region_row[r]], demand_ptr[region_row[r] + 1]
        for f in changed:
            k = lo + f
            if hi - lo != holds.shape[1]:  # not every file is asked for: look it up
                k = lo + np.searchsorted(demand_file[lo:hi], f)
                if k == hi or demand_file[k] != f:
                    continue
            one, two = _nearest(r, f, ptr, pools, costs, origin, holds)
            first[start[r] + k - lo] = one
            second[start[r] + k - lo] = two


@njit(cache=True)
def refit(
    order: Array, region_row: Array, region_share: Array, demand_ptr: Array, demand_file: Array,
    demand_gb: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, size: Array, copies: Array, held: Array, fill_cost: Array, store_price: Array,
    new_price: Array, store_limit: Array, new_limit: Array, forced: Array, start: Array, first: Array,
    second: Array, holds: Array,
) -> int:  # fmt: skip
    """Drop from overfull pools what is worth least, then add what is worth most and fits; in place.

    Worth is net value per priced GB, stored and new. Returns the number of changes.
    """
    n_files = size.size
    value = np.empty(n_files)
    weight, fresh = np.empty(n_files), np.empty(n_files)
    worth = np.empty(n_files)
    changed = np.empty(n_files, np.int64)
    changes = 0
    for p in order:
        _values(
            p, region_row, region_share, demand_ptr, demand_file, demand_gb, ptr, pools, costs, origin,
            pool_ptr, pool_region, start, first, second, value,
        )  # fmt: skip
        stored, filled = 0.0, 0.0
        for f in range(n_files):
            k = np.int64(copies[p, f])
            weight[f] = size[f] * k
            fresh[f] = size[f] * max(0, k - np.int64(held[p, f]))
            worth[f] = 0.0
            if k > 0:
                price = store_price[p] * weight[f] + new_price[p] * fresh[f]
                net = value[f] - fill_cost[p] * fresh[f]
                worth[f] = net / (price if price > 0.0 else weight[f])
            if holds[p, f]:
                stored += weight[f]
                filled += fresh[f]
        n = 0
        ranked = np.argsort(worth)
        for f in ranked:
            storage_over, new_over = stored > store_limit[p], filled > new_limit[p]
            if not storage_over and not new_over:
                break
            if holds[p, f] and not forced[p, f] and (storage_over or fresh[f] > 0.0):
                holds[p, f] = False
                stored -= weight[f]
                filled -= fresh[f]
                changed[n] = f
                n += 1
        for q in range(n_files - 1, -1, -1):
            f = ranked[q]
            if worth[f] <= 0.0:
                break
            fits = stored + weight[f] <= store_limit[p] and filled + fresh[f] <= new_limit[p]
            if not holds[p, f] and weight[f] > 0.0 and fits:
                holds[p, f] = True
                stored += weight[f]
                filled += fresh[f]
                changed[n] = f
                n += 1
        if n > 0:
            changes += n
            _update(
                p, changed[:n], region_row, demand_ptr, demand_file, ptr, pools, costs, origin, pool_ptr,
                pool_region, holds, start, first, second,
            )  # fmt: skip
    return changes
