"""Entries of one large facility location problem pool by pool, for the nodes of its tree.

A node looks at whole pools: those decided to be closed are left out, all others look at the regions they may
ever be paid by. Which these are is settled once, around the prices u that the tree starts from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.one_file.one_file import Facility
from cdnplan.optimize.one_file.one_file_bound_kernels import ByPool, Uints
from cdnplan.optimize.one_file.one_file_split_kernels import Reach
from cdnplan.parameters.one_file import PoolTreeParameters
from cdnplan.parameters.parameters import DEFAULTS


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Entries by pool that nodes look at.

    Parameters
    ----------
    ptr, region, level : (n_pools + 1,) int64, (n,) uint32, (n,) float64
        Entries below `limit`.
    limit : (n_regions,) float64
        What u never goes beyond: the first entry that is left out, or what is there in any case [currency].
    spare : (n_regions,) float64
        How far above its first u a node lets u rise [currency].
    """

    ptr: Ints
    region: Uints
    level: Floats
    limit: Floats
    spare: Floats

    @property
    def by_pool(self) -> ByPool:
        """The entries, for kernels."""
        return ByPool(self.ptr, self.region, self.level)

    @property
    def reach(self) -> Reach:
        """How far u may go, for kernels."""
        return Reach(self.limit, self.spare)

    @classmethod
    def around(
        cls, facility: Facility, u: Floats, parameters: PoolTreeParameters = DEFAULTS.pool_tree
    ) -> Rows:
        """Take the entries that prices near u may reach."""
        region = np.repeat(np.arange(u.size), np.diff(facility.ptr))
        below = np.bincount(region[facility.level < u[region]], minlength=u.size)
        more = parameters.spare + np.ceil(parameters.spare_ratio * below).astype(np.int64)
        limit = _levels(facility, below + parameters.spare_times * more)
        kept = np.flatnonzero(facility.level < limit[region])
        order = kept[np.argsort(facility.pools[kept], kind="stable")]
        counts = np.bincount(facility.pools[kept], minlength=facility.opening.size)
        return cls(
            ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            region=region[order].astype(np.uint32),
            level=facility.level[order],
            limit=limit,
            spare=np.maximum(0.0, _levels(facility, below + more) - u),
        )


def _levels(facility: Facility, place: Ints) -> Floats:
    """What the entries at these places of each region cost, the cap where there are not so many."""
    found, at = facility.cap.copy(), facility.ptr[:-1] + place
    there = at < facility.ptr[1:]
    found[there] = facility.level[at[there]]
    return found
