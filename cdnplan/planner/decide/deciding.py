"""What pools and their appliances hold, how that is served, and filled: a plan without its folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.packs import packs
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.engine import EngineName, choose_engine
from cdnplan.optimize.problem.outcome import Outcome, Progress, Stop, no_progress
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.parameters.dealing import DealingParameters
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.planner.decide.again import Spent, good_enough, plan_again
from cdnplan.planner.decide.as_held import Weighed, as_held, may_stay, weigh
from cdnplan.planner.decide.by_appliance import is_small, plan_apiece
from cdnplan.planner.decide.dealing import Dealt, deal
from cdnplan.planner.decide.engine_run import EngineRun


class Watch:
    """Wall-clock time by phase [s]."""

    def __init__(
        self, now: Callable[[], float] = time.perf_counter, progress: Progress = no_progress
    ) -> None:
        self.now = now
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what runs inside, and tell that it began."""
        self.progress(name, 0.0, None, None)
        begun = self.now()
        try:
            yield
        finally:
            self.seconds[name] = self.now() - begun


def _fit(instance: Instance, holds: npt.NDArray[np.bool_]) -> bool:
    """Whether appliances have room for what their pools hold."""
    return bool(packs(instance, holds).all())


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """The engine's plan and what dealing it out to appliances made of it.

    Parameters
    ----------
    outcome : Outcome
    dealt : Dealt
    reason : str
        Why this engine.
    weighed : Weighed or None
        The plan found against leaving things as they are; None where nothing is held that may stay.
    """

    outcome: Outcome
    dealt: Dealt
    reason: str
    weighed: Weighed | None = None


def decide(
    instance: Instance,
    holdings: Holdings | None = None,
    *,
    engine: EngineName = "auto",
    stop: Stop | None = None,
    start: WarmStart | None = None,
    threads: int = 1,
    seed: int = 0,
    watch: Watch | None = None,
    fill: Callable[[Dealt], Dealt] | None = None,
    settled: bool = False,
    parameters: Parameters = DEFAULTS,
) -> Decided:
    """Optimise, deal out to appliances, and plan again where that costs much.

    Leaving things as they are is always among the plans: what is returned costs no more.

    Parameters
    ----------
    instance : Instance
    holdings : Holdings or None
        What appliances hold now.
    engine, stop, start, threads, seed
        As for `cdnplan.optimize.engine.solve`.
    watch : Watch or None
        Takes the times of the phases ``optimise``, ``appliances``, ``fills`` and ``again``, and hears of
        progress.
    fill : callable or None
        Plans the night of what was dealt out; without one nothing is fetched.
    settled : bool
        Whether what is held stays unless a plan saves more than its gap leaves unsure (`weigh`).
    parameters : Parameters
        The numbers that steer it, and what is left out.

    Returns
    -------
    Decided

    Raises
    ------
    NoFeasiblePlanError
        No plan satisfies the rules that cannot be priced.
    DeadlineError
        The time limit passed, or an end was asked for, with nothing usable.
    """
    watch, stop = watch or Watch(), stop or Stop()
    name, reason = choose_engine(instance, engine, parameters)
    run = EngineRun(name, stop, threads, seed, watch.progress, _fit, parameters)
    begun = watch.now()
    with watch.phase("optimise"):
        outcome = run.solve(instance, start)

    def filled(dealt: Dealt) -> Dealt:
        return dealt if fill is None else fill(dealt)

    def by_appliance(
        problem: Instance, found: Outcome, dealt: Dealt, night: Callable[[Dealt], Dealt], anyway: bool = False
    ) -> Dealt:
        left_s = None if stop.time_limit_s is None else stop.time_limit_s - (watch.now() - begun)
        late = left_s is not None and left_s <= watch.seconds["optimise"]
        if late or not parameters.parts.by_appliance:
            return dealt
        left = replace(run, stop=replace(stop, time_limit_s=left_s))
        return plan_apiece(problem, left, found, dealt, holdings, night, anyway=anyway)

    # That each appliance has a window of its own is what only planning by appliance knows. Without windows
    # files are in the way that fit in no better than others would: planning again finds these sooner.
    windows = bool(np.isfinite(instance.appliance_window_gb).any())

    def fitted(problem: Instance, found: Outcome) -> Dealt:
        dealt = deal(instance, found.placement, found.serving, found.prices, holdings, parameters=parameters)
        return by_appliance(problem, found, dealt, lambda other: other) if windows else dealt

    with watch.phase("appliances"):
        dealt = fitted(instance, outcome)
    with watch.phase("fills"):
        dealt = filled(dealt)
    with watch.phase("again"):
        spent = Spent(watch.seconds["optimise"], watch.seconds["appliances"] + watch.seconds["fills"])
        outcome, dealt = plan_again(
            instance,
            run,
            outcome,
            dealt,
            lambda problem, found: filled(fitted(problem, found)),
            spent=spent,
            apart=partial(by_appliance, night=filled, anyway=True)
            if windows and is_small(instance, parameters.again)
            else None,
            now=watch.now,
        )
        if not windows:
            dealt = by_appliance(instance, outcome, dealt, filled)
    decided = Decided(outcome, dealt, reason)
    if holdings is None:
        return decided
    with watch.phase("as held"):
        return _or_as_held(instance, holdings, decided, filled, stop if settled else None, parameters.dealing)


def _or_as_held(
    instance: Instance,
    holdings: Holdings,
    found: Decided,
    filled: Callable[[Dealt], Dealt],
    settled: Stop | None,
    parameters: DealingParameters,
) -> Decided:
    """What was found, or leaving things as they are, if that may go on and is the better.

    Where things are `settled`, until a plan saves enough: that says when a gap is good enough.
    """
    held = as_held(instance, holdings, parameters)
    if not may_stay(instance, held):
        return found
    held = filled(held)
    enough_ratio = None if settled is None else good_enough(settled)
    weighed = weigh(instance, found.outcome, found.dealt, held, enough_ratio=enough_ratio)
    if not weighed.stays:
        return replace(found, weighed=weighed)
    cost = weighed.as_held_cost
    outcome = replace(found.outcome, placement=held.placement, serving=held.serving, upper=cost)
    return Decided(outcome, held, found.reason, weighed)
