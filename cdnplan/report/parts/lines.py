"""Lines over time, each named in a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cdnplan.charts.axes import Axes, round_step, ticks
from cdnplan.charts.marks import picture
from cdnplan.charts.style import LINES
from cdnplan.model.instance.instance import Floats
from cdnplan.report.parts.html import legend

WIDE, HIGH, LEFT, RIGHT, TOP, LOW = 720.0, 300.0, 70.0, 20.0, 18.0, 40.0


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
    least, most = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    step = round_step(max(most - least, 0.0005), 4)
    low = step * math.floor(least / step)
    high = max(low + step, step * math.ceil(most / step))
    axes = Axes(LEFT, TOP, WIDE - RIGHT, HIGH - LOW, (0.0, len(days)), (low, high))
    parts = [*axes.rows(ticks(low, high, 4), lambda ratio: f"{ratio * 100:.4g}%"), *axes.periods(days)]
    parts += [axes.over_periods(each, css) for (_, each), css in zip(series, LINES, strict=False)]
    keys = legend([(f"key-{css}", name) for (name, _), css in zip(series, LINES, strict=False)])
    return keys + picture(WIDE, HIGH, label, parts, "chart")
