"""Is a serving possible? GB per region and pool, given only who holds what.

All costs and limits depend on the GB a region draws from each pool, not on which files they are. So the judge
asks whether some assignment of files to holders adds up to these GB: a transport problem per region. By
Gale's theorem [1]_ it can be met exactly when no set of pools serves more than is asked of the
files that at least one of them holds.

References
----------
.. [1] D. Gale, "A theorem on flows in networks", Pacific Journal of Mathematics 7(2), 1957.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.limits import RELATIVE, Violation
from cdnplan.evaluate.count.signatures import held_by_any, row_demand, signature_gb, sums_over_sets
from cdnplan.evaluate.count.transport_kernels import overclaiming
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.placement import Placement

MAX_SETS_OF = 14
"""Pools in use by one region up to which all their sets are checked; above, one maximum flow decides."""

SUM_ROUNDING = 1e-9
"""Sums of many volumes round at the scale of the whole region's demand; so much of it is let pass."""


def serving_violations(
    instance: Instance, placement: Placement, served_gb: Floats, origin_gb: Floats
) -> list[Violation]:
    """Regions whose serving is impossible.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        [GB per period]

    Returns
    -------
    list of Violation
        Negative volumes, volumes that do not add up to the region's demand, and per region the set
        of pools that claims most beyond what they hold.
    """
    demand = instance.region_gb()
    found = []
    for r in range(instance.n_regions):
        part = slice(int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1]))
        served, rest = served_gb[part], origin_gb[r]
        name = instance.regions[r]
        slack = RELATIVE * demand[r]
        lowest = float(min(served.min(initial=0.0), rest))
        total = float(served.sum() + rest)
        if not lowest >= -slack:
            found.append(Violation("serving", f"{name}: negative volume", None, lowest, 0.0, "GB"))
        elif not abs(total - demand[r]) <= slack:
            found.append(Violation("serving", f"{name}: all demand", None, total, float(demand[r]), "GB"))
        else:
            found += _held_enough(instance, placement.holds, r, served, float(demand[r]))
    return found


def _held_enough(
    instance: Instance, holds: npt.NDArray[np.bool_], region: int, served: Floats, demand_gb: float
) -> list[Violation]:
    """Gale's condition for one region, over the candidates it uses."""
    used = np.flatnonzero(served > 0)
    if used.size == 0:
        return []
    entries = instance.cand_ptr[region] + used
    find = _worst_set if used.size <= MAX_SETS_OF else _unmet_set
    members, claimed, held = find(instance, holds, region, entries, served[used])
    if claimed <= held + RELATIVE * held + SUM_ROUNDING * demand_gb:
        return []
    pools = ", ".join(instance.pools[p] for p in instance.cand_pool[entries[members]])
    return [Violation("serving", f"{instance.regions[region]} from {pools}", None, claimed, held, "GB")]


def _worst_set(
    instance: Instance, holds: npt.NDArray[np.bool_], region: int, entries: Ints, served: Floats
) -> tuple[Ints, float, float]:
    """Set of pools that serves most beyond the demand it holds, by looking at all sets."""
    signature, gb = signature_gb(instance, holds, region, entries)
    held = held_by_any(signature, gb, served.size)
    claimed = sums_over_sets(served)
    worst = int(np.argmax(claimed - held - RELATIVE * held))
    members = np.flatnonzero((worst >> np.arange(served.size)) & 1)
    return members, float(claimed[worst]), float(held[worst])


def _unmet_set(
    instance: Instance, holds: npt.NDArray[np.bool_], region: int, entries: Ints, served: Floats
) -> tuple[Ints, float, float]:
    """Such a set from a maximum flow; empty where all claims are met."""
    file, gb = row_demand(instance, region)
    held = holds[np.ix_(instance.cand_pool[entries], file)]
    slack = SUM_ROUNDING * float(gb.sum()) / served.size
    members = np.flatnonzero(overclaiming(held, gb, served, slack))
    return members, float(served[members].sum()), float(gb[held[members].any(axis=0)].sum())
