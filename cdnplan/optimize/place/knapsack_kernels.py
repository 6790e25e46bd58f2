"""Local search: the knapsack of one pool, given what all others hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.place.nearest_kernels import note_changes, pool_values
from cdnplan.order_kernels import increasing

Array = Any


@njit(cache=True)
def choose(
    net: Array, weight: Array, fresh: Array, forced: Array, room: float, room_new: float, new_price: float,
    chosen: Array,
) -> float:  # fmt: skip
    """Fill a knapsack by net value per priced GB, skipping what does not fit; returns the net value.

    `new_price` weighs a new GB against a stored one where the fill limit binds (0 where it does not).
    """
    total = 0.0
    n = 0
    order = np.empty(net.size, np.int64)
    key = np.empty(net.size)
    chosen[:] = False
    for f in range(net.size):
        if weight[f] <= 0.0:
            continue
        if forced[f]:
            chosen[f] = True
            total += net[f]
            room -= weight[f]
            room_new -= fresh[f]
        elif net[f] > 0.0:
            order[n] = f
            key[n] = -net[f] / (weight[f] + new_price * fresh[f])
            n += 1
    for i in increasing(key[:n]):
        f = order[i]
        if weight[f] <= room and fresh[f] <= room_new:
            chosen[f] = True
            total += net[f]
            room -= weight[f]
            room_new -= fresh[f]
    return total


@njit(cache=True)
def sweep(
    order: Array, region_row: Array, region_share: Array, demand_ptr: Array, demand_file: Array,
    demand_gb: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, size: Array, copies: Array, held: Array, new_cost: Array, forced: Array,
    store_limit: Array, new_limit: Array, start: Array, first: Array, second: Array, holds: Array,
) -> float:  # fmt: skip
    """Re-choose the pools in `order` one after the other; returns what it saved in all.

    A pool's new choice is taken only if it is worth more than what it holds. `first` and `second` are as
    `nearest_holders` leaves them, and stay so.
    """
    n_files = size.size
    changed = np.empty(n_files, np.int64)
    net = np.empty(n_files)
    weight, fresh = np.empty(n_files), np.empty(n_files)
    chosen, best = np.empty(n_files, np.bool_), np.empty(n_files, np.bool_)
    saved = 0.0
    for p in order:
        pool_values(
            p, region_row, region_share, demand_ptr, demand_file, demand_gb, ptr, pools, costs, origin,
            pool_ptr, pool_region, start, first, second, net,
        )  # fmt: skip
        now, stored, filled = 0.0, 0.0, 0.0
        for f in range(n_files):
            k = np.int64(copies[p, f])
            weight[f] = size[f] * k
            fresh[f] = size[f] * max(0, k - np.int64(held[p, f]))
            net[f] -= new_cost[p] * fresh[f]
            if holds[p, f]:
                now += net[f]
                stored += weight[f]
                filled += fresh[f]
        top = -np.inf
        tries = 1
        if new_limit[p] < np.inf:
            tries = 3
        for attempt in range(tries):
            price = 0.0
            if attempt > 0:
                price = store_limit[p] / max(new_limit[p], 1e-9) * (1.0 if attempt == 1 else 4.0)
            total = choose(net, weight, fresh, forced[p], store_limit[p], new_limit[p], price, chosen)
            if total > top:
                top = total
                copy(chosen, n_files, best)
        overfull = stored > store_limit[p] or filled > new_limit[p]
        if overfull or top > now + 1e-12 * abs(now):
            n = 0
            for f in range(n_files):
                if best[f] != holds[p, f]:
                    holds[p, f] = best[f]
                    changed[n] = f
                    n += 1
            note_changes(
                p, changed[:n], region_row, demand_ptr, demand_file, ptr, pools, costs, origin, pool_ptr,
                pool_region, holds, start, first, second,
            )  # fmt: skip
            saved += top - now
    return saved
