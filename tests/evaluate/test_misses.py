"""Misses by cause: a case counted by hand for each, and what must hold on any network."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np
import pytest

from cdnplan.evaluate.count.misses import CAUSE_WORDS, CAUSES, Misses, misses
from cdnplan.evaluate.verdict.report import Report
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.serve.serving import best_serving
from tests.evaluate.test_verdict import HOLDS, SERVED, example
from tests.instances import random_instance, to_dense
from tests.limits import with_limits


def three_sites(**change: object) -> Instance:
    """One region that asks 60 GB of file 0 and 40 GB of file 1; sites at 1, 1 and 2, the origin at 10.

    In slice 0 a GB is 0.1 Gbps, in slice 1 it is 0.2; each pool gives 8 Gbps, 40 GB at most. Links 0, 1 and 2
    lead to one pool each and carry anything.
    """
    base = random_instance(0, n_regions=1, n_files=2, n_pools=3, slices=2, families=frozenset())
    instance = with_limits(
        base,
        links=("a>p0", "a>p1", "a>p2"),
        region_row=np.array([0], dtype=np.int32),
        region_share=np.array([1.0]),
        demand_ptr=np.array([0, 2]),
        demand_file=np.array([0, 1], dtype=np.int32),
        demand_gb=np.array([60.0, 40.0], dtype=np.float32),
        gbps_per_gb=np.array([[0.1, 0.2]]),
        cand_ptr=np.array([0, 3]),
        cand_pool=np.array([0, 1, 2], dtype=np.int32),
        cand_cost=np.array([1.0, 1.0, 2.0]),
        origin_cost=np.array([10.0]),
        cand_link_ptr=np.array([0, 1, 2, 3]),
        cand_link=np.array([0, 1, 2], dtype=np.int32),
        origin_link_ptr=np.array([0, 0]),
        origin_link=np.zeros(0, dtype=np.int32),
        link_capacity_gbps=np.full(3, 1000.0),
        overload_cost=100.0,
        storage_gb=np.full(3, 100.0),
        throughput_gbps=np.full(3, 8.0),
        fill_limit_gb=np.full(3, np.inf),
        churn_limit_gb=np.full(3, np.inf),
        size_gb=np.array([30.0, 20.0]),
        copies=np.ones((3, 2), dtype=np.uint8),
        held=np.zeros((3, 2), dtype=np.uint8),
        pinned=np.zeros((3, 2), dtype=bool),
        pool_appliances=np.ones(3, dtype=np.int32),
        appliance_storage_gb=np.full(3, 100.0),
        appliance_throughput_gbps=np.full(3, 8.0),
    )
    return with_limits(instance, **change)


def found(
    instance: Instance, holds: list[list[int]], served: list[float], spare: list[list[int]] | None = None
) -> dict[str, float]:
    """Causes that occur, with GB; the rest of the demand comes from origins."""
    gb = np.array(served)
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    origin = instance.region_gb() - np.bincount(region, gb, minlength=instance.n_regions)
    held = np.array(holds, dtype=bool)
    counted = misses(
        instance, Placement(held), gb, origin, None if spare is None else np.array(spare, dtype=bool)
    )
    return {cause: round(total, 6) for cause, total in counted.totals().items() if total > 0}


BOTH, NONE, FIRST, SECOND = [1, 1], [0, 0], [1, 0], [0, 1]


def test_sites_of_equal_cost_are_one() -> None:
    # Pool 0 gives 40 GB, all it can, pool 1 the rest: no site is cheaper than either.
    assert found(three_sites(), [BOTH, BOTH, NONE], [40.0, 60.0, 0.0]) == {}
    faster = three_sites(throughput_gbps=np.full(3, 100.0))
    assert found(faster, [BOTH, BOTH, NONE], [0.0, 100.0, 0.0]) == {}
    # An origin that costs as much as the site, too; nor is a dearer holder missed.
    near = three_sites(origin_cost=np.array([2.0]), cand_cost=np.full(3, 2.0))
    assert found(near, [NONE, NONE, BOTH], [0.0, 0.0, 0.0]) == {}
    assert found(three_sites(origin_cost=np.array([1.0])), [NONE, NONE, BOTH], [0.0, 0.0, 10.0]) == {}


def test_costs_that_differ_by_rounding_are_equal() -> None:
    instance = three_sites(cand_cost=np.array([0.1 + 0.2, 0.3, 2.0]))
    assert instance.cand_cost[0] != instance.cand_cost[1]
    assert found(instance, [BOTH, BOTH, NONE], [40.0, 60.0, 0.0]) == {}


def test_content() -> None:
    assert found(three_sites(), [FIRST, NONE, NONE], [40.0, 0.0, 0.0]) == {"content": 40.0, "capacity": 20.0}
    # Held by the dearer site only: that is the best place there is.
    assert found(three_sites(), [NONE, NONE, FIRST], [0.0, 0.0, 40.0]) == {"content": 40.0, "capacity": 20.0}
    # One site may hold file 1, though the others may not.
    rules = np.array([[1, 0], [1, 0], [1, 1]], dtype=np.uint8)
    one = three_sites(copies=rules, throughput_gbps=np.full(3, 12.0))
    assert found(one, [FIRST, NONE, NONE], [60.0, 0.0, 0.0]) == {"content": 40.0}


def test_no_cheaper_site_in_reach_is_no_miss() -> None:
    alone = three_sites(origin_cost=np.array([0.5]))
    assert found(alone, [BOTH, BOTH, NONE], [0.0, 0.0, 0.0]) == {}


def test_policy_size_and_window() -> None:
    banned = np.array([[1, 0], [1, 0], [1, 0]], dtype=np.uint8)
    fast = {"throughput_gbps": np.full(3, 100.0)}
    served = [60.0, 0.0, 0.0]
    holds = [FIRST, NONE, NONE]
    assert found(three_sites(copies=banned, **fast), holds, served) == {"policy": 40.0}
    large = {"size_gb": np.array([30.0, 101.0])}
    assert found(three_sites(copies=banned, **fast, **large), holds, served) == {"size": 40.0}
    window = {"fill_limit_gb": np.full(3, 19.0)}
    assert found(three_sites(copies=banned, **fast, **window), holds, served) == {"window": 40.0}


def test_capacity() -> None:
    # File 0 is at pool 0 only, which gives 8 Gbps in slice 1 with 40 GB and has room in slice 0 only.
    assert found(three_sites(), [FIRST, NONE, BOTH], [40.0, 0.0, 60.0]) == {"capacity": 20.0}
    # The same with file 1 at pool 1, which has room that nobody needs.
    assert found(three_sites(), [FIRST, SECOND, BOTH], [40.0, 40.0, 20.0]) == {"capacity": 20.0}


def test_a_slice_in_which_nobody_asks_does_not_count() -> None:
    # A second region, asleep in slice 0, finds the pool full in slice 0 only: that is steering.
    two = three_sites(
        regions=("r0", "r1"),
        region_row=np.array([0, 0], dtype=np.int32),
        region_share=np.array([0.8, 0.2]),
        gbps_per_gb=np.array([[0.1, 0.0], [0.0, 0.1]]),
        cand_ptr=np.array([0, 1, 3]),
        cand_pool=np.array([0, 0, 2], dtype=np.int32),
        cand_cost=np.array([1.0, 1.0, 2.0]),
        origin_cost=np.array([10.0, 10.0]),
        origin_link_ptr=np.zeros(3, dtype=np.int64),
    )
    assert found(two, [BOTH, NONE, BOTH], [80.0, 0.0, 20.0]) == {"steering": 20.0}
    both = dataclasses.replace(two, gbps_per_gb=np.array([[0.1, 0.0], [0.01, 0.1]]))
    assert found(both, [BOTH, NONE, BOTH], [80.0, 0.0, 20.0]) == {"capacity": 20.0}


def test_steering_takes_what_room_there_is_and_no_more() -> None:
    # 25 GB from pool 0 in place of the 40 it can give: 15 could move, 20 more would need throughput.
    assert found(three_sites(), [FIRST, NONE, BOTH], [25.0, 0.0, 75.0]) == {
        "steering": 15.0,
        "capacity": 20.0,
    }
    # Both files at pools 0 and 1, which give 40 GB each: 30 GB that pool 2 serves could come from pool 1, ...
    assert found(three_sites(), [BOTH, BOTH, BOTH], [40.0, 10.0, 50.0]) == {
        "steering": 30.0,
        "capacity": 20.0,
    }
    # ... also where pool 2 serves what only pool 0 has, as file 1 then makes room there.
    assert found(three_sites(), [BOTH, SECOND, BOTH], [40.0, 10.0, 50.0]) == {
        "steering": 30.0,
        "capacity": 20.0,
    }


def test_room_is_given_once() -> None:
    # Two alike regions miss 30 GB each at a pool with room for 40 GB; the third site serves them.
    two = three_sites(
        regions=("r0", "r1"),
        region_row=np.array([0, 0], dtype=np.int32),
        region_share=np.array([0.5, 0.5]),
        gbps_per_gb=np.array([[0.1, 0.2], [0.1, 0.2]]),
        cand_ptr=np.array([0, 2, 4]),
        cand_pool=np.array([0, 2, 0, 2], dtype=np.int32),
        cand_cost=np.array([1.0, 2.0, 1.0, 2.0]),
        origin_cost=np.array([10.0, 10.0]),
        cand_link_ptr=np.array([0, 1, 2, 3, 4]),
        cand_link=np.array([0, 2, 0, 2], dtype=np.int32),
        origin_link_ptr=np.zeros(3, dtype=np.int64),
    )
    assert found(two, [FIRST, NONE, BOTH], [0.0, 50.0, 0.0, 50.0]) == {"steering": 40.0, "capacity": 20.0}


def test_link() -> None:
    # The link to pool 0 carries 4 Gbps, 20 GB; the pool has room for 20 more.
    narrow = three_sites(link_capacity_gbps=np.array([4.0, 1000.0, 1000.0]))
    assert found(narrow, [FIRST, NONE, BOTH], [20.0, 0.0, 80.0]) == {"link": 40.0}
    # The pool is full as well: more throughput alone would not help.
    slow = with_limits(narrow, throughput_gbps=np.full(3, 4.0))
    assert found(slow, [FIRST, NONE, BOTH], [20.0, 0.0, 80.0]) == {"link": 40.0}
    # Overload is so cheap that it pays: 0.2 Gbps of it cost less than the GB saves.
    cheap = with_limits(narrow, overload_cost=1.0)
    assert found(cheap, [FIRST, NONE, BOTH], [20.0, 0.0, 80.0]) == {"steering": 20.0, "capacity": 20.0}
    # Both ways go over the full link: it is in nobody's way.
    shared = with_limits(narrow, cand_link=np.array([0, 1, 0], dtype=np.int32))
    assert found(shared, [FIRST, NONE, BOTH], [20.0, 0.0, 80.0]) == {"steering": 20.0, "capacity": 20.0}
    # 5 GB fit on the link still.
    assert found(narrow, [FIRST, NONE, BOTH], [15.0, 0.0, 85.0]) == {"steering": 5.0, "link": 40.0}


def test_appliance() -> None:
    # Pool 0 has two appliances and room for 20 GB more, but file 0 is on the one that gives all it can.
    two = three_sites(
        pool_appliances=np.array([2, 1, 1], dtype=np.int32),
        appliance_throughput_gbps=np.array([4.0, 8.0, 8.0]),
    )
    spare = [[0, 1], BOTH, BOTH]
    assert found(two, [FIRST, NONE, BOTH], [20.0, 0.0, 80.0], spare=spare) == {"appliance": 40.0}
    # File 1, which is on the other one, takes the room that there is; then the whole pool is full.
    assert found(two, [BOTH, NONE, BOTH], [20.0, 0.0, 80.0], spare=spare) == {
        "steering": 20.0,
        "capacity": 60.0,
    }


def test_two_causes_at_once() -> None:
    # File 0 is at pool 0, which is full, file 1 at pool 1, whose link is: each by what is in its way.
    narrow = three_sites(link_capacity_gbps=np.array([1000.0, 2.0, 1000.0]))
    assert found(narrow, [FIRST, SECOND, BOTH], [40.0, 10.0, 50.0]) == {"capacity": 20.0, "link": 30.0}


def test_causes_of_a_verified_plan() -> None:
    instance = example()
    found_ = misses(instance, Placement(HOLDS), SERVED, np.array([0.0, 20.0]))
    assert found_.of("content").tolist() == [0.0, 20.0]
    assert found_.gb.sum() == pytest.approx(20.0)
    told = Report(checks=(), misses=found_).as_dict()["misses"]
    assert told == {f"{cause}_gb": (20.0 if cause == "content" else 0.0) for cause in CAUSES}
    assert set(CAUSES) <= set(CAUSE_WORDS)


def served_at_random(
    instance: Instance, holds: np.ndarray, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Some serving from who holds the files; limits do not matter."""
    served, origin = np.zeros(instance.cand_pool.size), np.zeros(instance.n_regions)
    for r, wanted in enumerate(to_dense(instance)):
        part = np.arange(instance.cand_ptr[r], instance.cand_ptr[r + 1])
        for f in np.flatnonzero(wanted):
            there = part[holds[instance.cand_pool[part], f]]
            ratio = rng.dirichlet(np.ones(there.size + 1)) * (rng.random() < 0.9)
            served[there] += ratio[:-1] * wanted[f]
            origin[r] += wanted[f] * (1 - ratio[:-1].sum())
    return served, origin


def counted_again(instance: Instance, holds: np.ndarray, served: Floats) -> float:
    """What is missed in all: by cost, the demand that places of it are the best for, less what they serve."""
    total = 0.0
    for r, wanted in enumerate(to_dense(instance)):
        at: dict[float, float] = defaultdict(float)
        part = [
            j
            for j in range(int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1]))
            if instance.cand_cost[j] < instance.origin_cost[r]
        ]
        for f, gb in enumerate(wanted):
            costs = [float(instance.cand_cost[j]) for j in part if holds[instance.cand_pool[j], f]]
            if costs:
                at[min(costs)] += float(gb)
            elif part:
                total += float(gb)
        for j in part:
            at[float(instance.cand_cost[j])] -= served[j]
        total += sum(max(0.0, gb) for gb in at.values())
    return total


def drawn(seed: int) -> tuple[Instance, np.ndarray, np.random.Generator]:
    """An instance whose costs often tie, and who holds what."""
    rng = np.random.default_rng([seed, 7])
    instance = random_instance(seed, families=frozenset({"throughput", "links", "overload"}))
    tied = dataclasses.replace(
        instance,
        cand_cost=np.ceil(instance.cand_cost * 4) / 4,
        origin_cost=np.ceil(instance.origin_cost * 4) / 4,
    )
    return tied, rng.random((instance.n_pools, instance.n_files)) < 0.6, rng


def all_of(counted: Misses) -> float:
    return float(counted.gb.sum())


@pytest.mark.parametrize("seed", range(60))
def test_causes_add_up(seed: int) -> None:
    instance, holds, rng = drawn(seed)
    for served, origin in (served_at_random(instance, holds, rng) for _ in range(3)):
        spare = holds & (rng.random(holds.shape) < 0.7)
        counted = misses(instance, Placement(holds), served, origin, spare)
        assert (counted.gb >= -1e-9).all()
        assert all_of(counted) == pytest.approx(counted_again(instance, holds, served), abs=1e-5)


@pytest.mark.parametrize("seed", range(60))
def test_of_the_best_serving_more_of_what_is_named_lowers_the_cost(seed: int) -> None:
    instance, holds, _ = drawn(seed)

    def cost(changed: Instance) -> float:
        serving = best_serving(changed, holds).serving
        from cdnplan.evaluate.count.cost import plan_cost

        return plan_cost(
            changed, Placement(holds), serving.candidate_gb(changed), serving.origin_gb(changed)
        ).total

    serving = best_serving(instance, holds).serving
    counted = misses(instance, Placement(holds), serving.candidate_gb(instance), serving.origin_gb(instance))
    by_cause, demand = counted.totals(), float(instance.region_gb().sum())
    now = cost(instance)
    faster = cost(with_limits(instance, throughput_gbps=instance.throughput_gbps * 1.2))
    # No other steering is better than the best, and what is called throughput really is.
    assert by_cause["steering"] <= 1e-5 * demand
    assert by_cause["appliance"] == 0.0
    if by_cause["capacity"] > 1e-5 * demand:
        assert faster < now * (1 - 1e-9)
    if by_cause["link"] > 1e-5 * demand:
        wider = with_limits(
            instance,
            link_capacity_gbps=instance.link_capacity_gbps * 1.2,
            throughput_gbps=instance.throughput_gbps * 1.2,
        )
        assert cost(wider) < now * (1 - 1e-9)
    if by_cause["capacity"] + by_cause["link"] <= 1e-9 * demand and instance.n_links == 0:
        assert faster >= now * (1 - 1e-6)
