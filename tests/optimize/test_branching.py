"""The tree of holder decisions: its bound is below every plan, and closes what large files leave open."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.evaluate.proof.bound import dual_bound
from cdnplan.evaluate.proof.proof import tree_bound
from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.branching import split_files
from cdnplan.optimize.master.few_files import FewFiles
from cdnplan.optimize.place.local_search import Incumbent, LocalSearch
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.objective import ideal_cost
from cdnplan.optimize.problem.rules import broken_rules
from tests.instances import random_instance
from tests.limits import with_limits
from tests.optimize.masters import mixed
from tests.oracle.brute_force import brute_force, free_decisions

MOST_NODES = 60


def bounds(inst: Instance, start: Incumbent, found: FewFiles, upper: float) -> list[float]:
    """Bounds node by node."""
    steps = split_files(
        FileSolver.of(inst), found, start.holds, ideal_cost(inst), lambda: upper, 1e-9, lambda: False,
    )  # fmt: skip
    return [step.bound for step, _ in zip(steps, range(MOST_NODES), strict=False)]


def proven(inst: Instance, start: Incumbent, found: FewFiles, upper: float) -> list[tuple[float, float]]:
    """Bounds node by node, and what the judge makes of the proofs left at that moment."""
    steps = split_files(
        FileSolver.of(inst), found, start.holds, ideal_cost(inst), lambda: upper, 1e-9, lambda: False,
    )  # fmt: skip
    return [
        (
            step.bound,
            dual_bound(inst, step.found.prices) if step.proof is None else tree_bound(inst, step.proof()),
        )
        for step, _ in zip(steps, range(MOST_NODES), strict=False)
    ]


@pytest.mark.parametrize("seed", range(60))
def test_no_bound_is_above_the_optimum(seed: int) -> None:
    """Against all placements; where the plan that prunes nodes is the optimum itself, too."""
    inst = random_instance(seed)
    if broken_rules(inst) or free_decisions(inst).sum() > 12:
        pytest.skip("no plan, or too many to try")
    optimum = brute_force(inst)
    if optimum is None:
        pytest.skip("no plan")
    try:
        start, found = mixed(inst)
    except NoFeasiblePlanError:
        pytest.skip("no room was found for the launches")
    for upper in (start.cost, optimum):
        for bound in bounds(inst, start, found, upper):
            assert min(bound, upper) <= optimum * (1 + 1e-7) + 1e-9


@pytest.mark.parametrize("seed", range(30))
def test_the_proof_of_every_node_proves_its_bound(seed: int) -> None:
    """Step by step, not only at the end."""
    inst = random_instance(seed, n_regions=4, n_files=8, n_pools=3)
    if broken_rules(inst):
        pytest.skip("no plan")
    try:
        start, found = mixed(inst)
    except NoFeasiblePlanError:
        pytest.skip("no room was found for the launches")
    slack = 1e-6 * max(1.0, abs(start.cost))
    for bound, judged in proven(inst, start, found, start.cost):
        assert judged >= min(bound, start.cost) - slack


def knapsacks() -> Instance:
    """One pool for all regions, and in it a file that takes two thirds of the room."""
    inst = random_instance(3, n_regions=3, n_files=30, n_pools=1, families=frozenset({"storage"}))
    size = np.full(inst.n_files, 1.0)
    size[0] = 20.0
    copies = np.ones_like(inst.copies)
    return with_limits(inst, size_gb=size, storage_gb=np.array([27.0]), copies=copies)


def narrow_window() -> Instance:
    """The same, with room for everything and a night that brings no more than 27."""
    inst = knapsacks()
    plenty = np.array([inst.size_gb.sum()])
    return with_limits(inst, storage_gb=plenty, fill_limit_gb=np.array([27.0]), held=np.zeros_like(inst.held))


@pytest.mark.parametrize("make", [knapsacks, narrow_window])
def test_a_file_that_takes_most_of_a_pool_is_decided(make: Callable[[], Instance]) -> None:
    """Prices leave a gap that only deciding on the large file can close: here it is closed."""
    inst = make()
    start, found = mixed(inst)
    values = bounds(inst, start, found, start.cost)
    optimum = brute(inst)
    assert found.bound < optimum - 1e-3 * (optimum - ideal_cost(inst)), "prices prove all: nothing to decide"
    assert max(values) == pytest.approx(optimum, rel=1e-6) or max(values) >= start.cost * (1 - 1e-9)


def brute(inst: Instance) -> float:
    """Optimum of `knapsacks`: the large file and the best small ones, or the best small ones alone."""
    local = LocalSearch(inst, Columns.of(inst))
    costs = []
    for large in (True, False):
        saved = []
        for f in range(1, inst.n_files):
            holds = np.zeros((1, inst.n_files), dtype=np.bool_)
            nothing = local.serve(holds).cost
            holds[0, f] = True
            saved.append((nothing - local.serve(holds).cost, f))
        room = 7 if large else 27
        chosen = [f for worth, f in sorted(saved, reverse=True)[:room] if worth > 0]
        holds = np.zeros((1, inst.n_files), dtype=np.bool_)
        holds[0, chosen] = True
        holds[0, 0] = large
        costs.append(local.serve(holds).cost)
    return min(costs)
