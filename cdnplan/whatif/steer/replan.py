"""Plan anew from the base: near the change where most of the network does not notice it, else everywhere.

Prices and placement of the base are a good start where the change is small. Where they were not, the gap says
so, and planning goes on: from what was found, and in the end from nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cdnplan.errors import DeadlineError, NoFeasiblePlanError
from cdnplan.evaluate.count.cost import gap_ratio
from cdnplan.lanes import lanes
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.engine import EngineName, choose_engine, solve
from cdnplan.optimize.fast.near import part_near, solve_near
from cdnplan.optimize.problem.outcome import Progress, Stop, no_progress
from cdnplan.optimize.problem.rules import broken_rules
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.planner.folder.proof_tables import proof_as_stored
from cdnplan.planner.folder.proven import Proven
from cdnplan.planner.folder.tables import as_stored
from cdnplan.planner.inputs.earlier import prices_for
from cdnplan.whatif.base.base import Answer, Base, Changed, Flow, judged
from cdnplan.whatif.base.touched import touched
from cdnplan.whatif.steer.at_once import at_once


def replan(
    base: Base,
    changed: Changed,
    *,
    now: Answer | None = None,
    engine: EngineName = "auto",
    stop: Stop | None = None,
    threads: int = 1,
    seed: int = 0,
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.perf_counter,
    parameters: Parameters = DEFAULTS,
) -> Answer:
    """Plan anew, from the base's prices and placement.

    Where the gap exceeds the base's by more than `ChangeParameters.worse` (and the gap asked for, if any),
    planning goes on from what was found, then from nothing; the cheapest plan and the highest bound count.

    Parameters
    ----------
    base : Base
    changed : Changed
    now : Answer or None
        Of `at_once`, where that was asked before.
    engine, stop, threads, seed, progress
        As for `cdnplan.optimize.engine.solve`.
    clock : callable
        Seconds that only grow.
    parameters : Parameters

    Returns
    -------
    Answer
        With the judge's certificate: no plan for the changed inputs costs less than its bound. Pools are not
        split onto appliances. Its seconds are those of all attempts.

    Raises
    ------
    NoFeasiblePlanError
        No plan keeps the rules.
    DeadlineError
        The time limit passed, or an end was asked for, before there was any plan.
    """
    stop = Stop() if stop is None else stop
    name = choose_engine(changed.instance, engine, parameters)[0]
    task = _Task(base, changed, now, name, threads, seed, progress, parameters)
    enough = max(base.plan.numbers["gap_ratio"] + parameters.change.worse, stop.gap_ratio or 0.0)
    deadline = np.inf if stop.time_limit_s is None else clock() + stop.time_limit_s
    found: Answer | None = None
    for attempt in task.attempts():
        if stop.time_limit_s is not None:
            stop = replace(stop, time_limit_s=max(0.0, deadline - clock()))
        if found is not None and (stop.asked() or stop.time_limit_s == 0.0):
            break
        try:
            found = _best(found, task.plan(attempt, found, stop))
        except DeadlineError:
            if found is None:
                raise
            break
        if found is not None and _gap(found) <= enough:
            break
    if found is None:
        raise AssertionError("planning the whole network gives an answer or raises")
    return _not_worse(found, now, changed.instance)


Attempt = Literal["near", "warm", "cold"]


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What is to be planned, and the ways to do so."""

    base: Base
    changed: Changed
    now: Answer | None
    engine: EngineName
    threads: int
    seed: int
    progress: Progress
    parameters: Parameters = DEFAULTS

    def attempts(self) -> Iterator[Attempt]:
        """Ways to plan, the quickest first."""
        instance = self.changed.instance
        if self.engine == "exact":
            yield "warm"
            return
        if instance.cand_pool.size * instance.n_files > self.parameters.change.near_from:
            yield "near"
        yield from ("warm", "warm", "cold")

    def plan(self, attempt: Attempt, found: Answer | None, stop: Stop) -> Answer | None:
        """Plan in one of the ways, after what was found before; None where the way does not apply."""
        if attempt == "near":
            return self._near(stop)
        if attempt == "cold":
            return self._whole(None, stop)
        again = None if found is None else found.prices
        start = self._start() if again is None or found is None else WarmStart(again, found.placement.holds)
        return self._whole(start, stop)

    def _start(self) -> WarmStart:
        """Prices and placement of the base."""
        instance = self.changed.instance
        holds = (self.base.held.by_name(instance) > 0) & (instance.copies > 0)
        return WarmStart(prices_for(self.base.price_table, instance), np.asarray(holds))

    def _whole(self, start: WarmStart | None, stop: Stop) -> Answer:
        """Plan all of the network."""
        instance = self.changed.instance
        outcome = solve(
            instance,
            self.engine,
            stop=stop,
            threads=self.threads,
            seed=self.seed,
            progress=self.progress,
            start=start,
            parameters=self.parameters,
        )
        flow = Flow.of(instance, outcome.serving)
        prices, tree = as_stored(instance, outcome.prices), proof_as_stored(instance, outcome.proof)
        found = judged(instance, outcome.placement, flow, prices, tree)
        proven = Proven.of(outcome, found.verdict)
        return replace(found, proof=proven.rests_on, lower=proven.lower, seconds=outcome.seconds)

    def _near(self, stop: Stop) -> Answer | None:
        """Plan near the change; None where that is most of the network."""
        base, instance, numbers = self.base, self.changed.instance, self.parameters.change
        differs = touched(base.instance, instance)
        if differs.regions.mean() > numbers.largest:
            return None
        problems = broken_rules(instance)
        if problems:
            raise NoFeasiblePlanError("; ".join(problems))
        flow = (at_once(base, self.changed, numbers) if self.now is None else self.now).flow
        part = part_near(instance, differs.regions, differs.pools, flow.served_gb, numbers)
        if part.share(instance) > numbers.largest:
            return None
        with lanes(self.threads):
            plan = solve_near(
                instance,
                self._start(),
                part,
                flow.served_gb,
                flow.origin_gb,
                stop=stop,
                progress=self.progress,
                parameters=self.parameters,
            )
        flow = Flow(plan.served_gb, plan.origin_gb)
        found = judged(instance, Placement(plan.holds), flow, as_stored(instance, plan.prices))
        if found.verdict.violations:
            return None
        return replace(found, proof="prices", lower=found.verdict.bound, seconds=plan.seconds)


def _gap(found: Answer) -> float:
    return gap_ratio(found.verdict.cost.total, _lower(found), found.verdict.ideal)


def _lower(found: Answer) -> float:
    return -np.inf if found.lower is None else found.lower


def _best(found: Answer | None, other: Answer | None) -> Answer | None:
    """The cheaper plan of two, with the higher bound: any prices prove theirs for both."""
    if found is None or other is None:
        return other if found is None else found
    plan = min(found, other, key=lambda a: (bool(a.verdict.violations), a.verdict.cost.total))
    proof = max(found, other, key=_lower)
    spent = dict(found.seconds or {})
    for step, seconds in (other.seconds or {}).items():
        spent[step] = spent.get(step, 0.0) + seconds
    return replace(plan, prices=proof.prices, proof=proof.proof, lower=proof.lower, seconds=spent)


def _not_worse(found: Answer, now: Answer | None, instance: Instance) -> Answer:
    """Leave all as it is where that keeps every limit and costs less than the plan found."""
    if now is None or now.verdict.cost.total >= found.verdict.cost.total:
        return found
    stays = judged(instance, now.placement, now.flow)
    if stays.verdict.violations or stays.verdict.cost.total >= found.verdict.cost.total:
        return found
    return replace(stays, prices=found.prices, proof=found.proof, lower=found.lower, seconds=found.seconds)
