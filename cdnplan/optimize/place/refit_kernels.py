"""Make a placement fit its limits and fill what room is left, pool by pool."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.place.nearest_kernels import note_changes, pool_values

Array = Any

NEW_PER_STORED = (0.0, 0.5, 2.0)
"""What a new GB may count as in stored ones, besides what the prices say, where new bytes are limited."""


@njit(cache=True)
def _fit(
    worth: Array, net: Array, weight: Array, fresh: Array, forced: Array, storage: float, most_new: float,
    row: Array,
) -> float:  # fmt: skip
    """Drop what is worth least from an overfull pool, then add what is worth most and fits; its net value."""
    stored, filled, total = 0.0, 0.0, 0.0
    for f in range(net.size):
        if row[f]:
            stored += weight[f]
            filled += fresh[f]
            total += net[f]
    ranked = np.argsort(worth)
    for f in ranked:
        storage_over, new_over = stored > storage, filled > most_new
        if not storage_over and not new_over:
            break
        if row[f] and not forced[f] and (storage_over or fresh[f] > 0.0):
            row[f] = False
            stored -= weight[f]
            filled -= fresh[f]
            total -= net[f]
    for q in range(net.size - 1, -1, -1):
        f = ranked[q]
        if worth[f] <= 0.0:
            break
        fits = stored + weight[f] <= storage and filled + fresh[f] <= most_new
        if not row[f] and weight[f] > 0.0 and fits:
            row[f] = True
            stored += weight[f]
            filled += fresh[f]
            total += net[f]
    return total


@njit(cache=True)
def refit(
    order: Array, region_row: Array, region_share: Array, demand_ptr: Array, demand_file: Array,
    demand_gb: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, size: Array, copies: Array, held: Array, fill_cost: Array, store_price: Array,
    new_price: Array, store_limit: Array, new_limit: Array, forced: Array, start: Array, first: Array,
    second: Array, holds: Array,
) -> int:  # fmt: skip
    """Drop from overfull pools what is worth least, then add what is worth most and fits; in place.

    Worth is net value per priced GB, stored and new. Where both have a price, what has to go decides which of
    the two the pool is short of in the end, and prices may have it wrong: new files can all go for want of
    storage, and leave the window unused that their price is for. So overfull pools try other exchange rates
    as well, and the best choice counts. Returns the number of changes.
    """
    n_files = size.size
    net = np.empty(n_files)
    weight, fresh = np.empty(n_files), np.empty(n_files)
    worth = np.empty(n_files)
    row, best = np.empty(n_files, np.bool_), np.empty(n_files, np.bool_)
    changed = np.empty(n_files, np.int64)
    changes = 0
    for p in order:
        pool_values(
            p, region_row, region_share, demand_ptr, demand_file, demand_gb, ptr, pools, costs, origin,
            pool_ptr, pool_region, start, first, second, net,
        )  # fmt: skip
        stored, filled = 0.0, 0.0
        for f in range(n_files):
            k = np.int64(copies[p, f])
            weight[f] = size[f] * k
            fresh[f] = size[f] * max(0, k - np.int64(held[p, f]))
            net[f] -= fill_cost[p] * fresh[f]
            if holds[p, f]:
                stored += weight[f]
                filled += fresh[f]
        overfull = stored > store_limit[p] or filled > new_limit[p]
        top = -np.inf
        for attempt in range(1 + (len(NEW_PER_STORED) if overfull and new_price[p] > 0.0 else 0)):
            for f in range(n_files):
                price = store_price[p] * weight[f] + new_price[p] * fresh[f]
                if attempt > 0 or price <= 0.0:
                    price = weight[f] + (NEW_PER_STORED[attempt - 1] * fresh[f] if attempt > 0 else 0.0)
                worth[f] = net[f] / price if weight[f] > 0.0 else 0.0
            copy(holds[p], n_files, row)
            total = _fit(worth, net, weight, fresh, forced[p], store_limit[p], new_limit[p], row)
            if total > top:
                top = total
                copy(row, n_files, best)
        n = 0
        for f in range(n_files):
            if best[f] != holds[p, f]:
                holds[p, f] = best[f]
                changed[n] = f
                n += 1
        if n > 0:
            changes += n
            note_changes(
                p, changed[:n], region_row, demand_ptr, demand_file, ptr, pools, costs, origin, pool_ptr,
                pool_region, holds, start, first, second,
            )  # fmt: skip
    return changes
