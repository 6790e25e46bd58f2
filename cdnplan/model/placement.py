"""Decisions: what pools hold, how demand is served, and what the limits are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """x: which files each pool holds.

    Parameters
    ----------
    holds : (n_pools, n_files) bool
    """

    holds: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """y, by region and signature: files held by the same candidates of a region share one row.

    Parameters
    ----------
    ptr : (n_regions + 1,) int64
        Rows of region r are ``ptr[r]:ptr[r + 1]``.
    mask : (n_rows,) uint64
        Signature: bit k is set when the region's k-th candidate entry holds the file. Increasing
        within a region; only signatures that have demand are listed.
    gb : (n_rows,) float64
        Demand of the files with this signature [GB].
    ratio : (n_rows, max_candidates) float64
        Share of that demand served by each candidate entry of the region, 0 where the bit is not set
        or the region has fewer candidates; what is missing to 1 comes from the origin.
    """

    ptr: Ints
    mask: npt.NDArray[np.uint64]
    gb: Floats
    ratio: Floats

    def candidate_gb(self, instance: Instance) -> Floats:
        """GB served through each candidate entry, (n_cand,) [GB]."""
        served = np.zeros(instance.cand_pool.size)
        region = np.repeat(np.arange(instance.n_regions), np.diff(self.ptr))
        width = np.diff(instance.cand_ptr)[region]
        for k in range(self.ratio.shape[1]):
            rows = np.flatnonzero(width > k)
            entry = instance.cand_ptr[region[rows]] + k
            served += np.bincount(entry, self.gb[rows] * self.ratio[rows, k], minlength=served.size)
        return served

    def origin_gb(self, instance: Instance) -> Floats:
        """GB each region gets from the origin, (n_regions,) [GB]."""
        region = np.repeat(np.arange(instance.n_regions), np.diff(self.ptr))
        rest = self.gb * np.maximum(0.0, 1.0 - self.ratio.sum(axis=1))
        return np.asarray(np.bincount(region, rest, minlength=instance.n_regions), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Dual prices of the shared limits, all >= 0: they certify the lower bound.

    Any such prices give a valid bound (weak duality); a limit that does not exist (inf) has price 0,
    and a link's price never exceeds `Instance.overload_cost`.

    Parameters
    ----------
    storage : (n_pools,) float64
        [currency/GB stored]
    throughput : (n_pools, n_slices) float64
        [currency/Gbps]
    link : (n_links, n_slices) float64
        [currency/Gbps]
    fill, churn : (n_pools,) float64
        [currency/GB of new bytes]
    launch : (n_launches,) float64
        [currency per required pool]
    """

    storage: Floats
    throughput: Floats
    link: Floats
    fill: Floats
    churn: Floats
    launch: Floats

    @classmethod
    def zero(cls, instance: Instance) -> Prices:
        """All limits free."""
        pools, slices = instance.n_pools, instance.n_slices
        return cls(
            storage=np.zeros(pools),
            throughput=np.zeros((pools, slices)),
            link=np.zeros((instance.n_links, slices)),
            fill=np.zeros(pools),
            churn=np.zeros(pools),
            launch=np.zeros(instance.n_launches),
        )
