"""What prices make of costs: the data of the file-by-file problems of docs/bound.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.placement import Prices


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """Effective costs under given prices.

    Parameters
    ----------
    cand_cost : (n_cand,) float64
        ĉ[r, p] [currency/GB], in the instance's order of entries.
    order : (n_cand,) int32
        Entries of each region by increasing ĉ; ties keep the instance's order.
    origin_cost : (n_regions,) float64
        ĉ[r, 0] [currency/GB].
    store, new : (n_pools,) float64
        Price of storing and of filling one GB [currency/GB].
    """

    cand_cost: Floats
    order: Ints32
    origin_cost: Floats
    store: Floats
    new: Floats

    @classmethod
    def of(cls, instance: Instance, prices: Prices) -> Priced:
        """Add the prices of throughput and links to delivery costs, those of storage and fill to opening."""
        return cls.at(instance, prices, np.concatenate(priced_costs(instance, prices)))

    @classmethod
    def at(cls, instance: Instance, prices: Prices, cost: Floats) -> Priced:
        """The same where delivery costs with the prices of throughput and links are known already.

        Parameters
        ----------
        instance : Instance
        prices : Prices
        cost : (n_cand + n_regions,) float64
            ĉ by entry, then from the origin by region [currency/GB].
        """
        region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
        cand_cost, origin_cost = cost[: region.size], cost[region.size :]
        return cls(
            cand_cost=cand_cost,
            order=np.lexsort((cand_cost, region)).astype(np.int32),
            origin_cost=origin_cost,
            store=prices.storage,
            new=instance.fill_cost + prices.fill + prices.churn,
        )


def limits_worth(instance: Instance, prices: Prices) -> tuple[float, float]:
    """What the limits themselves contribute to a bound: launch prices, less price × limit of all others.

    Returns
    -------
    total, magnitude : float
        The sum of the terms, and that of their absolute values [currency].
    """
    terms = np.concatenate(
        [
            prices.launch * instance.launch_min,
            -prices.storage * instance.storage_gb,
            -(prices.throughput * instance.throughput_gbps[:, None]).ravel(),
            -(prices.link * instance.link_capacity_gbps[:, None]).ravel(),
            -_times(prices.fill, instance.fill_limit_gb),
            -_times(prices.churn, instance.churn_limit_gb),
        ]
    )
    return float(terms.sum()), float(np.abs(terms).sum())


def priced_costs(instance: Instance, prices: Prices) -> tuple[Floats, Floats]:
    """Delivery costs with the prices of throughput and links in them.

    Returns
    -------
    cand_cost, origin_cost : (n_cand,), (n_regions,) float64
        ĉ [currency/GB].
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    rate = instance.gbps_per_gb
    cost = instance.cand_cost + _over_slices(rate, region, prices.throughput, instance.cand_pool)
    origin = instance.origin_cost.copy()
    if instance.n_links:
        entry = np.repeat(np.arange(cost.size), np.diff(instance.cand_link_ptr))
        toll = _over_slices(rate, region[entry], prices.link, instance.cand_link)
        cost += np.bincount(entry, toll, minlength=cost.size)
        which = np.repeat(np.arange(origin.size), np.diff(instance.origin_link_ptr))
        toll = _over_slices(rate, which, prices.link, instance.origin_link)
        origin += np.bincount(which, toll, minlength=origin.size)
    return cost, origin


def _over_slices(rate: Floats, region: Ints, price: Floats, limit: Ints32) -> Floats:
    """Σ_t h[region, t]·price[limit, t], summed in the order of slices."""
    total = np.zeros(region.size)
    for t in range(rate.shape[1]):
        total += rate[region, t] * price[limit, t]
    return total


def _times(price: Floats, limit: Floats) -> Floats:
    """Price × limit, where a limit that does not exist (inf) contributes nothing at price 0."""
    return np.multiply(price, limit, out=np.zeros_like(price), where=price > 0)
