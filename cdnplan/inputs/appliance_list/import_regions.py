"""Regions of an imported topology: whose viewers they are, how many, and which sites may serve them.

Each embedded site makes a region: the ISP's viewers in and around that city. Each country also has the
rest of its viewers, whose ISPs have no appliances. They meet the network at the country's exchange
points, in proportion to the appliances there, one rest region at each; or, in a country without any, in
the middle of its appliances. (One rest region for a whole country would leave the exchange points of a
large one idle at its coasts and crowd those in its middle.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cdnplan.inputs.appliance_list.import_options import ImportOptions
from cdnplan.inputs.appliance_list.import_places import Place, centroid, unique_names
from cdnplan.inputs.places.timezones import nearest_timezone
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import DemandShare, Location, Region

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class _Draft:
    """A region without its sites; `place` is None for the rest of a country."""

    name: str
    country: str
    location: Location
    share: float
    place: Place | None = None
    timezone: str | None = None


def shares_of_one(weights: Sequence[float]) -> list[float]:
    """Shares in proportion to weights, with six digits, that add up to exactly 1 as decimals.

    What rounding leaves over goes to the largest (the first of equals); none is less than 0.000001.

    Parameters
    ----------
    weights : sequence of float
        All > 0, fewer than a million.

    Returns
    -------
    list of float

    Examples
    --------
    >>> shares_of_one([1, 1, 1])
    [0.333334, 0.333333, 0.333333]
    """
    total = math.fsum(weights)
    parts = [max(1, round(weight / total * _MILLION)) for weight in weights]
    parts[parts.index(max(parts))] += _MILLION - sum(parts)
    return [part / _MILLION for part in parts]


def make_regions(
    places: Sequence[Place], names: Mapping[Place, str], options: ImportOptions, taken: set[str]
) -> list[Region]:
    """Make the regions of all countries.

    An embedded site's region may be served by that site, then by the nearest of the same ISP in the
    country, then by the nearest exchange points; a rest region by the nearest exchange points.

    Parameters
    ----------
    places : sequence of Place
        All of the network, as `group_places` sorts them.
    names : mapping of Place to str
        Names of the sites there.
    options : ImportOptions
    taken : set of str
        Names that regions may not have.

    Returns
    -------
    list of Region
        By country; within one, those of embedded sites in the order of places, then the rest. The shares
        of a country add up to 1.
    """
    exchanges = [place for place in places if place.kind == "ixp"]
    countries: dict[str, list[Place]] = {}
    family: dict[tuple[str, str], list[Place]] = {}
    for place in places:
        countries.setdefault(place.country, []).append(place)
        if place.isp:
            family.setdefault((place.country, place.isp), []).append(place)
    drafts = [draft for members in countries.values() for draft in _drafts(members, options, exchanges)]
    unique = unique_names((draft.name for draft in drafts), taken)
    regions = []
    for draft, name in zip(drafts, unique, strict=True):
        if draft.place is None:
            sites = _nearest(draft.location, exchanges, options.rest_exchanges)
        else:
            relatives = [
                other for other in family.get((draft.country, draft.place.isp), ()) if other != draft.place
            ]
            sites = [draft.place]
            sites += _nearest(draft.location, relatives, options.near_sites, options.near_km)
            sites += _nearest(draft.location, exchanges, options.exchanges)
        demand = DemandShare(draft.country, draft.share)
        served_by = tuple(names[site] for site in sites)
        regions.append(Region(name, draft.country, draft.location, served_by, demand, draft.timezone))
    return regions


def _drafts(places: Sequence[Place], options: ImportOptions, exchanges: Sequence[Place]) -> list[_Draft]:
    """Regions of one country with their shares of its demand."""
    country = places[0].country
    prefix = country.lower()
    embedded = [place for place in places if place.kind == "embedded"]
    own = [place for place in places if place.kind == "ixp"]
    embedded_share = 0.0 if not embedded else options.embedded_share if exchanges else 1.0
    weights = _parts(embedded_share, embedded)
    drafts = [
        _Draft(f"{prefix}-{place.isp or 'unnamed'}-{place.city}", country, place.location, 0.0, place)
        for place in embedded
    ]
    if embedded_share < 1 and own:
        weights += _parts(1 - embedded_share, own)
        drafts += [_Draft(f"{prefix}-rest-{place.city}", country, place.location, 0.0) for place in own]
    elif embedded_share < 1:
        weights.append(1 - embedded_share)
        middle = centroid([place.location for place in places for _ in range(place.appliances)])
        # Its first site may be far away, in another time zone.
        timezone = nearest_timezone(country, middle)
        drafts.append(_Draft(f"{prefix}-rest", country, middle, 0.0, timezone=timezone))
    shares = shares_of_one(weights)
    return [replace(draft, share=share) for draft, share in zip(drafts, shares, strict=True)]


def _parts(whole: float, places: Sequence[Place]) -> list[float]:
    """Divide a share over places in proportion to their appliances."""
    total = sum(place.appliances for place in places)
    return [whole * place.appliances / total for place in places]


def _nearest(
    location: Location, places: Sequence[Place], count: int, within_km: float = math.inf
) -> list[Place]:
    """Nearest places first, ties in their given order."""
    if not places or not count:
        return []
    distance = distance_km(np.array(location), np.array([place.location for place in places]))
    order = np.argsort(distance, kind="stable")[:count]
    return [places[at] for at in order if distance[at] <= within_km]
