"""What may fail together: single sites, single links, pairs of sites close to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Topology

FailureKind = Literal["site", "link", "pair"]
SAME_CITY_KM = 25.0
"""Sites no farther apart count as in one city: its power, its ducts, its weather."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What is gone at the same time.

    Parameters
    ----------
    kind : {"site", "link", "pair"}
    name : str
        Unique: a site, ``from>to`` of a link as written in the topology, or ``site+site``.
    sites : tuple of str
        Sites that serve nothing and forward nothing.
    links : tuple of (str, str)
        Links that carry nothing, in either direction.
    """

    kind: FailureKind
    name: str
    sites: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def single_sites(topology: Topology) -> tuple[Failure, ...]:
    """Every site, by name."""
    return tuple(Failure("site", name, sites=(name,)) for name in sorted(s.name for s in topology.sites))


def single_links(topology: Topology) -> tuple[Failure, ...]:
    """Every link, both directions at once, by name."""
    ends = sorted((link.from_, link.to) for link in topology.links)
    return tuple(Failure("link", f"{a}>{b}", links=((a, b),)) for a, b in ends)


def close_pairs(topology: Topology, within_km: float = SAME_CITY_KM) -> tuple[Failure, ...]:
    """Every two sites that are no farther apart than `within_km`, by name.

    Parameters
    ----------
    topology : Topology
    within_km : float
        [km], along the surface of the earth.
    """
    sites = sorted(topology.sites, key=lambda site: site.name)
    if len(sites) < 2:
        return ()
    places = np.array([site.location for site in sites])
    found: list[Failure] = []
    for i, site in enumerate(sites[:-1]):
        km = distance_km(places[i + 1 :], places[i])
        for j in (i + 1 + np.flatnonzero(km <= within_km)).tolist():
            pair = (site.name, sites[j].name)
            found.append(Failure("pair", "+".join(pair), sites=pair))
    return tuple(found)
