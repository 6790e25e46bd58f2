"""How what each pool serves responds to prices, while files keep their holders.

The price search visits files in batches, so its totals are a mixture of loads found at different prices.
With the derivative of the softmin, loads of earlier visits are carried forward to the prices of today:
without that the control would answer with the delay of a whole pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance import Floats, Instance, Ints, Ints32
from cdnplan.optimize.search_kernels import predict

MATRIX_UP_TO = 32
"""Regions with more candidates keep the diagonal of their matrix only."""


@dataclass(frozen=True, slots=True, eq=False)
class ResponseLayout:
    """Where the matrix of each region lies in one flat array.

    Parameters
    ----------
    instance : Instance
    ptr : (n_regions + 1,) int64
        Matrix of region r: ``ptr[r]:ptr[r + 1]``, over its candidates and the origin, or the diagonal.
    own : (n_cand + n_regions,) int64
        Place of each entry's own derivative, then of each region's origin.
    region : (n_cand,) int64
        Region of each candidate entry.
    """

    instance: Instance
    ptr: Ints
    own: Ints
    region: Ints

    @classmethod
    def of(cls, instance: Instance) -> ResponseLayout:
        """Lay out the matrices of an instance."""
        width = np.diff(instance.cand_ptr)
        full = width <= MATRIX_UP_TO
        size = np.where(full, (width + 1) ** 2, width + 1)
        ptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        region = np.repeat(np.arange(instance.n_regions), width)
        slot = np.arange(region.size) - instance.cand_ptr[region]
        step = np.where(full, width + 2, 1)
        own = ptr[region] + slot * step[region]
        return cls(instance, ptr, np.concatenate([own, ptr[:-1] + width * step]).astype(np.int64), region)

    @property
    def size(self) -> int:
        """Length of the flat array."""
        return int(self.ptr[-1])

    def carried(self, served: Floats, response: Floats, rise: Floats) -> Floats:
        """Loads after a rise in costs.

        Parameters
        ----------
        served : (n_cand + n_regions,) float64
            GB by entry, then from the origin by region.
        response : (size,) float64
            GB by which shares fall, times heat.
        rise : (n_cand + n_regions,) float64
            Change of costs over heat.

        Returns
        -------
        (n_cand + n_regions,) float64
        """
        out = np.empty_like(served)
        predict(self.instance.cand_ptr, self.ptr, response, rise, served, out)
        return out

    def sensitivity(self, response: Floats) -> Floats:
        """By how much the use of each Gbps limit falls when its price rises, times heat.

        Returns
        -------
        (n_pools * n_slices + n_links * n_slices,) float64
            [Gbit/s per currency/Gbps x currency/GB]; other slices, and other limits on the same paths,
            count as if their prices rose alike: then steps of all limits together do not overshoot.
        """
        inst = self.instance
        rate = inst.gbps_per_gb
        every = rate.sum(axis=1)
        n_cand = inst.cand_pool.size
        own = response[self.own]
        entry = own[:n_cand] * every[self.region] * (1 + np.diff(inst.cand_link_ptr))
        origin = own[n_cand:] * every * np.diff(inst.origin_link_ptr)
        link_entry = np.repeat(np.arange(n_cand), np.diff(inst.cand_link_ptr))
        link_origin = np.repeat(np.arange(inst.n_regions), np.diff(inst.origin_link_ptr))
        pools = np.zeros((inst.n_pools, inst.n_slices))
        links = np.zeros((inst.n_links, inst.n_slices))
        for t in range(inst.n_slices):
            here = entry * rate[self.region, t]
            pools[:, t] = np.bincount(inst.cand_pool, here, minlength=inst.n_pools)
            if inst.n_links:
                links[:, t] = _by_link(inst.cand_link, here[link_entry], inst.n_links)
                links[:, t] += _by_link(inst.origin_link, (origin * rate[:, t])[link_origin], inst.n_links)
        return np.concatenate([pools.ravel(), links.ravel()])


def _by_link(link: Ints32, value: Floats, n_links: int) -> Floats:
    return np.asarray(np.bincount(link, value, minlength=n_links), dtype=np.float64)


def typical_rates(instance: Instance) -> Floats:
    """Gbit/s at peak for a GB, as each Gbps limit sees it, > 0.

    Mean over the regions that may be served there, weighted by demand; links take the median of pools.

    Returns
    -------
    (n_pools * n_slices + n_links * n_slices,) float64
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    gb = instance.region_gb()
    peak = np.bincount(
        instance.cand_pool, (gb * instance.gbps_per_gb.max(axis=1))[region], minlength=instance.n_pools
    )
    weight = np.bincount(instance.cand_pool, gb[region], minlength=instance.n_pools)
    rate = np.divide(peak, weight, out=np.zeros(instance.n_pools), where=weight > 0)
    usual = float(np.median(rate[rate > 0])) if (rate > 0).any() else 1.0
    rate = np.where(rate > 0, rate, usual)
    links = np.full(instance.n_links * instance.n_slices, usual)
    return np.concatenate([np.repeat(rate, instance.n_slices), links])


def typical_step(instance: Instance) -> float:
    """Median difference between neighbouring costs of a region's candidates and origin [currency/GB], > 0."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    everyone = np.concatenate([region, np.arange(instance.n_regions)])
    cost = np.concatenate([instance.cand_cost, instance.origin_cost])
    order = np.lexsort((cost, everyone))
    step = np.diff(cost[order])[np.diff(everyone[order]) == 0]
    step = step[step > 0]
    return float(np.median(step)) if step.size else 1.0
