"""What files cost when every request comes from its cheapest holder."""

from __future__ import annotations

from typing import Any

from cdnplan.compiled import njit

Array = Any


@njit(cache=True, nogil=True)
def nearest_costs(
    chunks: Array, n_chunks: int, region_row: Array, region_share: Array, demand_ptr: Array,
    demand_file: Array, demand_gb: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    holds: Array, cost: Array, away_gb: Array,
) -> None:  # fmt: skip
    """Add up, by chunk of regions and file, the cost of delivery and the GB that come from the origin."""
    for chunk in chunks:
        for r in range(chunk, region_row.size, n_chunks):
            lo, hi = demand_ptr[region_row[r]], demand_ptr[region_row[r] + 1]
            stop = ptr[r]
            while stop < ptr[r + 1] and costs[stop] < origin[r]:
                stop += 1
            for k in range(lo, hi):
                f = demand_file[k]
                gb = region_share[r] * demand_gb[k]
                paid = origin[r]
                away = True
                for j in range(ptr[r], stop):
                    if holds[f, pools[j]]:
                        paid = costs[j]
                        away = False
                        break
                cost[chunk, f] += gb * paid
                if away:
                    away_gb[chunk, f] += gb
