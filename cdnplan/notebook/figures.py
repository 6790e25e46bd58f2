"""Small figures as SVG, which notebooks show by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdnplan.charts.marks import document, mark, text
from cdnplan.charts.projection import fitted

WIDTH, ROW, LABEL = 760, 20, 300
"""Width of a figure, height of a bar's row, and room for its label [px]."""


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
    parts = [text(4, 16, title, "title")]
    for i, (label, value) in enumerate(zip(labels, values, strict=True)):
        y, width = 26 + i * ROW, room * abs(value) / most
        css = "key-line-a" if value >= 0 else "key-line-b"
        parts.append(text(LABEL - 8, y + 13, _short(label), anchor="end"))
        parts.append(mark("rect", css, x=LABEL, y=y + 2, width=width, height=14))
        parts.append(text(LABEL + width + 6, y + 13, f"{value:,.4g} {unit}".strip(), "axis"))
    return Figure(document(WIDTH, 34 + ROW * len(labels), title, parts))


def world(title: str, points: Sequence[tuple[float, float, float, str, bool]]) -> Figure:
    """Draw places by latitude and longitude, as large as they weigh.

    Parameters
    ----------
    title : str
    points : sequence of (latitude, longitude, weight, label, marked)
        Degrees; areas go by weight; marked ones are drawn in another colour.
    """
    place = fitted((p[:2] for p in points), 10, 26, WIDTH - 20, 420)
    most = max((p[2] for p in points), default=1.0) or 1.0
    parts = [text(4, 16, title, "title")]
    for latitude, longitude, weight, label, marked in sorted(points, key=lambda p: -p[2]):
        x, y = place.xy((latitude, longitude))
        radius = 2.0 + 9.0 * (max(weight, 0.0) / most) ** 0.5
        parts.append(mark("circle", "key-line-b" if marked else "key-line-a", label, cx=x, cy=y, r=radius))
    return Figure(document(WIDTH, 40 + place.height, title, parts))


def _short(label: str) -> str:
    return label if len(label) <= 44 else f"{label[:43]}…"
