"""What operators do by hand: every pool takes the files that its own viewers ask most, per GB of storage."""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance import Floats, Instance
from cdnplan.optimize.columns import Columns
from cdnplan.optimize.local_search import Bools, Incumbent, LocalSearch, forced_holders
from cdnplan.optimize.rules import new_matrix_gb, stored_matrix_gb


def popularity_plan(instance: Instance) -> Incumbent:
    """Fill by popularity, with the best serving.

    Pins and launch rules come first. Then each pool, without looking at the others, takes files by
    decreasing demand per GB stored, as far as storage, fill and churn limits let it; a file that does not
    fit is passed over. Its demand is that of the regions it is nearest to (no candidate is cheaper), or of
    all that may use it where it is nearest to none.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    Incumbent
    """
    holds = popularity_holders(instance)
    return LocalSearch(instance, Columns.of(instance)).serve(holds)


def popularity_holders(instance: Instance) -> Bools:
    """Which files each pool takes, (n_pools, n_files)."""
    holds = forced_holders(instance)
    stored, new = stored_matrix_gb(instance), new_matrix_gb(instance)
    new_limit = np.minimum(instance.fill_limit_gb, instance.churn_limit_gb)
    weights = _row_weights(instance)
    for p in range(instance.n_pools):
        demand = _local_gb(instance, weights[p])
        wanted = np.flatnonzero((demand > 0) & (instance.copies[p] > 0) & ~holds[p])
        wanted = wanted[np.argsort(-demand[wanted] / stored[p, wanted], kind="stable")]
        room = instance.storage_gb[p] - stored[p, holds[p]].sum()
        room_new = new_limit[p] - new[p, holds[p]].sum()
        while wanted.size:
            size, fresh = stored[p, wanted], new[p, wanted]
            fits = (np.cumsum(size) <= room) & (np.cumsum(fresh) <= room_new)
            count = fits.size if fits.all() else int(np.argmin(fits))
            holds[p, wanted[:count]] = True
            room, room_new = room - size[:count].sum(), room_new - fresh[:count].sum()
            left = slice(count, None)
            wanted = wanted[left][(size[left] <= room) & (fresh[left] <= room_new)]
    return holds


def _row_weights(instance: Instance) -> Floats:
    """Share of each row of demand that is a pool's to serve, (n_pools, n_rows)."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    cheapest = np.full(instance.n_regions, np.inf)
    np.minimum.at(cheapest, region, instance.cand_cost)
    nearest = instance.cand_cost == cheapest[region]
    counts = np.bincount(instance.cand_pool[nearest], minlength=instance.n_pools)
    nearest |= counts[instance.cand_pool] == 0
    weights = np.zeros((instance.n_pools, instance.demand_ptr.size - 1))
    rows = instance.region_row[region[nearest]]
    np.add.at(weights, (instance.cand_pool[nearest], rows), instance.region_share[region[nearest]])
    return weights


def _local_gb(instance: Instance, weights: Floats) -> Floats:
    """Demand of each file, with rows weighted, (n_files,)."""
    total = np.zeros(instance.n_files)
    for row in np.flatnonzero(weights):
        entries = slice(instance.demand_ptr[row], instance.demand_ptr[row + 1])
        total[instance.demand_file[entries]] += weights[row] * instance.demand_gb[entries]
    return total
