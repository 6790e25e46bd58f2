"""A serving carried over to another placement, file by file."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.fill.loads.loads import file_loads
from cdnplan.fill.night.carried import carried_serving
from cdnplan.model.plan.placement import Placement
from tests.fill.pools import served
from tests.fill.test_loads import random_case
from tests.instances import random_instance
from tests.optimize.test_serving import random_appliances
from tests.oracle.feasible import broken_limits


@pytest.mark.parametrize("seed", range(20))
def test_the_same_placement_is_served_the_same(seed: int) -> None:
    instance, placement, serving = random_case(seed)
    same = carried_serving(instance, placement, serving, placement, None)
    for name in ("ptr", "mask", "share_ptr", "slot"):
        np.testing.assert_array_equal(getattr(same, name), getattr(serving, name))
    np.testing.assert_allclose(same.gb, serving.gb)
    np.testing.assert_allclose(same.ratio, serving.ratio, rtol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_telling_appliances_apart_moves_nothing(seed: int) -> None:
    instance, placement, serving = random_case(seed)
    apart = random_appliances(instance, placement.holds, np.array([1, 3]), seed)
    finer = carried_serving(instance, placement, serving, placement, apart)
    assert finer.gb.size >= serving.gb.size
    before, after = (file_loads(instance, placement, which) for which in (serving, finer))
    np.testing.assert_array_equal(after.file, before.file)
    np.testing.assert_allclose(after.gbps, before.gbps, rtol=1e-6, atol=1e-12)
    # And back: rows have the mean of what their files had, so they have it again.
    back = carried_serving(instance, placement, finer, placement, None)
    np.testing.assert_allclose(
        back.candidate_gb(instance), serving.candidate_gb(instance), rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("seed", range(40))
def test_what_a_pool_lost_comes_from_the_cheapest_holder_left(seed: int) -> None:
    rng = np.random.default_rng([seed, 31])
    instance = random_instance(seed, n_regions=4, n_pools=5, n_files=12, families=frozenset())
    placement = Placement(rng.random((5, 12)) < 0.7)
    serving = served(instance, placement, rng, split=True)
    left = Placement(placement.holds & (rng.random((5, 12)) < 0.8))
    apart = random_appliances(instance, left.holds, np.array([0]), seed) if seed % 2 else None
    found = carried_serving(instance, placement, serving, left, apart)
    kept = ("storage", "throughput", "a pinned", "launch", "a banned")
    assert [p for p in broken_limits(instance, left, found) if not p.startswith(kept)] == []
    total = found.candidate_gb(instance).sum() + found.origin_gb(instance).sum()
    assert total == pytest.approx(float(instance.region_gb().sum()))
    # Everything else stays: only pools that are the cheapest left gain, and only pools that lost files lose.
    change = found.candidate_gb(instance) - serving.candidate_gb(instance)
    lost = (placement.holds & ~left.holds).any(axis=1)
    assert (change[~lost[instance.cand_pool]] >= -1e-6 * total).all()


def test_a_row_without_holders_comes_from_the_origin() -> None:
    instance, placement, serving = random_case(2)
    nothing = Placement(np.zeros_like(placement.holds))
    found = carried_serving(instance, placement, serving, nothing, None)
    assert found.ratio.size == 0
    assert found.origin_gb(instance).sum() == pytest.approx(float(instance.region_gb().sum()))
