"""Ways by which rows of demand can be served: through pools, and through single appliances told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.apart import Apart, signature_holders
from cdnplan.optimize.problem.serving_paths import Paths
from cdnplan.optimize.serve.signature_kernels import held_slots


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Appliances with limits of their own, and what they serve of rows of demand.

    Parameters
    ----------
    row, entry, appliance : (n,) int64
        Sorted by row, then candidate entry; appliances are counted from 0.
    part : (n,) float64
        Part of what comes through the entry of the row that the appliance serves.
    capacity_gbps : (n_appliances,) float64
    """

    row: Ints
    entry: Ints
    appliance: Ints
    part: Floats
    capacity_gbps: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Paths, with those through appliances told apart: which of these a row takes depends on who holds it.

    Limits are the instance's rate rows, then appliances told apart.

    Parameters
    ----------
    paths : Paths
        Of candidate entries and of origins, then one for each row and entry with appliances told apart.
    n_cand : int
    key : (n_apart,) int64
        Row × n_cand + entry, increasing, of the last paths.
    """

    paths: Paths
    n_cand: int
    key: Ints

    @classmethod
    def of(
        cls,
        instance: Instance,
        region: Ints,
        mask: npt.NDArray[np.uint64],
        apart: Apart | None = None,
        watched: Watched | None = None,
    ) -> Ways:
        """Find the ways of rows with these regions and signatures.

        Without `watched`, each holder told apart is an appliance, and copies bear a file's load evenly.
        """
        n_cand, base = instance.cand_pool.size, Paths.of(instance)
        if watched is None and apart is not None:
            watched = _appliances_of(instance, region, mask, apart)
        if watched is None:
            return cls(base, n_cand, np.zeros(0, dtype=np.int64))
        base = replace(
            base,
            capacity=np.concatenate([base.capacity, watched.capacity_gbps]),
            overload_cost=np.append(base.overload_cost, np.full(watched.capacity_gbps.size, np.inf)),
        )
        key, which = np.unique(watched.row * n_cand + watched.entry, return_inverse=True)
        limit = instance.rates.n_rows + watched.appliance
        return cls(_with_appliances(base, key % n_cand, which, limit, watched.part), n_cand, key)

    def path(self, row: Ints, entry: Ints) -> Ints:
        """Path of some rows through candidate entries."""
        if self.key.size == 0:
            return entry
        wanted = row * self.n_cand + entry
        at = np.minimum(np.searchsorted(self.key, wanted), self.key.size - 1)
        first = self.paths.region.size - self.key.size
        return np.where(self.key[at] == wanted, first + at, entry)

    def entry(self, path: Ints) -> Ints:
        """Candidate entry of some paths; -1: from an origin."""
        first = self.paths.region.size - self.key.size
        entry = np.where(path < self.n_cand, path, -1)
        entry[path >= first] = self.key[path[path >= first] - first] % max(1, self.n_cand)
        return entry


def _appliances_of(instance: Instance, region: Ints, mask: npt.NDArray[np.uint64], apart: Apart) -> Watched:
    """Appliances told apart that have the files of rows."""
    bits = signature_holders(instance, apart.holds[:0], apart)
    row, slot = held_slots(mask)
    past = slot >= np.diff(instance.cand_ptr)[region[row]]
    row, slot = row[past], slot[past]
    at = bits.ptr[region[row]] + slot
    entry, appliance = bits.entry[at], bits.row[at].astype(np.int64) - instance.n_pools
    key = row * instance.cand_pool.size + entry
    _, which, copies = np.unique(key, return_inverse=True, return_counts=True)
    capacity = instance.appliance_throughput_gbps[apart.pool]
    return Watched(row, entry, appliance, 1.0 / copies[which], capacity)


def _with_appliances(
    base: Paths, entry: Ints, which: Ints, limit: Ints, weight: npt.NDArray[np.float64]
) -> Paths:
    """Add paths that use what an entry's path uses, and some appliances: each gives its part of the load.

    ``entry[n]`` is the entry of the n-th path; `which` path uses `limit` by `weight`, increasing.
    """
    position, used, borne = base.uses(entry)
    more_path, more_limit = np.concatenate([position, which]), np.concatenate([used, limit])
    order = np.argsort(more_path, kind="stable")
    counts = np.bincount(more_path, minlength=entry.size)
    return replace(
        base,
        region=np.concatenate([base.region, base.region[entry]]),
        cost=np.concatenate([base.cost, base.cost[entry]]),
        use_ptr=np.concatenate([base.use_ptr, base.use_ptr[-1] + np.cumsum(counts)]).astype(np.int64),
        use_limit=np.concatenate([base.use_limit, more_limit[order]]),
        use_weight=np.concatenate([base.use_weight, np.concatenate([borne, weight])[order]]),
    )
