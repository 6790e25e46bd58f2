"""How regions reach pools and origins once something has failed.

Only regions whose paths the failure touches are looked at: taking nodes and links away can make no path
cheaper, so all others keep the candidates they have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from cdnplan.model.instance.build import overload_per_gbps as default_overload_cost
from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.instance.network import Arc, Paths, Reach, find_candidates
from cdnplan.model.network.topology import Region, Topology
from cdnplan.whatif.base.failures import Failure


@dataclass(frozen=True, slots=True, eq=False)
class Detour:
    """What a failure does to the paths of one region.

    Parameters
    ----------
    region : int
    pool : tuple of int
        Pools it may still be served from, cheapest first.
    cost : tuple of float
        [currency/GB], one per pool.
    links : tuple of tuple of str
        Names of the limited links on the path from each pool.
    origin_cost : float
    origin_links : tuple of str
    """

    region: int
    pool: tuple[int, ...]
    cost: tuple[float, ...]
    links: tuple[tuple[str, ...], ...]
    origin_cost: float
    origin_links: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FailedPaths:
    """Regions that a failure touches.

    Parameters
    ----------
    thinned : (n,) int64
        Regions that lose candidates and keep all other paths as they are.
    detours : tuple of Detour
        Regions whose paths change.
    capacity : dict of str to float
        Limited links that detours use, base ones among them [Gbit/s].
    overload_cost : float
        Of links that no path of the base uses [currency/Gbps].
    """

    thinned: Ints
    detours: tuple[Detour, ...]
    capacity: dict[str, float]
    overload_cost: float


def overload_per_gbps(topology: Topology, instance: Instance) -> float:
    """What a Gbit/s too much on a link costs in one slice, also where no path uses one [currency/Gbps].

    Parameters
    ----------
    topology : Topology
    instance : Instance
        Built from it.
    """
    known = instance.rates.overload_cost[instance.link_rows]
    if known.size:
        return float(known[0])
    places = {name: i for i, name in enumerate(sorted(site.name for site in topology.sites))}
    regions = tuple(sorted(topology.regions, key=lambda region: region.name))
    return default_overload_cost(topology, find_candidates(topology, regions, places), instance.period_days)


def without(topology: Topology, failure: Failure) -> Topology:
    """Take what has failed out of a network, with all links of its sites.

    Parameters
    ----------
    topology : Topology
    failure : Failure

    Returns
    -------
    Topology
        Its regions still list the sites that are gone.
    """
    gone, cut = set(failure.sites), set(failure.links)
    return replace(
        topology,
        sites=tuple(site for site in topology.sites if site.name not in gone),
        links=tuple(
            e
            for e in topology.links
            if e.from_ not in gone and e.to not in gone and (e.from_, e.to) not in cut
        ),
    )


class Network:
    """The paths of a network, indexed by what they depend on.

    Parameters
    ----------
    topology : Topology
    instance : Instance
        Built from it.
    """

    def __init__(self, topology: Topology, instance: Instance) -> None:
        self.topology, self._instance = topology, instance
        by_name = {region.name: region for region in topology.regions}
        self._regions = tuple(by_name[name] for name in instance.regions)
        self._site_names = sorted(site.name for site in topology.sites)
        self._site_at = {name: i for i, name in enumerate(self._site_names)}
        self._pools_of: dict[str, list[int]] = {name: [] for name in self._site_names}
        for p, site in enumerate(instance.pool_site):
            self._pools_of[instance.sites[site]].append(p)
        self._linked = {name for link in topology.links for name in (link.from_, link.to)}
        reach = find_candidates(topology, self._regions, self._site_at)
        self._served_by: dict[str, set[int]] = {}
        self._over: dict[str | Arc, set[int]] = {}
        self._index(reach)
        self._overload_cost = overload_per_gbps(topology, instance)
        # A region that lists no sites takes the nearest few: where one is gone, the next moves up.
        self._reserves = {
            r
            for r, region in enumerate(self._regions)
            if not region.sites and np.diff(reach.cand_ptr)[r] >= topology.policy.max_sites
        }

    def _index(self, reach: Reach) -> None:
        """Regions by the sites that may serve them, and by the nodes and links on their paths."""
        for r in range(len(self._regions)):
            entries = range(int(reach.cand_ptr[r]), int(reach.cand_ptr[r + 1]))
            for j in entries:
                name = self._site_names[reach.cand_site[j]]
                self._served_by.setdefault(name, set()).add(r)
                # Where a path begins its site serves; that it forwards for others counts here.
                self._note(r, reach.cand_arcs[j], but=name)
            self._note(r, reach.origin_arcs[r])

    def _note(self, r: int, arcs: Iterable[Arc], but: str = "") -> None:
        for a, b in arcs:
            for key in (a, b, (a, b), (b, a)):
                if key != but:
                    self._over.setdefault(key, set()).add(r)

    def pools(self, failure: Failure) -> Ints:
        """Pools that are gone."""
        return np.array([p for name in failure.sites for p in self._pools_of[name]], dtype=np.int64)

    def touched(self, failure: Failure) -> FailedPaths:
        """Find the regions that a failure touches, with their new paths.

        Parameters
        ----------
        failure : Failure

        Returns
        -------
        FailedPaths
        """
        lose = set().union(*(self._served_by.get(name, set()) for name in failure.sites))
        keys: list[str | Arc] = [*failure.sites, *failure.links]
        rerouted = set().union(*(self._over.get(key, set()) for key in keys))
        rerouted |= lose & self._reserves
        thinned = np.array(sorted(lose - rerouted), dtype=np.int64)
        if not rerouted:
            return FailedPaths(thinned, (), {}, self._overload_cost)
        detours, capacity = self._find_detours(failure, sorted(rerouted))
        return FailedPaths(thinned, detours, capacity, self._overload_cost)

    def _find_detours(
        self, failure: Failure, rerouted: list[int]
    ) -> tuple[tuple[Detour, ...], dict[str, float]]:
        """Search the network that is left for the paths of some regions."""
        left = without(self.topology, failure)
        gone = set(failure.sites)
        paths = Paths(left)
        regions = tuple(self._left(self._regions[r], gone, paths) for r in rerouted)
        reach = find_candidates(left, regions, self._site_at)
        capacity = _capacities(left)
        detours: list[Detour] = []
        for i, r in enumerate(rerouted):
            pool: list[int] = []
            cost: list[float] = []
            links: list[tuple[str, ...]] = []
            for j in range(int(reach.cand_ptr[i]), int(reach.cand_ptr[i + 1])):
                for p in self._pools_of[self._site_names[reach.cand_site[j]]]:
                    pool.append(p)
                    cost.append(float(reach.cand_cost[j]))
                    links.append(_limited(reach.cand_arcs[j], capacity))
            origin = (*_limited(reach.origin_arcs[i], capacity), f"origin:{reach.origin_name[i]}")
            origin = tuple(name for name in origin if name in capacity)
            detours.append(
                Detour(r, tuple(pool), tuple(cost), tuple(links), float(reach.origin_cost[i]), origin)
            )
        used = {name for d in detours for names in (*d.links, d.origin_links) for name in names}
        return tuple(detours), {name: capacity[name] for name in sorted(used)}

    def _left(self, region: Region, gone: set[str], paths: Paths) -> Region:
        """Let a region list only sites that are there and, where links decide, that a path leads to.

        Without a site it may use, or without any link where it had some, no pool serves it.
        """
        names = tuple(name for name in region.sites if name not in gone)
        if paths.linked(region.name):
            found = paths.from_nodes(region.name) if names else {}
            names = tuple(name for name in names if name in found)
        elif region.name in self._linked:
            return replace(region, sites=(), cut_off=True)
        cut = region.cut_off or (bool(region.sites) and not names)
        return replace(region, sites=names, cut_off=cut)


def _capacities(topology: Topology) -> dict[str, float]:
    """Capacity of every limited direction and origin, by the names that instances use [Gbit/s]."""
    capacity: dict[str, float] = {}
    for link in topology.links:
        if link.capacity_gbps is not None:
            capacity[f"{link.from_}>{link.to}"] = capacity[f"{link.to}>{link.from_}"] = link.capacity_gbps
    for origin in topology.origins:
        if origin.capacity_gbps is not None:
            capacity[f"origin:{origin.name}"] = origin.capacity_gbps
    return capacity


def _limited(arcs: Iterable[Arc], capacity: dict[str, float]) -> tuple[str, ...]:
    return tuple(name for name in (f"{a}>{b}" for a, b in arcs) if name in capacity)
