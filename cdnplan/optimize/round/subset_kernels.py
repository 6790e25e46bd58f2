"""Knapsacks of one pool: which files are worth most together within its room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats
from cdnplan.order_kernels import increasing

Bools = npt.NDArray[np.bool_]

CELLS = 8_192
"""Steps of room that dynamic programming tells apart."""
SPARE_STEPS, TRIES = 3, 12
"""Steps beyond the room at first, for sums that were rounded too high; so often sums that were rounded too
low are tried again with less."""
EXACT_TO = 1e-12
"""Sums may pass the room by this part of it, which is rounding."""


@part
def _densest(weight: Floats, gain: Floats, room: float, taken: Bools) -> tuple[float, float, float]:
    """Take items by gain per weight as long as they fit.

    Returns their gain, the most that any set can gain, and the gain per weight of the first that did not fit.
    """
    density = np.empty(weight.size)
    for i in range(weight.size):
        density[i] = -gain[i] / max(weight[i], 1e-300)
    total, most, critical, left = 0.0, 0.0, 0.0, room
    for i in increasing(density):
        taken[i] = weight[i] <= left + EXACT_TO * room
        if taken[i]:
            total += gain[i]
            left -= weight[i]
        if critical == 0.0:
            if taken[i]:
                most = total
            else:
                critical = -density[i]
                most = total + critical * left
    return total, most, critical


@part
def _fill(
    weight: Floats, gain: Floats, items: npt.NDArray[np.int64], count: int, room: float, taken: Bools
) -> float:
    """Take what is worth most of so many items, weights rounded to steps of room; returns its weight."""
    step = room / CELLS
    best = np.zeros(CELLS + 1)
    chosen = np.zeros((count, CELLS + 1), np.bool_)
    for k in range(count):
        i = items[k]
        cells = round(weight[i] / step)
        for c in range(CELLS, cells - 1, -1):
            value = best[c - cells] + gain[i]
            if value > best[c]:
                best[c] = value
                chosen[k, c] = True
    c, total = CELLS, 0.0
    for k in range(count - 1, -1, -1):
        i = items[k]
        taken[i] = chosen[k, c]
        if chosen[k, c]:
            c -= round(weight[i] / step)
            total += weight[i]
    return total


@njit(cache=True, nogil=True)
def best_subset(weight: Floats, gain: Floats, room: float) -> Bools:
    """Choose items of positive gain within the room, worth nearly as much as any such set.

    Items by gain per weight come first; those that no better set can lack, or hold, are decided by the bound
    of that relaxation, and the others by dynamic programming over steps of room [1]_.

    Parameters
    ----------
    weight, gain : (n,) float64
        Gains are positive.
    room : float

    Returns
    -------
    (n,) bool

    References
    ----------
    .. [1] H. Kellerer, U. Pferschy, D. Pisinger, "Knapsack Problems", Springer, 2004, chapter 5.

    Examples
    --------
    >>> best_subset(np.array([3.0, 2.0, 2.0]), np.array([4.0, 2.5, 2.5]), 4.0).tolist()
    [False, True, True]
    """
    taken = np.zeros(weight.size, np.bool_)
    total, most, critical = _densest(weight, gain, room, taken)
    if critical == 0.0:
        return taken
    slack = most - total
    tried = np.zeros(weight.size, np.bool_)
    left, count = room, 0
    items = np.empty(weight.size, np.int64)
    for i in range(weight.size):
        over = gain[i] - critical * weight[i]
        tried[i] = over > slack
        if tried[i]:
            left -= weight[i]
        elif over >= -slack:
            items[count] = i
            count += 1
    width = left * (1.0 + SPARE_STEPS / CELLS)
    for _ in range(TRIES):
        if width <= 0.0:
            break
        used = _fill(weight, gain, items, count, width, tried)
        if used <= left + EXACT_TO * room:
            found = 0.0
            for i in range(weight.size):
                found += gain[i] if tried[i] else 0.0
            return tried if found > total else taken
        width -= max(used - left, width / CELLS)
    return taken
