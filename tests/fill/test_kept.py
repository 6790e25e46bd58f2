"""Pools that hold what they held keep their arrangement, unless it is too uneven for what they serve now."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.fill.deal.appliances import Assignment, Kept, split_pools
from cdnplan.fill.loads.loads import appliance_gbps, pool_gbps
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.serve.serving import best_serving
from tests.instances import random_instance
from tests.limits import with_limits


def pools_of_two(seed: int) -> tuple[Instance, Placement, Serving]:
    """Regions with few candidates each, pools of two appliances that have ample room."""
    drawn = random_instance(seed, n_regions=9, n_pools=8, n_files=20, families=frozenset({"throughput"}))
    size = float(drawn.size_gb.sum())
    instance = with_limits(
        drawn,
        pool_appliances=np.full(8, 2, dtype=np.int32),
        appliance_storage_gb=np.full(8, size),
        storage_gb=np.full(8, 2 * size),
        copies=np.minimum(drawn.copies, 2),
    )
    holds = (np.random.default_rng(seed).random((8, 20)) < 0.5) & (instance.copies > 0)
    return instance, Placement(holds), best_serving(instance, holds).serving


@pytest.mark.parametrize("seed", range(30))
def test_pools_keep_an_arrangement_that_is_even_enough(seed: int) -> None:
    instance, before, served = pools_of_two(seed)
    holds = before.holds.copy()
    lost = np.flatnonzero(holds[seed % 8])
    holds[seed % 8, lost[:1]] = False
    after = Placement(holds)
    serving = best_serving(instance, holds).serving
    first = split_pools(instance, before, served)
    same = (holds == before.holds).all(axis=1)
    kept = split_pools(instance, after, serving, kept=Kept(first, same))
    anew = split_pools(instance, after, serving)
    peak = appliance_gbps(instance, after, serving, kept.pool, kept.appliance, kept.file).max(axis=1)
    mean = pool_gbps(instance, serving).max(axis=1) / 2
    np.testing.assert_allclose(kept.peak_gbps, peak, rtol=1e-9, atol=1e-12)
    uneven = np.divide(peak.reshape(8, 2).max(axis=1), mean, out=np.ones(8), where=mean > 0) - 1.0
    np.testing.assert_allclose(kept.imbalance_ratio, np.maximum(0.0, uneven), rtol=1e-9, atol=1e-9)
    for p in range(8):
        as_before = same[p] and where(kept, p) == where(first, p)
        assert as_before or where(kept, p) == where(anew, p)
        if as_before and where(first, p) != where(anew, p):
            assert uneven[p] <= max(0.01, first.imbalance_ratio[p]) + 1e-6


def test_pools_that_serve_the_same_keep_all() -> None:
    for seed in range(10):
        instance, placement, served = pools_of_two(seed)
        first = split_pools(instance, placement, served)
        kept = split_pools(instance, placement, served, kept=Kept(first, np.ones(8, dtype=np.bool_)))
        for name in ("pool", "appliance", "file", "kept", "appliance_ptr", "dropped_file"):
            np.testing.assert_array_equal(getattr(kept, name), getattr(first, name), err_msg=name)
        for name in ("storage_gb", "peak_gbps", "imbalance_ratio", "moved_gb"):
            np.testing.assert_allclose(getattr(kept, name), getattr(first, name), rtol=1e-7, err_msg=name)


def test_pools_that_became_uneven_are_dealt_out_again() -> None:
    """One appliance of two has all files that are asked for now."""
    dealt = kept_all = 0
    for seed in range(30):
        instance, placement, served = pools_of_two(seed)
        first = split_pools(instance, placement, served)
        for p in range(8):
            mine = np.array(sorted(f for a, f in where(first, p) if a == 1), dtype=np.int64)
            gb = instance.demand_gb.copy()
            gb[~np.isin(instance.demand_file, mine)] *= np.float32(0.2)
            other = replace(instance, demand_gb=gb)
            serving = best_serving(other, placement.holds).serving
            kept = split_pools(other, placement, serving, kept=Kept(first, np.ones(8, dtype=np.bool_)))
            dealt += where(kept, p) != where(first, p)
            kept_all += where(kept, p) == where(first, p)
    assert dealt > 30
    assert kept_all > 0


def where(assignment: Assignment, p: int) -> set[tuple[int, int]]:
    """Appliance and file of each copy in a pool."""
    rows = assignment.rows(p)
    return set(zip(assignment.appliance[rows].tolist(), assignment.file[rows].tolist(), strict=True))
