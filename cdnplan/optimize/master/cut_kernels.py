"""Lifted covers of one knapsack [1]_: sums over items that no choice within the room exceeds.

References
----------
.. [1] Z. Gu, G. L. Nemhauser, M. W. P. Savelsbergh, "Lifted Cover Inequalities for 0-1 Integer Programs:
   Computation", INFORMS Journal on Computing 10(4), 1998.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints

Bools = npt.NDArray[np.bool_]

MOST_WORTH = 512
"""Sums are followed up to this; a cover that asks for more is given up."""


@part
def _most(least: Floats, size: int, room: float) -> int:
    """The largest sum that fits into a room, -1 where not even nothing does; `least` grows."""
    if room < 0.0:
        return -1
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if least[middle] <= room:
            low = middle + 1
        else:
            high = middle
    return low - 1


@part
def _joined(least: Floats, size: int, weight: float, worth: int) -> int:
    """Let an item of so much weight and worth take part; the new number of sums."""
    for q in range(size, size + worth):
        least[q] = np.inf
    for q in range(size + worth - 1, -1, -1):
        least[q] = min(least[q], least[max(0, q - worth)] + weight)
    # Nothing weighs nothing.
    least[0] = 0.0
    return size + worth


@part
def _cover(weight: Floats, share: Floats, order: Ints, room: float, inside: Bools) -> bool:
    """Items in this order until they exceed the room, less those without which they still do."""
    total = 0.0
    count = 0
    for i in order:
        inside[i] = True
        count += 1
        total += weight[i]
        if total > room:
            break
    if total <= room:
        return False
    chosen = order[:count]
    for i in chosen[np.argsort(share[chosen])]:
        if total - weight[i] > room:
            inside[i] = False
            total -= weight[i]
    return True


@njit()
def lifted_cover(weight: Floats, share: Floats, room: float, order: Ints, rest: Ints, worth: Ints) -> int:
    """Find a cover among the mixed items, given that those held whole are, and lift it.

    Mixed items that together exceed the room left by the whole ones are a cover: not all of them fit. The
    other mixed ones are lifted into it, then the whole ones, which may be absent after all, then all others:
    each gets the largest worth (a whole one the smallest) with which no choice within the room exceeds the
    limit, given those before it.

    Parameters
    ----------
    weight : (n,) float64
        Of items that can be held; 0 for all others, which take no part [GB or copies].
    share : (n,) float64
        How much of each is held.
    room : float
    order : (k,) int64
        The mixed items, as the cover is to take them.
    rest : (m,) int64
        All items with a weight that are not mixed, whole ones first.
    worth : (n,) int64
        Takes the worth of each item; zeros before.

    Returns
    -------
    int
        The limit; -1 where there is no cover.
    """
    inside = np.zeros(weight.size, dtype=np.bool_)
    whole = 0
    left = room
    while whole < rest.size and share[rest[whole]] > 0.5:
        left -= weight[rest[whole]]
        whole += 1
    if left < 0.0 or not _cover(weight, share, order, left, inside):
        return -1
    least = np.zeros(2 * MOST_WORTH)
    size = 1
    limit = -1
    for i in order:
        if inside[i]:
            worth[i] = 1
            limit += 1
            size = _joined(least, size, weight[i], 1)
    for k in range(order.size + rest.size):
        i = order[k] if k < order.size else rest[k - order.size]
        if inside[i]:
            continue
        if order.size <= k < order.size + whole:
            more = max(0, _most(least, size, left + weight[i]) - limit)
            left += weight[i]
            limit += more
        else:
            more = limit - _most(least, size, left - weight[i])
        if size + more > least.size:
            return -1
        if more > 0:
            worth[i] = more
            size = _joined(least, size, weight[i], more)
    return limit
