"""Kernels behind columns: what a file with given holders costs and uses of every limit."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit, part
from cdnplan.optimize.file_kernels import N_CHUNKS
from cdnplan.optimize.signature_kernels import row_of

Array = Any
WHOLE = 1e-12
"""A rest of a request below this one is none."""


@part
def _store(
    i: int, f: int, holds: Array, size: Array, copies: Array, held: Array, fill_cost: Array, new_at: int,
    cost: Array, use: Array,
) -> None:  # fmt: skip
    """Add what storing and filling column i, of file f, costs and uses."""
    for p in range(copies.shape[1]):
        if holds[i, p]:
            wanted = np.int64(copies[f, p])
            fresh = size[f] * max(0, wanted - np.int64(held[f, p]))
            use[i, p] += size[f] * wanted
            use[i, new_at + p] += fresh
            cost[i] += fill_cost[p] * fresh


@part
def _load_links(
    i: int, gb: float, r: int, first: int, last: int, links: Array, links_at: int, rate: Array, use: Array
) -> None:
    """Add what a request of region r loads on the links of its path."""
    for k in range(first, last):
        for t in range(rate.shape[1]):
            use[i, links_at + links[k] * rate.shape[1] + t] += gb * rate[r, t]


@part
def _deliver(
    i: int, gb: float, r: int, e: int, p: int, true_cost: Array, rate: Array, link_ptr: Array, link: Array,
    n_pools: int, links_at: int, cost: Array, use: Array,
) -> None:  # fmt: skip
    """Add what a request of region r costs and loads that pool p serves, by candidate entry e."""
    cost[i] += gb * true_cost[e]
    for t in range(rate.shape[1]):
        use[i, n_pools + p * rate.shape[1] + t] += gb * rate[r, t]
    _load_links(i, gb, r, link_ptr[e], link_ptr[e + 1], link, links_at, rate, use)


@njit(cache=True, nogil=True)
def column_loads(
    chunks: Array, files: Array, region_row: Array, region_share: Array, file_ptr: Array, file_row: Array,
    file_gb: Array, n_rows: int, ptr: Array, entry: Array, pools: Array, costs: Array, origin: Array,
    true_cost: Array, true_origin: Array, size: Array, copies: Array, held: Array, fill_cost: Array,
    holds: Array, rate: Array, link_ptr: Array, link: Array, origin_ptr: Array, origin_link: Array,
    n_links: int, cost: Array, use: Array,
) -> None:  # fmt: skip
    """True cost and use of all limits (order of `LimitVector`) of files with given holders.

    Requests go to the cheapest holder under the prices in `costs`, `origin`; `holds[i]` belongs to
    `files[i]`. `use` (n_files_listed, n_limits) and `cost` are results.
    """
    n_pools = copies.shape[1]
    links_at = n_pools * (1 + rate.shape[1])
    new_at = links_at + n_links * rate.shape[1]
    for chunk in chunks:
        row_gb = np.zeros(n_rows)
        for i in range(chunk, files.size, N_CHUNKS):
            f = files[i]
            _store(i, f, holds, size, copies, held, fill_cost, new_at, cost, use)
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
                if found >= 0:
                    _deliver(
                        i, gb, r, entry[found], pools[found], true_cost, rate, link_ptr, link, n_pools,
                        links_at, cost, use,
                    )  # fmt: skip
                else:
                    cost[i] += gb * true_origin[r]
                    _load_links(
                        i, gb, r, origin_ptr[r], origin_ptr[r + 1], origin_link, links_at, rate, use
                    )  # fmt: skip
            for k in range(file_ptr[f], file_ptr[f + 1]):
                row_gb[file_row[k]] = 0.0


@njit(cache=True, nogil=True)
def served_loads(
    chunks: Array, files: Array, region_row: Array, region_share: Array, file_ptr: Array, file_row: Array,
    file_gb: Array, n_rows: int, ptr: Array, order: Array, pools: Array, priced: Array, priced_origin: Array,
    true_cost: Array, true_origin: Array, size: Array, copies: Array, held: Array, fill_cost: Array,
    holds: Array, rate: Array, link_ptr: Array, link: Array, origin_ptr: Array, origin_link: Array,
    n_links: int, serving_ptr: Array, serving_mask: Array, share_ptr: Array, slot: Array, ratio: Array,
    cost: Array, use: Array,
) -> None:  # fmt: skip
    """Like `column_loads`, but requests whose signature the serving knows are split as there.

    Any other goes to its cheapest holder under the prices in `priced`, `priced_origin`; these and `pools` are
    in the instance's order of entries, of which `order` lists those of each region by price.
    """
    n_pools = copies.shape[1]
    links_at = n_pools * (1 + rate.shape[1])
    new_at = links_at + n_links * rate.shape[1]
    mask = np.zeros(serving_mask.shape[1], np.uint64)
    for chunk in chunks:
        row_gb = np.zeros(n_rows)
        for i in range(chunk, files.size, N_CHUNKS):
            f = files[i]
            _store(i, f, holds, size, copies, held, fill_cost, new_at, cost, use)
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
                            i, gb * ratio[k], r, e, pools[e], true_cost, rate, link_ptr, link, n_pools,
                            links_at, cost, use,
                        )  # fmt: skip
                else:
                    for j in range(ptr[r], ptr[r + 1]):
                        e = order[j]
                        if priced[e] >= priced_origin[r]:
                            break
                        if holds[i, pools[e]]:
                            rest = 0.0
                            _deliver(
                                i, gb, r, e, pools[e], true_cost, rate, link_ptr, link, n_pools, links_at,
                                cost, use,
                            )  # fmt: skip
                            break
                if rest > WHOLE:
                    cost[i] += rest * gb * true_origin[r]
                    _load_links(
                        i, rest * gb, r, origin_ptr[r], origin_ptr[r + 1], origin_link, links_at, rate, use
                    )  # fmt: skip
            for k in range(file_ptr[f], file_ptr[f + 1]):
                row_gb[file_row[k]] = 0.0
