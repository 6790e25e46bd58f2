"""Which appliance of each pool holds which files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal import appliances_kernels as kernels
from cdnplan.fill.loads.count_kernels import count
from cdnplan.fill.loads.loads import LoadChunk, joined, load_chunks, pointers, pool_gbps
from cdnplan.lanes import in_lanes
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.plan.copies import with_copies
from cdnplan.model.plan.placement import Placement, Serving

Bools = npt.NDArray[np.bool_]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """The appliances of every pool and what they hold.

    Parameters
    ----------
    pool, appliance, file : (n_copies,) int32
        One row per copy, sorted by pool, appliance, file. Appliances are counted from 1 within a pool.
    kept : (n_copies,) bool
        The appliance held the file before.
    appliance_ptr : (n_pools + 1,) int64
        Appliance n of pool p is entry ``appliance_ptr[p] + n - 1`` of the next two.
    storage_gb : (n_appliances,) float64
        Bytes held [GB].
    peak_gbps : (n_appliances,) float64
        Load in the appliance's busiest slice [Gbit/s].
    dropped_pool, dropped_file : (n_dropped,) int32
        Files of a pool that fit on no appliance beside the more valuable ones: none has a copy.
    overloaded_pool : (n_overloaded,) int32
        Pools whose busiest appliance is loaded beyond what one appliance can serve.
    overloaded_ratio : (n_overloaded,) float64
        Its load divided by what it can serve, > 1.
    imbalance_ratio : (n_pools,) float64
        Load of the busiest appliance divided by the mean in the pool's busiest slice, less 1.
    moved_gb : (n_pools,) float64
        Copies to be filled on one appliance although another one of the pool had them [GB].
    """

    pool: Ints32
    appliance: Ints32
    file: Ints32
    kept: Bools
    appliance_ptr: Ints
    storage_gb: Floats
    peak_gbps: Floats
    dropped_pool: Ints32
    dropped_file: Ints32
    overloaded_pool: Ints32
    overloaded_ratio: Floats
    imbalance_ratio: Floats
    moved_gb: Floats

    def holdings(self, instance: Instance) -> Holdings:
        """What appliances hold once this is filled; `instance` is the one that was split."""
        return Holdings(instance.pools, instance.files, self.pool, self.appliance, self.file)

    def rows(self, pool: int) -> slice:
        """Rows of a pool."""
        # Of the column's own type: else all of it would be converted, for each pool anew.
        ends = np.array([pool, pool + 1], dtype=self.pool.dtype)
        return slice(*np.searchsorted(self.pool, ends).tolist())

    def counted(self, instance: Instance) -> Instance:
        """The instance with as many copies as pools have, where these are more than are asked for."""
        held = np.zeros((instance.n_pools, instance.n_files), dtype=np.int16)
        count(held.reshape(-1), self.pool.astype(np.int64) * instance.n_files + self.file)
        return with_copies(instance, held)


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """An arrangement of some pools to start from.

    Parameters
    ----------
    pool, appliance, file : (n_copies,) int64
        One entry per copy, sorted by pool; appliances are counted from 1.
    """

    pool: Ints
    appliance: Ints
    file: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Pools that may keep an arrangement, because they hold what they held.

    Parameters
    ----------
    assignment : Assignment
        Of all pools; it drops nothing of those that may keep it.
    pool : (n_pools,) bool
    """

    assignment: Assignment
    pool: Bools


def split_pools(
    instance: Instance,
    placement: Placement,
    serving: Serving,
    holdings: Holdings | None = None,
    *,
    start: Start | None = None,
    kept: Kept | None = None,
    tolerance_ratio: float = 0.01,
) -> Assignment:
    """Deal the files of every pool out to its appliances, evenly and with few moves.

    Each file gets ``instance.copies`` copies on different appliances, its load divided evenly among
    them, and no appliance holds more than ``appliance_storage_gb``. Files stay where they were; missing
    copies go by decreasing load to the least loaded appliance with room [1]_, the most free one among
    those that are nearly least loaded; then files move or change places between the busiest appliance
    and others while that lowers the load of the busiest [2]_. Copies that were there before take part
    only while the busiest is more than `tolerance_ratio` above the mean. All time slices count.

    It is a heuristic: it neither promises the evenest arrangement nor the fewest moves. What fits on no
    appliance even after exchanges is dropped, lowest load per GB first, pinned files and launches last.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    serving : Serving
        Must belong to the placement.
    holdings : Holdings, optional
        What appliances hold now; pools, files and appliances that are no more are ignored.
    start : Start, optional
        Pools in it start from this arrangement, not from what their appliances hold.
    kept : Kept, optional
        Pools that are not dealt out again, as long as what they serve now leaves them as even as they were,
        or within the tolerance.
    tolerance_ratio : float
        How far above the mean the busiest appliance may be without moving files, > 0.

    Returns
    -------
    Assignment

    Raises
    ------
    ValueError
        When serving and placement do not belong together.

    References
    ----------
    .. [1] R. L. Graham, "Bounds on multiprocessing timing anomalies", SIAM Journal on Applied
       Mathematics 17(2), 1969.
    .. [2] G. Finn and E. Horowitz, "A linear time approximation algorithm for multiprocessor
       scheduling", BIT 19, 1979.
    """
    before = previous_copies(instance, holdings or Holdings.empty())
    begin = _begin(instance, start)
    required = _required(instance)
    easy = _fits_one_appliance(instance, placement)
    parts = []
    for chunk in load_chunks(instance, placement, serving, wanted=~easy):
        held = _held(instance, chunk, required)
        result = _split_chunk(instance, chunk, held, before, begin, easy, kept, tolerance_ratio)
        parts.append(_part(chunk, result))
    return _assembled(instance, parts, pool_gbps(instance, serving).max(axis=1, initial=0.0), easy)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Result for some pools in a row, which have `n_rows` rows each; else as in `Assignment`."""

    n_rows: Ints
    appliance: Ints32
    file: Ints32
    kept: Bools
    storage_gb: Floats
    peak_gbps: Floats
    mean_gbps: Floats
    dropped_pool: Ints32
    dropped_file: Ints32
    moved_gb: Floats


def previous_copies(instance: Instance, holdings: Holdings) -> kernels.Before:
    """Copies of `holdings` on appliances that still exist, by pool of the instance."""
    pool, file = holdings.numbers(instance.pools, instance.files)
    appliance = holdings.appliance
    known = (pool >= 0) & (file >= 0) & (appliance >= 1)
    pool, file, appliance = pool[known], file[known], appliance[known]
    there = appliance <= instance.pool_appliances[pool]
    pool, file, appliance = pool[there], file[there], appliance[there] - 1
    if np.any(np.diff(pool) < 0):
        order = np.argsort(pool, kind="stable")
        pool, file, appliance = pool[order], file[order], appliance[order]
    return kernels.Before(pointers(np.bincount(pool, minlength=instance.n_pools)), file, appliance)


def _begin(instance: Instance, start: Start | None) -> kernels.Before:
    """The arrangement to start from, by pool of the instance; empty without one."""
    none = np.zeros(0, dtype=np.int64)
    pool, file, appliance = (none, none, none) if start is None else (start.pool, start.file, start.appliance)
    ptr = pointers(np.bincount(pool, minlength=instance.n_pools))
    return kernels.Before(ptr, file.astype(np.int32), (appliance - 1).astype(np.int32))


def _required(instance: Instance) -> Ints:
    """(pool, file) pairs that pins and launch rules speak of, as sorted ``pool * n_files + file``."""
    pinned = np.flatnonzero(instance.pinned)
    file = np.repeat(instance.launch_file, np.diff(instance.launch_ptr)).astype(np.int64)
    launched = instance.launch_pool.astype(np.int64) * instance.n_files + file
    return np.union1d(pinned, launched)


def _fits_one_appliance(instance: Instance, placement: Placement) -> Bools:
    """Pools with a single appliance that has room for all they hold."""
    easy: Bools = np.asarray(instance.pool_appliances == 1)
    for p in np.flatnonzero(easy):
        held = np.flatnonzero(placement.holds[p])
        stored_gb = (instance.copies[p, held] * instance.size_gb[held]).sum()
        easy[p] = stored_gb <= instance.appliance_storage_gb[p] * (1 + _ROUNDING)
    return easy


def _held(instance: Instance, chunk: LoadChunk, required: Ints) -> kernels.Held:
    """What the kernels need to know about the files of a chunk's pools."""
    first, last = chunk.first_pool, chunk.first_pool + chunk.n_pools
    pool = np.repeat(np.arange(first, last, dtype=np.int64), np.diff(chunk.ptr))
    key = pool * instance.n_files + chunk.file
    inside = required[np.searchsorted(required, first * instance.n_files) :]
    inside = inside[: np.searchsorted(inside, last * instance.n_files)]
    return kernels.Held(
        chunk.ptr,
        chunk.file,
        instance.size_gb[chunk.file],
        instance.copies[pool, chunk.file].astype(np.int64),
        chunk.gbps,
        np.isin(key, inside),
        instance.appliance_storage_gb[first:last],
        instance.appliance_window_gb[first:last],
    )


def _blank(held: kernels.Held, appliances: Ints32) -> kernels.Result:
    """Arrays for the kernels to write to, for pools with so many appliances."""
    rows_ptr = pointers(held.copies)[held.ptr]
    n_rows = int(rows_ptr[-1])
    appliance_ptr = pointers(appliances)
    n_appliances = int(appliance_ptr[-1])
    return kernels.Result(
        rows_ptr=rows_ptr,
        row_end=rows_ptr[1:].copy(),
        appliance=np.zeros(n_rows, dtype=np.int32),
        held=np.zeros(n_rows, dtype=np.int32),
        kept=np.zeros(n_rows, dtype=np.bool_),
        appliance_ptr=appliance_ptr,
        storage_gb=np.zeros(n_appliances),
        peak_gbps=np.zeros(n_appliances),
        mean_gbps=np.zeros(appliances.size),
        moved_gb=np.zeros(appliances.size),
        dropped=np.zeros(held.file.size, dtype=np.bool_),
    )


def _split_chunk(
    instance: Instance,
    chunk: LoadChunk,
    held: kernels.Held,
    before: kernels.Before,
    begin: kernels.Before,
    easy: Bools,
    kept: Kept | None,
    tolerance_ratio: float,
) -> kernels.Result:
    """Split the pools of one chunk."""
    first, last = chunk.first_pool, chunk.first_pool + chunk.n_pools
    appliances = instance.pool_appliances[first:last]
    here = before._replace(ptr=before.ptr[first : last + 1])
    start = begin._replace(ptr=begin.ptr[first : last + 1])
    result = _blank(held, appliances)
    work = np.diff(chunk.ptr) * appliances
    simple, others = np.flatnonzero(easy[first:last]), np.flatnonzero(~easy[first:last])
    if kept is not None:
        able = others[kept.pool[first + others]].tolist()
        stay = [p for p in able if _keep(instance, chunk, held, kept.assignment, p, tolerance_ratio, result)]
        others = others[~np.isin(others, stay)]
    in_lanes(kernels.copy_single, simple, work[simple], held, here, instance.n_files, result)
    in_lanes(
        kernels.split, others, work[others], held, here, start, instance.n_files, tolerance_ratio, result
    )
    return result


def _keep(
    instance: Instance,
    chunk: LoadChunk,
    held: kernels.Held,
    before: Assignment,
    p: int,
    tolerance_ratio: float,
    out: kernels.Result,
) -> bool:
    """Let the pool counted p in a chunk keep what it had, under its loads now; False: too uneven for that."""
    pool = chunk.first_pool + p
    mine = before.rows(pool)
    files = slice(chunk.ptr[p], chunk.ptr[p + 1])
    at = chunk.ptr[p] + np.searchsorted(chunk.file[files], before.file[mine])
    appliance, each = before.appliance[mine] - 1, chunk.gbps[at] / held.copies[at, None]
    n = int(instance.pool_appliances[pool])
    busy = np.array([np.bincount(appliance, each[:, t], minlength=n) for t in range(each.shape[1])])
    peak, mean = busy.max(axis=0, initial=0.0), float(busy.sum(axis=1).max(initial=0.0)) / n
    over = peak.max() > instance.appliance_throughput_gbps[pool] * (1 + _ROUNDING)
    most = float(before.imbalance_ratio[pool]) if over else max(tolerance_ratio, before.imbalance_ratio[pool])
    if peak.max() > mean * (1 + most + _ROUNDING):
        return False
    rows = slice(out.rows_ptr[p], out.rows_ptr[p + 1])
    out.appliance[rows], out.kept[rows], out.held[rows] = before.appliance[mine], before.kept[mine], at
    ours = slice(out.appliance_ptr[p], out.appliance_ptr[p + 1])
    theirs = slice(before.appliance_ptr[pool], before.appliance_ptr[pool + 1])
    out.storage_gb[ours], out.peak_gbps[ours] = before.storage_gb[theirs], peak
    out.mean_gbps[p], out.moved_gb[p] = mean, before.moved_gb[pool]
    return True


def _part(chunk: LoadChunk, result: kernels.Result) -> _Part:
    """What a chunk's pools have, without room for copies that were dropped."""
    rows: slice | Bools = slice(None)
    n_rows = result.row_end - result.rows_ptr[:-1]
    if result.dropped.any():
        rows = np.arange(result.held.size) < np.repeat(result.row_end, np.diff(result.rows_ptr))
    dropped_pool = chunk.first_pool + np.searchsorted(chunk.ptr, np.flatnonzero(result.dropped), side="right")
    return _Part(
        n_rows=n_rows,
        appliance=result.appliance[rows],
        file=chunk.file[result.held[rows]],
        kept=result.kept[rows],
        storage_gb=result.storage_gb,
        peak_gbps=result.peak_gbps,
        mean_gbps=result.mean_gbps,
        dropped_pool=(dropped_pool - 1).astype(np.int32),
        dropped_file=chunk.file[result.dropped],
        moved_gb=result.moved_gb,
    )


def _assembled(instance: Instance, parts: list[_Part], pool_peak_gbps: Floats, easy: Bools) -> Assignment:
    """Join the parts and judge the result against the limits of single appliances; `easy` were not split."""
    appliance_ptr = pointers(instance.pool_appliances)
    peak_gbps = joined([part.peak_gbps for part in parts], np.float64)
    mean_gbps = joined([part.mean_gbps for part in parts], np.float64)
    n_rows = joined([part.n_rows for part in parts], np.int64)
    mean_gbps[easy] = (pool_peak_gbps / instance.pool_appliances)[easy]
    alone = easy & (instance.pool_appliances == 1)
    peak_gbps[appliance_ptr[:-1][alone]] = mean_gbps[alone]
    busiest = np.zeros(instance.n_pools)
    np.maximum.at(busiest, np.repeat(np.arange(instance.n_pools), instance.pool_appliances), peak_gbps)
    over = busiest > instance.appliance_throughput_gbps * (1 + _ROUNDING)
    ratio = np.full(instance.n_pools, np.inf)
    np.divide(
        busiest, instance.appliance_throughput_gbps, out=ratio, where=instance.appliance_throughput_gbps > 0
    )
    imbalance = np.ones(instance.n_pools)
    np.divide(busiest, mean_gbps, out=imbalance, where=mean_gbps > 0)
    return Assignment(
        pool=np.repeat(np.arange(instance.n_pools, dtype=np.int32), n_rows),
        appliance=joined([part.appliance for part in parts], np.int32),
        file=joined([part.file for part in parts], np.int32),
        kept=joined([part.kept for part in parts], np.bool_),
        appliance_ptr=appliance_ptr,
        storage_gb=joined([part.storage_gb for part in parts], np.float64),
        peak_gbps=peak_gbps,
        dropped_pool=joined([part.dropped_pool for part in parts], np.int32),
        dropped_file=joined([part.dropped_file for part in parts], np.int32),
        overloaded_pool=np.flatnonzero(over).astype(np.int32),
        overloaded_ratio=ratio[over],
        imbalance_ratio=np.maximum(0.0, imbalance - 1.0),
        moved_gb=joined([part.moved_gb for part in parts], np.float64),
    )
