"""Loads of files on pools [Gbit/s], from a placement and the way demand is served with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.fill.loads import loads_kernels as kernels
from cdnplan.lanes import in_lanes
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.plan.apart import Apart, mask_words, signature_holders
from cdnplan.model.plan.placement import Placement, Serving

CHUNK_VALUES = 4_000_000
"""Loads by slice are computed for so many values at a time (32 MB), or for one pool."""


class FileLoads(NamedTuple):
    """Load of every held file, sorted by pool, then file.

    Parameters
    ----------
    pool, file : (n_held,) int32
    gbps : (n_held,) float64
        Load of the file on the pool, over all its copies there, in the pool's busiest slice [Gbit/s].
    """

    pool: Ints32
    file: Ints32
    gbps: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LoadChunk:
    """Loads in every slice for the pools ``first_pool`` to ``first_pool + n - 1``.

    Parameters
    ----------
    first_pool : int
    ptr : (n + 1,) int64
        The pool counted n from `first_pool` holds ``file[ptr[n]:ptr[n + 1]]``.
    file : (n_held,) int32
    gbps : (n_held, n_slices) float64
        [Gbit/s]
    """

    first_pool: int
    ptr: Ints
    file: Ints32
    gbps: Floats

    @property
    def n_pools(self) -> int:
        """Number of pools in the chunk."""
        return self.ptr.size - 1


def pool_gbps(instance: Instance, serving: Serving) -> Floats:
    """Load of each pool in each slice.

    Parameters
    ----------
    instance : Instance
    serving : Serving

    Returns
    -------
    (n_pools, n_slices) float64
        [Gbit/s]
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    served_gb = serving.candidate_gb(instance)
    loads = np.zeros((instance.n_pools, instance.n_slices))
    for t in range(instance.n_slices):
        gbps = served_gb * instance.gbps_per_gb[region, t]
        loads[:, t] = np.bincount(instance.cand_pool, gbps, minlength=instance.n_pools)
    return loads


def file_loads(instance: Instance, placement: Placement, serving: Serving) -> FileLoads:
    """Load of every held file on its pool, in the slice in which the pool is busiest.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    serving : Serving
        Must belong to the placement: it has a row for every signature that demand meets.

    Returns
    -------
    FileLoads
        A file that a pool holds and that nobody gets from there has load 0.

    Raises
    ------
    ValueError
        When serving and placement do not belong together.
    """
    busiest = np.argmax(pool_gbps(instance, serving), axis=1)
    pools, files, loads = [], [], []
    for chunk in load_chunks(instance, placement, serving):
        pool = np.arange(chunk.first_pool, chunk.first_pool + chunk.n_pools, dtype=np.int32)
        pool = np.repeat(pool, np.diff(chunk.ptr))
        pools.append(pool)
        files.append(chunk.file)
        loads.append(chunk.gbps[np.arange(pool.size), busiest[pool]])
    return FileLoads(joined(pools, np.int32), joined(files, np.int32), joined(loads, np.float64))


def appliance_gbps(
    instance: Instance,
    placement: Placement,
    serving: Serving,
    pool: npt.NDArray[Any],
    appliance: npt.NDArray[Any],
    file: npt.NDArray[Any],
) -> Floats:
    """Load of each appliance in each slice, where copies of a file share its load evenly.

    Parameters
    ----------
    instance : Instance
    placement, serving : Placement, Serving
        Must belong together.
    pool, appliance, file : (n_copies,) int arrays
        All copies, sorted by pool; appliances are counted from 1 within their pool.

    Returns
    -------
    (n_appliances, n_slices) float64
        [Gbit/s]
    """
    ptr = pointers(instance.pool_appliances)
    single = instance.pool_appliances == 1
    load = np.zeros((int(ptr[-1]), instance.n_slices))
    row_ptr = np.searchsorted(pool, np.arange(instance.n_pools + 1))
    for chunk in load_chunks(instance, placement, serving, wanted=~single):
        for p in chunk.first_pool + np.flatnonzero(
            ~single[chunk.first_pool : chunk.first_pool + chunk.n_pools]
        ):
            here = slice(chunk.ptr[p - chunk.first_pool], chunk.ptr[p - chunk.first_pool + 1])
            rows = slice(row_ptr[p], row_ptr[p + 1])
            which = np.searchsorted(chunk.file[here], file[rows])
            each = chunk.gbps[here] / np.maximum(1, instance.copies[p, chunk.file[here]])[:, None]
            mine = slice(ptr[p], ptr[p + 1])
            for t in range(instance.n_slices):
                load[mine, t] = np.bincount(
                    appliance[rows] - 1, each[which, t], int(instance.pool_appliances[p])
                )
    load[ptr[:-1][single]] = pool_gbps(instance, serving)[single]
    return load


def load_chunks(
    instance: Instance,
    placement: Placement,
    serving: Serving,
    *,
    wanted: npt.NDArray[np.bool_] | None = None,
) -> Iterator[LoadChunk]:
    """Loads of held files in every slice, for some pools at a time: all at once may not fit in memory.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    serving : Serving
    wanted : (n_pools,) bool, optional
        Pools whose loads are wanted; those of the others stay 0. Default: all.

    Yields
    ------
    LoadChunk
        In the order of pools, every pool in exactly one.

    Raises
    ------
    ValueError
        When serving and placement do not belong together.
    """
    if wanted is None:
        wanted = np.ones(instance.n_pools, dtype=np.bool_)
    net = network(instance, serving)
    ptr, rows = region_rows(instance, net, placement, serving.apart)
    row_size = np.diff(instance.demand_ptr)[instance.region_row[net.entry_region]]
    work = np.bincount(instance.cand_pool, row_size, minlength=instance.n_pools)
    for first, last in _chunks(placement.holds.sum(axis=1) * max(1, instance.n_slices)):
        held_pool, held_file = np.nonzero(placement.holds[first:last])
        held_ptr = pointers(np.bincount(held_pool, minlength=last - first))
        gbps = np.zeros((held_file.size, instance.n_slices))
        chunk = LoadChunk(first, held_ptr, held_file.astype(np.int32), gbps)
        items = np.flatnonzero(wanted[first:last])
        in_lanes(
            kernels.slice_loads,
            items,
            work[first:last][items],
            net,
            first,
            held_ptr,
            chunk.file,
            instance.n_files,
            int(np.diff(serving.ptr).max(initial=0)),
            ptr,
            rows,
            gbps,
        )
        yield chunk


def network(instance: Instance, serving: Serving) -> kernels.Network:
    """Collect what the kernels read."""
    region = np.repeat(np.arange(instance.n_regions, dtype=np.int32), np.diff(instance.cand_ptr))
    return kernels.Network(
        cand_ptr=instance.cand_ptr,
        cand_pool=instance.cand_pool,
        entry_region=region,
        pool_entry_ptr=pointers(np.bincount(instance.cand_pool, minlength=instance.n_pools)),
        pool_entry=np.argsort(instance.cand_pool, kind="stable"),
        region_row=instance.region_row,
        region_share=instance.region_share,
        gbps_per_gb=instance.gbps_per_gb,
        demand_ptr=instance.demand_ptr,
        demand_file=instance.demand_file,
        demand_gb=instance.demand_gb,
        serving_ptr=serving.ptr,
        serving_mask=serving.mask,
        share_ptr=serving.share_ptr,
        share_slot=serving.slot,
        share_ratio=serving.ratio,
    )


def region_rows(
    instance: Instance, net: kernels.Network, placement: Placement, apart: Apart | None
) -> tuple[Ints, npt.NDArray[Any]]:
    """Serving row of every (region, file of its demand row), counted from the region's first row."""
    bits = signature_holders(instance, placement.holds, apart)
    words = mask_words(bits.ptr)
    if net.serving_mask.shape[1] != words:
        raise ValueError(f"signatures of {net.serving_mask.shape[1]} words, expected {words}")
    ptr = pointers(np.diff(instance.demand_ptr)[instance.region_row])
    most = int(np.diff(net.serving_ptr).max(initial=0))
    rows = np.empty(int(ptr[-1]), dtype=np.int16 if most < 2**15 else np.int32)
    unknown = np.zeros(instance.n_regions, dtype=np.int64)
    items = np.arange(instance.n_regions)
    in_lanes(
        kernels.signature_rows,
        items,
        np.diff(ptr),
        net,
        bits.ptr,
        bits.row,
        bits.holds,
        ptr,
        rows,
        unknown,
    )
    if unknown.any():
        region = int(np.argmax(unknown > 0))
        raise ValueError(
            f"serving does not belong to the placement: region {instance.regions[region]!r} has no row "
            f"for the holders of {int(unknown[region])} of its files"
        )
    return ptr, rows


def _chunks(values: npt.NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Cut pools into runs of at most `CHUNK_VALUES` values, at least one pool each."""
    total = np.cumsum(values, dtype=np.int64)
    first = 0
    while first < total.size:
        before = int(total[first - 1]) if first else 0
        last = int(np.searchsorted(total, before + CHUNK_VALUES, side="right"))
        last = max(last, first + 1)
        yield first, last
        first = last


def pointers(counts: npt.NDArray[Any]) -> Ints:
    """Turn counts into the pointers of a CSR structure, one longer."""
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def joined(parts: list[Any], dtype: type) -> Any:
    """Concatenate, also when there is nothing."""
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)
