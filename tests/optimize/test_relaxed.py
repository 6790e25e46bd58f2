"""Passes by the relaxations of files, and holders sought from them: bounds and plans that hold, and gain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.exact.exact import solve_exact
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
from cdnplan.parameters.parameters import Parameters
from cdnplan.parameters.passes import RunParameters
from cdnplan.parameters.wide_gaps import BetterParameters, RelaxationParameters
from tests.evaluate.unstructured import unstructured_instance
from tests.instances import random_instance, to_dense
from tests.limits import with_limits

STEPS = 300


LARGE = Parameters(run=RunParameters(small_up_to=0))
WIDE = Parameters(
    run=RunParameters(small_up_to=0, one_thread_up_to=0), relaxation=RelaxationParameters(from_gap=1e-9)
)
"""As if the network were large and the gap wide."""
NARROW = replace(LARGE, relaxation=RelaxationParameters(from_gap=0.9))


def relaxed(instance: Instance, threads: int = 1, progress: Progress = no_progress) -> Outcome:
    return solve_fast(instance, threads=threads, progress=progress, parameters=WIDE)


def crowded(opening: float, seed: int) -> Instance:
    """Room for a part of what would be held if there were enough."""
    instance = unstructured_instance(opening, seed)
    return with_limits(instance, storage_gb=np.full(instance.n_pools, 2.0))


def phases(instance: Instance, parameters: Parameters) -> set[str]:
    """What a run says that it does."""
    seen: set[str] = set()
    solve_fast(instance, progress=lambda phase, *_: seen.add(phase), parameters=parameters)
    return seen


def test_bound_and_plan_enclose_the_optimum_with_all_families() -> None:
    said: list[str] = []
    for seed in range(25):
        instance = random_instance(seed, n_regions=5, n_files=4, n_pools=4)
        best = solve_exact(instance)
        found = relaxed(instance, progress=lambda phase, *_: said.append(phase))
        margin = 1e-6 * (1.0 + abs(best.upper))
        assert found.lower <= best.upper + margin, seed
        assert found.upper >= best.lower - margin, seed
    numbers = WIDE.relaxation
    runs = said.count("relaxed prices and plans") // (numbers.passes + numbers.thorough_passes)
    assert runs >= 10, "most should have had a gap to work on"


def test_it_proves_more_where_files_are_split() -> None:
    proven = []
    for seed in range(5):
        instance = crowded(1.0, seed)
        never = replace(LARGE, relaxation=RelaxationParameters(from_gap=np.inf))
        before, after = solve_fast(instance, parameters=never), relaxed(instance)
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


def test_only_where_the_gap_is_wide() -> None:
    assert "relaxed prices and plans" in phases(crowded(1.0, 1), LARGE)
    assert "relaxed prices and plans" not in phases(crowded(1.0, 1), NARROW)


def test_pools_of_the_best_plan_are_chosen_anew() -> None:
    saved = []
    for seed in range(6, 10):
        instance = random_instance(seed, n_regions=20, n_files=60, n_pools=10)
        costs = []
        for times in (0, 6):
            better = BetterParameters(from_gap=1e-4, times=times)
            costs.append(solve_fast(instance, parameters=replace(LARGE, better=better)).upper)
        saved.append(1.0 - costs[1] / costs[0])
    assert min(saved) >= 0.0
    assert max(saved) > 1e-4


def test_threads_do_not_matter() -> None:
    one, two = (relaxed(crowded(2.0, 3), threads) for threads in (1, 2))
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
