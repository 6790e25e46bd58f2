"""Routing: everything is served once, nothing above its limit, as planned where there is room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.evaluate.count.loads import pool_gbps
from cdnplan.model.limits.families import THROUGHPUT, code
from cdnplan.model.limits.limits import RateRows
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.replay.requests.stream import draw_stream, hour_shares
from cdnplan.replay.serving.routes import find_routes, routed_gb
from tests.instances import random_instance
from tests.limits import with_limits

SEEDS = range(12)


def instance_of(seed: int):  # type: ignore[no-untyped-def]
    """A random instance with hours as slices and a day's shape that sums to the volume."""
    found = random_instance(
        seed, n_regions=3, n_files=8, n_pools=4, slices=24, families=frozenset({"throughput"})
    )
    shape = found.gbps_per_gb / found.gbps_per_gb.sum(axis=1, keepdims=True)
    return replace(found, gbps_per_gb=shape * (8 / 3600 / found.period_days))


def sites_of(instance) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.arange(instance.n_pools)


def drawn_holds(seed: int, instance) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.random.default_rng(seed).random((instance.n_pools, instance.n_files)) < 0.5


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("reactive", [False, True])
def test_loads_stay_within_limits_and_demand_is_served_once(seed: int, reactive: bool) -> None:
    instance = instance_of(seed)
    load = instance.region_gb() @ instance.gbps_per_gb
    instance = with_limits(instance, throughput_gbps=np.full(instance.n_pools, 0.3 * load.max()))
    holds = drawn_holds(seed, instance)
    routes = find_routes(instance, holds, sites_of(instance), reactive=reactive)
    row = np.repeat(np.arange(routes.gb.size), np.diff(routes.ptr))
    region = np.repeat(np.arange(instance.n_regions), np.diff(routes.row_ptr))
    parts = np.zeros((routes.gb.size, 24))
    np.add.at(parts, row, routes.served)
    assert (parts <= 1 + 1e-9).all()
    gbps = np.zeros((instance.n_pools, 24))
    per_row = routes.gb[:, None] * instance.gbps_per_gb[region]
    np.add.at(gbps, instance.cand_pool[routes.entry], routes.served * per_row[row])
    assert (gbps <= instance.throughput_gbps[:, None] * (1 + 1e-5)).all()
    assert np.allclose(instance.throughput_gbps[:, None] - gbps, routes.spare_gbps, atol=1e-9)
    served, origin = routed_gb(instance, routes, hour_shares(instance))
    assert served.sum() + origin.sum() == pytest.approx(instance.region_gb().sum())
    # Whoever goes without, does so because all that hold the file are full.
    lacking = parts < 1 - 1e-6
    for n, hour in zip(*np.nonzero(lacking & (routes.gb > 0)[:, None]), strict=True):
        for entry in routes.entry[routes.ptr[n] : routes.ptr[n + 1]]:
            assert routes.full[entry, hour]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plans_own_demand_is_served_as_planned(seed: int) -> None:
    instance = instance_of(seed)
    holds = drawn_holds(seed, instance)
    serving = best_serving(instance, holds).serving
    planned = serving.candidate_gb(instance)
    assert (pool_gbps(instance, planned) <= instance.throughput_gbps[:, None] * (1 + 1e-6) + 1e-9).all()
    routes = find_routes(instance, holds, sites_of(instance), steering=serving)
    served, origin = routed_gb(instance, routes, hour_shares(instance))
    assert np.allclose(served, planned, rtol=1e-9, atol=1e-9)
    assert np.allclose(origin, serving.origin_gb(instance), rtol=1e-9, atol=1e-9)


def test_requests_follow_the_shares() -> None:
    instance = instance_of(3)
    holds = drawn_holds(3, instance)
    routes = find_routes(instance, holds, sites_of(instance))
    stream = draw_stream(instance, 1.0, seed=1, play_gb=float(instance.region_gb().sum()) / 30_000)
    entry = routes.entries(routes.rows(instance, holds, stream), stream)
    pool = np.append(instance.cand_pool, -1)[entry]
    assert holds[pool[entry >= 0], stream.file[entry >= 0]].all()
    found = np.bincount(entry[entry >= 0], stream.gb[entry >= 0], minlength=instance.cand_pool.size)
    expected, _ = routed_gb(instance, routes, hour_shares(instance))
    assert np.allclose(found, expected, atol=0.03 * expected.sum())


def test_a_stream_has_the_volume_and_the_hours_of_its_demand() -> None:
    instance = instance_of(5)
    play_gb = float(instance.region_gb().sum()) / 50_000
    stream = draw_stream(instance, 0.5, seed=2, play_gb=play_gb)
    assert stream.size == pytest.approx(25_000, rel=0.1)
    by_region = np.bincount(stream.region, stream.gb, minlength=instance.n_regions)
    assert by_region == pytest.approx(instance.region_gb(), rel=0.1, abs=0.01 * stream.gb.sum())
    assert (np.diff(stream.time_h) >= 0).all()
    busiest = int(np.argmax(instance.region_gb()))
    mine = stream.region == busiest
    hours = np.bincount(stream.hour[mine] % 24, minlength=24) / mine.sum()
    assert hours == pytest.approx(hour_shares(instance)[busiest], abs=0.02)
    day = draw_stream(instance, 0.5, seed=2, play_gb=play_gb, days=1.0)
    assert day.hours == 24
    assert day.size == pytest.approx(stream.size / 7, rel=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_strict_limits_that_pools_share_hold_whatever_they_count(seed: int) -> None:
    instance = instance_of(seed)
    n_cand, load = instance.cand_pool.size, float((instance.region_gb() @ instance.gbps_per_gb).max())
    weight = np.random.default_rng(seed).uniform(1.0, 3.0, instance.n_pools)[instance.cand_pool]
    site = RateRows(
        np.full(1, code(THROUGHPUT), dtype=np.int8),
        ("all",),
        np.array([0.5 * load]),
        np.array([np.inf]),
        np.minimum(np.arange(n_cand + instance.n_regions + 1), n_cand),
        np.zeros(n_cand, dtype=np.int32),
        weight,
    )
    narrow = replace(instance, rates=instance.rates.joined(site))
    holds = drawn_holds(seed, instance)
    routes = find_routes(narrow, holds, sites_of(narrow))
    row = np.repeat(np.arange(routes.gb.size), np.diff(routes.ptr))
    region = np.repeat(np.arange(instance.n_regions), np.diff(routes.row_ptr))
    gbps = routes.served * (routes.gb[:, None] * instance.gbps_per_gb[region])[row]
    used = (gbps * weight[routes.entry][:, None]).sum(axis=0)
    assert (used <= 0.5 * load * (1 + 1e-5)).all()
    left = np.maximum(0.0, 0.5 * load - used)
    for entry in range(n_cand):
        assert (routes.spare_gbps[instance.cand_pool[entry]] <= left / weight[entry] + 1e-9).all()
        assert routes.full[entry, left <= 0.0].all()
    # As without it where it is ample.
    site.capacity[:] = 10 * load
    ample = find_routes(replace(instance, rates=instance.rates.joined(site)), holds, sites_of(instance))
    np.testing.assert_array_equal(ample.served, find_routes(instance, holds, sites_of(instance)).served)
