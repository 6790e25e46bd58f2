"""Where an appliance may fetch files from: other sites by the cost of their path, and origins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.fill.loads.loads import pointers
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.model.instance.network import Arc, Paths, SitePath
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Topology
from cdnplan.units import KM_PER_1000KM

MOST_SITES = 1000
"""So many other sites at most are sources of one, the cheapest."""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Other sites and origins in the order in which each site turns to them.

    Parameters
    ----------
    sites, origins : tuple of str
        Names.
    near_ptr : (n_sites + 1,) int64
        Sources of site s are ``near_ptr[s]:near_ptr[s + 1]`` of the next two, cheapest path first.
    near_site : (n,) int32
    near_link_ptr : (n + 1,) int64
        Their paths' limited links: entries of `near_link`.
    near_link : (.,) int32
        Index into `links`.
    origin_ptr, origin, origin_link_ptr, origin_link
        The same of origins; ``origin`` is an index into `origins`.
    links : tuple of str
        Directions of links with a capacity that some such path uses, and ``origin:NAME``.
    capacity_gbps : (n_links,) float64
        [Gbit/s]
    """

    sites: tuple[str, ...]
    origins: tuple[str, ...]
    near_ptr: Ints
    near_site: Ints32
    near_link_ptr: Ints
    near_link: Ints32
    origin_ptr: Ints
    origin: Ints32
    origin_link_ptr: Ints
    origin_link: Ints32
    links: tuple[str, ...]
    capacity_gbps: Floats


def find_sources(topology: Topology, sites: Sequence[str], wanting: Sequence[bool]) -> Sources:
    """Rank the sources of sites that have something to fetch.

    A fill takes the cheapest path that serving would take between the two places: over the links, where the
    site is joined to others by any, else by distance. Other sites count only where their path costs no more
    than `FillPolicy.tier_max_cost_per_gb`, or than that from the cheapest origin where this is not given.

    Parameters
    ----------
    topology : Topology
    sites : sequence of str
        All sites that have appliances.
    wanting : sequence of bool
        Which of them fetch anything; the others get no sources.

    Returns
    -------
    Sources
    """
    finder = _Finder(topology, sites)
    near, origins = _Lists(), _Lists()
    for name, wants in zip(sites, wanting, strict=True):
        if wants:
            finder.add_to(name, origins, near)
        else:
            origins.add([])
            near.add([])
    return Sources(
        tuple(sites),
        tuple(origin.name for origin in topology.origins),
        *near.arrays(),
        *origins.arrays(),
        tuple(finder.links),
        np.array([finder.capacity[name] for name in finder.links], dtype=np.float64),
    )


Ranked = list[tuple[int, tuple[int, ...]]]
"""Sources with the limited links of their paths."""


class _Lists:
    """Lists of sources with lists of links, flattened."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.source: list[Ints] = [np.zeros(0, dtype=np.int64)]
        self.links: list[int] = []
        self.lengths: list[Ints] = [np.zeros(0, dtype=np.int64)]

    def add(self, ranked: Ranked) -> None:
        """Append what one site has."""
        self._append(
            np.array([source for source, _ in ranked], dtype=np.int64),
            np.array([len(path) for _, path in ranked], dtype=np.int64),
        )
        self.links += [link for _, path in ranked for link in path]

    def add_free(self, sources: Ints) -> None:
        """Append what one site has, over paths without any limited link."""
        self._append(sources, np.zeros(sources.size, dtype=np.int64))

    def _append(self, sources: Ints, lengths: Ints) -> None:
        self.counts.append(sources.size)
        self.source.append(sources)
        self.lengths.append(lengths)

    def arrays(self) -> tuple[Ints, Ints32, Ints, Ints32]:
        """Pointers by site, sources, pointers by source, links."""
        return (
            pointers(np.array(self.counts, dtype=np.int64)),
            np.concatenate(self.source).astype(np.int32),
            pointers(np.concatenate(self.lengths)),
            np.array(self.links, dtype=np.int32),
        )


class _Finder:
    """Paths to a site from everywhere; numbers limited links as they are met."""

    def __init__(self, topology: Topology, sites: Sequence[str]) -> None:
        self._topology = topology
        self._paths = Paths(topology)
        by_name = {site.name: site for site in topology.sites}
        self._sites = [by_name[name] for name in sites]
        self._at = {name: i for i, name in enumerate(sites)}
        costs = topology.policy.costs
        base = {"ixp": costs.ixp_per_gb, "embedded": costs.embedded_per_gb}
        self._base = np.array([base[site.kind] for site in self._sites])
        self._location = np.array([site.location for site in self._sites], dtype=np.float64)
        self._limit: dict[Arc, float] = {}
        for link in topology.links:
            if link.capacity_gbps is not None:
                self._limit[link.from_, link.to] = self._limit[link.to, link.from_] = link.capacity_gbps
        self.links: dict[str, int] = {}
        self.capacity: dict[str, float] = {}

    def add_to(self, name: str, origins: _Lists, near: _Lists) -> None:
        """Append origins and other sites for one site, the cheapest first."""
        ranked = self._origins(name)
        limit = self._topology.policy.fill.tier_max_cost_per_gb
        limit = min(path.cost for _, path in ranked) if limit is None else limit
        origins.add([(o, self._limited(path, self._topology.origins[o].name)) for o, path in ranked])
        if self._paths.joined(name):
            near.add([(s, self._limited(path)) for s, path in self._tiers(name, limit)])
        else:
            near.add_free(self._nearest(name, limit))

    def _limited(self, path: SitePath, origin: str = "") -> tuple[int, ...]:
        """Limited links of a path, numbered; an origin's capacity counts as one."""
        found = [(f"{arc[0]}>{arc[1]}", self._limit[arc]) for arc in path.arcs if arc in self._limit]
        capacity = next((o.capacity_gbps for o in self._topology.origins if o.name == origin), None)
        if capacity is not None:
            found.append((f"origin:{origin}", capacity))
        for name, gbps in found:
            self.links.setdefault(name, len(self.links))
            self.capacity[name] = gbps
        return tuple(self.links[name] for name, _ in found)

    def _origins(self, name: str) -> list[tuple[int, SitePath]]:
        """All origins that a site can turn to: over links where these lead to any, else by distance."""
        origins, costs = self._topology.origins, self._topology.policy.costs
        joined = [(o, self._paths.between(origin.name, name)) for o, origin in enumerate(origins)]
        found = [(o, path) for o, path in joined if path is not None]
        if not found:
            km = distance_km([origin.location for origin in origins], self._location[self._at[name]])
            per_gb = costs.origin_per_gb + costs.per_gb_per_1000km * km / KM_PER_1000KM
            found = [(o, SitePath(float(cost))) for o, cost in enumerate(per_gb)]
        return sorted(found, key=lambda item: (item[1].cost, origins[item[0]].name))

    def _tiers(self, name: str, limit: float) -> list[tuple[int, SitePath]]:
        """Other sites over links, the cheapest first, names breaking ties."""
        paths = ((s, self._paths.between(site.name, name)) for s, site in enumerate(self._sites))
        found = [(s, p) for s, p in paths if p is not None and p.cost <= limit and s != self._at[name]]
        return sorted(found, key=lambda item: (item[1].cost, item[0]))[:MOST_SITES]

    def _nearest(self, name: str, limit: float) -> Ints:
        """Other sites by distance, the cheapest first."""
        here = self._at[name]
        km = distance_km(self._location, self._location[here])
        cost = self._base + self._topology.policy.costs.per_gb_per_1000km * km / KM_PER_1000KM
        cost[here] = np.inf
        order = np.argsort(cost, kind="stable")[:MOST_SITES]
        return order[cost[order] <= limit].astype(np.int64)
