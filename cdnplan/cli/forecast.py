"""`cdnplan forecast`: from history to a demand table."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cdnplan.cli.terminal.options import taking, warn
from cdnplan.cli.terminal.tables import TableFormat
from cdnplan.commands.forecast import ForecastOptions

if TYPE_CHECKING:
    from cdnplan.forecast.base.base import Forecast


@taking(ForecastOptions)
def forecast(
    options: ForecastOptions,
    top: Annotated[int, typer.Option(metavar="N", min=0, help="Titles in the summary.")] = 10,
    fmt: Annotated[TableFormat, typer.Option("--format", help="Format of the summary.")] = "table",
) -> None:
    """Forecast what every region will ask for, write it as a demand table, and list its top titles."""
    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.commands.forecast import forecast as run

    made = run(options)
    for warning in made.warnings:
        warn(warning)
    sys.stderr.write(
        f"{options.out}: {made.gb.sum():,.0f} GB for {made.span()}, known to {made.cutoff}; "
        f"{len(made.titles):,} {made.by}s, {len(made.regions):,} regions, {made.gb.size:,} rows\n"
    )
    print_table((made.by, "gb", "share_ratio", "regions"), _top(made, top), fmt)


def _top(made: Forecast, n: int) -> list[tuple[str, float, float, int]]:
    """Titles with most GB: name, GB, share of all GB, number of regions."""
    import numpy as np

    from cdnplan.inputs.demand.history import ROWS_AT_ONCE

    n_titles = len(made.titles)
    gb = np.zeros(n_titles)
    there = np.zeros((len(made.regions), n_titles), dtype=bool)
    for first in range(0, made.gb.size, ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        gb += np.bincount(made.title[rows], made.gb[rows], minlength=n_titles)
        there[made.region[rows], made.title[rows]] = True
    regions = there.sum(axis=0)
    order = np.argsort(-gb, kind="stable")[:n]
    return [(made.titles[t], round(float(gb[t]), 1), float(gb[t] / gb.sum()), int(regions[t])) for t in order]
