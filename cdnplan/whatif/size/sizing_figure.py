"""The curve of hardware cost over what is reached, as a small SVG that reads on light and on dark paper."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from cdnplan.whatif.size.size import SizingResult, curve_goals, worst

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 320, 84, 24, 40, 56
STYLE = """
    .paper { fill: #ffffff } text { fill: #222222 } .grid { stroke: #dddddd } .axis { stroke: #222222 }
    .found { stroke: #0b6e8a } .dot { fill: #0b6e8a } .bound { stroke: #c2571a } .wanted { stroke: #6b6b6b }
    .ink1 { fill: #0b6e8a } .ink2 { fill: #c2571a }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #15181c } text { fill: #e6e6e6 } .grid { stroke: #3a3f45 } .axis { stroke: #e6e6e6 }
      .found { stroke: #5cc3e0 } .dot { fill: #5cc3e0 } .bound { stroke: #f0975c } .wanted { stroke: #a8a8a8 }
      .ink1 { fill: #5cc3e0 } .ink2 { fill: #f0975c }
    }
"""
"""Colours that people who do not see red and green tell apart; by the reader's setting, light or dark."""


def figure(result: SizingResult) -> str:
    """Draw the curve: price of the cheapest sets found, and what is proven that they cost at least.

    Parameters
    ----------
    result : SizingResult

    Returns
    -------
    str
        An SVG document.
    """
    goals = curve_goals(result.problem.sizing)
    goal = goals[0]
    start = [(worst(result.now, goals), 0.0, 0.0)] if result.now.reached else []
    found = [(p.wanted, p.found.best.price) for p in result.curve if p.found.best is not None]
    bound = [(p.wanted, p.found.lower) for p in result.curve if np.isfinite(p.found.lower)]
    steps = [(x, price) for x, price, _ in start] + found
    below = [(x, lower) for x, _, lower in start] + bound
    xs = [x for x, _ in steps + below] or [goal.wanted]
    most = max([y for _, y in steps + below], default=1.0) or 1.0
    scale = _Scale(min([*xs, goal.wanted]), max([*xs, goal.wanted]), most)
    ratio = goal.kind == "offload"
    name = escape(goal.label if goal.failed is None else f"{goal.kind}, any one site failed")
    unit = "" if ratio else f" [{goal.unit}]"
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    key = '<tspan class="ink1">● cheapest found</tspan> <tspan class="ink2">– – no set costs less</tspan>'
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(result.problem.sizing.name)}: price of hardware by {name}</title>",
        f"<style>{STYLE}</style>",
        '<rect class="paper" width="100%" height="100%"/>',
        *scale.grid(ratio=ratio),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{name}{unit}</text>',
        f'<text x="{LEFT}" y="{TOP - 18}">price of additions [currency]: {key}</text>',
    ]
    x = scale.x(goal.wanted)
    drawn.append(
        f'<line class="wanted" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"'
        ' stroke-dasharray="2 3"/>'
    )
    drawn.append(f'<text x="{x - 4:.1f}" y="{TOP + 12}" text-anchor="end">wanted</text>')
    drawn += _line(scale, below, "bound", ' stroke-dasharray="6 4"')
    drawn += _line(scale, steps, "found", "")
    drawn += [
        f'<circle class="dot" cx="{scale.x(a):.1f}" cy="{scale.y(b):.1f}" r="3.5">'
        f"<title>{_number(a, ratio=ratio)}: {b:,.0f}</title></circle>"
        for a, b in steps
    ]
    return "\n".join([*drawn, "</svg>", ""])


class _Scale:
    """From values to places."""

    def __init__(self, low: float, high: float, most: float) -> None:
        pad = 0.04 * (high - low) or max(abs(high), 1.0) * 0.04
        self._low, self._high, self._most = low - pad, high + pad, most

    def x(self, value: float) -> float:
        part = (value - self._low) / (self._high - self._low)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / (1.08 * self._most) * (HEIGHT - BOTTOM - TOP)

    def grid(self, *, ratio: bool) -> list[str]:
        """Lines and labels."""
        lines = []
        for value in _ticks(0.0, self._most, 5):
            y = self.y(value)
            lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,.10g}</text>')
        bottom = HEIGHT - BOTTOM
        for value in _ticks(self._low, self._high, 6):
            x = self.x(value)
            shown = _number(value, ratio=ratio)
            lines.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{shown}</text>')
        lines.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>')
        return lines


def _line(scale: _Scale, points: Sequence[tuple[float, float]], kind: str, more: str) -> list[str]:
    if len(points) < 2:
        return []
    listed = " ".join(f"{scale.x(a):.1f},{scale.y(b):.1f}" for a, b in points)
    return [f'<polyline class="{kind}" points="{listed}" fill="none" stroke-width="2"{more}/>']


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Round values within a range.

    Examples
    --------
    >>> _ticks(0.0, 42000.0, 5)
    [0.0, 10000.0, 20000.0, 30000.0, 40000.0]
    """
    span = max(high - low, 1e-12)
    step = 10.0 ** np.floor(np.log10(span / about))
    step = next(step * part for part in (1, 2, 5, 10) if span / (step * part) <= about)
    first = np.ceil(low / step - 1e-9)
    return [float(round(k * step, 12)) + 0.0 for k in np.arange(first, np.floor(high / step + 1e-9) + 1)]


def _number(value: float, *, ratio: bool) -> str:
    return f"{value:.2%}" if ratio else f"{value:,.6g}"
