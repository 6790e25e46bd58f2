"""All shared limits of an instance as one flat vector: volume rows, rate rows by slice, then cuts.

The two maps that know rows are here: what pools hold and paths carry → what rows use, and prices of rows →
what a GB costs, stored, new, or on a path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance, Ints32
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices

TINY = 1e-9
"""Limits of zero are treated as this small, so that their use is a (large) ratio."""


@dataclass(frozen=True, slots=True, eq=False)
class LimitVector:
    """Flat order: volume rows, rate rows by (row, slice), cuts.

    Parameters
    ----------
    instance : Instance
    limit : (n_limits,) float64
        In the rows' units; inf where there is none.
    cap : (n_limits,) float64
        Largest valid price: the cost of overload where a row may be passed, else inf.
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
        rates, volumes, slices = instance.rates, instance.volumes, instance.n_slices
        limit = np.concatenate([volumes.capacity_gb, np.repeat(rates.capacity, slices)])
        cap = np.concatenate([np.full(volumes.n_rows, np.inf), np.repeat(rates.overload_cost, slices)])
        cuts = Cuts.none() if cuts is None else cuts
        caps = np.append(cap, np.full(cuts.n_cuts, np.inf))
        return cls(instance, np.append(limit, cuts.limit), caps, limit.size, cuts.pool)

    @property
    def n_volumes(self) -> int:
        """How many are volume rows; rates follow."""
        return self.instance.volumes.n_rows

    @property
    def rates(self) -> slice:
        """Where the rate rows are."""
        return slice(self.n_volumes, self.n_own)

    def excess(self, use: Floats) -> Floats:
        """Use over limit less one, within [-1, 1]; -1 where there is no limit."""
        ratio = use / np.maximum(self.limit, TINY) - 1.0
        return np.clip(np.where(np.isinf(self.limit), -1.0, ratio), -1.0, 1.0)

    def flat(self, prices: Prices) -> Floats:
        """Prices as a vector; cuts that they do not know have none."""
        unknown = np.zeros(self.limit.size - self.n_own - prices.cut.size)
        return np.concatenate([prices.volume, prices.rate.ravel(), prices.cut, unknown])

    def prices(self, flat: Floats, launch: Floats) -> Prices:
        """The vector as prices, those of missing limits zero and none above its cap."""
        flat = np.where(np.isinf(self.limit), 0.0, np.minimum(flat, self.cap))
        return Prices(
            volume=flat[: self.n_volumes],
            rate=flat[self.rates].reshape(-1, self.instance.n_slices),
            launch=launch,
            cut=flat[self.n_own :],
        )


def volume_use(instance: Instance, by_pool: Floats) -> Floats:
    """What volume rows use: of pools, as they are, then of rows that pools share.

    Parameters
    ----------
    instance : Instance
    by_pool : (..., 2 * n_pools) float64
        Stored, then new [GB].

    Returns
    -------
    (..., n_volume_rows) float64
        The array given where no row is shared [GB].
    """
    rows, first = instance.volumes, 2 * instance.n_pools
    if rows.n_rows == first:
        return by_pool
    shared = np.stack(
        [
            by_pool[..., rows.pools_of(row) + (instance.n_pools if rows.fresh[row] else 0)].sum(axis=-1)
            for row in range(first, rows.n_rows)
        ],
        axis=-1,
    )
    return np.concatenate([by_pool, shared], axis=-1)


def volume_prices(instance: Instance, price: Floats) -> tuple[Floats, Floats]:
    """What a GB costs by the prices of volume rows.

    Parameters
    ----------
    instance : Instance
    price : (n_volume_rows,) float64
        [currency/GB]

    Returns
    -------
    stored, new : (n_pools,) float64
        [currency/GB]
    """
    rows, n = instance.volumes, instance.n_pools
    by_pool = price[: 2 * n].copy()
    for row in range(2 * n, rows.n_rows):
        by_pool[rows.pools_of(row) + (n if rows.fresh[row] else 0)] += price[row]
    return by_pool[:n], by_pool[n:]
