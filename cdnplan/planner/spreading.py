"""Serving from copies that are where they are, so that no appliance serves more than it can."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cdnplan.fill.appliances import Assignment
from cdnplan.fill.loads import appliance_gbps
from cdnplan.model.instance import Floats, Instance
from cdnplan.model.placement import Placement, Serving
from cdnplan.optimize.serving import best_serving

CUTS = (1e-3, 1e-3, 5e-3, 2e-2, 5e-2)
"""By how much more than its busiest appliance calls for a pool's throughput is cut, from round to round."""
ENOUGH_RATIO = 1e-3
"""An appliance so far above its limit is no reason for another round: its pool gives that much away."""
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
    instance: Instance, placement: Placement, assignment: Assignment, throughput: Floats
) -> Spread:
    """Serve at least cost, but ask of each pool only what its busiest appliance can give.

    A pool whose copies are spread unevenly serves less in total, and the serving is computed anew. As
    another mix of files may load the same appliance, that is repeated with larger cuts; what is then still
    too much, or was little to begin with, goes to the origin in equal parts from all that the pool serves.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    assignment : Assignment
        Where its copies are.
    throughput : (n_pools,) float64
        What each pool may serve to begin with [Gbit/s].

    Returns
    -------
    Spread
    """
    pool = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    throughput = throughput.copy()
    rows = (assignment.pool, assignment.appliance, assignment.file)
    for cut in (*CUTS, None):
        serving = best_serving(replace(instance, throughput_gbps=throughput), placement.holds).serving
        peak, mean = appliance_gbps(instance, placement, serving, *rows)
        busiest = np.zeros(instance.n_pools)
        np.maximum.at(busiest, pool, peak)
        over = busiest > instance.appliance_throughput_gbps * (1 + _ROUNDING)
        if not over.any():
            return Spread(serving, throughput, peak, mean)
        left = np.ones(instance.n_pools)
        left[over] = instance.appliance_throughput_gbps[over] / busiest[over]
        if cut is None or left.min() >= 1.0 / (1.0 + ENOUGH_RATIO):
            break
        throughput[over] *= left[over] / (1 + cut)
    serving = replace(serving, ratio=serving.ratio * left[instance.cand_pool[serving.share_entry(instance)]])
    throughput *= left
    peak, mean = appliance_gbps(instance, placement, serving, *rows)
    return Spread(serving, throughput, peak, mean)
