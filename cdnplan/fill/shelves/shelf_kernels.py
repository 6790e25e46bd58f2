"""Kernels: what files on the bench are worth, and those that may come in, with room and time for them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.fill.shelves.bench_kernels import BEFORE, Bench, fits, put, take, take_all

Array = npt.NDArray[Any]


class Shelf(NamedTuple):
    """A bench, and what its files are worth.

    Parameters
    ----------
    bench : Bench
        Files that the pool may hold; loads do not matter.
    value, fresh : (n_files,)
        [currency], and GB to fill if the pool takes it in.
    fixed : (n_files,) bool
        Stays if it is there.
    room_new : (1,)
        What the pool may still fetch beyond what it held [GB].
    """

    bench: Bench
    value: Array
    fresh: Array
    fixed: Array
    room_new: Array


@njit(cache=True)
def move(shelf: Shelf, f: int, a: int, to: int) -> None:
    """Take file f from appliance a to another; -1 stands for none."""
    if a >= 0:
        take(shelf.bench, a, f)
    else:
        shelf.room_new[0] -= shelf.fresh[f]
    if to >= 0:
        put(shelf.bench, to, f)
    else:
        shelf.room_new[0] += shelf.fresh[f]


@njit(cache=True)
def insert(shelf: Shelf, f: int, order: Array) -> None:
    """Bring in all copies of a file: where it was before, then on the first that have room and time."""
    bench = shelf.bench
    shelf.room_new[0] -= shelf.fresh[f]
    for before in (BEFORE, 0):
        for a in order:
            if bench.on[a, f] == before and bench.have[f] < bench.copies[f] and fits(bench, a, f):
                put(bench, a, f)


@njit(cache=True)
def take_out(shelf: Shelf, f: int) -> None:
    """Take out all copies of a file."""
    shelf.room_new[0] += shelf.fresh[f]
    take_all(shelf.bench, f)


@part
def places(bench: Bench, f: int) -> int:
    """How many appliances have room and time for a copy of file f."""
    count = 0
    for a in range(bench.used.size):
        count += fits(bench, a, f)
    return count


class Newcomers(NamedTuple):
    """Single files outside by increasing size, and which of those up to each is worth most.

    Those an appliance had before, which need no time, stand apart; `ptr` cuts them into appliances.
    """

    files: Array
    best: Array
    ptr: Array
    had: Array
    best_had: Array


@njit(cache=True)
def newcomers(shelf: Shelf, inside: Array) -> Newcomers:
    """Files that are not `inside` and that the pool has time for."""
    bench, value, by_size = shelf.bench, shelf.value, shelf.bench.by_size
    n_appliances = bench.used.size
    files, best = np.empty(by_size.size, dtype=np.int64), np.empty(by_size.size, dtype=np.int64)
    n, n_had = 0, 0
    for g in by_size:
        if inside[g] or bench.copies[g] != 1 or shelf.fresh[g] > shelf.room_new[0]:
            continue
        files[n] = g
        best[n] = best[n - 1] if n > 0 and value[best[n - 1]] >= value[g] else g
        n += 1
        for a in range(n_appliances):
            n_had += (bench.on[a, g] & BEFORE) != 0
    ptr = np.zeros(n_appliances + 1, dtype=np.int64)
    had, best_had = np.empty(n_had, dtype=np.int64), np.empty(n_had, dtype=np.int64)
    k = 0
    for a in range(n_appliances):
        for g in files[:n]:
            if bench.on[a, g] & BEFORE:
                top = k > ptr[a] and value[best_had[k - 1]] >= value[g]
                had[k] = g
                best_had[k] = best_had[k - 1] if top else g
                k += 1
        ptr[a + 1] = k
    return Newcomers(files[:n], best[:n], ptr, had, best_had)


@njit(cache=True)
def _largest(size: Array, files: Array, first: int, last: int, space: float) -> int:
    """Position behind the last file not larger than `space`."""
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if size[files[middle]] <= space:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def most_worth(shelf: Shelf, new: Newcomers, a: int, space: float, window: float) -> int:
    """The newcomer worth most to appliance a among those for which there are space and time, or -1."""
    n = _largest(shelf.bench.size, new.files, 0, new.files.size, min(space, window))
    found = -1 if n == 0 else new.best[n - 1]
    n = _largest(shelf.bench.size, new.had, new.ptr[a], new.ptr[a + 1], space)
    if n > new.ptr[a] and (found < 0 or shelf.value[new.best_had[n - 1]] > shelf.value[found]):
        found = new.best_had[n - 1]
    return int(found)
