"""Kernels: pack all files of a pool onto its appliances, or prove that it cannot be done.

One appliance is filled after the other, each with the largest file left and others by decreasing size, so
that no more stays free on it than the pool has to spare: bin completion [1]_. The first appliances filled are
the fullest possible; what is skipped is tried later, depth first, so that the search finds a way if there is
one, unless it ends before.

References
----------
.. [1] R. E. Korf, "An improved algorithm for optimal bin packing", IJCAI 2003, section 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.fill.shelves.bench_kernels import EPS, NONE, Bench, fresh_gb, put, take_all

Array = npt.NDArray[Any]

STEPS = 200_000
"""Files looked at, at most, and a few times as many as there are copies."""
STEPS_PER_FEW, FEW = 20, 100
"""Up to `FEW` copies so many times as many: the fewer files, the rarer are ways to pack them tightly. But not
where an appliance may fetch so much only: a packing from nothing seldom keeps to that."""


@part
def _next(size: Array, left: Array, rest: Array, room: float, spare: float, i: int, last: int) -> Any:
    """Next file from i on that the appliance takes; n: none, it may be closed; -1: it must not be.

    A file that has as many copies left as there are appliances, `last`, cannot be left out.
    """
    n = size.size
    for j in range(i, n):
        if room - rest[j] > spare:
            return NONE
        if left[j] > 0 and size[j] <= room:
            return j
        if left[j] == last:
            return NONE
    return n if room <= spare else NONE


@part
def _search(size: Array, copies: Array, limit: float, n_appliances: int, steps: int) -> Array:
    """Appliance and file of each copy, sizes decreasing; empty: none found."""
    n, total = size.size, int(copies.sum())
    left = copies.copy()
    # What was taken, in order; NONE closes an appliance, with the room that is then free.
    taken = np.empty(total + n_appliances, dtype=np.int64)
    free = np.empty(total + n_appliances)
    rest = np.zeros((n_appliances, n + 1))
    # A little more than there is: what is over at the end is known up to rounding only.
    spare, room, depth, a, i, placed = (n_appliances + EPS) * limit, limit, 0, 0, 0, 0
    for j in range(n):
        spare -= size[j] * copies[j]
    forward, opened = True, True
    while steps > 0:
        steps -= 1
        if forward:
            if opened:
                for j in range(n - 1, -1, -1):
                    rest[a, j] = rest[a, j + 1] + (size[j] if left[j] > 0 else 0.0)
                i = 0
                while left[i] == 0:
                    i += 1
                opened = False
            j = _next(size, left, rest[a], room, spare, i, n_appliances - a)
            # Where it looked in vain, it looked at all of them at most.
            steps -= (n if j < 0 else j) - i
            if j < 0 or (j == n and a + 1 == n_appliances):
                forward = False
                continue
            free[depth] = room
            taken[depth] = j if j < n else NONE
            depth += 1
            if j == n:
                spare -= room
                a, room, opened = a + 1, limit, True
                continue
            left[j] -= 1
            room -= size[j]
            placed += 1
            i = j + 1
            if placed == total:
                return taken[:depth]
            continue
        depth -= 1
        if depth < 0:
            break
        j, room = taken[depth], free[depth]
        if j < 0:
            a -= 1
            spare += room
            continue
        left[j] += 1
        placed -= 1
        # The first of an appliance is the largest left: as appliances are alike, it may as well be there.
        first = depth == 0 or taken[depth - 1] < 0
        if first or left[j] == n_appliances - a:
            continue
        i = j + 1
        while i < n and size[i] == size[j] and left[i] == left[j]:
            i += 1
        forward = True
    return taken[:0]


@part
def _steps(n: int, few: bool) -> int:
    """How many files may be looked at to pack n copies."""
    return STEPS * (STEPS_PER_FEW if few and n <= FEW else 1) + 8 * n


@njit(cache=True, nogil=True)
def pack_pools(
    pools: Array,
    holds: Array,
    by_size: Array,
    size: Array,
    copies: Array,
    appliances: Array,
    limit: Array,
    packed: Array,
) -> None:
    """Find out whether all files that a pool holds fit onto its appliances: ``packed[p]`` for listed pools.

    `by_size` lists files, largest first.
    """
    for p in pools:
        n, fits, asked = 0, True, 0.0
        sizes, wanted = np.empty(by_size.size), np.empty(by_size.size, dtype=np.int64)
        for f in by_size:
            if holds[p, f]:
                sizes[n], wanted[n] = size[f], np.int64(copies[p, f])
                fits &= sizes[n] <= limit[p] and wanted[n] <= appliances[p]
                asked += sizes[n] * wanted[n]
                n += 1
        fits &= asked <= limit[p] * appliances[p]
        if fits and n > 0 and appliances[p] > 1:
            total = int(wanted[:n].sum())
            fits = _search(sizes[:n], wanted[:n], limit[p], appliances[p], _steps(total, True)).size > 0
        packed[p] = fits


@part
def pack_whole(bench: Bench) -> bool:
    """Deal out all copies of all files anew; False, and nothing changed, where no way was found."""
    n_files, n_appliances = bench.size.size, bench.used.size
    size, copies = np.empty(n_files), np.empty(n_files, dtype=np.int64)
    for k in range(n_files):
        i = bench.by_size[n_files - 1 - k]
        size[k], copies[k] = bench.size[i], bench.copies[i]
    n = int(copies.sum())
    steps = _steps(n, bool(np.isinf(bench.window).all()))
    taken = _search(size, copies, bench.limit[0], n_appliances, steps)
    if taken.size == 0:
        return False
    a, fetched = 0, np.zeros(n_appliances)
    for k in taken:
        if k < 0:
            a += 1
        else:
            fetched[a] += fresh_gb(bench, a, bench.by_size[n_files - 1 - k])
    if (fetched > bench.window).any():
        return False
    for i in range(n_files):
        take_all(bench, i)
    a = 0
    for k in taken:
        if k < 0:
            a += 1
        else:
            put(bench, a, bench.by_size[n_files - 1 - k])
    return True
