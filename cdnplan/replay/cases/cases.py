"""What is replayed: periods that came, and the plan each of them met."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.forecast.asked.run import forecast_demand, forecast_to_demand
from cdnplan.forecast.base.base import Forecast
from cdnplan.inputs.demand.catalog_reader import read_catalog
from cdnplan.inputs.demand.demand_reader import read_demand
from cdnplan.inputs.demand.file_shares import FileShares
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.demand.logged_requests import LoggedRequests, on_catalog, read_logged_requests
from cdnplan.inputs.demand.titles_reader import read_titles
from cdnplan.inputs.plans.plan_inputs import open_plan
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.instance.network import restricted
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.period import span_text
from cdnplan.model.network.topology import Topology
from cdnplan.optimize.problem.outcome import Progress
from cdnplan.replay.cases.planning import (
    How,
    Planned,
    make_plan,
    plan_of_folder,
    without_fill_limits,
)
from cdnplan.replay.cases.request import ReplayRequest
from cdnplan.units import HOURS_PER_DAY

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """A period that came and the plan that it met.

    Parameters
    ----------
    actual : Demand
    planned : Planned
    perfect : Planned or None
        The plan made from the same holdings that knew `actual`; None where regret is not asked for.
    unlimited : Planned or None
        The same with appliances that arrive stocked.
    title_known : (n_files,) bool
        Files of titles that anything was known of when the plan was made.
    """

    actual: Demand
    planned: Planned
    perfect: Planned | None
    unlimited: Planned | None
    title_known: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """All that is replayed.

    Parameters
    ----------
    topology, catalog
    known : Demand
        What was known before the first period: the period before it, or the demand the plan was made from.
    known_is : {"last period", "planned demand"}
    met : tuple of Met
    warnings : tuple of str
    logged : LoggedRequests or None
        What was really asked for, where it is known; else requests are drawn.
    """

    topology: Topology
    catalog: Catalog
    known: Demand
    known_is: str
    met: tuple[Met, ...]
    warnings: tuple[str, ...]
    logged: LoggedRequests | None = None

    def came(self, number: int) -> Instance:
        """A period that came, with 24 slices."""
        return hourly(self.topology, self.catalog, self.met[number].actual)

    def before(self) -> Instance:
        """What was known before the first period, with 24 slices."""
        return hourly(self.topology, self.catalog, self.known)


def hourly(topology: Topology, catalog: Catalog, demand: Demand) -> Instance:
    """The problem of a demand with a slice for each hour of the day."""
    profile = replace(topology.policy.peak_profile, slices=HOURS_PER_DAY)
    sliced = replace(topology, policy=replace(topology.policy, peak_profile=profile))
    return build_instance(sliced.stocked(), catalog, demand)[0]


def plan_case(request: ReplayRequest, folder: Path, progress: Progress) -> Case:
    """A plan that was written, and the demand, or the requests, that came in its place.

    Raises
    ------
    InputError
        All problems of the plan and of the table.
    """
    plan = open_plan(folder)
    topology, own, expected, earlier = plan.topology, plan.catalog, plan.demand, plan.holdings
    catalog, shares = _catalog(request, own)
    regions = {region.demand.region: region.country for region in topology.regions}
    table = catalog if request.titles else own
    logged: LoggedRequests | None = None
    if request.logged is not None:
        logged, warnings = read_logged_requests(
            request.logged, table, known=regions, date=request.date, period_days=expected.period_days
        )
        came = logged.demand(table.n_files, expected.period_days)
    else:
        assert request.actual is not None
        came, warnings = read_demand(
            request.actual,
            table,
            shares,
            known=regions,
            wanted=frozenset(regions),
            date=request.date,
            period_days=topology.policy.period_days,
        )
    if request.titles:
        merged = _merged(own, catalog)
        came = _on_catalog(came, catalog, merged)
        logged = None if logged is None else on_catalog(logged, catalog, merged)
        expected, catalog = _on_catalog(expected, own, merged), merged
    if abs(came.period_days - expected.period_days) > 1e-9:
        message = (
            f"a period of {came.period_days:g} days, but the plan is for {expected.period_days:g} days:"
            " policy.period_days of the plan's topology says how many its table stands for"
        )
        raise InputError([Problem(message, file=str(request.actual))])
    told = plan.files.plan
    if logged is None and came.end != told.end:
        span = span_text(came.end, came.period_days)
        warnings = [*warnings, f"the plan is for {told.period}, what came is of {span}: another period"]
    planned = plan_of_folder(plan.files, topology, catalog, expected, earlier)
    known = _title_known(catalog, expected)
    met = _met(request, topology, catalog, expected, came, planned, earlier, known, progress)
    return Case(topology, catalog, expected, "planned demand", (met,), tuple(warnings), logged)


def _catalog(request: ReplayRequest, own: Catalog) -> tuple[Catalog, FileShares]:
    """The catalogue that the table of what came is read with, and how titles split into files."""
    if request.titles is not None:
        return read_catalog(request.titles, request.files)
    order = np.argsort(own.file_title, kind="stable")
    counts = np.bincount(own.file_title, minlength=len(own.titles))
    if (counts > 1).any():
        # By file all is clear; by title nobody says how it splits, so a share must be asked for.
        ratio = np.full(own.n_files, np.nan)
        ratio[order[np.repeat(counts, counts) == 1]] = 1.0
    else:
        ratio = np.ones(own.n_files)
    ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return own, FileShares(ptr, order.astype(np.int32), ratio)


def _merged(one: Catalog, other: Catalog) -> Catalog:
    """Files of both; where both have one, as the first says."""
    index = {name: i for i, name in enumerate(other.files)}
    more = sorted(set(other.files) - set(one.files))
    at = np.array([index[name] for name in more], dtype=np.int64)
    titles = sorted({*one.titles, *(other.titles[t] for t in other.file_title[at])})
    place = {name: i for i, name in enumerate(titles)}
    files = np.array([*one.files, *more], dtype=object)
    size = np.concatenate([one.size_gb, other.size_gb[at]])
    title = [one.titles[t] for t in one.file_title] + [other.titles[t] for t in other.file_title[at]]
    launch = np.full(len(titles), np.datetime64("NaT"), dtype="datetime64[D]")
    for source in (other, one):
        for name, day in zip(source.titles, source.launch_day, strict=True):
            if name in place:
                launch[place[name]] = day
    order = np.argsort(files, kind="stable")
    return Catalog(
        tuple(files[order].tolist()),
        size[order],
        tuple(titles),
        np.array([place[name] for name in title], dtype=np.int32)[order],
        launch,
    )


def _on_catalog(demand: Demand, own: Catalog, other: Catalog) -> Demand:
    """The same demand with the numbers of another catalogue that has all its files; both are sorted."""
    index = {name: i for i, name in enumerate(other.files)}
    place = np.array([index[name] for name in own.files], dtype=np.int32)
    return replace(demand, file=place[demand.file])


def _title_known(catalog: Catalog, *demands: Demand) -> Bools:
    """Files of titles that some demand asks for."""
    known = np.zeros(len(catalog.titles), dtype=np.bool_)
    for demand in demands:
        known[catalog.file_title[demand.file]] = True
    return np.asarray(known[catalog.file_title])


def same_demand(one: Demand, other: Demand) -> bool:
    """Whether two demands ask for the same; rows of regions without any do not matter."""
    asked = [np.diff(demand.ptr) > 0 for demand in (one, other)]
    names = [
        [name for name, some in zip(demand.regions, there, strict=True) if some]
        for demand, there in zip((one, other), asked, strict=True)
    ]
    return (
        names[0] == names[1]
        and np.array_equal(np.diff(one.ptr)[asked[0]], np.diff(other.ptr)[asked[1]])
        and np.array_equal(one.file, other.file)
        and np.array_equal(one.gb, other.gb)
    )


def _met(
    request: ReplayRequest,
    topology: Topology,
    catalog: Catalog,
    expected: Demand,
    came: Demand,
    planned: Planned,
    earlier: Holdings | None,
    title_known: Bools,
    progress: Progress,
) -> Met:
    """Make the plans that regret is counted against; a plan that knew what came is its own measure."""
    if not request.regret:
        return Met(came, planned, None, None, title_known)
    limited = topology.fill_counted(earlier)
    if same_demand(expected, came):
        perfect = planned
    else:
        perfect = make_plan(topology, catalog, came, earlier, request.how, progress=progress)
    unlimited = perfect
    if limited:
        free = without_fill_limits(topology)
        unlimited = make_plan(free, catalog, came, None, request.how, progress=progress)
    return Met(came, planned, perfect, unlimited, title_known)


def rolling_case(
    request: ReplayRequest, topology_path: Path, titles_path: Path, history_path: Path, progress: Progress
) -> Case:
    """Forecast, plan, and see what comes, period by period; each plan knows only the past.

    Raises
    ------
    InputError
        All problems of the inputs; a history that is too short.
    """
    whole = read_topology(topology_path)
    topology = restricted(whole, request.countries) if request.countries else whole
    catalog, shares = read_catalog(titles_path, request.files)
    history = read_history(history_path)
    titles = read_titles(titles_path)
    first = history.n_periods - request.periods
    if first < 1:
        message = (
            f"the history is too short: {history.n_periods} periods, expected more than the"
            f" {request.periods} that are replayed:"
            " the first of these is planned from those before it"
        )
        raise InputError([Problem(message, file=str(history_path), path="periods")])
    table = _Table(history, catalog, shares, whole, topology)
    known = table.came(first - 1)
    holdings: Holdings | None = None
    met: list[Met] = []
    warnings: list[str] = []
    how: How = request.how
    for t in range(first, history.n_periods):
        progress(f"plan of {history.span(t)}", (t - first) / request.periods, None, None)
        forecast = forecast_demand(
            history,
            titles,
            history.day(t - 1),
            model=request.model,
            files=(catalog, shares) if request.files else None,
        )
        expected, more = table.demand(forecast)
        warnings += [text for text in more if text not in warnings]
        planned = make_plan(topology, catalog, expected, holdings, how)
        came = table.came(t)
        seen = table.seen(history.day(t - 1))
        met.append(_met(request, topology, catalog, expected, came, planned, holdings, seen, progress))
        holdings = planned.holdings
    return Case(topology, catalog, known, "last period", tuple(met), tuple(warnings))


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """A history as demand of the regions that are planned."""

    history: History
    catalog: Catalog
    shares: FileShares
    whole: Topology
    topology: Topology

    def demand(self, forecast: Forecast) -> tuple[Demand, list[str]]:
        """One period of a forecast."""
        return forecast_to_demand(
            forecast,
            self.catalog,
            self.shares,
            known={region.demand.region: region.country for region in self.whole.regions},
            wanted=frozenset(region.demand.region for region in self.topology.regions),
        )

    def came(self, period: int) -> Demand:
        """A period as it came: a forecast that is right."""
        history = self.history
        rows = history.rows(period)
        right = Forecast(
            model="actual",
            cutoff=history.day(period) - dt.timedelta(days=history.period_days),
            period_days=history.period_days,
            horizon=1,
            regions=history.regions,
            titles=history.titles,
            by=history.by,
            step=np.ones(rows.stop - rows.start, dtype=np.int32),
            region=history.region[rows],
            title=history.title[rows],
            gb=history.gb[rows],
        )
        return self.demand(right)[0]

    def seen(self, date: dt.date) -> Bools:
        """Files of titles that the history knew by a date."""
        past = frozenset(self.history.until(date).titles)
        names = self.catalog.files if self.history.by == "file" else self.catalog.titles
        there = np.array([name in past for name in names], dtype=np.bool_)
        return there if self.history.by == "file" else np.asarray(there[self.catalog.file_title])
