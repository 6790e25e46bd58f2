"""Limits of sites, power and bytes from outside, against brute force: both engines and the judge."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.evaluate.verdict.verdict import evaluate
from cdnplan.model.instance.instance import Instance
from cdnplan.model.limits.families import OUTSIDE, POWER, code
from cdnplan.model.limits.limits import RateRows, VolumeRows
from cdnplan.optimize.engine import solve
from tests.instances import random_instance
from tests.limits import other_rates, other_volumes
from tests.oracle.brute_force import brute_force, free_decisions

SEEDS = range(60)
MAX_OPEN = 9
ENOUGH = 5


def drawn(seed: int) -> Instance:
    """Two sites of at least one pool each, one with little power, one that takes in little."""
    rng = np.random.default_rng([seed, 31])
    base = random_instance(
        seed, n_pools=3, n_files=3, families=frozenset({"storage", "throughput", "links", "copies"})
    )
    site = np.array([0, 0, 1], dtype=np.int32)
    base = replace(base, sites=("s0", "s1"), pool_site=site)
    weight = rng.uniform(0.5, 3.0, 3)
    used = site[base.cand_pool] == 0
    ptr = np.concatenate([[0], np.cumsum(used), np.full(base.n_regions, used.sum())]).astype(np.int64)
    peak = base.region_gb() @ base.gbps_per_gb.max(axis=1)
    power = RateRows(
        np.array([code(POWER)], dtype=np.int8),
        ("s0",),
        np.array([peak * rng.uniform(0.0, 2.0)]),
        np.array([np.inf]),
        ptr,
        np.zeros(used.sum(), dtype=np.int32),
        weight[base.cand_pool[used]],
    )
    first = int(rng.integers(2))
    pools = np.flatnonzero(site == first).astype(np.int32)
    outside = VolumeRows(
        np.array([code(OUTSIDE)], dtype=np.int8),
        (f"s{first}",),
        np.array([base.size_gb.sum() * rng.uniform(0.2, 0.9)]),
        np.array([True]),
        np.array([0, pools.size], dtype=np.int64),
        pools,
    )
    return replace(base, rates=base.rates.joined(power), volumes=base.volumes.joined(outside))


def without(instance: Instance, family: str) -> Instance:
    """The instance without the row of a family, which is the last."""
    if family == "power":
        rates = instance.rates
        kept = replace(rates, capacity=np.append(rates.capacity[:-1], 1e12))
        return replace(instance, rates=kept)
    volumes = instance.volumes
    return replace(instance, volumes=replace(volumes, capacity_gb=np.append(volumes.capacity_gb[:-1], 1e12)))


@cache
def cases() -> list[Instance]:
    return [one for one in map(drawn, SEEDS) if free_decisions(one).sum() <= MAX_OPEN]


@cache
def optima() -> list[float | None]:
    return [brute_force(case) for case in cases()]


@pytest.mark.parametrize("engine", ["exact", "fast"])
def test_plans_and_bounds_are_those_of_brute_force(engine: str) -> None:
    closed = 0
    for case, optimum in zip(cases(), optima(), strict=True):
        if optimum is None:
            with pytest.raises(NoFeasiblePlanError):
                solve(case, engine)  # type: ignore[arg-type]
            continue
        outcome = solve(case, engine)  # type: ignore[arg-type]
        slack = 1e-6 * max(1.0, abs(optimum))
        assert outcome.lower <= optimum + slack <= outcome.upper + 2 * slack
        closed += outcome.upper <= optimum + slack
        served = outcome.serving.candidate_gb(case), outcome.serving.origin_gb(case)
        verdict = evaluate(case, outcome.placement, *served, outcome.prices)
        assert verdict.violations == ()
        assert verdict.cost.total == pytest.approx(outcome.upper, rel=1e-9)
        assert verdict.priced is not None
        assert verdict.priced <= optimum + slack
    assert closed >= (1.0 if engine == "exact" else 0.9) * len(cases())


def test_both_limits_bind() -> None:
    binding: Counter[str] = Counter()
    for case, optimum in zip(cases(), optima(), strict=True):
        for family in ("power", "outside"):
            other = brute_force(without(case, family))
            binding[family] += optimum is None or (other is not None and other < optimum * (1 - 1e-6))
    assert min(binding["power"], binding["outside"]) >= ENOUGH, binding


def test_what_passes_a_limit_is_seen_by_the_judge() -> None:
    seen: Counter[str] = Counter()
    for case in cases()[:40]:
        free = without(without(case, "power"), "outside")
        outcome = solve(free, "exact")
        served = outcome.serving.candidate_gb(case), outcome.serving.origin_gb(case)
        seen.update({found.limit for found in evaluate(case, outcome.placement, *served).violations})
    assert set(seen) == {"power", "outside"}


def test_rows_of_sites_are_the_last() -> None:
    for case in cases()[:5]:
        assert other_rates(case.rates, case.rates.n_rows - 1).names == ("s0",)
        assert other_volumes(case.volumes, case.volumes.n_rows - 1).family.tolist() == [code(OUTSIDE)]
