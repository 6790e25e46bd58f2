"""Passes by the relaxations of files, and holders sought from them: bounds and plans that hold, and gain."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.exact.exact import solve_exact
from cdnplan.optimize.fast import fast, wide_gap
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.file.bound import FileSolver, priced_bound
from cdnplan.optimize.price.pricing import PriceSearch
from cdnplan.optimize.price.relaxed_visits import RelaxedVisits
from cdnplan.optimize.price.response import ResponseLayout
from cdnplan.optimize.price.search_kernels import Pass
from cdnplan.optimize.price.totals import Batch
from cdnplan.optimize.price.visits import HolderVisits
from cdnplan.optimize.problem.outcome import Outcome, Progress, no_progress
from cdnplan.optimize.problem.priced import Priced
from tests.evaluate.unstructured import unstructured_instance
from tests.instances import random_instance, to_dense
from tests.limits import with_limits

STEPS = 300


def relaxed(
    monkeypatch: pytest.MonkeyPatch,
    instance: Instance,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Outcome:
    """Solve as if the network were large and the gap wide."""
    monkeypatch.setattr(fast, "SMALL_UP_TO", 0)
    monkeypatch.setattr(fast, "ONE_THREAD_UP_TO", 0)
    monkeypatch.setattr(fast, "WORTH_RELAXING", 1e-9)
    return solve_fast(instance, threads=threads, progress=progress)


def crowded(opening: float, seed: int) -> Instance:
    """Room for a part of what would be held if there were enough."""
    instance = unstructured_instance(opening, seed)
    return with_limits(instance, storage_gb=np.full(instance.n_pools, 2.0))


def phases(monkeypatch: pytest.MonkeyPatch, instance: Instance) -> set[str]:
    """What a run says that it does."""
    seen: set[str] = set()
    monkeypatch.setattr(fast, "SMALL_UP_TO", 0)
    solve_fast(instance, progress=lambda phase, *_: seen.add(phase))
    return seen


def test_bound_and_plan_enclose_the_optimum_with_all_families(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    for seed in range(25):
        instance = random_instance(seed, n_regions=5, n_files=4, n_pools=4)
        best = solve_exact(instance)
        found = relaxed(monkeypatch, instance, progress=lambda phase, *_: said.append(phase))
        margin = 1e-6 * (1.0 + abs(best.upper))
        assert found.lower <= best.upper + margin, seed
        assert found.upper >= best.lower - margin, seed
    runs = said.count("relaxed prices and plans") // (wide_gap.RELAXED_PASSES + wide_gap.THOROUGH_PASSES)
    assert runs >= 10, "most should have had a gap to work on"


def test_it_proves_more_where_files_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    proven = []
    for seed in range(5):
        instance = crowded(1.0, seed)
        monkeypatch.setattr(fast, "SMALL_UP_TO", 0)
        monkeypatch.setattr(fast, "WORTH_RELAXING", np.inf)
        before, after = solve_fast(instance), relaxed(monkeypatch, instance)
        assert after.lower >= before.lower
        proven.append(after.lower / before.lower - 1.0)
    assert np.mean(proven) > 1e-3


def test_holders_sought_with_care_cost_less() -> None:
    quick, careful = [], []
    for seed in range(5):
        instance = unstructured_instance(2.0, seed)
        solver, layout, prices = FileSolver.of(instance), ResponseLayout.of(instance), Prices.zero(instance)
        files = np.arange(instance.n_files, dtype=np.int32)
        at = Pass(0, 1e-6, np.zeros(instance.n_regions, dtype=np.bool_), 0.0)
        for costs, steps in ((quick, 0), (careful, STEPS)):
            visits = HolderVisits(instance, solver, layout)
            visits.steps = steps
            visits.visit(Batch(files, np.ones(files.size)), prices, Priced.of(instance, prices), at)
            costs.append(_cost(instance, visits.holds))
    assert (np.array(careful) <= np.array(quick) * (1 + 1e-12)).all()
    assert sum(careful) < 0.999 * sum(quick)


def test_only_where_the_gap_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "relaxed prices and plans" in phases(monkeypatch, crowded(1.0, 1))
    monkeypatch.setattr(fast, "WORTH_RELAXING", 0.9)
    assert "relaxed prices and plans" not in phases(monkeypatch, crowded(1.0, 1))


def test_pools_of_the_best_plan_are_chosen_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "SMALL_UP_TO", 0)
    for module in (fast, wide_gap):
        monkeypatch.setattr(module, "WORTH_IMPROVING", 1e-4)
    saved = []
    for seed in range(6, 10):
        instance = random_instance(seed, n_regions=20, n_files=60, n_pools=10)
        costs = []
        for times in (0, 6):
            monkeypatch.setattr(wide_gap, "IMPROVEMENTS", times)
            costs.append(solve_fast(instance).upper)
        saved.append(1.0 - costs[1] / costs[0])
    assert min(saved) >= 0.0
    assert max(saved) > 1e-4


def test_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (relaxed(monkeypatch, crowded(2.0, 3), threads) for threads in (1, 2))
    assert (one.upper, one.lower) == (two.upper, two.lower)
    assert (one.placement.holds == two.placement.holds).all()


def test_steps_prove_more_and_never_too_much() -> None:
    for seed in range(5):
        instance = crowded(1.0, seed)
        prices = Prices.zero(instance)
        prices.volume[: instance.n_pools] = 0.3
        solver = FileSolver.of(instance)
        ascent = priced_bound(instance, prices)
        raised = RelaxedVisits(instance, solver).bound(prices)
        assert raised > ascent
        assert raised <= solve_fast(instance).upper


def test_shares_serve_everything_and_hold_what_they_serve() -> None:
    instance = random_instance(7, n_regions=12, n_files=6, n_pools=5)
    solver, prices = FileSolver.of(instance), Prices.zero(instance)
    layout = ResponseLayout.of(instance)
    visits = RelaxedVisits(instance, solver)
    files = np.arange(instance.n_files, dtype=np.int32)
    at = Pass(0, 1.0, np.ones(instance.n_regions, dtype=np.bool_), 0.0)
    loads = visits.visit(Batch(files, np.ones(files.size)), prices, Priced.of(instance, prices), at).loads
    served = loads[2 * instance.n_pools :]
    by_region = np.bincount(layout.region, served[: layout.region.size], minlength=instance.n_regions)
    asked = np.add.reduceat(instance.demand_gb.astype(float), instance.demand_ptr[:-1])
    asked = asked[instance.region_row] * instance.region_share
    assert by_region + served[layout.region.size :] == pytest.approx(asked)
    # Storing costs nothing here: every pool that is nearest to somebody holds what is asked.
    assert loads[: instance.n_pools].sum() > 0.0
    assert visits.bound(prices) >= priced_bound(instance, prices) * (1 - 1e-6)


def test_the_search_goes_back_to_holders() -> None:
    instance = crowded(1.0, 2)
    search = PriceSearch(instance, FileSolver.of(instance), 3)
    states = search.passes()
    holds = next(states).holds.copy()
    search.relax()
    assert (next(states).holds == holds).all()
    search.seek(50)
    assert (next(states).holds != holds).any()


def _cost(instance: Instance, holds: np.ndarray) -> float:
    """Cost of filling holders and of serving from the cheapest ones, where nothing has a limit."""
    total = float((holds * instance.size_gb[:, None]).sum(axis=0) @ instance.fill_cost)
    gb = to_dense(instance)
    for r in range(instance.n_regions):
        entries = slice(instance.cand_ptr[r], instance.cand_ptr[r + 1])
        way = np.where(holds[:, instance.cand_pool[entries]], instance.cand_cost[entries], np.inf)
        total += float(gb[r] @ np.minimum(way.min(axis=1), instance.origin_cost[r]))
    return total
