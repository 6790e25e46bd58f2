"""What the sample shows beyond a bare network: links, one of them tight, and one rule of each kind."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np

from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.policy import Ban, CopyRule, Files, LaunchRule, Pin, Places
from cdnplan.model.network.topology import Link, Location, Region, Site, Topology
from cdnplan.synth.audience.demand import DemandModel
from cdnplan.synth.network.network import Network

OWN_SITE, SAME_PROVIDER, TRANSIT, ORIGIN = 0.0, 0.0005, 0.002, 0.02
"""Cost per GB of links: to the provider's own site, its other sites, an exchange point, the origin."""

PER_1000KM = 0.004
TIGHT_RATIO = 0.3
"""Capacity of the tight link / peak demand of the region behind it."""

COPIED_TOP, LAUNCH_POOLS = 10, 4


def with_rules(network: Network, demand: DemandModel) -> Topology:
    """Add links and rules to a generated network.

    Parameters
    ----------
    network : Network
    demand : DemandModel
        Of the same network: titles are chosen by what is expected of them.

    Returns
    -------
    Topology
    """
    topology = network.topology
    popular = np.argsort(-demand.expected_gb.sum(axis=0), kind="stable")
    names = demand.titles.name
    age = demand.titles.age_weeks
    # Not the newest: these are known from the history, and still watched in the planned week.
    pinned, banned = [names[i] for i in popular if age[i] > 8][:2]
    launched = next(names[i] for i in popular if age[i] == 0)
    country = next(site.country for site in topology.sites if site.kind == "embedded")
    at_exchanges = sum(len(site.appliances) for site in topology.sites if site.kind == "ixp")
    policy = dataclasses.replace(
        topology.policy,
        pins=(Pin(Files(title=pinned), Places(kinds=("ixp",), models=("storage-2u",))),),
        bans=(Ban(Files(title=banned), Places(countries=(country or "",))),),
        copies=(CopyRule(Files(top=COPIED_TOP), Places(kinds=("ixp",), models=("storage-2u",)), copies=2),),
        # Anywhere, and no more than exchange points have: then any of the countries can be planned alone.
        launches=(LaunchRule(Files(title=launched), min_pools=min(LAUNCH_POOLS, at_exchanges)),),
    )
    return dataclasses.replace(topology, links=_links(network), policy=policy)


def tight_link(network: Network) -> str:
    """Region behind the tight link: the largest that only exchange points serve."""
    embedded = {site.name for site in network.topology.sites if site.kind == "embedded"}
    unserved = [region.name for region in network.topology.regions if not embedded & set(region.sites)]
    return max(unserved, key=lambda name: network.peak_gbps[name])


def _links(network: Network) -> tuple[Link, ...]:
    """Own sites at no cost, the provider's other sites cheap, exchange points dearer, the origin dearest."""
    topology = network.topology
    sites = {site.name: site for site in topology.sites}
    tight = tight_link(network)
    links: list[Link] = []
    for region in topology.regions:
        points = [name for name in region.sites if sites[name].kind == "ixp"]
        for name in region.sites:
            site = sites[name]
            if site.kind == "embedded":
                own = site.location == region.location
                links.append(
                    Link(region.name, name, None, _cost(OWN_SITE if own else SAME_PROVIDER, region, site))
                )
            elif name == points[0]:
                ratio = TIGHT_RATIO if region.name == tight else 1.5
                capacity = float(np.ceil(ratio * network.peak_gbps[region.name] / 10) * 10)
                links.append(Link(region.name, name, capacity, _cost(TRANSIT, region, site)))
            elif region.name == tight:
                links.append(Link(region.name, name, None, _cost(TRANSIT, region, site)))
    points_in_order = [site for site in topology.sites if site.kind == "ixp"]
    total = sum(network.peak_gbps.values())
    for first, other in pairwise(points_in_order):
        links.append(Link(first.name, other.name, float(np.ceil(total / 40) * 10), _cost(0.0, first, other)))
    for origin in topology.origins:
        for site in points_in_order:
            km = _km(origin.location, site.location)
            links.append(Link(origin.name, site.name, None, round(ORIGIN + PER_1000KM * km / 1000.0, 4)))
    return tuple(links)


def _cost(base: float, end: Region | Site, other: Site) -> float:
    return round(base + PER_1000KM * _km(end.location, other.location) / 1000.0, 4)


def _km(a: Location, b: Location) -> float:
    return float(distance_km(a, b))
