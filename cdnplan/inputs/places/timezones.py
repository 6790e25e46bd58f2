"""The IANA time zone of a place, without a map: that of the nearest reference city of its country.

Reference cities are the one city per zone of the public-domain ``zone.tab`` that comes with the `tzdata`
package, and for countries with several zones, where one city per zone is too few, the cities below.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Location

_MORE_CITIES: dict[str, dict[str, tuple[Location, ...]]] = {
    "AU": {
        "Australia/Brisbane": ((-16.9, 145.8), (-19.3, 146.8), (-23.4, 150.5), (-28.0, 153.4)),
        "Australia/Sydney": ((-35.3, 149.1), (-32.9, 151.8), (-31.1, 150.9), (-35.1, 147.4), (-30.3, 153.1)),
        "Australia/Melbourne": ((-36.8, 144.3), (-36.1, 146.9), (-38.4, 142.5)),
        "Australia/Adelaide": ((-37.8, 140.8), (-34.2, 140.7), (-33.0, 137.6)),
        "Australia/Darwin": ((-23.7, 133.9),),
        "Australia/Perth": ((-30.7, 121.5), (-35.0, 117.9), (-18.0, 122.2), (-20.7, 116.8)),
    },
    "BR": {
        "America/Sao_Paulo": (
            *((-30.0, -51.2), (-25.4, -49.3), (-27.6, -48.5), (-23.3, -51.2), (-27.1, -52.6), (-28.3, -52.4)),
            *((-29.7, -53.7), (-31.8, -52.3), (-29.8, -57.1), (-25.5, -54.5), (-22.9, -43.2), (-19.9, -43.9)),
            *((-20.3, -40.3), (-21.2, -50.4), (-20.8, -49.4), (-22.1, -51.4), (-18.9, -48.3), (-16.7, -49.3)),
            *((-15.8, -47.9), (-17.8, -51.0), (-16.7, -43.9), (-13.1, -49.3), (-21.8, -48.2), (-24.0, -52.4)),
        ),
        "America/Campo_Grande": ((-22.2, -54.8), (-19.0, -57.7), (-20.8, -51.7)),
        "America/Cuiaba": ((-16.5, -54.6), (-11.9, -55.5), (-15.9, -52.3)),
        "America/Bahia": ((-14.9, -40.8), (-12.2, -45.0), (-17.5, -39.7), (-16.4, -39.1)),
        "America/Recife": ((-9.4, -40.5), (-7.2, -35.9)),
        "America/Fortaleza": ((-5.1, -42.8), (-2.5, -44.3), (-5.5, -47.5), (-5.8, -35.2)),
        "America/Belem": ((-5.4, -49.1), (-6.1, -50.0), (-8.0, -50.0), (0.0, -51.1)),
    },
    "CA": {
        "America/Toronto": (
            *((45.4, -75.7), (45.5, -73.6), (46.8, -71.2), (48.4, -89.2), (46.5, -81.0), (46.5, -84.3)),
            *((43.0, -81.2), (48.4, -71.1), (48.4, -68.5), (50.2, -66.4), (48.5, -81.3), (49.8, -77.6)),
        ),
        "America/Edmonton": ((51.0, -114.1), (49.7, -112.8), (50.0, -110.7), (55.2, -118.8), (56.7, -111.4)),
        "America/Vancouver": ((49.9, -119.5), (50.7, -120.3), (53.9, -122.7), (48.4, -123.4), (54.5, -128.6)),
        "America/Regina": ((52.1, -106.7), (53.2, -105.8), (49.1, -103.0)),
        "America/Winnipeg": ((49.8, -99.9), (55.7, -97.9), (49.8, -94.5), (50.1, -91.9)),
        "America/Halifax": ((46.2, -60.0), (46.2, -63.1), (43.8, -66.1)),
        "America/Moncton": ((45.3, -66.1), (45.9, -66.6), (47.6, -65.6)),
        "America/St_Johns": ((48.9, -54.6), (49.0, -58.0)),
    },
    "CD": {"Africa/Kinshasa": ((-5.8, 13.5), (0.0, 18.3)), "Africa/Lubumbashi": ((-10.7, 25.5), (0.5, 25.2))},
    "CL": {"America/Santiago": ((-41.5, -72.9), (-36.8, -73.0), (-38.7, -72.6), (-23.7, -70.4))},
    "ES": {"Europe/Madrid": ((36.7, -4.5), (37.4, -5.9), (36.5, -6.3), (37.2, -3.6), (36.8, -2.4))},
    "ID": {
        "Asia/Jakarta": (
            (-7.3, 112.7),
            (-7.0, 110.4),
            (-8.0, 112.6),
            (3.6, 98.7),
            (-3.0, 104.8),
            (1.1, 104.0),
        ),
        "Asia/Makassar": ((-8.7, 115.2), (-3.4, 114.8), (-1.3, 116.9), (1.5, 124.9), (-10.2, 123.6)),
        "Asia/Pontianak": ((-2.2, 113.9),),
        "Asia/Jayapura": ((-3.7, 128.1), (-0.9, 131.3), (-4.5, 136.9)),
    },
    "KZ": {"Asia/Almaty": ((51.2, 71.4), (49.8, 73.1), (42.3, 69.6), (50.0, 82.6))},
    "MN": {"Asia/Ulaanbaatar": ((49.5, 105.9), (49.6, 100.2), (46.4, 108.4))},
    "MX": {
        "America/Mexico_City": (
            *((20.7, -103.3), (21.1, -101.7), (22.2, -101.0), (21.9, -102.3), (25.5, -103.4), (24.0, -104.7)),
            *((22.3, -97.9), (19.2, -96.1), (18.0, -92.9), (16.8, -93.1), (17.1, -96.7), (16.9, -99.9)),
            *((19.7, -101.2), (19.2, -103.7), (20.6, -97.5), (18.1, -94.5), (20.8, -105.2), (22.8, -102.6)),
        ),
        "America/Monterrey": ((25.4, -101.0), (26.9, -101.4), (23.7, -99.1)),
        "America/Mazatlan": ((24.8, -107.4), (25.8, -109.0), (24.1, -110.3), (23.1, -109.7), (21.5, -104.9)),
        "America/Hermosillo": ((27.5, -109.9), (31.3, -110.9)),
        "America/Tijuana": ((32.6, -115.5), (31.9, -116.6)),
    },
    "PG": {"Pacific/Port_Moresby": ((-6.7, 147.0), (-5.8, 144.3))},
    "RU": {
        "Europe/Moscow": (
            *(
                (59.9, 30.3),
                (55.8, 49.1),
                (47.2, 39.7),
                (45.0, 39.0),
                (56.3, 44.0),
                (51.7, 39.2),
                (43.1, 45.7),
            ),
            *((64.5, 40.5), (69.0, 33.1), (61.7, 50.8), (53.2, 45.0)),
        ),
        "Asia/Yekaterinburg": ((55.2, 61.4), (54.7, 56.0), (58.0, 56.2), (57.2, 65.5), (61.3, 73.4)),
        "Asia/Vladivostok": ((48.5, 135.1),),
    },
    "US": {
        "America/New_York": (
            *((33.6, -84.4), (32.5, -84.9), (35.0, -85.2), (36.0, -84.0), (35.2, -80.9), (33.9, -81.1)),
            *((32.1, -81.2), (30.4, -84.3), (30.5, -81.7), (28.4, -81.3), (28.0, -82.5), (25.8, -80.3)),
            *((40.5, -80.2), (41.4, -81.8), (40.0, -82.9), (39.1, -84.6), (38.9, -77.5), (37.5, -77.4)),
            *((42.9, -78.7), (42.4, -71.0), (43.6, -70.3), (38.4, -81.6), (35.9, -78.8), (40.2, -76.8)),
            *((44.8, -68.8), (41.0, -85.2), (46.5, -84.4)),
        ),
        "America/Chicago": (
            *((29.8, -95.4), (32.9, -97.0), (29.5, -98.5), (26.2, -98.2), (32.0, -102.2), (33.6, -101.8)),
            *((35.2, -101.7), (29.4, -100.9), (27.8, -97.5), (35.4, -97.6), (36.2, -95.9), (37.0, -101.0)),
            *((37.6, -97.4), (38.9, -99.3), (39.3, -94.7), (37.2, -93.4), (38.7, -90.4), (38.8, -92.2)),
            *((41.3, -95.9), (40.9, -98.3), (41.1, -100.7), (41.5, -93.7), (42.0, -91.7), (43.6, -96.7)),
            *((44.4, -100.3), (44.9, -93.2), (46.9, -96.8), (48.2, -101.3), (46.8, -92.2), (44.5, -88.1)),
            *((34.7, -92.2), (35.0, -90.0), (36.1, -86.7), (35.6, -88.9), (37.1, -88.8), (38.0, -87.5)),
            *((36.9, -86.4), (34.6, -86.8), (33.6, -86.8), (32.3, -86.4), (30.7, -88.2), (30.5, -87.2)),
            *((30.2, -85.7), (32.3, -90.1), (30.0, -90.3), (30.2, -92.0), (32.4, -93.8), (40.5, -88.9)),
        ),
        "America/Denver": (
            *((40.8, -112.0), (40.2, -111.7), (37.0, -113.5), (40.4, -109.5), (35.0, -106.6), (36.7, -108.2)),
            *((31.8, -106.4), (33.3, -104.5), (39.1, -108.5), (38.8, -104.7), (41.2, -104.8), (42.9, -106.5)),
            *((45.8, -108.5), (47.5, -111.4), (48.2, -106.6), (46.9, -114.1), (43.5, -112.1), (42.6, -114.5)),
            *((44.1, -103.1), (48.3, -114.3)),
        ),
        "America/Phoenix": ((32.1, -110.9), (35.1, -111.7), (32.7, -114.6), (35.2, -114.6), (31.4, -110.8)),
        "America/Los_Angeles": (
            *((47.4, -122.3), (45.6, -122.6), (47.6, -117.5), (46.6, -120.5), (44.3, -121.2), (44.1, -123.2)),
            *((42.4, -122.9), (40.5, -122.3), (38.7, -121.6), (37.4, -121.9), (36.8, -119.7), (39.5, -119.8)),
            *((36.1, -115.2), (40.8, -115.8), (32.7, -117.2), (46.4, -117.0), (47.8, -116.8), (33.8, -116.5)),
        ),
        "America/Anchorage": ((64.8, -147.9),),
    },
}
"""Further reference cities of countries with several zones: country -> zone -> (latitude, longitude)."""

_COORDINATES = re.compile(r"([+-]\d{2})(\d{2})(\d{2})?([+-]\d{3})(\d{2})(\d{2})?")


def nearest_timezone(country: str, location: Location) -> str:
    """Time zone of the reference city of a country that is nearest to a place.

    A guess that can be an hour off near a zone's border. A country without a zone of its own in the
    table, as Kosovo, gets the zone of the nearest reference city anywhere.

    Parameters
    ----------
    country : str
        ISO 3166 alpha-2 code.
    location : (float, float)
        Latitude and longitude [degrees].

    Returns
    -------
    str
        IANA name.

    Examples
    --------
    >>> nearest_timezone("US", (32.9, -97.0))
    'America/Chicago'
    """
    cities = _reference_cities()
    zones, places = cities[country] if country in cities else cities[""]
    return zones[int(np.argmin(distance_km(places, np.array(location))))]


def km_to_country(country: str, location: Location) -> float:
    """Distance of a place to the nearest reference city of a country [km]; 0 for a country that has none.

    Examples
    --------
    >>> km_to_country("DE", (48.1, 11.6)) < 300 < 5000 < km_to_country("DE", (11.6, 48.1))
    True
    """
    cities = _reference_cities()
    if not country or country not in cities:
        return 0.0
    return float(distance_km(cities[country][1], np.array(location)).min())


def km_abroad(country: str, location: Location) -> float:
    """Distance of a place to the nearest reference city of any other country [km]."""
    others = [places for other, (_, places) in _reference_cities().items() if other not in ("", country)]
    return float(distance_km(np.concatenate(others), np.array(location)).min())


@lru_cache(maxsize=1)
def _reference_cities() -> dict[str, tuple[list[str], npt.NDArray[np.float64]]]:
    """Zones and their cities' coordinates by country; under "" those of the whole world."""
    found: dict[str, list[tuple[str, Location]]] = {}
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, coordinates, zone = line.split("\t")[:3]
            found.setdefault(country, []).append((zone, _degrees(coordinates)))
    for country, zones in _MORE_CITIES.items():
        for zone, places in zones.items():
            found[country] += [(zone, place) for place in places]
    found[""] = [city for country in sorted(found) for city in found[country]]
    return {
        country: ([zone for zone, _ in cities], np.array([place for _, place in cities]))
        for country, cities in found.items()
    }


def _degrees(text: str) -> Location:
    """Read ISO 6709 coordinates, ``+DDMM[SS]+DDDMM[SS]``, as degrees."""
    match = _COORDINATES.fullmatch(text)
    if match is None:
        message = f"tzdata's zone.tab has coordinates {text!r}, expected ±DDMM[SS]±DDDMM[SS]"
        raise ValueError(message)
    numbers = match.groups(default="0")
    both = []
    for degrees, minutes, seconds in (numbers[:3], numbers[3:]):
        size = abs(int(degrees)) + int(minutes) / 60 + int(seconds) / 3600
        both.append(-size if degrees.startswith("-") else size)
    return both[0], both[1]
