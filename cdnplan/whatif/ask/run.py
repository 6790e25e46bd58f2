"""`whatif`: scenarios against a base, each with its two answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cdnplan.errors import CdnplanError, InputError
from cdnplan.optimize.engine import EngineName
from cdnplan.optimize.problem.outcome import Progress, Stop, never, no_progress
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.whatif.base.base import (
    Answer,
    Base,
    Changed,
    Fills,
    load_base,
    read_inputs,
    rebuild,
)
from cdnplan.whatif.base.difference import TOP, Difference, Side, differ
from cdnplan.whatif.base.figures import Figures, measure
from cdnplan.whatif.scenario.apply import Applied, apply_all
from cdnplan.whatif.scenario.scenario import Scenario
from cdnplan.whatif.scenario.scenario_reader import all_combinations, combined, in_order, readable_scenarios
from cdnplan.whatif.steer.at_once import at_once
from cdnplan.whatif.steer.replan import replan

AnswerName = Literal["at_once", "after_fill"]
BOTH: tuple[AnswerName, ...] = ("at_once", "after_fill")
"""The placement as it is, with the best serving; a new plan."""


@dataclass(frozen=True, slots=True)
class WhatifRequest:
    """What to ask of which base.

    Parameters
    ----------
    base : Path
        Plan folder.
    scenarios : tuple of Path
        Scenario files.
    mode : {"each", "combine", "grid"}
        Each scenario by itself; all of them in their order as one; every combination of them.
    answers : tuple of {"at_once", "after_fill"}
    fills : {"free", "limited"} or None
        See `cdnplan.whatif.base.base.Fills`; None: as in the base.
    top : int
        Regions, files and sites listed; 0: all.
    engine, gap_ratio, time_limit_s, threads, seed
        For the plans; as `cdnplan.planner.PlanRequest`. The time limit is that of each plan.
    parameters : Parameters
        The numbers that steer these.
    """

    base: Path
    scenarios: tuple[Path, ...]
    mode: Literal["each", "combine", "grid"] = "each"
    answers: tuple[AnswerName, ...] = BOTH
    fills: Fills | None = None
    top: int = TOP
    engine: EngineName = "auto"
    gap_ratio: float | None = None
    time_limit_s: float | None = None
    threads: int = 1
    seed: int = 0
    parameters: Parameters = DEFAULTS


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioResult:
    """What became of one scenario.

    Parameters
    ----------
    scenario : Scenario
    changed : Changed or None
        None where the changed inputs make no problem; then there are no answers.
    answers : dict of str to Difference
        By name of the answer.
    failed : dict of str to str
        Why there is no such answer, by its name.
    seconds : dict of str to float
        By step [s].
    warnings : tuple of str
    """

    scenario: Scenario
    changed: Changed | None
    answers: dict[AnswerName, Difference]
    failed: dict[AnswerName, str]
    seconds: dict[str, float]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class WhatifResult:
    """All scenarios against one base.

    Parameters
    ----------
    base : Base
    figures : Figures
        Of the base.
    scenarios : tuple of ScenarioResult
    seconds : dict of str to float
        Of reading the base [s].
    unanswered : tuple of str
        Scenarios that did not begin, because an end was asked for.
    """

    base: Base
    figures: Figures
    scenarios: tuple[ScenarioResult, ...]
    seconds: dict[str, float]
    unanswered: tuple[str, ...] = ()


def whatif(
    request: WhatifRequest,
    *,
    progress: Progress = no_progress,
    asked: Callable[[], bool] = never,
    now: Callable[[], float] = time.perf_counter,
) -> WhatifResult:
    """Answer what would be if scenarios came true, as differences to a base plan.

    Parameters
    ----------
    request : WhatifRequest
    progress, asked, now
        As for `cdnplan.planner.plan`; asked for an end, no further scenario begins.

    Returns
    -------
    WhatifResult

    Raises
    ------
    InputError
        All that is wrong with the base and the scenarios.
    """
    begun = now()
    progress("read", 0.0, None, None)
    applied: tuple[Applied, ...] = ()
    scenarios, problems = readable_scenarios(request.scenarios)
    if request.mode == "combine":
        # Of a part of the files not even names can be checked: one may name what another brings.
        scenarios = () if problems or not scenarios else (combined(scenarios),)
    elif request.mode == "grid" and not problems:
        scenarios = all_combinations(scenarios)
    try:
        read = read_inputs(request.base)
        applied = apply_all(scenarios, read.inputs)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(in_order(problems))
    base = load_base(request.base, request.fills, read=read)
    side = Side(base.answer(), measure(base.answer(), base.inputs.topology))
    seconds = {"base": now() - begun}
    results: list[ScenarioResult] = []
    for scenario, made in zip(scenarios, applied, strict=True):
        if asked():
            break
        tell = _telling(progress, scenario.name)
        results.append(_answer(base, side, scenario, made, request, tell, asked, now))
    left = tuple(scenario.name for scenario in scenarios[len(results) :])
    return WhatifResult(base, side.figures, tuple(results), seconds, left)


def answer(
    base: Base, scenario: Scenario, request: WhatifRequest, *, now: Callable[[], float] = time.perf_counter
) -> ScenarioResult:
    """Answer one scenario against a base that was read."""
    (made,) = apply_all([scenario], base.inputs)
    side = Side(base.answer(), measure(base.answer(), base.inputs.topology))
    return _answer(base, side, scenario, made, request, no_progress, never, now)


def _answer(
    base: Base,
    side: Side,
    scenario: Scenario,
    applied: Applied,
    request: WhatifRequest,
    progress: Progress,
    asked: Callable[[], bool],
    now: Callable[[], float],
) -> ScenarioResult:
    seconds: dict[str, float] = {}
    answers: dict[AnswerName, Difference] = {}
    failed: dict[AnswerName, str] = {}
    begun = now()
    try:
        changed = rebuild(base, applied.inputs, applied.lost)
    except CdnplanError as error:
        failed = dict.fromkeys(request.answers, str(error))
        return ScenarioResult(scenario, None, {}, failed, {}, applied.warnings)
    seconds["rebuild"] = now() - begun
    first: Answer | None = None
    for name in request.answers:
        begun = now()
        try:
            if name == "at_once":
                found = first = at_once(base, changed, request.parameters.change)
            else:
                found = _planned(base, changed, first, request, progress, asked)
            figures = measure(found, changed.inputs.topology)
            answers[name] = differ(side, Side(found, figures), changed, top=request.top)
        except CdnplanError as error:
            failed[name] = str(error)
        seconds[name] = now() - begun
    new = [w for w in changed.warnings if w not in base.warnings]
    return ScenarioResult(scenario, changed, answers, failed, seconds, (*applied.warnings, *new))


def _planned(
    base: Base,
    changed: Changed,
    first: Answer | None,
    request: WhatifRequest,
    progress: Progress,
    asked: Callable[[], bool],
) -> Answer:
    return replan(
        base,
        changed,
        now=first,
        engine=request.engine,
        stop=Stop(request.gap_ratio, request.time_limit_s, asked),
        threads=request.threads,
        seed=request.seed,
        progress=progress,
        parameters=request.parameters,
    )


def _telling(progress: Progress, name: str) -> Progress:
    """Progress of one scenario among others."""

    def tell(phase: str, done: float, lower: float | None, upper: float | None) -> None:
        del phase
        progress(name, done, lower, upper)

    progress(name, 0.0, None, None)
    return tell
