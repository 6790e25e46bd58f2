"""Serving relieved by rows that prices ask for, against the best serving of the same placement."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cdnplan.fill.loads.loads import pool_gbps
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.problem.objective import plan_cost, rate_loads
from cdnplan.optimize.serve import serving_relief
from cdnplan.optimize.serve.serving import NEAR_RATIO, best_serving
from cdnplan.optimize.serve.serving_basis import Basis
from cdnplan.optimize.serve.serving_relief import relieved_serving
from tests.instances import random_instance
from tests.limits import with_limits

POOLS = frozenset({"throughput"})


def crowded(seed: int, slices: int, families: frozenset[str] = POOLS) -> tuple[Instance, Placement, Serving]:
    """A serving that was the best one until one of the busiest pools could give a little less."""
    rng = np.random.default_rng([seed, 31])
    instance = random_instance(seed, n_regions=6, n_pools=8, n_files=30, slices=slices, families=families)
    placement = Placement((rng.random((8, 30)) < 0.6) & (instance.copies > 0))
    serving = best_serving(instance, placement.holds).serving
    load = pool_gbps(instance, serving).max(axis=1)
    less = instance.throughput_gbps.copy()
    busy = int(rng.choice(np.argsort(-load)[:3]))
    less[busy] = 0.9 * load[busy]
    return with_limits(instance, throughput_gbps=less), placement, serving


def dearer_ratio(seed: int, slices: int, families: frozenset[str]) -> float:
    """What relief costs more than the best serving, as a part of that; all limits hold."""
    instance, placement, before = crowded(seed, slices, families)
    found = relieved_serving(instance, before)
    assert (pool_gbps(instance, found) <= instance.throughput_gbps[:, None] * (1 + 1e-9)).all(), seed
    best = best_serving(instance, placement.holds, near=before).serving
    return plan_cost(instance, placement.holds, found) / plan_cost(instance, placement.holds, best) - 1.0


@pytest.mark.parametrize("slices", [1, 3])
@pytest.mark.parametrize("families", [{"throughput"}, {"throughput", "links"}], ids=["pools", "links"])
def test_relief_costs_no_more_than_the_best_serving(slices: int, families: set[str]) -> None:
    found = [dearer_ratio(seed, slices, frozenset(families)) for seed in range(40)]
    assert max(found) < 2 * NEAR_RATIO


def test_links_that_became_narrower_are_relieved() -> None:
    """No limit of a pool is passed: what passes over overloaded links moves as far as that pays."""
    eased = 0
    for seed in range(40):
        wide, placement, before = crowded(seed, 2, frozenset({"links"}))
        load = rate_loads(wide, before.candidate_gb(wide), before.origin_gb(wide))[wide.link_rows].max(axis=1)
        instance = with_limits(wide, link_capacity_gbps=np.maximum(0.8 * load, 1e-3))
        found = relieved_serving(instance, before)
        best = best_serving(instance, placement.holds, near=before).serving
        was, now, least = (plan_cost(instance, placement.holds, each) for each in (before, found, best))
        assert now <= least * (1 + 2 * NEAR_RATIO), seed
        eased += now < was * 0.999
    assert eased > 10


def test_rows_enter_that_the_prices_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only what is crowded may move, more has to come from the origin; rows enter one by one, too."""
    moved_on = 0
    for seed in range(40):
        instance, placement, before = crowded(seed, 1)
        cost = {}
        for rounds, fewest in ((20, 2_000), (500, 1), (1, 2_000)):
            with monkeypatch.context() as patched:
                patched.setattr(serving_relief, "MOST_ROUNDS", rounds)
                patched.setattr(serving_relief, "FEWEST_ENTERING", fewest)
                cost[rounds] = plan_cost(instance, placement.holds, relieved_serving(instance, before))
        assert abs(cost[500] - cost[20]) <= 2 * NEAR_RATIO * cost[20]
        assert cost[20] <= cost[1] * (1 + 1e-9)
        moved_on += cost[20] < cost[1] * 0.999
    assert moved_on > 3


def test_programs_go_on_where_the_last_one_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the same cost, whether they begin from a basis or from nothing."""
    begun: list[bool] = []
    for seed in range(20):
        instance, placement, before = crowded(seed, 2, frozenset({"throughput", "links"}))
        cost = []
        for known in (True, False):
            with monkeypatch.context() as patched:
                patched.setattr(serving_relief, "FEWEST_ENTERING", 5)
                patched.setattr(serving_relief, "MOST_ROUNDS", 500)
                patched.setattr(serving_relief, "LEFT_RATIO", 1e-9)
                begin = Basis.begin

                def begins(*args: Any, known: bool = known, begin: Any = begin) -> Any:
                    found = begin(*args)
                    begun.append(found is not None)
                    return found if known else None

                patched.setattr(Basis, "begin", begins)
                cost.append(plan_cost(instance, placement.holds, relieved_serving(instance, before)))
        # Both may leave what saves too little to be changed.
        assert abs(cost[0] - cost[1]) <= 2 * NEAR_RATIO * cost[1]
    assert len(begun) > 60
    assert np.mean(begun) > 0.95


def test_a_serving_stays_where_no_limit_is_passed() -> None:
    instance, _, before = crowded(5, 1)
    assert relieved_serving(instance, before) is not before
    wide = with_limits(instance, throughput_gbps=np.full(instance.n_pools, 1e9))
    assert relieved_serving(wide, before) is before


def test_only_rows_that_may_be_moved_change() -> None:
    """What does not enter the program is served as before, to the last digit."""
    same = 0.0
    for seed in range(10):
        instance, _, before = crowded(seed, 1)
        found = relieved_serving(instance, before)
        assert found.gb is before.gb
        was, now = (np.split(each.ratio, each.share_ptr[1:-1]) for each in (before, found))
        same += np.mean([np.array_equal(one, other) for one, other in zip(was, now, strict=True)])
    assert same / 10 > 0.5
