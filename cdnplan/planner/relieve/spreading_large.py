"""Serving on large networks so that no appliance serves more than it can, by programs of few rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.deal.watched import watched_appliances
from cdnplan.fill.night.carried import carried_serving
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.apart import Apart
from cdnplan.model.plan.placement import Serving
from cdnplan.optimize.serve.serving_relief import relieved_serving
from cdnplan.planner.relieve.changed import Changed, Loads
from cdnplan.planner.relieve.relieving import relieve
from cdnplan.planner.relieve.spread import Spread

Bools = npt.NDArray[np.bool_]

LARGE_FROM = 5_000_000
"""Candidate entries × files from which on networks are large: the program of all that could move may take
longer than a night has there. A count of work and not of seconds, so that plans do not depend on the
machine."""
MAX_ROUNDS = 10
"""Rounds in which more appliances are watched; what is too much after these is relieved pool by pool."""
FEW = 3
"""Crowded appliances are holders of their own in pools of so many; in larger ones all together are one."""
NEARLY = 0.8
"""Appliances are watched as well that are asked for more than this part of what they can give: they may get
too much of what others cannot serve."""
STILL = 0.97
"""Of pools told apart before, appliances count as crowded that are asked for more than this part."""


def is_large(instance: Instance) -> bool:
    """Whether a network is (`LARGE_FROM`)."""
    return instance.cand_pool.size * instance.n_files >= LARGE_FROM


def spread_large(change: Changed, carried: Serving, good_cost: float) -> Spread:
    """Serve from copies that cannot move, asking of each appliance only what it can give.

    Appliances that are asked for too much, or nearly, are watched: what each row of demand asks of them is in
    the program, so it keeps their limits. Files are told apart only by whether appliances have them that are
    asked for too much. With all appliances of these pools as holders of their own, as `spread_serving` has
    them, rows would be tens of times as many.

    Parameters
    ----------
    change : Changed
    carried : Serving
        What was served before, carried over without telling appliances apart.
    good_cost : float
        A serving within all limits that costs no more is taken as it is.

    Returns
    -------
    Spread
    """
    instance, placement, assignment = change.instance, change.placement, change.assignment
    loads = Loads.of(instance, placement, assignment, carried)
    if change.cost(carried) <= good_cost and not loads.too_much(instance):
        return loads.spread(instance, carried)
    several = np.repeat(instance.pool_appliances > 1, instance.pool_appliances)
    crowded = np.zeros_like(several)
    if change.before.apart is not None:
        crowded = loads.above(instance, STILL) & _of_pools(assignment, change.before.apart.pool)
    dealt, serving = change.dealt, change.before
    for _ in range(MAX_ROUNDS):
        crowded |= loads.above(instance) & several
        apart = _grouped(instance, assignment, crowded) if crowded.any() else None
        serving = carried_serving(instance, dealt, serving, placement, apart)
        which = loads.above(instance, NEARLY) & several
        watched = watched_appliances(instance, placement, serving, assignment, which)
        serving = relieved_serving(instance, serving, watched)
        loads = Loads.of(instance, placement, assignment, serving)
        if not loads.too_much(instance):
            return loads.spread(instance, serving)
        dealt = placement
    serving = relieve(instance, placement, assignment, serving).serving
    return Loads.of(instance, placement, assignment, serving).spread(instance, serving)


def _of_pools(assignment: Assignment, pools: npt.NDArray[np.int64]) -> Bools:
    """All appliances of some pools, (n_appliances,) bool."""
    sizes = np.diff(assignment.appliance_ptr)
    return np.repeat(np.isin(np.arange(sizes.size), pools), sizes)


def _grouped(instance: Instance, assignment: Assignment, crowded: Bools) -> Apart:
    """Crowded appliances as holders: of their own where their pool has `FEW`, else together."""
    own = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    few = instance.pool_appliances[own] <= FEW
    some = np.flatnonzero(crowded)
    keys, holder = np.unique(
        np.where(few, np.arange(own.size), assignment.appliance_ptr[own])[some], return_inverse=True
    )
    of = np.full(crowded.size, -1)
    of[some] = holder
    number = assignment.appliance_ptr[assignment.pool] + assignment.appliance - 1
    mine = np.flatnonzero(crowded[number])
    holds = np.zeros((keys.size, instance.n_files), dtype=np.bool_)
    holds[of[number[mine]], assignment.file[mine]] = True
    return Apart(own[keys], holds)
