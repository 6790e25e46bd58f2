"""A backtest as a picture: a small SVG that needs nothing to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cdnplan.charts.axes import Axes, ticks
from cdnplan.charts.marks import document, text
from cdnplan.charts.style import LINES
from cdnplan.errors import InputError, Problem
from cdnplan.forecast.backtest.backtest import ORACLE, Backtest

WIDTH, HEIGHT, LEFT, TOP, GAP = 760, 230, 70, 46, 64

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
    volumes = [("came", actual, "came", "")]
    errors = []
    for name, css in zip(models, LINES * (len(models) // len(LINES) + 1), strict=False):
        made = found.by_cutoff[name, step]
        volumes.append((name, made.expected_gb, css, f"key-{css}"))
        errors.append((name, made.wape, css, f"key-{css}"))
    days = [str(day) for day in found.cutoffs]
    steps = "1 period" if step == 1 else f"{step} periods"
    return document(
        WIDTH + LEFT + 130,
        2 * (HEIGHT + GAP) + TOP,
        f"Forecasts of {steps} ahead from {days[0]} to {days[-1]}",
        [
            *_panel("GB that came and that were expected", volumes, days, TOP),
            *_panel("WAPE of the median forecast", errors, days, TOP + HEIGHT + GAP),
        ],
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


def _panel(
    title: str, lines: Sequence[tuple[str, Floats, str, str]], days: Sequence[str], top: int
) -> list[str]:
    """Axes, and a line for each (name, values, class, class of its name), named at its end."""
    values = np.concatenate([series for _, series, _, _ in lines])
    finite = values[np.isfinite(values)]
    most = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    axes = Axes(LEFT, top, LEFT + WIDTH, top + HEIGHT, (0.0, len(days)), (0.0, most))
    shown = [(name, np.nan_to_num(series, posinf=0.0), css, key) for name, series, css, key in lines]
    return [
        text(LEFT, top - 14, title, "title"),
        *axes.rows(ticks(0.0, most)),
        *axes.periods(days),
        *(axes.over_periods(series, css) for _, series, css, _ in shown),
        *axes.names((float(series[-1]), name, key) for name, series, _, key in shown),
    ]
