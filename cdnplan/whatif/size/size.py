"""The cheapest hardware that reaches a target: the question, its search, and the answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.errors import CdnplanError, NoFeasiblePlanError
from cdnplan.evaluate.verify import verify
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.optimize.engine import EngineName
from cdnplan.optimize.problem.outcome import Progress, never, no_progress
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.planner.inputs.held_before import nothing_known
from cdnplan.planner.inputs.load import Loaded
from cdnplan.planner.inputs.request import PlanRequest
from cdnplan.planner.run import plan_loaded
from cdnplan.whatif.size.sizing_bounds import GoalBounds
from cdnplan.whatif.size.sizing_file import Sizing
from cdnplan.whatif.size.sizing_problem import Counts, SizingProblem
from cdnplan.whatif.size.sizing_search import Found, Options, Planned, SizingSearch
from cdnplan.whatif.size.sizing_targets import Goal, Plan, Reached, cost_goal

TIME_LIMIT_S = 300.0
MOST_TOLD = 5
"""Goals out of reach that are told of, of each network."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point of the curve of hardware cost over what is reached.

    Parameters
    ----------
    wanted : float
        In the unit of the first goal.
    found : Found
        The cheapest set that reaches it, and what is proven.
    """

    wanted: float
    found: Found


@dataclass(frozen=True, slots=True)
class Verified:
    """The full plan of the answer.

    Parameters
    ----------
    ok : bool
        Whether its folder passes all checks, and it reaches the goals.
    checks : int
        Checks of the folder that hold.
    reached : tuple of Reached
    record : dict
        Its ``plan.json``.
    """

    ok: bool
    checks: int
    reached: tuple[Reached, ...]
    record: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class SizingResult:
    """The answer to a sizing question.

    Parameters
    ----------
    problem : SizingProblem
    now : Planned
        The network without additions.
    best : Found
        The answer; its `best` None where none was found in time.
    runner_ups : tuple of Planned
        The next dearer ways; none of them is the answer with more added.
    curve : tuple of CurvePoint
    guide : tuple of float
        What the first appliance of each candidate saves at most by the prices of the network as it is
        [currency per period].
    verified : Verified or None
    planned, cuts : int
        Sets planned, and bounds made.
    engine : str
    seconds : float
    """

    problem: SizingProblem
    now: Planned
    best: Found
    runner_ups: tuple[Planned, ...]
    curve: tuple[CurvePoint, ...]
    guide: tuple[float, ...]
    verified: Verified | None
    planned: int
    cuts: int
    engine: str
    seconds: float


def size(
    topology: Topology,
    catalog: Catalog,
    demand: Demand,
    sizing: Sizing,
    *,
    plan_out: Path | None = None,
    engine: EngineName = "auto",
    gap_ratio: float | None = None,
    time_limit_s: float | None = TIME_LIMIT_S,
    threads: int = 1,
    seed: int = 0,
    progress: Progress = no_progress,
    asked: Callable[[], bool] = never,
    now: Callable[[], float] = time.perf_counter,
    parameters: Parameters = DEFAULTS,
) -> SizingResult:
    """Find the cheapest additions that reach a target, and plan with them.

    Parameters
    ----------
    topology, catalog, demand : Topology, Catalog, Demand
        The network as it is, and what is asked of it.
    sizing : Sizing
        The question, as `cdnplan.whatif.size.sizing_file.read_sizing` reads it.
    plan_out : Path or None
        Where the plan of the answer is written; None: nowhere for good.
    engine, gap_ratio, threads, seed
        Of every plan.
    time_limit_s : float or None
        The search ends after that, with the best set it has.
    progress, asked, now
        As for `cdnplan.planner.plan`.
    parameters : Parameters
        The numbers that steer search and plans.

    Returns
    -------
    SizingResult

    Raises
    ------
    NoFeasiblePlanError
        No set of additions reaches the target.
    """
    begun = now()
    problem = SizingProblem.of(topology, catalog, demand, sizing)
    ends = [np.inf]
    options = Options(
        engine, gap_ratio, threads, seed, lambda: now() - begun > ends[0], asked, progress, parameters
    )
    numbers = parameters.sizing

    def until(part: float) -> None:
        ends[0] = np.inf if time_limit_s is None else part * time_limit_s

    progress("without additions", 0.0, None, None)
    search = SizingSearch(problem, options)
    base = search.plan(search.nothing())
    guide = _guide(search)
    until(numbers.answer)
    found, verified = _answer(search, plan_out, progress)
    runner_ups: list[Planned] = []
    until(numbers.runner_ups)
    while found.best is not None and len(runner_ups) < sizing.runner_ups:
        other = search.runner_up(sizing.goals, [found.best, *runner_ups])
        if other.best is None:
            break
        runner_ups.append(other.best)
    until(numbers.curve)
    curve = tuple(_curve(search, base))
    return SizingResult(
        problem=problem,
        now=base,
        best=found,
        runner_ups=tuple(runner_ups),
        curve=curve,
        guide=guide,
        verified=verified,
        planned=len(search.planned),
        cuts=sum(len(bounds.cuts) for bounds in search.bounds.values()),
        engine="exact" if search.exact else "fast",
        seconds=now() - begun,
    )


def _answer(search: SizingSearch, out: Path | None, progress: Progress) -> tuple[Found, Verified | None]:
    """Search, plan in full, and search on where the full plan refutes the answer."""
    goals = search.problem.sizing.goals
    for _ in range(search.options.parameters.sizing.tries):
        found = search.search(goals)
        if found.best is None:
            if found.proven or found.closed:
                raise NoFeasiblePlanError(_out_of_reach(search))
            return found, None
        progress("verify", 0.0, None, None)
        verified = _verified(search, found.best.counts, out)
        if verified.ok:
            return found, verified
        # The full plan counts: what was planned on the way was planned to a wider gap.
        search.planned[found.best.counts] = replace(found.best, reached=verified.reached)
    return found, verified


def _verified(search: SizingSearch, counts: Counts, out: Path | None) -> Verified:
    """Plan in full, check the folder, and measure."""
    problem, options = search.problem, search.options
    topology = problem.network(counts)
    instance, warnings = problem.built(counts)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "plan" if out is None else out
        request = PlanRequest(
            topology=Path("topology.yaml"),
            titles=Path("titles"),
            out=folder,
            engine=options.engine,
            threads=options.threads,
            seed=options.seed,
            replace=True,
            parameters=options.parameters,
        )
        before = nothing_known(topology)
        loaded = Loaded(topology, problem.catalog, problem.demand, before, instance, tuple(warnings), {})
        result = plan_loaded(request, loaded)
        report = verify(folder)
    reached = search.measure(counts, Plan(instance, result.placement, result.serving))
    checks = sum(check.ok for check in report.checks)
    if not report.ok:
        raise CdnplanError(f"the plan of the answer does not verify: {report.failed[0]}")
    return Verified(all(item.ok for item in reached), checks, reached, result.record)


def _out_of_reach(search: SizingSearch) -> str:
    """Say how far the additions can go."""
    lines = ["no set of additions that the file allows reaches the target"]
    base = search.plan(search.nothing())
    told = [("without additions", base)]
    most = tuple(candidate.most for candidate in search.problem.sizing.candidates)
    if search.problem.fits(most):
        told.append(("with all of them", search.plan(most)))
    for name, planned in told:
        lines += [f"{name}, {shown(item)}" for item in planned.reached if not item.ok][:MOST_TOLD]
        lines += [f"{name}: {planned.why}"] if planned.why else []
    return "\n".join(lines)


def shown(item: Reached) -> str:
    """What is reached of a goal, and what is wanted.

    Examples
    --------
    >>> shown(Reached(Goal("offload", "offload", 0.95), 0.9, 1.0, ok=False))
    'offload is 90.000%, wanted at least 95.000%'
    """
    goal = item.goal
    if goal.kind == "offload":
        return f"{goal.label} is {item.value:.3%}, wanted at least {goal.wanted:.3%}"
    return f"{goal.label} is {item.value:,.6g} {goal.unit}, wanted at most {goal.wanted:,.6g}"


def _guide(search: SizingSearch) -> tuple[float, ...]:
    """What the first appliance of each candidate saves by the prices of the network as it is."""
    bounds = GoalBounds(cost_goal(), search.relaxed, search.problem.topology, search.options.parameters)
    cut = bounds.add_cut(np.zeros(search.relaxed.n_units))
    if cut is None:
        return tuple(0.0 for _ in search.problem.sizing.candidates)
    return tuple(float(gain) for gain in cut.gain[search.relaxed.number == 1])


def _curve(search: SizingSearch, base: Planned) -> Iterator[CurvePoint]:
    """Cheapest sets for equal steps of the first goal, from what there is to what is wanted."""
    sizing = search.problem.sizing
    if not base.reached or sizing.curve_points == 0:
        return
    group = curve_goals(sizing)
    have, wanted = worst(base, group), group[0].wanted
    for level in np.linspace(have, wanted, sizing.curve_points + 1)[1:].tolist():
        yield CurvePoint(level, search.search([replace(goal, wanted=level) for goal in group]))


def curve_goals(sizing: Sizing) -> tuple[Goal, ...]:
    """Goals that the curve is about: the first, and those of other failures that ask the same."""
    first = sizing.goals[0]
    return tuple(
        goal
        for goal in sizing.goals
        if goal == first or (first.failed is not None and goal.failed is not None and goal.kind == first.kind)
    )


def worst(planned: Planned, goals: Sequence[Goal]) -> float:
    """The worst that is reached of several goals of one kind."""
    values = [planned.value(goal).value for goal in goals]
    return min(values) if goals[0].kind == "offload" else max(values)
