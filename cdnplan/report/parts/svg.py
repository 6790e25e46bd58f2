"""Small parts of SVG pictures: scales, ticks, numbers as people read them; colours are the page's style."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape


def number(value: float) -> str:
    """Coordinate with one decimal, as short as possible.

    Examples
    --------
    >>> number(12.0), number(0.25), number(-0.04)
    ('12', '0.2', '0')
    """
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


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


def ticks(most: float, wanted: int = 4) -> list[float]:
    """Round numbers from 0 up to about a largest value.

    Examples
    --------
    >>> ticks(97.0), ticks(0.0)
    ([0.0, 20.0, 40.0, 60.0, 80.0], [0.0])
    """
    if most <= 0:
        return [0.0]
    raw = most / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.75)
    return [i * step for i in range(int(most / step * (1 + 1e-9)) + 1)]


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


def text(x: float, y: float, words: str, css: str = "", anchor: str = "") -> str:
    """Words at a place; `anchor` as in SVG."""
    kind = f' class="{css}"' if css else ""
    side = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{number(x)}" y="{number(y)}"{kind}{side}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """Straight line."""
    return f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" class="{css}"/>'


def path(points: Iterable[tuple[float, float]], css: str, *, closed: bool = False) -> str:
    """Line through points, or a closed shape."""
    steps = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return f'<path d="M{steps}{"Z" if closed else ""}" class="{css}"/>'


def picture(width: float, height: float, label: str, parts: Iterable[str], css: str = "") -> str:
    """Whole picture, which screen readers meet as one image with a description."""
    kind = f' class="{css}"' if css else ""
    inner = "".join(parts)
    return (
        f'<svg viewBox="0 0 {number(width)} {number(height)}" role="img" aria-label="{escape(label)}"{kind}>'
        f"{inner}</svg>"
    )


def bar(parts: Iterable[tuple[float, str]]) -> str:
    """Bar of a table's row: parts as ratios of its length, with their classes; the numbers are beside it."""
    drawn, at = [], 0.0
    for share, css in parts:
        width = max(0.0, share) * 100.0
        if width > 0.004:
            drawn.append(f'<rect x="{at:.2f}" width="{width:.2f}" height="10" class="{css}"/>')
        at += width
    inner = "".join(drawn)
    return (
        f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{inner}</svg>'
    )
