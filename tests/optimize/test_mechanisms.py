"""Each part of the price search is worth having: without it the bound after as many passes is lower."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.price.pricing import PriceSearch
from cdnplan.optimize.problem.objective import ideal_cost
from cdnplan.parameters.parameters import Parameters
from cdnplan.parameters.passes import PriceParameters
from tests.instances import random_instance
from tests.limits import with_limits

PASSES = 14
SEEDS = range(5)


def substitutes(seed: int, regions: int = 6, files: int = 400, pools: int = 2) -> Instance:
    """Pools that cost nearly the same, each with room for a part of the files and of the requests only.

    Which pool holds a file hardly matters, but all that both can serve has to be shared out well.
    """
    rng = np.random.default_rng(seed)
    empty = random_instance(seed, n_regions=regions, n_files=files, n_pools=pools, families=frozenset())
    gb = 1000.0 * np.arange(1, files + 1) ** -0.8 * rng.lognormal(0.0, 0.3, (regions, files))
    size, cost = rng.uniform(5.0, 15.0, files), 1.0 + 0.02 * rng.random((regions, pools))
    order = np.argsort(cost, axis=1, kind="stable")
    peak = 0.1 * gb.sum()
    return with_limits(
        empty,
        region_row=np.arange(regions, dtype=np.int32),
        region_share=np.ones(regions),
        demand_ptr=files * np.arange(regions + 1, dtype=np.int64),
        demand_file=np.tile(np.arange(files, dtype=np.int32), regions),
        demand_gb=gb.ravel().astype(np.float32),
        gbps_per_gb=np.full((regions, 1), 0.1),
        cand_ptr=pools * np.arange(regions + 1, dtype=np.int64),
        cand_pool=order.ravel().astype(np.int32),
        cand_cost=np.take_along_axis(cost, order, axis=1).ravel(),
        origin_cost=np.full(regions, 5.0),
        cand_link_ptr=np.zeros(regions * pools + 1, dtype=np.int64),
        size_gb=size,
        storage_gb=np.full(pools, 0.5 * size.sum() / pools),
        throughput_gbps=0.6 * peak / pools * rng.uniform(0.8, 1.2, pools),
        fill_cost=np.zeros(pools),
    )


def linked(seed: int) -> Instance:
    """The same, where it is the way to each pool that is narrow, not the pool."""
    instance = substitutes(seed)
    return with_limits(
        instance,
        links=tuple(f"a>{pool}" for pool in instance.pools),
        link_capacity_gbps=instance.throughput_gbps,
        throughput_gbps=np.full(instance.n_pools, 1e9),
        cand_link=instance.cand_pool,
        cand_link_ptr=np.arange(instance.cand_pool.size + 1, dtype=np.int64),
        overload_cost=200.0,
    )


def short(seed: int) -> Instance:
    """All ways together, the one from the origin as well, carry a little less than what is asked at peak.

    So something is overloaded in any case, and all prices rise together until that is what they say, while
    none of the limits is exceeded by much.
    """
    instance = linked(seed)
    asked = 0.1 * float(instance.demand_gb.sum())
    n = instance.n_pools
    return with_limits(
        instance,
        links=(*instance.links, "origin>a"),
        link_capacity_gbps=asked * np.append(np.full(n, 0.6 / n), 0.398),
        overload_cost=2000.0,
        origin_link=np.full(instance.n_regions, n, dtype=np.int32),
        origin_link_ptr=np.arange(instance.n_regions + 1, dtype=np.int64),
    )


def bounds(kind: Callable[[int], Instance], prices: PriceParameters) -> np.ndarray:
    """Bound above the ideal after so many passes, by seed."""
    found = []
    for seed in SEEDS:
        instance = kind(seed)
        search = PriceSearch(instance, FileSolver.of(instance), PASSES, parameters=Parameters(prices=prices))
        passes = search.passes()
        last = [next(passes) for _ in range(search.planned)][-1]
        found.append(last.bound - ideal_cost(instance))
    return np.array(found)


@cache
def with_all(kind: Callable[[int], Instance]) -> np.ndarray:
    return bounds(kind, PriceParameters())


@pytest.mark.parametrize(
    ("kind", "changed", "least_loss"),
    [
        # Without Newton steps prices of Gbit/s stay at zero.
        (substitutes, PriceParameters(newton_steps=0), 0.2),
        (linked, PriceParameters(newton_steps=0), 0.2),
        # Damped steps crawl where all prices have to rise.
        (short, PriceParameters(momentum=0.0), 0.02),
        # No heat from the second pass on: all or nothing at every tie.
        (substitutes, PriceParameters(cooling=1e-6), 0.03),
        # No band, so all files change sides together. It tells less here than on a large network, and least
        # where there are passes enough.
        (substitutes, PriceParameters(band=0.0), 0.001),
    ],
    ids=["Newton steps", "Newton steps for links", "momentum", "heat of the softmin", "inertia of holders"],
)
def test_without_it_the_bound_is_lower(
    kind: Callable[[int], Instance], changed: PriceParameters, least_loss: float
) -> None:
    assert float(np.mean(1.0 - bounds(kind, changed) / with_all(kind))) >= least_loss
