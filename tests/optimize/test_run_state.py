"""Which of two plans a run keeps, and when it may end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.master.proof_record import ProofRecord
from cdnplan.optimize.place.local_search import Incumbent
from cdnplan.optimize.problem.objective import gap_ratio
from cdnplan.optimize.problem.outcome import Fits, Stop, no_progress
from cdnplan.optimize.run.phase_clock import PhaseClock
from cdnplan.optimize.run.run_state import RunState
from cdnplan.parameters.parameters import DEFAULTS
from tests.instances import random_instance

SEED = 1
UNFIT = DEFAULTS.run.unfit


def run_with(fits: Fits | None) -> tuple[RunState, Incumbent]:
    """A run that has no plan yet, and one for it that costs more than the ideal."""
    instance = random_instance(SEED, n_files=4, n_pools=3)
    run = RunState(instance, Stop(), no_progress, PhaseClock(None, lambda: 0.0), 0.0, 1, fits)
    plan = run.local.serve(instance.pinned.copy())
    assert plan.cost > run.ideal
    run.take_bound(0.5 * (run.ideal + plan.cost), run.prices)
    return run, plan


def dearer(run: RunState, plan: Incumbent, ratio: float) -> Incumbent:
    """As if the plan cost more by a part of what is above the ideal, and had other holders."""
    return replace(plan, cost=plan.cost + ratio * (plan.cost - run.ideal), holds=~plan.holds)


@pytest.mark.parametrize(("ratio", "taken"), [(0.5 * UNFIT, True), (2.0 * UNFIT, False)])
def test_a_plan_that_fits_may_cost_a_little_more(ratio: float, taken: bool) -> None:
    run, unfit = run_with(lambda holds: bool((holds != unfit_holds).any()))
    unfit_holds = unfit.holds
    fit = dearer(run, unfit, ratio)
    for order in ((unfit, fit), (fit, unfit)):
        run, _ = run_with(lambda holds: bool((holds != unfit_holds).any()))
        for plan in order:
            run.take_plan(plan)
        assert run.best is (fit if taken else unfit)


def test_a_plan_that_does_not_fit_ends_a_run_later() -> None:
    run, plan = run_with(lambda holds: False)
    run.take_plan(plan)
    assert run.gap() > gap_ratio(run.lower, plan.cost, run.ideal)
    everywhere, same = run_with(None)
    everywhere.take_plan(same)
    assert everywhere.gap() == gap_ratio(everywhere.lower, same.cost, everywhere.ideal)
    assert run.outcome().upper == plan.cost, "what it costs is what it costs"


def test_a_plan_that_does_not_fit_counts_for_no_less_than_the_bound() -> None:
    """What holds for plans that appliances can carry out may be above what others cost."""
    run, plan = run_with(lambda holds: bool((holds != plan.holds).any()))
    run.take_plan(plan)
    above = plan.cost + 2.0 * UNFIT * (plan.cost - run.ideal)
    run.take_tree(above, ProofRecord(run.prices).proof)
    assert run.lower == above
    assert run.gap() > 0.5 * UNFIT
    fit = dearer(run, plan, 2.5 * UNFIT)
    run.take_plan(fit)
    assert run.best is fit
    assert (run.upper, run.lower) == (fit.cost, above)
    # Of a plan that fits a tree proves no more than its cost: sides dearer than it are left.
    run.take_tree(2.0 * fit.cost, ProofRecord(run.prices).proof)
    assert run.lower == fit.cost


@pytest.mark.parametrize("seed", range(5))
def test_the_engine_keeps_to_what_fits_if_anything_does(seed: int) -> None:
    """What is asked for costs nothing where the plan that would come anyway fits."""
    instance = random_instance(seed, n_files=5, n_pools=3, families=frozenset({"storage", "throughput"}))
    plan = solve_fast(instance)
    asked: list[np.ndarray] = []

    def fits(holds: np.ndarray) -> bool:
        asked.append(holds)
        return bool((holds == plan.placement.holds).all())

    again = solve_fast(instance, fits=fits)
    assert asked
    assert (again.placement.holds == plan.placement.holds).all()
    assert again.upper == plan.upper
