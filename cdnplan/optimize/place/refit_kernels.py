"""Make a placement fit its limits and fill what room is left, pool by pool."""

from __future__ import annotations

import numpy as np

from cdnplan.compiled import njit
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.place.pool_kernels import Offer, Place, Stock, Volumes, hold_instead, weigh_pool
from cdnplan.optimize.problem.arrays import Bools

NEW_PER_STORED = (0.0, 0.5, 2.0)
"""What a new GB may count as in stored ones, besides what the prices say, where new bytes are limited."""


@njit(cache=True)
def _fit(worth: Floats, offer: Offer, forced: Bools, storage: float, most_new: float, row: Bools) -> float:
    """Drop what is worth least from an overfull pool, then add what is worth most and fits; its net value."""
    net, weight, fresh = offer.net, offer.weight, offer.fresh
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
def refit(order: Ints, place: Place, stock: Stock, limit: Volumes, price: Volumes) -> int:
    """Drop from overfull pools what is worth least, then add what is worth most and fits; in place.

    Worth is net value per priced GB, stored and new. Where both have a price, what has to go decides which of
    the two the pool is short of in the end, and prices may have it wrong: new files can all go for want of
    storage, and leave the window unused that their price is for. So overfull pools try other exchange rates
    as well, and the best choice counts. Returns the number of changes.
    """
    n_files = stock.size.size
    offer = Offer(np.empty(n_files), np.empty(n_files), np.empty(n_files))
    net, weight, fresh = offer.net, offer.weight, offer.fresh
    worth = np.empty(n_files)
    row, best = np.empty(n_files, np.bool_), np.empty(n_files, np.bool_)
    changed = np.empty(n_files, np.int64)
    changes = 0
    for p in order:
        _, stored, filled = weigh_pool(p, place, stock, offer)
        store_price, new_price = price.stored[p], price.new[p]
        overfull = stored > limit.stored[p] or filled > limit.new[p]
        top = -np.inf
        for attempt in range(1 + (len(NEW_PER_STORED) if overfull and new_price > 0.0 else 0)):
            for f in range(n_files):
                priced = store_price * weight[f] + new_price * fresh[f]
                if attempt > 0 or priced <= 0.0:
                    priced = weight[f] + (NEW_PER_STORED[attempt - 1] * fresh[f] if attempt > 0 else 0.0)
                worth[f] = net[f] / priced if weight[f] > 0.0 else 0.0
            copy(place.holds[p], n_files, row)
            total = _fit(worth, offer, stock.forced[p], limit.stored[p], limit.new[p], row)
            if total > top:
                top = total
                copy(row, n_files, best)
        changes += hold_instead(p, best, place, changed)
    return changes
