"""Values that can be read but hardly be meant: bytes for GB, MB for GB, swapped coordinates, a wrong table.

Each check has a range that real networks and catalogues keep by far. What lies beyond it is told with the
value, the range and the likely mistake. Nothing is refused here: that is for a guard of `cdnplan nightly`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.inputs.places.timezones import km_abroad, km_to_country
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Region, Site, Topology

BYTES = "are these bytes? 1 GB = 10⁹ bytes"
MEGABYTES = "are these MB? 1 GB = 1,000 MB"
SHOWN = 3
"""Places listed in one doubt."""
SWAPPED_KM, AWAY_KM, ABROAD_KM, ABROAD_RATIO = 500.0, 2_500.0, 1_200.0, 0.1
"""Distances to the nearest reference city of the country said [km]: farther than the first, where the swapped
coordinates are at less than half of it; farther than the second anywhere; farther than the third, where a
city of another country is at a tenth of it. Of 4,264 places of real appliances none is told, and of 3,172
that can be swapped 3,131 are."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at.

    Parameters
    ----------
    column : str
        Of the table the value comes from; empty for more than one.
    what, unit : str
        The value in words, and its unit.
    most : float
        More is hardly meant.
    usual : str
        What is to be expected, in words.
    steps : tuple of (float, str)
        From so many times `most` on, what was probably meant.
    """

    column: str
    what: str
    unit: str
    most: float
    usual: str
    steps: tuple[tuple[float, str], ...]


CHECKS: Mapping[str, Check] = {
    "volume": Check(
        "gb",
        "all of it is",
        "GB a day",
        2e10,
        "less than 2e9 (the internet has about 5e9)",
        ((1.0, BYTES),),
    ),
    "capacity": Check(
        "gb",
        "its busiest rate is",
        "times the throughput of all appliances",
        20.0,
        "0.1 to 3",
        ((1.0, "are these MB, or are appliances missing?"), (1e5, BYTES)),
    ),
    "sizes": Check(
        "size_gb", "half are larger than", "GB", 10_000.0, "0.001 to 500", ((1.0, MEGABYTES), (1e3, BYTES))
    ),
    "appliances": Check(
        "size_gb",
        "half are larger than",
        "times the storage of the largest appliance",
        1.0,
        "less than 0.1",
        ((1.0, MEGABYTES), (1e5, BYTES)),
    ),
    "silent": Check(
        "region",
        "there is no demand for",
        "% of the demand regions",
        50.0,
        "less than 10",
        ((1.0, "is it the right table, and are regions spelt as in the topology?"),),
    ),
}
"""By name; ratios and volumes. Places are looked at by `place_doubts`."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value beyond its range: `factor` says how many times."""

    text: str
    factor: float


def doubt(name: str, value: float, file: str, detail: str = "") -> Iterator[Doubt]:
    """Hold a value against a check.

    Parameters
    ----------
    name : str
        Of `CHECKS`.
    value : float
    file : str
        The table as the user named it.
    detail : str
        What more there is to tell of the value.

    Yields
    ------
    Doubt
        At most one.

    Examples
    --------
    >>> [found.text for found in doubt("sizes", 23_400.0, "t.csv")]
    ['t.csv: size_gb: half are larger than 23,400 GB, usual is 0.001 to 500: are these MB? 1 GB = 1,000 MB']
    """
    check = CHECKS[name]
    factor = value / check.most
    if not factor > 1.0:
        return
    mistake = [words for least, words in check.steps if factor >= least][-1]
    number = f"{value:,.0f}" if 10 <= value < 1e9 else f"{value:.3g}"
    where = f"{file}: {check.column}" if file else check.column
    yield Doubt(
        f"{where}: {check.what} {number} {check.unit}{detail}, usual is {check.usual}: {mistake}", factor
    )


def volume_doubts(gb: float, days: float, file: str) -> list[Doubt]:
    """Look at the volume of a table, whatever network it is for.

    Parameters
    ----------
    gb : float
        All of it [GB].
    days : float
        Days that it is of.
    file : str
    """
    return list(doubt("volume", gb / days, file))


def size_doubts(size_gb: Floats, largest_gb: float, file: str) -> list[Doubt]:
    """Look at the sizes of titles or files.

    Parameters
    ----------
    size_gb : (n,) float64
        [GB]
    largest_gb : float
        Storage of the largest appliance [GB].
    file : str
    """
    median = float(np.median(size_gb)) if size_gb.size else 0.0
    found = [*doubt("sizes", median, file)]
    return found or list(doubt("appliances", median / largest_gb if largest_gb > 0 else 0.0, file))


def demand_doubts(instance: Instance, demand: Demand, file: str) -> list[Doubt]:
    """Look at demand beside the network that is to serve it.

    Parameters
    ----------
    instance : Instance
    demand : Demand
    file : str
        The demand table, or the history that it was forecast from.
    """
    found = volume_doubts(float(demand.gb.sum(dtype=np.float64)), demand.period_days, file)
    throughput = float(instance.throughput_gbps.sum())
    busiest = float((instance.region_gb() * instance.gbps_per_gb.T).sum(axis=1).max(initial=0.0))
    if not found and throughput > 0:
        told = f" ({busiest:,.0f} of {throughput:,.0f} Gbps)"
        found += doubt("capacity", busiest / throughput, file, told)
    silent = np.diff(demand.ptr) == 0
    names = [name for name, none in zip(demand.regions, silent, strict=True) if none]
    told = f" ({len(names)} of {silent.size}: {_listed(names)})"
    found += doubt("silent", 100 * float(silent.mean()) if silent.size else 0.0, file, told)
    return found


def place_doubts(topology: Topology) -> list[Doubt]:
    """Look for regions and sites that lie far from the country they are said to be in.

    Frankfurt at [8.68, 50.11], in the Indian Ocean, is one; places of the same kind share a doubt.
    """
    swapped, away = [], []
    for kind, place in _places(topology):
        country, (latitude, longitude) = place.country or "", place.location
        km = km_to_country(country, place.location)
        if km <= SWAPPED_KM:
            continue
        told = f"{kind} {place.name} at [{latitude:g}, {longitude:g}], {km:,.0f} km from cities of {country}"
        if abs(longitude) <= 90 and km_to_country(country, (longitude, latitude)) < km / 2:
            swapped.append(told)
        elif km > AWAY_KM or (km > ABROAD_KM and km_abroad(country, place.location) < ABROAD_RATIO * km):
            away.append(told)
    found = []
    for names, mistake in (
        (swapped, "are latitude and longitude swapped? latitude goes first"),
        (away, "is the country right, or the location?"),
    ):
        if names:
            text = f"location: {_listed(names, '; ')}: outside of the country: {mistake}"
            found.append(Doubt(text, 2.0))
    return found


def _places(topology: Topology) -> Iterator[tuple[str, Region | Site]]:
    yield from (("site", site) for site in topology.sites if site.country is not None)
    yield from (("region", region) for region in topology.regions)


def _listed(names: Sequence[str], between: str = ", ") -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return between.join(names[:SHOWN]) + more
