"""Pools that cost every region the same: which of them holds a file makes no difference to requests."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from cdnplan.model.instance.instance import Instance, Ints32
from cdnplan.optimize.problem.columns import Columns


def twin_pools(instance: Instance, columns: Columns) -> Ints32:
    """Next pool of the same regions at the same costs under the same shared limits; each group is a ring.

    Returns
    -------
    (n_pools,) int32
        The pool itself where it has no twin.
    """
    rings: dict[bytes, list[int]] = {}
    rates = instance.rates
    # The first use of each entry is its pool.
    shared = [
        rates.use_row[first + 1 : last].tobytes() + rates.use_weight[first + 1 : last].tobytes()
        for first, last in pairwise(rates.use_ptr[: instance.cand_pool.size + 1].tolist())
    ]
    for p in range(instance.n_pools):
        entries = slice(columns.pool_ptr[p], columns.pool_ptr[p + 1])
        at = columns.pool_entry[entries]
        key = columns.pool_region[entries].tobytes() + instance.cand_cost[at].tobytes()
        rings.setdefault(key + b"|".join(shared[j] for j in at), []).append(p)
    twin = np.arange(instance.n_pools, dtype=np.int32)
    for ring in rings.values():
        twin[ring] = ring[1:] + ring[:1]
    return twin
