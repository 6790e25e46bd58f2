"""A cache that knows a forecast and corrects it by what it is asked for."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints

Bools = npt.NDArray[np.bool_]
Heap = list[tuple[float, np.int64]]


class Cache(NamedTuple):
    """What a cache holds, and what it knows of files, (n_files,).

    Parameters
    ----------
    held : bool
    size : int64
        In units of `storage`.
    play_gb : float64
        Bytes of a play [GB].
    worth : float64
        GB it expects to be asked for, by unit of size.
    asked : float64
        Requests in this period.
    """

    held: Bools
    size: Ints
    play_gb: Floats
    worth: Floats
    asked: Floats


class Gifts(NamedTuple):
    """What the cache is given when each period begins: files of period k are ``file[ptr[k]:ptr[k + 1]]``."""

    ptr: Ints
    file: Ints


@part
def _make_room(need: int, least: float, cache: Cache, heap: Heap) -> int:
    """Drop the files worth least per unit until so many units are free, none worth `least` or more.

    Keys of the heap may be too low, never too high: worth only grows within a period. Returns the units
    freed; where there is not enough, nothing is dropped.
    """
    freed = 0
    dropped = [np.int64(0) for _ in range(0)]
    while freed < need and len(heap) > 0:
        key, file = heapq.heappop(heap)
        if not cache.held[file]:
            continue
        now = float(cache.worth[file])
        if now > key:
            heapq.heappush(heap, (now, file))
            continue
        if now >= least:
            heapq.heappush(heap, (now, file))
            break
        cache.held[file] = False
        dropped.append(file)
        freed += cache.size[file]
    if freed < need:
        for file in dropped:
            cache.held[file] = True
            heapq.heappush(heap, (cache.worth[file], file))
        freed = 0
    return freed


@part
def _weigh(cache: Cache, file: np.int64 | int, prior: Floats) -> None:
    """Say what a file is worth; from whole counts: added up, ties would be decided by rounding."""
    cache.worth[file] = (prior[file] + cache.asked[file]) * cache.play_gb[file] / cache.size[file]


@part
def _begin_period(storage: int, used: int, cache: Cache, given: Ints, prior: Floats, heap: Heap) -> int:
    """Forget all counts and take in what is given; returns the units used."""
    mine = np.zeros(cache.size.size, dtype=np.bool_)
    fresh = 0
    for file in given:
        mine[file] = True
        if not cache.held[file]:
            fresh += cache.size[file]
    for file in range(cache.size.size):
        cache.asked[file] = 0.0
        _weigh(cache, file, prior)
        if cache.held[file] and not mine[file]:
            heapq.heappush(heap, (float(cache.worth[file]), np.int64(file)))
    if used + fresh > storage:
        used -= _make_room(used + fresh - storage, np.inf, cache, heap)
    for file in given:
        if not cache.held[file]:
            cache.held[file] = True
            used += cache.size[file]
        heapq.heappush(heap, (cache.worth[file], file))
    return used


@part
def _ask(storage: int, used: int, cache: Cache, file: np.int64, prior: Floats, heap: Heap) -> int:
    """Ask for a file, and let it in where it is missed and those worth less make room; the units used."""
    cache.asked[file] += 1.0
    _weigh(cache, file, prior)
    size = int(cache.size[file])
    if cache.held[file] or size > storage:
        return used
    need = used + size - storage
    if need > 0:
        freed = _make_room(need, cache.worth[file], cache, heap)
        used -= freed
        if freed < need:
            return used
    cache.held[file] = True
    heapq.heappush(heap, (cache.worth[file], file))
    return used + size


@njit(cache=True)
def run(
    storage: int,
    size: Ints,
    play_gb: Floats,
    files: Ints,
    ptr: Ints,
    gifts: Gifts,
    prior: Floats,
    hit: Bools,
    before: Bools,
) -> None:
    """Serve the requests of each period in turn.

    Parameters
    ----------
    storage, size
        As in `cdnplan.replay.caches.caches.run_cache`.
    play_gb : (n_files,) float64
    files : (n,) int64
        Requests of all periods.
    ptr : (n_periods + 1,) int64
    gifts : Gifts
        Within its storage together, in each period.
    prior : (n_periods, n_files) float64
        Requests that the forecast of a file is worth.
    hit : (n,) bool
        Written.
    before : (n_periods, n_files) bool
        Written: what is held before each period's files are given. The first row is what it starts with.
    """
    cache = Cache(before[0].copy(), size, play_gb, np.zeros(size.size), np.zeros(size.size))
    used = 0
    for file in range(size.size):
        if cache.held[file]:
            used += size[file]
    for k in range(ptr.size - 1):
        before[k] = cache.held
        heap = [(0.0, np.int64(0)) for _ in range(0)]
        given = gifts.file[gifts.ptr[k] : gifts.ptr[k + 1]]
        used = _begin_period(storage, used, cache, given, prior[k], heap)
        for i in range(ptr[k], ptr[k + 1]):
            hit[i] = cache.held[files[i]]
            used = _ask(storage, used, cache, files[i], prior[k], heap)
