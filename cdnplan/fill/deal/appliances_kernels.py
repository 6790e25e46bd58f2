"""Kernels behind `appliances`: one pool at a time onto the workbench, and the result written out.

Pools are independent write to disjoint parts of the result, so it does not depend on how threads share them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.fill.shelves.bench_kernels import BEFORE, HERE, NONE, Bench, empty_bench, height, put
from cdnplan.fill.shelves.packing_kernels import arrange
from cdnplan.order_kernels import increasing

Array = npt.NDArray[Any]


class Held(NamedTuple):
    """Files held by some pools; pool p has entries ``ptr[p]:ptr[p + 1]`` of the others.

    Sizes are in GB, `gbps` is (n_held, n_slices), `required` marks files that rules ask for there;
    `limit_gb` is the storage of one appliance and `window_gb` what one can fetch, by pool.
    """

    ptr: Array
    file: Array
    size: Array
    copies: Array
    gbps: Array
    required: Array
    limit_gb: Array
    window_gb: Array


class Before(NamedTuple):
    """Copies that were there before: ``ptr[p]:ptr[p + 1]`` are those of pool p; appliances from 0."""

    ptr: Array
    file: Array
    appliance: Array


class Result(NamedTuple):
    """Arrays that the kernels write, all but `rows_ptr` and `appliance_ptr`.

    Rows of pool p (`appliance`, `held`: position in `Held`, `kept`) begin at ``rows_ptr[p]`` and end at
    ``row_end[p]``, earlier than the next pool's begin where files were dropped. `storage_gb` and
    `peak_gbps` are cut by `appliance_ptr`; `mean_gbps` and `moved_gb` are by pool, `dropped` by held file.
    """

    rows_ptr: Array
    row_end: Array
    appliance: Array
    held: Array
    kept: Array
    appliance_ptr: Array
    storage_gb: Array
    peak_gbps: Array
    mean_gbps: Array
    moved_gb: Array
    dropped: Array


@part
def _unit(held: Held, first: int, last: int, n_appliances: int) -> float:
    """Mean load of an appliance in the pool's busiest slice [Gbit/s]."""
    unit = 0.0
    for t in range(held.gbps.shape[1]):
        total = 0.0
        for n in range(first, last):
            total += held.gbps[n, t]
        unit = max(unit, total / n_appliances)
    return unit


@part
def _bench(held: Held, p: int, n_appliances: int, unit: float) -> tuple[Bench, Array]:
    """Lay the files of pool p out in order of decreasing load; returns also that order."""
    first, n_files, n_slices = held.ptr[p], held.ptr[p + 1] - held.ptr[p], held.gbps.shape[1]
    peak = np.zeros(n_files)
    for i in range(n_files):
        for t in range(n_slices):
            peak[i] = min(peak[i], -held.gbps[first + i, t] / max(1, held.copies[first + i]))
    order = increasing(peak)
    size, load = np.empty(n_files), np.zeros((n_files, n_slices))
    copies = np.empty(n_files, dtype=np.int64)
    for i in range(n_files):
        n = first + order[i]
        size[i], copies[i] = held.size[n], held.copies[n]
        for t in range(n_slices):
            if unit > 0.0 and copies[i] > 0:
                load[i, t] = held.gbps[n, t] / copies[i] / unit
    bench = empty_bench(size, copies, load, n_appliances, held.limit_gb[p], held.window_gb[p])
    return bench, order


@part
def _write_rows(bench: Bench, place: Array, p: int, first: int, out: Result) -> None:
    """Write one row per copy of pool p, by appliance and then file; its held files begin at `first`."""
    row = out.rows_ptr[p]
    for a in range(bench.used.size):
        for n in range(place.size):
            code = bench.on[a, place[n]]
            if code & HERE:
                out.appliance[row] = a + 1
                out.held[row] = first + n
                out.kept[row] = (code & BEFORE) != 0
                row += 1
    out.row_end[p] = row


@part
def _refilled_gb(bench: Bench) -> float:
    """GB filled on an appliance although another one had the copy: what moving cost."""
    gb = 0.0
    for i in range(bench.size.size):
        had, kept = 0, 0
        for a in range(bench.used.size):
            had += bench.on[a, i] >= BEFORE
            kept += bench.on[a, i] == BEFORE + HERE
        if bench.have[i] > 0:
            gb += bench.size[i] * (min(had, bench.copies[i]) - kept)
    return gb


@part
def _mark_before(
    bench: Bench, place: Array, held: Held, p: int, before: Before, start: Before, n_files: int
) -> None:
    """Mark the copies that were there before; `place` is where each held file lies on the bench.

    Copies of the arrangement to start from are put in place.
    """
    of_file = np.full(n_files, NONE)
    for n in range(place.size):
        of_file[held.file[held.ptr[p] + n]] = place[n]
    for n in range(before.ptr[p], before.ptr[p + 1]):
        i = of_file[before.file[n]]
        if i >= 0:
            bench.on[before.appliance[n], i] |= np.uint8(BEFORE)
    for n in range(start.ptr[p], start.ptr[p + 1]):
        i = of_file[start.file[n]]
        if i >= 0:
            put(bench, start.appliance[n], i)


@part
def _write_sums(bench: Bench, p: int, unit: float, out: Result) -> None:
    """Write bytes and loads of the appliances of pool p, and what is by pool."""
    n_appliances = bench.used.size
    for a in range(n_appliances):
        out.storage_gb[out.appliance_ptr[p] + a] = bench.used[a]
        out.peak_gbps[out.appliance_ptr[p] + a] = height(bench, a) * unit
    for t in range(bench.busy.shape[1]):
        total = 0.0
        for a in range(n_appliances):
            total += bench.busy[a, t]
        out.mean_gbps[p] = max(out.mean_gbps[p], total / n_appliances * unit)
    out.moved_gb[p] = _refilled_gb(bench)


@njit(cache=True, nogil=True)
def split(
    pools: Array, held: Held, before: Before, start: Before, n_files: int, tolerance: float, out: Result
) -> None:
    """Split each of `pools` and write its part of the result."""
    for p in pools:
        first = held.ptr[p]
        n_appliances = out.appliance_ptr[p + 1] - out.appliance_ptr[p]
        unit = _unit(held, first, held.ptr[p + 1], n_appliances)
        bench, order = _bench(held, p, n_appliances, unit)
        place = np.empty(order.size, dtype=np.int64)
        worth = np.empty(order.size)
        for i in range(order.size):
            place[order[i]] = i
            worth[i] = np.inf if held.required[first + order[i]] else bench.peak[i] / bench.size[i]
        _mark_before(bench, place, held, p, before, start, n_files)
        arrange(bench, worth, tolerance)
        _write_rows(bench, place, p, first, out)
        _write_sums(bench, p, unit, out)
        for n in range(order.size):
            out.dropped[first + n] = bench.have[place[n]] < bench.copies[place[n]]


@njit(cache=True, nogil=True)
def copy_single(pools: Array, held: Held, before: Before, n_files: int, out: Result) -> None:
    """Write the rows of pools with one appliance on which everything fits."""
    for p in pools:
        had = np.zeros(n_files, dtype=np.bool_)
        for n in range(before.ptr[p], before.ptr[p + 1]):
            had[before.file[n]] = True
        row = out.rows_ptr[p]
        for n in range(held.ptr[p], held.ptr[p + 1]):
            if held.copies[n]:
                out.appliance[row] = 1
                out.held[row] = n
                out.kept[row] = had[held.file[n]]
                row += 1
                out.storage_gb[out.appliance_ptr[p]] += held.size[n]
        out.row_end[p] = row
