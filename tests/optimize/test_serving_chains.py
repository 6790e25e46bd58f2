"""Serving relieved by chains of moves, against the best serving of the same placement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.fill.loads import pool_gbps
from cdnplan.model.instance import Instance
from cdnplan.model.placement import Placement, Serving
from cdnplan.optimize import serving_chains
from cdnplan.optimize.objective import plan_cost
from cdnplan.optimize.serving import NEAR_RATIO, best_serving
from cdnplan.optimize.serving_chains import relieved_serving
from tests.instances import random_instance


def crowded(seed: int, slices: int) -> tuple[Instance, Placement, Serving]:
    """A serving that was the best one until one of the busiest pools could give a little less."""
    rng = np.random.default_rng([seed, 31])
    instance = random_instance(
        seed, n_regions=6, n_pools=8, n_files=30, slices=slices, families=frozenset({"throughput"})
    )
    placement = Placement((rng.random((8, 30)) < 0.6) & (instance.copies > 0))
    serving = best_serving(instance, placement.holds).serving
    load = pool_gbps(instance, serving).max(axis=1)
    less = instance.throughput_gbps.copy()
    busy = int(rng.choice(np.argsort(-load)[:3]))
    less[busy] = 0.9 * load[busy]
    return replace(instance, throughput_gbps=less), placement, serving


def dearer_ratio(seed: int, slices: int) -> float:
    """What relief costs more than the best serving, as a part of that; all limits hold."""
    instance, placement, before = crowded(seed, slices)
    found = relieved_serving(instance, before)
    assert (pool_gbps(instance, found) <= instance.throughput_gbps[:, None] * (1 + 1e-9)).all(), seed
    best = best_serving(instance, placement.holds, near=before).serving
    return plan_cost(instance, placement.holds, found) / plan_cost(instance, placement.holds, best) - 1.0


def test_with_one_slice_relief_costs_no_more_than_the_best_serving() -> None:
    assert max(dearer_ratio(seed, 1) for seed in range(40)) < 2 * NEAR_RATIO


def test_with_more_slices_hardly_more() -> None:
    found = [dearer_ratio(seed, 3) for seed in range(40)]
    assert max(found) < 0.02
    assert np.mean(np.array(found) < 2 * NEAR_RATIO) > 0.9


def test_what_is_full_makes_room_by_moving_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only what is crowded may move, more has to come from the origin."""
    moved_on = 0
    for seed in range(40):
        instance, placement, before = crowded(seed, 1)
        chains = relieved_serving(instance, before)
        with monkeypatch.context() as patched:
            patched.setattr(serving_chains, "MOST_MOVES", 1)
            single = relieved_serving(instance, before)
        cost = [plan_cost(instance, placement.holds, each) for each in (chains, single)]
        assert cost[0] <= cost[1] * (1 + 1e-9)
        moved_on += cost[0] < cost[1] * 0.999
    assert moved_on > 3


def test_a_serving_stays_where_no_limit_is_passed_or_too_much_could_move(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instance, placement, before = crowded(5, 1)
    wide = replace(instance, throughput_gbps=np.full(instance.n_pools, 1e9))
    assert relieved_serving(wide, before) is before
    monkeypatch.setattr(serving_chains, "MOST_CHOICES", 1)
    assert relieved_serving(instance, before) is before
    assert plan_cost(instance, placement.holds, before) > 0


def test_only_rows_that_may_be_moved_change() -> None:
    """What no chain touches is served as before, to the last digit."""
    same = 0.0
    for seed in range(10):
        instance, _, before = crowded(seed, 1)
        found = relieved_serving(instance, before)
        assert found.gb is before.gb
        was, now = (np.split(each.ratio, each.share_ptr[1:-1]) for each in (before, found))
        same += np.mean([np.array_equal(one, other) for one, other in zip(was, now, strict=True)])
    assert same / 10 > 0.5
