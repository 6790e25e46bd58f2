"""Places of an appliance list: rows of one ISP, or one exchange point, in one city, under a readable name."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.inputs.appliance_list.appliance_list import ListedAppliance
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Location, SiteKind

SAME_CITY_KM = 200.0
"""Rows of one city's name and country that are further apart are different cities (Portland, Oregon
and Maine); the airports of a metropolis are at most half as far apart."""

_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "þ": "th"})


@dataclass(frozen=True, slots=True)
class Place:
    """Appliances of one kind and one ISP in one city.

    `isp` and `city` are slugs; `isp` is empty at an exchange point and where the list names none.
    """

    kind: SiteKind
    country: str
    city: str
    isp: str
    location: Location
    appliances: int

    @property
    def slug(self) -> str:
        """Readable name, as ``ixp-amsterdam-nl``; almost always unique."""
        owner = "ixp" if self.kind == "ixp" else self.isp or "unnamed"
        return f"{owner}-{self.city}-{self.country.lower()}"


def slug(text: str) -> str:
    """Lower-case ASCII letters, digits and single hyphens; may come out empty.

    Examples
    --------
    >>> slug("São José do Rio-Prêto / Sul")
    'sao-jose-do-rio-preto-sul'
    """
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return re.sub(r"[^a-z0-9]+", "-", "".join(c for c in plain if not unicodedata.combining(c))).strip("-")


def group_places(rows: Iterable[ListedAppliance]) -> list[Place]:
    """Group rows into places, whatever their order.

    Parameters
    ----------
    rows : iterable of ListedAppliance
        Each with a country.

    Returns
    -------
    list of Place
        Sorted by country, exchange points first, city, ISP.
    """
    cities: dict[tuple[str, str], list[ListedAppliance]] = {}
    for row in rows:
        cities.setdefault((row.country, _label(row.city or row.airport)), []).append(row)
    groups: dict[tuple[str, bool, str, str], list[Location]] = {}
    for (country, city), members in cities.items():
        for name, part in _parts_of_city(city, members):
            for row in part:
                owner = _label(row.isp) if row.isp else ""
                groups.setdefault((country, row.kind != "ixp", name, owner), []).append(row.location)
    return [
        Place("embedded" if embedded else "ixp", country, city, isp, centroid(locations), len(locations))
        for (country, embedded, city, isp), locations in sorted(groups.items())
    ]


def centroid(locations: Sequence[Location]) -> Location:
    """Middle of places on the globe, safe across the date line, rounded to 0.001 degrees (100 m).

    Examples
    --------
    >>> centroid([(-18.0, 179.0), (-18.0, -179.0)])
    (-18.003, 180.0)
    """
    x, y, z = [], [], []
    for latitude, longitude in locations:
        up, east = math.radians(latitude), math.radians(longitude)
        x.append(math.cos(up) * math.cos(east))
        y.append(math.cos(up) * math.sin(east))
        z.append(math.sin(up))
    # fsum is exact, so the order of rows cannot show in the last digit.
    sums = math.fsum(x), math.fsum(y), math.fsum(z)
    latitude = math.degrees(math.atan2(sums[2], math.hypot(sums[0], sums[1])))
    longitude = math.degrees(math.atan2(sums[1], sums[0]))
    return round(latitude, 3) + 0.0, round(longitude, 3) + 0.0


def unique_names(wanted: Iterable[str], taken: set[str]) -> list[str]:
    """Give each a name nobody has: the wanted one, or with -2, -3, … appended; `taken` is left as it was.

    Examples
    --------
    >>> unique_names(["a", "b", "a"], {"b"})
    ['a', 'b-2', 'a-2']
    """
    known, names = set(taken), []
    for name in wanted:
        number, free = 1, name
        while free in known:
            number += 1
            free = f"{name}-{number}"
        known.add(free)
        names.append(free)
    return names


def _label(text: str) -> str:
    """Slug, or for names without a Latin letter their code points, which at least tells them apart."""
    return slug(text) or "u" + "-".join(f"{ord(c):x}" for c in text.casefold())


def _parts_of_city(city: str, rows: Sequence[ListedAppliance]) -> list[tuple[str, list[ListedAppliance]]]:
    """Rows of one city's name as one city, or as several with the airport's code in the name."""
    spots = sorted({row.location for row in rows})
    group_of = dict(zip(spots, _far_apart(spots), strict=True))
    parts: dict[int, list[ListedAppliance]] = {}
    for row in rows:
        parts.setdefault(group_of[row.location], []).append(row)
    if len(parts) == 1:
        return [(city, list(rows))]
    labels = []
    for number, part in sorted(parts.items()):
        codes = Counter(slug(row.airport) for row in part if slug(row.airport))
        best = min(codes, key=lambda code: (-codes[code], code)) if codes else str(number + 1)
        labels.append(f"{city}-{best}")
    return list(zip(unique_names(labels, set()), [parts[number] for number in sorted(parts)], strict=True))


def _far_apart(spots: Sequence[Location]) -> list[int]:
    """Number the groups of spots that no chain of steps of at most `SAME_CITY_KM` connects."""
    points = np.array(spots)
    near = distance_km(points[:, None], points[None]) <= SAME_CITY_KM
    group = np.full(len(spots), -1)
    for first in range(len(spots)):
        if group[first] >= 0:
            continue
        reached = near[first]
        while True:
            further = near[reached].any(axis=0)
            if further.sum() == reached.sum():
                break
            reached = further
        group[reached] = group.max() + 1
    return [int(number) for number in group]
