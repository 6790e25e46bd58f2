"""The exact engine against brute force, and every kind of rule seen at work."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.exact.exact import solve_exact
from cdnplan.optimize.file.bound import priced_bound
from tests.instances import FAMILIES, check_instance, random_instance, to_dense
from tests.limits import limits_of, with_limits
from tests.oracle.brute_force import brute_force, free_decisions
from tests.oracle.feasible import broken_limits

SEEDS = range(200)
ENOUGH = 5
MAX_OPEN = 10
MIXES = (
    frozenset({"storage", "launches", "pins", "copies"}),
    frozenset({"links", "overload", "throughput"}),
    frozenset({"fill", "churn", "storage"}),
)


@cache
def instances() -> dict[str, Instance]:
    """At least 200 instances small enough for brute force."""
    drawn = {f"any {seed}": random_instance(seed) for seed in SEEDS}
    for mix in MIXES:
        name = "+".join(sorted(mix))
        drawn |= {f"{name} {seed}": random_instance(seed, families=mix) for seed in range(20)}
    return {name: case for name, case in drawn.items() if free_decisions(case).sum() <= MAX_OPEN}


@cache
def optima() -> dict[str, float | None]:
    """Their optima, by brute force."""
    return {name: brute_force(case) for name, case in instances().items()}


def agrees(found: float, optimum: float) -> bool:
    return abs(found - optimum) <= 1e-6 * max(1.0, abs(optimum))


def test_instances_are_sound() -> None:
    for seed in SEEDS:
        check_instance(random_instance(seed))


def test_agrees_with_brute_force_on_every_tiny_instance() -> None:
    cases = instances()
    infeasible = 0
    for name, case in cases.items():
        optimum = optima()[name]
        if optimum is None:
            infeasible += 1
            with pytest.raises(NoFeasiblePlanError):
                solve_exact(case)
            continue
        outcome = solve_exact(case)
        assert agrees(outcome.upper, optimum), name
        assert agrees(outcome.lower, optimum), name
        assert outcome.lower <= optimum * (1 + 1e-12), name
        assert priced_bound(case, outcome.prices) <= optimum + 1e-12 * abs(optimum), name
        assert outcome.lower_priced <= outcome.lower <= outcome.upper, name
        assert (outcome.status, outcome.warnings) == ("optimal", ()), name
        assert broken_limits(case, outcome.placement, outcome.serving) == [], name
    assert len(cases) >= 200
    assert 0 < infeasible < 30


def lifted(case: Instance, family: str) -> Instance:
    """The instance without one family's limits; for overload, with a higher price on it."""
    p, plenty = case.n_pools, 1e12
    changes: dict[str, dict[str, object]] = {
        "storage": {"storage_gb": np.full(p, plenty)},
        "throughput": {"throughput_gbps": np.full(p, plenty)},
        "links": {"link_capacity_gbps": np.full(case.n_links, plenty)},
        "overload": {"overload_cost": 2 * limits_of(case)["overload_cost"]},
        "fill": {"fill_limit_gb": np.full(p, np.inf)},
        "churn": {"churn_limit_gb": np.full(p, np.inf)},
        "pins": {"pinned": np.zeros_like(case.pinned)},
        "bans": {"copies": np.maximum(case.copies, 1)},
        "copies": {"copies": np.minimum(case.copies, 1)},
        "launches": {"launch_min": np.zeros_like(case.launch_min)},
    }
    return with_limits(case, **changes[family])


def test_every_family_binds_somewhere() -> None:
    """Lifting a family's limits changes the optimum: in at least five instances for each family."""
    binding: Counter[str] = Counter()
    for name, case in instances().items():
        wanting = [family for family in sorted(FAMILIES) if binding[family] < ENOUGH]
        optimum = optima()[name]
        for family in wanting:
            without = lifted(case, family)
            if free_decisions(without).sum() > MAX_OPEN:
                continue
            other = brute_force(without)
            if optimum is None or other is None:
                binding[family] += other is not None
            else:
                binding[family] += not agrees(other, optimum)
    assert {family for family in FAMILIES if binding[family] >= ENOUGH} == FAMILIES, binding


def test_instances_have_the_awkward_cases() -> None:
    seen: Counter[str] = Counter()
    for case in instances().values():
        v = to_dense(case)
        seen["file nobody asks for"] += bool((v.sum(axis=0) == 0).any())
        seen["region without candidates"] += bool((np.diff(case.cand_ptr) == 0).any())
        seen["shared demand row"] += np.unique(case.region_row).size < case.n_regions
        seen["pool without storage"] += bool((case.storage_gb == 0).any())
        seen["pool without throughput"] += bool((case.throughput_gbps == 0).any())
        seen["link without capacity"] += bool((case.link_capacity_gbps == 0).any())
        seen["ties in cost"] += bool((np.diff(case.cand_cost) == 0).any())
        seen["more held than needed"] += bool((case.held > case.copies).any())
        seen["origin on a link"] += limits_of(case)["origin_link"].size > 0
        seen["origin cheaper than a candidate"] += bool(
            case.origin_cost.min() < case.cand_cost.max(initial=0)
        )
        asked = v[v > 0]
        seen["six orders of magnitude"] += bool(asked.size and asked.max() / asked.min() > 1e6)
    assert min(seen.values()) > 0, seen
    assert len(seen) == 11
