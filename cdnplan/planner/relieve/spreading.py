"""Serving from copies that are where they are, so that no appliance serves more than it can."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.deal.watched import watched_appliances
from cdnplan.fill.night.carried import carried_serving
from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.plan.apart import Apart
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.optimize.serve.serving_relief import relieved_serving
from cdnplan.planner.relieve.changed import Changed, Loads
from cdnplan.planner.relieve.spread import Spread

Bools = npt.NDArray[np.bool_]

LARGE_FROM = 5_000_000
"""Candidate entries × files from which on networks are large: the program of all that could move may take
longer than a night has there. A count of work and not of seconds, so that plans do not depend on the
machine."""
MAX_ROUNDS = 10
"""Rounds in which more appliances are watched; in the last one all are."""
MOST_APART = 300
"""Appliances that are holders of their own at most: rows are as many as sets of holders that differ."""
FEW = 3
"""Where there would be more, or the network is large, crowded appliances are in pools of so many; in larger
pools all crowded ones together are one holder."""
NEARLY = 0.8
"""Appliances are watched as well that are asked for more than this part of what they can give: they may get
too much of what others cannot serve."""
STILL = 0.97
"""Of pools told apart before, appliances count as crowded that are asked for more than this part."""
ENOUGH_RATIO = 1e-4
"""A serving within limits that makes a plan dearer by no larger part of its cost is good enough."""


def is_large(instance: Instance) -> bool:
    """Whether a network is (`LARGE_FROM`)."""
    return instance.cand_pool.size * instance.n_files >= LARGE_FROM


def serve_changed(change: Changed, enough_ratio: float = ENOUGH_RATIO) -> Spread:
    """Serve a placement as another one was served, asking of each appliance only what it can give.

    What can still come from where it came, does: appliances were dealt their files for that, and another
    serving that costs no more may load them unevenly. Where that passes a limit, or makes the plan dearer by
    more than `enough_ratio`, the serving is sought that costs least and changes little else.

    Appliances that are asked for too much, or nearly, are watched: what each row of demand asks of them is in
    the program, so it keeps their limits. Files are told apart by which appliances of crowded pools have
    them, so that only what is too much for these goes elsewhere; on large networks, where rows would be tens
    of times as many, by whether crowded appliances have them. This goes on until all limits of appliances
    hold.

    Parameters
    ----------
    change : Changed
    enough_ratio : float
        Of the plan's cost.

    Returns
    -------
    Spread
        Within all limits that must hold.
    """
    instance, placement, assignment = change.instance, change.placement, change.assignment
    serving = carried_serving(instance, change.dealt, change.before, placement, None)
    loads = Loads.of(instance, placement, assignment, serving)
    if not loads.too_much(instance) and change.cost(serving) <= change.cost() * (1.0 + enough_ratio):
        return loads.spread(instance, serving)
    # Of pools of one appliance the rate row of the pool is in the program anyway.
    several = np.repeat(instance.pool_appliances > 1, instance.pool_appliances)
    crowded, watched = np.zeros_like(several), np.zeros_like(several)
    if change.before.apart is not None:
        crowded = loads.above(instance, STILL) & _of_pools(assignment, change.before.apart.pool)
    dealt, serving = change.dealt, change.before
    for number in range(1, MAX_ROUNDS + 1):
        crowded |= loads.above(instance)
        apart = _told_apart(instance, assignment, crowded) if crowded.any() else None
        serving = carried_serving(instance, dealt, serving, placement, apart)
        nearly = several if number == MAX_ROUNDS else loads.above(instance, NEARLY) & several
        watched |= crowded | nearly
        parts = watched_appliances(instance, placement, serving, assignment, watched)
        serving = relieved_serving(instance, serving, parts)
        loads = Loads.of(instance, placement, assignment, serving)
        if not loads.too_much(instance):
            break
        dealt = placement
    return loads.spread(instance, serving)


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


def _of_pools(assignment: Assignment, pools: Ints) -> Bools:
    """All appliances of some pools, (n_appliances,) bool."""
    sizes = np.diff(assignment.appliance_ptr)
    return np.repeat(np.isin(np.arange(sizes.size), pools), sizes)


def _told_apart(instance: Instance, assignment: Assignment, crowded: Bools) -> Apart:
    """Holders by which files are told apart: all appliances of crowded pools, or groups of crowded ones."""
    own = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    every = _of_pools(assignment, own[crowded])
    key = np.arange(own.size)
    if is_large(instance) or every.sum() > MOST_APART:
        every = crowded
        key = np.where(instance.pool_appliances[own] <= FEW, key, assignment.appliance_ptr[own])
    some = np.flatnonzero(every)
    keys, holder = np.unique(key[some], return_inverse=True)
    of = np.full(own.size, -1)
    of[some] = holder
    number = assignment.appliance_ptr[assignment.pool] + assignment.appliance - 1
    mine = np.flatnonzero(every[number])
    holds = np.zeros((keys.size, instance.n_files), dtype=np.bool_)
    holds[of[number[mine]], assignment.file[mine]] = True
    return Apart(own[keys], holds)
