"""What one pool holds, appliance by appliance, and files that may come in, with room and time for them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit

Array = npt.NDArray[Any]


class Shelf(NamedTuple):
    """Files that a pool may hold, and where they are.

    Parameters
    ----------
    size, value, fresh : (n,)
        [GB], [currency], and GB to fill if the pool takes it in.
    copies : (n,)
    fixed : (n,) bool
        Stays if it is there.
    on, had : (n_appliances, n) bool
        Where copies are, and where they were before.
    room : (n_appliances,)
        [GB]
    room_new : (1,)
        What the pool may still fetch beyond what it held [GB].
    window : (n_appliances,)
        What each appliance can still fetch [GB].
    """

    size: Array
    value: Array
    fresh: Array
    copies: Array
    fixed: Array
    on: Array
    had: Array
    room: Array
    room_new: Array
    window: Array


@njit(cache=True)
def time_gb(shelf: Shelf, a: int, f: int) -> float:
    """GB of a file's copy that appliance a has to fetch."""
    return 0.0 if shelf.had[a, f] else float(shelf.size[f])


@njit(cache=True)
def move(shelf: Shelf, f: int, a: int, to: int) -> None:
    """Take file f from appliance a to another; -1 stands for none."""
    if a >= 0:
        shelf.on[a, f] = False
        shelf.room[a] += shelf.size[f]
        shelf.window[a] += time_gb(shelf, a, f)
    else:
        shelf.room_new[0] -= shelf.fresh[f]
    if to >= 0:
        shelf.on[to, f] = True
        shelf.room[to] -= shelf.size[f]
        shelf.window[to] -= time_gb(shelf, to, f)
    else:
        shelf.room_new[0] += shelf.fresh[f]


@njit(cache=True)
def insert(shelf: Shelf, f: int, order: Array) -> None:
    """Bring in all copies of a file: where it was before, then on the first that have room and time."""
    shelf.room_new[0] -= shelf.fresh[f]
    left = shelf.copies[f]
    for before in (True, False):
        for a in order:
            fits = shelf.room[a] >= shelf.size[f] and shelf.window[a] >= time_gb(shelf, a, f)
            if left > 0 and fits and shelf.had[a, f] == before:
                shelf.on[a, f] = True
                shelf.room[a] -= shelf.size[f]
                shelf.window[a] -= time_gb(shelf, a, f)
                left -= 1


@njit(cache=True)
def take_out(shelf: Shelf, f: int) -> None:
    """Take out all copies of a file."""
    shelf.room_new[0] += shelf.fresh[f]
    for a in range(shelf.room.size):
        if shelf.on[a, f]:
            shelf.on[a, f] = False
            shelf.room[a] += shelf.size[f]
            shelf.window[a] += time_gb(shelf, a, f)


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
def newcomers(shelf: Shelf, inside: Array, by_size: Array) -> Newcomers:
    """Files that are not `inside` and that the pool has time for."""
    n_appliances = shelf.room.size
    files, best = np.empty(by_size.size, dtype=np.int64), np.empty(by_size.size, dtype=np.int64)
    n, n_had = 0, 0
    for g in by_size:
        if inside[g] or shelf.copies[g] != 1 or shelf.fresh[g] > shelf.room_new[0]:
            continue
        files[n] = g
        best[n] = best[n - 1] if n > 0 and shelf.value[best[n - 1]] >= shelf.value[g] else g
        n += 1
        n_had += shelf.had[:, g].sum()
    ptr = np.zeros(n_appliances + 1, dtype=np.int64)
    had, best_had = np.empty(n_had, dtype=np.int64), np.empty(n_had, dtype=np.int64)
    k = 0
    for a in range(n_appliances):
        for g in files[:n]:
            if shelf.had[a, g]:
                top = k > ptr[a] and shelf.value[best_had[k - 1]] >= shelf.value[g]
                had[k] = g
                best_had[k] = best_had[k - 1] if top else g
                k += 1
        ptr[a + 1] = k
    return Newcomers(files[:n], best[:n], ptr, had, best_had)


@njit(cache=True)
def _largest(shelf: Shelf, files: Array, first: int, last: int, space: float) -> int:
    """Position behind the last file not larger than `space`."""
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if shelf.size[files[middle]] <= space:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def most_worth(shelf: Shelf, new: Newcomers, a: int, space: float, window: float) -> int:
    """The newcomer worth most to appliance a among those for which there are space and time, or -1."""
    n = _largest(shelf, new.files, 0, new.files.size, min(space, window))
    found = -1 if n == 0 else new.best[n - 1]
    n = _largest(shelf, new.had, new.ptr[a], new.ptr[a + 1], space)
    if n > new.ptr[a] and (found < 0 or shelf.value[new.best_had[n - 1]] > shelf.value[found]):
        found = new.best_had[n - 1]
    return int(found)
