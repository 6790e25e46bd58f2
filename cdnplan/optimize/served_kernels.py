"""Kernel behind `served_columns`."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.file_kernels import N_CHUNKS
from cdnplan.optimize.signature_kernels import row_of

Array = Any
WHOLE = 1e-12
"""A rest of a request below this one is none."""


@njit(cache=True, nogil=True)
def served_loads(
    chunks: Array, files: Array, holds: Array, region_row: Array, region_share: Array, file_ptr: Array,
    file_row: Array, file_gb: Array, n_rows: int, ptr: Array, pools: Array, order: Array, priced: Array,
    priced_origin: Array, cost_of: Array, origin_cost: Array, size: Array, copies: Array, held: Array,
    fill_cost: Array, rate: Array, link_ptr: Array, link: Array, origin_ptr: Array, origin_link: Array,
    n_links: int, serving_ptr: Array, serving_mask: Array, share_ptr: Array, slot: Array, ratio: Array,
    cost: Array, use: Array,
) -> None:  # fmt: skip
    """Cost and use of all limits (order of `LimitVector`) of files with given holders.

    A request with a signature that the serving knows is split as there, any other goes to its cheapest
    holder under the prices in `priced`, `priced_origin`. `cost` (n,) and `use` (n, n_limits) are results.
    """
    n_regions, n_pools, slices = region_row.size, copies.shape[1], rate.shape[1]
    links_at = n_pools * (1 + slices)
    new_at = links_at + n_links * slices
    mask = np.zeros(serving_mask.shape[1], np.uint64)
    for chunk in chunks:
        row_gb = np.zeros(n_rows)
        for i in range(chunk, files.size, N_CHUNKS):
            f = files[i]
            for p in range(n_pools):
                if holds[i, p]:
                    wanted = np.int64(copies[f, p])
                    fresh = size[f] * max(0, wanted - np.int64(held[f, p]))
                    use[i, p] += size[f] * wanted
                    use[i, new_at + p] += fresh
                    cost[i] += fill_cost[p] * fresh
            for k in range(file_ptr[f], file_ptr[f + 1]):
                row_gb[file_row[k]] = file_gb[k]
            for r in range(n_regions):
                gb = region_share[r] * row_gb[region_row[r]]
                if gb <= 0.0:
                    continue
                for w in range(mask.size):
                    mask[w] = np.uint64(0)
                for j in range(ptr[r], ptr[r + 1]):
                    if holds[i, pools[j]]:
                        mask[(j - ptr[r]) // 64] |= np.uint64(1) << np.uint64((j - ptr[r]) % 64)
                row = row_of(mask, serving_mask, serving_ptr[r], serving_ptr[r + 1])
                rest, first, last = 1.0, 0, 0
                if row >= 0:
                    row += serving_ptr[r]
                    first, last = share_ptr[row], share_ptr[row + 1]
                else:
                    for j in range(ptr[r], ptr[r + 1]):
                        if priced[order[j]] >= priced_origin[r]:
                            break
                        if holds[i, pools[order[j]]]:
                            first, last = -1 - order[j], -order[j]
                            break
                for k in range(first, last):
                    e = ptr[r] + slot[k] if first >= 0 else -1 - first
                    part = gb * ratio[k] if first >= 0 else gb
                    rest -= ratio[k] if first >= 0 else 1.0
                    cost[i] += part * cost_of[e]
                    for t in range(slices):
                        use[i, n_pools + pools[e] * slices + t] += part * rate[r, t]
                    for at in range(link_ptr[e], link_ptr[e + 1]):
                        for t in range(slices):
                            use[i, links_at + link[at] * slices + t] += part * rate[r, t]
                if rest > WHOLE:
                    cost[i] += rest * gb * origin_cost[r]
                    for at in range(origin_ptr[r], origin_ptr[r + 1]):
                        for t in range(slices):
                            use[i, links_at + origin_link[at] * slices + t] += rest * gb * rate[r, t]
            for k in range(file_ptr[f], file_ptr[f + 1]):
                row_gb[file_row[k]] = 0.0
