"""The curve of hardware cost over what is reached, as a small SVG that reads on light and on dark paper."""

from __future__ import annotations

import numpy as np

from cdnplan.charts.axes import Axes, ticks
from cdnplan.charts.marks import document, mark, path, text
from cdnplan.whatif.size.size import SizingResult, curve_goals, worst

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 320, 84, 24, 40, 56


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
    low, high = min([*xs, goal.wanted]), max([*xs, goal.wanted])
    pad = 0.04 * (high - low) or max(abs(high), 1.0) * 0.04
    x_range = (low - pad, high + pad)
    axes = Axes(LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM, x_range, (0.0, 1.08 * most))
    shown = "{:.2%}".format if goal.kind == "offload" else "{:,.6g}".format
    name = goal.label if goal.failed is None else f"{goal.kind}, any one site failed"
    unit = "" if goal.kind == "offload" else f" [{goal.unit}]"
    drawn = [
        *axes.rows(ticks(0.0, most, 5), "{:,.10g}".format),
        *axes.columns(ticks(*x_range, 6), shown),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, name + unit, anchor="middle"),
        text(LEFT, TOP - 18, "price of additions [currency]:"),
        text(LEFT + 190, TOP - 18, "● cheapest found", "key-line-a"),
        text(LEFT + 310, TOP - 18, "– – no set costs less", "key-line-b"),
        *axes.upright(goal.wanted, "wanted"),
    ]
    for points, css in ((below, "line-b"), (steps, "line-a")):
        if len(points) > 1:
            drawn.append(path((axes.at(*point) for point in points), css))
    for a, b in steps:
        words = f"{shown(a)}: {b:,.0f}"
        drawn.append(mark("circle", "key-line-a", words, cx=axes.x(a), cy=axes.y(b), r=3.5))
    return document(WIDTH, HEIGHT, f"{result.problem.sizing.name}: price of hardware by {name}", drawn)
