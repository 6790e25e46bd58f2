"""The master program: bound ≤ optimum ≤ plan, on instances small enough to try everything."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver, priced_bound
from cdnplan.optimize.master.few_files import improve_few_files
from cdnplan.optimize.master.file_columns import solve_exactly
from cdnplan.optimize.place.local_search import Incumbent, LocalSearch
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.objective import ideal_cost
from cdnplan.optimize.problem.rules import broken_rules
from tests.evaluate.prices import best_holders
from tests.evaluate.unstructured import unstructured_instance
from tests.instances import random_instance
from tests.oracle.brute_force import brute_force, free_decisions


@pytest.mark.parametrize("seed", range(60))
def test_bound_and_plan_enclose_the_optimum(seed: int) -> None:
    """The bound is below the optimum and above dual ascent's, plans cost more."""
    inst = random_instance(seed)
    if broken_rules(inst) or free_decisions(inst).sum() > 10:
        pytest.skip("no plan, or too many to try")
    optimum = brute_force(inst)
    if optimum is None:
        pytest.skip("no plan")
    solver, limits, local = FileSolver.of(inst), LimitVector.of(inst), LocalSearch(inst, Columns.of(inst))
    start = Prices.zero(inst)
    try:
        plan = local.improve(inst.pinned.copy(), start, 2, lambda: False)
    except NoFeasiblePlanError:
        pytest.skip("the rounding heuristic finds no room")
    span = max(plan.cost - ideal_cost(inst), 1e-9)
    *_, found = improve_few_files(solver, limits, start, plan.holds, span, lambda: False)
    slack = 1e-6 * max(1.0, abs(optimum))
    assert priced_bound(inst, start, solver) <= found.bound + slack
    assert found.bound <= optimum + slack
    assert plan.cost >= optimum - slack


@pytest.mark.parametrize("seed", range(40))
def test_branch_and_bound_closes_the_gap_of_every_file(seed: int) -> None:
    """With nodes enough, bound and holders' cost agree; with one node the bound is dual ascent's."""
    inst = random_instance(seed, n_regions=3, n_files=5, n_pools=4)
    solver, limits = FileSolver.of(inst), LimitVector.of(inst)
    rng = np.random.default_rng(seed)
    flat = np.where(np.isfinite(limits.limit), rng.uniform(0.0, 5.0, limits.limit.size), 0.0)
    prices = limits.prices(flat, rng.uniform(0.0, 5.0, inst.n_launches))
    exact = solve_exactly(solver, prices)
    np.testing.assert_allclose(exact.value, exact.cost, rtol=1e-9, atol=1e-9)
    assert (exact.value >= exact.ascent - 1e-9).all()
    rough = solve_exactly(solver, prices, max_nodes=1)
    assert (rough.value <= exact.value + 1e-9 * np.maximum(1.0, np.abs(exact.value))).all()
    assert (rough.cost >= exact.value - 1e-9 * np.maximum(1.0, np.abs(exact.value))).all()


@pytest.mark.parametrize("opening", [0.3, 1.0, 2.0, 4.0])
def test_branch_and_bound_finds_the_optimum_where_the_relaxation_is_far_from_it(opening: float) -> None:
    """Deep trees, in which bounds from above meet duals that prove less: against all sets of holders."""
    for seed in range(4):
        inst = unstructured_instance(opening, seed)
        solver, prices = FileSolver.of(inst), Prices.zero(inst)
        optima = [best_holders(inst, prices, f) for f in range(inst.n_files)]
        exact = solve_exactly(solver, prices)
        np.testing.assert_allclose(exact.cost, optima, rtol=1e-9)
        np.testing.assert_allclose(exact.value, optima, rtol=1e-9)


def bytes_of_all(inst: Instance, start: Incumbent, threads: int) -> bytes:
    """Everything `improve_few_files` returns, as bytes."""
    solver, limits, prices = FileSolver.of(inst), LimitVector.of(inst), Prices.zero(inst)
    before = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        span = start.cost - ideal_cost(inst)
        *_, found = improve_few_files(solver, limits, prices, start.holds, span, lambda: False)
    finally:
        numba.set_num_threads(before)
    assert found.rounds > 2, "nothing done proves nothing"
    columns = found.columns
    arrays = [columns.file, columns.holds, columns.cost, columns.use, found.share, found.wish]
    numbers = np.array([found.bound, found.mixture, found.rounds])
    return b"".join(part.tobytes() for part in [numbers, limits.flat(found.prices), *arrays])


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="numba may use one thread only")
def test_the_same_bytes_for_any_number_of_threads_and_again() -> None:
    """More files than chunks, so that two threads do share them; the start is left as it was."""
    families = frozenset({"storage", "throughput", "links"})
    inst = random_instance(1, n_regions=6, n_files=100, n_pools=5, families=families)
    start = LocalSearch(inst, Columns.of(inst)).serve(inst.pinned.copy())
    holds = start.holds.copy()
    once = bytes_of_all(inst, start, threads=1)
    assert bytes_of_all(inst, start, threads=1) == once
    assert bytes_of_all(inst, start, threads=2) == once
    np.testing.assert_array_equal(start.holds, holds)
