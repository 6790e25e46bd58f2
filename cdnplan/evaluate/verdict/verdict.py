"""Judge a placement with its serving: cost, feasibility, bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cdnplan.evaluate.count.cost import Cost, gap_ratio, gap_to_upper_ratio, ideal_cost, plan_cost
from cdnplan.evaluate.count.limits import (
    Overload,
    Violation,
    overloads,
    rate_violations,
    rule_violations,
    volume_violations,
)
from cdnplan.evaluate.count.own_counts import Given, Judged, own_violations
from cdnplan.evaluate.count.serving import serving_violations
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Placement, Prices
from cdnplan.model.plan.proof import Proof


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge found.

    Parameters
    ----------
    cost : Cost
        By part [currency].
    ideal : float
        Cost that no plan avoids [currency].
    bound : float or None
        What is proven that every plan costs at least: by the prices, or by the cases of a proof, whichever is
        more [currency]; None without prices.
    priced : float or None
        What the prices prove on their own; None without prices.
    gap_ratio, gap_to_upper_ratio : float or None
        ``(total - bound) / (total - ideal)`` and ``(total - bound) / total``; None without prices.
    demand_gb : float
        Demand of all regions [GB].
    offload_byte_ratio : float
        Share of it served by appliances.
    violations : tuple of Violation
        Every limit that does not hold.
    overloads : tuple of Overload
        Links above their capacity; their cost is part of `cost`.
    """

    cost: Cost
    ideal: float
    bound: float | None
    priced: float | None
    gap_ratio: float | None
    gap_to_upper_ratio: float | None
    demand_gb: float
    offload_byte_ratio: float
    violations: tuple[Violation, ...]
    overloads: tuple[Overload, ...]

    @property
    def feasible(self) -> bool:
        """Whether every limit that cannot be priced holds."""
        return not self.violations


def evaluate(
    instance: Instance,
    placement: Placement,
    served_gb: Floats,
    origin_gb: Floats,
    prices: Prices | None = None,
    *,
    proof: Proof | None = None,
    bounded: Instance | None = None,
    given: Given | None = None,
) -> Verdict:
    """Judge a placement with its serving; nothing is solved, all is recomputed.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    served_gb : (n_cand,) float64
        GB through each candidate entry [GB per period].
    origin_gb : (n_regions,) float64
        GB each region gets from the origin [GB per period].
    prices : Prices or None
        Prices to compute the lower bound from.
    proof : Proof or None
        Cases that may prove more than these prices; not looked at without prices.
    bounded : Instance, optional
        The problem that the bound is one of, where `instance` counts more copies than it asks for.
    given : Given, optional
        What limits follow from: then they are counted from it as well, see `own_violations`.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        When the prices are not valid, see `cdnplan.evaluate.proof.bound.price_faults`, or the proof is
        none, see `cdnplan.evaluate.proof.proof.tree_bound`.
    """
    cost = plan_cost(instance, placement, served_gb, origin_gb)
    ideal = ideal_cost(instance)
    bound = priced = None
    if prices is not None:
        from cdnplan.evaluate.proof.bound import dual_bound
        from cdnplan.evaluate.proof.proof import tree_bound

        problem = instance if bounded is None else bounded
        bound = priced = dual_bound(problem, prices)
        if proof is not None:
            cases = tree_bound(problem, proof)
            # Where rules leave no plan at all there is nothing to bound; violations say so.
            bound = max(priced, cases) if math.isfinite(cases) else priced
    demand = float(instance.region_gb().sum())
    judged = Judged(instance, placement, served_gb, origin_gb)
    return Verdict(
        cost=cost,
        ideal=ideal,
        bound=bound,
        priced=priced,
        gap_ratio=None if bound is None else gap_ratio(cost.total, bound, ideal),
        gap_to_upper_ratio=None if bound is None else gap_to_upper_ratio(cost.total, bound),
        demand_gb=demand,
        offload_byte_ratio=float(served_gb.sum()) / demand if demand > 0 else 1.0,
        violations=(
            *volume_violations(instance, placement),
            *rate_violations(instance, served_gb, origin_gb),
            *(own_violations(given, judged) if given is not None else ()),
            *rule_violations(instance, placement),
            *serving_violations(instance, placement, served_gb, origin_gb),
        ),
        overloads=overloads(instance, served_gb, origin_gb),
    )
