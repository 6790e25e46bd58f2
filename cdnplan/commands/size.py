"""`size`: the cheapest hardware to add so that a target is reached."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cdnplan.commands.option import (
    AnyPath,
    Countries,
    Day,
    EngineName,
    Gap,
    Option,
    Seed,
    Threads,
    cores,
    environment,
    never,
    optional_path,
    silent,
)
from cdnplan.errors import InputError, Problem

if TYPE_CHECKING:
    from cdnplan.model.network.catalog import Catalog
    from cdnplan.model.network.demand import Demand
    from cdnplan.model.network.topology import Topology
    from cdnplan.optimize.problem.outcome import Progress
    from cdnplan.whatif.size.size import SizingResult


@dataclass(frozen=True, slots=True)
class SizeOptions:
    """The cheapest hardware additions that reach a target: of which network, and how.

    Parameters
    ----------
    sizing : path
        What may be bought, and the target.
    base : path or None
        Plan folder whose inputs are taken.
    topology : path or None
        Topology YAML, in place of --base.
    titles : path or None
        Titles: title, size_gb, …
    demand : path or None
        Demand of the planned period.
    files : path or None
        Files of titles; without it a title is one file.
    countries : iterable of str
        Only the regions of these countries (ISO codes).
    date : datetime.date or None
        Period of the demand table.
    env : str or None
        Overrides of this environment apply.
    engine : {"auto", "exact", "fast"}
        As for plan.
    gap : float or None
        Stop plans of the search at this gap_ratio.
    time_limit : float
        End the search after so many seconds.
    threads : int
        0: all cores.
    seed : int
    out : path or None
        Write data, tables, picture and plan there.
    force : bool
        Replace an earlier answer at DIR.

    Raises
    ------
    InputError
        Its inputs are neither a plan folder nor a network with titles and demand.
    """

    sizing: Annotated[AnyPath, Option("SIZING.yaml", argument=True)]
    base: Annotated[AnyPath | None, Option("PLAN")] = None
    topology: Annotated[AnyPath | None, Option("T")] = None
    titles: Annotated[AnyPath | None, Option("F")] = None
    demand: Annotated[AnyPath | None, Option("D")] = None
    files: Annotated[AnyPath | None, Option("F")] = None
    countries: Countries = ()
    date: Day = None
    env: Annotated[str | None, Option("E")] = None
    engine: EngineName = "auto"
    gap: Gap = None
    time_limit: Annotated[float, Option("S", least=0.0)] = 300.0
    threads: Threads = 0
    seed: Seed = 0
    out: Annotated[AnyPath | None, Option("DIR")] = None
    force: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        tables = (self.topology, self.titles, self.demand)
        if self.base is None and any(path is None for path in tables):
            raise InputError([Problem("give --base, or --topology, --titles and --demand")])
        if self.base is not None and any((*tables, self.files, self.countries, self.date, self.env)):
            raise InputError([Problem("a plan folder has its inputs in it: give --base alone, or no --base")])


def size(
    options: SizeOptions,
    warn: Callable[[str], object],
    progress: Progress = silent,
    asked: Callable[[], bool] = never,
) -> SizingResult:
    """Find the cheapest additions, plan with them, and write the answer where that is wanted.

    Parameters
    ----------
    options : SizeOptions
    warn : callable
        Told what looks wrong with the inputs.
    progress, asked : callable
        As for `cdnplan.planner.plan`.

    Returns
    -------
    SizingResult

    Raises
    ------
    InputError
        All problems of the inputs, or of the sizing file.
    NoFeasiblePlanError
        Nothing that may be bought reaches the target.
    """
    from cdnplan.folders import claimed
    from cdnplan.whatif.size.size import size as find
    from cdnplan.whatif.size.sizing_file import read_sizing
    from cdnplan.whatif.size.sizing_output import SIZING, write_answer

    topology, catalog, demand, warnings = _network(options)
    sizing = read_sizing(Path(options.sizing), topology)
    for warning in warnings:
        warn(warning)
    out = optional_path(options.out)
    # The plan is made where it can be moved from, if that folder is there already.
    beside = out.absolute().parent if out is not None and out.absolute().parent.is_dir() else None
    with tempfile.TemporaryDirectory(dir=beside) as scratch, ExitStack() as stack:
        place = None if out is None else stack.enter_context(claimed(out, SIZING, replace=options.force))
        plan_folder = Path(scratch) / "plan"
        result = find(
            topology,
            catalog,
            demand,
            sizing,
            plan_out=plan_folder,
            engine=options.engine,
            gap_ratio=options.gap,
            time_limit_s=options.time_limit,
            threads=cores(options.threads),
            seed=options.seed,
            progress=progress,
            asked=asked,
        )
        if place is not None:
            write_answer(result, place, plan_folder)
    return result


def _network(options: SizeOptions) -> tuple[Topology, Catalog, Demand, Sequence[str]]:
    """The network with its titles and demand, and what looks wrong with them."""
    from cdnplan.planner import PlanRequest
    from cdnplan.planner.inputs.load import load
    from cdnplan.whatif.base.base import read_inputs

    if options.base is not None:
        inputs = read_inputs(Path(options.base)).inputs
        return inputs.topology, inputs.catalog, inputs.demand, ()
    assert options.topology is not None and options.titles is not None  # they were checked
    loaded = load(
        PlanRequest(
            topology=Path(options.topology),
            titles=Path(options.titles),
            demand=optional_path(options.demand),
            files=optional_path(options.files),
            out=Path(),
            countries=frozenset(options.countries),
            date=options.date,
            environment=environment(options.topology, options.env),
        )
    )
    return loaded.topology, loaded.catalog, loaded.demand, loaded.warnings
