"""Local search: the knapsack of one pool, given what all others hold."""

from __future__ import annotations

import numpy as np

from cdnplan.compiled import njit
from cdnplan.model.instance.instance import Ints
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.place.pool_kernels import Offer, Place, Stock, Volumes, hold_instead, weigh_pool
from cdnplan.optimize.problem.arrays import Bools
from cdnplan.order_kernels import increasing


@njit(cache=True)
def choose(
    offer: Offer, forced: Bools, room: float, room_new: float, new_price: float, chosen: Bools
) -> float:
    """Fill a knapsack by net value per priced GB, skipping what does not fit; returns the net value.

    `new_price` weighs a new GB against a stored one where the fill limit binds (0 where it does not).
    """
    net, weight, fresh = offer.net, offer.weight, offer.fresh
    total = 0.0
    n = 0
    order = np.empty(net.size, np.int64)
    key = np.empty(net.size)
    for f in range(net.size):
        chosen[f] = False
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
def sweep(order: Ints, place: Place, stock: Stock, limit: Volumes) -> float:
    """Re-choose the pools in `order` one after the other, in place; returns what it saved in all.

    A pool's new choice is taken only if it is worth more than what it holds.
    """
    n_files = stock.size.size
    offer = Offer(np.empty(n_files), np.empty(n_files), np.empty(n_files))
    changed = np.empty(n_files, np.int64)
    chosen, best = np.empty(n_files, np.bool_), np.empty(n_files, np.bool_)
    saved = 0.0
    for p in order:
        now, stored, filled = weigh_pool(p, place, stock, offer)
        most, most_new, forced = limit.stored[p], limit.new[p], stock.forced[p]
        top = -np.inf
        tries = 1
        if most_new < np.inf:
            tries = 3
        for attempt in range(tries):
            price = 0.0
            if attempt > 0:
                price = most / max(most_new, 1e-9) * (1.0 if attempt == 1 else 4.0)
            total = choose(offer, forced, most, most_new, price, chosen)
            if total > top:
                top = total
                copy(chosen, n_files, best)
        overfull = stored > most or filled > most_new
        if overfull or top > now + 1e-12 * abs(now):
            hold_instead(p, best, place, changed)
            saved += top - now
    return saved
