"""The fast engine against brute force and the exact engine: bound ≤ optimum ≤ plan, every rule kept."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.baselines import greedy_plan
from cdnplan.errors import NoFeasiblePlanError
from cdnplan.evaluate.proof.bound import dual_bound
from cdnplan.evaluate.proof.proof import tree_bound
from cdnplan.evaluate.verdict.verdict import evaluate
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.problem.objective import gap_ratio, ideal_cost, plan_cost
from tests.instances import random_instance
from tests.oracle.brute_force import brute_force, free_decisions

SEEDS = range(260)
MOST_DECISIONS = 10
TOLERANCE = 1e-7


def test_bound_optimum_and_plan_are_in_order() -> None:
    compared = Counter[str]()
    gaps: list[float] = []
    for seed in SEEDS:
        instance = random_instance(seed)
        if int(free_decisions(instance).sum()) > MOST_DECISIONS:
            continue
        optimum = brute_force(instance)
        try:
            outcome = solve_fast(instance)
        except NoFeasiblePlanError:
            # It may miss the only room there is for a launch rule, but nothing else.
            assert optimum is None or instance.n_launches > 0, seed
            compared["no plan"] += optimum is not None
            continue
        assert optimum is not None, seed
        slack = TOLERANCE * max(1.0, abs(optimum))
        assert outcome.lower <= optimum + slack, seed
        assert outcome.upper >= optimum - slack, seed
        assert dual_bound(instance, outcome.prices) <= optimum + slack, seed
        if outcome.proof is not None:
            assert tree_bound(instance, outcome.proof) <= optimum + slack, seed
            compared["by tree"] += 1
        verdict = evaluate(
            instance,
            outcome.placement,
            outcome.serving.candidate_gb(instance),
            outcome.serving.origin_gb(instance),
        )
        assert verdict.violations == (), (seed, verdict.violations)
        assert verdict.cost.total == pytest.approx(outcome.upper, rel=1e-9, abs=1e-9), seed
        gaps.append(gap_ratio(optimum, outcome.upper, ideal_cost(instance)))
        compared["solved"] += 1
        compared["optimal"] += outcome.upper <= optimum + slack
    assert compared["solved"] >= 200
    assert compared["no plan"] <= 5
    assert compared["by tree"] >= 5, "the tree should have had something to do"
    # Tiny instances are where rounding hurts most; half of them end at the optimum all the same.
    assert compared["optimal"] >= compared["solved"] // 2
    assert np.median(gaps) <= 0.01


def test_the_same_plan_for_one_and_two_threads() -> None:
    instance = random_instance(5, n_regions=3, n_files=5, n_pools=4)
    one, two = (solve_fast(instance, threads=threads) for threads in (1, 2))
    assert (one.placement.holds == two.placement.holds).all()
    assert (one.serving.ratio == two.serving.ratio).all()
    assert one.lower == two.lower
    for name in ("volume", "rate", "launch"):
        assert (getattr(one.prices, name) == getattr(two.prices, name)).all()


def test_greedy_is_a_plan_and_no_better_than_the_optimum() -> None:
    checked = 0
    for seed in range(60):
        instance = random_instance(seed)
        if int(free_decisions(instance).sum()) > MOST_DECISIONS or (optimum := brute_force(instance)) is None:
            continue
        try:
            plan = greedy_plan(instance)
        except NoFeasiblePlanError:
            continue
        assert plan.cost >= optimum - TOLERANCE * max(1.0, abs(optimum)), seed
        assert plan.cost == pytest.approx(plan_cost(instance, plan.holds, plan.serving))
        checked += 1
    assert checked >= 30
