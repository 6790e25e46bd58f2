"""`forecast`: from history to a demand table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cdnplan.commands.option import AnyPath, Day, Option, optional_path
from cdnplan.errors import InputError, Problem

if TYPE_CHECKING:
    from cdnplan.forecast.base.base import Forecast


def levels(text: str) -> tuple[float, ...]:
    """Levels of quantiles, separated by commas."""
    found = []
    problems = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(float(part))
        except ValueError:
            problems.append(Problem(f"found {part!r}, expected numbers as 0.1,0.5,0.9", path="quantiles"))
    if problems:
        raise InputError(problems)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ForecastOptions:
    """What to forecast from, and how.

    Parameters
    ----------
    history : path
        What was asked for: date, region, title or file, gb.
    titles : path
        Titles: title, kind, launch_date.
    out : path or None
        Demand table to write: .parquet, .csv or .csv.gz; replaced if there.
    as_of : datetime.date or None
        Use only periods named by this date or earlier ones; default: all.
    horizon : int
        Number of periods to forecast.
    model : str
        auto: what pairs like each one did next; recent: weighted recent periods, aged; seasonal: the same
        weekday, or week of last year; last: the last period again.
    quantiles : sequence of float
        Levels written besides the expected value, as 0.1,0.5,0.9; model auto.
    launches : path or None
        Launch calendar: title, launch_date, kind, genre, language, like, …; model auto.
    changes : path or None
        Known changes: change, region, title, start, end, factor, like.
    events : path or None
        Events behind and ahead: event, start, end, region, title; model auto.
    files : path or None
        With a history by file: files table, to forecast titles and split them.
    """

    history: Annotated[AnyPath, Option("H")]
    titles: Annotated[AnyPath, Option("F")]
    out: Annotated[AnyPath | None, Option("D", required=True)] = None
    as_of: Day = None
    horizon: Annotated[int, Option("N", least=1)] = 1
    model: Annotated[str, Option("M")] = "auto"
    quantiles: Annotated[Sequence[float], Option("Q,…", read=levels)] = ()
    launches: Annotated[AnyPath | None, Option("L")] = None
    changes: Annotated[AnyPath | None, Option("C")] = None
    events: Annotated[AnyPath | None, Option("E")] = None
    files: Annotated[AnyPath | None, Option("FILES")] = None


def forecast(options: ForecastOptions) -> Forecast:
    """Forecast, and write the demand table where that is wanted.

    Parameters
    ----------
    options : ForecastOptions

    Returns
    -------
    Forecast

    Raises
    ------
    InputError
        All problems of the tables, or of the options.
    """
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

    out, titles = optional_path(options.out), Path(options.titles)
    if out is not None:
        check_table_path(out)
    (past, (listed, parts)), (calendar, (known, days)) = both(
        lambda: both(
            lambda: read_history(Path(options.history)),
            lambda: both(
                lambda: read_titles(titles),
                lambda: read_catalog(titles, Path(options.files)) if options.files else None,
            ),
        ),
        lambda: both(
            lambda: read_launches(Path(options.launches)) if options.launches else None,
            lambda: both(
                lambda: read_changes(Path(options.changes)) if options.changes else (),
                lambda: read_events(Path(options.events)) if options.events else (),
            ),
        ),
    )
    made = forecast_demand(
        past,
        listed,
        options.as_of,
        options.horizon,
        options.model,
        quantiles=tuple(sorted(set(options.quantiles))),
        launches=calendar,
        changes=known,
        events=days,
        files=parts,
    )
    if out is not None:
        write_forecast(made, out)
    return made
