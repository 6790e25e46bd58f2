"""What the plan cost more than the best that could have been known, and why."""

from __future__ import annotations

from dataclasses import dataclass

from cdnplan.evaluate.count.cost import plan_cost
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Placement
from cdnplan.replay.cases.cases import Met
from cdnplan.replay.cases.planning import Planned


@dataclass(frozen=True, slots=True)
class Regret:
    """Costs of one period [currency], and offload by bytes; parts of the regret add up to it.

    Parameters
    ----------
    cost : float
        Of the plan on what came, by expected loads.
    perfect, unlimited : float
        Of the plan that knew what came, within the fill limits and without them.
    bound : float
        No plan costs less.
    offload_ratio, perfect_offload_ratio, unlimited_offload_ratio : float
        Share of bytes served by appliances, of the same three plans.
    """

    cost: float
    perfect: float
    unlimited: float
    bound: float
    offload_ratio: float
    perfect_offload_ratio: float
    unlimited_offload_ratio: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.cost - self.bound

    @property
    def forecast(self) -> float:
        """For not knowing what would come."""
        return self.cost - self.perfect

    @property
    def fill(self) -> float:
        """For what could not be fetched in time, and for fetching."""
        return self.perfect - self.unlimited

    @property
    def gap(self) -> float:
        """For what the search may have missed; the bound may be low as well."""
        return self.unlimited - self.bound


def count_regret(met: Met, served_gb: Floats, origin_gb: Floats) -> Regret | None:
    """Count the regret of a period.

    Parameters
    ----------
    met : Met
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        What the plan's routes amount to on what came [GB].

    Returns
    -------
    Regret or None
        None where the plans to compare with were not made.
    """
    perfect, unlimited = met.perfect, met.unlimited
    if perfect is None or unlimited is None:
        return None
    instance = perfect.instance
    cost = plan_cost(instance, Placement(met.planned.holds), served_gb, origin_gb).total
    right, right_offload = _own(perfect)
    free, free_offload = _own(unlimited)
    return Regret(
        cost,
        right,
        free,
        unlimited.lower,
        _offload(instance, served_gb),
        right_offload,
        free_offload,
    )


def _own(planned: Planned) -> tuple[float, float]:
    """Cost and offload of a plan on the demand it was made for."""
    instance = planned.instance
    served = planned.serving.candidate_gb(instance)
    cost = plan_cost(instance, Placement(planned.holds), served, planned.serving.origin_gb(instance))
    return cost.total, _offload(instance, served)


def _offload(instance: Instance, served_gb: Floats) -> float:
    total = float(instance.region_gb().sum())
    return float(served_gb.sum()) / total if total > 0 else 1.0
