"""Forecast against what came: a plan's demand beside a history table of the same period."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from cdnplan.charts.axes import Axes, decades, short
from cdnplan.charts.marks import bar, dots, line, picture, text
from cdnplan.errors import InputError, Problem
from cdnplan.forecast.backtest.losses import wape
from cdnplan.inputs.demand.demand_regions import match_regions
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.tables.table_problems import TableProblems
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.report.parts.html import Section, bar_table, figure, legend, paragraph
from cdnplan.report.parts.labels import percent, volume
from cdnplan.report.parts.sheet import NumberColumn, Sheet, TextColumn
from cdnplan.report.sections.figures import signed_figure
from cdnplan.report.tables.facts import PlanFacts
from cdnplan.report.tables.tables_network import most_first

BARS = 12
DOTS = 2_000
"""Titles drawn, those with most bytes."""
SIDE, LEFT, TOP, LOW, RIGHT = 420.0, 78.0, 28.0, 44.0, 16.0


def actual_tables(facts: PlanFacts, path: Path) -> tuple[Sheet, Sheet]:
    """Set the demand that was planned beside what came.

    Parameters
    ----------
    facts : PlanFacts
    path : Path
        History table with the plan's period.

    Returns
    -------
    regions, titles : Sheet
        By region of the demand table and by title: ``forecast_gb``, ``actual_gb``, ``error_gb``; for regions
        also ``wape_ratio``, the sum of the errors of their titles over what came.

    Raises
    ------
    InputError
        The table cannot be read, or has nothing of the period, or names regions nobody knows.
    """
    return _tables(read_history(path), facts, path)


def _tables(history: History, facts: PlanFacts, path: Path) -> tuple[Sheet, Sheet]:
    rows = _rows(history, facts, path)
    region, names = _regions(history, facts, path)
    title, titles = _titles(history, facts)
    kept = rows[region[history.region[rows]] >= 0]
    n = len(titles)
    size = len(names) * n
    key = region[history.region[kept]] * n + title[history.title[kept]]
    shape = (len(names), n)
    came = np.bincount(key, history.gb[kept], minlength=size).astype(np.float64).reshape(shape)
    asked = np.bincount(_planned_keys(facts, n), facts.demand.gb, minlength=size)
    planned = asked.astype(np.float64).reshape(shape)
    return _regions_sheet(names, planned, came), _titles_sheet(titles, planned.sum(axis=0), came.sum(axis=0))


def _rows(history: History, facts: PlanFacts, path: Path) -> Ints:
    """Rows of the history that lie in the plan's period."""
    plan = facts.files.plan
    # How many days before the plan's last one each period ends.
    early = np.array([(plan.end - history.day(t)).days for t in range(history.n_periods)])
    inside = np.flatnonzero((early >= 0) & (early + history.period_days <= math.ceil(plan.days)))
    rows = np.flatnonzero(np.isin(history.period, inside))
    if rows.size == 0:
        each = "days" if history.period_days == 1 else f"periods of {history.period_days} days"
        first, last = history.span(0), history.span(history.n_periods - 1)
        found = f"found {each}, {first} the first and {last} the last"
        message = f"nothing that came lies within {plan.period}: {found}"
        raise InputError([Problem(message, file=str(path))])
    return rows


def _regions(history: History, facts: PlanFacts, path: Path) -> tuple[Ints, tuple[str, ...]]:
    """Row of the plan's demand for each region of the history, -1 for those the plan has not; their names."""
    known = {region.demand.region: region.country for region in facts.topology.regions}
    problems = TableProblems(str(path))
    match = match_regions(history.regions, known, problems)
    problems.raise_if_any()
    names = facts.demand.regions
    index = {name: i for i, name in enumerate(names)}
    return np.array([index.get(name or "", -1) for name in match.known], dtype=np.int64), names


def _titles(history: History, facts: PlanFacts) -> tuple[Ints, tuple[str, ...]]:
    """Title of each name of the history, those the catalogue lacks at the end; all titles."""
    catalog = facts.catalog
    titles = catalog.titles
    index = {name: i for i, name in enumerate(titles)}
    if history.by == "file":
        index = dict(zip(catalog.files, catalog.file_title.tolist(), strict=True))
    new = tuple(name for name in history.titles if name not in index)
    index |= {name: len(titles) + i for i, name in enumerate(new)}
    return np.array([index[name] for name in history.titles], dtype=np.int64), (*titles, *new)


def _planned_keys(facts: PlanFacts, n_titles: int) -> Ints:
    demand = facts.demand
    row = np.repeat(np.arange(len(demand.regions)), np.diff(demand.ptr))
    return np.asarray(row * n_titles + facts.catalog.file_title[demand.file], dtype=np.int64)


def _regions_sheet(names: tuple[str, ...], planned: Floats, came: Floats) -> Sheet:
    forecast, actual = planned.sum(axis=1), came.sum(axis=1)
    columns = (
        TextColumn.of("region", names),
        NumberColumn("forecast_gb", forecast),
        NumberColumn("actual_gb", actual),
        NumberColumn("error_gb", actual - forecast),
        NumberColumn("wape_ratio", np.array([wape(a, p) for a, p in zip(came, planned, strict=True)]), 4),
    )
    return Sheet("forecast-regions", columns).take(most_first(np.maximum(forecast, actual), names))


def _titles_sheet(titles: tuple[str, ...], forecast: Floats, actual: Floats) -> Sheet:
    columns = (
        TextColumn.of("title", titles),
        NumberColumn("forecast_gb", forecast),
        NumberColumn("actual_gb", actual),
        NumberColumn("error_gb", actual - forecast),
    )
    order = most_first(np.abs(actual - forecast), titles)
    return Sheet("forecast-titles", columns).take(order[np.maximum(forecast, actual)[order] > 0])


def actual_section(facts: PlanFacts, path: Path) -> tuple[Section, list[Sheet]]:
    """Section on the forecast, and its tables.

    Parameters
    ----------
    facts : PlanFacts
    path : Path
        As `actual_tables` takes it.

    Raises
    ------
    InputError
        As `actual_tables`.
    """
    history = read_history(path)
    regions, titles = _tables(history, facts, path)
    forecast, actual = float(titles.numbers("forecast_gb").sum()), float(titles.numbers("actual_gb").sum())
    pairs = float(
        (regions.numbers("wape_ratio") * regions.numbers("actual_gb"))[regions.numbers("actual_gb") > 0].sum()
    )
    share = pairs / actual if actual > 0 else 0.0
    new = titles.numbers("actual_gb")[titles.numbers("forecast_gb") == 0].sum()
    words = (
        f"{volume(forecast)} were planned for, {volume(actual)} came ({(actual - forecast) / forecast:+.1%})."
        f" The errors of all titles in all regions add up to {percent(share, 1)} of what came (WAPE)."
        f" {volume(float(new))} came for titles that nothing was planned for."
    )
    wrong = titles.first(BARS)
    parts = [
        paragraph(words),
        *(paragraph(warning) for warning in history.warnings),
        _scatter(titles),
        _region_bars(regions.first(BARS)),
        signed_figure(
            "figure-forecast-titles",
            wrong,
            ("title", "error_gb", "forecast_gb", "actual_gb"),
            "error_gb",
            "Titles that were missed by most bytes",
        ),
    ]
    return Section("forecast", "Forecast and what came", "".join(parts), "Forecast"), [regions, titles]


def _region_bars(regions: Sheet) -> str:
    forecast, actual = regions.numbers("forecast_gb"), regions.numbers("actual_gb")
    most = float(max(forecast.max(initial=0.0), actual.max(initial=0.0))) or 1.0
    bars = [
        bar([(float(f) / most, "other")]) + bar([(float(a) / most, "own")])
        for f, a in zip(forecast, actual, strict=True)
    ]
    caption = "Regions with most bytes: forecast above, what came below"
    keys = legend([("other", "forecast"), ("own", "came")])
    table = bar_table(regions, [c.name for c in regions.columns], bars, caption, "forecast and what came")
    return f'<figure id="figure-forecast-regions">{keys}{table}<figcaption>{caption}</figcaption></figure>'


def _scatter(titles: Sheet) -> str:
    """Each title as a dot: forecast to the right, what came upwards, both in powers of ten."""
    forecast, actual = titles.numbers("forecast_gb"), titles.numbers("actual_gb")
    most = float(max(forecast.max(initial=0.0), actual.max(initial=0.0)))
    rows = np.argsort(-np.maximum(forecast, actual), kind="stable")[:DOTS]
    if most <= 0:
        return paragraph("Nothing was planned for and nothing came.")
    top = 10.0 ** math.ceil(math.log10(most) + 1e-9)
    low = max(
        top / 1e6, 10.0 ** math.floor(math.log10(max(1e-6, float(np.maximum(forecast, actual)[rows].min()))))
    )
    low = min(low, top / 10)

    high = TOP + SIDE + LOW
    axes = Axes(LEFT, TOP, LEFT + SIDE, TOP + SIDE, (low, top), (low, top), log_x=True, log_y=True)
    parts = [
        *axes.rows(decades(low, top)),
        *axes.columns(decades(low, top)),
        *(line(axes.x(tick), TOP, axes.x(tick), TOP + SIDE, "grid") for tick in decades(low, top)),
        line(LEFT, TOP + SIDE, LEFT + SIDE, TOP, "today"),
        dots((axes.at(float(forecast[i]), float(actual[i])) for i in rows), "dot s0 d2"),
        text(LEFT, TOP - 10, "came [GB]", "axis"),
        text(LEFT + SIDE, high - 4, "forecast [GB]", "axis", "end"),
    ]
    caption = (
        f"The {rows.size:,} titles with most bytes: above the line more came than was planned for, below it"
        f" less. What is under {short(low)} GB lies on the edge."
    )
    return figure(
        "figure-forecast",
        picture(LEFT + SIDE + RIGHT, high, caption, parts, "chart square"),
        caption,
        titles.take(rows[:25]),
    )
