"""A placement that differs a little from one that was served, and the loads of appliances it leads to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.loads.loads import appliance_gbps
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.problem.objective import plan_cost, rate_loads
from cdnplan.planner.relieve.spread import FULL_RATIO, Spread

Bools = npt.NDArray[np.bool_]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """A placement that differs a little from one which was served.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    assignment : Assignment
        Where its copies are; they cannot move.
    dealt, before : Placement, Serving
        The other one, and how it was served.
    """

    instance: Instance
    placement: Placement
    assignment: Assignment
    dealt: Placement
    before: Serving

    def cost(self, serving: Serving | None = None) -> float:
        """Of the placement with a serving; without one, of what was served before."""
        if serving is None:
            return plan_cost(self.instance, self.dealt.holds, self.before)
        return plan_cost(self.instance, self.placement.holds, serving)


@dataclass(frozen=True, slots=True, eq=False)
class Loads:
    """Loads of appliances, (n_appliances, n_slices) [Gbit/s], and of rate rows, (n_rate_rows, n_slices)."""

    appliance: Floats
    rate: Floats

    @classmethod
    def of(cls, instance: Instance, placement: Placement, assignment: Assignment, serving: Serving) -> Loads:
        """Count them."""
        rows = (assignment.pool, assignment.appliance, assignment.file)
        return cls(
            appliance_gbps(instance, placement, serving, *rows),
            serving_loads(instance, serving),
        )

    def crowded(self, instance: Instance) -> Bools:
        """Pools of which an appliance is asked for more than it can give."""
        limit = instance.appliance_throughput_gbps[:, None] * (1 + _ROUNDING)
        return np.asarray((self._busiest(instance) > limit).any(axis=1))

    def above(self, instance: Instance, ratio: float = 1.0) -> Bools:
        """Appliances that are asked for more than a part of what they can give."""
        limit = np.repeat(instance.appliance_throughput_gbps, instance.pool_appliances)
        return np.asarray(self.appliance.max(axis=1, initial=0.0) > ratio * limit * (1 + _ROUNDING))

    def beyond(self, instance: Instance) -> Bools:
        """Pools with a limit that must hold and is passed: what all their appliances can give, and others."""
        rates, beyond = instance.rates, np.zeros(instance.n_pools, dtype=np.bool_)
        passed = (self.rate > rates.capacity[:, None] * (1 + _ROUNDING)).any(axis=1)
        passed &= np.isinf(rates.overload_cost)
        path = rates.use_path()[passed[rates.use_row]]
        beyond[instance.cand_pool[path[path < instance.cand_pool.size]]] = True
        return beyond

    def too_much(self, instance: Instance) -> bool:
        """Whether an appliance is asked for too much, or another limit that must hold is passed."""
        return bool(self.beyond(instance).any() or self.crowded(instance).any())

    def spread(self, instance: Instance, serving: Serving) -> Spread:
        """The same with the serving that it comes from.

        Each slice on its own: a pool that is full in its busiest one can be held back in another.
        """
        several = (instance.pool_appliances > 1)[:, None]
        full = self._busiest(instance) >= instance.appliance_throughput_gbps[:, None] * (1 - FULL_RATIO)
        pool = self.rate[: instance.n_pools]
        spare = pool < instance.throughput_gbps[:, None] * (1 - FULL_RATIO)
        return Spread(
            serving,
            slowed=np.asarray((several & full & spare).any(axis=1)),
            peak_gbps=self.appliance.max(axis=1, initial=0.0),
            mean_gbps=pool.max(axis=1, initial=0.0) / instance.pool_appliances,
        )

    def _busiest(self, instance: Instance) -> Floats:
        """Load of each pool's busiest appliance in each slice, (n_pools, n_slices) [Gbit/s]."""
        busiest = np.zeros((instance.n_pools, instance.n_slices))
        own = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
        np.maximum.at(busiest, own, self.appliance)
        return busiest


def serving_loads(instance: Instance, serving: Serving) -> Floats:
    """What a serving uses of each rate row, (n_rate_rows, n_slices)."""
    return rate_loads(instance, serving.candidate_gb(instance), serving.origin_gb(instance))
