"""A cache that knows a forecast and corrects it by what it is asked for."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit

Array = npt.NDArray[Any]
Heap = list[tuple[float, np.int64]]


@njit(cache=True)
def make_room(need: int, least: float, held: Array, size: Array, worth: Array, heap: Heap) -> int:
    """Drop the files worth least per unit until so many units are free, none worth `least` or more.

    Keys of the heap may be too low, never too high: worth only grows within a period. Returns the units
    freed; where there is not enough, nothing is dropped.
    """
    freed = 0
    dropped = [np.int64(0) for _ in range(0)]
    while freed < need and len(heap) > 0:
        key, file = heapq.heappop(heap)
        if not held[file]:
            continue
        now = float(worth[file])
        if now > key:
            heapq.heappush(heap, (now, file))
            continue
        if now >= least:
            heapq.heappush(heap, (now, file))
            break
        held[file] = False
        dropped.append(file)
        freed += size[file]
    if freed < need:
        for file in dropped:
            held[file] = True
            heapq.heappush(heap, (worth[file], file))
        freed = 0
    return freed


@njit(cache=True)
def run(
    storage: int,
    size: Array,
    play_gb: Array,
    files: Array,
    ptr: Array,
    given_ptr: Array,
    given: Array,
    prior: Array,
    hit: Array,
    before: Array,
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
    given_ptr, given
        What the cache is given when each period begins; within its storage together.
    prior : (n_periods, n_files) float64
        Requests that the forecast of a file is worth.
    hit : (n,) bool
        Written.
    before : (n_periods, n_files) bool
        Written: what is held before each period's files are given. The first row is what it starts with.
    """
    n_files = size.size
    held = before[0].copy()
    used = 0
    for file in range(n_files):
        if held[file]:
            used += size[file]
    worth, count = np.zeros(n_files), np.zeros(n_files)
    always = np.inf
    for k in range(ptr.size - 1):
        before[k] = held
        count[:] = 0.0
        for file in range(n_files):
            worth[file] = prior[k, file] * play_gb[file] / size[file]
        mine = np.zeros(n_files, dtype=np.bool_)
        fresh = 0
        for i in range(given_ptr[k], given_ptr[k + 1]):
            mine[given[i]] = True
            if not held[given[i]]:
                fresh += size[given[i]]
        heap = [(0.0, np.int64(0)) for _ in range(0)]
        for file in range(n_files):
            if held[file] and not mine[file]:
                heapq.heappush(heap, (worth[file], np.int64(file)))
        if used + fresh > storage:
            used -= make_room(used + fresh - storage, always, held, size, worth, heap)
        for i in range(given_ptr[k], given_ptr[k + 1]):
            file = given[i]
            if not held[file]:
                held[file] = True
                used += size[file]
            heapq.heappush(heap, (worth[file], file))
        for i in range(ptr[k], ptr[k + 1]):
            file = files[i]
            # From whole counts: added up, ties would be decided by rounding.
            count[file] += 1.0
            worth[file] = (prior[k, file] + count[file]) * play_gb[file] / size[file]
            if held[file]:
                hit[i] = True
                continue
            if size[file] > storage:
                continue
            need = used + size[file] - storage
            if need > 0:
                freed = make_room(need, worth[file], held, size, worth, heap)
                used -= freed
                if freed < need:
                    continue
            held[file] = True
            used += size[file]
            heapq.heappush(heap, (worth[file], file))
