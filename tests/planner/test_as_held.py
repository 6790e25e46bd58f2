"""Leaving things as they are is always among the plans, judged as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdnplan.evaluate.verdict.verdict import evaluate
from cdnplan.fill.deal.appliances import split_pools
from cdnplan.fill.loads.copies import Copies
from cdnplan.fill.night.fills import Fills
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.nightly.guard.in_force import standing
from cdnplan.optimize.fast import fast
from cdnplan.optimize.place.local_search import forced_holders
from cdnplan.optimize.problem.objective import ideal_cost, plan_cost
from cdnplan.optimize.problem.outcome import Outcome
from cdnplan.planner.decide.as_held import as_held, may_stay, weigh
from cdnplan.planner.decide.dealing import Dealt
from cdnplan.planner.inputs.load import load
from tests.fill.pools import Pool
from tests.planner.plans import copies, make, sample_request
from tests.planner.test_nights import BE, other_tastes


def cost_of(instance: Instance, dealt: Dealt) -> float:
    return plan_cost(dealt.assignment.counted(instance), dealt.placement.holds, dealt.serving)


@pytest.mark.parametrize("settled", [False, True])
def test_on_the_same_demand_nothing_moves(belgian_plan: Path, tmp_path: Path, settled: bool) -> None:
    request = sample_request(tmp_path / "p", countries=BE, previous=belgian_plan, seed=7, settled=settled)
    record = make(request)
    assert record["as_held"]["stays"]
    assert record["upper"] == record["as_held"]["as_held_cost"] <= record["as_held"]["found_cost"]
    assert record["fills"]["naive_origin_gb"] == record["cost"]["fill"] == 0
    assert copies(request.out, "keep") == copies(belgian_plan, "keep", "add")
    assert copies(request.out, "add", "evict") == set()


def test_a_search_gone_wrong_is_no_reason_to_move(
    belgian_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def least(search: Any, state: object, *, final: bool) -> None:
        run = search._run
        run.take_plan(run.local.serve(forced_holders(run.instance)))

    monkeypatch.setattr(fast._Search, "_plan", least)
    monkeypatch.setattr(fast, "STEPS", fast.STEPS[:2])
    demand = other_tastes(tmp_path / "demand.parquet")
    request = sample_request(tmp_path / "p", demand=demand, countries=BE, previous=belgian_plan)
    record = make(request)
    assert record["as_held"]["stays"]
    assert record["upper"] < record["as_held"]["found_cost"]
    assert copies(request.out, "add") == set()


def test_a_plan_that_saves_much_is_taken(belgian_plan: Path, tmp_path: Path) -> None:
    demand = other_tastes(tmp_path / "demand.parquet")
    request = sample_request(tmp_path / "p", demand=demand, countries=BE, previous=belgian_plan, settled=True)
    record = make(request)
    weighed = record["as_held"]
    assert not weighed["stays"]
    assert record["upper"] == pytest.approx(weighed["found_cost"])
    assert weighed["as_held_cost"] - weighed["found_cost"] > weighed["unsure"] > 0


def test_it_is_what_the_judge_finds_of_the_plan_in_force(belgian_plan: Path, tmp_path: Path) -> None:
    demand = other_tastes(tmp_path / "demand.parquet")
    loaded = load(sample_request(tmp_path / "p", demand=demand, countries=BE, previous=belgian_plan))
    assert loaded.holdings is not None
    held = as_held(loaded.instance, loaded.holdings)
    assert may_stay(loaded.instance, held)
    found = standing(loaded.instance, loaded.holdings)
    assert found.holds
    assert found.verdict.cost.total == pytest.approx(cost_of(loaded.instance, held), rel=1e-9)
    assert found.verdict.cost.fill == 0


def crowded() -> tuple[Pool, Holdings]:
    """All copies on the first of two appliances: together they could serve everything, that one cannot."""
    rng = np.random.default_rng(4)
    gbps = rng.uniform(0.5, 1.5, 40)
    pool = Pool(np.full(40, 1.0), gbps * 1.6 / gbps.sum(), 2, storage_gb=50.0, throughput_gbps=1.0)
    instance, placement, serving = pool.case()
    even = split_pools(instance, placement, serving)
    first = np.ones_like(even.appliance)
    return pool, Holdings(instance.pools, instance.files, even.pool, first, even.file)


def test_appliances_serve_no_more_than_they_can() -> None:
    pool, holdings = crowded()
    instance, placement, serving = pool.case()
    instance = replace(instance, held=placement.holds.astype(np.uint8))
    held = as_held(instance, holdings)
    assert held.placement.holds.tolist() == placement.holds.tolist()
    limit = float(instance.appliance_throughput_gbps[0])
    assert 0.9 * limit < held.assignment.peak_gbps.max() <= limit * (1 + 1e-9)
    assert held.slowed == 1
    verdict = evaluate(
        instance, held.placement, held.serving.candidate_gb(instance), held.serving.origin_gb(instance)
    )
    assert verdict.feasible
    assert cost_of(instance, held) > plan_cost(instance, placement.holds, serving)


def test_what_has_no_room_any_more_may_not_stay() -> None:
    pool, holdings = crowded()
    instance, placement, _ = pool.case()
    instance = replace(instance, held=placement.holds.astype(np.uint8))
    assert may_stay(instance, as_held(instance, holdings))
    small = replace(instance, appliance_storage_gb=np.full(instance.n_pools, 39.0))
    assert not may_stay(small, as_held(small, holdings))
    pinned = replace(instance, pinned=np.ones_like(instance.pinned))
    fewer = Holdings(
        holdings.pools,
        holdings.files,
        *(rows[:-1] for rows in (holdings.pool, holdings.appliance, holdings.file)),
    )
    assert may_stay(pinned, as_held(pinned, holdings))
    assert not may_stay(pinned, as_held(pinned, fewer))


def test_files_with_too_few_copies_serve_nothing() -> None:
    pool, holdings = crowded()
    instance, placement, _ = pool.case()
    twice = replace(instance, copies=np.full_like(instance.copies, 2), held=placement.holds.astype(np.uint8))
    assert not as_held(twice, holdings).placement.holds.any()


def fills(fetched: int, removed: int) -> Fills:
    """So many files of 1 GB each fetched and removed."""

    def some(n: int) -> Copies:
        return Copies(np.zeros(n, dtype=np.int64), np.arange(n), np.zeros(n), np.zeros(n, dtype=np.bool_))

    return replace(Fills.none(0, 1), copies=some(fetched), removed=some(removed))


@pytest.mark.parametrize(
    ("below", "enough_ratio", "removed", "unsure_ratio"),
    [
        (0.1, 0.5, 4, 0.1),  # the gap that it has
        (0.1, 0.01, 4, 0.01),  # no more than the one asked for
        (0.1, 0.5, 0, 0.0),  # into free space
        (0.1, 0.5, 1, 0.025),  # one file in four takes the place of another
        (0.1, 0.5, 9, 0.1),
        (0.0, 0.5, 4, 0.0),  # proven to be the best
        (0.1, None, 4, 0.0),  # any saving will do
    ],
)
def test_what_a_plan_has_to_save(
    below: float, enough_ratio: float | None, removed: int, unsure_ratio: float
) -> None:
    pool, holdings = crowded()
    instance, placement, serving = pool.case()
    instance = replace(instance, held=placement.holds.astype(np.uint8))
    held = as_held(instance, holdings)
    found = replace(held, fills=fills(4, removed))
    cost, ideal = cost_of(instance, found), ideal_cost(instance)
    lower = cost - below * (cost - ideal)
    outcome = Outcome(
        placement, serving, Prices.zero(instance), cost, lower, lower, "feasible", "prices", "fast", {}, ()
    )
    weighed = weigh(instance, outcome, found, held, enough_ratio=enough_ratio)
    assert cost > ideal
    assert weighed.unsure == pytest.approx(unsure_ratio * (cost - ideal))
    assert weighed.stays, "both cost the same"
    moved = replace(found, assignment=replace(found.assignment, moved_gb=np.array([3.0])))
    dear = replace(instance, fill_cost=np.array([2.0]))
    more = weigh(dear, outcome, moved, held, enough_ratio=enough_ratio)
    assert more.unsure == pytest.approx(weighed.unsure + 6.0), "what moves to even out loads has to pay"
