"""How much each appliance of a pool can and must serve, given what the pool serves to each region.

A plan folder says how much a pool serves to a region, not which files. For any way to serve these GB, an
appliance serves a region at most what the region asks of its files, and at least what is left when its
neighbours serve all that is asked of theirs. Where a pool serves all that it holds, as most do, both agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.assignment import Assignment
from cdnplan.evaluate.signatures import row_demand
from cdnplan.model.instance import Floats


@dataclass(frozen=True, slots=True, eq=False)
class ApplianceRates:
    """Bounds on what appliances serve, (n_appliances, n_slices) [Gbit/s]."""

    least: Floats
    most: Floats


def appliance_rates(assignment: Assignment, served_gb: Floats) -> ApplianceRates:
    """Bound the load of each appliance in each slice; copies of a file share its load evenly.

    Parameters
    ----------
    assignment : Assignment
    served_gb : (n_cand,) float64
        [GB per period]

    Returns
    -------
    ApplianceRates
        Necessary limits: a load outside them is impossible; loads inside them need not be possible all
        together.
    """
    fleet, instance = assignment.fleet, assignment.fleet.instance
    copies = np.searchsorted(assignment.appliance, fleet.ptr)
    share = 1.0 / np.maximum(1, instance.copies[assignment.pool(), assignment.file])
    least = np.zeros((fleet.size, instance.n_slices))
    most = np.zeros_like(least)
    demand = np.zeros(instance.n_files)
    for r in range(instance.n_regions):
        file, gb = row_demand(instance, r)
        demand[file] = gb
        for entry in range(int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1])):
            volume = float(served_gb[entry])
            if volume <= 0:
                continue
            p = int(instance.cand_pool[entry])
            own, part = slice(fleet.ptr[p], fleet.ptr[p + 1]), slice(copies[p], copies[p + 1])
            low = high = np.array([volume])
            if instance.pool_appliances[p] > 1:
                asked = np.zeros(int(instance.pool_appliances[p]))
                at = assignment.appliance[part] - fleet.ptr[p]
                np.add.at(asked, at, demand[assignment.file[part]] * share[part])
                high = np.minimum(asked, volume)
                low = np.clip(volume - (asked.sum() - asked), 0.0, high)
            least[own] += low[:, None] * instance.gbps_per_gb[r]
            most[own] += high[:, None] * instance.gbps_per_gb[r]
        demand[file] = 0.0
    return ApplianceRates(least, most)
