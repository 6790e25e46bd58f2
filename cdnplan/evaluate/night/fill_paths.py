"""Which limited links a copy crosses on its way from one place to another."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Topology
from cdnplan.units import KM_PER_1000KM

Arc = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """Cost of a way [currency/GB], and its link directions, from the source on; none goes by distance."""

    cost: float
    arcs: tuple[Arc, ...] = ()


class FillPaths:
    """Cheapest ways from sources to sites over links, as serving takes them, by Dijkstra's algorithm [1]_.

    Regions are ends, nothing passes through them. Of ways that cost the same, the one found first counts,
    searching from the destination and trying links in the order of their names, as for regions.

    Parameters
    ----------
    topology : Topology

    References
    ----------
    .. [1] E. W. Dijkstra, "A note on two problems in connexion with graphs", Numerische Mathematik 1, 1959.
    """

    def __init__(self, topology: Topology) -> None:
        self._location = topology.locations()
        self._kind = {site.name: site.kind for site in topology.sites}
        self._costs = topology.policy.costs
        self._next: dict[str, list[tuple[str, float]]] = {}
        self._found: dict[tuple[str, str], Route | None] = {}
        self._origins = [origin.name for origin in topology.origins]
        regions = {region.name for region in topology.regions}
        for link in sorted(topology.links, key=lambda item: sorted((item.from_, item.to))):
            if link.from_ in regions or link.to in regions:
                continue
            cost = link.cost_per_gb
            if cost is None:
                cost = self._by_distance(link.from_, link.to)
            self._next.setdefault(link.from_, []).append((link.to, cost))
            self._next.setdefault(link.to, []).append((link.from_, cost))

    def route(self, source: str, site: str) -> Route | None:
        """Way from a site or an origin to a site.

        Returns
        -------
        Route or None
            None where links join the site to others, but lead to it neither from that site, nor from that
            origin although they do from another. Where they lead from no origin, origins are reached by
            distance, and so is everything from a site that no link joins to another place.
        """
        if (source, site) not in self._found:
            self.find(site, [source])
        return self._found[source, site]

    def find(self, site: str, sources: Iterable[str]) -> None:
        """Look for all ways to a site at once, those from all origins included: one search does."""
        wanted = {*sources, *self._origins}
        by_links = self._search(site, wanted)
        reached = any(origin in by_links for origin in self._origins)
        for source in wanted:
            route = by_links.get(source)
            if route is None and not (site in self._next if source in self._kind else reached):
                route = Route(self._base(source) + self._by_distance(source, site))
            self._found[source, site] = route

    def origin_cost(self, site: str) -> float:
        """Cost of the cheapest way from an origin to a site [currency/GB]."""
        routes = [self.route(origin, site) for origin in self._origins]
        return min(route.cost for route in routes if route is not None)

    def _base(self, source: str) -> float:
        """What serving from a place costs before any distance [currency/GB]."""
        kind: str | None = self._kind.get(source)
        base: Mapping[str | None, float] = {
            "ixp": self._costs.ixp_per_gb,
            "embedded": self._costs.embedded_per_gb,
        }
        return base.get(kind, self._costs.origin_per_gb)

    def _by_distance(self, one: str, other: str) -> float:
        km = float(distance_km(self._location[one], self._location[other]))
        return self._costs.per_gb_per_1000km * km / KM_PER_1000KM

    def _search(self, site: str, wanted: set[str]) -> dict[str, Route]:
        """Cheapest ways to a site from those of the wanted places that links join to it."""
        found: dict[str, Route] = {}
        best = {site: 0.0}
        towards: dict[str, str] = {}
        settled: set[str] = set()
        queue = [(0.0, 0, site)]
        pushed = 1
        while queue and len(found) < len(wanted):
            cost, _, node = heapq.heappop(queue)
            if node in settled:
                continue
            settled.add(node)
            if node in wanted:
                found[node] = Route(cost, _arcs(node, site, towards))
            for other, step in self._next.get(node, ()):
                if other not in settled and cost + step < best.get(other, float("inf")):
                    best[other], towards[other] = cost + step, node
                    heapq.heappush(queue, (best[other], pushed, other))
                    pushed += 1
        return found


def _arcs(node: str, site: str, towards: Mapping[str, str]) -> tuple[Arc, ...]:
    arcs: list[Arc] = []
    while node != site:
        arcs.append((node, towards[node]))
        node = towards[node]
    return tuple(arcs)
