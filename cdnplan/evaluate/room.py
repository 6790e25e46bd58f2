"""What pools and links have left to give to a region, in the slices in which it asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.limits import RELATIVE
from cdnplan.evaluate.loads import link_gbps, pool_gbps
from cdnplan.model.instance import Floats, Instance, Ints, Ints32

FULL_RATIO = 1.0 - 1e-6
"""A limit used to this part has nothing left."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where bytes come from: what a GB costs, and the limited links on its way."""

    cost: float
    links: Ints32

    @classmethod
    def of_entry(cls, instance: Instance, entry: int) -> Source:
        """A candidate entry."""
        part = slice(int(instance.cand_link_ptr[entry]), int(instance.cand_link_ptr[entry + 1]))
        return cls(float(instance.cand_cost[entry]), instance.cand_link[part])

    @classmethod
    def of_origin(cls, instance: Instance, region: int) -> Source:
        """The origin of a region."""
        part = slice(int(instance.origin_link_ptr[region]), int(instance.origin_link_ptr[region + 1]))
        return cls(float(instance.origin_cost[region]), instance.origin_link[part])


def moved_cost(
    there: Source, here: Source, gbps_per_gb: Floats, load: Floats, capacity: Floats, overload_cost: float
) -> float:
    """What a GB costs more once it comes from `there` in place of `here`, overload counted.

    Links on both ways carry what they carried. On the others a GB more is overload where the link is full,
    and a GB less saves some where it is overloaded.

    Parameters
    ----------
    there, here : Source
    gbps_per_gb : (n_slices,) float64
        Of the region [Gbit/s per GB].
    load : (n_links, n_slices) float64
        [Gbit/s]
    capacity : (n_links,) float64
        [Gbit/s]
    overload_cost : float
        [currency/Gbps]
    """
    more, less = np.setdiff1d(there.links, here.links), np.setdiff1d(here.links, there.links)
    full = load[more] >= capacity[more, None] * FULL_RATIO
    over = load[less] > capacity[less, None] * (1 + RELATIVE)
    change = float((full @ gbps_per_gb).sum() - (over @ gbps_per_gb).sum())
    return there.cost - here.cost + overload_cost * change


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """What may come from a pool.

    Parameters
    ----------
    pool : int
    by_pool_gb, by_link_gb : float
        What its throughput and the links on the way let pass; 0 where the pool is full in a slice in which
        the region asks, or where the links that are full make it no cheaper [GB per period].
    links : (n,) int32
        Links on the way that the bytes did not use before.
    """

    pool: int
    by_pool_gb: float
    by_link_gb: float
    links: Ints32


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """Loads of pools and links while bytes are moved; the two tables change in place.

    Parameters
    ----------
    instance : Instance
    pool_gbps, link_gbps : (n_pools, n_slices), (n_links, n_slices) float64
        [Gbit/s]
    """

    instance: Instance
    pool_gbps: Floats
    link_gbps: Floats

    @classmethod
    def after(cls, instance: Instance, served_gb: Floats, origin_gb: Floats) -> Room:
        """What a serving leaves."""
        return cls(instance, pool_gbps(instance, served_gb), link_gbps(instance, served_gb, origin_gb))

    def ways(self, region: int, entry: Ints, here: Sequence[Source]) -> list[Way]:
        """What may come through some entries in place of what a region gets from dearer sources.

        Parameters
        ----------
        region : int
        entry : (n,) int64
            Candidate entries of the region.
        here : sequence of Source
            Who serves it at more.

        Returns
        -------
        list of Way
            One for each entry.
        """
        instance, rate = self.instance, self.instance.gbps_per_gb[region]
        asks = np.flatnonzero(rate > 0)
        found = []
        for j in entry.tolist():
            p = int(instance.cand_pool[j])
            by_pool = _room(self.pool_gbps[p, asks], float(instance.throughput_gbps[p]), rate[asks])
            found.append(Way(p, by_pool, *self._through(Source.of_entry(instance, j), here, rate, asks)))
        return found

    def _through(
        self, there: Source, here: Sequence[Source], rate: Floats, asks: Ints
    ) -> tuple[float, Ints32]:
        """GB that links let pass until moving them from the best source pays no more; and these links."""
        instance = self.instance
        if not here:
            return np.inf, there.links
        known = (rate, self.link_gbps, instance.link_capacity_gbps, instance.overload_cost)
        change = [moved_cost(there, source, *known) for source in here]
        best = int(np.argmin(change))
        new = np.setdiff1d(there.links, here[best].links)
        if change[best] >= 0:
            return 0.0, new
        if there.cost - here[best].cost + instance.overload_cost * float(rate.sum()) * new.size < 0:
            return np.inf, new
        left = [
            _room(self.link_gbps[e, asks], float(instance.link_capacity_gbps[e]), rate[asks])
            for e in new.tolist()
        ]
        # Those that are full already do not keep it from paying.
        return min((gb for gb in left if gb > 0), default=np.inf), new

    def take(self, region: int, way: Way, gb: float) -> float:
        """Load a way with as much of some bytes as it has room for; gives how much that is [GB]."""
        rate = self.instance.gbps_per_gb[region]
        moved = max(0.0, min(gb, way.by_pool_gb, way.by_link_gb))
        self.pool_gbps[way.pool] += moved * rate
        self.link_gbps[way.links] += moved * rate
        return moved


def _room(load: Floats, limit: float, rate: Floats) -> float:
    """GB that a limit lets pass besides a load, 0 where it is full in some slice."""
    if (load >= limit * FULL_RATIO).any():
        return 0.0
    return float(((limit - load) / rate).min(initial=np.inf))
