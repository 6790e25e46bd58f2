"""Kernel: pack all files of a pool onto its appliances, or prove that it cannot be done.

Depth-first search over files by decreasing size, fullest appliance first (best fit decreasing with
backtracking [1]_). Among appliances with equally much room only one is tried; a branch ends once the room
that no remaining file fits into is more than there is to spare.

References
----------
.. [1] S. Martello, P. Toth, "Knapsack Problems: Algorithms and Computer Implementations", chapter 8,
   Wiley, 1990.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import part
from cdnplan.fill.bench_kernels import HERE, NONE, Bench, fresh_gb, put, take

Array = npt.NDArray[Any]

NODES = 200_000
"""Appliances tried at most, and a few times as many as there are copies."""


@part
def _fullest_next(room: Array, size: float, last: float, taken: Array) -> Any:
    """Appliance with the least room for a file, but more than `last`; NONE: there is none."""
    best = NONE
    for a in range(room.size):
        if taken[a] or room[a] < size or room[a] <= last:
            continue
        if best < 0 or room[a] < room[best]:
            best = a
    return best


@part
def _search(size: Array, again: Array, room: Array, nodes: int) -> Array:
    """Appliance of each item, sizes decreasing; all -1: none found.

    An item with ``again[i]`` is a further copy of the file of the item before.
    """
    n = size.size
    place = np.full(n, NONE)
    nowhere = np.full(n, NONE)
    tried = np.full(n, -1.0)
    rest = 0.0
    for i in range(n):
        rest += size[i]
    spare = room.sum() - rest
    taken = np.zeros(room.size, dtype=np.bool_)
    i = 0
    while i < n:
        nodes -= 1
        if nodes < 0:
            return nowhere
        if place[i] >= 0:
            room[place[i]] += size[i]
            place[i] = NONE
        taken[:] = False
        first = i
        while again[first]:
            first -= 1
            taken[place[first]] = True
        a = _fullest_next(room, size[i], tried[i], taken)
        if a < 0:
            tried[i] = -1.0
            i -= 1
            if i < 0:
                return nowhere
            continue
        tried[i] = room[a]
        room[a] -= size[i]
        place[i] = a
        lost = 0.0
        for b in range(room.size):
            if room[b] < size[n - 1]:
                lost += room[b]
        if i + 1 == n or lost <= spare:
            i += 1
    return place


@part
def pack_whole(bench: Bench) -> bool:
    """Deal out all copies of all files anew; False, and nothing changed, where no way was found."""
    n_files, n_appliances = bench.size.size, bench.used.size
    n = 0
    for i in range(n_files):
        n += bench.copies[i]
    file = np.empty(n, dtype=np.int64)
    again = np.zeros(n, dtype=np.bool_)
    size = np.empty(n)
    n = 0
    for k in range(n_files - 1, -1, -1):
        i = bench.by_size[k]
        for c in range(bench.copies[i]):
            file[n], size[n], again[n] = i, bench.size[i], c > 0
            n += 1
    place = _search(size, again, np.full(n_appliances, bench.limit[0]), NODES + 8 * n)
    fetched = np.zeros(n_appliances)
    for k in range(n):
        if place[k] < 0:
            return False
        fetched[place[k]] += fresh_gb(bench, place[k], file[k])
    if (fetched > bench.window).any():
        return False
    for a in range(n_appliances):
        for i in range(n_files):
            if bench.on[a, i] & HERE:
                take(bench, a, i)
    for k in range(n):
        put(bench, place[k], file[k])
    return True
