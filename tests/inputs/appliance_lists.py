"""A small invented list of appliances, in the columns of the public one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

HEADER = "Provider,City,Country,Status,IP Version,Airport Code,ISP Name,CDN Type,Latitude,Longitude"


def row(city: str, country: str, airport: str, isp: str, latitude: float, longitude: float) -> str:
    """One active IPv4 row; without an ISP it is one at an exchange point."""
    kind = "ISP" if isp else "IXP"
    return f'Any,{city},"{country}",Active,IPv4,{airport},{isp},{kind},{latitude},{longitude}'


ROWS = (
    row("Amsterdam", "Netherlands", "AMS", "", 52.309, 4.765),
    row("Amsterdam", "Netherlands", "AMS", "", 52.311, 4.767),
    row("Amsterdam", "Netherlands", "AMS", "", 52.310, 4.766),
    row("Frankfurt-am-Main", "Germany", "FRA", "", 50.03, 8.57),
    row("Brussels", "Belgium", "BRU", "", 50.90, 4.48),
    row("Paris", "France", "CDG", "", 49.01, 2.55),
    row("London", "United Kingdom", "LHR", "", 51.47, -0.46),
    row("New York", "United States", "JFK", "", 40.64, -73.78),
    row("Rotterdam", "Netherlands", "RTM", "Oranje Net", 51.95, 4.43),
    row("Rotterdam", "Netherlands", "RTM", "Oranje Net", 51.95, 4.43),
    row("Rotterdam", "Netherlands", "RTM", "Oranje Net", 51.95, 4.43),
    row("Rotterdam", "Netherlands", "RTM", "Oranje Net", 51.95, 4.43),
    row("Groningen", "Netherlands", "GRQ", "Oranje Net", 53.12, 6.58),
    row("Maastricht", "Netherlands", "MST", "Oranje Net", 50.91, 5.77),
    row("Eindhoven", "Netherlands", "EIN", "Oranje Net", 51.45, 5.37),
    row("Rotterdam", "Netherlands", "RTM", "Fjord & Søn", 51.95, 4.43),
    row("Portland", "United States", "PDX", "Pine Cable", 45.59, -122.60),
    row("Portland", "United States", "PWM", "Pine Cable", 43.65, -70.31),
    row("Valencia", "Spain", "VLC", "Sol", 39.49, -0.48),
    row("Valencia", "Venezuela, Bolivarian Republic of", "VLN", "Sol", 10.15, -67.93),
    row("Windhoek", "NA", "WDH", "Namib", -22.48, 17.47),
    row("Rotterdam", "Netherlands", "RTM", "Oranje Net", 51.95, 4.43).replace("IPv4", "IPv6"),
    row("Groningen", "Netherlands", "GRQ", "Oranje Net", 53.12, 6.58).replace("IPv4", "IPv6"),
    row("Delft", "Netherlands", "RTM", "Gone", 52.0, 4.36).replace("Active", "Retired"),
)
"""21 appliances: 8 at exchange points, 13 inside ISPs; two IPv6 rows and a retired one."""


def write_list(path: Path, rows: Sequence[str] = ROWS, header: str = HEADER) -> Path:
    """Write a list and return its path."""
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path
