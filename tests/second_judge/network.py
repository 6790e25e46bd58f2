"""Rates, candidates, paths and their costs (docs/recompute.md, sections 3 and 4)."""

from __future__ import annotations

import datetime as dt
import heapq
import math
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tests.second_judge.reading import Plan

Way = tuple[str, float, str]
"""Place, cost per GB, and the nodes of the path joined by ``>``, empty where distance decides."""


def rates(plan: Plan) -> dict[str, list[float]]:
    """h[r,t]: Gbps in each slice for each GB of the period."""
    slices, hourly = plan.policy["peak_profile"]["slices"], plan.policy["peak_profile"]["hourly"]
    weight = [value / math.fsum(hourly) for value in hourly]
    found: dict[str, list[float]] = {}
    for region in plan.topology["regions"]:
        offset = _offset_hours(plan, region)
        whole = math.floor(offset)
        part = offset - whole
        busiest = [0.0] * slices
        for hour in range(24):
            share = (1 - part) * weight[(hour + whole) % 24] + part * weight[(hour + whole + 1) % 24]
            at = hour * slices // 24
            busiest[at] = max(busiest[at], share)
        found[region["name"]] = [8 / 3600 / plan.days * share for share in busiest]
    return found


def _offset_hours(plan: Plan, region: dict[str, Any]) -> float:
    zone = region.get("timezone")
    sites = {site["name"]: site for site in plan.topology["sites"]}
    for place, _, _ in plan.paths[region["name"]]:
        if zone is None and place in sites:
            zone = sites[place].get("timezone")
    if zone is None:
        return round(region["location"][1] / 15)
    noon = dt.datetime.combine(plan.start, dt.time(12), tzinfo=ZoneInfo(zone))
    offset = noon.utcoffset()
    assert offset is not None
    return offset.total_seconds() / 3600


def limits_on(plan: Plan) -> dict[str, float]:
    """U[e]: capacity of each link direction and origin that has one [Gbps]."""
    capacity: dict[str, float] = {}
    for link in plan.topology.get("links", []):
        if link.get("capacity_gbps") is not None:
            capacity[f"{link['from']}>{link['to']}"] = link["capacity_gbps"]
            capacity[f"{link['to']}>{link['from']}"] = link["capacity_gbps"]
    for origin in plan.topology["origins"]:
        if origin.get("capacity_gbps") is not None:
            capacity[f"origin:{origin['name']}"] = origin["capacity_gbps"]
    return capacity


def passed(way: Way, capacity: dict[str, float]) -> list[str]:
    """Limits on a way."""
    place, _, path = way
    nodes = path.split(">") if path else []
    names = [f"{a}>{b}" for a, b in pairwise(nodes)] + [f"origin:{place}"]
    return [name for name in names if name in capacity]


def overload_price(plan: Plan) -> float:
    """Currency per Gbps above a limit in a slice."""
    given = plan.policy["costs"]["overload_per_gbps"]
    if given is not None:
        return float(given)
    dearest = max((cost for ways in plan.paths.values() for _, cost, _ in ways), default=0.0)
    return 10 * dearest * plan.days * 24 * 3600 / 8 / plan.policy["peak_profile"]["slices"]


def ways_by_the_topology(plan: Plan) -> dict[str, list[Way]]:
    """What ``inputs/paths.parquet`` should say: section 4 from the topology alone."""
    roads = _Roads(plan)
    return {region["name"]: roads.ways(region) for region in plan.topology["regions"]}


class _Roads:
    """Links and places of a topology."""

    def __init__(self, plan: Plan) -> None:
        topology, self.policy, self.costs = plan.topology, plan.policy, plan.policy["costs"]
        self.sites, self.origins = topology["sites"], topology["origins"]
        regions = {region["name"] for region in topology["regions"]}
        self.location = {
            item["name"]: item["location"] for item in (*self.sites, *self.origins, *topology["regions"])
        }
        self.of_region: dict[str, list[tuple[str, float]]] = {}
        self.between: dict[str, list[tuple[str, float]]] = {}
        for link in sorted(topology.get("links", []), key=lambda link: sorted((link["from"], link["to"]))):
            cost = link.get("cost_per_gb")
            cost = self._by_length(link["from"], link["to"]) if cost is None else cost
            for start, end in ((link["from"], link["to"]), (link["to"], link["from"])):
                if start in regions:
                    self.of_region.setdefault(start, []).append((end, cost))
                elif end not in regions:
                    self.between.setdefault(start, []).append((end, cost))

    def ways(self, region: dict[str, Any]) -> list[Way]:
        """Candidates in order, then the origin."""
        linked = region["name"] in self.of_region
        found = self._from_everywhere(region["name"]) if linked else {}
        direct = {node for node, _ in self.of_region.get(region["name"], [])}
        listed = region.get("sites") or []
        ways: list[Way] = []
        for site in self.sites:
            name = site["name"]
            if name in listed if listed else site["kind"] == "ixp" or name in direct:
                if linked and name in found:
                    ways.append((name, *found[name]))
                elif not linked:
                    base = self.costs[f"{site['kind']}_per_gb"]
                    ways.append((name, base + self._by_length(name, region["name"]), ""))
        if listed:
            ways.sort(key=lambda way: listed.index(way[0]))
        else:
            ways = sorted(ways, key=lambda way: (way[1], way[0]))[: self.policy["max_sites"]]
        if self.policy["steering"] == "order":
            lifted = [max(cost for _, cost, _ in ways[: i + 1]) for i in range(len(ways))]
            ways = [(name, cost, path) for (name, _, path), cost in zip(ways, lifted, strict=True)]
        return [*sorted(ways, key=lambda way: way[1]), self._origin(region["name"], found)]

    def _origin(self, region: str, found: dict[str, tuple[float, str]]) -> Way:
        names = [origin["name"] for origin in self.origins]
        ways = [(name, *found[name]) for name in names if name in found] or [
            (name, self.costs["origin_per_gb"] + self._by_length(name, region), "") for name in names
        ]
        return min(ways, key=lambda way: (way[1], way[0]))

    def _by_length(self, a: str, b: str) -> float:
        (lat_a, lon_a), (lat_b, lon_b) = self.location[a], self.location[b]
        half_lat, half_lon = math.radians(lat_b - lat_a) / 2, math.radians(lon_b - lon_a) / 2
        chord = (
            math.sin(half_lat) ** 2
            + math.cos(math.radians(lat_a)) * math.cos(math.radians(lat_b)) * math.sin(half_lon) ** 2
        )
        km = 2 * 6371.0088 * math.asin(math.sqrt(min(1.0, chord)))
        return float(self.costs["per_gb_per_1000km"] * km / 1000)

    def _from_everywhere(self, region: str) -> dict[str, tuple[float, str]]:
        """Cost and path to a region from every node that has one; of equal ones the first found."""
        best: dict[str, tuple[float, str]] = {}
        for end, cost in self.of_region[region]:
            for node, (length, path) in self._to(end).items():
                if node not in best or cost + length < best[node][0]:
                    best[node] = (cost + length, f"{path}>{region}")
        return best

    def _to(self, end: str) -> dict[str, tuple[float, str]]:
        """Dijkstra: cost and path to a site or origin from every other; of equal ones the first found."""
        seen: dict[str, tuple[float, str]] = {end: (0.0, end)}
        settled: dict[str, tuple[float, str]] = {}
        queue, count = [(0.0, 0, end)], 1
        while queue:
            length, _, node = heapq.heappop(queue)
            if node in settled:
                continue
            settled[node] = seen[node]
            for other, cost in self.between.get(node, []):
                if other not in settled and (other not in seen or length + cost < seen[other][0]):
                    seen[other] = (length + cost, f"{other}>{seen[node][1]}")
                    heapq.heappush(queue, (length + cost, count, other))
                    count += 1
        return settled
