"""How what each pool serves responds to prices, while files keep their holders.

The price search visits files in batches, so its totals are a mixture of loads found at different prices.
With the derivative of the softmin, loads of earlier visits are carried forward to the prices of today:
without that the control would answer with the delay of a whole pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.optimize.price.balance_kernels import Paths
from cdnplan.optimize.problem.arrays import RateUse

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
    region : (n_cand,) int64
        Region of each candidate entry.
    """

    instance: Instance
    ptr: Ints
    region: Ints

    @classmethod
    def of(cls, instance: Instance) -> ResponseLayout:
        """Lay out the matrices of an instance."""
        width = np.diff(instance.cand_ptr)
        full = width <= MATRIX_UP_TO
        size = np.where(full, (width + 1) ** 2, width + 1)
        ptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        region = np.repeat(np.arange(instance.n_regions), width)
        return cls(instance, ptr, region)

    @property
    def size(self) -> int:
        """Length of the flat array."""
        return int(self.ptr[-1])

    def paths(self, response: Floats) -> Paths:
        """Candidates, limits on their paths and the response of loads, as kernels take them.

        Parameters
        ----------
        response : (size,) float64
            GB by which shares fall, times heat.
        """
        return Paths(self.instance.cand_ptr, RateUse.of(self.instance), self.ptr, response)


def typical_rates(instance: Instance) -> Floats:
    """Use at peak for a GB, as each rate row sees it, > 0.

    Mean over the regions that may be served there, weighted by demand; rows that pools share take the median
    of pools for each Gbit/s.

    Returns
    -------
    (n_rate_rows * n_slices,) float64
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    gb = instance.region_gb()
    peak = np.bincount(
        instance.cand_pool, (gb * instance.gbps_per_gb.max(axis=1))[region], minlength=instance.n_pools
    )
    weight = np.bincount(instance.cand_pool, gb[region], minlength=instance.n_pools)
    rate = np.divide(peak, weight, out=np.zeros(instance.n_pools), where=weight > 0)
    usual = float(np.median(rate[rate > 0])) if (rate > 0).any() else 1.0
    typical = usual * typical_weights(instance)
    typical[: instance.n_pools] = np.where(rate > 0, rate, usual)
    return np.repeat(typical, instance.n_slices)


def typical_weights(instance: Instance) -> Floats:
    """Units of each rate row for a Gbit/s on a path that uses it, (n_rate_rows,), > 0."""
    rows = instance.rates
    count = np.bincount(rows.use_row, minlength=rows.n_rows)
    total = np.bincount(rows.use_row, rows.use_weight, minlength=rows.n_rows)
    return np.divide(total, count, out=np.ones(rows.n_rows), where=total > 0)


def typical_step(instance: Instance) -> float:
    """Median difference between neighbouring costs of a region's candidates and origin [currency/GB], > 0."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    everyone = np.concatenate([region, np.arange(instance.n_regions)])
    cost = np.concatenate([instance.cand_cost, instance.origin_cost])
    order = np.lexsort((cost, everyone))
    step = np.diff(cost[order])[np.diff(everyone[order]) == 0]
    step = step[step > 0]
    return float(np.median(step)) if step.size else 1.0
