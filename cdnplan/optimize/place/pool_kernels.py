"""One pool, given what all others hold: what each file is worth there, and what a new choice changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdnplan.compiled import njit
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.optimize.place.nearest_kernels import Nearest, note_changes, pool_values
from cdnplan.optimize.problem.arrays import Bools, Copies, Network, RowDemand


class Stock(NamedTuple):
    """What it takes and costs to hold files.

    Parameters
    ----------
    size : (n_files,) float64
        [GB]
    copies, held : (n_pools, n_files) uint8
        Copies that a pool holds if it holds a file (0: it must not), and copies that are there.
    fill_cost : (n_pools,) float64
        [currency per GB filled]
    forced : (n_pools, n_files) bool
        What pools hold come what may.
    """

    size: Floats
    copies: Copies
    held: Copies
    fill_cost: Floats
    forced: Bools

    @classmethod
    def of(cls, instance: Instance, forced: Bools) -> Stock:
        """Take the files of an instance."""
        return cls(instance.size_gb, instance.copies, instance.held, instance.fill_cost, forced)


class Volumes(NamedTuple):
    """Limits or prices of GB stored and of new GB, (n_pools,)."""

    stored: Floats
    new: Floats


class Place(NamedTuple):
    """A placement with what tells the value of changing it, which follows the changes.

    Parameters
    ----------
    demand : RowDemand
    net : Network
    nearest : Nearest
    holds : (n_pools, n_files) bool
    """

    demand: RowDemand
    net: Network
    nearest: Nearest
    holds: Bools


class Offer(NamedTuple):
    """What files are worth to one pool and take there, (n_files,); scratch for one pool after the other.

    Parameters
    ----------
    net : float64
        What each saves, less what filling costs [currency].
    weight, fresh : float64
        GB stored, and GB of them that are new.
    """

    net: Floats
    weight: Floats
    fresh: Floats


@njit(cache=True, allocates=False)
def weigh_pool(p: int, place: Place, stock: Stock, offer: Offer) -> tuple[float, float, float]:
    """Find what files are worth to a pool; returns that of what it holds, and the GB stored and new of it."""
    net, weight, fresh = offer.net, offer.weight, offer.fresh
    pool_values(p, place.demand, place.net, place.nearest, net)
    now, stored, filled = 0.0, 0.0, 0.0
    for f in range(net.size):
        k = np.int64(stock.copies[p, f])
        weight[f] = stock.size[f] * k
        fresh[f] = stock.size[f] * max(0, k - np.int64(stock.held[p, f]))
        net[f] -= stock.fill_cost[p] * fresh[f]
        if place.holds[p, f]:
            now += net[f]
            stored += weight[f]
            filled += fresh[f]
    return now, stored, filled


@njit(cache=True, allocates=False)
def hold_instead(p: int, chosen: Bools, place: Place, changed: Ints) -> int:
    """Let a pool hold what was chosen; returns how many files that changes, `changed` is scratch for them."""
    n = 0
    for f in range(chosen.size):
        if chosen[f] != place.holds[p, f]:
            place.holds[p, f] = chosen[f]
            changed[n] = f
            n += 1
    if n > 0:
        note_changes(p, changed[:n], place.demand, place.net, place.holds, place.nearest)
    return n
