"""What plans are compared with: greedy placement, and what operators do without an optimiser.

The latter fill each pool for its own viewers, whatever others hold. By popularity it takes what is asked most
per GB of storage. As a knapsack of its own it takes what saves most against the origin, per GB of storage,
less what filling costs.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.optimize.place.local_search import Bools, Incumbent, LocalSearch, forced_holders
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.rules import new_matrix_gb, stored_matrix_gb

Values = Callable[[int], Floats]
"""Worth of each file to a pool, (n_files,)."""


def greedy_plan(instance: Instance) -> Incumbent:
    """Place greedily by marginal gain per GB, with the best serving.

    What a file saves in a pool only shrinks as other pools hold it too, so a gain known from before is an
    upper bound: the pair with the largest one is looked at again, and taken if it is still the largest [1]_.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    Incumbent

    References
    ----------
    .. [1] M. Minoux, "Accelerated greedy algorithms for maximizing submodular set functions", Optimization
       Techniques, Lecture Notes in Control and Information Sciences 7, 1978.
    """
    holds, asked = forced_holders(instance), _asked(instance)
    stored, new = stored_matrix_gb(instance), new_matrix_gb(instance)
    new_cost = instance.fill_cost[:, None] * new
    region, entries = _entry_region(instance), _entries_of_pools(instance)
    now = np.tile(instance.origin_cost[:, None], (1, instance.n_files))
    for p in range(instance.n_pools):
        for f in np.flatnonzero(holds[p]):
            _serve(now[:, f], instance, region, entries[p])
    room = instance.storage_gb - np.where(holds, stored, 0.0).sum(axis=1)
    room_new = instance.new_limit_gb.copy()
    room_new = room_new - np.where(holds, new, 0.0).sum(axis=1)

    def gain(p: int, f: int) -> float:
        """What it saves per GB if the pool holds the file too."""
        mine = entries[p]
        nearer = np.maximum(0.0, now[region[mine], f] - instance.cand_cost[mine])
        return float((asked[region[mine], f] @ nearer - new_cost[p, f]) / stored[p, f])

    pairs = np.argwhere((instance.copies > 0) & ~holds).tolist()
    heap = [(-gain(p, f), p, f) for p, f in pairs]
    heapq.heapify(heap)
    while heap:
        _, p, f = heapq.heappop(heap)
        fits = stored[p, f] <= room[p] and new[p, f] <= room_new[p]
        value = gain(p, f) if fits else 0.0
        if value <= 0.0:
            continue
        if heap and -value > heap[0][0]:
            heapq.heappush(heap, (-value, p, f))
            continue
        holds[p, f] = True
        room[p], room_new[p] = room[p] - stored[p, f], room_new[p] - new[p, f]
        _serve(now[:, f], instance, region, entries[p])
    return _served(instance, holds)


def _asked(instance: Instance) -> Floats:
    """What each region asks for, (n_regions, n_files) [GB]."""
    rows = np.zeros((instance.demand_ptr.size - 1, instance.n_files))
    row = np.repeat(np.arange(rows.shape[0]), np.diff(instance.demand_ptr))
    rows[row, instance.demand_file] = instance.demand_gb
    return rows[instance.region_row] * instance.region_share[:, None]


def _entries_of_pools(instance: Instance) -> list[np.ndarray]:
    return [np.flatnonzero(instance.cand_pool == p) for p in range(instance.n_pools)]


def _serve(cost: Floats, instance: Instance, region: np.ndarray, entries: np.ndarray) -> None:
    """Let one more pool serve a file, where it is cheaper; `cost` by region is changed."""
    cost[region[entries]] = np.minimum(cost[region[entries]], instance.cand_cost[entries])


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
    return _served(instance, popularity_holders(instance))


def popularity_holders(instance: Instance) -> Bools:
    """Which files each pool takes, (n_pools, n_files)."""
    weights = _row_weights(instance, np.ones(instance.cand_pool.size))
    return _filled(instance, lambda p: _weighted(instance, weights[p]))


def knapsack_plan(instance: Instance) -> Incumbent:
    """Fill each pool by a knapsack of its own, with the best serving.

    As `popularity_plan`, but a file's worth is what the pool's own regions save with it against the origin,
    less what filling it costs. The knapsack is filled by decreasing worth per GB stored [1]_, which is within
    one file of the best where files are small beside the pool.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    Incumbent

    References
    ----------
    .. [1] G. B. Dantzig, "Discrete-variable extremum problems", Operations Research 5(2), 1957.
    """
    return _served(instance, knapsack_holders(instance))


def knapsack_holders(instance: Instance) -> Bools:
    """Which files each pool takes, (n_pools, n_files)."""
    region = _entry_region(instance)
    saved = np.maximum(instance.origin_cost[region] - instance.cand_cost, 0.0)
    weights = _row_weights(instance, saved)
    fill = instance.fill_cost[:, None] * new_matrix_gb(instance)
    return _filled(instance, lambda p: _weighted(instance, weights[p]) - fill[p])


def _served(instance: Instance, holds: Bools) -> Incumbent:
    return LocalSearch(instance, Columns.of(instance)).serve(holds)


def _filled(instance: Instance, values: Values) -> Bools:
    """Take files by worth per GB stored, after pins and launch rules, as far as they fit."""
    holds = forced_holders(instance)
    stored, new = stored_matrix_gb(instance), new_matrix_gb(instance)
    for p in range(instance.n_pools):
        worth = values(p)
        wanted = np.flatnonzero((worth > 0) & (instance.copies[p] > 0) & ~holds[p])
        wanted = wanted[np.argsort(-worth[wanted] / stored[p, wanted], kind="stable")]
        room = instance.storage_gb[p] - stored[p, holds[p]].sum()
        room_new = instance.new_limit_gb[p] - new[p, holds[p]].sum()
        while wanted.size:
            size, fresh = stored[p, wanted], new[p, wanted]
            fits = (np.cumsum(size) <= room) & (np.cumsum(fresh) <= room_new)
            count = fits.size if fits.all() else int(np.argmin(fits))
            holds[p, wanted[:count]] = True
            room, room_new = room - size[:count].sum(), room_new - fresh[:count].sum()
            left = slice(count, None)
            wanted = wanted[left][(size[left] <= room) & (fresh[left] <= room_new)]
    return holds


def _entry_region(instance: Instance) -> np.ndarray:
    return np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))


def _row_weights(instance: Instance, worth: Floats) -> Floats:
    """What each GB of a row of demand is worth to a pool, from the regions it is nearest to.

    Parameters
    ----------
    worth : (n_cand,)
        Of a GB through each candidate entry.

    Returns
    -------
    (n_pools, n_rows) float64
        Share × worth; all regions that may use a pool count where it is nearest to none.
    """
    region = _entry_region(instance)
    cheapest = np.full(instance.n_regions, np.inf)
    np.minimum.at(cheapest, region, instance.cand_cost)
    nearest = instance.cand_cost == cheapest[region]
    counts = np.bincount(instance.cand_pool[nearest], minlength=instance.n_pools)
    nearest |= counts[instance.cand_pool] == 0
    weights = np.zeros((instance.n_pools, instance.demand_ptr.size - 1))
    rows = instance.region_row[region[nearest]]
    share = instance.region_share[region[nearest]]
    np.add.at(weights, (instance.cand_pool[nearest], rows), share * worth[nearest])
    return weights


def _weighted(instance: Instance, weights: Floats) -> Floats:
    """Worth of each file, with rows weighted, (n_files,)."""
    total = np.zeros(instance.n_files)
    for row in np.flatnonzero(weights):
        entries = slice(instance.demand_ptr[row], instance.demand_ptr[row + 1])
        total[instance.demand_file[entries]] += weights[row] * instance.demand_gb[entries]
    return total
