"""A network in which every appliance is a pool of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill.appliances import Assignment, Start, previous_copies
from cdnplan.fill.loads import pointers
from cdnplan.model.holdings import Holdings
from cdnplan.model.instance import Instance, Ints
from cdnplan.model.placement import Prices

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Apiece:
    """Pools taken to pieces.

    Parameters
    ----------
    instance : Instance
        With a pool for each appliance, of which each may do its part of what its pool may. Files of several
        copies, and those that rules ask for, stay on the appliances that they were dealt to, so it has no
        launch rules.
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
        return Prices(
            storage=prices.storage[self.pool],
            throughput=prices.throughput[self.pool],
            link=prices.link,
            fill=prices.fill[self.pool],
            churn=prices.churn[self.pool],
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
    part = 1.0 / n[pool]
    fresh = (holds & ~had) @ instance.size_gb
    of_pool = np.bincount(pool, fresh, minlength=instance.n_pools)[pool]
    # Appliances may change in the proportion in which they do now.
    changes = np.divide(fresh, of_pool, out=part.copy(), where=of_pool > 0)
    churn = instance.churn_limit_gb[pool]
    churn[np.isfinite(churn)] *= changes[np.isfinite(churn)]
    apiece = replace(
        _more_entries(instance, n, first),
        pools=tuple(f"{name}/{k + 1}" for name, m in zip(instance.pools, n, strict=True) for k in range(m)),
        storage_gb=instance.appliance_storage_gb[pool],
        throughput_gbps=instance.throughput_gbps[pool] * part,
        fill_limit_gb=instance.fill_limit_gb[pool] * part,
        churn_limit_gb=churn,
        fill_cost=instance.fill_cost[pool],
        copies=copies,
        held=had.astype(np.uint8),
        pinned=fixed & holds,
        launch_ptr=np.zeros(1, dtype=np.int64),
        launch_pool=np.zeros(0, dtype=np.int32),
        launch_file=np.zeros(0, dtype=np.int32),
        launch_min=np.zeros(0, dtype=np.int32),
        pool_appliances=np.ones(pool.size, dtype=np.int32),
        appliance_storage_gb=instance.appliance_storage_gb[pool],
        appliance_throughput_gbps=instance.appliance_throughput_gbps[pool],
    )
    return Apiece(apiece, pool, holds)


def _more_entries(instance: Instance, n: Ints, first: Ints) -> Instance:
    """Give regions a candidate entry for each appliance of their candidates, in the same order."""
    count = n[instance.cand_pool]
    entry = np.repeat(np.arange(instance.cand_pool.size), count)
    appliance = np.arange(entry.size) - np.repeat(pointers(count)[:-1], count)
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    links = np.diff(instance.cand_link_ptr)[entry]
    at = np.arange(int(links.sum())) - np.repeat(pointers(links)[:-1], links)
    return replace(
        instance,
        cand_ptr=pointers(np.bincount(region[entry], minlength=instance.n_regions)),
        cand_pool=(first[instance.cand_pool[entry]] + appliance).astype(np.int32),
        cand_cost=instance.cand_cost[entry],
        cand_link_ptr=pointers(links),
        cand_link=instance.cand_link[np.repeat(instance.cand_link_ptr[entry], links) + at],
    )
