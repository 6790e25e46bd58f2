"""Events in the order of time, then of their numbers: a binary heap in arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit

Array = npt.NDArray[Any]


class Heap(NamedTuple):
    """Events that are still to come; `size` has one entry, how many there are."""

    time: Array
    event: Array
    size: Array

    @classmethod
    def of(cls, room: int) -> Heap:
        """Make one that is empty and has room for so many events at once."""
        return cls(*(np.zeros(n, dtype=np.int64) for n in (room, room, 1)))


@njit(cache=True)
def push(heap: Heap, time: int, event: int) -> None:
    """Add an event."""
    i = heap.size[0]
    heap.size[0] = i + 1
    while i > 0:
        up = (i - 1) // 2
        if heap.time[up] < time or (heap.time[up] == time and heap.event[up] <= event):
            break
        heap.time[i], heap.event[i] = heap.time[up], heap.event[up]
        i = up
    heap.time[i], heap.event[i] = time, event


@njit(cache=True)
def pop(heap: Heap) -> tuple[int, int]:
    """Take out the first event: time and number."""
    found = heap.time[0], heap.event[0]
    n = heap.size[0] - 1
    heap.size[0] = n
    time, event = heap.time[n], heap.event[n]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        right = child + 1
        if right < n and (
            heap.time[right] < heap.time[child]
            or (heap.time[right] == heap.time[child] and heap.event[right] < heap.event[child])
        ):
            child = right
        if time < heap.time[child] or (time == heap.time[child] and event <= heap.event[child]):
            break
        heap.time[i], heap.event[i] = heap.time[child], heap.event[child]
        i = child
    heap.time[i], heap.event[i] = time, event
    return found
