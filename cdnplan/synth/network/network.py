"""Sites, appliances and regions of a preset, with demand in proportion to what they can serve."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.policy import EVENING_PEAK, PeakProfile, Policy
from cdnplan.model.network.topology import DemandShare, Origin, Region, Site, Topology
from cdnplan.synth.given.presets import Preset
from cdnplan.synth.network.layout import Exchange, Metro, Rest, exchanges, metros, nearest_points, rests
from cdnplan.synth.network.supply import (
    Groups,
    embedded_groups,
    exchange_counts,
    exchange_group,
    hardware_for,
    metro_peaks,
    rest_peaks,
)
from cdnplan.units import peak_gbps_per_gb

NEAR_SITES, NEAR_KM, NEAR_EXCHANGES = 2, 1000.0, 3
"""Candidates besides a region's own site: the provider's other sites near by, and exchange points."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A generated network.

    Parameters
    ----------
    topology : Topology
    peak_gbps : mapping of str to float
        Peak demand of each region [Gbit/s].
    weekly_gb : mapping of str to float
        Demand of each country in the planned week [GB].
    """

    topology: Topology
    peak_gbps: Mapping[str, float]
    weekly_gb: Mapping[str, float]


def make_network(preset: Preset, seed: int, *, own_demand: bool = False) -> Network:
    """Build the network of a preset.

    Parameters
    ----------
    preset : Preset
    seed : int
    own_demand : bool
        Every region draws on a demand row of its own instead of a share of its country's.

    Returns
    -------
    Network
    """
    points = exchanges(preset)
    remaining = rests(preset, points)
    places = metros(preset, preset.n_regions - len(remaining), seed)
    groups = embedded_groups(places, preset, seed)
    metro_gbps = metro_peaks(places, groups, preset, seed)
    rest_gbps = rest_peaks(remaining, places, metro_gbps, preset, seed)
    counts = exchange_counts(points, places, remaining, (metro_gbps, rest_gbps), groups, preset)
    regions = _regions(places, groups, remaining, points)
    names = [region.name for region in regions]
    gbps = dict(zip(names, [*metro_gbps.tolist(), *rest_gbps.tolist()], strict=True))
    own = [dataclasses.replace(region, demand=DemandShare(region.name)) for region in regions]
    topology = Topology(
        name=preset.name,
        hardware=hardware_for(preset),
        origins=tuple(Origin(name, (latitude, longitude)) for name, latitude, longitude in preset.origins),
        sites=tuple(_sites(points, counts, places, groups)),
        regions=tuple(_by_country(own if own_demand else _shares(regions, gbps))),
        policy=Policy(peak_profile=PeakProfile(slices=preset.slices)),
    )
    return Network(topology, gbps, _weekly_gb(regions, gbps))


def _by_country(regions: Sequence[Region]) -> list[Region]:
    return sorted(regions, key=lambda region: region.country)


def _sites(
    points: Sequence[Exchange], counts: Sequence[int], places: Sequence[Metro], groups: Mapping[int, Groups]
) -> list[Site]:
    """All sites by country, exchange points first."""
    sites = [
        Site(
            name=point.name,
            kind="ixp",
            location=point.city.location,
            appliances=exchange_group(count),
            country=point.city.country,
            timezone=point.city.timezone,
        )
        for point, count in zip(points, counts, strict=True)
    ]
    sites += [
        Site(
            name=places[i].site,
            kind="embedded",
            location=places[i].location,
            appliances=group,
            country=places[i].city.country,
            timezone=places[i].city.timezone,
        )
        for i, group in groups.items()
    ]
    return sorted(sites, key=lambda site: (site.country, site.kind != "ixp"))


def _regions(
    places: Sequence[Metro],
    groups: Mapping[int, Groups],
    remaining: Sequence[Rest],
    points: Sequence[Exchange],
) -> list[Region]:
    """Every region with its candidate sites, preferred first; shares of demand are still missing."""
    of_provider: dict[tuple[str, str], list[int]] = {}
    for i in groups:
        of_provider.setdefault((places[i].provider, places[i].city.country), []).append(i)
    regions: list[Region] = []
    for i, metro in enumerate(places):
        country = metro.city.country
        others = [k for k in of_provider.get((metro.provider, country), []) if k != i]
        own = [metro.site] if i in groups else []
        near = nearest_points(points, metro.location, NEAR_EXCHANGES, turn=metro.rank)
        sites = (*own, *_near_sites(places, others, metro), *near)
        timezone = metro.city.timezone
        regions.append(Region(metro.region, country, metro.location, sites, DemandShare(country), timezone))
    for rest in remaining:
        city = rest.city
        sites = tuple(nearest_points(points, city.location, NEAR_EXCHANGES))
        share = DemandShare(city.country)
        regions.append(Region(rest.name, city.country, city.location, sites, share, city.timezone))
    return regions


def _near_sites(places: Sequence[Metro], others: Sequence[int], metro: Metro) -> list[str]:
    """Names of the nearest of the provider's other sites."""
    if not others:
        return []
    km = distance_km([places[k].location for k in others], metro.location)
    order = np.argsort(km, kind="stable")[:NEAR_SITES]
    return [places[others[k]].site for k in order if km[k] <= NEAR_KM]


def _weekly_gb(regions: Sequence[Region], gbps: Mapping[str, float]) -> dict[str, float]:
    """Demand of each country in a week [GB], from the peaks of its regions."""
    rate = peak_gbps_per_gb(max(EVENING_PEAK) / sum(EVENING_PEAK), 7.0)
    weekly: dict[str, float] = {}
    for region in regions:
        weekly[region.country] = weekly.get(region.country, 0.0) + gbps[region.name] / rate
    return weekly


def _shares(regions: Sequence[Region], gbps: Mapping[str, float]) -> list[Region]:
    """Give every region its share of its country's demand; the shares of a country sum to 1."""
    of_country: dict[str, list[str]] = {}
    for region in regions:
        of_country.setdefault(region.country, []).append(region.name)
    millionths: dict[str, int] = {}
    for names in of_country.values():
        total = sum(gbps[name] for name in names)
        millionths |= {name: max(1, round(1e6 * gbps[name] / total)) for name in names}
        # What rounding leaves over goes to the largest.
        largest = max(names, key=lambda name: (millionths[name], name))
        millionths[largest] += 1_000_000 - sum(millionths[name] for name in names)
    return [
        dataclasses.replace(region, demand=DemandShare(region.country, millionths[region.name] / 1_000_000))
        for region in regions
    ]
