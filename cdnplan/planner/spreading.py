"""Serving from copies that are where they are, so that no appliance serves more than it can."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill.appliances import Assignment
from cdnplan.fill.loads import appliance_gbps, pointers
from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.model.placement import Placement, Serving
from cdnplan.optimize.objective import plan_cost
from cdnplan.optimize.serving import best_serving
from cdnplan.optimize.signature_kernels import first_slots, signature_table

CUTS = (1e-3, 1e-3, 5e-3, 2e-2, 5e-2)
"""By how much more than its busiest appliance calls for a pool's throughput is cut, from round to round."""
ENOUGH_RATIO = 1e-3
"""An appliance so far above its limit is no reason for another round: its pool gives that much away. A plan
that becomes dearer by no larger part of its cost keeps the serving it had."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Loads of pools and appliances.

    Parameters
    ----------
    serving : Serving
    throughput : (n_pools,) float64
        What each pool serves at most [Gbit/s].
    peak_gbps : (n_appliances,) float64
        Load of each appliance in its busiest slice.
    mean_gbps : (n_pools,) float64
        Mean load of an appliance in the pool's busiest slice.
    """

    serving: Serving
    throughput: Floats
    peak_gbps: Floats
    mean_gbps: Floats


def spread_serving(
    instance: Instance, placement: Placement, assignment: Assignment, throughput: Floats, before: Serving
) -> Spread:
    """Serve from copies that cannot move, asking of each pool only what its busiest appliance can give.

    Files whose holders are those of `before` are served as they were: appliances were dealt their files for
    that, and another serving that costs no more may load them unevenly. The others come from their cheapest
    holder. What is too much for an appliance goes to the origin, in equal parts from all that its pool
    serves. Where that makes the plan dearer by more than `ENOUGH_RATIO`, the best serving is sought as well,
    with pools slowed until their busiest appliance suffices, and the cheaper one taken.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    assignment : Assignment
        Where its copies are.
    throughput : (n_pools,) float64
        What each pool may serve to begin with [Gbit/s].
    before : Serving
        Of a placement that holds much the same.

    Returns
    -------
    Spread
    """
    cost = plan_cost(instance, placement.holds, before)
    same = _within(instance, placement, assignment, throughput, _as_before(instance, placement, before))
    same_cost = plan_cost(instance, placement.holds, same.serving)
    if same_cost <= cost * (1.0 + ENOUGH_RATIO):
        return same
    best = _best(instance, placement, assignment, throughput)
    return best if plan_cost(instance, placement.holds, best.serving) < same_cost else same


def _as_before(instance: Instance, placement: Placement, before: Serving) -> Serving:
    """Serve rows that were there before as then, others from their cheapest holder."""
    ptr, mask, gb = signature_table(instance, placement.holds)
    region = np.repeat(np.arange(instance.n_regions), np.diff(ptr))
    old = _same_rows(instance, before, region, mask)
    known = np.flatnonzero(old >= 0)
    slot = first_slots(mask)
    entry = instance.cand_ptr[region] + np.maximum(slot, 0)
    served = slot >= 0
    served[served] = instance.cand_cost[entry[served]] <= instance.origin_cost[region[served]]
    count = served.astype(np.int64)
    count[known] = np.diff(before.share_ptr)[old[known]]
    share_ptr = pointers(count)
    slots, ratio = np.zeros(int(share_ptr[-1]), dtype=np.int32), np.ones(int(share_ptr[-1]))
    new = np.flatnonzero((old < 0) & served)
    slots[share_ptr[new]] = slot[new]
    to = np.arange(int(count[known].sum())) - np.repeat(pointers(count[known])[:-1], count[known])
    source = np.repeat(before.share_ptr[old[known]], count[known]) + to
    target = np.repeat(share_ptr[known], count[known]) + to
    slots[target], ratio[target] = before.slot[source], before.ratio[source]
    return Serving(ptr=ptr, mask=mask, gb=gb, share_ptr=share_ptr, slot=slots, ratio=ratio)


def _same_rows(instance: Instance, before: Serving, region: Ints, mask: npt.NDArray[np.uint64]) -> Ints:
    """Row of `before` with the same region and signature, -1 where there is none."""
    old_region = np.repeat(np.arange(instance.n_regions), np.diff(before.ptr))
    n_old = old_region.size
    both, masks = np.concatenate([old_region, region]), np.concatenate([before.mask, mask])
    order = np.lexsort((*masks.T, both))
    same = (np.diff(both[order]) == 0) & (masks[order][1:] == masks[order][:-1]).all(axis=1)
    found = np.full(region.size, -1, dtype=np.int64)
    # The sort is stable: of two equal rows the older comes first.
    first, second = order[:-1][same], order[1:][same]
    found[second - n_old] = first
    return found


def _loads(
    instance: Instance, placement: Placement, assignment: Assignment, serving: Serving
) -> tuple[Floats, Floats, Floats]:
    """Peaks of appliances, means of pools, and the part of its load that each pool's busiest can give."""
    rows = (assignment.pool, assignment.appliance, assignment.file)
    peak, mean = appliance_gbps(instance, placement, serving, *rows)
    busiest = np.zeros(instance.n_pools)
    np.maximum.at(busiest, np.repeat(np.arange(instance.n_pools), instance.pool_appliances), peak)
    limit = instance.appliance_throughput_gbps
    over = busiest > limit * (1 + _ROUNDING)
    left = np.ones(instance.n_pools)
    left[over] = limit[over] / busiest[over]
    return peak, mean, left


def _within(
    instance: Instance, placement: Placement, assignment: Assignment, throughput: Floats, serving: Serving
) -> Spread:
    """What is too much for an appliance or a pool goes to the origin."""
    peak, mean, left = _loads(instance, placement, assignment, serving)
    total = mean * instance.pool_appliances
    left = np.minimum(left, np.divide(throughput, total, out=np.ones_like(total), where=total > throughput))
    if (left >= 1.0).all():
        return Spread(serving, throughput, peak, mean)
    served = replace(serving, ratio=serving.ratio * left[instance.cand_pool[serving.share_entry(instance)]])
    peak, mean, _ = _loads(instance, placement, assignment, served)
    return Spread(served, np.where(left < 1.0, np.minimum(throughput, total * left), throughput), peak, mean)


def _best(instance: Instance, placement: Placement, assignment: Assignment, throughput: Floats) -> Spread:
    """The best serving of pools that are slowed until their busiest appliance suffices, or nearly.

    As another mix of files may load the same appliance, cuts become larger from round to round.
    """
    throughput = throughput.copy()
    for cut in (*CUTS, None):
        serving = best_serving(replace(instance, throughput_gbps=throughput), placement.holds).serving
        _, _, left = _loads(instance, placement, assignment, serving)
        if cut is None or left.min(initial=1.0) >= 1.0 / (1.0 + ENOUGH_RATIO):
            break
        over = left < 1.0
        throughput[over] *= left[over] / (1 + cut)
    return _within(instance, placement, assignment, throughput, serving)
