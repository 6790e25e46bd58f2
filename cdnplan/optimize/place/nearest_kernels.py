"""The two nearest holders of every file for every region that asks for it, kept as holders change.

With them the value of a file in a pool costs one look, and a change of few files a few.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit

Array = Any


@njit(cache=True)
def nearest(r: int, f: int, ptr: Array, pools: Array, costs: Array, origin: Array, holds: Array) -> Any:
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
def pool_values(
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
def note_changes(
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
            one, two = nearest(r, f, ptr, pools, costs, origin, holds)
            first[start[r] + k - lo] = one
            second[start[r] + k - lo] = two
