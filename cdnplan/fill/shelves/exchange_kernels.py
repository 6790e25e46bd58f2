"""Kernels: searches for exchanges between two appliances of a pool.

Loads are in units of the mean appliance's load in the pool's busiest slice: a perfectly even pool
has all heights 1. Every search is bounded and runs in a fixed order, so it is deterministic.
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
)

Array = npt.NDArray[Any]

NOT_ENOUGH = 1e12
"""Scores of `lower_load` from here on: the exchange helps, but does not reach the goal."""

_TRIES = 128  # files of one appliance tried for an exchange
_WINDOW = 32  # files on each side of the wanted size tried on the other
_FREE = (
    0.01  # of a file's GB count where it moves for nothing, so that few large steps come before many small
)
_HALVINGS = 40  # of the distance at which a load still counts as near


@part
def in_time(bench: Bench, a: int, b: int, i: int, j: int) -> bool:
    """Whether both appliances can still fetch what is new to them after an exchange, or no more than now."""
    more_a, more_b = -fresh_gb(bench, a, i), fresh_gb(bench, b, i)
    if j >= 0:
        more_a += fresh_gb(bench, a, j)
        more_b -= fresh_gb(bench, b, j)
    late_a = more_a > EPS and bench.fetched[a] + more_a > bench.window[a]
    return bool(not late_a and not (more_b > EPS and bench.fetched[b] + more_b > bench.window[b]))


@part
def _movable(bench: Bench, a: int, i: int, fixed: int) -> bool:
    """Whether file i is on a and may leave it."""
    code = bench.on[a, i]
    return bool((code & HERE) != 0 and (code & fixed) == 0)


@part
def _moved_gb(bench: Bench, a: int, b: int, i: int) -> float:
    """GB to be filled again when file i goes from a to b (negative when that undoes a move)."""
    gb = 0.0
    if bench.on[a, i] & BEFORE:
        gb += bench.size[i]
    if bench.on[b, i] & BEFORE:
        gb -= bench.size[i]
    return gb


@part
def height_after(bench: Bench, a: int, b: int, i: int, j: int) -> tuple[float, float]:
    """Heights of a and b after an exchange."""
    high_a, high_b = 0.0, 0.0
    for t in range(bench.load.shape[1]):
        shift = bench.load[i, t]
        if j >= 0:
            shift -= bench.load[j, t]
        high_a = max(high_a, bench.busy[a, t] - shift)
        high_b = max(high_b, bench.busy[b, t] + shift)
    return high_a, high_b


@part
def _list_by_size(bench: Bench, a: int, b: int, fixed: int) -> Array:
    """Movable files of b that a lacks, in order of increasing size."""
    found = np.empty(bench.size.size, dtype=np.int64)
    count = 0
    for n in range(found.size):
        j = bench.by_size[n]
        if _movable(bench, b, j, fixed) and not bench.on[a, j] & HERE:
            found[count] = j
            count += 1
    return found[:count]


@part
def _position(bench: Bench, files: Array, size: float) -> int:
    """First position in a list by size whose file is not smaller than `size`."""
    low, high = 0, files.size
    while low < high:
        middle = (low + high) // 2
        if bench.size[files[middle]] < size:
            low = middle + 1
        else:
            high = middle
    return low


@part
def _near_load(bench: Bench, a: int, b: int, t: int, wish: float, fixed: int) -> Array:
    """Movable files of a that b lacks: at most `_TRIES`, with loads in slice t about `wish`."""
    found = np.empty(bench.size.size, dtype=np.int64)
    count = 0
    for i in range(found.size):
        if bench.load[i, t] > 0.0 and _movable(bench, a, i, fixed) and not bench.on[b, i] & HERE:
            found[count] = i
            count += 1
    cut = wish
    for _ in range(_HALVINGS):
        if count <= _TRIES:
            break
        near = 0
        for n in range(count):
            if abs(bench.load[found[n], t] - wish) <= cut:
                # Those further off move behind, so that the list stays whole if none is near.
                found[near], found[n] = found[n], found[near]
                near += 1
        if near == 0:
            break
        count = near
        cut /= 2
    return found[: min(count, _TRIES)]


@part
def _busiest_slice(bench: Bench, a: int) -> int:
    """Slice in which an appliance is busiest; the first of equals."""
    best = 0
    for t in range(1, bench.busy.shape[1]):
        if bench.busy[a, t] > bench.busy[a, best]:
            best = t
    return best


@part
def lower_load(bench: Bench, a: int, b: int, goal: float, fixed: int) -> tuple[float, int, int]:
    """Find the exchange that best lowers the load of a without making b as high as a was.

    Returns the score, the file to move from a to b, and the one to move back or -1; (inf, -1, -1): there is
    none. Lower scores are better: below `NOT_ENOUGH` both end at most `goal` high, and GB moved count; above,
    GB moved for the height that is taken away, as what has to be fetched takes time that others may need.
    """
    t = _busiest_slice(bench, a)
    top = bench.busy[a, t]
    gap = top - bench.busy[b, t]
    best, best_i, best_j = np.inf, NONE, NONE
    if gap <= EPS:
        return best, best_i, best_j
    theirs = _list_by_size(bench, a, b, fixed)
    room_a, room_b = room(bench, a), room(bench, b)
    for i in _near_load(bench, a, b, t, gap / 2, fixed):
        size = bench.size[i]
        middle = _position(bench, theirs, size)
        for n in range(max(0, middle - _WINDOW) - 1, min(theirs.size, middle + _WINDOW)):
            # One step before the window stands for a move without a swap.
            j = theirs[n] if n >= max(0, middle - _WINDOW) else NONE
            back = bench.size[j] if j >= 0 else 0.0
            if size - back > room_b or back - size > room_a or not in_time(bench, a, b, i, j):
                continue
            high_a, high_b = height_after(bench, a, b, i, j)
            high = max(high_a, high_b)
            if high >= top - EPS:
                continue
            moved = _moved_gb(bench, a, b, i) + (_moved_gb(bench, b, a, j) if j >= 0 else 0.0)
            score = high + moved
            if high > goal:
                score = NOT_ENOUGH + (max(0.0, moved) + _FREE * size) / (top - high)
            if score < best:
                best, best_i, best_j = score, i, j
    return best, best_i, best_j


@part
def _lightest(bench: Bench, a: int, b: int, i: int, theirs: Array, fixed: int) -> Any:
    """File of b, of about the size of file i, for which a can swap i with most gain; or NONE."""
    middle = _position(bench, theirs, bench.size[i])
    room_a, room_b = room(bench, a), room(bench, b)
    best = NONE
    for n in range(max(0, middle - _WINDOW), min(theirs.size, middle + _WINDOW)):
        j = theirs[n]
        surplus = bench.size[i] - bench.size[j]
        if bench.on[a, j] & HERE or not _movable(bench, b, j, fixed) or surplus > room_b or -surplus > room_a:
            continue
        if not in_time(bench, a, b, i, j):
            continue
        if bench.peak[j] < bench.peak[i] / 2 and (best < 0 or bench.peak[j] < bench.peak[best]):
            best = j
    return best


@part
def pour(bench: Bench, a: int, b: int, fixed: int, order: Array) -> bool:
    """Bring many files from a to b, in the given order, by moves or else swaps with light ones.

    Goes on while a is above the mean and b stays below it: for imbalances that single exchanges would
    take long to mend. Returns whether any file moved.
    """
    theirs = _list_by_size(bench, a, b, fixed)
    moved = False
    for i in order:
        if height(bench, a) <= 1.0:
            break
        if not _movable(bench, a, i, fixed) or bench.on[b, i] & HERE:
            continue
        j = NONE
        if bench.size[i] > room(bench, b):
            j = _lightest(bench, a, b, i, theirs, fixed)
            if j < 0:
                continue
        elif not in_time(bench, a, b, i, NONE):
            continue
        high_a, high_b = height_after(bench, a, b, i, j)
        if high_b <= 1.0 and high_a < height(bench, a) - EPS:
            exchange(bench, a, b, i, j)
            moved = True
    return moved


@part
def shift_bytes(
    bench: Bench, a: int, b: int, wish_gb: float, most_gb: float, ceiling: float, fixed: int, skip: int
) -> tuple[float, int, int]:
    """Find the exchange that frees at least `wish_gb` on a (or nearly), filling b by at most `most_gb`.

    Files with the lowest loads are tried, never file `skip`; no appliance may rise above `ceiling` for it.
    Returns the GB freed, the file to move from a to b, and the one to move back or -1; (0, -1, -1): there
    is none.
    """
    theirs = _list_by_size(bench, a, b, fixed)
    best, freed, best_i, best_j = np.inf, 0.0, NONE, NONE
    tries = 0
    for i in range(bench.size.size - 1, -1, -1):
        if not _movable(bench, a, i, fixed) or bench.on[b, i] & HERE or i == skip:
            continue
        tries += 1
        if tries > 2 * _TRIES:
            break
        middle = _position(bench, theirs, bench.size[i] - wish_gb)
        for n in range(max(0, middle - _WINDOW) - 1, min(theirs.size, middle + 4)):
            j = theirs[n] if n >= max(0, middle - _WINDOW) else NONE
            if j == skip and j >= 0:
                continue
            gb = bench.size[i] - (bench.size[j] if j >= 0 else 0.0)
            score = gb - wish_gb if gb >= wish_gb else NOT_ENOUGH + wish_gb - gb
            if gb <= EPS or gb > most_gb or score >= best or not in_time(bench, a, b, i, j):
                continue
            high_a, high_b = height_after(bench, a, b, i, j)
            if high_a > max(ceiling, height(bench, a)) or high_b > max(ceiling, height(bench, b)):
                continue
            best, freed, best_i, best_j = score, gb, i, j
    return freed, best_i, best_j
