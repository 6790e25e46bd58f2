"""A placement that differs a little from one that was served, and the loads of appliances it leads to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.appliances import Assignment
from cdnplan.fill.loads import appliance_gbps
from cdnplan.model.instance import Floats, Instance
from cdnplan.model.placement import Placement, Serving
from cdnplan.optimize.objective import plan_cost
from cdnplan.planner.spread import FULL_RATIO, Spread

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
    """Peaks of appliances, those of the busiest of each pool, and means of pools [Gbit/s]."""

    peak: Floats
    busiest: Floats
    mean: Floats

    @classmethod
    def of(cls, instance: Instance, placement: Placement, assignment: Assignment, serving: Serving) -> Loads:
        """Count them."""
        rows = (assignment.pool, assignment.appliance, assignment.file)
        peak, mean = appliance_gbps(instance, placement, serving, *rows)
        busiest = np.zeros(instance.n_pools)
        np.maximum.at(busiest, np.repeat(np.arange(instance.n_pools), instance.pool_appliances), peak)
        return cls(peak, busiest, mean)

    def crowded(self, instance: Instance) -> Bools:
        """Pools of which an appliance is asked for more than it can give."""
        return np.asarray(self.busiest > instance.appliance_throughput_gbps * (1 + _ROUNDING))

    def above(self, instance: Instance, ratio: float = 1.0) -> Bools:
        """Appliances that are asked for more than a part of what they can give."""
        limit = np.repeat(instance.appliance_throughput_gbps, instance.pool_appliances)
        return np.asarray(self.peak > ratio * limit * (1 + _ROUNDING))

    def too_much(self, instance: Instance) -> bool:
        """Whether an appliance, or all of a pool together, are asked for more than they can give."""
        total = self.mean * instance.pool_appliances
        over = total > instance.throughput_gbps * (1 + _ROUNDING)
        return bool(over.any() or self.crowded(instance).any())

    def spread(self, instance: Instance, serving: Serving) -> Spread:
        """The same with the serving that it comes from."""
        slowed = np.zeros(instance.n_pools, dtype=np.bool_)
        if serving.apart is not None:
            slowed[serving.apart.pool] = True
        slowed &= self.busiest >= instance.appliance_throughput_gbps * (1 - FULL_RATIO)
        slowed &= self.mean * instance.pool_appliances < instance.throughput_gbps * (1 - FULL_RATIO)
        return Spread(serving, slowed, self.peak, self.mean)
