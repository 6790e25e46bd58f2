"""`plan`: decide what every appliance holds, prove how good that is, write the plan folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cdnplan.commands.option import (
    AnyPath,
    Countries,
    Day,
    EngineName,
    Gap,
    Option,
    ReadNetwork,
    Seconds,
    Seed,
    Switch,
    Threads,
    cores,
    environment,
    never,
    optional_path,
    silent,
)
from cdnplan.errors import InputError, Problem

if TYPE_CHECKING:
    from cdnplan.optimize.problem.outcome import Progress
    from cdnplan.planner import PlanRequest, PlanResult


def moment(text: str) -> dt.datetime:
    """Moment given as ISO 8601, in UTC where it names no offset."""
    try:
        found = dt.datetime.fromisoformat(text)
        # Windows are looked for some days on, in any zone.
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        message = f"expected a time as 2026-03-08T00:00Z, found {text!r}"
        raise InputError([Problem(message, path="--fill-from")]) from None


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """A plan: of what, and how.

    Parameters
    ----------
    out : path
        Plan folder to write.
    topology : path or None
        Topology YAML. Without it the embedded sample is planned.
    titles : path or None
        Titles: title, size_gb, …
    demand : path or None
        Demand of the planned period.
    history : path or None
        History to forecast from, in place of a demand table.
    files : path or None
        Files of titles; without it a title is one file.
    countries : iterable of str
        Plan only the regions of these countries (ISO codes).
    previous : path or None
        Plan folder that says what appliances hold now.
    holdings : path or None
        Copies read from the field (appliance, file): believed most.
    cold_start : {"free", "limited"} or None
        In place of the policy's: appliances of which nothing is known are stocked, or empty.
    rules_wait : bool
        Let pins and launches wait that one night cannot bring.
    allow_lost_appliances : bool
        Though most appliances that --previous or --holdings name are not in the network.
    fill_from : datetime.datetime or None
        Windows from then on are filled, as 2026-03-08T00:00Z.
    start : path or None
        Plan of nearly the same inputs to start from: takes less time.
    date : datetime.date or None
        Period of the demand table, or forecast as of.
    engine : {"auto", "exact", "fast"}
        auto: exact where it is quick.
    gap : float or None
        Stop at this gap_ratio, as 0.005.
    time_limit : float or None
        Stop the optimisation after so many seconds.
    threads : int
        0: all cores. The plan does not depend on it.
    seed : int
    env : str or None
        Overrides of this environment apply.
    override : sequence of path
        Further topology override files.
    report : bool or None
        Put report.html into the folder, or not; else up to a million copies.
    force : bool
        Replace an earlier plan at DIR.

    Raises
    ------
    InputError
        Some inputs are given, and others that belong to them are not.
    """

    out: Annotated[AnyPath, Option("DIR")]
    topology: Annotated[AnyPath | None, Option("T")] = None
    titles: Annotated[AnyPath | None, Option("F")] = None
    demand: Annotated[AnyPath | None, Option("D")] = None
    history: Annotated[AnyPath | None, Option("H")] = None
    files: Annotated[AnyPath | None, Option("F")] = None
    countries: Countries = ()
    previous: Annotated[AnyPath | None, Option("PLAN")] = None
    holdings: Annotated[AnyPath | None, Option("H")] = None
    cold_start: Literal["free", "limited"] | None = field(default=None, kw_only=True)
    rules_wait: Switch = field(default=False, kw_only=True)
    allow_lost_appliances: Switch = field(default=False, kw_only=True)
    fill_from: Annotated[dt.datetime | None, Option("TIME", read=moment)] = None
    start: Annotated[AnyPath | None, Option("PLAN")] = None
    date: Day = None
    engine: EngineName = "auto"
    gap: Gap = None
    time_limit: Seconds = None
    threads: Threads = 0
    seed: Seed = 0
    env: Annotated[str | None, Option("E")] = None
    override: Annotated[Sequence[AnyPath], Option("F")] = ()
    report: Annotated[bool | None, Option(flag="--report/--no-report")] = field(default=None, kw_only=True)
    force: bool = field(default=False, kw_only=True)

    @property
    def of_sample(self) -> bool:
        """Whether there is no input at all: then the sample is planned."""
        return (self.topology, self.titles, self.demand, self.history, self.files) == (None,) * 5

    def __post_init__(self) -> None:
        if self.of_sample:
            return
        problems = [
            Problem(f"{name} is missing (with no input at all the sample is planned)")
            for name, value in (("--topology", self.topology), ("--titles", self.titles))
            if value is None
        ]
        if (self.demand is None) == (self.history is None):
            problems.append(Problem("give one of --demand and --history"))
        if problems:
            raise InputError(problems)


def plan(
    options: PlanOptions,
    warn: Callable[[str], None],
    progress: Progress = silent,
    asked: Callable[[], bool] = never,
) -> PlanResult:
    """Make the plan, with its report where that is wanted, and write it.

    Parameters
    ----------
    options : PlanOptions
    warn : callable
        Told why there is no report.
    progress, asked : callable
        As for `cdnplan.planner.plan`, which says what is returned and raised.
    """
    from cdnplan.planner import plan as make_plan
    from cdnplan.report.pages.report import report_of_plan

    request = plan_request(options)
    more = None
    if options.report is not False:
        more = report_of_plan(request.previous, always=options.report is True, warn=warn)
    return make_plan(request, progress=progress, asked=asked, more=more)


def plan_request(options: PlanOptions) -> PlanRequest:
    """The request that options make."""
    from cdnplan.planner import PlanRequest
    from cdnplan.sample import sample_folder

    topology, titles, demand = options.topology, options.titles, options.demand
    if topology is None or titles is None:
        topology, titles, demand = (sample_folder() / name for name in _SAMPLE)
    network = topology if isinstance(topology, ReadNetwork) else None
    return PlanRequest(
        topology=Path(topology) if network is None else network.path,
        titles=Path(titles),
        demand=optional_path(demand),
        history=optional_path(options.history),
        files=optional_path(options.files),
        out=Path(options.out),
        countries=frozenset(options.countries),
        previous=optional_path(options.previous),
        holdings=optional_path(options.holdings),
        cold_start=options.cold_start,
        rules_wait=options.rules_wait,
        allow_lost_appliances=options.allow_lost_appliances,
        fill_from=options.fill_from,
        start=optional_path(options.start),
        date=options.date,
        engine=options.engine,
        gap_ratio=options.gap,
        time_limit_s=options.time_limit,
        threads=cores(options.threads),
        seed=options.seed,
        environment=environment(topology, options.env),
        overrides=(*(network.override if network else ()), *map(Path, options.override)),
        replace=options.force,
    )


_SAMPLE = ("topology.yaml", "titles.parquet", "demand.parquet")
