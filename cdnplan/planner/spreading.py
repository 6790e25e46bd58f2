"""Serving from copies that are where they are, so that no appliance serves more than it can."""

from __future__ import annotations

from dataclasses import dataclass

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
from cdnplan.optimize.serving_relief import relieved_serving
from cdnplan.planner.relieving import relieve
from cdnplan.planner.spread import FULL_RATIO, Spread

Bools = npt.NDArray[np.bool_]

MAX_ROUNDS = 10
"""Rounds in which more pools have their appliances told apart; after these, and where that would be more than
`MOST_APART` appliances, what is still too much is relieved pool by pool."""
MOST_APART = 300
"""Appliances told apart at most: the serving program has a row for every set of holders that differs."""
LARGE_FROM = 5_000_000
"""Candidate entries × files from which on rows enter the serving program one after the other: the program of
all that could move may take longer than a night has there. A count of work and not of seconds, so that plans
do not depend on the machine."""
ENOUGH_RATIO = 1e-4
"""A plan that becomes dearer by no larger part of its cost is served well enough."""
SAME_RATIO = 1e-9
"""One that becomes dearer by no larger part keeps the serving it had."""
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


def serve_changed(change: Changed, enough_ratio: float | None = None) -> Spread:
    """Serve a placement as another one was served, but within the limits.

    What can still come from where it came, does. Then limits that are passed are relieved. Where that makes
    the plan dearer by more than `enough_ratio`, a better serving is sought as well (`spread_serving`), which
    takes longer, and the cheaper one taken.

    Parameters
    ----------
    change : Changed
    enough_ratio : float, optional
        Of the plan's cost; default `ENOUGH_RATIO`.

    Returns
    -------
    Spread
    """
    instance, placement = change.instance, change.placement
    carried = carried_serving(instance, change.dealt, change.before, placement, None)
    near = relieve(instance, placement, change.assignment, carried)
    enough_ratio = ENOUGH_RATIO if enough_ratio is None else enough_ratio
    if change.cost(near.serving) <= change.cost() * (1.0 + enough_ratio):
        return near
    other = spread_serving(change, carried)
    return other if change.cost(other.serving) < change.cost(near.serving) else near


def spread_serving(change: Changed, carried: Serving | None = None) -> Spread:
    """Serve from copies that cannot move, asking of each appliance only what it can give.

    What can still come from where it came, does: appliances were dealt their files for that, and another
    serving that costs no more may load them unevenly. Where that exceeds a limit or makes the plan dearer,
    the best serving is sought that changes little else, on large networks (`LARGE_FROM`) by a program of few
    rows. Pools whose busiest appliance is asked for too much have their appliances told apart, so
    that only what is too much for these goes elsewhere, until all limits of appliances hold.

    Parameters
    ----------
    change : Changed
    carried : Serving, optional
        What was served before, carried over without telling appliances apart, if that is known.

    Returns
    -------
    Spread
    """
    instance, placement, assignment = change.instance, change.placement, change.assignment
    apart = change.before.apart
    if apart is not None:
        apart = told_apart(instance, assignment, np.unique(apart.pool))
    if carried is None or apart is not None:
        serving = carried_serving(instance, change.dealt, change.before, placement, apart)
    else:
        serving = carried
    loads = _Loads.of(instance, placement, assignment, serving)
    good = change.cost(serving) <= change.cost() * (1.0 + SAME_RATIO)
    if good and not loads.too_much(instance):
        return loads.spread(instance, serving)
    large = instance.cand_pool.size * instance.n_files >= LARGE_FROM
    for _ in range(MAX_ROUNDS):
        crowded = loads.crowded(instance)
        if crowded.any():
            if apart is not None:
                crowded[apart.pool] = True
            if instance.pool_appliances[crowded].sum() > MOST_APART:
                break
            apart = told_apart(instance, assignment, np.flatnonzero(crowded))
            serving = carried_serving(instance, placement, serving, placement, apart)
        if large:
            serving = relieved_serving(instance, serving)
        else:
            serving = best_serving(instance, placement.holds, apart, serving).serving
        loads = _Loads.of(instance, placement, assignment, serving)
        if not loads.too_much(instance):
            return loads.spread(instance, serving)
    serving = relieve(instance, placement, assignment, serving).serving
    return _Loads.of(instance, placement, assignment, serving).spread(instance, serving)


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
