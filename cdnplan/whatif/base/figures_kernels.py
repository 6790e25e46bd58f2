"""What files cost when every request comes from its cheapest holder."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.optimize.problem.arrays import RowDemand


class Candidates(NamedTuple):
    """Candidates of each region, cheapest first, with costs, and that of its origin [currency/GB]."""

    ptr: Ints
    pool: Ints32
    cost: Floats
    origin_cost: Floats


@njit(cache=True, nogil=True, allocates=False)
def nearest_costs(
    chunks: Ints,
    n_chunks: int,
    demand: RowDemand,
    candidates: Candidates,
    holds: npt.NDArray[np.bool_],
    cost: Floats,
    away_gb: Floats,
) -> None:
    """Add up, by chunk of regions and file, the cost of delivery and the GB that come from the origin."""
    ptr, pool, costs = candidates.ptr, candidates.pool, candidates.cost
    for chunk in chunks:
        for r in range(chunk, demand.region_row.size, n_chunks):
            row, origin = demand.region_row[r], candidates.origin_cost[r]
            stop = ptr[r]
            while stop < ptr[r + 1] and costs[stop] < origin:
                stop += 1
            for k in range(demand.ptr[row], demand.ptr[row + 1]):
                f = demand.file[k]
                gb = demand.region_share[r] * demand.gb[k]
                paid = origin
                away = True
                for j in range(ptr[r], stop):
                    if holds[f, pool[j]]:
                        paid = costs[j]
                        away = False
                        break
                cost[chunk, f] += gb * paid
                if away:
                    away_gb[chunk, f] += gb
