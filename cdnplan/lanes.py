"""Independent items dealt out to threads.

Kernels that release the interpreter and write to disjoint outputs run in plain threads: the same result
for any number of threads, and a third of the compilation time of numba's own parallel loops.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import get_num_threads

_lanes: ContextVar[int | None] = ContextVar("lanes", default=None)


@contextmanager
def lanes(count: int) -> Iterator[None]:
    """Within it, `in_lanes` deals out to `count` threads, whatever numba's own limit is.

    Lanes are plain threads: numba's limit, which a process cannot raise, is their default and no more.

    Parameters
    ----------
    count : int
        At least 1.

    Raises
    ------
    ValueError
        `count` is below 1.

    Examples
    --------
    >>> parts = []
    >>> with lanes(3):
    ...     in_lanes(lambda part: parts.append(part.tolist()), np.arange(6), np.ones(6))
    >>> sorted(parts)
    [[0, 3], [1, 4], [2, 5]]
    """
    if count < 1:
        raise ValueError(f"{count} threads, expected at least 1")
    token = _lanes.set(count)
    try:
        yield
    finally:
        _lanes.reset(token)


def in_lanes(
    kernel: Callable[..., None], items: npt.NDArray[Any], work: npt.NDArray[Any], *args: Any
) -> None:
    """Call ``kernel(part, *args)`` for parts of `items` of about the same work, one part per thread.

    Parameters
    ----------
    kernel : callable
        Works on each item of its first argument on its own; the order must not matter.
    items : (n,) integer array
    work : (n,) array
        Estimated effort of each item.
    args
        Further arguments, the same for all parts.

    Notes
    -----
    The number of threads is that of `lanes`, else numba's (``numba.set_num_threads``,
    ``NUMBA_NUM_THREADS``).

    Examples
    --------
    >>> seen = []
    >>> in_lanes(lambda part, out: out.extend(part.tolist()), np.arange(3), np.array([1, 5, 2]), seen)
    >>> sorted(seen)
    [0, 1, 2]
    """
    count = min(_threads(), items.size)
    ordered = items[np.argsort(-work.astype(np.float64), kind="stable")].astype(np.int64)
    _call(kernel, [ordered[lane::count].copy() for lane in range(count)], args)


def in_even_lanes(kernel: Callable[..., None], n_items: int, *args: Any) -> None:
    """Do the same for the numbers below `n_items`, all of about the same work.

    Examples
    --------
    >>> seen = []
    >>> in_even_lanes(lambda part, out: out.extend(part.tolist()), 3, seen)
    >>> sorted(seen)
    [0, 1, 2]
    """
    _call(kernel, _even_parts(n_items, min(_threads(), n_items)), args)


@cache
def _even_parts(n_items: int, count: int) -> list[npt.NDArray[np.int64]]:
    """Parts as `in_lanes` makes them, which kernels only read: kept, as small batches are dealt out often."""
    return [np.arange(lane, n_items, count) for lane in range(count)]


def _threads() -> int:
    return _lanes.get() or get_num_threads()


def _call(kernel: Callable[..., None], parts: Sequence[npt.NDArray[np.int64]], args: tuple[Any, ...]) -> None:
    """Call a kernel for the first part here, for the others in threads of their own."""
    others = [_helpers(os.getpid(), len(parts) - 1).submit(kernel, part, *args) for part in parts[1:]]
    try:
        for part in parts[:1]:
            kernel(part, *args)
    finally:
        wait(others)
    for other in others:
        other.result()


@cache
def _helpers(process: int, count: int) -> ThreadPoolExecutor:
    """Threads beside the caller's, kept: the price search deals out a thousand times a second.

    A forked process has none of its parent's threads, so each process has its own.
    """
    return ThreadPoolExecutor(count, thread_name_prefix=f"lane-{process}")
