"""Forecasts as the rest of the house asks for them: by the name of a model, as of a date, for a catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.forecast.asked.changes import WithChanges
from cdnplan.forecast.asked.profile_shares import by_title, learn_shares, split
from cdnplan.forecast.base.base import Forecast
from cdnplan.forecast.base.known import known_at
from cdnplan.forecast.base.plausible import check_plausible
from cdnplan.forecast.models.models import MODELS, make_models
from cdnplan.inputs.demand.change_reader import Changes
from cdnplan.inputs.demand.demand_build import Part, gather, silent_regions, to_demand
from cdnplan.inputs.demand.demand_regions import match_regions, region_warnings
from cdnplan.inputs.demand.event_reader import Events
from cdnplan.inputs.demand.file_shares import FileShares
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.launch_reader import Launches
from cdnplan.inputs.demand.titles_reader import TitleTable
from cdnplan.inputs.tables.table_problems import TableProblems
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.period import first_day


def forecast_demand(
    history: History,
    titles: TitleTable,
    as_of: dt.date | None = None,
    horizon: int = 1,
    model: str = "auto",
    *,
    quantiles: Sequence[float] = (),
    launches: Launches | None = None,
    changes: Changes = (),
    events: Events = (),
    files: tuple[Catalog, FileShares] | None = None,
) -> Forecast:
    """Forecast the periods that follow a date, from what was known on it.

    Parameters
    ----------
    history : History
        May go beyond `as_of`; that part is not looked at.
    titles : TitleTable
        The catalogue. Titles of the history that it lacks are not forecast, with a warning. A history by
        file is forecast as it is, file by file, unless `files` tells which title each belongs to.
    as_of : datetime.date or None
        Periods named by it or an earlier date are known; None: all.
    horizon : int
        Number of periods to forecast.
    model : str
        One of `MODELS`.
    quantiles : sequence of float
        Levels in (0, 1) wanted besides the expected value.
    launches : tuple of Launch or None
        A calendar of what will come.
    changes : tuple of Change
        Known changes of regions and titles.
    events : tuple of Event
        Past and future ones.
    files : tuple of Catalog and FileShares, or None
        With a history by file: titles are forecast, and split by shares learned from what was known.

    Returns
    -------
    Forecast

    Raises
    ------
    InputError
        Unknown model, horizon < 1, a level that is none, a date before the history begins, or no title in
        common.
    """
    problems = []
    if model not in MODELS:
        problems.append(Problem(f"unknown model {model!r}", path="model", hint=nearest(model, MODELS)))
    if horizon < 1:
        problems.append(Problem(f"found {horizon}, expected at least 1 period", path="horizon"))
    problems += [
        Problem(f"found {level:g}, expected a number between 0 and 1", path="quantiles")
        for level in quantiles
        if not 0 < level < 1
    ]
    if problems:
        raise InputError(problems)
    whole = history
    learned: FileShares | None = None
    more: tuple[str, ...] = ()
    if files is not None and history.by == "file":
        past = history if as_of is None else history.until(as_of)
        learned = learn_shares(past, *files)
        history, more = by_title(past, files[0])
    known, blind = known_at(history, titles, as_of)
    check_plausible(known)
    (chosen,) = make_models([model], launches, events)
    if changes:
        chosen = WithChanges(chosen, changes)
    forecast = chosen.fit(known, blind).predict(horizon, quantiles)
    source = whole if as_of is None else whole.until(as_of)
    warnings = (*whole.warnings, *forecast.warnings, *more, *_stale(known, as_of))
    forecast = replace(forecast, history_hash=source.digest(), warnings=warnings)
    if files is not None and learned is not None:
        return split(forecast, files[0], learned)
    return forecast if history.by == "file" else _in_catalogue(forecast, titles)


def _stale(history: History, as_of: dt.date | None) -> tuple[str, ...]:
    """Warn of a history that ends long before the date."""
    age = 0 if as_of is None else (as_of - history.last_day).days
    if age < 2 * history.period_days:
        return ()
    return (f"the history ends on {history.last_day}, {age} days before {as_of}",)


def _in_catalogue(forecast: Forecast, titles: TitleTable) -> Forecast:
    """Leave out titles that the catalogue lacks."""
    listed = frozenset(titles.titles)
    known = np.array([name in listed for name in forecast.titles], dtype=bool)
    if known.all():
        return forecast
    kept = known[forecast.title]
    gone = [name for name in forecast.titles if name not in listed]
    if not kept.any():
        problem = f"no title of the history is in the titles table, as {gone[0]!r}"
        raise InputError([Problem(problem, hint=nearest(gone[0], listed))])
    ratio = float(forecast.gb[~kept].sum() / forecast.gb.sum())
    some = f"{len(gone)} titles" if len(gone) > 1 else "1 title"
    warning = f"left out {some} that the titles table lacks, as {gone[0]!r}: {ratio:.1%} of the GB forecast"
    return replace(forecast.take(kept), warnings=(*forecast.warnings, warning))


def forecast_to_demand(
    forecast: Forecast,
    catalog: Catalog,
    shares: FileShares,
    *,
    known: Mapping[str, str],
    wanted: frozenset[str],
    step: int = 1,
) -> tuple[Demand, list[str]]:
    """Turn one period of a forecast into the demand of a topology's regions.

    Parameters
    ----------
    forecast : Forecast
    catalog : Catalog
    shares : FileShares
    known : mapping of str to str
        All demand regions the whole topology draws on → country code.
    wanted : frozenset of str
        Those of them that are planned.
    step : int
        Which period after the cutoff.

    Returns
    -------
    Demand
        The same as `read_demand` makes of the written forecast.
    list of str
        Warnings, those of the forecast included.

    Raises
    ------
    InputError
        All problems: unknown regions, titles that the catalogue lacks, and so on.
    """
    problems = TableProblems("")
    match = match_regions(forecast.regions, known, problems)
    regions = tuple(sorted(wanted))
    row = {name: r for r, name in enumerate(regions)}
    items = catalog.files if forecast.by == "file" else catalog.titles
    index = {name: i for i, name in enumerate(items)}
    rows = forecast.rows(step)
    region = np.array([row.get(name or "", -1) for name in match.known], dtype=np.int32)[
        forecast.region[rows]
    ]
    item = np.array([index.get(name, -1) for name in forecast.titles], dtype=np.int32)[forecast.title[rows]]
    gb = forecast.gb[rows]
    for title in np.unique(forecast.title[rows][(region >= 0) & (item < 0)]):
        name = forecast.titles[title]
        problems.add(
            "unknown",
            f"{name!r} is not a {forecast.by} of the catalogue",
            column=forecast.by,
            hint=lambda name=name: nearest(name, items),  # type: ignore[misc]
        )
    problems.raise_if_any()
    kept = region >= 0
    matrix = gather([Part(region[kept], item[kept], gb[kept].astype(np.float32))], len(regions))
    silent = silent_regions(matrix, regions, problems)
    demand = to_demand(
        matrix,
        regions,
        catalog,
        None if forecast.by == "file" else shares,
        known=known,
        start=first_day(forecast.day(step), forecast.period_days),
        period_days=float(forecast.period_days),
        problems=problems,
    )
    problems.raise_if_any()
    skipped = np.array(match.skipped, dtype=bool)[forecast.region[rows]]
    warnings = region_warnings("forecast", match, silent, float(gb[skipped].sum()), float(gb.sum()))
    return demand, [*forecast.warnings, *warnings]
