"""`cdnplan forecast`: from history to a demand table."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cdnplan.forecast.base.base import Forecast


class SummaryFormat(StrEnum):
    """How the summary on stdout is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def forecast(
    history: Annotated[
        Path, typer.Option(metavar="H", help="What was asked for: date, region, title or file, gb.")
    ],
    titles: Annotated[Path, typer.Option(metavar="F", help="Titles: title, kind, launch_date.")],
    out: Annotated[
        Path,
        typer.Option(
            metavar="D", help="Demand table to write: .parquet, .csv or .csv.gz; replaced if there."
        ),
    ],
    as_of: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE",
            formats=["%Y-%m-%d"],
            help="Use only periods named by this date or earlier ones; default: all.",
        ),
    ] = None,
    horizon: Annotated[int, typer.Option(metavar="N", min=1, help="Number of periods to forecast.")] = 1,
    model: Annotated[
        str,
        typer.Option(
            metavar="M",
            help="auto: what pairs like each one did next; recent: weighted recent periods, aged; "
            "seasonal: the same weekday, or week of last year; last: the last period again.",
        ),
    ] = "auto",
    quantiles: Annotated[
        str,
        typer.Option(
            metavar="Q,…", help="Levels written besides the expected value, as 0.1,0.5,0.9; model auto."
        ),
    ] = "",
    launches: Annotated[
        Path | None,
        typer.Option(
            metavar="L",
            help="Launch calendar: title, launch_date, kind, genre, language, like, …; model auto.",
        ),
    ] = None,
    changes: Annotated[
        Path | None,
        typer.Option(metavar="C", help="Known changes: change, region, title, start, end, factor, like."),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(
            metavar="E", help="Events behind and ahead: event, start, end, region, title; model auto."
        ),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option(
            metavar="FILES", help="With a history by file: files table, to forecast titles and split them."
        ),
    ] = None,
    top: Annotated[int, typer.Option(metavar="N", min=0, help="Titles in the summary.")] = 10,
    fmt: Annotated[
        SummaryFormat, typer.Option("--format", help="Format of the summary.")
    ] = SummaryFormat.TABLE,
) -> None:
    """Forecast what every region will ask for, write it as a demand table, and list its top titles."""
    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.forecast.asked.demand_table import write_forecast
    from cdnplan.forecast.asked.run import forecast_demand
    from cdnplan.inputs.demand.catalog_reader import read_catalog
    from cdnplan.inputs.demand.change_reader import read_changes
    from cdnplan.inputs.demand.event_reader import read_events
    from cdnplan.inputs.demand.history_reader import read_history
    from cdnplan.inputs.demand.launch_reader import read_launches
    from cdnplan.inputs.demand.titles_reader import read_titles
    from cdnplan.inputs.tables.table_writer import check_table_path
    from cdnplan.inputs.tables.together import both

    check_table_path(out)
    levels = _levels(quantiles)
    (past, (listed, parts)), (calendar, (known, days)) = both(
        lambda: both(
            lambda: read_history(history),
            lambda: both(
                lambda: read_titles(titles),
                lambda: read_catalog(titles, files) if files else None,
            ),
        ),
        lambda: both(
            lambda: read_launches(launches) if launches else None,
            lambda: both(
                lambda: read_changes(changes) if changes else (),
                lambda: read_events(events) if events else (),
            ),
        ),
    )
    made = forecast_demand(
        past,
        listed,
        as_of.date() if as_of else None,
        horizon,
        model,
        quantiles=levels,
        launches=calendar,
        changes=known,
        events=days,
        files=parts,
    )
    write_forecast(made, out)
    for warning in made.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    sys.stderr.write(
        f"{out}: {made.gb.sum():,.0f} GB for {made.span()}, known to {made.cutoff}; "
        f"{len(made.titles):,} {made.by}s, {len(made.regions):,} regions, {made.gb.size:,} rows\n"
    )
    print_table((made.by, "gb", "share_ratio", "regions"), _top(made, top), fmt.value)


def _levels(text: str) -> tuple[float, ...]:
    """Levels of quantiles, increasing, each once."""
    from cdnplan.errors import InputError, Problem

    found = set()
    problems = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.add(float(part))
        except ValueError:
            problems.append(Problem(f"found {part!r}, expected numbers as 0.1,0.5,0.9", path="quantiles"))
    if problems:
        raise InputError(problems)
    return tuple(sorted(found))


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
