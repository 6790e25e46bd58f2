"""Laws that proven optima obey, whatever the instance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.exact.exact import solve_exact
from cdnplan.optimize.problem.outcome import Outcome
from tests.instances import FAMILIES, check_instance, random_instance
from tests.limits import limits_of, with_limits
from tests.oracle.permuted import permuted

SEEDS = range(1000, 1020)


def optimum(instance: Instance) -> float:
    """Proven optimal cost; infinite when no plan exists."""
    try:
        outcome = solve_exact(instance)
    except NoFeasiblePlanError:
        return np.inf
    assert outcome.status == "optimal"
    return outcome.upper


def slack(cost: float) -> float:
    """What floats may do to a cost."""
    return 1e-9 * max(1.0, abs(cost))


@pytest.mark.parametrize("family", ["storage", "throughput", "links", "fill", "churn"])
def test_more_of_a_limit_never_hurts(family: str) -> None:
    helped = 0
    for seed in SEEDS:
        families = frozenset({family, "overload"}) if family == "links" else frozenset({family})
        tight = random_instance(seed, families=families)
        name = {
            "storage": "storage_gb",
            "throughput": "throughput_gbps",
            "links": "link_capacity_gbps",
            "fill": "fill_limit_gb",
            "churn": "churn_limit_gb",
        }[family]
        loose = with_limits(tight, **{name: limits_of(tight)[name] * 1.5 + 2.0})
        before, after = optimum(tight), optimum(loose)
        assert after <= before + slack(before), seed
        helped += after < before - slack(before)
    assert helped > 0


def test_twice_the_demand_on_twice_the_network_costs_twice_as_much() -> None:
    """Storage stays, so what can be placed stays; filling is free, as its cost does not follow demand."""
    overloaded = 0
    for seed in SEEDS:
        families = FAMILIES - {"fill", "churn"}
        single = random_instance(seed, families=families)
        single = replace(single, fill_cost=np.zeros(single.n_pools))
        double = with_limits(
            single,
            demand_gb=single.demand_gb * np.float32(2),
            throughput_gbps=single.throughput_gbps * 2,
            link_capacity_gbps=single.link_capacity_gbps * 2,
        )
        cost = optimum(single)
        if np.isfinite(cost):
            assert optimum(double) == pytest.approx(2 * cost, rel=1e-9), seed
        overloaded += single.n_links > 0
    assert overloaded > 0


def test_names_and_order_change_nothing() -> None:
    for seed in SEEDS:
        instance = random_instance(seed, n_regions=3, n_pools=3)
        shuffled, _, _ = permuted(instance, seed)
        check_instance(shuffled)
        cost = optimum(instance)
        if np.isfinite(cost):
            assert optimum(shuffled) == pytest.approx(cost, rel=1e-9), seed
        else:
            assert np.isinf(optimum(shuffled)), seed


def solved(families: frozenset[str]) -> list[tuple[Instance, Outcome]]:
    pairs = []
    for seed in SEEDS:
        instance = random_instance(seed, families=families)
        pairs.append((instance, solve_exact(instance)))
    return pairs


def test_banned_files_are_never_held() -> None:
    banned = 0
    for instance, outcome in solved(frozenset({"bans", "storage"})):
        assert not (outcome.placement.holds & (instance.copies == 0)).any()
        banned += int((instance.copies == 0).sum())
    assert banned > 0


def test_pinned_files_are_always_held() -> None:
    pinned = 0
    for instance, outcome in solved(frozenset({"pins", "storage", "fill"})):
        assert outcome.placement.holds[instance.pinned].all()
        pinned += int(instance.pinned.sum())
    assert pinned > 0


def test_a_pin_or_a_ban_never_lowers_the_cost() -> None:
    for seed in SEEDS:
        free = random_instance(seed, n_pools=2, families=frozenset({"storage"}))
        cost = optimum(free)
        pinned = free.pinned.copy()
        pinned[0, 0] = bool(free.size_gb[0] <= free.storage_gb[0])
        assert optimum(replace(free, pinned=pinned)) >= cost - slack(cost), seed
        copies = free.copies.copy()
        copies[:, 0] = 0
        assert optimum(replace(free, copies=copies)) >= cost - slack(cost), seed
