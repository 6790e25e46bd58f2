"""Chains of changes of single files' columns, as long as any chain saves."""

from __future__ import annotations

import numba
import numpy as np

from cdnplan.model.instance import Floats, Ints, Ints32


@numba.njit(cache=True, nogil=True)
def waste(load: Floats, room: Floats, price: Floats, charge: Floats) -> float:
    """What loads cost beyond their price: room paid for and left free, and excess above its price."""
    total = 0.0
    for r in range(load.size):
        left = room[r] - load[r]
        total += price[r] * left if left >= 0.0 else (price[r] - charge[r]) * left
    return total


@numba.njit(cache=True, nogil=True)
def _best_next(
    load: Floats, cost: float, bar: float, change: Floats, order: Ints, file: Ints32, moved: Floats,
    used: Ints, room: Floats, price: Floats, charge: Floats, found: Ints, value: Floats,
) -> int:  # fmt: skip
    """The columns that leave least cost and waste, less than `bar`, after a further change; how many.

    `found` and `value` take them, best first, as many as there is room for. Files in `used` are left alone.
    """
    count, most = 0, found.size
    free, above = room - load, price - charge
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
        if total >= bar or file[c] == used[0] or file[c] == used[1]:
            continue
        at = min(count, most - 1)
        while at > 0 and value[at - 1] > total:
            found[at], value[at] = found[at - 1], value[at - 1]
            at -= 1
        found[at], value[at] = c, total
        count = min(count + 1, most)
        if count == most:
            bar = value[most - 1]
    return count


@numba.njit(cache=True, nogil=True)
def _chain(
    one: int, depth: int, bar: float, load: Floats, change: Floats, order: Ints, file: Ints32, moved: Floats,
    room: Floats, price: Floats, charge: Floats, few: Ints, value: Floats, chain: Ints,
) -> int:  # fmt: skip
    """A chain that begins with a column and ends below `bar`, written to `chain`; its length, or 0."""
    used = np.array([file[one], -1])
    last, last_value = np.empty(1, dtype=np.int64), np.empty(1)
    first, after = change[one], load + moved[one]
    chain[0] = one
    if first + waste(after, room, price, charge) < bar:
        return 1
    if depth < 2:
        return 0
    if depth < 3:
        found = _best_next(
            after, first, bar, change, order, file, moved, used, room, price, charge, last, last_value
        )
        chain[1] = last[0]
        return 2 if found else 0
    found = _best_next(
        after, first, np.inf, change, order, file, moved, used, room, price, charge, few, value
    )
    if found and value[0] < bar:
        chain[1] = few[0]
        return 2
    length = 0
    for k in range(found):
        two = few[k]
        used[1] = file[two]
        if _best_next(
            after + moved[two], first + change[two], bar, change, order, file, moved, used, room, price,
            charge, last, last_value,
        ):  # fmt: skip
            bar, length = last_value[0], 3
            chain[1], chain[2] = two, last[0]
    return length


@numba.njit(cache=True, nogil=True)
def settle(
    reduced: Floats, use: Floats, file: Ints32, start: Ints, room: Floats, price: Floats, charge: Floats,
    choice: Ints, depth: int, breadth: int, worth: float,
) -> None:  # fmt: skip
    """Change columns of up to `depth` files at a time, in place, until no chain looked at saves more.

    Every column is tried as the first of a chain. A second closes it, or one of the few that fit best is
    followed by a third.

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
    depth : int
        At most 3.
    breadth : int
        Seconds that are followed by a third.
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
        moved[c] = use[c] - use[old]
    now = waste(load, room, price, charge)
    order = np.argsort(change)
    few, value = np.empty(breadth, dtype=np.int64), np.empty(breadth)
    chain = np.empty(3, dtype=np.int64)
    better = True
    while better:
        better, at = False, 0
        while at < n:
            one = order[at]
            at += 1
            bar = now - worth
            # Waste is at least 0: further columns could not bring the chain below.
            if change[one] + (depth - 1) * min(0.0, change[order[0]]) >= bar:
                break
            if choice[file[one]] == one:
                continue
            length = _chain(
                one, depth, bar, load, change, order, file, moved, room, price, charge, few, value, chain
            )
            if length == 0:
                continue
            better = True
            for k in range(length):
                load += moved[chain[k]]
            for k in range(length):
                new = chain[k]
                choice[file[new]] = new
                for c in range(start[file[new]], start[file[new] + 1]):
                    change[c] = reduced[c] - reduced[new]
                    moved[c] = use[c] - use[new]
            now = waste(load, room, price, charge)
            order = np.argsort(change)
