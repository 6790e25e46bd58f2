"""Compiled loops of the bound: the demand matrix by file, and dual ascent for one file after another."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from cdnplan.model.instance import Floats, Ints, Ints32

BLOCK = 64
"""Files per unit of parallel work: they share scratch arrays and the cache lines of (pool, file) tables."""


@njit(cache=True)
def entries_by_file(ptr: Ints, file: Ints32, n_files: int) -> tuple[Ints, Ints32, Ints]:
    """Transpose the pattern of a CSR matrix: where each file's entries are, rows increasing.

    Parameters
    ----------
    ptr, file : (n_rows + 1,) int64, (n_entries,) int32
        The matrix by row.
    n_files : int

    Returns
    -------
    file_ptr : (n_files + 1,) int64
    row : (n_entries,) int32
        Row of each entry, by file.
    entry : (n_entries,) int64
        Its position in the matrix by row.
    """
    file_ptr = np.zeros(n_files + 1, np.int64)
    for i in range(file.size):
        file_ptr[file[i] + 1] += 1
    for f in range(n_files):
        file_ptr[f + 1] += file_ptr[f]
    free = file_ptr[:-1].copy()
    row = np.empty(file.size, np.int32)
    entry = np.empty(file.size, np.int64)
    for r in range(ptr.size - 1):
        for i in range(ptr[r], ptr[r + 1]):
            at = free[file[i]]
            free[file[i]] += 1
            row[at] = r
            entry[at] = i
    return file_ptr, row, entry


@njit(cache=True, parallel=True)
def ascend_files(
    file_ptr: Ints,
    file_row: Ints32,
    file_entry: Ints,
    demand_gb: np.ndarray,
    row_ptr: Ints,
    row_region: Ints32,
    share: Floats,
    cand_ptr: Ints,
    cand_pool: Ints32,
    cand_price: Floats,
    origin_price: Floats,
    size_gb: Floats,
    copies: np.ndarray,
    held: np.ndarray,
    pinned: np.ndarray,
    storage_price: Floats,
    new_price: Floats,
    launch_ptr: Ints,
    launch_rule: Ints32,
    launch_price: Floats,
    rule_ptr: Ints,
    rule_pool: Ints32,
) -> Floats:
    """Bound the facility location problem of every file by dual ascent, steps 1 to 4 of docs/bound.md.

    Parameters
    ----------
    file_ptr, file_row, file_entry : (n_files + 1,), (n_entries,), (n_entries,)
        Demand entries by file, see `entries_by_file`.
    demand_gb : (n_entries,) float32
        Demand by row [GB].
    row_ptr, row_region : (n_rows + 1,), (n_regions,)
        Regions that draw on each row.
    share : (n_regions,)
        Share of its row a region draws.
    cand_ptr, cand_pool, cand_price : (n_regions + 1,), (n_cand,), (n_cand,)
        Candidates of each region by increasing priced cost per GB [currency/GB].
    origin_price : (n_regions,)
        Priced cost per GB from the origin.
    size_gb : (n_files,)
    copies, held, pinned : (n_pools, n_files)
    storage_price, new_price : (n_pools,)
        Price of a GB stored; cost and price of a GB of new bytes.
    launch_ptr, launch_rule, launch_price : (n_files + 1,), (n_launches,), (n_launches,)
        Launch rules of each file, and the price of every rule.
    rule_ptr, rule_pool : (n_launches + 1,), (.,)
        Pools of each rule.

    Returns
    -------
    (n_files,) float64
        The bound of each file [currency].
    """
    n_files = size_gb.size
    n_regions = share.size
    n_pools = storage_price.size
    value = np.zeros(n_files)
    for block in prange((n_files + BLOCK - 1) // BLOCK):
        slack = np.empty(n_pools)
        volume = np.zeros(n_regions)
        active = np.empty(n_regions, np.int64)
        dual = np.empty(n_regions)
        within = np.empty(n_regions, np.int64)
        for f in range(block * BLOCK, min(n_files, (block + 1) * BLOCK)):
            total = 0.0
            # Step 1: the cost of opening each pool, constants taken out.
            for p in range(n_pools):
                k = np.int64(copies[p, f])
                fresh = max(np.int64(0), k - np.int64(held[p, f]))
                slack[p] = size_gb[f] * (storage_price[p] * k + new_price[p] * fresh)
            for i in range(launch_ptr[f], launch_ptr[f + 1]):
                rule = launch_rule[i]
                for j in range(rule_ptr[rule], rule_ptr[rule + 1]):
                    slack[rule_pool[j]] -= launch_price[rule]
            for p in range(n_pools):
                if copies[p, f] == 0:
                    slack[p] = 0.0
                elif pinned[p, f] or slack[p] < 0.0:
                    total += slack[p]
                    slack[p] = 0.0
            # Step 2: regions with demand, in increasing order, each at its cheapest level.
            for i in range(file_ptr[f], file_ptr[f + 1]):
                gb = np.float64(demand_gb[file_entry[i]])
                for j in range(row_ptr[file_row[i]], row_ptr[file_row[i] + 1]):
                    volume[row_region[j]] = share[row_region[j]] * gb
            n_active = 0
            for r in range(n_regions):
                if volume[r] > 0.0:
                    dual[r] = volume[r] * origin_price[r]
                    for j in range(cand_ptr[r], cand_ptr[r + 1]):
                        if copies[cand_pool[j], f] > 0:
                            dual[r] = min(dual[r], volume[r] * cand_price[j])
                            break
                    within[r] = cand_ptr[r]
                    active[n_active] = r
                    n_active += 1
            # Step 3: passes. A region that cannot rise now never will (slack only falls): it leaves.
            n_left = n_active
            while n_left > 0:
                kept = 0
                for a in range(n_left):
                    r = active[a]
                    v = volume[r]
                    end = cand_ptr[r + 1]
                    j = within[r]
                    while j < end and (copies[cand_pool[j], f] == 0 or v * cand_price[j] <= dual[r]):
                        j += 1
                    within[r] = j
                    target = v * origin_price[r]
                    if j < end:
                        target = min(target, v * cand_price[j])
                    step = target - dual[r]
                    for i in range(cand_ptr[r], j):
                        if copies[cand_pool[i], f] > 0:
                            step = min(step, slack[cand_pool[i]])
                    if step > 0.0:
                        dual[r] = min(target, dual[r] + step)
                        for i in range(cand_ptr[r], j):
                            if copies[cand_pool[i], f] > 0:
                                slack[cand_pool[i]] -= step
                        active[kept] = r
                        kept += 1
                    else:
                        total += dual[r]
                        volume[r] = 0.0
                n_left = kept
            value[f] = total
    return value
