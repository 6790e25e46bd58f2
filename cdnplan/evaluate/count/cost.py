"""What a plan costs, and what no plan can avoid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.count.limits import new_gb
from cdnplan.evaluate.count.loads import rate_used
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Placement

ROUNDING = 1e-12
"""A difference of costs below this part of them is none."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of a plan by part [currency per period]."""

    delivery: float
    fill: float
    overload: float

    @property
    def total(self) -> float:
        """All parts together [currency]."""
        return self.delivery + self.fill + self.overload


def plan_cost(instance: Instance, placement: Placement, served_gb: Floats, origin_gb: Floats) -> Cost:
    """Cost of a placement with its serving.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        [GB per period]

    Returns
    -------
    Cost
        Delivery of every GB, filling of new copies, and the priced overload of rates in every slice.
    """
    priced = np.isfinite(instance.rates.overload_cost)
    above = rate_used(instance, served_gb, origin_gb)[priced] - instance.rates.capacity[priced, None]
    overload = instance.rates.overload_cost[priced] @ np.maximum(0.0, above)
    return Cost(
        delivery=float(served_gb @ instance.cand_cost + origin_gb @ instance.origin_cost),
        fill=float(instance.fill_cost @ new_gb(instance, placement)),
        overload=float(overload.sum()),
    )


def ideal_cost(instance: Instance) -> float:
    """Cost when every request is served by its region's cheapest candidate and nothing is filled.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    float
        [currency]; no plan can cost less.
    """
    cheapest = instance.origin_cost.copy()
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    np.minimum.at(cheapest, region, instance.cand_cost)
    return float(instance.region_gb() @ cheapest)


def gap_ratio(upper: float, lower: float, ideal: float) -> float:
    """Distance of the bounds as a share of what decisions can change.

    Parameters
    ----------
    upper, lower, ideal : float
        Cost of the plan, bound on every plan, cost that no plan avoids [currency].

    Returns
    -------
    float
        ``(upper - lower) / (upper - ideal)``, at least 0; 0 where the plan costs no more than the ideal,
        which is a bound of its own.

    Examples
    --------
    >>> gap_ratio(110.0, 109.0, 100.0)
    0.1
    """
    span = upper - ideal
    return max(0.0, upper - lower) / span if span > ROUNDING * abs(upper) else 0.0


def gap_to_upper_ratio(upper: float, lower: float) -> float:
    """Distance of the bounds as a share of the plan's whole cost; 0 where the plan costs nothing.

    Examples
    --------
    >>> gap_to_upper_ratio(110.0, 99.0)
    0.1
    """
    return max(0.0, upper - lower) / upper if upper > 0 else 0.0
