"""Fill by popularity and by a knapsack of each pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.baselines import knapsack_holders, knapsack_plan, popularity_holders, popularity_plan
from cdnplan.evaluate.verdict.verdict import evaluate
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.place.local_search import Incumbent
from tests.instances import FAMILIES, random_instance
from tests.limits import with_limits

FEASIBLE = FAMILIES - {"launches"}


@pytest.mark.parametrize("fill", [popularity_plan, knapsack_plan])
@pytest.mark.parametrize("seed", range(40))
def test_every_limit_is_kept(seed: int, fill: Callable[[Instance], Incumbent]) -> None:
    instance = random_instance(seed, n_files=5, n_pools=4, families=FEASIBLE)
    plan = fill(instance)
    served, origin = plan.serving.candidate_gb(instance), plan.serving.origin_gb(instance)
    verdict = evaluate(instance, Placement(plan.holds), served, origin)
    assert verdict.violations == ()
    assert verdict.cost.total == pytest.approx(plan.cost)


def one_pool() -> Instance:
    """30, 50 and 90 GB asked of files of 1, 2 and 10 GB."""
    base = random_instance(3, n_regions=1, n_files=3, n_pools=1, slices=1, families=frozenset())
    return with_limits(
        base,
        demand_ptr=np.array([0, 3]),
        demand_file=np.arange(3, dtype=np.int32),
        demand_gb=np.array([30, 50, 90], dtype=np.float32),
        region_row=np.zeros(1, dtype=np.int32),
        region_share=np.ones(1),
        cand_ptr=np.array([0, 1]),
        cand_pool=np.zeros(1, dtype=np.int32),
        cand_cost=np.zeros(1),
        origin_cost=np.ones(1),
        fill_cost=np.zeros(1),
        size_gb=np.array([1.0, 2.0, 10.0]),
        copies=np.ones((1, 3), dtype=np.uint8),
        held=np.zeros((1, 3), dtype=np.uint8),
        pinned=np.zeros((1, 3), dtype=np.bool_),
    )


@pytest.mark.parametrize("holders", [popularity_holders, knapsack_holders])
def test_most_per_gb_comes_first(holders: Callable[[Instance], np.ndarray]) -> None:
    instance = one_pool()

    def taken(storage: float, fill: float = np.inf) -> list[bool]:
        limits = {"storage_gb": np.array([storage]), "fill_limit_gb": np.array([fill])}
        return holders(with_limits(instance, **limits))[0].tolist()

    assert taken(1.5) == [True, False, False]
    assert taken(3.0) == [True, True, False]
    assert taken(12.0) == [True, True, False], "the third does not fit beside the better ones"
    assert taken(11.0, fill=10.0) == [True, True, False]
    assert taken(13.0) == [True, True, True]
    assert taken(13.0, fill=2.5) == [True, False, False]
    banned = with_limits(instance, copies=np.array([[0, 1, 1]], dtype=np.uint8), storage_gb=np.array([11.0]))
    assert holders(banned)[0].tolist() == [False, True, False]


def test_knapsack_counts_what_a_file_saves() -> None:
    """Two regions: the one that asks less has the dearer origin."""
    instance = with_limits(
        one_pool(),
        regions=("r0", "r1"),
        demand_ptr=np.array([0, 1, 2]),
        demand_file=np.array([0, 1], dtype=np.int32),
        demand_gb=np.array([50, 40], dtype=np.float32),
        region_row=np.array([0, 1], dtype=np.int32),
        region_share=np.ones(2),
        gbps_per_gb=np.full((2, 1), 1e-6),
        cand_ptr=np.array([0, 1, 2]),
        cand_pool=np.zeros(2, dtype=np.int32),
        cand_cost=np.zeros(2),
        origin_cost=np.array([1.0, 2.0]),
        size_gb=np.array([10.0, 10.0, 10.0]),
        storage_gb=np.array([10.0]),
    )
    assert popularity_holders(instance)[0].tolist() == [True, False, False]
    assert knapsack_holders(instance)[0].tolist() == [False, True, False]
    costly = replace(instance, fill_cost=np.array([9.0]))
    assert not knapsack_holders(costly).any(), "filling 10 GB costs more than any file saves"
