"""Prices on the demand rows of a file's problem: never above its optimum, and near its relaxation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cdnplan.evaluate.proof import bound
from cdnplan.evaluate.proof.bound import dual_bound, file_bounds, row_steps
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.lp.highs import QuietHighs
from cdnplan.optimize.price.relaxed_visits import RelaxedVisits
from tests.evaluate.prices import best_holders, random_prices, to_dense
from tests.evaluate.unstructured import unstructured_instance
from tests.instances import random_instance

SCALES = (0.0, 0.05, 0.5, 5.0)


def without_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound by row prices where the ascent has not found the optimum."""
    monkeypatch.setattr(bound, "SEARCH_EFFORT", 0)


def test_never_above_the_optimum_on_all_kinds_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    without_search(monkeypatch)
    raised = 0
    for seed in range(60):
        instance = random_instance(seed, n_regions=30, n_files=5, n_pools=9)
        dear = np.random.default_rng(seed).uniform(1.0, 30.0, instance.n_pools)
        instance = dataclasses.replace(instance, fill_cost=dear)
        for scale in SCALES:
            prices = random_prices(instance, seed, scale)
            found, root = file_bounds(instance, prices), file_bounds(instance, prices, nodes=0)
            optima = np.array([best_holders(instance, prices, f) for f in range(instance.n_files)])
            assert (found <= optima + 1e-9 * np.abs(optima)).all(), (seed, scale)
            assert (found >= root).all()
            raised += int((found > root + 1e-6 * np.abs(root)).sum())
    assert raised > 40, "the ascent should have left something"


@pytest.mark.parametrize("opening", [0.3, 1.0, 2.0, 4.0])
def test_near_the_relaxation_where_the_ascent_is_far_from_it(
    monkeypatch: pytest.MonkeyPatch, opening: float
) -> None:
    without_search(monkeypatch)
    instance = unstructured_instance(opening)
    prices = Prices.zero(instance)
    root, found = file_bounds(instance, prices, nodes=0), file_bounds(instance, prices)
    relaxed = np.array([_relaxation(instance, f) for f in range(instance.n_files)])
    assert (found <= relaxed * (1 + 1e-9)).all()
    assert (relaxed - found).sum() <= 0.3 * (relaxed - root).sum()
    assert (relaxed - root).sum() > 1e-4 * root.sum(), "the ascent should have left something"


def test_the_engine_steps_as_the_judge_does(monkeypatch: pytest.MonkeyPatch) -> None:
    without_search(monkeypatch)
    for seed in range(20):
        instance = random_instance(seed, n_regions=30, n_files=5, n_pools=9)
        prices = random_prices(instance, seed, 0.5)
        assert _by_engine(instance, prices) == pytest.approx(dual_bound(instance, prices), rel=1e-3)


def test_on_networks_of_some_size_only(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = unstructured_instance(2.0)
    size = instance.cand_pool.size * instance.n_files
    assert row_steps(instance) == bound.STEP_LIMIT
    monkeypatch.setattr(bound, "STEP_EFFORT", 200 * size)
    assert [row_steps(instance, cases) for cases in (1, 2, 4, 5)] == [200, 100, 50, 0]


def _relaxation(instance: Instance, file: int) -> float:
    """Relaxation of one file's problem at no prices, by linear programming."""
    solver = QuietHighs()
    opened = [solver.addVariable(0.0, 1.0, cost) for cost in instance.fill_cost * instance.size_gb[file]]
    gb = to_dense(instance)[:, file]
    for r in range(instance.n_regions):
        entries = range(instance.cand_ptr[r], instance.cand_ptr[r + 1])
        served = [solver.addVariable(0.0, 1.0, gb[r] * instance.cand_cost[j]) for j in entries]
        for j, part in zip(entries, served, strict=True):
            solver.addConstr(part <= opened[instance.cand_pool[j]])
        solver.addConstr(sum(served, solver.addVariable(0.0, 1.0, gb[r] * instance.origin_cost[r])) == 1)
    solver.run()
    return float(solver.getObjectiveValue())


def _by_engine(instance: Instance, prices: Prices) -> float:
    return RelaxedVisits(instance, FileSolver.of(instance)).bound(prices)
