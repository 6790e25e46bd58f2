"""The tree of one file: its bounds at every node, and its end, against exhaustive search."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from benchmarks.contest_like import draw_koerkel_ghosh
from benchmarks.ufl import Ufl, ufl_instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.one_file.one_file import Facility, relaxation_bound, settled_holders
from cdnplan.optimize.one_file.one_file_tree import NODE_BYTES, SAME_RATIO, Searched, search
from cdnplan.parameters.one_file import PoolTreeParameters
from tests.evaluate.prices import best_holders, limit_terms, random_prices
from tests.optimize.test_one_file import held_cost, never, one_file

APART = 0.5
"""Added to costs that are whole numbers otherwise."""


def no_better_than(cost: float) -> float:
    """Slack for rounding."""
    return cost + 1e-7 * abs(cost) + 1e-9


def searched(facility: Facility, upper: float) -> list[Searched]:
    _, u = relaxation_bound(facility, upper, never)
    return list(search(facility, u, lambda: upper, never))


@pytest.mark.parametrize("scale", [0.0, 0.5])
def test_bounds_rise_to_the_optimum_and_not_beyond(scale: float) -> None:
    for seed in range(30):
        instance = one_file(seed)
        prices = random_prices(instance, seed, scale)
        facility = Facility.of(FileSolver.of(instance), prices)
        best = best_holders(instance, prices, 0) + limit_terms(instance, prices)
        for upper in (best, best + 0.3 * abs(best) + 1.0):
            steps = searched(facility, upper)
            assert all(before.bound <= after.bound for before, after in pairwise(steps))
            assert all(step.bound <= no_better_than(best) for step in steps)
            # The end proves the optimum, also where only the tree knows of it: then it says which set it is.
            assert steps[-1].bound == pytest.approx(best, rel=1e-7)
            told = [held_cost(facility, step.holds | facility.fixed) for step in steps if step.decided]
            assert upper == best or told[-1] == pytest.approx(best, rel=1e-7)


def hard(whole: bool) -> Facility:
    """Each customer can be served from three facilities: a cover, whose relaxation is far below it."""
    rng = np.random.default_rng(4)
    near = rng.random((24, 14)).argsort(axis=1) < 3
    allocation = np.where(near, rng.integers(0, 5, near.shape), 400).astype(float)
    opening = np.full(14, 100.0 if whole else 100.0 + APART)
    instance = ufl_instance(Ufl(opening, allocation))
    return Facility.of(FileSolver.of(instance), Prices.zero(instance))


def optimum(facility: Facility) -> float:
    """Cost of the best set, by trying them all."""
    n = facility.opening.size
    dense = np.full((facility.cap.size, n + 1), np.inf)
    region = np.repeat(np.arange(facility.cap.size), np.diff(facility.ptr))
    dense[region, facility.pools] = facility.level
    dense[:, n] = facility.cap
    best = np.inf
    for number in range(2**n):
        holds = (number >> np.arange(n)) & 1 == 1
        cost = facility.opening[holds].sum() + dense[:, np.append(holds, True)].min(axis=1).sum()
        best = min(best, float(cost))
    return best + facility.constant


@pytest.mark.parametrize("whole", [True, False])
def test_whole_numbers_need_no_bound_beyond_the_next_one(whole: bool) -> None:
    facility = hard(whole)
    best = optimum(facility)
    relaxed, u = relaxation_bound(facility, best, never)
    assert relaxed < best - 1.0
    nodes = list(search(facility, u, lambda: best, never))
    # Elsewhere plans that would save next to nothing are not looked for, and not ruled out either.
    assert nodes[-1].bound == (best if whole else pytest.approx(best * (1 - SAME_RATIO), rel=1e-12))
    # One more is in reach: then the tree must not claim that there is nothing below.
    found = False
    for step in search(facility, u, lambda: best + 1.0, never):
        holds, cost = settled_holders(facility, step.holds)
        assert cost == pytest.approx(held_cost(facility, holds))
        found = found or cost <= best + 1e-9
    assert found


def test_it_ends_when_asked_with_a_valid_bound() -> None:
    facility = hard(whole=True)
    best = optimum(facility)
    relaxed, u = relaxation_bound(facility, best, never)
    steps = list(search(facility, u, lambda: best, lambda: True))
    assert len(steps) == 1
    assert relaxed - 1e-6 * best <= steps[0].bound <= best
    some = list(islice(search(facility, u, lambda: best, never), 4))
    assert all(step.bound <= best for step in some)


def large() -> tuple[Facility, float, np.ndarray]:
    """A problem of many nodes, the cost of a plan, and prices to start from."""
    instance = ufl_instance(draw_koerkel_ghosh(60, 1_000, 2, symmetric=False))
    facility = Facility.of(FileSolver.of(instance), Prices.zero(instance))
    _, cost = settled_holders(facility, np.zeros(60, dtype=bool))
    return facility, cost, relaxation_bound(facility, cost, never)[1]


def test_the_tree_does_not_depend_on_the_number_of_threads() -> None:
    facility, cost, u = large()
    one, two, three = (
        list(islice(search(facility, u, lambda: cost, never, threads), 20)) for threads in (1, 2, 3)
    )
    assert len(one) == 20
    for other in (two, three):
        assert [step.bound for step in one] == [step.bound for step in other]
        assert all((a.holds == b.holds).all() for a, b in zip(one, other, strict=True))


def test_it_ends_with_the_bound_so_far_where_too_many_nodes_wait() -> None:
    facility, cost, u = large()
    enough = [step.bound for step in islice(search(facility, u, lambda: cost, never), 20)]
    node_bytes = 6 * 60 + NODE_BYTES
    little = PoolTreeParameters(most_bytes=40 * node_bytes)
    steps = search(facility, u, lambda: cost, never, parameters=little)
    some = [step.bound for step in islice(steps, 20)]
    assert 4 < len(some) < 20  # the number of waiting nodes grows by 16 a round at most
    assert some == enough[: len(some)]
