"""Kernel: better what one pool holds, appliance by appliance, given what a file is worth there.

A multiple knapsack by local search [1]_: files come in, change places with files that stay, or replace
files that leave, best gain first, as long as there is a gain.

References
----------
.. [1] S. Martello, P. Toth, "Knapsack Problems: Algorithms and Computer Implementations", chapter 6,
   Wiley, 1990.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.fill.shelves.bench_kernels import HERE, fresh_gb, room, time_left
from cdnplan.fill.shelves.shelf_kernels import (
    Newcomers,
    Shelf,
    insert,
    most_worth,
    move,
    newcomers,
    places,
    take_out,
)
from cdnplan.order_kernels import increasing

Array = npt.NDArray[Any]

MOST_LEAVING, FEWEST_LEAVING, FEW_APPLIANCES = 200, 25, 4
"""Files of an appliance that may leave or move, those of least worth per GB first: so many in pools of up to
`FEW_APPLIANCES`, fewer in larger ones, where pairs of appliances are many."""
MOST_STEPS, MOST_STEPS_LARGE, LARGE_FROM = 1000, 200, 2000
"""Exchanges in one pool, and in one with so many files."""
LEAST_RATIO = 1e-5
"""An exchange gains at least this part of what the files of the pool that may leave are worth."""


@njit(cache=True)
def _leaving(shelf: Shelf, a: int, by_density: Array) -> Array:
    """Single files of an appliance that may leave it, least worth per GB first."""
    bench = shelf.bench
    most = max(FEWEST_LEAVING, MOST_LEAVING * FEW_APPLIANCES // max(FEW_APPLIANCES, bench.used.size))
    found = np.empty(most, dtype=np.int64)
    n = 0
    for f in by_density:
        if bench.on[a, f] & HERE and bench.copies[f] == 1 and not shelf.fixed[f]:
            found[n] = f
            n += 1
            if n == most:
                break
    return found[:n]


@njit(cache=True)
def _insert_copies(shelf: Shelf, inside: Array) -> bool:
    """Bring in the most valuable file that has room for all its copies, on the emptiest appliances."""
    bench, best = shelf.bench, -1
    for g in range(inside.size):
        if inside[g] or shelf.value[g] <= 0.0 or shelf.fresh[g] > shelf.room_new[0]:
            continue
        better = best < 0 or shelf.value[g] > shelf.value[best]
        if better and places(bench, g) >= bench.copies[g]:
            best = g
    if best < 0:
        return False
    insert(shelf, best, increasing(bench.used))
    inside[best] = True
    return True


@njit(cache=True)
def _replace(shelf: Shelf, inside: Array, new: Newcomers, by_density: Array, least: float) -> bool:
    """One or two files leave an appliance for one newcomer, where that gains most."""
    bench = shelf.bench
    top, top_a, top_f, top_h, top_g = least, -1, -1, -1, -1
    for a in range(bench.used.size):
        leaving = _leaving(shelf, a, by_density)
        for n in range(leaving.size):
            f = leaving[n]
            for k in range(n, leaving.size):
                h = leaving[k]
                space, lost = room(bench, a) + bench.size[f], shelf.value[f]
                window = time_left(bench, a) + fresh_gb(bench, a, f)
                if k > n:
                    space += bench.size[h]
                    lost += shelf.value[h]
                    window += fresh_gb(bench, a, h)
                g = most_worth(shelf, new, a, space, window)
                if g >= 0 and shelf.value[g] - lost > top:
                    top, top_a, top_f, top_h, top_g = shelf.value[g] - lost, a, f, h, g
    if top_a < 0:
        return False
    move(shelf, top_f, top_a, -1)
    inside[top_f] = False
    if top_h != top_f:
        move(shelf, top_h, top_a, -1)
        inside[top_h] = False
    move(shelf, top_g, -1, top_a)
    inside[top_g] = True
    return True


@njit(cache=True)
def _shift(shelf: Shelf, inside: Array, new: Newcomers, by_density: Array, least: float) -> bool:
    """A file changes place with a smaller one of another appliance, or goes there, to let a newcomer in."""
    bench = shelf.bench
    top, top_a, top_c, top_f, top_h, top_g = least, -1, -1, -1, -1, -1
    for a in range(bench.used.size):
        mine = _leaving(shelf, a, by_density)
        for c in range(bench.used.size):
            if c == a:
                continue
            theirs = _leaving(shelf, c, by_density)
            for f in mine:
                for k in range(-1, theirs.size):
                    h = theirs[k] if k >= 0 else -1
                    won = bench.size[f] - (bench.size[h] if h >= 0 else 0.0)
                    if won <= 0.0 or won > room(bench, c):
                        continue
                    there = time_left(bench, c) - fresh_gb(bench, c, f)
                    here = time_left(bench, a) + fresh_gb(bench, a, f)
                    if h >= 0:
                        there += fresh_gb(bench, c, h)
                        here -= fresh_gb(bench, a, h)
                    if there < 0.0 or here < 0.0:
                        continue
                    g = most_worth(shelf, new, a, room(bench, a) + won, here)
                    if g >= 0 and shelf.value[g] > top:
                        top, top_a, top_c, top_f, top_h, top_g = shelf.value[g], a, c, f, h, g
    if top_a < 0:
        return False
    move(shelf, top_f, top_a, top_c)
    if top_h >= 0:
        move(shelf, top_h, top_c, top_a)
    move(shelf, top_g, -1, top_a)
    inside[top_g] = True
    return True


@njit(cache=True)
def _refilled(shelf: Shelf, files: Array, a: int, f: int, comes: Array) -> float:
    """Mark newcomers, as many as fit in the place of file f, in the order given; what they are worth."""
    bench = shelf.bench
    comes[:] = False
    won, new = 0.0, 0.0
    space, window = room(bench, a) + bench.size[f], time_left(bench, a) + fresh_gb(bench, a, f)
    for n in range(files.size):
        g = files[n]
        fits = bench.size[g] <= space and fresh_gb(bench, a, g) <= window
        if fits and shelf.value[g] > 0.0 and new + shelf.fresh[g] <= shelf.room_new[0]:
            comes[n] = True
            space -= bench.size[g]
            window -= fresh_gb(bench, a, g)
            new += shelf.fresh[g]
            won += shelf.value[g]
    return won


@njit(cache=True)
def _refill(shelf: Shelf, inside: Array, newcomers: Array, by_density: Array, least: float) -> bool:
    """One file leaves an appliance for as many newcomers as fit, most worth per GB first."""
    bench = shelf.bench
    files = newcomers[increasing(-shelf.value[newcomers] / bench.size[newcomers])]
    comes = np.zeros(files.size, dtype=np.bool_)
    top, top_a, top_f = least, -1, -1
    for a in range(bench.used.size):
        for f in _leaving(shelf, a, by_density):
            gain = _refilled(shelf, files, a, f, comes) - shelf.value[f]
            if gain > top:
                top, top_a, top_f = gain, a, f
    if top_a < 0:
        return False
    _refilled(shelf, files, top_a, top_f, comes)
    move(shelf, top_f, top_a, -1)
    inside[top_f] = False
    for n in range(files.size):
        if comes[n]:
            move(shelf, files[n], -1, top_a)
            inside[files[n]] = True
    return True


@njit(cache=True)
def _cleared(shelf: Shelf, leaving: Array, a: int, g: int, goes: Array) -> float:
    """Mark the files that leave to make room for one, least worth per GB first; returns what they are worth.

    inf: all of them together are not enough. Files that need not leave in the end, because others are
    large, stay.
    """
    bench = shelf.bench
    goes[:] = False
    lost, n = 0.0, 0
    space, size, window = room(bench, a), bench.size[g], time_left(bench, a)
    while space < size and n < leaving.size:
        space += bench.size[leaving[n]]
        lost += shelf.value[leaving[n]]
        goes[n] = True
        n += 1
    if space < size:
        return np.inf
    for k in range(n - 1, -1, -1):
        if space - bench.size[leaving[k]] >= size:
            space -= bench.size[leaving[k]]
            lost -= shelf.value[leaving[k]]
            goes[k] = False
    for k in range(n):
        if goes[k]:
            window += fresh_gb(bench, a, leaving[k])
    return lost if fresh_gb(bench, a, g) <= window else np.inf


@njit(cache=True)
def _clear(shelf: Shelf, inside: Array, files: Array, by_density: Array, least: float) -> bool:
    """Any number of files leave an appliance for one newcomer, where that gains most."""
    bench = shelf.bench
    goes = np.zeros(MOST_LEAVING, dtype=np.bool_)
    top, top_a, top_g = least, -1, -1
    for a in range(bench.used.size):
        leaving = _leaving(shelf, a, by_density)
        for g in files:
            if shelf.value[g] > top:
                gain = shelf.value[g] - _cleared(shelf, leaving, a, g, goes)
                if gain > top:
                    top, top_a, top_g = gain, a, g
    if top_a < 0:
        return False
    leaving = _leaving(shelf, top_a, by_density)
    _cleared(shelf, leaving, top_a, top_g, goes)
    for n in range(leaving.size):
        if goes[n]:
            move(shelf, leaving[n], top_a, -1)
            inside[leaving[n]] = False
    move(shelf, top_g, -1, top_a)
    inside[top_g] = True
    return True


@njit(cache=True)
def stock(shelf: Shelf, density: Array) -> None:
    """Bring in files that are not there: what must be, then by density, each copy where it fits closest."""
    bench = shelf.bench
    order = increasing(-density)
    for must in (True, False):
        for g in order:
            if shelf.fixed[g] != must or shelf.value[g] <= 0.0 or shelf.fresh[g] > shelf.room_new[0]:
                continue
            if bench.have[g] == 0 and places(bench, g) >= bench.copies[g]:
                insert(shelf, g, increasing(-bench.used))


@njit(cache=True)
def clear_fresh(shelf: Shelf) -> None:
    """Take out, with all copies, the files that appliances would have to fetch; what must stay stays."""
    bench = shelf.bench
    for g in range(bench.size.size):
        lacks = False
        for a in range(bench.used.size):
            lacks |= bench.on[a, g] == HERE
        if lacks and not shelf.fixed[g]:
            take_out(shelf, g)


@njit(cache=True)
def worth(shelf: Shelf) -> float:
    """What all files on the shelf are worth."""
    total = 0.0
    for f in range(shelf.value.size):
        if shelf.bench.have[f] > 0:
            total += shelf.value[f]
    return total


@njit(cache=True)
def trade(shelf: Shelf) -> int:
    """Better the shelf in place until no exchange gains; returns the number of exchanges."""
    n = shelf.value.size
    inside = shelf.bench.have > 0
    scale, total = 0.0, 0.0
    for f in range(n):
        scale = max(scale, abs(shelf.value[f]))
        if inside[f] and not shelf.fixed[f]:
            total += max(0.0, shelf.value[f])
    least = max(1e-9 * scale, LEAST_RATIO * total)
    most = MOST_STEPS if n < LARGE_FROM else MOST_STEPS_LARGE
    by_density = increasing(shelf.value / shelf.bench.size)
    for step in range(most):
        if _insert_copies(shelf, inside):
            continue
        new = newcomers(shelf, inside)
        if _replace(shelf, inside, new, by_density, least):
            continue
        if _refill(shelf, inside, new.files, by_density, least):
            continue
        if _clear(shelf, inside, new.files, by_density, least):
            continue
        if not _shift(shelf, inside, new, by_density, least):
            return step
    return int(most)
