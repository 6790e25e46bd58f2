"""`cdnplan backtest`: models compared on what came after past cutoffs."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdnplan.cli.forecast import SummaryFormat

if TYPE_CHECKING:
    from cdnplan.forecast.backtest.backtest import Backtest

COLUMNS = (
    "model",
    "step",
    "by",
    "segment",
    "pairs",
    "actual_gb",
    "wape",
    "wape_expected",
    "bias",
    "pinball",
    "coverage_80_ratio",
    "coverage_95_ratio",
    "byte_hit_ratio",
    "wape_above_last",
    "standard_error",
    "fit_seconds",
)
"""Columns of the table; people are not shown all of them."""

_FOR_PROGRAMS = frozenset({"pairs", "actual_gb"})
_SEGMENT = frozenset({"by", "segment"})


def backtest(
    history: Annotated[
        Path, typer.Option(metavar="H", help="What was asked for: date, region, title or file, gb.")
    ],
    titles: Annotated[Path, typer.Option(metavar="F", help="Titles: title, kind, launch_date, size_gb.")],
    cutoffs: Annotated[
        int, typer.Option(metavar="N", min=1, help="Number of cutoffs, the latest ones.")
    ] = 10,
    horizon: Annotated[int, typer.Option(metavar="N", min=1, help="Periods forecast from each cutoff.")] = 1,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="M", help="Model to compare, may be repeated; default: all of them."),
    ] = None,
    cache_gb: Annotated[
        float, typer.Option(metavar="GB", help="Cache of each region that is filled by the forecast.")
    ] = 400.0,
    segments: Annotated[
        bool, typer.Option("--segments", help="Also by age, by rank and by size of region.")
    ] = False,
    figure: Annotated[
        Path | None, typer.Option(metavar="SVG", help="Draw forecast against actual, and errors, by cutoff.")
    ] = None,
    launches: Annotated[
        Path | None, typer.Option(metavar="L", help="Launch calendar; of each cutoff, what it lists ahead.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option(metavar="E", help="Events; of each cutoff, what they did until then.")
    ] = None,
    fmt: Annotated[
        SummaryFormat, typer.Option("--format", help="Format of the comparison.")
    ] = SummaryFormat.TABLE,
) -> None:
    """Forecast from past cutoffs with several models, and compare with what came.

    The last model in the list is perfect foresight. No model sees anything later than its cutoff.
    """
    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.errors import InputError, Problem
    from cdnplan.forecast.backtest.backtest import backtest as run
    from cdnplan.forecast.backtest.figure import write_figure
    from cdnplan.forecast.models.models import make_models
    from cdnplan.inputs.demand.event_reader import read_events
    from cdnplan.inputs.demand.history_reader import read_history
    from cdnplan.inputs.demand.launch_reader import read_launches
    from cdnplan.inputs.demand.titles_reader import read_titles
    from cdnplan.inputs.tables.together import both

    if not cache_gb > 0:
        raise InputError([Problem(f"found {cache_gb:g}, expected a number > 0", path="cache-gb")])
    if figure is not None and figure.suffix.lower() != ".svg":
        raise InputError([Problem("expected a name that ends in .svg", file=str(figure))])
    (past, listed), (calendar, days) = both(
        lambda: both(lambda: read_history(history), lambda: read_titles(titles)),
        lambda: both(
            lambda: read_launches(launches) if launches else None,
            lambda: read_events(events) if events else (),
        ),
    )
    for warning in past.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    chosen = make_models(model, calendar, days)
    found = run(
        past,
        listed,
        chosen,
        cutoffs=cutoffs,
        horizon=horizon,
        cache_gb=cache_gb,
        progress=_tell,
    )
    if figure is not None:
        write_figure(found, figure)
    hidden = frozenset() if fmt is not SummaryFormat.TABLE else _FOR_PROGRAMS
    hidden |= frozenset() if segments else _SEGMENT
    columns = [name for name in COLUMNS if name not in hidden]
    rows = [[row[name] for name in columns] for row in _rows(found, segments)]
    print_table(columns, rows, fmt.value)


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _rows(found: Backtest, segments: bool) -> list[dict[str, object]]:
    """One row per model, step and segment."""
    rows: list[dict[str, object]] = []
    for score in found.scores:
        whole = score.by == "all"
        if not whole and not segments:
            continue
        against = (
            found.compared(score.model, "last", score.step)
            if whole and ("last", score.step) in found.by_cutoff
            else (None, None)
        )
        numbers = {
            "wape": score.wape,
            "wape_expected": score.wape_expected,
            "bias": score.bias,
            "pinball": score.pinball,
            "coverage_80_ratio": score.coverage_80,
            "coverage_95_ratio": score.coverage_95,
            "byte_hit_ratio": score.byte_hit,
            "wape_above_last": against[0],
            "standard_error": against[1],
            "fit_seconds": found.fit_seconds.get(score.model) if whole else None,
        }
        rows.append(
            {
                "model": score.model,
                "step": score.step,
                "by": score.by,
                "segment": score.segment,
                "pairs": score.pairs,
                "actual_gb": score.actual_gb,
                **{name: _rounded(value) for name, value in numbers.items()},
            }
        )
    return rows


def _rounded(value: float | None) -> float | None:
    """Four digits: more would be noise."""
    return None if value is None or math.isnan(value) else round(value, 4)
