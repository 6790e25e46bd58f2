"""Shapes, types and invariants of an `Instance`, as assertions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Instance, Ints, Ints32


def check_instance(instance: Instance) -> None:
    """Assert shapes, types and invariants of an instance, whoever built it."""
    _check_names(instance)
    _check_demand(instance)
    _check_paths(instance)
    _check_limits(instance)
    _check_launches(instance)


def _check_array(array: npt.NDArray[np.generic], dtype: type, *shape: int) -> None:
    assert array.dtype == np.dtype(dtype), f"{array.dtype}, expected {np.dtype(dtype)}"
    assert array.shape == shape, f"{array.shape}, expected {shape}"


def _check_ptr(ptr: Ints, n: int, total: int) -> None:
    _check_array(ptr, np.int64, n + 1)
    assert ptr[0] == 0
    assert ptr[-1] == total
    assert (np.diff(ptr) >= 0).all()


def _check_distinct(ptr: Ints, values: Ints32, bound: int) -> None:
    """Every group holds different indices below `bound`."""
    assert ((values >= 0) & (values < bound)).all()
    for start, end in pairwise(ptr):
        assert np.unique(values[start:end]).size == end - start


def _check_names(instance: Instance) -> None:
    for names in (instance.regions, instance.pools, instance.files, instance.links):
        assert len(set(names)) == len(names)
    assert instance.period_days > 0


def _check_demand(instance: Instance) -> None:
    n_rows, n_entries = instance.demand_ptr.size - 1, instance.demand_file.size
    _check_array(instance.region_row, np.int32, instance.n_regions)
    _check_array(instance.region_share, np.float64, instance.n_regions)
    assert ((instance.region_row >= 0) & (instance.region_row < n_rows)).all()
    assert ((instance.region_share >= 0) & np.isfinite(instance.region_share)).all()
    _check_ptr(instance.demand_ptr, n_rows, n_entries)
    _check_array(instance.demand_file, np.int32, n_entries)
    _check_array(instance.demand_gb, np.float32, n_entries)
    assert ((instance.demand_gb > 0) & np.isfinite(instance.demand_gb)).all()
    _check_distinct(instance.demand_ptr, instance.demand_file, instance.n_files)
    for start, end in pairwise(instance.demand_ptr):
        assert (np.diff(instance.demand_file[start:end]) > 0).all()
    _check_array(instance.gbps_per_gb, np.float64, instance.n_regions, instance.n_slices)
    assert instance.n_slices >= 1
    assert ((instance.gbps_per_gb >= 0) & np.isfinite(instance.gbps_per_gb)).all()


def _check_paths(instance: Instance) -> None:
    n_cand = instance.cand_pool.size
    _check_ptr(instance.cand_ptr, instance.n_regions, n_cand)
    _check_array(instance.cand_pool, np.int32, n_cand)
    _check_distinct(instance.cand_ptr, instance.cand_pool, instance.n_pools)
    _check_array(instance.cand_cost, np.float64, n_cand)
    assert ((instance.cand_cost >= 0) & np.isfinite(instance.cand_cost)).all()
    for start, end in pairwise(instance.cand_ptr):
        assert (np.diff(instance.cand_cost[start:end]) >= 0).all(), "cheapest candidate first"
    _check_array(instance.origin_cost, np.float64, instance.n_regions)
    assert ((instance.origin_cost >= 0) & np.isfinite(instance.origin_cost)).all()
    _check_ptr(instance.cand_link_ptr, n_cand, instance.cand_link.size)
    _check_ptr(instance.origin_link_ptr, instance.n_regions, instance.origin_link.size)
    _check_distinct(instance.cand_link_ptr, instance.cand_link, instance.n_links)
    _check_distinct(instance.origin_link_ptr, instance.origin_link, instance.n_links)
    assert instance.cand_link.dtype == np.int32
    assert instance.origin_link.dtype == np.int32
    _check_array(instance.link_capacity_gbps, np.float64, instance.n_links)
    assert ((instance.link_capacity_gbps >= 0) & np.isfinite(instance.link_capacity_gbps)).all()
    assert 0 <= instance.overload_cost < np.inf


def _check_limits(instance: Instance) -> None:
    pools, shape = instance.n_pools, (instance.n_pools, instance.n_files)
    for finite in (instance.storage_gb, instance.throughput_gbps, instance.fill_cost):
        _check_array(finite, np.float64, pools)
        assert ((finite >= 0) & np.isfinite(finite)).all()
    for limit in (instance.fill_limit_gb, instance.churn_limit_gb):
        _check_array(limit, np.float64, pools)
        assert (limit >= 0).all()  # NaN compares false
    _check_array(instance.size_gb, np.float64, instance.n_files)
    assert ((instance.size_gb > 0) & np.isfinite(instance.size_gb)).all()
    _check_array(instance.copies, np.uint8, *shape)
    _check_array(instance.held, np.uint8, *shape)
    _check_array(instance.pinned, np.bool_, *shape)
    assert (instance.copies[instance.pinned] > 0).all(), "a pinned file is not banned"
    _check_array(instance.pool_appliances, np.int32, pools)
    assert (instance.pool_appliances >= 1).all()
    assert (instance.copies <= instance.pool_appliances[:, None]).all()
    assert (instance.held <= instance.pool_appliances[:, None]).all()
    for single in (instance.appliance_storage_gb, instance.appliance_throughput_gbps):
        _check_array(single, np.float64, pools)
        assert ((single >= 0) & np.isfinite(single)).all()


def _check_launches(instance: Instance) -> None:
    _check_ptr(instance.launch_ptr, instance.n_launches, instance.launch_pool.size)
    _check_distinct(instance.launch_ptr, instance.launch_pool, instance.n_pools)
    _check_array(instance.launch_file, np.int32, instance.n_launches)
    _check_array(instance.launch_min, np.int32, instance.n_launches)
    assert np.unique(instance.launch_file).size == instance.n_launches, "one rule per file"
    assert ((instance.launch_file >= 0) & (instance.launch_file < instance.n_files)).all()
    assert (instance.launch_min >= 0).all()
    assert (instance.launch_min <= np.diff(instance.launch_ptr)).all()
