"""A network in which every appliance is a pool of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment, Start, previous_copies
from cdnplan.fill.loads.loads import pointers
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.placement import Prices

Bools = npt.NDArray[np.bool_]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Apiece:
    """Pools taken to pieces.

    Parameters
    ----------
    instance : Instance
        With a pool for each appliance, of which each may do its part of what its pool may; limits that pools
        share are shared by all their appliances. Files of several copies, and those that rules ask for, stay
        on the appliances that they were dealt to, so it has no launch rules.
    pool : (n_appliances,) int64
        Pool of each appliance in the network taken to pieces.
    holds : (n_appliances, n_files) bool
        The assignment.
    """

    instance: Instance
    pool: Ints
    holds: Bools

    def prices(self, prices: Prices) -> Prices:
        """The prices of pools as prices of their appliances; those of launch rules are left out."""
        n = int(self.pool[-1]) + 1
        volume, rate = prices.volume, prices.rate
        return Prices(
            volume=np.concatenate([volume[self.pool], volume[n + self.pool], volume[2 * n :]]),
            rate=np.concatenate([rate[self.pool], rate[n:]]),
            launch=np.zeros(0),
        )

    def together(self, holds: Bools) -> Bools:
        """What pools hold if their appliances do."""
        first = np.flatnonzero(np.diff(self.pool, prepend=-1))
        return np.asarray(np.logical_or.reduceat(holds, first, axis=0))

    def start(self, holds: Bools) -> Start:
        """What appliances hold, as an arrangement of pools."""
        appliance, file = np.nonzero(holds)
        first = np.searchsorted(self.pool, self.pool[appliance])
        return Start(self.pool[appliance], appliance - first + 1, file)


def taken_apiece(
    instance: Instance, assignment: Assignment, holdings: Holdings | None, required: Bools
) -> Apiece:
    """Make every appliance a pool.

    Parameters
    ----------
    instance : Instance
    assignment : Assignment
        What its appliances hold; nothing dropped.
    holdings : Holdings or None
        What they held before.
    required : (n_pools, n_files) bool
        Files that rules may ask for at a pool.

    Returns
    -------
    Apiece
    """
    n = instance.pool_appliances.astype(np.int64)
    pool, first = np.repeat(np.arange(instance.n_pools), n), pointers(n)
    had = np.zeros((pool.size, instance.n_files), dtype=np.bool_)
    before = previous_copies(instance, holdings or Holdings.empty())
    had[
        first[np.repeat(np.arange(instance.n_pools), np.diff(before.ptr))] + before.appliance, before.file
    ] = True
    holds = np.zeros_like(had)
    holds[first[assignment.pool] + assignment.appliance - 1, assignment.file] = True
    fixed = ((instance.copies > 1) | required)[pool]
    copies = np.where(fixed, holds, (instance.copies > 0)[pool]).astype(np.uint8)
    fresh = (holds & ~had) @ instance.size_gb
    names = tuple(f"{name}/{k + 1}" for name, m in zip(instance.pools, n, strict=True) for k in range(m))
    rows = instance.volumes.taken(instance.n_pools, pool, names)
    storage = instance.appliance_storage_gb[pool]
    rows.capacity_gb[: 2 * pool.size] = np.concatenate([storage, _new_limits_gb(instance, pool, fresh)])
    apiece = replace(
        _more_entries(instance, n, first, names),
        pools=names,
        pool_site=instance.pool_site[pool],
        pool_model=instance.pool_model[pool],
        volumes=rows,
        fill_cost=instance.fill_cost[pool],
        copies=copies,
        held=had.astype(np.uint8),
        pinned=fixed & holds,
        launch_ptr=np.zeros(1, dtype=np.int64),
        launch_pool=np.zeros(0, dtype=np.int32),
        launch_file=np.zeros(0, dtype=np.int32),
        launch_min=np.zeros(0, dtype=np.int32),
        pool_appliances=np.ones(pool.size, dtype=np.int32),
        appliance_storage_gb=storage,
        appliance_throughput_gbps=instance.appliance_throughput_gbps[pool],
        appliance_window_gb=instance.appliance_window_gb[pool],
    )
    return Apiece(apiece, pool, holds)


def _new_limits_gb(instance: Instance, pool: Ints, fresh: Floats) -> Floats:
    """New bytes of each appliance: what its window lets in, and its part of what its pool may change."""
    n, limit = instance.pool_appliances[pool], instance.new_limit_gb[pool]
    of_pool = np.bincount(pool, fresh, minlength=instance.n_pools)[pool]
    # Appliances may change in the proportion in which they do now.
    part = np.divide(fresh, of_pool, out=1.0 / n, where=of_pool > 0)
    limits = instance.appliance_window_gb[pool]
    tight = np.flatnonzero(limit < n * limits * (1 - _ROUNDING))
    limits[tight] = np.minimum(limits[tight], limit[tight] * part[tight])
    return limits


def _more_entries(instance: Instance, n: Ints, first: Ints, names: tuple[str, ...]) -> Instance:
    """Give regions a candidate entry for each appliance of their candidates, in the same order."""
    count = n[instance.cand_pool]
    entry = np.repeat(np.arange(instance.cand_pool.size), count)
    appliance = np.arange(entry.size) - np.repeat(pointers(count)[:-1], count)
    cand_pool = (first[instance.cand_pool[entry]] + appliance).astype(np.int32)
    pool = np.repeat(np.arange(instance.n_pools), n)
    paths = np.append(entry, instance.cand_pool.size + np.arange(instance.n_regions))
    rates = instance.rates.taken(instance.n_pools, pool, names, paths, cand_pool)
    rates.capacity[: pool.size] /= n[pool]
    return replace(
        instance,
        cand_ptr=pointers(np.bincount(instance.path_region[entry], minlength=instance.n_regions)),
        cand_pool=cand_pool,
        cand_cost=instance.cand_cost[entry],
        rates=rates,
    )
