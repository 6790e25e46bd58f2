"""The same instance under other names and in another order."""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance.instance import Instance, Ints, Ints32
from tests.limits import limits_of, with_limits


def permuted(instance: Instance, seed: int) -> tuple[Instance, Ints, Ints]:
    """Shuffle and rename regions, pools and files.

    Parameters
    ----------
    instance : Instance
    seed : int

    Returns
    -------
    Instance, pool_order, file_order
        Pool i of the result is pool ``pool_order[i]`` of the instance; files likewise.
    """
    rng = np.random.default_rng(seed)
    regions = rng.permutation(instance.n_regions)
    pools, files = rng.permutation(instance.n_pools), rng.permutation(instance.n_files)
    new_pool, new_file = np.argsort(pools).astype(np.int32), np.argsort(files).astype(np.int32)

    rows = [_slice(instance.demand_ptr, r) for r in range(instance.demand_ptr.size - 1)]
    order = [part[np.argsort(new_file[instance.demand_file[part]])] for part in rows]
    demand = np.concatenate(order)
    cands = [_slice(instance.cand_ptr, r) for r in regions]
    entry = np.concatenate(cands)
    limits = limits_of(instance)
    cand_link_ptr, cand_link = _take(limits["cand_link_ptr"], limits["cand_link"], entry)
    origin_link_ptr, origin_link = _take(limits["origin_link_ptr"], limits["origin_link"], regions)
    by_both = np.ix_(pools, files)
    result = with_limits(
        instance,
        regions=tuple(f"region {i}" for i in range(instance.n_regions)),
        pools=tuple(f"site {i}/box" for i in range(instance.n_pools)),
        files=tuple(f"file {i}" for i in range(instance.n_files)),
        region_row=instance.region_row[regions],
        region_share=instance.region_share[regions],
        demand_file=new_file[instance.demand_file[demand]],
        demand_gb=instance.demand_gb[demand],
        gbps_per_gb=instance.gbps_per_gb[regions],
        cand_ptr=np.cumsum([0, *(part.size for part in cands)], dtype=np.int64),
        cand_pool=new_pool[instance.cand_pool[entry]],
        cand_cost=instance.cand_cost[entry],
        origin_cost=instance.origin_cost[regions],
        cand_link_ptr=cand_link_ptr,
        cand_link=cand_link,
        origin_link_ptr=origin_link_ptr,
        origin_link=origin_link,
        storage_gb=instance.storage_gb[pools],
        throughput_gbps=instance.throughput_gbps[pools],
        fill_limit_gb=limits["fill_limit_gb"][pools],
        churn_limit_gb=limits["churn_limit_gb"][pools],
        fill_cost=instance.fill_cost[pools],
        size_gb=instance.size_gb[files],
        copies=instance.copies[by_both],
        held=instance.held[by_both],
        pinned=instance.pinned[by_both],
        launch_pool=new_pool[instance.launch_pool],
        launch_file=new_file[instance.launch_file],
        pool_appliances=instance.pool_appliances[pools],
        appliance_storage_gb=instance.appliance_storage_gb[pools],
        appliance_throughput_gbps=instance.appliance_throughput_gbps[pools],
    )
    return result, pools, files


def _slice(ptr: Ints, index: int) -> Ints:
    return np.arange(ptr[index], ptr[index + 1])


def _take(ptr: Ints, values: Ints32, groups: Ints) -> tuple[Ints, Ints32]:
    """Groups of a CSR array in another order."""
    parts = [_slice(ptr, group) for group in groups]
    taken = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
    return np.cumsum([0, *(part.size for part in parts)], dtype=np.int64), values[taken]
