"""The main job: make a plan and write it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.evaluate.count.cost import plan_cost as cost_by_judge
from cdnplan.evaluate.count.own_counts import Given
from cdnplan.evaluate.verdict.verdict import Verdict, evaluate
from cdnplan.fill.export.manifests import write_manifests
from cdnplan.fill.night.fills import Fills
from cdnplan.fill.night.windows import night_windows, to_ms
from cdnplan.folders import Place, claimed
from cdnplan.inputs.plans import plan_folder as names
from cdnplan.inputs.plans.manifest_files import INDEX, plan_id
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.model.plan.proof import Proof
from cdnplan.optimize.engine import choose_engine
from cdnplan.optimize.problem.objective import plan_cost
from cdnplan.optimize.problem.outcome import Outcome, Progress, Stop, never, no_progress
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.planner.decide.dealing import Dealt
from cdnplan.planner.decide.deciding import Decided, Watch, decide
from cdnplan.planner.decide.engine_run import EngineRun
from cdnplan.planner.decide.filling import fill_night
from cdnplan.planner.decide.to_fill import roughly, to_fill
from cdnplan.planner.folder import fill_tables, proof_tables, tables
from cdnplan.planner.folder.folder import PLAN, no_more, write_plan
from cdnplan.planner.folder.proven import Proven
from cdnplan.planner.folder.record import plan_record
from cdnplan.planner.inputs.earlier import start_from
from cdnplan.planner.inputs.load import Loaded, load
from cdnplan.planner.inputs.request import PlanRequest
from cdnplan.planner.inputs.waiting import LAUNCH, PIN, RulesLackError, lacking_after

MOST_WAITS = 3
"""Plans made anew at most, without the rules for which the schedule of the night found no time."""

COST_TOLERANCE = 1e-6
"""Engine and judge must agree on the cost of a plan to this ratio, else nothing is written."""


@dataclass(frozen=True, slots=True, eq=False)
class PlanResult:
    """A plan that was written.

    Parameters
    ----------
    folder : Path
    record : dict
        The content of ``plan.json``.
    placement, serving : Placement, Serving
        What pools hold and serve.
    """

    folder: Path
    record: dict[str, Any]
    placement: Placement
    serving: Serving


def plan(
    request: PlanRequest,
    *,
    progress: Progress = no_progress,
    asked: Callable[[], bool] = never,
    now: Callable[[], float] = time.perf_counter,
    more: Callable[[Path], Sequence[str]] | None = None,
) -> PlanResult:
    """Make a plan and write its folder, whole or not at all.

    Parameters
    ----------
    request : PlanRequest
    progress : Progress
        Called at each phase and while the engine works.
    asked : callable
        Asked often while the engine works; from True on it ends soon, and the best plan so far is written.
    now : callable
        Seconds that only grow.
    more : callable or None
        Writes files made from the whole plan, as a report, into the folder it is given, and names them: they
        become part of the plan before it is put in place.

    Returns
    -------
    PlanResult

    Raises
    ------
    InputError
        All problems of the inputs.
    NoFeasiblePlanError
        No plan satisfies the rules that cannot be priced.
    DeadlineError
        The time limit passed, or an end was asked for, with nothing usable.
    """
    with claimed(request.out, PLAN, replace=request.replace) as place:
        watch = Watch(now, progress)
        with watch.phase("read"):
            loaded = load(request)
            start = None if request.start is None else start_from(request.start, loaded.instance)
        return _carry_out(request, place, loaded, start, asked, watch, more)


def plan_loaded(
    request: PlanRequest,
    loaded: Loaded,
    *,
    progress: Progress = no_progress,
    asked: Callable[[], bool] = never,
    now: Callable[[], float] = time.perf_counter,
) -> PlanResult:
    """Make a plan from what is in memory, and write its folder.

    Parameters
    ----------
    request : PlanRequest
        Options and output; its inputs are not read.
    loaded : Loaded
    progress, asked, now
        As for `plan`.

    Returns
    -------
    PlanResult

    Raises
    ------
    NoFeasiblePlanError, DeadlineError
        As for `plan`.
    """
    with claimed(request.out, PLAN, replace=request.replace) as place:
        return _carry_out(request, place, loaded, None, asked, Watch(now, progress), None)


def _carry_out(
    request: PlanRequest,
    place: Place,
    loaded: Loaded,
    start: WarmStart | None,
    asked: Callable[[], bool],
    watch: Watch,
    more: Callable[[Path], Sequence[str]] | None,
) -> PlanResult:
    """Decide, fill, judge, write."""
    begun = watch.now()
    loaded, decided, verdict = _settled(request, loaded, start, asked, watch)
    outcome, filled = decided.outcome, decided.dealt
    with watch.phase("to fill"):
        engine, _ = choose_engine(loaded.instance, request.engine, request.parameters)
        run = EngineRun(
            engine, Stop(asked=asked), request.threads, request.seed, parameters=request.parameters
        )
        how = roughly(run, request.time_limit_s, watch.now() - begun)
        left = to_fill(loaded.instance, filled, loaded.waiting, how)
    proven = Proven.of(outcome, verdict)
    record: dict[str, Any] = {}

    def make_record(checksums: dict[str, str]) -> dict[str, Any]:
        seconds = watch.seconds | {f"optimise: {part}": s for part, s in outcome.seconds.items()}
        record.update(plan_record(request, loaded, decided, verdict, proven, left, seconds, checksums))
        return record

    watch.progress("write", 0.0, None, None)
    writers = _writers(loaded, outcome, filled, proven.tree)
    write_plan(place, writers, make_record, _write_manifests, _timed(watch, more))
    return PlanResult(request.out, record, filled.placement, filled.serving)


def _settled(
    request: PlanRequest,
    loaded: Loaded,
    start: WarmStart | None,
    asked: Callable[[], bool],
    watch: Watch,
) -> tuple[Loaded, Decided, Verdict]:
    """Decide, fill and judge; where rules may wait, anew without those that the night has no time for."""
    begun = watch.now()
    for tries_left in reversed(range(1 + (MOST_WAITS if request.rules_wait else 0))):
        limit_s = request.time_limit_s
        now = loaded
        try:
            decided = decide(
                now.instance,
                now.holdings,
                engine=request.engine,
                stop=Stop(
                    request.gap_ratio,
                    None if limit_s is None else max(0.0, limit_s - (watch.now() - begun)),
                    asked,
                ),
                start=start,
                threads=request.threads,
                seed=request.seed,
                watch=watch,
                fill=lambda dealt, now=now: _filled(request, now, dealt),  # type: ignore[misc]
                settled=request.settled,
                parameters=request.parameters,
            )
            with watch.phase("judge"):
                return loaded, decided, _judged(loaded, decided.outcome, decided.dealt)
        except RulesLackError as error:
            if not tries_left:
                raise
            loaded = loaded.letting_wait(error.waiting)
    raise AssertionError("the last try returns or raises")


def _timed(watch: Watch, more: Callable[[Path], Sequence[str]] | None) -> Callable[[Path], Sequence[str]]:
    """Count the time of what is made last as a phase of its own."""
    if more is None:
        return no_more

    def timed(folder: Path) -> Sequence[str]:
        with watch.phase("report"):
            return more(folder)

    return timed


def _filled(request: PlanRequest, loaded: Loaded, dealt: Dealt) -> Dealt:
    """Plan the night; where filling does not count, appliances arrive stocked and nothing is fetched."""
    instance, topology = loaded.instance, loaded.topology
    moment = request.fill_from
    if moment is None:
        day = loaded.demand.start - dt.timedelta(days=1)
        moment = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
    begin = to_ms(moment)
    if not topology.fill_counted(loaded.holdings):
        until = night_windows(topology, instance, begin).until
        return replace(dealt, fills=Fills.none(begin, until))
    filled = fill_night(instance, topology, dealt, loaded.holdings, begin, request.parameters.night)
    lacking = [one for one in lacking_after(instance, filled.placement.holds) if one.rule == PIN]
    if lacking:
        listed = ", ".join(f"{one.file!r} at {one.pool!r}" for one in lacking[:5])
        message = f"{len(lacking)} pinned files cannot be fetched in the night that begins {moment}: {listed}"
        raise RulesLackError(message, lacking)
    return filled


def _judged(loaded: Loaded, outcome: Outcome, dealt: Dealt) -> Verdict:
    """Let the judge count; a plan that it does not accept is not written.

    What the engine found and what was made of it are two plans, of different cost wherever appliances or the
    night do not allow the first: each has to cost what was counted here.
    """
    instance = loaded.instance
    counted = dealt.assignment.counted(instance)
    verdict = evaluate(
        counted,
        dealt.placement,
        dealt.serving.candidate_gb(instance),
        dealt.serving.origin_gb(instance),
        tables.as_stored(instance, outcome.prices),
        proof=proof_tables.proof_as_stored(instance, outcome.proof),
        bounded=instance,
        given=Given(loaded.topology, fill_counted=loaded.topology.fill_counted(loaded.holdings)),
    )
    if verdict.violations:
        listed = "; ".join(str(violation) for violation in verdict.violations[:5])
        message = f"the plan found breaks {len(verdict.violations)} limits: {listed}"
        # The engine kept them: what appliances fetch in one night did not allow it.
        windows = np.isfinite(instance.appliance_window_gb).any()
        if windows and all(violation.limit == LAUNCH for violation in verdict.violations):
            raise RulesLackError(message, lacking_after(instance, dealt.placement.holds))
        raise NoFeasiblePlanError(message)
    found = cost_by_judge(
        instance,
        outcome.placement,
        outcome.serving.candidate_gb(instance),
        outcome.serving.origin_gb(instance),
    )
    _agreed(outcome.upper, found.total)
    _agreed(plan_cost(counted, dealt.placement.holds, dealt.serving), verdict.cost.total)
    return verdict


def _agreed(ours: float, judged: float) -> None:
    """Refuse a plan whose cost the judge counts otherwise."""
    if abs(judged - ours) > COST_TOLERANCE * max(1.0, abs(ours)):
        raise RuntimeError(f"engine and judge disagree on the cost: {ours!r} and {judged!r}")


def _writers(
    loaded: Loaded, outcome: Outcome, dealt: Dealt, tree: Proof | None
) -> dict[str, Callable[[Path], None]]:
    """How each file of the folder is written."""
    instance, assignment, serving, fills = loaded.instance, dealt.assignment, dealt.serving, dealt.fills
    origins = tuple(origin.name for origin in loaded.topology.origins)
    made: dict[str, Callable[[], Any]] = {
        names.FILES: lambda: tables.catalog_table(loaded.catalog),
        names.DEMAND: lambda: tables.demand_table(loaded.demand, loaded.catalog),
        names.PATHS: lambda: tables.paths_table(loaded.topology),
        names.PLACEMENT: lambda: tables.placement_table(instance, assignment, loaded.holdings),
        names.SERVING: lambda: tables.serving_table(
            instance, serving.candidate_gb(instance), serving.origin_gb(instance)
        ),
        names.APPLIANCES: lambda: tables.appliances_table(instance, assignment),
        names.PRICES: lambda: tables.prices_table(instance, outcome.prices),
        names.FILLS: lambda: fill_tables.fills_table(instance, origins, fills),
        names.EVICTIONS: lambda: fill_tables.evictions_table(
            instance, fills, tables.lost_copies(instance, assignment, loaded.holdings)
        ),
        names.UNFILLED: lambda: fill_tables.unfilled_table(instance, fills),
    }
    if tree is not None:
        made[names.PROOF] = lambda: proof_tables.proof_table(instance, tree)
        made[names.PROOF_PRICES] = lambda: proof_tables.proof_prices_table(instance, tree)
        if tree.cuts.n_cuts:
            made[names.PROOF_CUTS] = lambda: proof_tables.proof_cuts_table(instance, tree)
    holdings = loaded.holdings
    if holdings is not None:
        made[names.HOLDINGS] = lambda: tables.holdings_table(holdings)
    header = "The network of this plan, resolved and restricted, with every value of its policy."
    text = topology_text(loaded.topology, header, whole_policy=True)

    def writer(make: Callable[[], Any]) -> Callable[[Path], None]:
        return lambda path: tables.write_table(make(), path)

    writers = {name: writer(make) for name, make in made.items()}
    return writers | {names.TOPOLOGY: lambda path: _write_text(path, text)}


def _write_manifests(folder: Path, checksums: Mapping[str, str]) -> Sequence[str]:
    write_manifests(folder, plan_id(checksums))
    return (INDEX,)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
