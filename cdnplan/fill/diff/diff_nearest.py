"""What delivery costs when each request comes from its cheapest holder, and what each change of copies does.

Limits of throughput and links are left out, so the costs are at most those of any serving of the same
placement. In return they add up: by file, by copy, and between two placements.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Two placements under the same demand and network.

    Parameters
    ----------
    before, after : (n_files,) float64
        Cost of delivering each file from its cheapest holders [currency per period].
    before_gb, after_gb : float
        Demand for files that a holder can serve more cheaply than the origin [GB].
    saved : (n_pools, n_files) float64
        What a copy that came saves, negative what one that went lost [currency per period]: the sum over
        the pools is ``before - after``. Each region's part goes to the copy it now gets the file from, or
        to the one it can have it from no longer.
    """

    before: Floats
    after: Floats
    before_gb: float
    after_gb: float
    saved: Floats


def compare_holders(instance: Instance, before: Bools, after: Bools) -> Compared:
    """Compare two placements region by region.

    Parameters
    ----------
    instance : Instance
    before, after : (n_pools, n_files) bool

    Returns
    -------
    Compared
    """
    costs = np.zeros((2, instance.n_files))
    held_gb = np.zeros(2)
    saved = np.zeros((instance.n_pools, instance.n_files))
    for r in range(instance.n_regions):
        file, gb = _demand_of(instance, r)
        pool, cost = _useful(instance, r)
        if file.size == 0:
            continue
        ladder = np.append(cost, instance.origin_cost[r])
        slots = [_first(held, pool, file) for held in (before, after)]
        paid = [gb * ladder[slot] for slot in slots]
        for i in (0, 1):
            costs[i, file] += paid[i]
            held_gb[i] += float(gb[slots[i] < pool.size].sum())
        gain = paid[0] - paid[1]
        for i, rows in ((1, np.flatnonzero(gain > 0)), (0, np.flatnonzero(gain < 0))):
            saved[pool[slots[i][rows]], file[rows]] += gain[rows]
    return Compared(costs[0], costs[1], float(held_gb[0]), float(held_gb[1]), saved)


def _demand_of(instance: Instance, region: int) -> tuple[npt.NDArray[np.int32], Floats]:
    """Files a region asks for, and GB."""
    row = instance.region_row[region]
    part = slice(int(instance.demand_ptr[row]), int(instance.demand_ptr[row + 1]))
    gb = instance.region_share[region] * instance.demand_gb[part].astype(np.float64)
    return instance.demand_file[part], gb


def _useful(instance: Instance, region: int) -> tuple[npt.NDArray[np.int32], Floats]:
    """Candidates of a region that are cheaper than its origin, cheapest first."""
    part = slice(int(instance.cand_ptr[region]), int(instance.cand_ptr[region + 1]))
    cost = instance.cand_cost[part]
    use = int(np.searchsorted(cost, instance.origin_cost[region], side="left"))
    return instance.cand_pool[part][:use], cost[:use]


def _first(held: Bools, pool: npt.NDArray[np.int32], file: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Number of the cheapest candidate that holds each file; that of all where none does: the origin."""
    slot = np.full(file.size, pool.size, dtype=np.int64)
    for k in range(pool.size - 1, -1, -1):
        slot[held[pool[k]][file]] = k
    return slot


def reach_gb(instance: Instance, pools: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Demand of the regions that have a pool among their candidates, for each file.

    Parameters
    ----------
    instance : Instance
    pools : (n,) int64
        Pools that are wanted.

    Returns
    -------
    (n, n_files) float32
        [GB]
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    order = np.argsort(instance.cand_pool, kind="stable")
    ends = np.searchsorted(instance.cand_pool[order], np.arange(instance.n_pools + 1))
    found = np.zeros((pools.size, instance.n_files), dtype=np.float32)
    known: dict[bytes, int] = {}
    for i, p in enumerate(pools):
        regions = region[order[ends[p] : ends[p + 1]]]
        same = known.setdefault(regions.tobytes(), i)
        if same != i:
            found[i] = found[same]
            continue
        weight = np.bincount(instance.region_row[regions], instance.region_share[regions])
        for row in np.flatnonzero(weight):
            part = slice(int(instance.demand_ptr[row]), int(instance.demand_ptr[row + 1]))
            found[i, instance.demand_file[part]] += weight[row] * instance.demand_gb[part]
    return found


def pool_savings(instance: Instance, region_gb: Floats) -> Floats:
    """What each pool could save against the origin if it held everything and nobody else did.

    Parameters
    ----------
    instance : Instance
    region_gb : (n_regions,) float64
        Demand of each region [GB].

    Returns
    -------
    (n_pools,) float64
        [currency per period]
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    saving = np.maximum(0.0, instance.origin_cost[region] - instance.cand_cost) * region_gb[region]
    return np.asarray(np.bincount(instance.cand_pool, saving, minlength=instance.n_pools), dtype=np.float64)
