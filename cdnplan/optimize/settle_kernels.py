"""Changes of one or two files' columns, as long as any saves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.model.instance import Floats, Ints, Ints32

Bools = npt.NDArray[np.bool_]


@njit(cache=True, nogil=True)
def waste(load: Floats, room: Floats, price: Floats, charge: Floats) -> float:
    """What loads cost beyond their price: room paid for and left free, and excess above its price."""
    total = 0.0
    for r in range(load.size):
        left = room[r] - load[r]
        total += price[r] * left if left >= 0.0 else (price[r] - charge[r]) * left
    return total


@njit(cache=True, nogil=True)
def _best_second(
    one: int, bar: float, load: Floats, change: Floats, order: Ints, file: Ints32, moved: Floats,
    room: Floats, price: Floats, charge: Floats,
) -> int:  # fmt: skip
    """The column leaving least cost and waste after a first change; -1 where none leaves less than `bar`."""
    best, cost = -1, change[one]
    free, above = room - load - moved[one], price - charge
    for k in range(order.size):
        c = order[k]
        total = cost + change[c]
        if total >= bar:
            break
        r = 0
        while r < free.size and total < bar:
            left = free[r] - moved[c, r]
            total += (price[r] if left >= 0.0 else above[r]) * left
            r += 1
        if total < bar and file[c] != file[one]:
            best, bar = c, total
    return best


@njit(cache=True, nogil=True)
def settle(
    reduced: Floats, use: Floats, file: Ints32, start: Ints, room: Floats, price: Floats, charge: Floats,
    choice: Ints, begin: Bools, pairs: bool, worth: float,
) -> None:  # fmt: skip
    """Change columns of one file, or of two at a time, in place, until no change saves more.

    Parameters
    ----------
    reduced : (n_columns,) float64
        Cost at the prices of all limits used.
    use : (n_columns, n_rows) float64
    file, start : (n_columns,) int32, (n_files + 1,) int64
        The file of each column; the first column of each file.
    room, price, charge : (n_rows,) float64
        Limits, what their room is worth, and what excess costs, at least as much.
    choice : (n_files,) int64
        Column of each file; changed.
    begin : (n_files,) bool
        Files that a change may begin with; those changed are added.
    pairs : bool
        Whether a first change that does not save may be followed by the second that fits best.
    worth : float
        Least saving that counts.
    """
    n, n_rows = reduced.size, room.size
    load = np.zeros(n_rows)
    for f in range(choice.size):
        load += use[choice[f]]
    change, moved = np.empty(n), np.empty((n, n_rows))
    for c in range(n):
        old = choice[file[c]]
        change[c] = reduced[c] - reduced[old]
        for row in range(n_rows):
            moved[c, row] = use[c, row] - use[old, row]
    now = waste(load, room, price, charge)
    order = np.argsort(change)
    better = True
    while better:
        better, at = False, 0
        while at < n:
            one = order[at]
            at += 1
            bar = now - worth
            # Waste is at least 0: a further column could not bring the sum below.
            if change[one] + (min(0.0, change[order[0]]) if pairs else 0.0) >= bar:
                break
            if not begin[file[one]] or choice[file[one]] == one:
                continue
            two = -1
            if change[one] + waste(load + moved[one], room, price, charge) >= bar:
                if pairs:
                    two = _best_second(one, bar, load, change, order, file, moved, room, price, charge)
                if two < 0:
                    continue
            better = True
            for new in (one, two):
                if new >= 0:
                    load += moved[new]
            for new in (one, two):
                if new < 0:
                    continue
                choice[file[new]] = new
                begin[file[new]] = True
                for c in range(start[file[new]], start[file[new] + 1]):
                    change[c] = reduced[c] - reduced[new]
                    for row in range(n_rows):
                        moved[c, row] = use[c, row] - use[new, row]
            now = waste(load, room, price, charge)
            order = np.argsort(change)
