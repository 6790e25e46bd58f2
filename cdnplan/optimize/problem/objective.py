"""Cost of a plan as engines count it; the judge has its own count."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Serving
from cdnplan.optimize.problem.serving_paths import Paths


def rate_loads(instance: Instance, candidate_gb: Floats, origin_gb: Floats) -> Floats:
    """What is used of each rate row, (n_rate_rows, n_slices)."""
    return Paths.of(instance).load(np.concatenate([candidate_gb, origin_gb]))


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
    soft = np.isfinite(instance.rates.overload_cost)
    excess = rate_loads(instance, candidate_gb, origin_gb)[soft] - instance.rates.capacity[soft, None]
    return delivery + fill + float(instance.rates.overload_cost[soft] @ np.maximum(0.0, excess).sum(axis=1))


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
