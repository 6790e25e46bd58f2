"""The table of cities: every row a real place."""

from __future__ import annotations

import re
from importlib.resources import files
from zoneinfo import ZoneInfo

import pycountry
import pytest

from cdnplan.model.network.geo import distance_km
from cdnplan.synth.given.cities import all_cities
from cdnplan.synth.given.countries import CONTINENTS, LANGUAGES, TITLE_LANGUAGES, continent_of, languages_of


def zones() -> dict[str, tuple[set[str], tuple[float, float]]]:
    """Countries and reference place of each IANA zone, from the zone tables of tzdata."""

    def degrees(text: str, digits: int) -> float:
        sign, number = (-1 if text[0] == "-" else 1), text[1:]
        return sign * (int(number[:digits]) + int(number[digits : digits + 2]) / 60)

    found: dict[str, tuple[set[str], tuple[float, float]]] = {}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text().splitlines():
        if line.startswith("#"):
            continue
        country, place, zone, *_ = line.split("\t")
        match = re.match(r"([+-]\d+)([+-]\d+)$", place)
        assert match
        found[zone] = ({country}, (degrees(match[1], 2), degrees(match[2], 3)))
    return found


def test_enough_of_the_world() -> None:
    cities = all_cities()
    assert len(cities) >= 200
    assert len({city.country for city in cities}) == 175
    assert len({(city.name, city.country) for city in cities}) == len(cities)
    assert sum(city.exchange for city in cities) >= 70


def test_countries_and_time_zones_are_real_and_fit_together() -> None:
    reference = zones()
    for city in all_cities():
        assert pycountry.countries.get(alpha_2=city.country), city
        assert ZoneInfo(city.timezone)
        countries, place = reference[city.timezone]
        assert city.country in countries, city
        # A slip of sign or of a digit puts a city oceans away from its zone.
        assert distance_km(city.location, place) < 2_000, city
        assert city.weight > 0


@pytest.mark.parametrize(
    ("a", "b", "km"), [("Paris", "London", 344), ("Sydney", "Auckland", 2156), ("Tokyo", "Seoul", 1160)]
)
def test_distances_people_know(a: str, b: str, km: float) -> None:
    place = {city.name: city.location for city in all_cities()}
    assert distance_km(place[a], place[b]) == pytest.approx(km, rel=0.02)


def test_every_country_has_one_continent() -> None:
    listed = [code for codes in CONTINENTS.values() for code in codes.split()]
    assert sorted(listed) == sorted({city.country for city in all_cities()})
    assert continent_of("JP") == "Asia"


def test_languages_are_spoken_in_listed_countries() -> None:
    known = {city.country for city in all_cities()}
    assert {code for codes in LANGUAGES.values() for code in codes.split()} <= known
    assert set(LANGUAGES) == set(TITLE_LANGUAGES)
    assert sum(TITLE_LANGUAGES.values()) == pytest.approx(1.0)
    assert languages_of("BE") == ("fr", "nl") or set(languages_of("BE")) == {"nl"}
