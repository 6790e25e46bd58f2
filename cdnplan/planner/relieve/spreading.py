"""Serving from copies that are where they are, so that no appliance serves more than it can."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.night.carried import carried_serving
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.apart import Apart
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.optimize.serve.serving_relief import relieved_serving
from cdnplan.parameters.parts import ALL, Parts
from cdnplan.planner.relieve.changed import Changed, Loads
from cdnplan.planner.relieve.relieving import relieve
from cdnplan.planner.relieve.spread import Spread
from cdnplan.planner.relieve.spreading_large import is_large, spread_large

Bools = npt.NDArray[np.bool_]

MAX_ROUNDS = 10
"""Rounds in which more pools have their appliances told apart; after these, and where that would be more than
`MOST_APART` appliances, what is still too much is relieved pool by pool."""
MOST_APART = 300
"""Appliances told apart at most: the serving program has a row for every set of holders that differs."""
ENOUGH_RATIO = 1e-4
"""What makes a plan dearer by no larger part of its cost is good enough."""
SAME_RATIO = 1e-9
"""One that becomes dearer by no larger part keeps the serving it had."""


def serve_changed(change: Changed, enough_ratio: float | None = None, parts: Parts = ALL) -> Spread:
    """Serve a placement as another one was served, but within the limits.

    What can still come from where it came, does. Then limits that are passed are relieved. Where that makes
    the plan dearer by more than `enough_ratio`, a better serving is sought as well (`spread_serving`), which
    takes longer, and the cheaper one taken. On large networks it is sought at once: what greedy relief costs
    there is seldom enough, and the programs are small.

    Parameters
    ----------
    change : Changed
    enough_ratio : float, optional
        Of the plan's cost; default `ENOUGH_RATIO`. On large networks it makes no difference.
    parts : Parts
        Without `Parts.spreading`, limits that are passed are relieved and no more.

    Returns
    -------
    Spread
    """
    instance, placement = change.instance, change.placement
    carried = carried_serving(instance, change.dealt, change.before, placement, None)
    if is_large(instance) and parts.spreading:
        return spread_serving(change, carried)
    near = relieve(instance, placement, change.assignment, carried)
    enough_ratio = ENOUGH_RATIO if enough_ratio is None else enough_ratio
    dearer = change.cost(near.serving) > change.cost() * (1.0 + enough_ratio)
    if not dearer or not parts.spreading:
        return near
    other = spread_serving(change, carried)
    return other if change.cost(other.serving) < change.cost(near.serving) else near


def spread_serving(change: Changed, carried: Serving | None = None) -> Spread:
    """Serve from copies that cannot move, asking of each appliance only what it can give.

    What can still come from where it came, does: appliances were dealt their files for that, and another
    serving that costs no more may load them unevenly. Where that exceeds a limit or makes the plan dearer,
    the best serving is sought that changes little else. Pools whose busiest appliance is asked for too much
    have their appliances told apart, so that only what is too much for these goes elsewhere, until all limits
    of appliances hold. On large networks the same is done by programs of few rows (`spread_large`).

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
    if is_large(instance):
        if carried is None:
            carried = carried_serving(instance, change.dealt, change.before, placement, None)
        return spread_large(change, carried, change.cost() * (1.0 + SAME_RATIO))
    apart = change.before.apart
    if apart is not None:
        apart = told_apart(instance, assignment, np.unique(apart.pool))
    if carried is None or apart is not None:
        serving = carried_serving(instance, change.dealt, change.before, placement, apart)
    else:
        serving = carried
    loads = Loads.of(instance, placement, assignment, serving)
    good = change.cost(serving) <= change.cost() * (1.0 + SAME_RATIO)
    if good and not loads.too_much(instance):
        return loads.spread(instance, serving)
    for _ in range(MAX_ROUNDS):
        crowded = loads.crowded(instance)
        if crowded.any():
            if apart is not None:
                crowded[apart.pool] = True
            if instance.pool_appliances[crowded].sum() > MOST_APART:
                break
            apart = told_apart(instance, assignment, np.flatnonzero(crowded))
            serving = carried_serving(instance, placement, serving, placement, apart)
        serving = best_serving(instance, placement.holds, apart, serving).serving
        loads = Loads.of(instance, placement, assignment, serving)
        if not loads.too_much(instance):
            return loads.spread(instance, serving)
    serving = relieve(instance, placement, assignment, serving).serving
    return Loads.of(instance, placement, assignment, serving).spread(instance, serving)


def near_serving(instance: Instance, placement: Placement, serving: Serving) -> Serving:
    """Serve within the limits of pools and links, changing no more than pays.

    On large networks not even all of that: only what limits that are passed ask for.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    serving : Serving
        Of this placement, without appliances told apart; it may pass limits.

    Returns
    -------
    Serving
    """
    if is_large(instance):
        return relieved_serving(instance, serving)
    return best_serving(instance, placement.holds, near=serving).serving


def told_apart(instance: Instance, assignment: Assignment, pools: npt.NDArray[np.int64]) -> Apart:
    """The appliances of some pools, increasing, as holders of their own."""
    pool = np.repeat(pools, instance.pool_appliances[pools])
    holds = np.zeros((pool.size, instance.n_files), dtype=np.bool_)
    mine = np.flatnonzero(np.isin(assignment.pool, pools))
    first = np.searchsorted(pool, assignment.pool[mine])
    holds[first + assignment.appliance[mine] - 1, assignment.file[mine]] = True
    return Apart(pool, holds)
