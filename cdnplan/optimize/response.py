"""How what each pool serves responds to prices, while files keep their holders.

The price search visits files in batches, so its totals are a mixture of loads found at different prices.
With the derivative of the softmin, loads of earlier visits are carried forward to the prices of today:
without that the control would answer with the delay of a whole pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance, Ints, Ints32
from cdnplan.optimize.balance_kernels import Paths

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

    def slots(self, order: Ints32) -> Ints32:
        """Place of entries among those of their region.

        Parameters
        ----------
        order : (n_cand,) int32
            Entries, those of a region together.

        Returns
        -------
        (n_cand,) int32
        """
        return (order - self.instance.cand_ptr[self.region[order]]).astype(np.int32)

    def paths(self, response: Floats) -> Paths:
        """Candidates, limits on their paths and the response of loads, as kernels take them.

        Parameters
        ----------
        response : (size,) float64
            GB by which shares fall, times heat.
        """
        inst = self.instance
        return Paths(
            inst.cand_ptr, inst.cand_pool, inst.cand_link_ptr, inst.cand_link, inst.origin_link_ptr,
            inst.origin_link, inst.gbps_per_gb, self.ptr, response,
        )  # fmt: skip

    def sensitivity(self, response: Floats, moving: npt.NDArray[np.bool_]) -> Floats:
        """By how much the use of each Gbps limit falls when all moving prices rise alike, times heat.

        Steps of all limits at once do not overshoot if each counts on the others of its paths, and on the
        other slices, to move as well.

        Parameters
        ----------
        response : (size,) float64
        moving : (n_pools * n_slices + n_links * n_slices,) bool
            Limits whose price may move now: those with a price, and those that are exceeded.

        Returns
        -------
        (n_pools * n_slices + n_links * n_slices,) float64
            [Gbit/s per currency/Gbps x currency/GB]
        """
        inst, rate = self.instance, self.instance.gbps_per_gb
        n_cand, slices = inst.cand_pool.size, inst.n_slices
        at_pool = moving[: inst.n_pools * slices].reshape(-1, slices).astype(np.float64)
        at_link = moving[inst.n_pools * slices :].reshape(-1, slices).astype(np.float64)
        link_entry = np.repeat(np.arange(n_cand), np.diff(inst.cand_link_ptr))
        link_origin = np.repeat(np.arange(inst.n_regions), np.diff(inst.origin_link_ptr))
        every, every_origin = np.zeros(n_cand), np.zeros(inst.n_regions)
        for t in range(slices):
            passed = np.bincount(link_entry, at_link[inst.cand_link, t], minlength=n_cand)
            every += rate[self.region, t] * (at_pool[inst.cand_pool, t] + passed)
            passed = np.bincount(link_origin, at_link[inst.origin_link, t], minlength=inst.n_regions)
            every_origin += rate[:, t] * passed
        own = response[self.own]
        entry, origin = own[:n_cand] * every, own[n_cand:] * every_origin
        pools = np.zeros((inst.n_pools, slices))
        links = np.zeros((inst.n_links, slices))
        for t in range(slices):
            here = entry * rate[self.region, t]
            pools[:, t] = np.bincount(inst.cand_pool, here, minlength=inst.n_pools)
            if inst.n_links:
                links[:, t] = _by_link(inst.cand_link, here[link_entry], inst.n_links)
                links[:, t] += _by_link(inst.origin_link, (origin * rate[:, t])[link_origin], inst.n_links)
        return np.concatenate([pools.ravel(), links.ravel()])

    def touching(self, limits: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Regions with a path over one of these Gbps limits.

        Parameters
        ----------
        limits : (n_pools * n_slices + n_links * n_slices,) bool

        Returns
        -------
        (n_regions,) bool
        """
        inst, slices = self.instance, self.instance.n_slices
        at_pool = np.asarray(limits[: inst.n_pools * slices].reshape(-1, slices).any(axis=1))
        at_link = np.asarray(limits[inst.n_pools * slices :].reshape(-1, slices).any(axis=1))
        found = np.zeros(inst.n_regions, dtype=np.bool_)
        found[self.region[at_pool[inst.cand_pool]]] = True
        link_entry = np.repeat(np.arange(inst.cand_pool.size), np.diff(inst.cand_link_ptr))
        found[self.region[link_entry[at_link[inst.cand_link]]]] = True
        link_origin = np.repeat(np.arange(inst.n_regions), np.diff(inst.origin_link_ptr))
        found[link_origin[at_link[inst.origin_link]]] = True
        return found


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
