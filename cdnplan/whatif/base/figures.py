"""What an answer is measured by: figures of the whole, and of each region, file, pool and limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.lanes import in_even_lanes
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.binding import FULL_RATIO
from cdnplan.optimize.problem.arrays import RowDemand
from cdnplan.planner.folder.limit_list import LimitList, limits_used
from cdnplan.whatif.base.base import Answer
from cdnplan.whatif.base.figures_kernels import Candidates, nearest_costs

CHUNKS = 16
"""Parts in which regions are added up; a constant, so that sums do not depend on the number of threads."""

ROUNDING = 1e-9
"""Less than this part of the demand from the origin is rounding."""

LimitKey = tuple[str, str]
"""Family and name."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """An answer, measured.

    Parameters
    ----------
    total : dict of str to float
        `cost`, its parts `delivery`, `fill`, `overload` [currency], `ideal`; `demand_gb`, `origin_gb`;
        `offload_byte_ratio`; `overload_gbps`; `mean_km`, from where bytes come on average; `stored_gb`.
    region_cost, region_gb, region_origin_gb, region_km : dict of str to float
        Delivery [currency], demand [GB], what comes from the origin [GB], mean distance [km].
    file_cost, file_gb, file_origin_gb : dict of str to float
        The same by file, each request from its cheapest holder: limits of throughput and links left out.
    pool_gb : dict of str to float
        What each pool serves [GB].
    used, allowed : dict of limit to float
        In the family's unit, rates in the slice that is fullest.
    """

    total: dict[str, float]
    region_cost: dict[str, float]
    region_gb: dict[str, float]
    region_origin_gb: dict[str, float]
    region_km: dict[str, float]
    files: tuple[str, ...]
    file_cost: Floats
    file_gb: Floats
    file_origin_gb: Floats
    pool_gb: dict[str, float]
    used: dict[LimitKey, float]
    allowed: dict[LimitKey, float]

    def full(self) -> set[LimitKey]:
        """Limits that are used up."""
        return {key for key, used in self.used.items() if used > 0 and used >= FULL_RATIO * self.allowed[key]}

    def overloaded(self) -> set[LimitKey]:
        """Limits that are used beyond what they allow."""
        return {key for key, used in self.used.items() if used > (1.0 + ROUNDING) * self.allowed[key]}


def measure(answer: Answer, topology: Topology) -> Figures:
    """Measure an answer.

    Parameters
    ----------
    answer : Answer
    topology : Topology
        Whose places give the distances; great circles, whatever way links take.
    """
    instance, verdict = answer.instance, answer.verdict
    served, origin = answer.flow.served_gb, answer.flow.origin_gb
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    gb = instance.region_gb()
    n = instance.n_regions
    cost = np.bincount(region, served * instance.cand_cost, minlength=n) + origin * instance.origin_cost
    km, km_origin = _distances(answer, topology, region)
    far = np.bincount(region, served * km, minlength=n) + origin * km_origin
    demand = float(gb.sum())
    file_cost, file_origin = _by_file(answer)
    pool = np.bincount(instance.cand_pool, served, minlength=instance.n_pools)
    used, allowed = _limits(answer, served, origin)
    names = instance.regions
    return Figures(
        total={
            "cost": verdict.cost.total,
            "delivery": verdict.cost.delivery,
            "fill": verdict.cost.fill,
            "overload": verdict.cost.overload,
            "ideal": verdict.ideal,
            "demand_gb": demand,
            "origin_gb": float(origin.sum()) if origin.sum() > ROUNDING * demand else 0.0,
            "offload_byte_ratio": verdict.offload_byte_ratio,
            "overload_gbps": float(sum(over.gbps for over in verdict.overloads)),
            "mean_km": float(far.sum()) / demand if demand > 0 else 0.0,
            "stored_gb": float(sum(used[key] for key in used if key[0] == "storage")),
        },
        region_cost=dict(zip(names, cost.tolist(), strict=True)),
        region_gb=dict(zip(names, gb.tolist(), strict=True)),
        region_origin_gb=dict(zip(names, origin.tolist(), strict=True)),
        region_km=dict(zip(names, np.divide(far, gb, out=np.zeros(n), where=gb > 0).tolist(), strict=True)),
        files=instance.files,
        file_cost=file_cost,
        file_gb=instance.file_gb(),
        file_origin_gb=file_origin,
        pool_gb=dict(zip(instance.pools, pool.tolist(), strict=True)),
        used=used,
        allowed=allowed,
    )


def _distances(answer: Answer, topology: Topology, region: Ints) -> tuple[Floats, Floats]:
    """Kilometres of each candidate entry, and from each region to its nearest origin."""
    instance = answer.instance
    place = topology.locations()
    at = np.array([place[name] for name in instance.regions], dtype=np.float64).reshape(-1, 2)
    site_at = np.array([place[name] for name in instance.sites]).reshape(-1, 2)
    origins = [distance_km(origin.location, at) for origin in topology.origins]
    return distance_km(site_at[instance.pool_site[instance.cand_pool]], at[region]), np.min(origins, axis=0)


def _by_file(answer: Answer) -> tuple[Floats, Floats]:
    instance = answer.instance
    cost = np.zeros((CHUNKS, instance.n_files))
    away = np.zeros_like(cost)
    in_even_lanes(
        nearest_costs,
        CHUNKS,
        CHUNKS,
        RowDemand.of(instance),
        Candidates(instance.cand_ptr, instance.cand_pool, instance.cand_cost, instance.origin_cost),
        np.ascontiguousarray(answer.placement.holds.T),
        cost,
        away,
    )
    return cost.sum(axis=0), away.sum(axis=0)


def _limits(
    answer: Answer, served: Floats, origin: Floats
) -> tuple[dict[LimitKey, float], dict[LimitKey, float]]:
    """What is used and allowed; of what comes new nothing, as that of a base was another night's."""
    limits = LimitList.of(answer.instance)
    every = limits_used(answer.instance, answer.placement, served, origin).tolist()
    used, allowed = {}, {}
    for i in np.flatnonzero(~limits.fresh).tolist():
        key = limits.kinds[i].name, limits.names[i]
        used[key], allowed[key] = every[i], float(limits.allowed[i])
    return used, allowed
