"""Shapes, types and invariants of an `Instance`, as assertions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Instance, Ints, Ints32
from cdnplan.model.limits.families import CHURN, FAMILIES, FILL, LINK, STORAGE, THROUGHPUT, code


def check_instance(instance: Instance) -> None:
    """Assert shapes, types and invariants of an instance, whoever built it."""
    _check_names(instance)
    _check_demand(instance)
    _check_paths(instance)
    _check_rates(instance)
    _check_volumes(instance)
    _check_pools(instance)
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
    for names in (instance.regions, instance.pools, instance.files, instance.sites, instance.models):
        assert len(set(names)) == len(names)
    for number, names in ((instance.pool_site, instance.sites), (instance.pool_model, instance.models)):
        _check_array(number, np.int32, instance.n_pools)
        assert ((number >= 0) & (number < len(names))).all()
    for pool, site, model in zip(instance.pools, instance.pool_site, instance.pool_model, strict=True):
        # Appliances taken apart have a number behind.
        named = f"{instance.sites[site]}/{instance.models[model]}"
        assert pool in (named, instance.sites[site]) or pool.startswith(f"{named}/")
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
    assert instance.path_region.size == n_cand + instance.n_regions


def _check_rates(instance: Instance) -> None:
    rows, n_cand, n_pools = instance.rates, instance.cand_pool.size, instance.n_pools
    n_paths = n_cand + instance.n_regions
    _check_array(rows.family, np.int8, rows.n_rows)
    assert ((rows.family >= 0) & (rows.family < len(FAMILIES))).all()
    assert rows.names[:n_pools] == instance.pools
    assert rows.of(THROUGHPUT).tolist() == list(range(n_pools))
    assert rows.of(LINK).tolist() == list(range(instance.link_rows.start, instance.link_rows.stop))
    assert len(set(zip(rows.family.tolist(), rows.names, strict=True))) == rows.n_rows
    _check_array(rows.capacity, np.float64, rows.n_rows)
    assert ((rows.capacity >= 0) & np.isfinite(rows.capacity)).all()
    _check_array(rows.overload_cost, np.float64, rows.n_rows)
    assert (rows.overload_cost >= 0).all()
    assert np.isinf(rows.overload_cost[:n_pools]).all(), "throughput must hold"
    assert np.isfinite(rows.overload_cost[instance.link_rows]).all(), "overload of links has a price"
    _check_ptr(rows.use_ptr, n_paths, rows.use_row.size)
    _check_array(rows.use_row, np.int32, rows.use_row.size)
    _check_distinct(rows.use_ptr, rows.use_row, rows.n_rows)
    _check_array(rows.use_weight, np.float64, rows.use_row.size)
    assert ((rows.use_weight >= 0) & np.isfinite(rows.use_weight)).all()
    assert (np.diff(rows.use_ptr)[:n_cand] > 0).all()
    first = rows.use_ptr[:n_cand]
    assert np.array_equal(rows.use_row[first], instance.cand_pool), "an entry's first use is its pool"
    assert (rows.use_weight[first] == 1.0).all()
    assert np.count_nonzero(rows.use_row < n_pools) == n_cand, "of pools' throughput a path uses no other"


def _check_volumes(instance: Instance) -> None:
    rows, n = instance.volumes, instance.n_pools
    _check_array(rows.family, np.int8, rows.n_rows)
    assert ((rows.family >= 0) & (rows.family < len(FAMILIES))).all()
    assert rows.names[: 2 * n] == instance.pools * 2
    assert rows.of(STORAGE).tolist() == list(range(n))
    assert np.isin(rows.family[n : 2 * n], [code(FILL), code(CHURN)]).all()
    _check_array(rows.capacity_gb, np.float64, rows.n_rows)
    assert (rows.capacity_gb >= 0).all()  # NaN compares false
    assert np.isfinite(rows.capacity_gb[:n]).all()
    _check_array(rows.fresh, np.bool_, rows.n_rows)
    assert rows.fresh[: 2 * n].tolist() == [False] * n + [True] * n
    _check_ptr(rows.ptr, rows.n_rows, rows.pool.size)
    _check_array(rows.pool, np.int32, rows.pool.size)
    _check_distinct(rows.ptr, rows.pool, n)
    assert rows.pool[: 2 * n].tolist() == [*range(n)] * 2
    assert rows.ptr[: 2 * n + 1].tolist() == [*range(2 * n + 1)]


def _check_pools(instance: Instance) -> None:
    pools, shape = instance.n_pools, (instance.n_pools, instance.n_files)
    _check_array(instance.fill_cost, np.float64, pools)
    assert ((instance.fill_cost >= 0) & np.isfinite(instance.fill_cost)).all()
    _check_array(instance.appliance_window_gb, np.float64, pools)
    assert (instance.appliance_window_gb >= 0).all()  # NaN compares false
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
