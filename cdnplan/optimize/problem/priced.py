"""What prices make of costs: the data of the file-by-file problems of docs/bound.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance, Ints32
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.problem.limits import volume_prices
from cdnplan.optimize.problem.serving_paths import Paths


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
        """Add the prices of rates to delivery costs, those of volumes to opening."""
        return cls.at(instance, prices, priced_costs(instance, prices))

    @classmethod
    def at(cls, instance: Instance, prices: Prices, cost: Floats) -> Priced:
        """The same where delivery costs with the prices of rates are known already.

        Parameters
        ----------
        instance : Instance
        prices : Prices
        cost : (n_cand + n_regions,) float64
            ĉ by entry, then from the origin by region [currency/GB].
        """
        region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
        cand_cost, origin_cost = cost[: region.size], cost[region.size :]
        stored, new = volume_prices(instance, prices.volume)
        return cls(
            cand_cost=cand_cost,
            order=np.lexsort((cand_cost, region)).astype(np.int32),
            origin_cost=origin_cost,
            store=stored,
            new=instance.fill_cost + new,
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
            -_times(prices.volume, instance.volumes.capacity_gb),
            -_times(
                prices.rate, np.repeat(instance.rates.capacity[:, None], instance.n_slices, axis=1)
            ).ravel(),
        ]
    )
    return float(terms.sum()), float(np.abs(terms).sum())


def priced_costs(instance: Instance, prices: Prices) -> Floats:
    """Delivery costs with the prices of rates in them.

    Returns
    -------
    (n_cand + n_regions,) float64
        ĉ by entry, then from the origin by region [currency/GB].
    """
    paths = Paths.of(instance)
    return paths.cost + paths.tolls(prices.rate)


def _times(price: Floats, limit: Floats) -> Floats:
    """Price × limit, where a limit that does not exist (inf) contributes nothing at price 0."""
    return np.multiply(price, limit, out=np.zeros_like(price), where=price > 0)
