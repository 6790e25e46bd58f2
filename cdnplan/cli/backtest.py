"""`cdnplan backtest`: models compared on what came after past cutoffs."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cdnplan.cli.terminal.options import taking, warn
from cdnplan.cli.terminal.tables import TableFormat
from cdnplan.commands.backtest import BacktestOptions

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


@taking(BacktestOptions)
def backtest(
    options: BacktestOptions,
    fmt: Annotated[TableFormat, typer.Option("--format", help="Format of the comparison.")] = "table",
) -> None:
    """Forecast from past cutoffs with several models, and compare with what came.

    The last model in the list is perfect foresight. No model sees anything later than its cutoff.
    """
    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.commands.backtest import backtest as run

    found = run(options, warn, _tell)
    hidden = frozenset() if fmt != "table" else _FOR_PROGRAMS
    hidden |= frozenset() if options.segments else _SEGMENT
    columns = [name for name in COLUMNS if name not in hidden]
    rows = [[row[name] for name in columns] for row in _rows(found, options.segments)]
    print_table(columns, rows, fmt)


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
