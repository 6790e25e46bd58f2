"""Demand by region and signature: which of a region's candidates hold a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from cdnplan.lanes import in_lanes
from cdnplan.model.instance import Floats, Instance, Ints

Array = Any
DENSE_BITS = 12
"""Up to so many candidates, signatures are counted in a table of 2^bits; above, by sorting."""


@njit(cache=True, nogil=True)
def _signatures(
    chosen: Array, region_row: Array, region_share: Array, demand_ptr: Array, demand_file: Array,
    demand_gb: Array,
    ptr: Array, pools: Array, holds: Array, start: Array, count: Array, mask_out: Array, gb_out: Array,
) -> None:  # fmt: skip
    for r in chosen:
        lo, hi = demand_ptr[region_row[r]], demand_ptr[region_row[r] + 1]
        width = ptr[r + 1] - ptr[r]
        masks = np.zeros(hi - lo, np.uint64)
        for k in range(width):
            p = pools[ptr[r] + k]
            bit = np.uint64(1) << np.uint64(k)
            for i in range(lo, hi):
                if holds[p, demand_file[i]]:
                    masks[i - lo] |= bit
        n = 0
        if width <= DENSE_BITS:
            table = np.zeros(1 << width)
            for i in range(lo, hi):
                table[np.int64(masks[i - lo])] += np.float64(demand_gb[i])
            for m in range(table.size):
                if table[m] > 0.0:
                    mask_out[start[r] + n] = np.uint64(m)
                    gb_out[start[r] + n] = table[m] * region_share[r]
                    n += 1
        else:
            order = np.argsort(masks, kind="mergesort")
            for i in order:
                gb = np.float64(demand_gb[lo + i]) * region_share[r]
                if n == 0 or mask_out[start[r] + n - 1] != masks[i]:
                    mask_out[start[r] + n] = masks[i]
                    gb_out[start[r] + n] = 0.0
                    n += 1
                gb_out[start[r] + n - 1] += gb
        count[r] = n


def signature_table(instance: Instance, holds: Array) -> tuple[Ints, Any, Floats]:
    """Sum each region's demand over files that the same candidates hold.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool

    Returns
    -------
    ptr : (n_regions + 1,) int64
    mask : (n_rows,) uint64
    gb : (n_rows,) float64
        As in `Serving`.
    """
    width = np.diff(instance.cand_ptr)
    entries = np.diff(instance.demand_ptr)[instance.region_row]
    room = np.where(width <= DENSE_BITS, np.minimum(1 << np.minimum(width, DENSE_BITS), entries), entries)
    start = np.concatenate([[0], np.cumsum(room)]).astype(np.int64)
    count = np.zeros(instance.n_regions, dtype=np.int64)
    mask = np.zeros(start[-1], dtype=np.uint64)
    gb = np.zeros(start[-1])
    in_lanes(
        _signatures, np.arange(instance.n_regions), entries, instance.region_row,
        instance.region_share, instance.demand_ptr, instance.demand_file,
        instance.demand_gb, instance.cand_ptr, instance.cand_pool, holds, start, count, mask, gb,
    )  # fmt: skip
    used = np.arange(start[-1]) < np.repeat(start[:-1] + count, room)
    ptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return ptr, mask[used], gb[used]
