"""A bound of one large facility location problem that sees where pools serve the same regions.

With the demand rows priced at u, a set S of pools that open is paid a[p, r] = max(0, u[r] - level) by each
region more than once, as if each of them served it; but only the largest counts. For any tree over S,

    max_p a[p, r] <= sum_p a[p, r] - sum over the tree's edges pq of min(a[p, r], a[q, r])  (Hunter [1]_)

so on the mean of all stars over k pools every pair's overlap o[p, q] = sum_r min(a[p, r], a[q, r]) counts
2 / k times: a pool of S costs at least (k - 1) / k of the mean of its k - 1 smallest overlaps more. That
grows with k, so it holds for more than k pools too. For each k, the k cheapest pools are a bound.

References
----------
.. [1] D. Hunter, "An upper bound for the probability of a union", Journal of Applied Probability 13(3), 1976.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdnplan.compiled import part
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.one_file.one_file_bound_kernels import ByPool, offers
from cdnplan.optimize.problem.arrays import Bools
from cdnplan.order_kernels import increasing

NEAREST = 144
"""Pools of which overlaps are looked at: those that would open and `COUNT` more, so many at most. The others
count as if they had none."""
COUNT = 16
"""Sets of so many pools, and of more, are bounded together."""


class Overlaps(NamedTuple):
    """What `overlap_bound` finds, and works in.

    Parameters
    ----------
    slack : (n_pools,) float64
        Cost of opening that undecided pools are not paid [currency].
    barred : (n_pools,) bool
        Pools that are in no set below the goal.
    paid, over, at : (n_pools,), (n_entries,), (n_regions,) float64
        What pools are paid, by entry, and of one pool by region [currency].
    """

    slack: Floats
    barred: Bools
    paid: Floats
    over: Floats
    at: Floats


@part
def room_for_overlaps(regions: int, pools: int, entries: int) -> Overlaps:
    """Arrays that `overlap_bound` works in."""
    barred = np.empty(pools, np.bool_)
    return Overlaps(np.empty(pools), barred, np.empty(pools), np.empty(entries), np.empty(regions))


@part
def insert(row: Floats, value: float) -> None:
    """Put a value into a row in increasing order, in the place of the last one."""
    place = row.size - 1
    while place > 0 and row[place - 1] > value:
        row[place] = row[place - 1]
        place -= 1
    row[place] = value


@part
def smallest_overlaps(near: Ints, free: Ints, by_pool: ByPool, room: Overlaps, found: Floats) -> None:
    """The smallest overlaps of each pool of `near` with those of `free`, in increasing order.

    `room.over` are the a[p, r] of the entries.
    """
    by_ptr, by_region, over, at = by_pool.ptr, by_pool.region, room.over, room.at
    found[:] = np.inf
    for i in range(near.size):
        p = near[i]
        at[:] = 0.0
        for k in range(np.uint64(by_ptr[p]), np.uint64(by_ptr[p + 1])):
            at[by_region[k]] = over[k]
        row = found[i]
        for j in range(free.size):
            q = free[j]
            if q == p:
                continue
            shared = 0.0
            for k in range(np.uint64(by_ptr[q]), np.uint64(by_ptr[q + 1])):
                shared += min(at[by_region[k]], over[k])
            if shared < row[-1]:
                insert(row, shared)


@part
def overlap_bound(
    free: Ints, by_pool: ByPool, opening: Floats, base: float, goal: float, u: Floats, room: Overlaps
) -> tuple[float, int]:
    """Bound of the sets of undecided pools at u, and how many pools the set has that is bounded worst.

    `free` are the pools that may open, `base` what decided ones and u cost.
    """
    slack, barred, over = room.slack, room.barred, room.over
    by_ptr, by_region, by_level = by_pool.ptr, by_pool.region, by_pool.level
    offers(free, by_pool, u, room.paid)
    for i in range(free.size):
        slack[free[i]] = opening[free[i]] - room.paid[free[i]]
    for k in range(by_ptr[by_ptr.size - 1]):
        over[k] = max(0.0, u[by_region[k]] - by_level[k])
    tight = np.empty(free.size)
    for i in range(free.size):
        tight[i] = slack[free[i]]
    order, count = increasing(tight), COUNT
    for i in range(free.size):
        count += 1 if tight[i] < 0.0 else 0
    count = min(count, NEAREST, free.size)
    near, rest = np.empty(count, np.int64), np.empty(free.size - count, np.int64)
    for i in range(free.size):
        if i < count:
            near[i] = free[order[i]]
        else:
            rest[i - count] = free[order[i]]
    found, cost, cheapest = np.empty((count, COUNT - 1)), np.empty(count), np.empty(COUNT)
    smallest_overlaps(near, free, by_pool, room, found)
    least, fewest = base, 0
    # What a pool may cost at most to be in a set of some size; the rest, and each near one.
    most = -np.inf
    barred[:] = True
    for k in range(1, min(COUNT, free.size) + 1):
        cheapest[:] = np.inf
        below = 0.0
        for i in range(count):
            cost[i] = slack[near[i]]
            for j in range(k - 1):
                cost[i] += found[i, j] / k
            below += min(0.0, cost[i])
            if cost[i] < cheapest[k - 1]:
                insert(cheapest[:k], cost[i])
        # The rest has no overlaps: its cheapest pools compete as they are.
        for i in range(rest.size):
            below += min(0.0, slack[rest[i]])
            if slack[rest[i]] < cheapest[k - 1]:
                insert(cheapest[:k], slack[rest[i]])
        total, last = base, cheapest[k - 1]
        for i in range(k):
            total += cheapest[i]
            below -= min(0.0, cheapest[i])
        if k == COUNT:
            total, last = total + below, max(0.0, last)
        if total < least:
            least, fewest = total, k
        allowed = goal - total + last
        most = max(most, allowed)
        for i in range(count):
            if cost[i] < allowed:
                barred[near[i]] = False
    for i in range(rest.size):
        barred[rest[i]] = slack[rest[i]] >= most
    return least, fewest
