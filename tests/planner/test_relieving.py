"""Serving after a change: limits hold, what is not concerned stays, and relief costs as little as it can."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.loads.loads import appliance_gbps, pool_gbps
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.limits.families import THROUGHPUT, code
from cdnplan.model.limits.limits import RateRows
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.engine import solve
from cdnplan.optimize.problem.objective import plan_cost
from cdnplan.planner.decide.dealing import Dealt, deal
from cdnplan.planner.inputs.load import load
from cdnplan.planner.relieve.changed import Changed, serving_loads
from cdnplan.planner.relieve.spread import Spread
from cdnplan.planner.relieve.spreading import serve_changed
from tests.fill.pools import Pool, all_from_first
from tests.limits import with_limits
from tests.planner.plans import write_small_network


def relieved(instance: Instance, placement: Placement, assignment: Assignment, serving: Serving) -> Spread:
    """The same placement, with what is too much for some limit served from elsewhere."""
    return serve_changed(Changed(instance, placement, assignment, placement, serving))


def regions_of_one_pool(rng: np.random.Generator, n_regions: int) -> tuple[Instance, Placement, Serving]:
    """Regions that ask a pool for 12 files, more for the first six; some are farther from the origin."""
    loads = rng.uniform(0.2, 1.0, (12, n_regions)) * (rng.random((12, n_regions)) < 0.7)
    loads[6:] *= 0.4
    instance, placement, _ = Pool(np.ones(12), loads, 2).case()
    instance = replace(
        instance, gbps_per_gb=np.ones((n_regions, 1)), origin_cost=rng.uniform(0.1, 2.0, n_regions)
    )
    return instance, placement, all_from_first(instance, placement)


def dealt_by_halves(instance: Instance) -> Assignment:
    """The first half of the files on the first appliance, the others on the second."""
    n = instance.n_files
    none = np.zeros(0, dtype=np.int32)
    return Assignment(
        pool=np.zeros(n, dtype=np.int32),
        appliance=np.where(np.arange(n) < n // 2, 1, 2).astype(np.int32),
        file=np.arange(n, dtype=np.int32),
        kept=np.ones(n, dtype=np.bool_),
        appliance_ptr=np.array([0, 2], dtype=np.int64),
        storage_gb=np.zeros(2),
        peak_gbps=np.zeros(2),
        dropped_pool=none,
        dropped_file=none,
        overloaded_pool=none,
        overloaded_ratio=np.zeros(0),
        imbalance_ratio=np.zeros(1),
        moved_gb=np.zeros(1),
    )


@pytest.mark.parametrize("seed", range(5))
def test_what_is_diverted_is_what_costs_least_to_divert(seed: int) -> None:
    """One appliance is asked for too much: the best relief is that of a fractional knapsack."""
    instance, placement, serving = regions_of_one_pool(np.random.default_rng(seed), 8)
    halves = dealt_by_halves(instance)
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.demand_ptr))
    asked = np.zeros((instance.n_regions, 2))
    np.add.at(asked, (region, halves.appliance[instance.demand_file] - 1), instance.demand_gb)
    over = 0.2 * float(asked[:, 0].sum())
    limit = float(asked[:, 0].sum()) - over
    assert asked[:, 1].sum() < limit
    instance = replace(instance, appliance_throughput_gbps=np.array([limit]))
    instance = with_limits(instance, throughput_gbps=np.array([1e9]))
    found = relieved(instance, placement, halves, serving)
    dearer = 0.0
    for r in np.argsort(instance.origin_cost):
        part = min(over, float(asked[r, 0]))
        dearer += part * float(instance.origin_cost[r])
        over -= part
    before = plan_cost(instance, placement.holds, serving)
    assert plan_cost(instance, placement.holds, found.serving) - before == pytest.approx(dearer)
    assert found.peak_gbps[0] == pytest.approx(limit)
    assert found.slowed.tolist() == [True]


def small_network(folder: Path) -> tuple[Instance, Dealt]:
    instance = load(write_small_network(folder)).instance
    outcome = solve(instance, "fast")
    return instance, deal(instance, outcome.placement, outcome.serving, outcome.prices, None)


def crossed(instance: Instance, dealt: Dealt, busiest_ratio: float) -> tuple[Instance, Floats]:
    """The same network with appliances of which each pool's busiest has more to serve than it can."""
    rows = dealt.assignment.pool, dealt.assignment.appliance, dealt.assignment.file
    peak = appliance_gbps(instance, dealt.placement, dealt.serving, *rows).max(axis=1)
    busiest = np.maximum.reduceat(peak, dealt.assignment.appliance_ptr[:-1])
    limit = np.where(busiest > 0, busiest_ratio * busiest, instance.appliance_throughput_gbps)
    return replace(instance, appliance_throughput_gbps=limit), busiest


def within_limits(instance: Instance, placement: Placement, assignment: Assignment, found: Spread) -> None:
    rows = assignment.pool, assignment.appliance, assignment.file
    peak = appliance_gbps(instance, placement, found.serving, *rows).max(axis=1)
    limit = np.repeat(instance.appliance_throughput_gbps, instance.pool_appliances)
    assert (peak <= limit * (1 + 1e-9)).all()
    pool = pool_gbps(instance, found.serving)
    assert (pool <= instance.throughput_gbps[:, None] * (1 + 1e-9)).all()
    np.testing.assert_allclose(found.peak_gbps, peak, rtol=1e-9, atol=1e-9)
    served = found.serving.candidate_gb(instance).sum() + found.serving.origin_gb(instance).sum()
    assert served == pytest.approx(instance.region_gb().sum())
    ratio = np.bincount(found.serving.share_row(), found.serving.ratio, minlength=found.serving.gb.size)
    assert (ratio <= 1 + 1e-9).all()
    assert (found.serving.ratio > 0).all()


@pytest.mark.parametrize("busiest_ratio", [0.99, 0.7, 0.2])
def test_appliances_of_all_pools_are_relieved(tmp_path: Path, busiest_ratio: float) -> None:
    instance, dealt = small_network(tmp_path / "n")
    tight, busiest = crossed(instance, dealt, busiest_ratio)
    assert (busiest > 0).sum() > 1
    found = relieved(tight, dealt.placement, dealt.assignment, dealt.serving)
    within_limits(tight, dealt.placement, dealt.assignment, found)
    holds = dealt.placement.holds
    assert plan_cost(tight, holds, found.serving) > plan_cost(tight, holds, dealt.serving)
    # As much as is asked of appliances too much, and no more, is taken from some.
    full = np.maximum.reduceat(found.peak_gbps, dealt.assignment.appliance_ptr[:-1])
    assert np.isclose(full, tight.appliance_throughput_gbps, rtol=1e-9)[busiest > 0].any()


def test_nothing_changes_where_no_limit_is_passed(tmp_path: Path) -> None:
    instance, dealt = small_network(tmp_path / "n")
    found = relieved(instance, dealt.placement, dealt.assignment, dealt.serving)
    for through in (Serving.candidate_gb, Serving.origin_gb):
        np.testing.assert_allclose(
            through(found.serving, instance), through(dealt.serving, instance), rtol=1e-12, atol=1e-9
        )
    assert not found.slowed.any()


def test_others_that_hold_it_and_have_room_come_before_the_origin(tmp_path: Path) -> None:
    """One pool is asked for too much; with room elsewhere less comes from the origin than without."""
    instance, dealt = small_network(tmp_path / "n")
    loads = dealt.serving.candidate_gb(instance)
    busy = int(np.argmax(np.bincount(instance.cand_pool, loads, minlength=instance.n_pools)))
    holds = (instance.copies > 0) & (dealt.placement.holds | dealt.placement.holds[busy])
    everywhere = Placement(holds)
    pairs = np.argwhere(holds)
    one_each = replace(
        dealt.assignment,
        pool=pairs[:, 0].astype(np.int32),
        appliance=np.ones(len(pairs), dtype=np.int32),
        file=pairs[:, 1].astype(np.int32),
    )
    wide = replace(
        instance,
        copies=np.minimum(instance.copies, 1).astype(np.uint8),
        appliance_throughput_gbps=np.full(instance.n_pools, 1e6),
    )
    serving = all_from_first(wide, everywhere)
    slow = np.where(np.arange(instance.n_pools) == busy, 1e-3, 1e6)
    near, far = (with_limits(wide, throughput_gbps=gbps) for gbps in (slow, np.full(instance.n_pools, 1e-3)))
    found = relieved(near, everywhere, one_each, serving)
    alone = relieved(far, everywhere, one_each, serving)
    within_limits(near, everywhere, one_each, found)
    within_limits(far, everywhere, one_each, alone)
    assert found.serving.origin_gb(wide).sum() < alone.serving.origin_gb(wide).sum()
    assert plan_cost(wide, holds, found.serving) < plan_cost(wide, holds, alone.serving)


def test_files_whose_holders_stay_are_served_as_before(tmp_path: Path) -> None:
    """As long as that is good enough; one file is much in a small network."""
    instance, dealt = small_network(tmp_path / "n")
    wide = np.full(instance.n_pools, 1e6)
    instance = with_limits(instance, appliance_throughput_gbps=wide, throughput_gbps=wide)
    holds, changed = dealt.placement.holds.copy(), False
    for p, f in np.argwhere(holds & ~instance.pinned).tolist():
        holds[p, f] = False
        rows = (dealt.assignment.pool != p) | (dealt.assignment.file != f)
        left = replace(
            dealt.assignment,
            pool=dealt.assignment.pool[rows],
            appliance=dealt.assignment.appliance[rows],
            file=dealt.assignment.file[rows],
        )
        change = Changed(instance, Placement(holds), left, dealt.placement, dealt.serving)
        found = serve_changed(change, enough_ratio=np.inf)
        region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
        moved = np.abs(found.serving.candidate_gb(instance) - dealt.serving.candidate_gb(instance))
        asked = np.zeros(instance.n_regions)
        for r in np.unique(region[instance.cand_pool == p]):
            row = instance.region_row[r]
            entries = slice(instance.demand_ptr[row], instance.demand_ptr[row + 1])
            mine = instance.demand_gb[entries][instance.demand_file[entries] == f]
            asked[r] = instance.region_share[r] * mine.sum()
        # What is served elsewhere is left out in one place and comes in another.
        assert (np.bincount(region, moved, instance.n_regions) <= 2 * asked * (1 + 1e-6) + 1e-9).all()
        changed |= bool(moved.max() > 0)
        holds[p, f] = True
    assert changed


def test_links_that_are_full_on_the_way_to_the_origin_cost_what_their_overload_costs() -> None:
    """A dearer pool comes before an origin behind a full link, but after what that link has left."""
    instance, _, _ = regions_of_one_pool(np.random.default_rng(0), 1)
    files = instance.n_files
    asked = float(instance.demand_gb.sum())
    pairs = np.argwhere(np.ones((2, files), dtype=np.bool_))
    both = with_limits(
        instance,
        pools=("a/x", "b/x"),
        links=("transit",),
        cand_ptr=np.array([0, 2]),
        cand_pool=np.array([0, 1], np.int32),
        cand_cost=np.array([0.0, 0.5]),
        origin_cost=np.array([0.3]),
        cand_link_ptr=np.zeros(3, np.int64),
        origin_link_ptr=np.array([0, 1]),
        cand_link=np.zeros(0, np.int32),
        origin_link=np.zeros(1, np.int32),
        link_capacity_gbps=np.array([0.1 * asked]),
        overload_cost=10.0,
        storage_gb=np.full(2, 1e9),
        throughput_gbps=np.array([0.7 * asked, 0.15 * asked]),
        fill_limit_gb=np.full(2, np.inf),
        churn_limit_gb=np.full(2, np.inf),
        fill_cost=np.zeros(2),
        copies=np.ones((2, files), np.uint8),
        held=np.zeros((2, files), np.uint8),
        pinned=np.zeros((2, files), np.bool_),
        pool_appliances=np.ones(2, np.int32),
        appliance_storage_gb=np.full(2, 1e9),
        appliance_throughput_gbps=np.array([0.7 * asked, 0.15 * asked]),
    )
    placement = Placement(np.ones((2, files), dtype=np.bool_))
    whole = replace(
        dealt_by_halves(instance),
        pool=pairs[:, 0].astype(np.int32),
        appliance=np.ones(len(pairs), dtype=np.int32),
        file=pairs[:, 1].astype(np.int32),
        appliance_ptr=np.array([0, 1, 2], dtype=np.int64),
    )
    found = relieved(both, placement, whole, all_from_first(both, placement)).serving
    # 0.3 is too much: the origin takes what its link carries, the other pool what it can, then the origin.
    np.testing.assert_allclose(found.candidate_gb(both), [0.7 * asked, 0.15 * asked], rtol=1e-6)
    assert found.origin_gb(both)[0] == pytest.approx(0.15 * asked, rel=1e-6)
    wide = with_limits(both, link_capacity_gbps=np.array([asked]))
    free = relieved(wide, placement, whole, all_from_first(wide, placement)).serving
    np.testing.assert_allclose(free.candidate_gb(wide), [0.7 * asked, 0.0], rtol=1e-6, atol=1e-9)


def sharing(weights: tuple[float, float], ratio: float) -> tuple[Instance, Placement, Assignment, float]:
    """Two pools at a site with a limit that must hold on both together; one region asks for all files."""
    instance, _, _ = regions_of_one_pool(np.random.default_rng(0), 1)
    files, asked = instance.n_files, float(instance.demand_gb.sum())
    plenty = np.full(2, 1e9)
    both = with_limits(
        instance,
        pools=("a/x", "a/y"),
        cand_ptr=np.array([0, 2]),
        cand_pool=np.array([0, 1], np.int32),
        cand_cost=np.array([0.0, 0.1]),
        origin_cost=np.array([0.3]),
        storage_gb=plenty,
        throughput_gbps=plenty,
        fill_limit_gb=plenty,
        churn_limit_gb=plenty,
        fill_cost=np.zeros(2),
        copies=np.ones((2, files), np.uint8),
        held=np.zeros((2, files), np.uint8),
        pinned=np.zeros((2, files), np.bool_),
        pool_appliances=np.ones(2, np.int32),
        appliance_storage_gb=plenty,
        appliance_throughput_gbps=plenty,
        cand_link_ptr=np.zeros(3, np.int64),
        cand_link=np.zeros(0, np.int32),
    )
    row = RateRows(
        np.full(1, code(THROUGHPUT), dtype=np.int8),
        ("a",),
        np.array([ratio * asked]),
        np.array([np.inf]),
        np.array([0, 1, 2, 2], dtype=np.int64),
        np.zeros(2, dtype=np.int32),
        np.array(weights),
    )
    pairs = np.argwhere(np.ones((2, files), dtype=np.bool_))
    whole = replace(
        dealt_by_halves(instance),
        pool=pairs[:, 0].astype(np.int32),
        appliance=np.ones(len(pairs), dtype=np.int32),
        file=pairs[:, 1].astype(np.int32),
        appliance_ptr=np.array([0, 1, 2], dtype=np.int64),
    )
    placement = Placement(np.ones((2, files), dtype=np.bool_))
    return replace(both, rates=both.rates.joined(row)), placement, whole, asked


@pytest.mark.parametrize(("weights", "ratio"), [((1.0, 1.0), 0.5), ((1.0, 2.0), 0.25), ((3.0, 3.0), 0.6)])
def test_what_pools_share_and_must_hold_is_relieved(weights: tuple[float, float], ratio: float) -> None:
    instance, placement, whole, asked = sharing(weights, ratio)
    found = relieved(instance, placement, whole, all_from_first(instance, placement))
    load = serving_loads(instance, found.serving)[instance.n_pools :].max()
    assert load <= ratio * asked * (1 + 1e-9)
    # The other pool would use as much of it, or more: what is too much goes to the origin.
    assert found.serving.origin_gb(instance)[0] == pytest.approx(asked * (1 - ratio / weights[0]))


def test_others_are_not_pushed_over_what_they_must_hold() -> None:
    """One pool may serve half of what is asked; what it shares with the other leaves that a tenth."""
    instance, placement, whole, asked = sharing((1.0, 1.0), 0.6)
    half = with_limits(instance, throughput_gbps=np.array([0.5 * asked, 1e9]))
    found = relieved(half, placement, whole, all_from_first(half, placement)).serving
    np.testing.assert_allclose(found.candidate_gb(half), [0.5 * asked, 0.1 * asked], rtol=1e-6)
    assert serving_loads(half, found)[2].max() <= 0.6 * asked * (1 + 1e-9)
