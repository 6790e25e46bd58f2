"""Kernels: the appliances of one pool while files are dealt out to them, put, taken away and exchanged."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.order_kernels import increasing

Array = npt.NDArray[Any]

HERE = 1
"""Bit of `Bench.on`: the appliance has a copy."""

BEFORE = 2
"""Bit of `Bench.on`: it had one before."""

EPS = 1e-9
"""Differences below this are rounding."""

NONE: Any = np.int64(-1)
"""No file, no appliance. (A plain -1 would have numba compile callees once more for the literal.)"""

ANY: Any = np.uint8(0)
"""What `fixed` arguments say of copies that may not move: none of them."""

OLD: Any = np.uint8(BEFORE)
"""The same: those that were there before."""


class Bench(NamedTuple):
    """The appliances of one pool, and files that are on them or may come.

    Parameters
    ----------
    size : (n_files,)
        [GB]
    load, peak : (n_files, n_slices), (n_files,)
        Of one copy, and its largest over slices, in any unit; without slices where loads do not matter.
    copies, have : (n_files,)
        Wanted and dealt out so far.
    on : (n_appliances, n_files) uint8
        `HERE` and `BEFORE` bits.
    used, busy : (n_appliances,), (n_appliances, n_slices)
        Sums over copies: [GB], and loads.
    by_size : (n_files,)
        Files in order of increasing size.
    limit : (1,)
        Storage of an appliance [GB].
    fetched, window : (n_appliances,)
        Bytes of copies that were not there before, and what each can fetch in its window [GB].
    """

    size: Array
    load: Array
    peak: Array
    copies: Array
    have: Array
    on: Array
    used: Array
    busy: Array
    by_size: Array
    limit: Array
    fetched: Array
    window: Array


@njit(cache=True)
def empty_bench(
    size: Array, copies: Array, load: Array, n_appliances: int, limit_gb: float, window_gb: float
) -> Bench:
    """A bench with nothing on it; each appliance has a little more than its limits, for rounding."""
    n_files, n_slices = load.shape
    peak = np.zeros(n_files)
    for i in range(n_files):
        for t in range(n_slices):
            peak[i] = max(peak[i], load[i, t])
    return Bench(
        size,
        load,
        peak,
        copies,
        np.zeros(n_files, dtype=np.int64),
        np.zeros((n_appliances, n_files), dtype=np.uint8),
        np.zeros(n_appliances),
        np.zeros((n_appliances, n_slices)),
        increasing(size),
        np.array([limit_gb * (1 + EPS)]),
        np.zeros(n_appliances),
        np.full(n_appliances, window_gb * (1 + EPS)),
    )


@part
def room(bench: Bench, a: int) -> float:
    """What is free on appliance a [GB]."""
    return float(bench.limit[0] - bench.used[a])


@part
def time_left(bench: Bench, a: int) -> float:
    """What appliance a can still fetch [GB]."""
    return float(bench.window[a] - bench.fetched[a])


@part
def fresh_gb(bench: Bench, a: int, i: int) -> float:
    """GB that appliance a has to fetch for a copy of file i."""
    return 0.0 if bench.on[a, i] & BEFORE else float(bench.size[i])


@part
def has_time(bench: Bench, a: int, i: int) -> bool:
    """Whether appliance a can fetch file i as well, or need not."""
    more = fresh_gb(bench, a, i)
    return bool(more == 0.0 or bench.fetched[a] + more <= bench.window[a])


@part
def fits(bench: Bench, a: int, i: int) -> bool:
    """Whether appliance a has room for a copy of file i, and time to fetch it."""
    return bool(bench.size[i] <= room(bench, a) and has_time(bench, a, i))


@part
def put(bench: Bench, a: int, i: int) -> None:
    """Place a copy of file i on appliance a."""
    bench.fetched[a] += fresh_gb(bench, a, i)
    bench.on[a, i] |= np.uint8(HERE)
    bench.have[i] += 1
    bench.used[a] += bench.size[i]
    for t in range(bench.load.shape[1]):
        bench.busy[a, t] += bench.load[i, t]


@part
def take(bench: Bench, a: int, i: int) -> None:
    """Remove the copy of file i from appliance a."""
    bench.fetched[a] -= fresh_gb(bench, a, i)
    bench.on[a, i] &= np.uint8(BEFORE)
    bench.have[i] -= 1
    bench.used[a] -= bench.size[i]
    for t in range(bench.load.shape[1]):
        bench.busy[a, t] -= bench.load[i, t]


@part
def take_all(bench: Bench, i: int) -> None:
    """Remove all copies of file i."""
    for a in range(bench.used.size):
        if bench.on[a, i] & HERE:
            take(bench, a, i)


@part
def exchange(bench: Bench, a: int, b: int, i: int, j: int) -> None:
    """Move file i from a to b and, unless j is -1, file j from b to a."""
    take(bench, a, i)
    put(bench, b, i)
    if j >= 0:
        take(bench, b, j)
        put(bench, a, j)


@njit(cache=True)
def recount(bench: Bench) -> None:
    """Sum afresh, so that rounding does not build up over many exchanges."""
    on, size, load, have, busy = bench.on, bench.size, bench.load, bench.have, bench.busy
    have[:] = 0
    busy[:] = 0.0
    for a in range(bench.used.size):
        used, fetched = 0.0, 0.0
        for i in range(size.size):
            if on[a, i] & HERE:
                have[i] += 1
                used += size[i]
                fetched += 0.0 if on[a, i] & BEFORE else size[i]
                for t in range(load.shape[1]):
                    busy[a, t] += load[i, t]
        bench.used[a], bench.fetched[a] = used, fetched


@part
def height(bench: Bench, a: int) -> float:
    """Load of an appliance in its busiest slice."""
    high = 0.0
    for t in range(bench.load.shape[1]):
        high = max(high, bench.busy[a, t])
    return high


@part
def worst(values: Array) -> int:
    """Index of the largest value; values that differ by rounding only count as equal."""
    best = 0
    for a in range(1, values.size):
        if values[a] > values[best] + EPS:
            best = a
    return best
