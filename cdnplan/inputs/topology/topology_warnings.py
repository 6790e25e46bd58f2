"""What is allowed in a topology but probably not meant."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from cdnplan.inputs.places.plausibility import place_doubts
from cdnplan.inputs.topology.link_graph import LinkGraph
from cdnplan.model.instance.network import Paths, by_distance
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Region, Topology

FAR_KM = 5000.0
"""A region whose listed sites are all farther away than this is suspected of a wrong location."""
MOST_STORAGE_TB = 5000.0
MOST_GBPS = 5000.0
"""Above what a single server has: probably in other units."""
SHOWN = 5
"""Names listed in one warning."""


def topology_warnings(topology: Topology) -> list[str]:
    """Look for what is valid but suspicious.

    Parameters
    ----------
    topology : Topology

    Returns
    -------
    list of str
        One sentence each, always in the same order; things of the same kind share a warning.

    Notes
    -----
    Whether a site can be used is judged by reach, not by cost: of sites joined by links, all in reach count
    as usable, though a plan considers no more than `Policy.max_sites` of them for a region that lists none.
    """
    return [
        *_hardware(topology),
        *_unusable_sites(topology),
        *_far_regions(topology),
        *(doubt.text for doubt in place_doubts(topology)),
        *_contradicted_order(topology),
        *_missing_countries(topology),
        *_partial_demand(topology),
    ]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


def _are(names: Sequence[str], one: str, many: str) -> str:
    return f"{one if len(names) == 1 else f'{len(names)} {many}'}"


def _hardware(topology: Topology) -> Iterator[str]:
    used = {group.model for site in topology.sites for group in site.appliances}
    unused = [model.name for model in topology.hardware if model.name not in used]
    if unused:
        yield f"no site has {_are(unused, 'this model', 'models')} of hardware: {_listed(unused)}"
    for model in topology.hardware:
        name, gbps = f"hardware {model.name}", model.throughput_gbps
        if model.storage_tb > MOST_STORAGE_TB:
            yield f"{name}: storage_tb {model.storage_tb:g} is very large; is it in TB?"
        if gbps > MOST_GBPS:
            yield f"{name}: throughput_gbps {gbps:g} is very large; is it in Gbps?"
        if model.fill_gbps > gbps:
            yield f"{name}: fill_gbps {model.fill_gbps:g} is above its throughput_gbps {gbps:g}"


def _unusable_sites(topology: Topology) -> Iterator[str]:
    """Sites outside every region's candidates, and regions without any."""
    graph = LinkGraph(
        (region.name for region in topology.regions), ((link.from_, link.to) for link in topology.links)
    )
    usable = {name for region in topology.regions for name in region.sites}
    free = [region for region in topology.regions if not region.sites]
    by_distance = [region for region in free if not graph.linked(region.name)]
    exchanges = [site.name for site in topology.sites if site.kind == "ixp"]
    sites = {site.name for site in topology.sites}
    served = {region.name for region in topology.regions if region.sites}
    if by_distance and exchanges:
        usable.update(_nearest_exchanges(topology, by_distance))
        served.update(region.name for region in by_distance)
    reached: dict[frozenset[str], set[str]] = {}
    for region in free:
        direct = graph.direct(region.name)
        parts = frozenset(graph.component(node) for node in direct)
        if parts not in reached:
            reached[parts] = {name for name in exchanges if graph.component(name) in parts}
        found = reached[parts] | (direct & sites)
        usable |= found
        served |= {region.name} if found else set()
    idle = [site.name for site in topology.sites if site.name not in usable]
    if idle:
        yield f"{_are(idle, 'a site', 'sites')} that no region can use: {_listed(idle)}"
    alone = [region.name for region in topology.regions if region.name not in served]
    if alone:
        what = _are(alone, "a region", "regions")
        yield f"{what} that only the origins can serve, for want of a site in reach: {_listed(alone)}"


def _nearest_exchanges(topology: Topology, regions: Sequence[Region]) -> set[str]:
    """Exchange points among the nearest that a plan considers for any of these regions."""
    exchanges = [site for site in topology.sites if site.kind == "ixp"]
    places = np.array([site.location for site in exchanges])
    most = min(topology.policy.max_sites, len(exchanges))
    found: set[int] = set()
    for region in regions:
        nearest = np.argsort(distance_km(places, region.location), kind="stable")[:most]
        found.update(int(i) for i in nearest)
    return {exchanges[i].name for i in found}


def _far_regions(topology: Topology) -> Iterator[str]:
    location = {site.name: site.location for site in topology.sites}
    listing = [region for region in topology.regions if region.sites]
    if not listing:
        return
    first = np.cumsum([0, *(len(region.sites) for region in listing[:-1])])
    ends = np.array([location[name] for region in listing for name in region.sites])
    starts = np.array([region.location for region in listing for _ in region.sites])
    closest = np.minimum.reduceat(distance_km(starts, ends), first)
    far = [region.name for region, km in zip(listing, closest, strict=True) if km > FAR_KM]
    if far:
        what = _are(far, "a region", "regions")
        yield f"{what} more than {FAR_KM:g} km from every site listed: {_listed(far)}"


def _contradicted_order(topology: Topology) -> Iterator[str]:
    """Regions whose first site is not their cheapest: by costs, its place says nothing."""
    if topology.policy.steering != "cost":
        return
    paths = Paths(topology)
    sites = {site.name: site for site in topology.sites}
    other = []
    for region in topology.regions:
        if len(region.sites) < 2:
            continue
        found = paths.from_nodes(region.name) if paths.linked(region.name) else None
        if found is None:
            found = by_distance(topology, region, [sites[name] for name in region.sites])
        costs = [found[name].cost for name in region.sites if name in found]
        if costs and costs[0] > min(costs):
            other.append(region.name)
    if other:
        what = _are(other, "a region lists", "regions list")
        yield (
            f"{what} another site first than the cheapest: {_listed(other)}; the cheapest that has a file"
            " serves it, and the order only breaks ties, unless policy.steering is order"
        )


def _missing_countries(topology: Topology) -> Iterator[str]:
    policy = topology.policy
    if any(rule.places.countries for rule in (*policy.pins, *policy.copies, *policy.launches)):
        silent = [site.name for site in topology.sites if site.country is None]
        if silent:
            what = _are(silent, "a site", "sites")
            yield f"{what} without a country, which rules by country pass over: {_listed(silent)}"


def _partial_demand(topology: Topology) -> Iterator[str]:
    """Demand regions of which a part is drawn on by no one."""
    drawn: dict[str, list[float]] = defaultdict(list)
    for region in topology.regions:
        drawn[region.demand.region].append(region.demand.share)
    partial = [
        f"{name} {total:.4g}"
        for name, shares in sorted(drawn.items())
        if (total := math.fsum(shares)) < 1.0 - 1e-6
    ]
    if partial:
        what = "region" if len(partial) == 1 else "regions"
        yield f"not all of the demand of {len(partial)} forecast {what} is drawn on: {_listed(partial)}"
