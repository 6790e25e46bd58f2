"""Small figures as SVG, which notebooks show by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDTH, ROW, LABEL = 760, 20, 300
"""Width of a figure, height of a bar's row, and room for its label [px]."""
BLUE, ORANGE, GREY = "#3b6ea8", "#d9822b", "#777777"


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing.

    Parameters
    ----------
    svg : str
        The whole image.
    """

    svg: str

    def _repr_svg_(self) -> str:
        """Notebooks call this."""
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write it to a file."""
        Path(path).write_text(self.svg, encoding="utf-8")


def bars(title: str, labels: Sequence[str], values: Sequence[float], unit: str = "") -> Figure:
    """Draw horizontal bars, one for each label, from the first down.

    Parameters
    ----------
    title : str
    labels : sequence of str
    values : sequence of float
        Bars of negative ones are drawn in another colour.
    unit : str
    """
    most = max((abs(value) for value in values), default=0.0) or 1.0
    room = WIDTH - LABEL - 110
    lines = [_text(4, 16, title, bold=True)]
    for i, (label, value) in enumerate(zip(labels, values, strict=True)):
        y = 26 + i * ROW
        width = room * abs(value) / most
        colour = BLUE if value >= 0 else ORANGE
        lines.append(_text(LABEL - 8, y + 13, _short(label), anchor="end"))
        lines.append(f'<rect x="{LABEL}" y="{y + 2}" width="{width:.1f}" height="14" fill="{colour}"/>')
        lines.append(_text(LABEL + width + 6, y + 13, f"{value:,.4g} {unit}".strip(), colour=GREY))
    return _figure(lines, 34 + ROW * len(labels))


def world(title: str, points: Sequence[tuple[float, float, float, str, bool]]) -> Figure:
    """Draw places by latitude and longitude, as large as they weigh.

    Parameters
    ----------
    title : str
    points : sequence of (latitude, longitude, weight, label, marked)
        Degrees; areas go by weight; marked ones are drawn in another colour.
    """
    north = max((p[0] for p in points), default=60.0) + 2.0
    south = min((p[0] for p in points), default=-60.0) - 2.0
    west = min((p[1] for p in points), default=-180.0) - 2.0
    east = max((p[1] for p in points), default=180.0) + 2.0
    scale = min((WIDTH - 20) / (east - west), 420 / (north - south))
    most = max((p[2] for p in points), default=1.0) or 1.0
    lines = [_text(4, 16, title, bold=True)]
    for latitude, longitude, weight, label, marked in sorted(points, key=lambda p: -p[2]):
        x, y = 10 + (longitude - west) * scale, 26 + (north - latitude) * scale
        radius = 2.0 + 9.0 * (max(weight, 0.0) / most) ** 0.5
        colour = ORANGE if marked else BLUE
        lines.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.6">'
            f"<title>{escape(label)}</title></circle>"
        )
    return _figure(lines, int(40 + (north - south) * scale))


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", bold: bool = False, colour: str = "#222"
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(text)}</text>'
    )


def _short(label: str) -> str:
    return label if len(label) <= 44 else f"{label[:43]}…"


def _figure(lines: Sequence[str], height: int) -> Figure:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">'
    )
    return Figure("\n".join([head, *lines, "</svg>"]))
