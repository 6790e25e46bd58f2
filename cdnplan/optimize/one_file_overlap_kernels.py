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

from typing import Any

import numpy as np
from numba import njit

from cdnplan.optimize.one_file_bound_kernels import offers

Array = Any

NEAREST = 128
"""Pools of which overlaps are looked at: so many at most of those that would open, and `COUNT` more. The
others count as if they had none."""
COUNT = 16
"""Sets of so many pools, and of more, are bounded together."""


@njit(cache=True, nogil=True)
def smallest_overlaps(
    near: Array, free: Array, by_ptr: Array, by_region: Array, over: Array, at: Array, found: Array
) -> None:  # fmt: skip
    """The smallest overlaps of each pool of `near` with those of `free`, in increasing order.

    `over` are the a[p, r] of the entries; `at` is working space.
    """
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
            place = row.size
            while place > 0 and row[place - 1] > shared:
                place -= 1
            if place < row.size:
                row[place + 1 :] = row[place:-1].copy()
                row[place] = shared


@njit(cache=True, nogil=True)
def overlap_bound(
    free: Array, by_ptr: Array, by_region: Array, by_level: Array, opening: Array, base: float, goal: float,
    u: Array, slack: Array, barred: Array, paid: Array, over: Array, at: Array,
) -> Any:  # fmt: skip
    """Bound of the sets of undecided pools at u, and how many pools the set has that is bounded worst.

    `free` are the pools that may open, `base` what decided ones and u cost, `slack` becomes opening - paid.
    `barred` becomes true for pools that are in no set below the goal. `paid`, `over` and `at` are working
    space.
    """
    offers(free, by_ptr, by_region, by_level, u, paid)
    for i in range(free.size):
        slack[free[i]] = opening[free[i]] - paid[free[i]]
    for k in range(by_ptr[by_ptr.size - 1]):
        over[k] = max(0.0, u[by_region[k]] - by_level[k])
    order = free[np.argsort(slack[free])]
    count = min(NEAREST, (slack[free] < 0.0).sum()) + COUNT
    near, rest = order[:count], order[count:]
    found = np.empty((near.size, COUNT - 1))
    smallest_overlaps(near, free, by_ptr, by_region, over, at, found)
    cost, more = slack[near], 0.0
    for i in range(rest.size):
        more += min(0.0, slack[rest[i]])
    least, fewest = base, 0
    # What a pool may cost at most to be in a set of each size; the rest, and each near one.
    most = -np.inf
    barred[:] = True
    for k in range(1, min(COUNT, free.size) + 1):
        cost[:] = slack[near]
        for i in range(near.size):
            for j in range(k - 1):
                cost[i] += found[i, j] / k
        # The rest has no overlaps: its cheapest pools compete as they are.
        both = np.sort(np.concatenate((cost, slack[rest[:k]])))
        total, last = base + both[:k].sum(), both[k - 1]
        if k == COUNT:
            total = base + both[:k].sum() + more - np.minimum(0.0, slack[rest[:k]]).sum()
            total += np.minimum(0.0, both[k:]).sum()
            last = max(0.0, last)
        if total < least:
            least, fewest = total, k
        allowed = goal - total + last
        most = max(most, allowed)
        for i in range(near.size):
            if cost[i] < allowed:
                barred[near[i]] = False
    for i in range(rest.size):
        barred[rest[i]] = slack[rest[i]] >= most
    return least, fewest
