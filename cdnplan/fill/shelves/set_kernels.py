"""Kernels: exchanges of small sets of files between two appliances, where pools hold few, large files.

One file rarely finds a partner of its size then; two or three together find some of theirs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import part
from cdnplan.fill.shelves.bench_kernels import (
    BEFORE,
    EPS,
    HERE,
    NONE,
    Bench,
    exchange,
    fresh_gb,
    height,
    room,
    time_left,
    worst,
)
from cdnplan.fill.shelves.exchange_kernels import NOT_ENOUGH
from cdnplan.order_kernels import increasing

Array = npt.NDArray[Any]

_FEW = 60  # files that an appliance may hold for this to be worth while
_FILES = 24  # of an appliance, half of them the busiest, half the idlest ones
_PARTNERS = 8  # appliances tried against the busiest
_MAX_STEPS = 50


@part
def _files(bench: Bench, a: int, b: int, fixed: int) -> Array:
    """Files that may go from a to b; of many, those with the highest and the lowest loads."""
    found = np.empty(bench.size.size, dtype=np.int64)
    count = 0
    for i in range(found.size):
        code = bench.on[a, i]
        if code & HERE and not code & fixed and not bench.on[b, i] & HERE:
            found[count] = i
            count += 1
    if count > _FILES:
        for n in range(_FILES // 2):
            found[_FILES - 1 - n] = found[count - 1 - n]
        count = _FILES
    return found[:count]


@part
def _sets(files: Array) -> Array:
    """All sets of up to three files, the empty one too, (n, 3); -1 fills up."""
    n = files.size
    found = np.full((1 + n + n * (n - 1) // 2 + n * (n - 1) * (n - 2) // 6, 3), -1)
    count = 1
    for i in range(n):
        found[count, 0] = files[i]
        count += 1
        for j in range(i):
            found[count, 0], found[count, 1] = files[i], files[j]
            count += 1
            for k in range(j):
                found[count, 0], found[count, 1], found[count, 2] = files[i], files[j], files[k]
                count += 1
    return found


@part
def _sums(bench: Bench, sets: Array, a: int, b: int) -> tuple[Array, Array, Array]:
    """Size and loads of sets; and GB that a has to fetch for them, b would have, and that would move."""
    size, load = np.zeros(sets.shape[0]), np.zeros((sets.shape[0], bench.load.shape[1]))
    fetch = np.zeros((sets.shape[0], 3))
    for n in range(sets.shape[0]):
        for i in sets[n]:
            if i >= 0:
                size[n] += bench.size[i]
                for t in range(load.shape[1]):
                    load[n, t] += bench.load[i, t]
                fetch[n, 0] += fresh_gb(bench, a, i)
                fetch[n, 1] += fresh_gb(bench, b, i)
                fetch[n, 2] += bench.size[i] * (
                    ((bench.on[a, i] & BEFORE) != 0) - np.int64((bench.on[b, i] & BEFORE) != 0)
                )
    return size, load, fetch


@part
def _best(bench: Bench, a: int, b: int, goal: float, fixed: int) -> tuple[float, Array, Array]:
    """Score, and the sets of a and b whose exchange lowers a most, scored as `lower_load` does; inf: none."""
    mine, theirs = _sets(_files(bench, a, b, fixed)), _sets(_files(bench, b, a, fixed))
    size, load, fetch = _sums(bench, mine, a, b)
    back, back_load, back_fetch = _sums(bench, theirs, b, a)
    order = increasing(back)
    sorted_back = back[order]
    room_a, room_b = room(bench, a), room(bench, b)
    time_a, time_b = time_left(bench, a), time_left(bench, b)
    top = height(bench, a)
    best, best_n, best_m = np.inf, 0, 0
    for n in range(mine.shape[0]):
        first = np.searchsorted(sorted_back, size[n] - room_b)
        for at in range(first, order.size):
            m = order[at]
            if back[m] > size[n] + room_a:
                break
            more_a, more_b = back_fetch[m, 1] - fetch[n, 0], fetch[n, 1] - back_fetch[m, 0]
            if (more_a > EPS and more_a > time_a) or (more_b > EPS and more_b > time_b):
                continue
            high = 0.0
            for t in range(load.shape[1]):
                shift = load[n, t] - back_load[m, t]
                high = max(high, bench.busy[a, t] - shift, bench.busy[b, t] + shift)
            if high >= top - EPS:
                continue
            score = high + (fetch[n, 2] + back_fetch[m, 2] if high <= goal else NOT_ENOUGH)
            if score < best:
                best, best_n, best_m = score, n, m
    return best, mine[best_n], theirs[best_m]


@part
def _held(bench: Bench, a: int) -> int:
    """Number of files on appliance a."""
    count = 0
    for i in range(bench.size.size):
        count += bench.on[a, i] & HERE
    return count


@part
def even_sets(bench: Bench, goal: float, fixed: int) -> bool:
    """Exchange sets of files until no appliance is higher than `goal`, or nothing lowers the highest."""
    changed = False
    for _ in range(_MAX_STEPS):
        high = np.empty(bench.used.size)
        for c in range(high.size):
            high[c] = height(bench, c)
        a = worst(high)
        if high[a] <= goal or _held(bench, a) > _FEW:
            break
        found, to = np.inf, NONE
        out = back = np.zeros(0, dtype=np.int64)
        for b in increasing(high)[:_PARTNERS]:
            if b != a and _held(bench, b) <= _FEW:
                score, mine, theirs = _best(bench, a, b, goal, fixed)
                if score < found:
                    found, to, out, back = score, b, mine, theirs
        if to < 0:
            break
        for i in out:
            if i >= 0:
                exchange(bench, a, to, int(i), NONE)
        for i in back:
            if i >= 0:
                exchange(bench, to, a, int(i), NONE)
        changed = True
    return changed
