"""Kernels between batches: costs under prices and use of limits, as other parts of the engine count them."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.optimize.balance_kernels import add_tolls, add_use, balance, falls, predict, touch
from cdnplan.optimize.limits import LimitVector
from cdnplan.optimize.priced import priced_costs
from cdnplan.optimize.response import ResponseLayout
from tests.instances import random_instance
from tests.optimize.limit_use import gbps_used

FAMILIES = frozenset({"storage", "throughput", "links"})


@pytest.mark.parametrize("seed", range(6))
def test_costs_and_use_are_those_of_the_engine(seed: int) -> None:
    inst = random_instance(seed, n_regions=6, n_pools=5, n_files=4, slices=3, families=FAMILIES)
    assert inst.n_links > 0
    rng, limits, layout = np.random.default_rng(seed), LimitVector.of(inst), ResponseLayout.of(inst)
    paths = layout.paths(np.zeros(layout.size))
    gbps = slice(inst.n_pools, limits.limit.size - inst.n_pools)
    prices = limits.prices(rng.uniform(0.0, 1.0, limits.limit.size), np.zeros(inst.n_launches))
    cost = np.concatenate([inst.cand_cost, inst.origin_cost])
    add_tolls(paths, inst.n_pools, limits.flat(prices)[gbps], cost)
    np.testing.assert_allclose(cost, np.concatenate(priced_costs(inst, prices)), rtol=1e-12)
    served = rng.uniform(0.0, 9.0, cost.size)
    use, from_origin = np.zeros(gbps.stop - gbps.start), np.zeros(gbps.stop - gbps.start)
    add_use(paths, inst.n_pools, served, use, from_origin)
    np.testing.assert_allclose(use + from_origin, gbps_used(inst, served), rtol=1e-12)


@pytest.mark.parametrize("seed", range(1, 30))
def test_regions_are_soft_that_have_a_path_over_limits_nearly_full(seed: int) -> None:
    inst = random_instance(seed)
    layout, rng = ResponseLayout.of(inst), np.random.default_rng(seed)
    n = (inst.n_pools + inst.n_links) * inst.n_slices
    near, soft = (rng.random(n) < 0.2).astype(np.float64), np.zeros(inst.n_regions, dtype=np.bool_)
    touch(layout.paths(np.zeros(layout.size)), inst.n_pools, near, soft)
    pool, link = np.split(near.reshape(-1, inst.n_slices) > 0, [inst.n_pools])
    for r in range(inst.n_regions):
        entries = range(inst.cand_ptr[r], inst.cand_ptr[r + 1])
        links = [inst.cand_link[inst.cand_link_ptr[j] : inst.cand_link_ptr[j + 1]] for j in entries]
        links.append(inst.origin_link[inst.origin_link_ptr[r] : inst.origin_link_ptr[r + 1]])
        asks = inst.gbps_per_gb[r] > 0
        through = any((pool[inst.cand_pool[j]] & asks).any() for j in entries)
        assert soft[r] == (through or (link[np.concatenate(links)] & asks).any())


@pytest.mark.parametrize("seed", range(6))
def test_use_falls_as_the_loads_that_a_rise_of_all_moving_prices_predicts_of_their_own(seed: int) -> None:
    inst = random_instance(seed, n_regions=6, n_pools=5, n_files=4, slices=3, families=FAMILIES)
    layout, rng = ResponseLayout.of(inst), np.random.default_rng(seed)
    response = rng.uniform(0.0, 1.0, layout.size)
    # Each load responds to its own cost alone: then it is as the prediction says.
    for r, start in enumerate(layout.ptr[:-1]):
        width = inst.cand_ptr[r + 1] - inst.cand_ptr[r] + 1
        response[start : start + width**2] *= np.eye(width).ravel()
    paths, n = layout.paths(response), (inst.n_pools + inst.n_links) * inst.n_slices
    moving = (rng.random(n) < 0.5).astype(np.float64)
    fall, from_origin = np.zeros(n), np.zeros(n)
    falls(paths, inst.n_pools, moving, fall, from_origin)
    rise, served, now = (np.zeros(inst.cand_pool.size + inst.n_regions) for _ in range(3))
    add_tolls(paths, inst.n_pools, moving, rise)
    predict(paths.ptr, paths.response_ptr, paths.response, rise, served, now)
    np.testing.assert_allclose(fall + from_origin, gbps_used(inst, -now), rtol=1e-12, atol=1e-12)


def test_prices_rise_where_more_is_asked_than_there_is_and_stay_within_their_caps() -> None:
    inst = random_instance(2, n_regions=6, n_pools=5, n_files=4, slices=2, families=FAMILIES)
    layout = ResponseLayout.of(inst)
    base = np.concatenate([inst.cand_cost, inst.origin_cost])
    served = np.full(base.size, 1.0)
    use = gbps_used(inst, served)
    crowded = np.arange(use.size) % 2 == 0
    limit, cap = np.where(crowded, 0.5, 2.0) * use, np.full(use.size, 0.3)
    limit[-1] = np.inf
    toll, speed = np.full(use.size, 0.2), np.zeros(use.size)
    toll[-1] = 0.0
    soft, used, cost = np.zeros(inst.n_regions, dtype=np.bool_), np.empty_like(use), np.empty_like(base)
    paths = layout.paths(np.zeros(layout.size))
    balance(
        3, paths, inst.n_pools, base, base, served, 1.0, limit, cap, np.maximum(use, 1e-9), 0.3, 0.5, 0.9,
        np.full(use.size, 0.05), toll, speed, soft, used, cost,
    )  # fmt: skip
    np.testing.assert_allclose(used, use, rtol=1e-12)
    assert toll[-1] == 0.0
    asked = (use > 0) & np.isfinite(limit)
    assert (toll[asked & crowded] > 0.2).all()
    assert (toll[asked & ~crowded] < 0.2).all()
    assert ((toll >= 0.0) & (toll <= 0.3)).all()
    now = base.copy()
    add_tolls(paths, inst.n_pools, toll, now)
    np.testing.assert_array_equal(cost, now)
