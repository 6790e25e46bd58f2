"""Time zones by the nearest reference city."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from cdnplan.inputs.places.timezones import _MORE_CITIES, _reference_cities, nearest_timezone

PLACES = [
    ("NL", 51.95, 4.43, "Europe/Amsterdam"),
    ("US", 47.45, -122.31, "America/Los_Angeles"),  # Seattle: Boise's zone is nearer than Los Angeles
    ("US", 32.90, -97.04, "America/Chicago"),  # Dallas: nearer to Denver
    ("US", 33.64, -84.43, "America/New_York"),  # Atlanta
    ("US", 40.79, -111.98, "America/Denver"),  # Salt Lake City
    ("BR", -29.99, -51.17, "America/Sao_Paulo"),  # Porto Alegre: nearer to Campo Grande
    ("AU", -27.38, 153.12, "Australia/Brisbane"),
    ("AU", -33.95, 151.18, "Australia/Sydney"),
    ("MX", 20.52, -103.31, "America/Mexico_City"),
    ("ID", -8.75, 115.17, "Asia/Makassar"),  # Denpasar
    ("ES", 27.93, -15.39, "Atlantic/Canary"),
    ("PT", 37.74, -25.70, "Atlantic/Azores"),
    ("NZ", -36.99, 174.79, "Pacific/Auckland"),
]


@pytest.mark.parametrize(("country", "latitude", "longitude", "zone"), PLACES)
def test_known_places(country: str, latitude: float, longitude: float, zone: str) -> None:
    assert nearest_timezone(country, (latitude, longitude)) == zone


def test_country_without_a_zone_of_its_own() -> None:
    zone = ZoneInfo(nearest_timezone("XK", (42.57, 21.04)))
    assert zone.utcoffset(dt.datetime(2024, 7, 1)) == dt.timedelta(hours=2)


def test_further_cities_name_zones_of_their_country() -> None:
    cities = _reference_cities()
    for country, zones in _MORE_CITIES.items():
        known, first = cities[country][0], sum(len(places) for places in zones.values())
        own = set(known[: len(known) - first])
        assert set(zones) <= own, country
