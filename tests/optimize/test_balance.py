"""Kernels between batches: costs under prices and use of limits, as other parts of the engine count them."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.optimize.price.balance_kernels import (
    Limits,
    Moved,
    Served,
    Steps,
    add_tolls,
    add_use,
    balance,
    falls,
    predict,
    touch,
)
from cdnplan.optimize.price.response import ResponseLayout
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.priced import priced_costs
from tests.instances import random_instance
from tests.optimize.limit_use import rates_used

FAMILIES = frozenset({"storage", "throughput", "links"})


@pytest.mark.parametrize("seed", range(6))
def test_costs_and_use_are_those_of_the_engine(seed: int) -> None:
    inst = random_instance(seed, n_regions=6, n_pools=5, n_files=4, slices=3, families=FAMILIES)
    assert inst.n_links > 0
    rng, limits, layout = np.random.default_rng(seed), LimitVector.of(inst), ResponseLayout.of(inst)
    paths = layout.paths(np.zeros(layout.size))
    rates = limits.rates
    prices = limits.prices(rng.uniform(0.0, 1.0, limits.limit.size), np.zeros(inst.n_launches))
    cost = np.concatenate([inst.cand_cost, inst.origin_cost])
    add_tolls(paths, limits.flat(prices)[rates], cost)
    np.testing.assert_allclose(cost, priced_costs(inst, prices), rtol=1e-12)
    served = rng.uniform(0.0, 9.0, cost.size)
    use = np.zeros(rates.stop - rates.start)
    add_use(paths, served, use)
    np.testing.assert_allclose(use, rates_used(inst, served), rtol=1e-12)


@pytest.mark.parametrize("seed", range(1, 30))
def test_regions_are_soft_that_have_a_path_over_limits_nearly_full(seed: int) -> None:
    inst = random_instance(seed)
    layout, rng = ResponseLayout.of(inst), np.random.default_rng(seed)
    n = inst.rates.n_rows * inst.n_slices
    near, soft = (rng.random(n) < 0.2).astype(np.float64), np.zeros(inst.n_regions, dtype=np.bool_)
    touch(layout.paths(np.zeros(layout.size)), near, soft)
    by_row, rates = near.reshape(-1, inst.n_slices) > 0, inst.rates
    for r in range(inst.n_regions):
        paths = [*range(inst.cand_ptr[r], inst.cand_ptr[r + 1]), inst.cand_pool.size + r]
        used = np.concatenate([rates.use_row[rates.use_ptr[i] : rates.use_ptr[i + 1]] for i in paths])
        assert soft[r] == (by_row[used] & (inst.gbps_per_gb[r] > 0)).any()


@pytest.mark.parametrize("seed", range(6))
def test_use_falls_as_the_loads_that_a_rise_of_all_moving_prices_predicts_of_their_own(seed: int) -> None:
    inst = random_instance(seed, n_regions=6, n_pools=5, n_files=4, slices=3, families=FAMILIES)
    layout, rng = ResponseLayout.of(inst), np.random.default_rng(seed)
    response = rng.uniform(0.0, 1.0, layout.size)
    # Each load responds to its own cost alone: then it is as the prediction says.
    for r, start in enumerate(layout.ptr[:-1]):
        width = inst.cand_ptr[r + 1] - inst.cand_ptr[r] + 1
        response[start : start + width**2] *= np.eye(width).ravel()
    paths, n = layout.paths(response), inst.rates.n_rows * inst.n_slices
    moving = (rng.random(n) < 0.5).astype(np.float64)
    fall = np.zeros(n)
    falls(paths, moving, fall)
    rise, served, now = (np.zeros(inst.cand_pool.size + inst.n_regions) for _ in range(3))
    add_tolls(paths, moving, rise)
    predict(paths.ptr, paths.response_ptr, paths.response, rise, served, now)
    np.testing.assert_allclose(fall, rates_used(inst, -now), rtol=1e-12, atol=1e-12)


def test_prices_rise_where_more_is_asked_than_there_is_and_stay_within_their_caps() -> None:
    inst = random_instance(2, n_regions=6, n_pools=5, n_files=4, slices=2, families=FAMILIES)
    layout = ResponseLayout.of(inst)
    base = np.concatenate([inst.cand_cost, inst.origin_cost])
    served = np.full(base.size, 1.0)
    use = rates_used(inst, served)
    crowded = np.arange(use.size) % 2 == 0
    limit, cap = np.where(crowded, 0.5, 2.0) * use, np.full(use.size, 0.3)
    limit[-1] = np.inf
    toll, speed = np.full(use.size, 0.2), np.zeros(use.size)
    toll[-1] = 0.0
    soft, used, cost = np.zeros(inst.n_regions, dtype=np.bool_), np.empty_like(use), np.empty_like(base)
    paths = layout.paths(np.zeros(layout.size))
    limits = Limits(limit, cap, np.maximum(use, 1e-9), np.full(use.size, 0.05))
    found, moved = Served(base, base, served, 1.0), Moved(toll, speed, soft, used, cost)
    balance(Steps(3, 0.5, 0.9, 0.3), paths, limits, found, moved)
    np.testing.assert_allclose(used, use, rtol=1e-12)
    assert toll[-1] == 0.0
    asked = (use > 0) & np.isfinite(limit)
    assert (toll[asked & crowded] > 0.2).all()
    assert (toll[asked & ~crowded] < 0.2).all()
    assert ((toll >= 0.0) & (toll <= 0.3)).all()
    now = base.copy()
    add_tolls(paths, toll, now)
    np.testing.assert_array_equal(cost, now)
