"""Cost of a plan as engines count it; the judge has its own count."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance
from cdnplan.model.placement import Serving


def link_loads(instance: Instance, candidate_gb: Floats, origin_gb: Floats) -> Floats:
    """Traffic on each limited link, (n_links, n_slices) [Gbit/s]."""
    loads = np.zeros((instance.n_links, instance.n_slices))
    if instance.n_links == 0:
        return loads
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    entry = np.repeat(np.arange(candidate_gb.size), np.diff(instance.cand_link_ptr))
    which = np.repeat(np.arange(instance.n_regions), np.diff(instance.origin_link_ptr))
    for t in range(instance.n_slices):
        rate = instance.gbps_per_gb[:, t]
        flow = candidate_gb[entry] * rate[region[entry]]
        loads[:, t] = np.bincount(instance.cand_link, flow, minlength=instance.n_links)
        flow = origin_gb[which] * rate[which]
        loads[:, t] += np.bincount(instance.origin_link, flow, minlength=instance.n_links)
    return loads


def pool_loads(instance: Instance, candidate_gb: Floats) -> Floats:
    """Traffic served by each pool, (n_pools, n_slices) [Gbit/s]."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    loads = np.zeros((instance.n_pools, instance.n_slices))
    for t in range(instance.n_slices):
        flow = candidate_gb * instance.gbps_per_gb[region, t]
        loads[:, t] = np.bincount(instance.cand_pool, flow, minlength=instance.n_pools)
    return loads


def new_gb(instance: Instance, holds: npt.NDArray[np.bool_]) -> Floats:
    """Bytes each pool has to fill, (n_pools,) [GB]."""
    total = np.zeros(instance.n_pools)
    for p in range(instance.n_pools):
        files = np.flatnonzero(holds[p])
        fresh = instance.copies[p, files].astype(np.int64) - instance.held[p, files]
        total[p] = float((instance.size_gb[files] * np.maximum(0, fresh)).sum())
    return total


def stored_gb(instance: Instance, holds: npt.NDArray[np.bool_]) -> Floats:
    """Bytes each pool stores, (n_pools,) [GB]."""
    total = np.zeros(instance.n_pools)
    for p in range(instance.n_pools):
        files = np.flatnonzero(holds[p])
        total[p] = float((instance.size_gb[files] * instance.copies[p, files]).sum())
    return total


def plan_cost(instance: Instance, holds: npt.NDArray[np.bool_], serving: Serving) -> float:
    """Delivery + fill + overload [currency per period]."""
    candidate_gb = serving.candidate_gb(instance)
    origin_gb = serving.origin_gb(instance)
    delivery = float(candidate_gb @ instance.cand_cost + origin_gb @ instance.origin_cost)
    fill = float(new_gb(instance, holds) @ instance.fill_cost)
    excess = link_loads(instance, candidate_gb, origin_gb) - instance.link_capacity_gbps[:, None]
    return delivery + fill + instance.overload_cost * float(np.maximum(0.0, excess).sum())


def ideal_costs(instance: Instance) -> Floats:
    """Cost of each region's cheapest candidate or origin, (n_regions,) [currency/GB]."""
    cheapest = instance.origin_cost.copy()
    some = np.flatnonzero(np.diff(instance.cand_ptr) > 0)
    first = instance.cand_cost[instance.cand_ptr[some]]
    cheapest[some] = np.minimum(cheapest[some], first)
    return cheapest


def ideal_cost(instance: Instance) -> float:
    """Cost when every request is served by its cheapest candidate and nothing is filled."""
    return float(instance.region_gb() @ ideal_costs(instance))


def gap_ratio(lower: float, upper: float, ideal: float) -> float:
    """(upper − lower) / (upper − ideal); 0 where the plan costs no more than the ideal."""
    span = upper - ideal
    return max(0.0, upper - lower) / span if span > 1e-12 * abs(upper) else 0.0
