"""Pools that cost every region the same: which of them holds a file makes no difference to requests."""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance import Instance, Ints32
from cdnplan.optimize.columns import Columns


def twin_pools(instance: Instance, columns: Columns) -> Ints32:
    """Next pool of the same regions at the same costs over the same links; each group is a ring.

    Returns
    -------
    (n_pools,) int32
        The pool itself where it has no twin.
    """
    rings: dict[bytes, list[int]] = {}
    link = [
        instance.cand_link[instance.cand_link_ptr[j] : instance.cand_link_ptr[j + 1]].tobytes()
        for j in range(instance.cand_pool.size)
    ]
    for p in range(instance.n_pools):
        entries = slice(columns.pool_ptr[p], columns.pool_ptr[p + 1])
        at = columns.pool_entry[entries]
        key = columns.pool_region[entries].tobytes() + instance.cand_cost[at].tobytes()
        rings.setdefault(key + b"|".join(link[j] for j in at), []).append(p)
    twin = np.arange(instance.n_pools, dtype=np.int32)
    for ring in rings.values():
        twin[ring] = ring[1:] + ring[:1]
    return twin
