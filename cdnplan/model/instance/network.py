"""Which pools may serve which region, over which links, at what cost per GB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cdnplan.errors import InputError, Problem
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Link, Origin, Region, Site, Topology
from cdnplan.units import KM_PER_1000KM

if TYPE_CHECKING:
    import networkx as nx

Arc = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SitePath:
    """How a region reaches a node: cost [currency/GB] and the arcs in the direction of the bytes."""

    cost: float
    arcs: tuple[Arc, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Candidates and paths of all regions as arrays; see `Instance` for shapes.

    `cand_site` is the index of the candidate's site; an entry per site here, per pool in the instance.
    """

    cand_ptr: Ints
    cand_site: Ints32
    cand_cost: Floats
    cand_arcs: tuple[tuple[Arc, ...], ...]
    origin_cost: Floats
    origin_arcs: tuple[tuple[Arc, ...], ...]
    origin_name: tuple[str, ...]


class Paths:
    """Cheapest paths over the links, by Dijkstra's algorithm (networkx), one search per attachment.

    Regions are leaves: bytes end there and never pass through. Searches from the node a region is
    attached to are shared by all regions attached there.
    """

    def __init__(self, topology: Topology) -> None:
        location = topology.locations()
        regions = {region.name for region in topology.regions}
        per_1000km = topology.policy.costs.per_gb_per_1000km
        self._core: list[tuple[str, str, float]] = []
        self._graph: nx.Graph[str] | None = None
        self._attached: dict[str, list[tuple[str, float]]] = {}
        self._search: dict[str, tuple[dict[str, float], dict[str, list[str]]]] = {}
        # Ties of paths go by names, whichever way round links are written.
        for link in sorted(topology.links, key=lambda item: sorted((item.from_, item.to))):
            cost = link.cost_per_gb
            if cost is None:
                km = float(distance_km(location[link.from_], location[link.to]))
                cost = per_1000km * km / KM_PER_1000KM
            if link.from_ in regions or link.to in regions:
                region, node = (link.from_, link.to) if link.from_ in regions else (link.to, link.from_)
                self._attached.setdefault(region, []).append((node, cost))
            else:
                self._core.append((link.from_, link.to, cost))
        self._joined = {node for start, end, _ in self._core for node in (start, end)}

    def linked(self, region: str) -> bool:
        """Whether any link ends at the region; if not, distance decides."""
        return region in self._attached

    def direct(self, region: str) -> set[str]:
        """Nodes that a single link joins to the region."""
        return {node for node, _ in self._attached.get(region, [])}

    def between(self, source: str, place: str) -> SitePath | None:
        """Cheapest path from one node to another over links between sites and origins; None without one.

        The same that serving takes to a region at `place`.
        """
        lengths, routes = self._from(place)
        if source not in lengths:
            return None
        hops = routes[source]
        return SitePath(lengths[source], tuple((b, a) for a, b in pairwise(hops)))

    def joined(self, node: str) -> bool:
        """Whether a link joins a site or an origin to another one."""
        return node in self._joined

    def from_nodes(self, region: str) -> dict[str, SitePath]:
        """Cheapest path to the region from every node that has one."""
        best: dict[str, SitePath] = {}
        for node, cost in self._attached.get(region, []):
            lengths, routes = self._from(node)
            for other, length in lengths.items():
                if other not in best or cost + length < best[other].cost:
                    hops = [region, *routes[other]]
                    arcs = tuple((b, a) for a, b in pairwise(hops))
                    best[other] = SitePath(cost + length, arcs)
        return best

    def _from(self, node: str) -> tuple[dict[str, float], dict[str, list[str]]]:
        if node not in self._joined:
            return {node: 0.0}, {node: [node]}
        if node not in self._search:
            import networkx as nx  # takes long to import, and many a network has no links

            if self._graph is None:
                self._graph = nx.Graph()
                self._graph.add_weighted_edges_from(self._core)
            found: Any = nx.single_source_dijkstra(self._graph, node)
            lengths, routes = found
            self._search[node] = (dict(lengths), dict(routes))
        return self._search[node]


def by_distance(topology: Topology, region: Region, sites: Iterable[Site]) -> dict[str, SitePath]:
    """Cost of each site where no links lead: its kind's base cost plus the distance."""
    costs = topology.policy.costs
    chosen = list(sites)
    if not chosen:
        return {}
    km = distance_km([site.location for site in chosen], region.location)
    base = {"ixp": costs.ixp_per_gb, "embedded": costs.embedded_per_gb}
    return {
        site.name: SitePath(base[site.kind] + costs.per_gb_per_1000km * float(d) / KM_PER_1000KM)
        for site, d in zip(chosen, km, strict=True)
    }


def _allowed_sites(topology: Topology, region: Region, paths: Paths, ixps: list[Site]) -> dict[str, SitePath]:
    """Candidate sites of a region, in its order of preference."""
    if region.cut_off:
        return {}
    found = paths.from_nodes(region.name) if paths.linked(region.name) else None
    if region.sites:
        if found is None:
            by_name = {site.name: site for site in topology.sites}
            found = by_distance(topology, region, [by_name[name] for name in region.sites])
        return {name: found[name] for name in region.sites if name in found}
    if found is None:
        reachable = by_distance(topology, region, ixps)
    else:
        direct = paths.direct(region.name)
        allowed = {site.name for site in topology.sites if site.kind == "ixp" or site.name in direct}
        reachable = {name: path for name, path in found.items() if name in allowed}
    nearest = sorted(reachable.items(), key=lambda item: (item[1].cost, item[0]))
    return dict(nearest[: topology.policy.max_sites])


def _origin_path(topology: Topology, region: Region, paths: Paths) -> tuple[str, SitePath]:
    """Cheapest origin: along links when one is reached that way, else by distance."""
    if paths.linked(region.name):
        found = paths.from_nodes(region.name)
        linked = [(found[o.name].cost, o.name) for o in topology.origins if o.name in found]
        if linked:
            name = min(linked)[1]
            return name, found[name]
    costs = topology.policy.costs
    km = distance_km([origin.location for origin in topology.origins], region.location)
    options = [
        (costs.origin_per_gb + costs.per_gb_per_1000km * float(d) / KM_PER_1000KM, origin.name)
        for origin, d in zip(topology.origins, km, strict=True)
    ]
    cost, name = min(options)
    return name, SitePath(cost)


def restricted(topology: Topology, countries: frozenset[str]) -> Topology:
    """Keep the regions of some countries and all that they can be served from, and over.

    Parameters
    ----------
    topology : Topology
    countries : frozenset of str
        ISO 3166 alpha-2 codes.

    Returns
    -------
    Topology
        `Topology.restricted_to`, and the sites on the paths of the kept regions: these have the same
        candidates, costs and paths as in the whole network.
    """
    paths = Paths(topology)
    ixps = [site for site in topology.sites if site.kind == "ixp"]
    arcs: set[Arc] = set()
    for region in topology.regions:
        if region.country in countries and paths.linked(region.name):
            for path in _allowed_sites(topology, region, paths, ixps).values():
                arcs.update(path.arcs)
            arcs.update(_origin_path(topology, region, paths)[1].arcs)
    return topology.restricted_to(countries, on_paths=frozenset(name for arc in arcs for name in arc))


def find_candidates(
    topology: Topology,
    regions: tuple[Region, ...],
    site_index: Mapping[str, int],
) -> Reach:
    """Find the candidate sites of every region with costs and paths.

    Parameters
    ----------
    topology : Topology
    regions : tuple of Region
        In the order of the instance.
    site_index : mapping of str to int
        Index of each site.

    Returns
    -------
    Reach
        Entries of a region sorted by cost, then by the region's order of preference.

    Raises
    ------
    InputError
        A region lists a site no link path leads to.
    """
    paths = Paths(topology)
    ixps = [site for site in topology.sites if site.kind == "ixp"]
    problems: list[Problem] = []
    counts: list[int] = []
    entries: list[tuple[int, SitePath]] = []
    origins: list[tuple[str, SitePath]] = []
    for region in regions:
        sites = _allowed_sites(topology, region, paths, ixps)
        problems += [
            Problem(f"no path of links leads from {name!r} to it", path=f"regions.{region.name}.sites")
            for name in region.sites
            if name not in sites and not region.cut_off
        ]
        ordered = _steered(sites, by_order=topology.policy.steering == "order")
        counts.append(len(ordered))
        entries += [(site_index[name], path) for name, path in ordered]
        origins.append(_origin_path(topology, region, paths))
    if problems:
        raise InputError(problems)
    return Reach(
        cand_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        cand_site=np.array([site for site, _ in entries], dtype=np.int32),
        cand_cost=np.array([path.cost for _, path in entries], dtype=np.float64),
        cand_arcs=tuple(path.arcs for _, path in entries),
        origin_cost=np.array([path.cost for _, path in origins], dtype=np.float64),
        origin_arcs=tuple(path.arcs for _, path in origins),
        origin_name=tuple(name for name, _ in origins),
    )


def _steered(sites: Mapping[str, SitePath], *, by_order: bool) -> list[tuple[str, SitePath]]:
    """Sort by cost, preference breaking ties; with `by_order`, lift costs so that they follow it."""
    listed = list(sites.items())
    if by_order:
        floor = 0.0
        for k, (name, path) in enumerate(listed):
            floor = max(floor, path.cost)
            listed[k] = (name, SitePath(floor, path.arcs))
    return sorted(listed, key=lambda item: item[1].cost)


@dataclass(frozen=True, slots=True, eq=False)
class LimitedLinks:
    """Link directions with a capacity, and an ``origin:NAME`` for each origin that has one."""

    names: tuple[str, ...]
    capacity_gbps: Floats
    index: Mapping[Arc, int]
    origin_index: Mapping[str, int]


def limited_links(links: Iterable[Link], origins: Iterable[Origin], used: Iterable[Arc]) -> LimitedLinks:
    """Number the directions that carry a limit and that some path uses, sorted by name.

    Parameters
    ----------
    links, origins : iterables
        Those of the topology.
    used : iterable of (str, str)
        Directions that appear on any path.
    """
    on_a_path = set(used)
    capacity: dict[str, float] = {}
    arcs: dict[str, Arc] = {}
    for link in links:
        if link.capacity_gbps is None:
            continue
        for arc in ((link.from_, link.to), (link.to, link.from_)):
            if arc in on_a_path:
                name = f"{arc[0]}>{arc[1]}"
                capacity[name], arcs[name] = link.capacity_gbps, arc
    limited = {f"origin:{o.name}": o for o in origins if o.capacity_gbps is not None}
    capacity |= {name: o.capacity_gbps for name, o in limited.items() if o.capacity_gbps is not None}
    names = tuple(sorted(capacity))
    index = {name: i for i, name in enumerate(names)}
    return LimitedLinks(
        names=names,
        capacity_gbps=np.array([capacity[name] for name in names], dtype=np.float64),
        index={arc: index[name] for name, arc in arcs.items()},
        origin_index={o.name: index[name] for name, o in limited.items()},
    )
