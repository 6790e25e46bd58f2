"""Kernels behind columns: what a file with given holders costs and uses of every limit."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit, part
from cdnplan.optimize.file.file_kernels import N_CHUNKS
from cdnplan.optimize.serve.signature_kernels import row_of

Array = Any
WHOLE = 1e-12
"""A rest of a request below this one is none."""


@part
def _store(
    i: int, f: int, holds: Array, size: Array, copies: Array, held: Array, fill_cost: Array, cost: Array,
    use: Array,
) -> None:  # fmt: skip
    """Add what storing and filling column i, of file f, costs and uses."""
    n_pools = copies.shape[1]
    for p in range(n_pools):
        if holds[i, p]:
            wanted = np.int64(copies[f, p])
            fresh = size[f] * max(0, wanted - np.int64(held[f, p]))
            use[i, p] += size[f] * wanted
            use[i, n_pools + p] += fresh
            cost[i] += fill_cost[p] * fresh


@part
def _deliver(
    i: int, gb: float, r: int, path: int, path_cost: Array, rate: Array, use_ptr: Array, use_row: Array,
    use_weight: Array, rates_at: int, cost: Array, use: Array,
) -> None:  # fmt: skip
    """Add what a request of region r costs and loads that takes a path."""
    cost[i] += gb * path_cost[path]
    slices = rate.shape[1]
    for k in range(use_ptr[path], use_ptr[path + 1]):
        for t in range(slices):
            use[i, rates_at + use_row[k] * slices + t] += gb * use_weight[k] * rate[r, t]


@njit(cache=True, nogil=True)
def column_loads(
    chunks: Array, files: Array, region_row: Array, region_share: Array, file_ptr: Array, file_row: Array,
    file_gb: Array, n_rows: int, ptr: Array, entry: Array, pools: Array, costs: Array, origin: Array,
    path_cost: Array, size: Array, copies: Array, held: Array, fill_cost: Array, holds: Array, rate: Array,
    use_ptr: Array, use_row: Array, use_weight: Array, rates_at: int, cost: Array, use: Array,
) -> None:  # fmt: skip
    """True cost and use of limits (order of `LimitVector`, no shared volumes) of files with given holders.

    Requests go to the cheapest holder under the prices in `costs`, `origin`; `holds[i]` belongs to
    `files[i]`; `path_cost` is without prices. `use` (n_files_listed, n_limits) and `cost` are results.
    """
    n_cand = ptr[ptr.size - 1]
    for chunk in chunks:
        row_gb = np.zeros(n_rows)
        for i in range(chunk, files.size, N_CHUNKS):
            f = files[i]
            _store(i, f, holds, size, copies, held, fill_cost, cost, use)
            for k in range(file_ptr[f], file_ptr[f + 1]):
                row_gb[file_row[k]] = file_gb[k]
            for r in range(region_row.size):
                gb = region_share[r] * row_gb[region_row[r]]
                if gb <= 0.0:
                    continue
                found = -1
                for j in range(ptr[r], ptr[r + 1]):
                    if costs[j] >= origin[r]:
                        break
                    if holds[i, pools[j]]:
                        found = j
                        break
                path = n_cand + r if found < 0 else entry[found]
                _deliver(i, gb, r, path, path_cost, rate, use_ptr, use_row, use_weight, rates_at, cost, use)
            for k in range(file_ptr[f], file_ptr[f + 1]):
                row_gb[file_row[k]] = 0.0


@njit(cache=True, nogil=True)
def served_loads(
    chunks: Array, files: Array, region_row: Array, region_share: Array, file_ptr: Array, file_row: Array,
    file_gb: Array, n_rows: int, ptr: Array, order: Array, pools: Array, priced: Array, priced_origin: Array,
    path_cost: Array, size: Array, copies: Array, held: Array, fill_cost: Array, holds: Array, rate: Array,
    use_ptr: Array, use_row: Array, use_weight: Array, rates_at: int, serving_ptr: Array,
    serving_mask: Array, share_ptr: Array, slot: Array, ratio: Array, cost: Array, use: Array,
) -> None:  # fmt: skip
    """Like `column_loads`, but requests whose signature the serving knows are split as there.

    Any other goes to its cheapest holder under the prices in `priced`, `priced_origin`; these and `pools` are
    in the instance's order of entries, of which `order` lists those of each region by price.
    """
    n_cand = ptr[ptr.size - 1]
    mask = np.zeros(serving_mask.shape[1], np.uint64)
    for chunk in chunks:
        row_gb = np.zeros(n_rows)
        for i in range(chunk, files.size, N_CHUNKS):
            f = files[i]
            _store(i, f, holds, size, copies, held, fill_cost, cost, use)
            for k in range(file_ptr[f], file_ptr[f + 1]):
                row_gb[file_row[k]] = file_gb[k]
            for r in range(region_row.size):
                gb = region_share[r] * row_gb[region_row[r]]
                if gb <= 0.0:
                    continue
                for w in range(mask.size):
                    mask[w] = np.uint64(0)
                for j in range(ptr[r], ptr[r + 1]):
                    if holds[i, pools[j]]:
                        mask[(j - ptr[r]) // 64] |= np.uint64(1) << np.uint64((j - ptr[r]) % 64)
                row = row_of(mask, serving_mask, serving_ptr[r], serving_ptr[r + 1])
                rest = 1.0
                if row >= 0:
                    row += serving_ptr[r]
                    for k in range(share_ptr[row], share_ptr[row + 1]):
                        e = ptr[r] + slot[k]
                        rest -= ratio[k]
                        _deliver(
                            i, gb * ratio[k], r, e, path_cost, rate, use_ptr, use_row, use_weight, rates_at,
                            cost, use,
                        )  # fmt: skip
                else:
                    for j in range(ptr[r], ptr[r + 1]):
                        e = order[j]
                        if priced[e] >= priced_origin[r]:
                            break
                        if holds[i, pools[e]]:
                            rest = 0.0
                            _deliver(
                                i,
                                gb,
                                r,
                                e,
                                path_cost,
                                rate,
                                use_ptr,
                                use_row,
                                use_weight,
                                rates_at,
                                cost,
                                use,
                            )
                            break
                if rest > WHOLE:
                    _deliver(
                        i, rest * gb, r, n_cand + r, path_cost, rate, use_ptr, use_row, use_weight, rates_at,
                        cost, use,
                    )  # fmt: skip
            for k in range(file_ptr[f], file_ptr[f + 1]):
                row_gb[file_row[k]] = 0.0
