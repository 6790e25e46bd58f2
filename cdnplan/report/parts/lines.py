"""Lines over time, each named at its end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cdnplan.model.instance.instance import Floats
from cdnplan.report.parts.html import legend
from cdnplan.report.parts.svg import line, path, picture, text

WIDE, HIGH, LEFT, RIGHT, TOP, LOW = 720.0, 300.0, 70.0, 20.0, 18.0, 40.0
STYLES = ("line-a", "line-b", "line-c", "line-d", "line-e")
"""Colours and dashes, told apart without colour too."""


def ratio_lines(label: str, days: Sequence[str], series: Sequence[tuple[str, Floats]]) -> str:
    """Draw ratios over periods, up to five lines; the axis begins at a round percentage below the least.

    Parameters
    ----------
    label : str
        What it shows, for screen readers.
    days : sequence of str
        Names of the periods.
    series : sequence of (str, (n_periods,) float64)
        NaN where a line has nothing.
    """
    values = np.concatenate([each for _, each in series])
    values = values[np.isfinite(values)]
    least = float(values.min()) if values.size else 0.0
    most = float(values.max()) if values.size else 1.0
    step = next(
        s for s in (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if (most - least) / s <= 5
    )
    low = step * np.floor(least / step)
    high = max(low + step, step * np.ceil(most / step))
    width, height = WIDE - LEFT - RIGHT, HIGH - TOP - LOW

    def x(i: int) -> float:
        return LEFT + width * ((i + 0.5) / len(days))

    def y(ratio: float) -> float:
        return float(TOP + height * (1 - (ratio - low) / (high - low)))

    parts = []
    for k in range(round((high - low) / step) + 1):
        tick = low + k * step
        parts.append(line(LEFT, y(tick), WIDE - RIGHT, y(tick), "grid"))
        parts.append(text(LEFT - 8, y(tick) + 5, f"{tick * 100:.4g}%", "axis", "end"))
    named = sorted({0, len(days) // 2, len(days) - 1})
    parts += [text(x(i), HIGH - LOW + 22, days[i], "axis", "middle") for i in named]
    for (_, each), css in zip(series, STYLES, strict=False):
        points = [(x(i), y(float(v))) for i, v in enumerate(each) if np.isfinite(v)]
        if len(points) == 1:
            points = [(points[0][0] - 6, points[0][1]), (points[0][0] + 6, points[0][1])]
        if points:
            parts.append(path(points, css))
    keys = legend([(f"key-{css}", name) for (name, _), css in zip(series, STYLES, strict=False)])
    return keys + picture(WIDE, HIGH, label, parts, "chart")
