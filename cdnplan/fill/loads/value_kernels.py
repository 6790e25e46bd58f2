"""Kernel behind `values`: what copies save, counted region by region in one fixed order."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.fill.loads.loads_kernels import Network

Array = npt.NDArray[Any]


@njit(cache=True, nogil=True)
def savings(
    net: Network,
    holds: Array,
    more: Array,
    cand_cost: Array,
    origin_cost: Array,
    pool_site: Array,
    ptr: Array,
    rows: Array,
    out: Array,
) -> None:
    """Add to ``out[p, f]`` what holding the file saves the pool's regions [currency per period].

    Of what a pool serves: the bytes times the cost from the cheapest other site that holds the file, or from
    the origin, less the cost from here. Of pools in `more`, which do not hold it: what their regions would
    save if they did. `ptr` and `rows` are those of `loads.region_rows`.
    """
    for r in range(net.region_row.size):
        first = net.demand_ptr[net.region_row[r]]
        start, last = net.cand_ptr[r], net.cand_ptr[r + 1]
        for n in range(net.demand_ptr[net.region_row[r] + 1] - first):
            file = net.demand_file[first + n]
            gb = net.region_share[r] * net.demand_gb[first + n]
            row = rows[ptr[r] + n]
            paid, rest = 0.0, 1.0
            if row >= 0:
                at = net.serving_ptr[r] + row
                for i in range(net.share_ptr[at], net.share_ptr[at + 1]):
                    entry, ratio = start + net.share_slot[i], net.share_ratio[i]
                    paid += ratio * cand_cost[entry]
                    rest -= ratio
                    other = origin_cost[r]
                    for k in range(start, last):
                        if cand_cost[k] >= other:
                            break
                        p = net.cand_pool[k]
                        if holds[p, file] and pool_site[p] != pool_site[net.cand_pool[entry]]:
                            other = cand_cost[k]
                            break
                    if other > cand_cost[entry]:
                        out[net.cand_pool[entry], file] += gb * ratio * (other - cand_cost[entry])
            paid += max(0.0, rest) * origin_cost[r]
            for k in range(start, last):
                if cand_cost[k] >= paid:
                    break
                if more[net.cand_pool[k], file]:
                    out[net.cand_pool[k], file] += gb * (paid - cand_cost[k])
