"""A rectangle with two axes: where values are in it, round numbers along it, what is written beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cdnplan.charts.marks import line, path, text


def short(value: float) -> str:
    """Three digits and a prefix, for axes.

    Examples
    --------
    >>> short(0.5), short(1234567.0), short(999.9), short(0.0), short(12500)
    ('0.5', '1.23 M', '1 k', '0', '12.5 k')
    """
    for size, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g} {prefix}"
    return f"{value:.3g}"


def round_step(span: float, wanted: int) -> float:
    """Round step, of which about so many make a span.

    Examples
    --------
    >>> round_step(97.0, 4), round_step(0.031, 5)
    (20.0, 0.005)
    """
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.75)


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round numbers within a range.

    Examples
    --------
    >>> ticks(0.0, 97.0), ticks(0.0, 0.0), ticks(0.983, 0.9951)
    ([0.0, 20.0, 40.0, 60.0, 80.0], [0.0], [0.985, 0.99, 0.995])
    """
    if high <= low:
        return [low]
    step = round_step(high - low, wanted)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def decades(least: float, most: float) -> list[float]:
    """Powers of ten within a range, at most eight.

    Examples
    --------
    >>> decades(3.0, 5000.0)
    [10.0, 100.0, 1000.0]
    """
    first, last = math.ceil(math.log10(least) - 1e-9), math.floor(math.log10(most) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / 8))
    return [10.0**power for power in range(first, last + 1, every)]


@dataclass(frozen=True, slots=True)
class Axes:
    """Where values are in a picture; what lies outside of a range is drawn at its edge.

    Parameters
    ----------
    left, top, right, bottom : float
        Edges of the rectangle [px].
    x_range, y_range : (float, float)
        Values at the left and right edge, at the bottom and the top.
    log_x, log_y : bool
        Even ratios instead of even steps.

    Examples
    --------
    >>> Axes(0, 0, 100, 50, (0.0, 10.0), (1.0, 100.0), log_y=True).at(5.0, 10.0)
    (50.0, 25.0)
    """

    left: float
    top: float
    right: float
    bottom: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    log_x: bool = False
    log_y: bool = False

    def x(self, value: float) -> float:
        """Place of a value from left to right [px]."""
        return self.left + (self.right - self.left) * _part(value, self.x_range, self.log_x)

    def y(self, value: float) -> float:
        """Place of a value from bottom to top [px]."""
        return self.bottom - (self.bottom - self.top) * _part(value, self.y_range, self.log_y)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Place of a pair of values [px]."""
        return self.x(x), self.y(y)

    def rows(self, values: Iterable[float], words: Callable[[float], str] = short) -> list[str]:
        """Lines across, each with its value on the left."""
        drawn = []
        for value in values:
            drawn.append(line(self.left, self.y(value), self.right, self.y(value), "grid"))
            drawn.append(text(self.left - 8, self.y(value) + 5, words(value), "axis", "end"))
        return drawn

    def columns(self, values: Iterable[float], words: Callable[[float], str] = short) -> list[str]:
        """Values below the rectangle, at their places."""
        return [text(self.x(v), self.bottom + 20, words(v), "axis", "middle") for v in values]

    def upright(self, value: float, words: str) -> list[str]:
        """Line from bottom to top at a value, with words on its left."""
        x = self.x(value)
        return [
            line(x, self.top, x, self.bottom, "today"),
            text(x - 6, self.top + 14, words, "axis", "end"),
        ]

    def periods(self, days: Sequence[str]) -> list[str]:
        """Names of the first, the middle and the last of periods that share the rectangle's width."""
        named = sorted({0, len(days) // 2, len(days) - 1})
        return self.columns([k + 0.5 for k in named], lambda value: days[int(value)])

    def over_periods(self, values: Iterable[float], css: str) -> str:
        """Line over such periods; nothing where all is NaN, a dash where there is one value."""
        points = [self.at(k + 0.5, float(v)) for k, v in enumerate(values) if math.isfinite(v)]
        if len(points) == 1:
            points = [(points[0][0] - 6, points[0][1]), (points[0][0] + 6, points[0][1])]
        return path(points, css) if points else ""

    def names(self, ends: Iterable[tuple[float, str, str]]) -> list[str]:
        """Names of lines beside the right edge: (value at its end, name, class), moved apart."""
        drawn, below = [], -math.inf
        for y, name, css in sorted((self.y(value), name, css) for value, name, css in ends):
            below = max(y, below + 16)
            drawn.append(text(self.right + 8, below + 4, name, css))
        return drawn


def _part(value: float, ends: tuple[float, float], log: bool) -> float:
    low, high = ends
    value = min(max(value, low), high)
    if log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)
