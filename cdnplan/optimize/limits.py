"""All shared limits of an instance as one flat vector: storage, throughput, links, new bytes; then cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.cuts import Cuts
from cdnplan.model.instance import Floats, Instance, Ints32
from cdnplan.model.placement import Prices

TINY = 1e-9
"""Limits of zero are treated as this small, so that their use is a (large) ratio."""


@dataclass(frozen=True, slots=True, eq=False)
class LimitVector:
    """Flat order: storage by pool, throughput by (pool, slice), links by (link, slice), new by pool, cuts.

    Fill window and churn limit bound the same quantity, so only the tighter one of a pool can matter; its
    price is put where it belongs.

    Parameters
    ----------
    instance : Instance
    limit : (n_limits,) float64
        [GB or Gbit/s]; inf where there is none.
    cap : (n_limits,) float64
        Largest valid price: `Instance.overload_cost` for links, else inf.
    n_own : int
        How many limits are those of the instance, before the cuts.
    cut_pool : (n_cuts,) int32
        The pool that each cut is about.
    """

    instance: Instance
    limit: Floats
    cap: Floats
    n_own: int
    cut_pool: Ints32

    @classmethod
    def of(cls, instance: Instance, cuts: Cuts | None = None) -> LimitVector:
        """Flatten the limits of an instance, and those of cuts."""
        slices = instance.n_slices
        cap = np.full(2 * instance.n_pools + (instance.n_pools + instance.n_links) * slices, np.inf)
        links = slice(instance.n_pools * (1 + slices), cap.size - instance.n_pools)
        cap[links] = instance.overload_cost
        limit = np.concatenate(
            [
                instance.storage_gb,
                np.repeat(instance.throughput_gbps, slices),
                np.repeat(instance.link_capacity_gbps, slices),
                np.minimum(instance.fill_limit_gb, instance.churn_limit_gb),
            ]
        )
        cuts = Cuts.none() if cuts is None else cuts
        caps = np.append(cap, np.full(cuts.n_cuts, np.inf))
        return cls(instance, np.append(limit, cuts.limit), caps, limit.size, cuts.pool)

    def excess(self, use: Floats) -> Floats:
        """Use over limit less one, within [-1, 1]; -1 where there is no limit."""
        ratio = use / np.maximum(self.limit, TINY) - 1.0
        return np.clip(np.where(np.isinf(self.limit), -1.0, ratio), -1.0, 1.0)

    def flat(self, prices: Prices) -> Floats:
        """Prices as a vector; cuts that they do not know have none."""
        new = prices.fill + prices.churn
        unknown = np.zeros(self.limit.size - self.n_own - prices.cut.size)
        return np.concatenate(
            [prices.storage, prices.throughput.ravel(), prices.link.ravel(), new, prices.cut, unknown]
        )

    def prices(self, flat: Floats, launch: Floats) -> Prices:
        """The vector as prices, those of missing limits zero and those of links capped."""
        inst, slices = self.instance, self.instance.n_slices
        flat = np.where(np.isinf(self.limit), 0.0, np.minimum(flat, self.cap))
        links = inst.n_pools * (1 + slices)
        new = flat[self.n_own - inst.n_pools : self.n_own]
        by_fill = inst.fill_limit_gb <= inst.churn_limit_gb
        return Prices(
            storage=flat[: inst.n_pools],
            throughput=flat[inst.n_pools : links].reshape(inst.n_pools, slices),
            link=flat[links : self.n_own - inst.n_pools].reshape(inst.n_links, slices),
            fill=np.where(by_fill, new, 0.0),
            churn=np.where(by_fill, 0.0, new),
            launch=launch,
            cut=flat[self.n_own :],
        )
