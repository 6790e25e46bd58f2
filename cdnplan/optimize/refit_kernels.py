"""Make a placement fit its limits and fill what room is left, pool by pool."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.nearest_kernels import note_changes, pool_values

Array = Any


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
        pool_values(
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
            note_changes(
                p, changed[:n], region_row, demand_ptr, demand_file, ptr, pools, costs, origin, pool_ptr,
                pool_region, holds, start, first, second,
            )  # fmt: skip
    return changes
