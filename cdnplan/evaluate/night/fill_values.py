"""What a copy can save at most: the figures of what copies are worth cannot be more."""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance, Ints


def most_saved(instance: Instance, pool: Ints, file: Ints) -> Floats:
    """Bound what it saves that a pool holds a file.

    What a copy saves depends on who else holds the file while the night is planned. It is never more than if
    the pool served all that its regions ask of the file, and all that came from the dearest place otherwise.

    Parameters
    ----------
    instance : Instance
    pool, file : (n,) int64
        Pairs to bound; -1 for what the network does not know, which saves nothing.

    Returns
    -------
    (n,) float64
        [currency per period]
    """
    n_rows = instance.demand_ptr.size - 1
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    dearest = instance.origin_cost.copy()
    np.maximum.at(dearest, region, instance.cand_cost)
    saved = instance.region_share[region] * (dearest[region] - instance.cand_cost)
    key = instance.cand_pool.astype(np.int64) * n_rows + instance.region_row[region]
    pairs, which = np.unique(key, return_inverse=True)
    per_gb = np.bincount(which.ravel(), saved, pairs.size)
    order = np.argsort(pool, kind="stable")
    ptr = np.searchsorted(pool[order], np.arange(instance.n_pools + 1))
    most = np.zeros(pool.size)
    demand = np.zeros(instance.n_files + 1)
    for row in range(n_rows):
        part = slice(int(instance.demand_ptr[row]), int(instance.demand_ptr[row + 1]))
        demand[instance.demand_file[part]] = instance.demand_gb[part]
        for n in np.flatnonzero(pairs % n_rows == row).tolist():
            p = int(pairs[n] // n_rows)
            mine = order[ptr[p] : ptr[p + 1]]
            most[mine] += per_gb[n] * demand[file[mine]]
        demand[instance.demand_file[part]] = 0.0
    return most
