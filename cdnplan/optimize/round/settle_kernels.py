"""Changes of one or two files' columns, as long as any saves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.order_kernels import increasing

Bools = npt.NDArray[np.bool_]


@part
def _wasted(left: float, price: float, charge: float) -> float:
    """What room left of one row is worth, or excess costs beyond its price."""
    return price * left if left >= 0.0 else (price - charge) * left


@part
def _least_wasted(left: float, down: float, up: float, price: float, charge: float) -> float:
    """What is wasted of a row at least, after a change between two extremes."""
    if left > up:
        return price * (left - up)
    return (price - charge) * (left - down) if left < down else 0.0


@njit(cache=True, nogil=True)
def waste(load: Floats, room: Floats, price: Floats, charge: Floats) -> float:
    """What loads cost beyond their price: room paid for and left free, and excess above its price."""
    total = 0.0
    for r in range(load.size):
        total += _wasted(room[r] - load[r], price[r], charge[r])
    return total


@njit(cache=True, nogil=True)
def _note(
    f: int, reduced: Floats, use: Floats, start: Ints, choice: Ints, change: Floats, moved: Floats,
    by_row: Floats, least: Floats, down: Floats, up: Floats,
) -> None:  # fmt: skip
    """Note what the columns of a file would change, and the extremes of that."""
    old, n_rows = choice[f], use.shape[1]
    least[f] = 0.0
    for r in range(n_rows):
        down[f, r] = up[f, r] = 0.0
    for c in range(start[f], start[f + 1]):
        change[c] = reduced[c] - reduced[old]
        least[f] = min(least[f], change[c])
        for r in range(n_rows):
            more = use[c, r] - use[old, r]
            moved[c, r] = by_row[r, c] = more
            down[f, r] = min(down[f, r], more)
            up[f, r] = max(up[f, r], more)


@part
def _by_waste(left: Floats, price: Floats, charge: Floats, wasted: Floats, live: Ints) -> int:
    """Sort the rows of which something is wasted, most first; returns how many they are."""
    n_live = 0
    for r in range(left.size):
        this = _wasted(left[r], price[r], charge[r])
        if this > 0.0:
            k = n_live
            while k > 0 and this > wasted[k - 1]:
                live[k], wasted[k] = live[k - 1], wasted[k - 1]
                k -= 1
            live[k], wasted[k] = r, this
            n_live += 1
    return n_live


@njit(cache=True, nogil=True)
def _second(
    one: int, first_file: int, bar: float, free: Floats, price: Floats, charge: Floats, even: Bools,
    start: Ints, change: Floats, moved: Floats, by_row: Floats, least: Floats, down: Floats, up: Floats,
    able: Ints, n_able: Ints,
) -> int:  # fmt: skip
    """The column leaving least cost and waste after a first change; -1 where none leaves less than `bar`.

    It has to mend the row that the first change leaves worst. `free` is room before the first change.
    """
    n_rows = free.size
    after, wasted, live = np.empty(n_rows), np.empty(n_rows), np.empty(n_rows, dtype=np.int64)
    for r in range(n_rows):
        after[r] = free[r] - moved[one, r]
    n_live = _by_waste(after, price, charge, wasted, live)
    worst = live[0] if n_live > 0 else 0
    left, dear, excess = after[worst], price[worst], charge[worst]
    more, best, cost = by_row[worst], -1, change[one]
    side = 0 if left < 0.0 else 1
    for k in range(n_able[side, worst]):
        f = able[side, worst, k]
        if f == first_file:
            continue
        far = down[f, worst] if side == 0 else up[f, worst]
        # In even rows a file uses one amount or nothing; in others it may fit just so.
        fits = not even[worst] and (left >= far if left < 0.0 else left <= far)
        # No column of the file leaves less than this; rows of which nothing is wasted cannot add to it.
        low = cost + least[f] + (0.0 if fits else _wasted(left - far, dear, excess))
        for j in range(1, n_live):
            if low >= bar:
                break
            r = live[j]
            low += _least_wasted(after[r], down[f, r], up[f, r], price[r], charge[r])
        if low >= bar:
            continue
        for c in range(start[f], start[f + 1]):
            if more[c] >= 0.0 if left < 0.0 else more[c] <= 0.0:
                continue
            total = cost + change[c] + _wasted(left - more[c], dear, excess)
            for r in range(n_rows):
                if total >= bar:
                    break
                if r != worst:
                    total += _wasted(after[r] - moved[c, r], price[r], charge[r])
            if total < bar:
                best, bar = c, total
    return best


@njit(cache=True, nogil=True)
def _note_able(down: Floats, up: Floats, able: Ints, n_able: Ints) -> None:
    """Note which files can use less (0) and more (1) of each row."""
    n_files, n_rows = down.shape
    for r in range(n_rows):
        n_able[0, r] = n_able[1, r] = 0
        for f in range(n_files):
            if down[f, r] < 0.0:
                able[0, r, n_able[0, r]] = f
                n_able[0, r] += 1
            if up[f, r] > 0.0:
                able[1, r, n_able[1, r]] = f
                n_able[1, r] += 1


@njit(cache=True, nogil=True)
def settle(
    reduced: Floats, use: Floats, file: Ints32, start: Ints, room: Floats, price: Floats, charge: Floats,
    even: Bools, choice: Ints, begin: Bools, pairs: bool, worth: float,
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
    even : (n_rows,) bool
        Rows of which the columns of a file use one amount or nothing.
    choice : (n_files,) int64
        Column of each file; changed.
    begin : (n_files,) bool
        Files that a change may begin with; those changed are added.
    pairs : bool
        Whether a first change that does not save may be followed by the second that fits best: of another
        file, and less in the row that the first one leaves with the dearest excess, or more where room is
        dearest.
    worth : float
        Least saving that counts.
    """
    n, n_rows, n_files = reduced.size, room.size, choice.size
    free = room.copy()
    for f in range(n_files):
        free -= use[choice[f]]
    change, least = np.empty(n), np.empty(n_files)
    moved, by_row = np.empty((n, n_rows)), np.empty((n_rows, n))
    down, up = np.empty((n_files, n_rows)), np.empty((n_files, n_rows))
    able, n_able = np.empty((2, n_rows, n_files), dtype=np.int64), np.empty((2, n_rows), dtype=np.int64)
    for f in range(n_files):
        _note(f, reduced, use, start, choice, change, moved, by_row, least, down, up)
    _note_able(down, up, able, n_able)
    now, lowest = waste(room - free, room, price, charge), least.min()
    better = True
    while better:
        better = False
        order = increasing(change)
        for one in order:
            f = file[one]
            # Waste is at least 0: a further column could not bring the sum below.
            if not begin[f] or choice[f] == one or change[one] + (lowest if pairs else 0.0) >= now - worth:
                continue
            two, total = -1, change[one]
            for r in range(n_rows):
                total += _wasted(free[r] - moved[one, r], price[r], charge[r])
            if total >= now - worth:
                if pairs:
                    two = _second(
                        one, f, now - worth, free, price, charge, even, start, change, moved, by_row, least,
                        down, up, able, n_able,
                    )  # fmt: skip
                if two < 0:
                    continue
            better = True
            for new in (one, two):
                if new >= 0:
                    free -= moved[new]
            for new in (one, two):
                if new >= 0:
                    choice[file[new]] = new
                    begin[file[new]] = True
                    _note(file[new], reduced, use, start, choice, change, moved, by_row, least, down, up)
            _note_able(down, up, able, n_able)
            now, lowest = waste(room - free, room, price, charge), least.min()
