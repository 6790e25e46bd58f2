"""One file: holders by exchange, and the bound of its relaxation, against exhaustive search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.contest_like import draw_koerkel_ghosh
from benchmarks.ufl import ufl_instance
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.file.bound import FileSolver, priced_bound
from cdnplan.optimize.one_file.one_file import Facility, better_holders, relaxation_bound
from tests.evaluate.prices import best_holders, limit_terms, random_prices
from tests.instances import FAMILIES, random_instance
from tests.oracle.brute_force import brute_force

LIMITS = FAMILIES - {"launches"}


def never() -> bool:
    return False


def held_cost(facility: Facility, holds: np.ndarray) -> float:
    """Cost of holders under the prices of a facility problem."""
    total = facility.constant + float(facility.opening[holds & ~facility.fixed].sum())
    for r in range(facility.cap.size):
        entries = slice(facility.ptr[r], facility.ptr[r + 1])
        level = facility.level[entries][holds[facility.pools[entries]]]
        total += min(float(facility.cap[r]), level.min(initial=np.inf))
    return total


def one_file(seed: int) -> Instance:
    """Many pools with opening costs, pins, bans, copies, holdings, and limits that it may not pass alone."""
    instance = random_instance(seed, n_regions=12, n_files=1, n_pools=8, families=LIMITS)
    dear = np.random.default_rng(seed).uniform(0.0, 10.0, 8)
    return replace(instance, fill_cost=dear)


@pytest.mark.parametrize("scale", [0.0, 0.05, 0.5])
def test_the_best_holders_and_a_bound_below_them(scale: float) -> None:
    optimal, close = 0, 0
    for seed in range(40):
        instance = one_file(seed)
        prices = random_prices(instance, seed, scale)
        best = best_holders(instance, prices, 0) + limit_terms(instance, prices)
        facility = Facility.of(FileSolver.of(instance), prices)
        holds = better_holders(facility, instance.pinned[:, 0], never)
        assert not (holds & (instance.copies[:, 0] == 0)).any()
        assert holds[instance.pinned[:, 0]].all()
        cost = held_cost(facility, holds)
        slack = 1e-9 * (facility.magnitude + abs(best) + 1.0)
        assert cost >= best - slack
        optimal += cost <= best + slack
        for ended in (never, lambda: True):
            bound, _ = relaxation_bound(facility, cost, ended)
            assert bound <= best + slack
        close += bool(relaxation_bound(facility, cost, never)[0] >= best - 0.02 * abs(best))
    assert optimal == 40
    assert close >= 30


def test_no_worse_than_before_and_the_same_again() -> None:
    instance = ufl_instance(draw_koerkel_ghosh(40, 1_000, 3, symmetric=False))
    facility = Facility.of(FileSolver.of(instance), Prices.zero(instance))
    start = np.zeros(40, dtype=bool)
    start[[3, 5, 8]] = True
    found = better_holders(facility, start, never)
    assert held_cost(facility, found) < held_cost(facility, start)
    assert (found == better_holders(facility, start, never)).all()
    once = better_holders(facility, start, lambda: True)
    assert held_cost(facility, found) <= held_cost(facility, once) <= held_cost(facility, start)
    again = better_holders(facility, found, lambda: True)
    assert held_cost(facility, again) <= held_cost(facility, found)


def test_a_bound_that_dual_ascent_does_not_reach() -> None:
    """Costs without structure: the relaxation is above dual ascent, and the engine's bound above both."""
    instance = ufl_instance(draw_koerkel_ghosh(60, 1_000, 1, symmetric=True))
    outcome = solve_fast(instance)
    ascent = priced_bound(instance, Prices.zero(instance))
    facility = Facility.of(FileSolver.of(instance), Prices.zero(instance))
    relaxed, _ = relaxation_bound(facility, outcome.upper, never)
    assert ascent < relaxed - 1e-3 * relaxed
    assert relaxed <= outcome.lower <= outcome.upper
    assert outcome.lower_priced <= outcome.lower
    assert outcome.bound_proof == "branch-and-bound"


def test_several_files_or_launches_are_not_its_business() -> None:
    with pytest.raises(ValueError, match="one file"):
        Facility.of(*_solver(random_instance(1, n_files=2)))


def test_the_whole_engine_on_one_file() -> None:
    optimal = 0
    for seed in range(30):
        instance = one_file(seed)
        optimum = brute_force(instance)
        assert optimum is not None
        outcome = solve_fast(instance)
        slack = 1e-7 * abs(optimum)
        assert outcome.lower <= optimum + slack
        assert outcome.upper >= optimum - slack
        optimal += outcome.upper <= optimum + slack
    assert optimal >= 25


def _solver(instance: Instance) -> tuple[FileSolver, Prices]:
    return FileSolver.of(instance), Prices.zero(instance)
