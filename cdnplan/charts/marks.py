"""Marks of SVG pictures and the pictures around them; every text is escaped here, colours are a style's."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from cdnplan.charts.style import STYLE


def number(value: float) -> str:
    """Coordinate with one decimal, as short as possible.

    Examples
    --------
    >>> number(12.0), number(0.25), number(-0.04)
    ('12', '0.2', '0')
    """
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def mark(kind: str, css: str, words: str = "", **places: float | str) -> str:
    """Any element of SVG.

    Parameters
    ----------
    kind : str
        Its name: ``rect``.
    css : str
        Classes.
    words : str
        What is said of it when a pointer rests on it.
    **places : float or str
        Attributes; numbers are coordinates.

    Examples
    --------
    >>> mark("circle", "dot", "A & B", cx=1.25, cy=2, r=3)
    '<circle cx="1.2" cy="2" r="3" class="dot"><title>A &amp; B</title></circle>'
    """
    found = {k: escape(v) if isinstance(v, str) else number(v) for k, v in places.items()}
    attributes = "".join(f' {key}="{value}"' for key, value in found.items())
    inner = f"><title>{escape(words)}</title></{kind}>" if words else "/>"
    return f'<{kind}{attributes} class="{css}"{inner}'


def text(x: float, y: float, words: str, css: str = "", anchor: str = "") -> str:
    """Words at a place; `anchor` as in SVG."""
    kind = f' class="{css}"' if css else ""
    side = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{number(x)}" y="{number(y)}"{kind}{side}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, css: str, words: str = "", **more: float | str) -> str:
    """Straight line."""
    return mark("line", css, words, x1=x1, y1=y1, x2=x2, y2=y2, **more)


def path(points: Iterable[tuple[float, float]], css: str) -> str:
    """Line through points."""
    return mark("path", css, d="M" + " ".join(f"{number(x)},{number(y)}" for x, y in points))


def dots(points: Iterable[tuple[float, float]], css: str) -> str:
    """Many points in one path: a line of no length with round ends is a dot. Nothing where there are none."""
    drawn = "".join(f"M{number(x)} {number(y)}h0" for x, y in points)
    return mark("path", css, d=drawn) if drawn else ""


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


def picture(width: float, height: float, label: str, parts: Iterable[str], css: str = "") -> str:
    """Picture within a page, whose style it takes; screen readers meet one image with a description."""
    kind = f' class="{css}"' if css else ""
    size = f'viewBox="0 0 {number(width)} {number(height)}"'
    return f'<svg {size} role="img" aria-label="{escape(label)}"{kind}>{"".join(parts)}</svg>'


def document(width: float, height: float, label: str, parts: Iterable[str]) -> str:
    """Picture that stands alone, in notebooks too, in light or dark colours by the reader's setting."""
    size = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" class="cdnplan-chart">',
        f"<title>{escape(label)}</title>",
        f"<style>{STYLE}</style>",
        '<rect class="paper" width="100%" height="100%"/>',
    )
    return "\n".join([*head, *parts, "</svg>", ""])
