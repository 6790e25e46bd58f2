"""Costs by hand, every kind of violation, and agreement with the oracle's optimum."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cdnplan.evaluate.count.cost import gap_ratio, gap_to_upper_ratio, ideal_cost, plan_cost
from cdnplan.evaluate.verdict.verdict import Verdict, evaluate
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.limits.families import THROUGHPUT, code
from cdnplan.model.limits.limits import RateRows
from cdnplan.model.plan.placement import Placement, Prices
from tests.instances import random_instance
from tests.limits import with_limits, with_shared


def example() -> Instance:
    """Two regions, two pools, two files, one link that pool b and the origin of region 1 share."""
    base = random_instance(0, n_regions=2, n_files=2, n_pools=2, slices=2, families=frozenset())
    return with_limits(
        base,
        links=("a0>b0",),
        region_row=np.array([0, 0], dtype=np.int32),
        region_share=np.array([0.75, 0.25]),
        demand_ptr=np.array([0, 2]),
        demand_file=np.array([0, 1], dtype=np.int32),
        demand_gb=np.array([80.0, 40.0], dtype=np.float32),
        gbps_per_gb=np.array([[0.1, 0.2], [0.3, 0.1]]),
        cand_ptr=np.array([0, 2, 3]),
        cand_pool=np.array([0, 1, 1], dtype=np.int32),
        cand_cost=np.array([1.0, 2.0, 1.5]),
        origin_cost=np.array([10.0, 12.0]),
        cand_link_ptr=np.array([0, 0, 1, 2]),
        cand_link=np.array([0, 0], dtype=np.int32),
        origin_link_ptr=np.array([0, 0, 1]),
        origin_link=np.array([0], dtype=np.int32),
        link_capacity_gbps=np.array([5.0]),
        overload_cost=7.0,
        storage_gb=np.array([100.0, 60.0]),
        throughput_gbps=np.array([20.0, 20.0]),
        fill_limit_gb=np.array([50.0, 50.0]),
        churn_limit_gb=np.array([45.0, 45.0]),
        fill_cost=np.array([0.1, 0.2]),
        size_gb=np.array([30.0, 20.0]),
        copies=np.array([[2, 1], [1, 1]], dtype=np.uint8),
        held=np.array([[1, 0], [0, 2]], dtype=np.uint8),
        pinned=np.zeros((2, 2), dtype=bool),
        launch_ptr=np.zeros(1, dtype=np.int64),
        launch_pool=np.zeros(0, dtype=np.int32),
        launch_file=np.zeros(0, dtype=np.int32),
        launch_min=np.zeros(0, dtype=np.int32),
        pool_appliances=np.array([2, 1], dtype=np.int32),
        appliance_storage_gb=np.array([50.0, 60.0]),
        appliance_throughput_gbps=np.array([10.0, 20.0]),
    )


HOLDS = np.array([[True, False], [False, True]])
# Region 0 asks 60 of file 0 and 30 of file 1, region 1 asks 20 and 10.
SERVED = np.array([60.0, 30.0, 10.0])
ORIGIN = np.array([0.0, 20.0])


def judge(instance: Instance, served: Floats = SERVED) -> Verdict:
    return evaluate(instance, Placement(HOLDS), served, ORIGIN)


def test_cost_by_hand() -> None:
    instance = example()
    cost = plan_cost(instance, Placement(HOLDS), SERVED, ORIGIN)
    assert cost.delivery == pytest.approx(60 * 1.0 + 30 * 2.0 + 10 * 1.5 + 20 * 12.0)
    # One more copy of file 0 at pool 0, nothing new at pool 1, which has two copies and needs one.
    assert cost.fill == pytest.approx(0.1 * 30.0)
    # Link: 30 × h[0] + (10 + 20) × h[1] = 3 + 9 = 12 in slice 0, 6 + 3 = 9 in slice 1; capacity 5.
    assert cost.overload == pytest.approx(7.0 * (7.0 + 4.0))
    assert cost.total == pytest.approx(375.0 + 3.0 + 77.0)
    assert ideal_cost(instance) == pytest.approx(90 * 1.0 + 30 * 1.5)


def test_verdict_by_hand() -> None:
    verdict = judge(example())
    assert verdict.feasible
    assert verdict.demand_gb == pytest.approx(120.0)
    assert verdict.offload_byte_ratio == pytest.approx(100.0 / 120.0)
    assert [(o.link, o.slice, round(o.gbps, 9)) for o in verdict.overloads] == [
        ("a0>b0", 0, 7.0),
        ("a0>b0", 1, 4.0),
    ]
    assert verdict.bound is None
    assert verdict.gap_ratio is None
    priced = evaluate(example(), Placement(HOLDS), SERVED, ORIGIN, Prices.zero(example()))
    assert priced.bound is not None
    assert priced.ideal * (1 - 1e-8) <= priced.bound <= priced.cost.total
    assert priced.gap_ratio == pytest.approx((455.0 - priced.bound) / (455.0 - 135.0))
    assert priced.gap_to_upper_ratio == pytest.approx((455.0 - priced.bound) / 455.0)


def test_gap_ratios_at_the_edge() -> None:
    assert gap_ratio(100.0, 90.0, 100.0) == 0.0
    assert gap_ratio(100.0, 101.0, 50.0) == 0.0
    assert gap_ratio(0.0, 0.0, 0.0) == 0.0
    assert gap_to_upper_ratio(0.0, 0.0) == 0.0


VIOLATIONS = [
    ("storage", {"storage_gb": np.array([59.9, 60.0])}, ["storage s0/m: 60 GB, allowed 59.9"]),
    (
        "throughput",
        {"throughput_gbps": np.array([11.0, 20.0])},
        ["throughput s0/m in slice 1: 12 Gbps"],
    ),
    ("fill", {"fill_limit_gb": np.array([29.0, 50.0])}, ["fill s0/m: 30 GB, allowed 29"]),
    ("churn", {"churn_limit_gb": np.array([0.0, 50.0])}, ["churn s0/m: 30 GB, allowed 0"]),
    ("pin", {"pinned": ~HOLDS & [[True, True], [False, True]]}, ["pin f1 at s0/m"]),
    ("ban", {"copies": np.array([[2, 1], [1, 0]], dtype=np.uint8)}, ["ban f1 at s1/m"]),
    (
        "launch",
        {
            "launch_ptr": np.array([0, 2]),
            "launch_pool": np.array([0, 1], dtype=np.int32),
            "launch_file": np.array([1], dtype=np.int32),
            "launch_min": np.array([2], dtype=np.int32),
        },
        ["launch f1: 1 pools, allowed 2"],
    ),
]


@pytest.mark.parametrize(("limit", "change", "said"), VIOLATIONS, ids=[v[0] for v in VIOLATIONS])
def test_every_kind_of_violation(limit: str, change: dict[str, np.ndarray], said: list[str]) -> None:
    verdict = judge(with_limits(example(), **change))
    assert not verdict.feasible
    found = [violation for violation in verdict.violations if violation.limit == limit]
    assert len(found) == len(said)
    for violation, text in zip(found, said, strict=True):
        assert str(violation).startswith(text)
    assert {violation.limit for violation in verdict.violations} == {limit}


def test_serving_from_who_does_not_hold() -> None:
    verdict = judge(example(), served=np.array([61.0, 29.0, 10.0]))
    (violation,) = verdict.violations
    assert (violation.limit, violation.used, violation.allowed) == ("serving", 61.0, 60.0)


def test_rounding_is_no_violation() -> None:
    instance = with_limits(example(), storage_gb=np.array([60.0 * (1 - 1e-8), 20.0]))
    assert judge(instance).feasible


def test_rows_that_several_pools_and_paths_share() -> None:
    """New bytes of both pools together; 3 units for each Gbit/s of pool 0, one for region 1's origin."""
    shared = with_shared(example(), [0, 1], 29.0)
    assert [str(v) for v in judge(shared).violations] == ["fill shared: 30 GB, allowed 29"]
    assert judge(with_shared(example(), [0, 1], 30.0)).feasible
    assert judge(with_shared(example(), [1], 0.0)).feasible
    instance = example()
    ptr, n_cand = np.zeros(instance.rates.use_ptr.size, dtype=np.int64), instance.cand_pool.size
    first = int(np.flatnonzero(instance.cand_pool == 0)[0])
    ptr[first + 1 :] = 1
    ptr[n_cand + 2 :] = 2
    weight, kind = np.array([3.0, 1.0]), np.array([code(THROUGHPUT)], dtype=np.int8)
    row = RateRows(
        kind, ("power",), np.zeros(1), np.array([np.inf]), ptr, np.zeros(2, dtype=np.int32), weight
    )
    strict = dataclasses.replace(instance, rates=instance.rates.joined(row))
    load = SERVED[first] * 3.0 * instance.gbps_per_gb[instance.path_region[first]]
    load += ORIGIN[1] * instance.gbps_per_gb[1]
    broken = judge(strict).violations
    assert [(v.limit, v.name, v.slice) for v in broken] == [
        ("throughput", "power", 0),
        ("throughput", "power", 1),
    ]
    assert [v.used for v in broken] == pytest.approx(load.tolist())
    row = dataclasses.replace(row, overload_cost=np.array([2.0]))
    priced = judge(dataclasses.replace(instance, rates=instance.rates.joined(row)))
    assert priced.feasible
    assert priced.cost.overload == pytest.approx(judge(instance).cost.overload + 2.0 * load.sum())
    assert [o.link for o in priced.overloads] == ["a0>b0", "a0>b0", "power", "power"]
