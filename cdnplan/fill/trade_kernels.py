"""Kernel: better what one pool holds, appliance by appliance, given what a file is worth there.

A multiple knapsack by local search [1]_: files come in, change places with files that stay, or replace
files that leave, best gain first, as long as there is a gain.

References
----------
.. [1] S. Martello, P. Toth, "Knapsack Problems: Algorithms and Computer Implementations", chapter 6,
   Wiley, 1990.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Array = npt.NDArray[Any]

MOST_LEAVING = 200
"""Files of an appliance that may leave or move, those of least worth per GB first."""
MOST_STEPS = 1000


class Shelf(NamedTuple):
    """Files that a pool may hold, and where they are.

    Parameters
    ----------
    size, value, fresh : (n,)
        [GB], [currency], and GB to fill if the pool takes it in.
    copies : (n,)
    fixed : (n,) bool
        Stays if it is there.
    on : (n_appliances, n) bool
    room : (n_appliances,)
        [GB]
    room_new : (1,)
        Room in the fill window [GB].
    """

    size: Array
    value: Array
    fresh: Array
    copies: Array
    fixed: Array
    on: Array
    room: Array
    room_new: Array


@njit(cache=True)
def _newcomers(shelf: Shelf, inside: Array, by_size: Array) -> tuple[Array, Array]:
    """Single files outside by increasing size, and which of those up to each is worth most."""
    files = np.empty(by_size.size, dtype=np.int64)
    best = np.empty(by_size.size, dtype=np.int64)
    n = 0
    for g in by_size:
        if inside[g] or shelf.copies[g] != 1 or shelf.fresh[g] > shelf.room_new[0]:
            continue
        files[n] = g
        best[n] = best[n - 1] if n > 0 and shelf.value[best[n - 1]] >= shelf.value[g] else g
        n += 1
    return files[:n], best[:n]


@njit(cache=True)
def _most_worth(shelf: Shelf, files: Array, best: Array, space: float) -> int:
    """The newcomer worth most among those not larger than `space`, or -1."""
    low, high = 0, files.size
    while low < high:
        middle = (low + high) // 2
        if shelf.size[files[middle]] <= space:
            low = middle + 1
        else:
            high = middle
    return -1 if low == 0 else best[low - 1]


@njit(cache=True)
def _leaving(shelf: Shelf, a: int, by_density: Array) -> Array:
    """Single files of an appliance that may leave it, least worth per GB first."""
    found = np.empty(MOST_LEAVING, dtype=np.int64)
    n = 0
    for f in by_density:
        if shelf.on[a, f] and shelf.copies[f] == 1 and not shelf.fixed[f]:
            found[n] = f
            n += 1
            if n == MOST_LEAVING:
                break
    return found[:n]


@njit(cache=True)
def _move(shelf: Shelf, f: int, a: int, to: int) -> None:
    """Take file f from appliance a to another; -1 stands for none."""
    if a >= 0:
        shelf.on[a, f] = False
        shelf.room[a] += shelf.size[f]
    else:
        shelf.room_new[0] -= shelf.fresh[f]
    if to >= 0:
        shelf.on[to, f] = True
        shelf.room[to] -= shelf.size[f]
    else:
        shelf.room_new[0] += shelf.fresh[f]


@njit(cache=True)
def _insert_copies(shelf: Shelf, inside: Array) -> bool:
    """Bring in the most valuable file that has room for all its copies, on the emptiest appliances."""
    best = -1
    for g in range(inside.size):
        if inside[g] or shelf.value[g] <= 0.0 or shelf.fresh[g] > shelf.room_new[0]:
            continue
        places = 0
        for a in range(shelf.room.size):
            places += shelf.room[a] >= shelf.size[g]
        if places >= shelf.copies[g] and (best < 0 or shelf.value[g] > shelf.value[best]):
            best = g
    if best < 0:
        return False
    shelf.room_new[0] -= shelf.fresh[best]
    order = np.argsort(-shelf.room, kind="mergesort")
    for n in range(shelf.copies[best]):
        shelf.on[order[n], best] = True
        shelf.room[order[n]] -= shelf.size[best]
    inside[best] = True
    return True


@njit(cache=True)
def _replace(shelf: Shelf, inside: Array, files: Array, best: Array, by_density: Array, least: float) -> bool:
    """One or two files leave an appliance for one newcomer, where that gains most."""
    top, top_a, top_f, top_h, top_g = least, -1, -1, -1, -1
    for a in range(shelf.room.size):
        leaving = _leaving(shelf, a, by_density)
        for n in range(leaving.size):
            f = leaving[n]
            for k in range(n, leaving.size):
                h = leaving[k]
                space, lost = shelf.room[a] + shelf.size[f], shelf.value[f]
                if k > n:
                    space += shelf.size[h]
                    lost += shelf.value[h]
                g = _most_worth(shelf, files, best, space)
                if g >= 0 and shelf.value[g] - lost > top:
                    top, top_a, top_f, top_h, top_g = shelf.value[g] - lost, a, f, h, g
    if top_a < 0:
        return False
    _move(shelf, top_f, top_a, -1)
    inside[top_f] = False
    if top_h != top_f:
        _move(shelf, top_h, top_a, -1)
        inside[top_h] = False
    _move(shelf, top_g, -1, top_a)
    inside[top_g] = True
    return True


@njit(cache=True)
def _shift(shelf: Shelf, inside: Array, files: Array, best: Array, by_density: Array, least: float) -> bool:
    """A file changes place with a smaller one of another appliance, or goes there, to let a newcomer in."""
    top, top_a, top_c, top_f, top_h, top_g = least, -1, -1, -1, -1, -1
    for a in range(shelf.room.size):
        mine = _leaving(shelf, a, by_density)
        for c in range(shelf.room.size):
            if c == a:
                continue
            theirs = _leaving(shelf, c, by_density)
            for f in mine:
                for k in range(-1, theirs.size):
                    h = theirs[k] if k >= 0 else -1
                    won = shelf.size[f] - (shelf.size[h] if h >= 0 else 0.0)
                    if won <= 0.0 or won > shelf.room[c]:
                        continue
                    g = _most_worth(shelf, files, best, shelf.room[a] + won)
                    if g >= 0 and shelf.value[g] > top:
                        top, top_a, top_c, top_f, top_h, top_g = shelf.value[g], a, c, f, h, g
    if top_a < 0:
        return False
    _move(shelf, top_f, top_a, top_c)
    if top_h >= 0:
        _move(shelf, top_h, top_c, top_a)
    _move(shelf, top_g, -1, top_a)
    inside[top_g] = True
    return True


@njit(cache=True)
def _refilled(shelf: Shelf, files: Array, space: float, comes: Array) -> float:
    """Mark newcomers, as many as fit, in the order given; returns what they are worth."""
    comes[:] = False
    won, new = 0.0, 0.0
    for n in range(files.size):
        g = files[n]
        if shelf.size[g] <= space and shelf.value[g] > 0.0 and new + shelf.fresh[g] <= shelf.room_new[0]:
            comes[n] = True
            space -= shelf.size[g]
            new += shelf.fresh[g]
            won += shelf.value[g]
    return won


@njit(cache=True)
def _refill(shelf: Shelf, inside: Array, newcomers: Array, by_density: Array, least: float) -> bool:
    """One file leaves an appliance for as many newcomers as fit, most worth per GB first."""
    files = newcomers[np.argsort(-shelf.value[newcomers] / shelf.size[newcomers], kind="mergesort")]
    comes = np.zeros(files.size, dtype=np.bool_)
    top, top_a, top_f = least, -1, -1
    for a in range(shelf.room.size):
        for f in _leaving(shelf, a, by_density):
            gain = _refilled(shelf, files, shelf.room[a] + shelf.size[f], comes) - shelf.value[f]
            if gain > top:
                top, top_a, top_f = gain, a, f
    if top_a < 0:
        return False
    _refilled(shelf, files, shelf.room[top_a] + shelf.size[top_f], comes)
    _move(shelf, top_f, top_a, -1)
    inside[top_f] = False
    for n in range(files.size):
        if comes[n]:
            _move(shelf, files[n], -1, top_a)
            inside[files[n]] = True
    return True


@njit(cache=True)
def _cleared(shelf: Shelf, leaving: Array, space: float, size: float, goes: Array) -> float:
    """Mark the files that leave to make room for one, least worth per GB first; returns what they are worth.

    inf: all of them together are not enough. Files that need not leave in the end, because others are
    large, stay.
    """
    goes[:] = False
    lost, n = 0.0, 0
    while space < size and n < leaving.size:
        space += shelf.size[leaving[n]]
        lost += shelf.value[leaving[n]]
        goes[n] = True
        n += 1
    if space < size:
        return np.inf
    for k in range(n - 1, -1, -1):
        if space - shelf.size[leaving[k]] >= size:
            space -= shelf.size[leaving[k]]
            lost -= shelf.value[leaving[k]]
            goes[k] = False
    return lost


@njit(cache=True)
def _clear(shelf: Shelf, inside: Array, files: Array, by_density: Array, least: float) -> bool:
    """Any number of files leave an appliance for one newcomer, where that gains most."""
    goes = np.zeros(MOST_LEAVING, dtype=np.bool_)
    top, top_a, top_g = least, -1, -1
    for a in range(shelf.room.size):
        leaving = _leaving(shelf, a, by_density)
        for g in files:
            if shelf.value[g] > top:
                gain = shelf.value[g] - _cleared(shelf, leaving, shelf.room[a], shelf.size[g], goes)
                if gain > top:
                    top, top_a, top_g = gain, a, g
    if top_a < 0:
        return False
    leaving = _leaving(shelf, top_a, by_density)
    _cleared(shelf, leaving, shelf.room[top_a], shelf.size[top_g], goes)
    for n in range(leaving.size):
        if goes[n]:
            _move(shelf, leaving[n], top_a, -1)
            inside[leaving[n]] = False
    _move(shelf, top_g, -1, top_a)
    inside[top_g] = True
    return True


@njit(cache=True)
def stock(shelf: Shelf) -> None:
    """Fill an empty shelf: what must be there, then by worth per GB, each copy where it fits closest."""
    by_density = np.argsort(-shelf.value / shelf.size, kind="mergesort")
    for must in (True, False):
        for g in by_density:
            if shelf.fixed[g] != must or shelf.value[g] <= 0.0 or shelf.fresh[g] > shelf.room_new[0]:
                continue
            order = np.argsort(shelf.room, kind="mergesort")
            first = 0
            while first < order.size and shelf.room[order[first]] < shelf.size[g]:
                first += 1
            if order.size - first < shelf.copies[g]:
                continue
            shelf.room_new[0] -= shelf.fresh[g]
            for n in range(first, first + shelf.copies[g]):
                shelf.on[order[n], g] = True
                shelf.room[order[n]] -= shelf.size[g]


@njit(cache=True)
def worth(shelf: Shelf) -> float:
    """What all files on the shelf are worth."""
    total = 0.0
    for f in range(shelf.size.size):
        if shelf.on[:, f].any():
            total += shelf.value[f]
    return total


@njit(cache=True)
def trade(shelf: Shelf) -> int:
    """Better the shelf in place until no exchange gains; returns the number of exchanges."""
    n = shelf.size.size
    inside = np.zeros(n, dtype=np.bool_)
    scale = 0.0
    for f in range(n):
        scale = max(scale, abs(shelf.value[f]))
        for a in range(shelf.room.size):
            inside[f] |= shelf.on[a, f]
    least = 1e-9 * scale
    by_size = np.argsort(shelf.size, kind="mergesort")
    by_density = np.argsort(shelf.value / shelf.size, kind="mergesort")
    for step in range(MOST_STEPS):
        if _insert_copies(shelf, inside):
            continue
        files, best = _newcomers(shelf, inside, by_size)
        if _replace(shelf, inside, files, best, by_density, least):
            continue
        if _refill(shelf, inside, files, by_density, least):
            continue
        if _clear(shelf, inside, files, by_density, least):
            continue
        if not _shift(shelf, inside, files, best, by_density, least):
            return step
    return MOST_STEPS
