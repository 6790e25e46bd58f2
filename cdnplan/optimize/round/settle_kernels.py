"""Changes of one or two files' columns, as long as any saves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.order_kernels import increasing

Bools = npt.NDArray[np.bool_]


class Options(NamedTuple):
    """Columns that files can take.

    Parameters
    ----------
    reduced : (n_columns,) float64
        Cost at the prices of all limits used.
    use : (n_columns, n_rows) float64
    file, start : (n_columns,) int32, (n_files + 1,) int64
        The file of each column; the first column of each file.
    """

    reduced: Floats
    use: Floats
    file: Ints32
    start: Ints


class Charges(NamedTuple):
    """Limits, what their room is worth, and what excess costs, at least as much, (n_rows,) float64."""

    room: Floats
    price: Floats
    charge: Floats


class Moves(NamedTuple):
    """What each column would change in place of its file's present one.

    Parameters
    ----------
    change : (n_columns,) float64
        Of reduced cost; `least` by file.
    moved, by_row : (n_columns, n_rows), (n_rows, n_columns) float64
        Of use, twice; `down` and `up`, (n_files, n_rows), are its extremes.
    able, n_able : (2, n_rows, n_files), (2, n_rows) int64
        Files that can use less (0) and more (1) of each row.
    """

    change: Floats
    least: Floats
    moved: Floats
    by_row: Floats
    down: Floats
    up: Floats
    able: Ints
    n_able: Ints


class Worst(NamedTuple):
    """After a first change: what is left of each row, rows of which something is wasted, and how much."""

    after: Floats
    live: Ints
    wasted: Floats


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


@njit(cache=True, nogil=True, allocates=False)
def waste(load: Floats, limits: Charges) -> float:
    """What loads cost beyond their price: room paid for and left free, and excess above its price."""
    total = 0.0
    for r in range(load.size):
        total += _wasted(limits.room[r] - load[r], limits.price[r], limits.charge[r])
    return total


@njit(cache=True, nogil=True, allocates=False)
def _note(f: int, options: Options, choice: Ints, moves: Moves) -> None:
    """Note what the columns of a file would change, and the extremes of that."""
    reduced, use, down, up = options.reduced, options.use, moves.down, moves.up
    old, n_rows = choice[f], use.shape[1]
    moves.least[f] = 0.0
    for r in range(n_rows):
        down[f, r] = up[f, r] = 0.0
    for c in range(options.start[f], options.start[f + 1]):
        moves.change[c] = reduced[c] - reduced[old]
        moves.least[f] = min(moves.least[f], moves.change[c])
        for r in range(n_rows):
            more = use[c, r] - use[old, r]
            moves.moved[c, r] = moves.by_row[r, c] = more
            down[f, r] = min(down[f, r], more)
            up[f, r] = max(up[f, r], more)


@part
def _by_waste(limits: Charges, worst: Worst) -> int:
    """Sort the rows of which something is wasted, most first; returns how many they are."""
    live, wasted = worst.live, worst.wasted
    n_live = 0
    for r in range(worst.after.size):
        this = _wasted(worst.after[r], limits.price[r], limits.charge[r])
        if this > 0.0:
            k = n_live
            while k > 0 and this > wasted[k - 1]:
                live[k], wasted[k] = live[k - 1], wasted[k - 1]
                k -= 1
            live[k], wasted[k] = r, this
            n_live += 1
    return n_live


@njit(cache=True, nogil=True, allocates=False)
def _second(
    one: int,
    first_file: int,
    bar: float,
    free: Floats,
    limits: Charges,
    even: Bools,
    start: Ints,
    moves: Moves,
    worst_rows: Worst,
) -> int:
    """The column leaving least cost and waste after a first change; -1 where none leaves less than `bar`.

    It has to mend the row that the first change leaves worst. `free` is room before the first change.
    """
    price, charge, after, live = limits.price, limits.charge, worst_rows.after, worst_rows.live
    change, least, moved, down, up = moves.change, moves.least, moves.moved, moves.down, moves.up
    n_rows = free.size
    for r in range(n_rows):
        after[r] = free[r] - moved[one, r]
    n_live = _by_waste(limits, worst_rows)
    worst = live[0] if n_live > 0 else 0
    left, dear, excess = after[worst], price[worst], charge[worst]
    more, best, cost = moves.by_row[worst], -1, change[one]
    side = 0 if left < 0.0 else 1
    for k in range(moves.n_able[side, worst]):
        f = moves.able[side, worst, k]
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


@njit(cache=True, nogil=True, allocates=False)
def _note_able(moves: Moves) -> None:
    """Note which files can use less (0) and more (1) of each row."""
    down, up, able, n_able = moves.down, moves.up, moves.able, moves.n_able
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
def _moves(options: Options, choice: Ints) -> Moves:
    """What columns would change at first."""
    n, n_rows, n_files = options.reduced.size, options.use.shape[1], choice.size
    moves = Moves(
        np.empty(n),
        np.empty(n_files),
        np.empty((n, n_rows)),
        np.empty((n_rows, n)),
        np.empty((n_files, n_rows)),
        np.empty((n_files, n_rows)),
        np.empty((2, n_rows, n_files), np.int64),
        np.empty((2, n_rows), np.int64),
    )
    for f in range(n_files):
        _note(f, options, choice, moves)
    _note_able(moves)
    return moves


@njit(cache=True, nogil=True)
def settle(
    options: Options, limits: Charges, even: Bools, choice: Ints, begin: Bools, pairs: bool, worth: float
) -> None:
    """Change columns of one file, or of two at a time, in place, until no change saves more.

    Parameters
    ----------
    options : Options
    limits : Charges
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
    file, n_rows = options.file, limits.room.size
    room, price, charge = limits.room, limits.price, limits.charge
    free = room.copy()
    for f in range(choice.size):
        free -= options.use[choice[f]]
    moves = _moves(options, choice)
    change, moved = moves.change, moves.moved
    worst = Worst(np.empty(n_rows), np.empty(n_rows, np.int64), np.empty(n_rows))
    now, lowest = waste(room - free, limits), moves.least.min()
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
                    two = _second(one, f, now - worth, free, limits, even, options.start, moves, worst)
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
                    _note(file[new], options, choice, moves)
            _note_able(moves)
            now, lowest = waste(room - free, limits), moves.least.min()
