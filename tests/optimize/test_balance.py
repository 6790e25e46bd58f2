"""Kernels between batches: costs under prices and use of limits, as other parts of the engine count them."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.optimize.balance_kernels import add_tolls, add_use, newton_steps
from cdnplan.optimize.limits import LimitVector
from cdnplan.optimize.priced import priced_costs
from cdnplan.optimize.response import ResponseLayout
from tests.instances import random_instance

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
    nothing = np.zeros(inst.n_pools)
    np.testing.assert_allclose(use + from_origin, limits.use(nothing, nothing, served)[gbps], rtol=1e-12)


def test_prices_rise_where_more_is_asked_than_there_is_and_stay_within_their_caps() -> None:
    inst = random_instance(2, n_regions=6, n_pools=5, n_files=4, slices=2, families=FAMILIES)
    limits, layout = LimitVector.of(inst), ResponseLayout.of(inst)
    gbps = slice(inst.n_pools, limits.limit.size - inst.n_pools)
    base = np.concatenate([inst.cand_cost, inst.origin_cost])
    served = np.full(base.size, 1.0)
    nothing = np.zeros(inst.n_pools)
    use = limits.use(nothing, nothing, served)[gbps]
    crowded = np.arange(use.size) % 2 == 0
    limit, cap = np.where(crowded, 0.5, 2.0) * use, np.full(use.size, 0.3)
    toll, speed = np.full(use.size, 0.2), np.zeros(use.size)
    newton_steps(
        3, layout.paths(np.zeros(layout.size)), inst.n_pools, base, base, served, 1.0, limit, cap,
        np.maximum(use, 1e-9), 0.5, 0.9, np.full(use.size, 0.05), toll, speed,
    )  # fmt: skip
    used = use > 0
    assert (toll[used & crowded] > 0.2).all()
    assert (toll[used & ~crowded] < 0.2).all()
    assert ((toll >= 0.0) & (toll <= 0.3)).all()
