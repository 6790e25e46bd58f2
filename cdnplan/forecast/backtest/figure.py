"""A backtest as a picture: a small SVG that needs nothing to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.forecast.backtest.backtest import ORACLE, Backtest

WIDTH, HEIGHT, LEFT, TOP, GAP = 760, 230, 70, 46, 64
COLOURS = ("#0b6e8a", "#c2571a", "#6b6b6b", "#7a5aa6", "#3f7d3a")
"""Dark enough on white, and told apart by people who do not see red and green."""

FONT = 'font-family="sans-serif" font-size="13" role="img"'

Floats = npt.NDArray[np.float64]


def figure(found: Backtest, step: int = 1) -> str:
    """Draw two panels over the cutoffs: volume that came and volume forecast, and WAPE of each model.

    Parameters
    ----------
    found : Backtest
    step : int
        Periods after the cutoff.

    Returns
    -------
    str
        An SVG document.
    """
    models = [name for name, at in found.by_cutoff if at == step and name != ORACLE]
    actual = found.by_cutoff[models[0], step].actual_gb
    volumes = [("came", actual, "#000000")]
    errors = []
    for name, colour in zip(models, COLOURS * (len(models) // len(COLOURS) + 1), strict=False):
        made = found.by_cutoff[name, step]
        volumes.append((name, made.expected_gb, colour))
        errors.append((name, made.wape, colour))
    days = [str(day) for day in found.cutoffs]
    height = 2 * (HEIGHT + GAP) + TOP
    steps = "1 period" if step == 1 else f"{step} periods"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + LEFT + 130}" height="{height}" {FONT}>',
            f"<title>Forecasts of {steps} ahead from {days[0]} to {days[-1]}</title>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *_panel("GB that came and that were expected", volumes, days, TOP),
            *_panel("WAPE of the median forecast", errors, days, TOP + HEIGHT + GAP),
            "</svg>",
            "",
        ]
    )


def write_figure(found: Backtest, path: Path) -> None:
    """Write the picture.

    Raises
    ------
    InputError
        The file cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(figure(found), encoding="utf-8")
    except OSError as error:
        raise InputError([Problem(f"cannot be written: {error.strerror or error}", file=str(path))]) from None


def _panel(title: str, lines: Sequence[tuple[str, Floats, str]], days: Sequence[str], top: int) -> list[str]:
    """Axes, a line for each series, and its name at its end, moved apart where they would overlap."""
    values = np.concatenate([series for _, series, _ in lines])
    finite = values[np.isfinite(values)]
    most = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    x = LEFT + (np.arange(len(days)) + 0.5) * WIDTH / len(days)
    drawn = [f'<text x="{LEFT}" y="{top - 14}" font-weight="bold">{escape(title)}</text>']
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = top + HEIGHT * (1 - part)
        drawn.append(f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>')
        drawn.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_short(most * part)}</text>')
    drawn += [
        f'<text x="{x[i]:.1f}" y="{top + HEIGHT + 18}" text-anchor="middle">{days[i]}</text>'
        for i in sorted({0, len(days) // 2, len(days) - 1})
    ]
    ends = []
    for name, series, colour in lines:
        heights = top + HEIGHT * (1 - np.where(np.isfinite(series), series, 0.0) / most)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, heights, strict=True))
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        ends.append((float(heights[-1]), name, colour))
    below = -np.inf
    for y_end, name, colour in sorted(ends):
        below = max(y_end, below + 16)
        drawn.append(
            f'<text x="{LEFT + WIDTH + 8}" y="{below + 4:.1f}" fill="{colour}">{escape(name)}</text>'
        )
    return drawn


def _short(value: float) -> str:
    """Three digits and a prefix.

    Examples
    --------
    >>> _short(0.5), _short(1234567.0)
    ('0.5', '1.23M')
    """
    for size, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{prefix}"
    return f"{value:.3g}"
