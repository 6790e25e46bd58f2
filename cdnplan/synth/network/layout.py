"""Where things are: exchange points, providers' metros, and the rest of each country."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Location
from cdnplan.synth.given.cities import City, all_cities
from cdnplan.synth.given.names import provider_names, slug
from cdnplan.synth.given.presets import Preset
from cdnplan.synth.given.seeding import stream

CONCENTRATION = 0.75
"""Power of a city's audience that its number of providers and exchange points follows."""

RANK_POWER = 0.7
"""The k-th largest provider of a city has an audience in proportion to k to minus this power."""


@dataclass(frozen=True, slots=True)
class Metro:
    """Viewers of one provider in one city; `rank` 0 is the city's largest provider."""

    city: City
    provider: str
    rank: int
    location: Location
    audience: float

    @property
    def site(self) -> str:
        """Name of the provider's site there."""
        return f"{self.provider}-{slug(self.city.name)}-{self.city.country.lower()}"

    @property
    def region(self) -> str:
        """Name of the region."""
        return f"{self.city.country.lower()}-{self.provider}-{slug(self.city.name)}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange point; a city may have several."""

    name: str
    city: City


@dataclass(frozen=True, slots=True)
class Rest:
    """Viewers around a city whose providers have no appliances, and their share of such viewers."""

    name: str
    city: City
    share: float


def allot(weights: Sequence[float], count: int, least: Sequence[int] | int = 0) -> list[int]:
    """Share out `count` seats by highest averages (D'Hondt), after giving everyone at least so many.

    Parameters
    ----------
    weights : sequence of float
    count : int
        Seats in all; when `least` takes more than that, `least` wins.
    least : int or sequence of int

    Examples
    --------
    >>> allot([6.0, 3.0, 1.0], 7, least=1)
    [4, 2, 1]
    """
    seats = [least] * len(weights) if isinstance(least, int) else list(least)
    queue = [(-weight / (seats[i] + 1), i) for i, weight in enumerate(weights)]
    heapq.heapify(queue)
    for _ in range(count - sum(seats)):
        _, i = heapq.heappop(queue)
        seats[i] += 1
        heapq.heappush(queue, (-weights[i] / (seats[i] + 1), i))
    return seats


def cities_of(preset: Preset) -> list[City]:
    """Cities of the preset's countries, by country, largest first within each."""
    chosen = [city for city in all_cities() if city.country in preset.countries]
    return sorted(chosen, key=lambda city: (city.country, -city.weight, city.name))


def exchanges(preset: Preset) -> list[Exchange]:
    """Exchange points: one in each country where any is built, then one in every such city, then more."""
    cities = [city for city in all_cities() if city.country in preset.countries]
    places = [city for city in cities if city.exchange] or cities
    audience = {code: sum(c.weight for c in cities if c.country == code) for code in preset.countries}
    earlier = [sum(other.country == city.country for other in places[:i]) for i, city in enumerate(places)]
    order = sorted(range(len(places)), key=lambda i: (earlier[i], -audience[places[i].country]))
    first = set(order[: preset.n_exchanges])
    least = [int(i in first) for i in range(len(places))]
    seats = allot([city.weight**CONCENTRATION for city in places], preset.n_exchanges, least)
    return [
        Exchange(f"ixp-{slug(city.name)}-{city.country.lower()}" + (f"-{k + 1}" if k else ""), city)
        for city, count in sorted(zip(places, seats, strict=True), key=lambda pair: pair[0].country)
        for k in range(count)
    ]


def nearest_points(
    points: Sequence[Exchange], place: Location, cities: int, turn: int | None = None
) -> list[str]:
    """Names of exchange points near a place, nearest first.

    Parameters
    ----------
    points : sequence of Exchange
    place : (float, float)
        Latitude and longitude [degrees].
    cities : int
        From how many of the nearest cities.
    turn : int or None
        One of each city's points, taking turns; None: all of the nearest city, the first of the others.
    """
    names: dict[City, list[str]] = {}
    for point in points:
        names.setdefault(point.city, []).append(point.name)
    km = distance_km([city.location for city in names], place)
    near = [list(names.values())[k] for k in np.argsort(km, kind="stable")[:cities]]
    if turn is None:
        return [*near[0], *(group[0] for group in near[1:])]
    return [group[turn % len(group)] for group in near]


def rests(preset: Preset, points: Sequence[Exchange]) -> list[Rest]:
    """Viewers of no listed provider: around each exchange city of a country, or its middle if it has none."""
    found: list[Rest] = []
    for country in sorted(preset.countries):
        cities = list(dict.fromkeys(point.city for point in points if point.city.country == country))
        total = sum(city.weight for city in cities)
        for city in cities or [middle_city(country)]:
            name = f"{country.lower()}-rest" + (f"-{slug(city.name)}" if len(cities) > 1 else "")
            found.append(Rest(name, city, city.weight / total if cities else 1.0))
    return found


def metros(preset: Preset, count: int, seed: int) -> list[Metro]:
    """Metros of providers: at least one in each country.

    Parameters
    ----------
    preset : Preset
    count : int
        How many in all.
    seed : int
    """
    cities = cities_of(preset)
    first = {city.country: i for i, city in reversed(list(enumerate(cities)))}
    least = [int(first[city.country] == i) for i, city in enumerate(cities)]
    seats = allot([city.weight**CONCENTRATION for city in cities], count, least)
    providers = {
        country: provider_names(max(seats), stream(seed, "providers", *country.encode()))
        for country in preset.countries
    }
    rng = stream(seed, "metros")
    found: list[Metro] = []
    for city, n_providers in zip(cities, seats, strict=True):
        by_rank = 1.0 / np.arange(1, n_providers + 1) ** RANK_POWER
        chance = np.exp(0.3 * rng.standard_normal(n_providers))
        audience = city.weight * by_rank / max(by_rank.sum(), 1.0) * chance
        # Within a third of a degree of the city's centre.
        shift = np.clip(0.1 * rng.standard_normal((n_providers, 2)), -0.3, 0.3)
        latitude, longitude = (np.round(city.location + shift, 2)).T.tolist()
        for rank in range(n_providers):
            place = (latitude[rank], longitude[rank])
            found.append(Metro(city, providers[city.country][rank], rank, place, float(audience[rank])))
    return found


def middle_city(country: str) -> City:
    """City nearest to the centre of a country's audience."""
    cities = [city for city in all_cities() if city.country == country]
    weight = np.array([city.weight for city in cities])
    place = np.array([city.location for city in cities])
    centre = (weight[:, None] * place).sum(axis=0) / weight.sum()
    return cities[int(np.argmin(((place - centre) ** 2).sum(axis=1)))]
