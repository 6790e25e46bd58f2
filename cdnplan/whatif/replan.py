"""Plan anew from the base: near the change where most of the network does not notice it, else everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.lanes import lanes
from cdnplan.model.placement import Placement
from cdnplan.optimize.engine import EngineName, choose_engine, solve
from cdnplan.optimize.near import LARGEST_RATIO, part_near, solve_near
from cdnplan.optimize.outcome import Progress, Stop, no_progress
from cdnplan.optimize.rules import broken_rules
from cdnplan.optimize.warm_start import WarmStart
from cdnplan.planner.earlier import prices_for
from cdnplan.planner.tables import as_stored
from cdnplan.whatif.at_once import at_once
from cdnplan.whatif.base import Answer, Base, Changed, Flow, judged
from cdnplan.whatif.touched import touched

NEAR_FROM = 2_000_000
"""Smaller networks, in candidate entries × files, are planned as a whole: that takes seconds at most."""


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
) -> Answer:
    """Plan anew, from the base's prices and placement.

    Parameters
    ----------
    base : Base
    changed : Changed
    now : Answer or None
        Of `at_once`, where that was asked before.
    engine, stop, threads, seed, progress
        As for `cdnplan.optimize.engine.solve`.

    Returns
    -------
    Answer
        With the judge's certificate: no plan for the changed inputs costs less than its bound. Pools are not
        split onto appliances.

    Raises
    ------
    NoFeasiblePlanError
        No plan keeps the rules.
    DeadlineError
        The time limit passed, or an end was asked for, before there was any plan.
    """
    instance = changed.instance
    chosen, _ = choose_engine(instance, engine)
    holds = (base.held.by_name(instance) > 0) & (instance.copies > 0)
    start = WarmStart(prices_for(base.price_table, instance), np.asarray(holds))
    if chosen == "fast" and instance.cand_pool.size * instance.n_files > NEAR_FROM:
        found = _near(base, changed, start, now, stop, threads, progress)
        if found is not None:
            return found
    outcome = solve(instance, chosen, stop=stop, threads=threads, seed=seed, progress=progress, start=start)
    found = judged(instance, outcome.placement, Flow.of(instance, outcome.serving), as_stored(outcome.prices))
    bound = -np.inf if found.verdict.bound is None else found.verdict.bound
    # What prices prove is what the judge makes of them; only branch and bound is the engine's word.
    lower = bound if outcome.bound_proof == "prices" else max(outcome.lower, bound)
    return replace(found, proof=outcome.bound_proof, lower=lower, seconds=outcome.seconds)


def _near(
    base: Base,
    changed: Changed,
    start: WarmStart,
    now: Answer | None,
    stop: Stop | None,
    threads: int,
    progress: Progress,
) -> Answer | None:
    """Plan near the change; None where that is most of the network."""
    instance = changed.instance
    differs = touched(base.instance, instance)
    if differs.regions.mean() > LARGEST_RATIO:
        return None
    problems = broken_rules(instance)
    if problems:
        raise NoFeasiblePlanError("; ".join(problems))
    flow = (at_once(base, changed) if now is None else now).flow
    part = part_near(instance, differs.regions, differs.pools, flow.served_gb)
    if part.share(instance) > LARGEST_RATIO:
        return None
    with lanes(threads):
        plan = solve_near(instance, start, part, flow.served_gb, flow.origin_gb, stop=stop, progress=progress)
    found = judged(
        instance, Placement(plan.holds), Flow(plan.served_gb, plan.origin_gb), as_stored(plan.prices)
    )
    if found.verdict.violations:
        return None
    return replace(found, proof="prices", lower=found.verdict.bound, seconds=plan.seconds)
