"""Prices to start from, and the size a price of each limit typically has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.price.response import typical_weights
from cdnplan.parameters.passes import PriceParameters


def cheapest_saving(instance: Instance) -> Floats:
    """What each candidate entry saves against the next dearer site of its region, or the origin.

    Returns
    -------
    (n_cand,) float64
        [currency/GB], >= 0; entries of equal cost save alike.
    """
    saving = np.zeros(instance.cand_pool.size)
    for r in range(instance.n_regions):
        lo, hi = instance.cand_ptr[r], instance.cand_ptr[r + 1]
        cost = instance.cand_cost[lo:hi]
        following = np.searchsorted(cost, cost, side="right")
        dearer = np.append(cost, instance.origin_cost[r])
        alternative = np.minimum(dearer[following], instance.origin_cost[r])
        saving[lo:hi] = np.maximum(0.0, alternative - cost)
    return saving


def knapsack_cut(value: Floats, weight: Floats, room: float) -> float:
    """Value per weight of the first item that no longer fits, taking items by value per weight.

    Examples
    --------
    >>> knapsack_cut(np.array([4.0, 3.0, 1.0]), np.array([1.0, 1.0, 1.0]), 2.0)
    1.0
    """
    density = value / weight
    order = np.argsort(-density, kind="stable")
    filled = np.cumsum(weight[order])
    after = int(np.searchsorted(filled, room, side="right"))
    return float(density[order[after]]) if after < order.size else 0.0


def start_prices(instance: Instance, parameters: PriceParameters) -> tuple[Prices, Prices]:
    """Price each pool's storage as if its nearest regions had it to themselves.

    The cut of the pool's own knapsack, over the regions for which it is a cheapest candidate, with the
    saving against the next site. Pools of equal cost share those regions, and so their storage is added.

    Parameters
    ----------
    instance : Instance
    parameters : PriceParameters

    Returns
    -------
    start : Prices
        Limits other than storage start at zero.
    scale : Prices
        Typical size of each price, > 0; launch prices have none.
    """
    value, room = _nearest_value(instance)
    storage, scale = np.zeros(instance.n_pools), np.zeros(instance.n_pools)
    for p in range(instance.n_pools):
        files = np.flatnonzero(value[p])
        if files.size:
            worth = value[p, files].astype(np.float64)
            weight = instance.size_gb[files] * np.maximum(1.0, instance.copies[p, files])
            storage[p] = knapsack_cut(worth, weight, float(room[p]))
            scale[p] = max(storage[p], parameters.rare * float(worth.sum() / weight.sum()))
    scale[scale <= 0] = float(np.median(scale[scale > 0])) if (scale > 0).any() else 1.0
    zero = Prices.zero(instance)
    volume = zero.volume.copy()
    volume[: instance.n_pools] = storage
    rows = instance.volumes
    typical = [scale[rows.pools_of(row)].mean() for row in range(2 * instance.n_pools, rows.n_rows)]
    scales = np.concatenate([scale, scale, typical])
    return replace(zero, volume=volume), replace(
        zero, volume=scales, rate=_rate_scale(instance, parameters.typical)
    )


def _nearest_value(instance: Instance) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], Floats]:
    """Saving of each (pool, file) for its nearest regions, and the storage that shares them."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    saving = cheapest_saving(instance)
    first = instance.cand_cost[instance.cand_ptr[region]] if region.size else instance.cand_cost
    value = np.zeros((instance.n_pools, instance.n_files), dtype=np.float32)
    room = instance.storage_gb.copy()
    for j in np.flatnonzero(instance.cand_cost == first):
        r, p = region[j], instance.cand_pool[j]
        entries = slice(*instance.demand_ptr[instance.region_row[r] : instance.region_row[r] + 2])
        worth = np.float32(instance.region_share[r] * saving[j])
        value[p, instance.demand_file[entries]] += instance.demand_gb[entries] * worth
        lo, hi = instance.cand_ptr[r], instance.cand_ptr[r + 1]
        same = instance.cand_pool[lo:hi][instance.cand_cost[lo:hi] == instance.cand_cost[lo]]
        room[p] = max(room[p], float(instance.storage_gb[same].sum()))
    return value, room


def _rate_scale(instance: Instance, typical: float) -> Floats:
    """Typical prices of rate rows, by slice: a share of what serving there saves against the origin."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    spread = np.maximum(0.0, instance.origin_cost[region] - instance.cand_cost)
    per_gbps = np.zeros(instance.n_pools)
    peak = instance.gbps_per_gb.max(axis=1)
    loads = peak[region] > 0  # a region whose rate is zero loads nothing, whatever it asks
    np.maximum.at(per_gbps, instance.cand_pool[loads], spread[loads] / peak[region[loads]])
    largest = float(per_gbps.max(initial=0.0)) or 1.0
    scale = largest / typical_weights(instance)
    scale[: instance.n_pools] = np.where(per_gbps > 0, per_gbps, largest)
    return np.repeat(typical * scale[:, None], instance.n_slices, axis=1)
