"""Places on the globe to places on a page: Mercator, cut where there is least, fitted to what is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cdnplan.charts.marks import line, text
from cdnplan.model.network.geo import EARTH_RADIUS_KM
from cdnplan.model.network.topology import Location

MOST_LATITUDE = 80.0
"""Mercator has no poles; nobody watches there."""
LEAST_SPAN = 1.2
"""A network in one city still gets a map of so many degrees."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Mercator projection [1]_ onto a rectangle of a page.

    Parameters
    ----------
    west, east : float
        Edges [degrees]; east is above 180 where the map crosses that line.
    south, north : float
        Edges [degrees].
    left, top, width, height : float
        The rectangle [px].

    References
    ----------
    .. [1] J. P. Snyder, "Map Projections: A Working Manual", USGS Professional Paper 1395, 1987, page 38.
    """

    west: float
    east: float
    south: float
    north: float
    left: float
    top: float
    width: float
    height: float

    def xy(self, location: Location) -> tuple[float, float]:
        """Place of a location on the page [px]."""
        latitude, longitude = location
        longitude = self.west + (longitude - self.west) % 360.0
        x = self.left + (longitude - self.west) / (self.east - self.west) * self.width
        low, high = mercator(self.south), mercator(self.north)
        y = self.top + (high - mercator(latitude)) / (high - low) * self.height
        return x, y

    @property
    def px_per_radian(self) -> float:
        """Scale of longitude, and of `mercator` of latitude."""
        return self.width / math.radians(self.east - self.west)

    def px_per_km(self) -> float:
        """Scale in the middle of the page."""
        middle = (mercator(self.south) + mercator(self.north)) / 2
        latitude = math.atan(math.sinh(middle))
        km = math.radians(self.east - self.west) * EARTH_RADIUS_KM * math.cos(latitude)
        return self.width / km


def mercator(latitude: float) -> float:
    """Height of a latitude above the equator on Mercator's map, where a radian of longitude is 1."""
    bounded = max(-MOST_LATITUDE, min(MOST_LATITUDE, latitude))
    return math.asinh(math.tan(math.radians(bounded)))


def _unmercator(y: float) -> float:
    return math.degrees(math.atan(math.sinh(y)))


def fitted(
    locations: Iterable[Location], left: float, top: float, width: float, most_height: float
) -> Projection:
    """Fit a projection to locations.

    Parameters
    ----------
    locations : iterable of (latitude, longitude)
        Degrees; where there are none, the map shows the world.
    left, top, width, most_height : float
        Where the map may be [px]. It is as high as it needs to be at this width; where that is too high, it
        shows more to the west and east instead.
    """
    places = list(locations) or [(-60.0, -170.0), (0.0, -60.0), (0.0, 60.0), (75.0, 170.0)]
    west, east = _longitudes([longitude for _, longitude in places])
    low = min(mercator(latitude) for latitude, _ in places)
    high = max(mercator(latitude) for latitude, _ in places)
    middle, span = (west + east) / 2, max(east - west, LEAST_SPAN)
    center, rise = (low + high) / 2, max(high - low, math.radians(LEAST_SPAN) / 2)
    span, rise = span * 1.08, rise * 1.12
    span = max(span, math.degrees(rise) * width / most_height)
    rise = max(rise, math.radians(span) * 0.45)
    height = width * rise / math.radians(span)
    return Projection(
        *(middle - span / 2, middle + span / 2),
        *(_unmercator(center - rise / 2), _unmercator(center + rise / 2)),
        *(left, top, width, height),
    )


def _longitudes(longitudes: Sequence[float]) -> tuple[float, float]:
    """West and east edge that leave out the widest stretch without anything."""
    found = sorted({longitude % 360.0 for longitude in longitudes})
    gaps = [(found[i] - found[i - 1]) % 360.0 or 360.0 for i in range(len(found))]
    start = max(range(len(found)), key=lambda i: gaps[i])
    west = found[start]
    span = 360.0 - gaps[start]
    west = west - 360.0 if west >= 180.0 else west
    return west, west + span


def graticule(place: Projection) -> list[str]:
    """Meridians and parallels at round degrees, with their degrees at the lower and the left edge."""
    meridians, parallels = grid_lines(place)
    right, bottom = place.left + place.width, place.top + place.height
    drawn = []
    for k, degrees in enumerate(meridians):
        x, _ = place.xy((0.0, degrees))
        drawn.append(line(x, place.top, x, bottom, "grid"))
        if x <= right - 36:
            words = _degrees((degrees + 180) % 360 - 180, "E", "W")
            drawn.append(text(x + 3, bottom - 4, words, "degree minor" if k % 2 else "degree"))
    for degrees in parallels:
        _, y = place.xy((degrees, place.west))
        drawn.append(line(place.left, y, right, y, "grid"))
        drawn.append(text(place.left + 3, y - 3, _degrees(degrees, "N", "S"), "degree"))
    return drawn


def _degrees(value: float, positive: str, negative: str) -> str:
    return f"{abs(value):g}°{positive if value > 0 else negative if value < 0 else ''}"


def grid_lines(projection: Projection) -> tuple[list[float], list[float]]:
    """Meridians and parallels worth drawing, at round degrees: four to twelve each."""
    span = projection.east - projection.west
    step = next((s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30) if span / s <= 12), 60)
    meridians = _multiples(projection.west, projection.east, step)
    parallels = _multiples(projection.south, projection.north, step)
    return meridians, parallels


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(i * step, 6) for i in range(first, last + 1)]
