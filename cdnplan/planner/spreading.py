"""Serving from copies that are where they are, so that no appliance serves more than it can."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill.appliances import Assignment
from cdnplan.fill.carried import carried_serving
from cdnplan.fill.loads import appliance_gbps
from cdnplan.model.apart import Apart
from cdnplan.model.instance import Floats, Instance
from cdnplan.model.placement import Placement, Serving
from cdnplan.optimize.objective import plan_cost
from cdnplan.optimize.serving import best_serving
from cdnplan.optimize.serving_program import TooManyStepsError

Bools = npt.NDArray[np.bool_]

MAX_ROUNDS = 10
"""Rounds in which more pools have their appliances told apart; after these, and where that would be more than
`MOST_APART` appliances or a program takes too long, excess goes to origins."""
MOST_APART = 300
"""Appliances told apart at most: the serving program has a row for every set of holders that differs."""
MOST_STEPS = 30_000
"""Steps of the simplex method in one serving program, on networks of `LARGE_FROM` candidate entries × files
and more: there one may take longer than a night has."""
LARGE_FROM = 5_000_000
"""Smaller networks take as many steps as they need: there none was seen to go on for long."""
ENOUGH_RATIO = 1e-9
"""A plan that becomes dearer by no larger part of its cost keeps the serving it had."""
FULL_RATIO = 1e-6
"""Limits used to within this ratio are full."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Loads of pools and appliances.

    Parameters
    ----------
    serving : Serving
    slowed : (n_pools,) bool
        Pools that have something to spare while an appliance of theirs gives all it can.
    peak_gbps : (n_appliances,) float64
        Load of each appliance in its busiest slice.
    mean_gbps : (n_pools,) float64
        Mean load of an appliance in the pool's busiest slice.
    """

    serving: Serving
    slowed: Bools
    peak_gbps: Floats
    mean_gbps: Floats

    def assignment(self, before: Assignment) -> Assignment:
        """The same copies with these loads."""
        busiest = np.maximum.reduceat(self.peak_gbps, before.appliance_ptr[:-1])
        ratio = np.divide(busiest, self.mean_gbps, out=np.ones_like(busiest), where=self.mean_gbps > 0)
        return replace(
            before,
            peak_gbps=self.peak_gbps,
            imbalance_ratio=np.maximum(0.0, ratio - 1.0),
            overloaded_pool=np.zeros(0, dtype=np.int32),
            overloaded_ratio=np.zeros(0),
        )


def spread_serving(
    instance: Instance, placement: Placement, assignment: Assignment, dealt: Placement, before: Serving
) -> Spread:
    """Serve from copies that cannot move, asking of each appliance only what it can give.

    What can still come from where it came, does: appliances were dealt their files for that, and another
    serving that costs no more may load them unevenly. Where that exceeds a limit or makes the plan dearer,
    the best serving is sought that changes little else. Pools whose busiest appliance is asked for too much
    have their appliances told apart, so that only what is too much for these goes elsewhere, until all
    limits of appliances hold.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    assignment : Assignment
        Where its copies are.
    dealt, before : Placement, Serving
        Another placement that holds much the same, and its serving.

    Returns
    -------
    Spread
    """
    cost = plan_cost(instance, dealt.holds, before)
    apart = None if before.apart is None else told_apart(instance, assignment, np.unique(before.apart.pool))
    serving = carried_serving(instance, dealt, before, placement, apart)
    loads = _Loads.of(instance, placement, assignment, serving)
    good = plan_cost(instance, placement.holds, serving) <= cost * (1.0 + ENOUGH_RATIO)
    if good and not loads.too_much(instance):
        return loads.spread(instance, serving)
    large = instance.cand_pool.size * instance.n_files >= LARGE_FROM
    most_steps = MOST_STEPS if large else None
    for _ in range(MAX_ROUNDS):
        crowded = loads.crowded(instance)
        if crowded.any():
            if apart is not None:
                crowded[apart.pool] = True
            if instance.pool_appliances[crowded].sum() > MOST_APART:
                break
            apart = told_apart(instance, assignment, np.flatnonzero(crowded))
            serving = carried_serving(instance, placement, serving, placement, apart)
        try:
            serving = best_serving(instance, placement.holds, apart, serving, most_steps).serving
        except TooManyStepsError:
            break
        loads = _Loads.of(instance, placement, assignment, serving)
        if not loads.too_much(instance):
            return loads.spread(instance, serving)
    served = _thinned(instance, serving, loads)
    return _Loads.of(instance, placement, assignment, served).spread(instance, served)


def told_apart(instance: Instance, assignment: Assignment, pools: npt.NDArray[np.int64]) -> Apart:
    """The appliances of some pools, increasing, as holders of their own."""
    pool = np.repeat(pools, instance.pool_appliances[pools])
    holds = np.zeros((pool.size, instance.n_files), dtype=np.bool_)
    mine = np.flatnonzero(np.isin(assignment.pool, pools))
    first = np.searchsorted(pool, assignment.pool[mine])
    holds[first + assignment.appliance[mine] - 1, assignment.file[mine]] = True
    return Apart(pool, holds)


@dataclass(frozen=True, slots=True, eq=False)
class _Loads:
    """Peaks of appliances, those of the busiest of each pool, and means of pools [Gbit/s]."""

    peak: Floats
    busiest: Floats
    mean: Floats

    @classmethod
    def of(cls, instance: Instance, placement: Placement, assignment: Assignment, serving: Serving) -> _Loads:
        """Count them."""
        rows = (assignment.pool, assignment.appliance, assignment.file)
        peak, mean = appliance_gbps(instance, placement, serving, *rows)
        busiest = np.zeros(instance.n_pools)
        np.maximum.at(busiest, np.repeat(np.arange(instance.n_pools), instance.pool_appliances), peak)
        return cls(peak, busiest, mean)

    def crowded(self, instance: Instance) -> Bools:
        """Pools of which an appliance is asked for more than it can give."""
        return np.asarray(self.busiest > instance.appliance_throughput_gbps * (1 + _ROUNDING))

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


def _thinned(instance: Instance, serving: Serving, loads: _Loads) -> Serving:
    """What is still too much for an appliance or pool goes to the origin, in equal parts from all of it."""
    total = loads.mean * instance.pool_appliances
    left = np.ones(instance.n_pools)
    for asked, limit in (
        (loads.busiest, instance.appliance_throughput_gbps),
        (total, instance.throughput_gbps),
    ):
        left = np.minimum(left, np.divide(limit, asked, out=np.ones_like(asked), where=asked > limit))
    return replace(serving, ratio=serving.ratio * left[instance.cand_pool[serving.share_entry(instance)]])
