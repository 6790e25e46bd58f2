"""Kernel: let a file with all its copies into a full pool, where those that give way are worth less.

Greedy by worth per GB fills a pool well but for its last places: one large file may be worth more than all
those that took them. So each file outside, the most valuable first, asks each appliance it would come to who
would have to go there for want of time or space [1]_.

References
----------
.. [1] S. Martello, P. Toth, "Knapsack Problems: Algorithms and Computer Implementations", chapter 6,
   Wiley, 1990.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.fill.shelves.bench_kernels import BEFORE, HERE, fresh_gb, put, room, time_left
from cdnplan.fill.shelves.shelf_kernels import Shelf, take_out
from cdnplan.order_kernels import increasing

Array = npt.NDArray[Any]

SWEEPS = 4
"""Times at most that all files outside ask."""


class Rows(NamedTuple):
    """Files on each appliance that may leave, least worth per GB first; `ptr` cuts them into appliances."""

    ptr: Array
    file: Array


@njit(cache=True)
def _rows(shelf: Shelf, by_density: Array, fresh: bool) -> Rows:
    """All that may leave, or only what still has to be fetched."""
    bench = shelf.bench
    ptr = np.zeros(bench.used.size + 1, dtype=np.int64)
    file = np.empty(int(bench.have.sum()), dtype=np.int64)
    n = 0
    for a in range(bench.used.size):
        for f in by_density:
            if bench.on[a, f] & HERE and not shelf.fixed[f] and not (fresh and bench.on[a, f] & BEFORE):
                file[n] = f
                n += 1
        ptr[a + 1] = n
    return Rows(ptr, file[:n])


@njit(cache=True)
def _clear(shelf: Shelf, rows: Rows, a: int, short: Array, goes: Array) -> float:
    """Mark files of appliance a until `short`, GB of space and of time, is there; returns their worth.

    inf where there is not enough. A file that need not go in the end, because others are large, stays.
    """
    bench = shelf.bench
    lost, last = 0.0, rows.ptr[a]
    while last < rows.ptr[a + 1] and (short[0] > 0.0 or short[1] > 0.0):
        f = rows.file[last]
        last += 1
        if bench.on[a, f] & HERE and not goes[f]:
            goes[f] = True
            lost += shelf.value[f]
            short[0] -= bench.size[f]
            short[1] -= fresh_gb(bench, a, f)
    if short[0] > 0.0 or short[1] > 0.0:
        return np.inf
    for n in range(last - 1, rows.ptr[a] - 1, -1):
        f = rows.file[n]
        spare = short[0] + bench.size[f] <= 0.0 and short[1] + fresh_gb(bench, a, f) <= 0.0
        if goes[f] and bench.on[a, f] & HERE and spare:
            goes[f] = False
            lost -= shelf.value[f]
            short[0] += bench.size[f]
            short[1] += fresh_gb(bench, a, f)
    return lost


@njit(cache=True)
def _come(shelf: Shelf, every: Rows, fresh: Rows, a: int, g: int, goes: Array) -> float:
    """Mark who goes from appliance a, besides those marked already, for file g to come; what that loses."""
    bench = shelf.bench
    short = np.array([bench.size[g] - room(bench, a), fresh_gb(bench, a, g) - time_left(bench, a)])
    if bench.on[a, g] & BEFORE:
        short[1] = 0.0
    for n in range(every.ptr[a], every.ptr[a + 1]):
        f = every.file[n]
        if goes[f] and bench.on[a, f] & HERE:
            short[0] -= bench.size[f]
            short[1] -= fresh_gb(bench, a, f)
    # Who has to be fetched as well gives both time and space.
    lost = 0.0
    if short[1] > 0.0:
        lost = _clear(shelf, fresh, a, short, goes)
    if lost < np.inf and short[0] > 0.0:
        lost += _clear(shelf, every, a, short, goes)
    return lost


@njit(cache=True)
def _cheapest(
    shelf: Shelf, every: Rows, fresh: Rows, g: int, most: float, goes: Array, comes: Array
) -> float:
    """Mark the appliances that file g comes to and the files that go; what these are worth.

    inf where that is `most` or more, or the pool may not fetch so much.
    """
    bench = shelf.bench
    goes[:] = False
    comes[:] = False
    total = 0.0
    trial = goes.copy()
    for _ in range(bench.copies[g]):
        best, best_a = np.inf, -1
        for a in range(bench.used.size):
            if not comes[a]:
                trial[:] = goes
                lost = _come(shelf, every, fresh, a, g, trial)
                # Where it was before it needs no time.
                had = lost == best and bench.on[a, g] & BEFORE and not bench.on[best_a, g] & BEFORE
                if lost < best or had:
                    best, best_a = lost, a
        total += best
        if total >= most:
            return np.inf
        _come(shelf, every, fresh, best_a, g, goes)
        comes[best_a] = True
    new = shelf.room_new[0] - shelf.fresh[g]
    for f in np.flatnonzero(goes):
        new += shelf.fresh[f]
    return total if new >= 0.0 else np.inf


@njit(cache=True)
def admit(shelf: Shelf, least: float) -> int:
    """Better the shelf in place by exchanges that gain more than `least`; returns their number."""
    bench = shelf.bench
    by_density = increasing(shelf.value / (bench.size * bench.copies))
    by_value = increasing(-shelf.value)
    goes = np.zeros(bench.size.size, dtype=np.bool_)
    comes = np.zeros(bench.used.size, dtype=np.bool_)
    made = 0
    for _ in range(SWEEPS):
        before = made
        every, fresh = _rows(shelf, by_density, False), _rows(shelf, by_density, True)
        for g in by_value:
            if shelf.value[g] <= least:
                break
            if bench.have[g] > 0:
                continue
            lost = _cheapest(shelf, every, fresh, g, shelf.value[g] - least, goes, comes)
            if lost == np.inf:
                continue
            for f in range(goes.size):
                if goes[f]:
                    take_out(shelf, f)
            shelf.room_new[0] -= shelf.fresh[g]
            for a in range(comes.size):
                if comes[a]:
                    put(bench, a, g)
            made += 1
        if made == before:
            break
    return made
