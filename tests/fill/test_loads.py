from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cdnplan.fill.loads import loads as loads_module
from cdnplan.fill.loads.loads import file_loads, load_chunks, pool_gbps
from cdnplan.lanes import in_lanes, lanes
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Serving
from tests.fill.pools import Pool, all_from_first, served
from tests.instances import random_instance, to_dense
from tests.optimize.test_serving import wide_instance
from tests.signatures import shares, signature


def slow_loads(instance: Instance, placement: Placement, serving: Serving) -> np.ndarray:
    """(n_pools, n_files, n_slices), one request at a time."""
    volume = to_dense(instance)
    out = np.zeros((instance.n_pools, instance.n_files, instance.n_slices))
    for r in range(instance.n_regions):
        pools = instance.cand_pool[instance.cand_ptr[r] : instance.cand_ptr[r + 1]]
        rows = {signature(serving, n): shares(serving, n) for n in range(serving.ptr[r], serving.ptr[r + 1])}
        for f in np.flatnonzero(volume[r]):
            mask = sum(1 << k for k, p in enumerate(pools) if placement.holds[p, f])
            for k, p in enumerate(pools):
                out[p, f] += instance.gbps_per_gb[r] * volume[r, f] * rows[mask].get(k, 0.0)
    return out


def random_case(seed: int) -> tuple[Instance, Placement, Serving]:
    rng = np.random.default_rng(seed)
    instance = random_instance(seed, n_regions=4, n_pools=5, n_files=12)
    placement = Placement(rng.random((instance.n_pools, instance.n_files)) < 0.6)
    return instance, placement, served(instance, placement, rng, split=True)


def wide_case(seed: int) -> tuple[Instance, Placement, Serving]:
    """More than 64 candidates of one region; every file has holders of its own."""
    rng = np.random.default_rng(seed)
    instance = wide_instance(seed, n_pools=70 + 40 * seed, n_files=30)
    placement = Placement(rng.random((instance.n_pools, instance.n_files)) < 0.1)
    return instance, placement, served(instance, placement, rng, split=True)


@pytest.mark.parametrize("case", [random_case(seed) for seed in range(40)] + [wide_case(0), wide_case(2)])
def test_loads_agree_with_a_slow_sum(case: tuple[Instance, Placement, Serving]) -> None:
    instance, placement, serving = case
    expected = slow_loads(instance, placement, serving)
    by_pool = expected.sum(axis=1)
    np.testing.assert_allclose(pool_gbps(instance, serving), by_pool, rtol=1e-6, atol=1e-9)

    found = file_loads(instance, placement, serving)

    pool, file = np.nonzero(placement.holds)
    np.testing.assert_array_equal(found.pool, pool)
    np.testing.assert_array_equal(found.file, file)
    busiest = np.argmax(pool_gbps(instance, serving), axis=1)
    np.testing.assert_allclose(found.gbps, expected[pool, file, busiest[pool]], rtol=1e-6, atol=1e-9)


def test_the_busiest_slice_is_the_pools_not_the_files() -> None:
    instance, placement, serving = Pool([1, 1], [[5, 1], [1, 20]], appliances=2).case()
    assert file_loads(instance, placement, serving).gbps.tolist() == [1.0, 20.0]


def test_a_file_nobody_asks_for_has_no_load() -> None:
    instance, placement, serving = Pool([1, 1], [3, 0], appliances=1).case()
    assert file_loads(instance, placement, serving).gbps.tolist() == [3.0, 0.0]


def test_small_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case(3)
    whole = file_loads(*case)
    monkeypatch.setattr(loads_module, "CHUNK_VALUES", 7)
    chunks = list(load_chunks(*case))
    assert len(chunks) > 2
    assert [chunk.first_pool for chunk in chunks[1:]] == np.cumsum([c.n_pools for c in chunks])[:-1].tolist()
    parts = file_loads(*case)
    for name in ("pool", "file", "gbps"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


def test_unwanted_pools_are_left_at_zero() -> None:
    instance, placement, serving = random_case(5)
    wanted = np.array([True, False, True, False, True])
    chunk = next(load_chunks(instance, placement, serving, wanted=wanted))
    full = next(load_chunks(instance, placement, serving))
    pool = np.repeat(np.arange(5), np.diff(chunk.ptr))
    np.testing.assert_array_equal(chunk.gbps[wanted[pool]], full.gbps[wanted[pool]])
    assert not chunk.gbps[~wanted[pool]].any()
    assert full.gbps[~wanted[pool]].any()


def test_a_serving_of_another_placement_is_refused() -> None:
    instance, placement, _ = Pool([1, 1], [3, 2], appliances=1).case()
    empty = Placement(np.zeros_like(placement.holds))
    with pytest.raises(ValueError, match="region 'r0' has no row for the holders of 2 of its files"):
        file_loads(instance, placement, all_from_first(instance, empty))


def test_nothing_at_all() -> None:
    instance, placement, _ = random_case(0)
    empty = Placement(np.zeros_like(placement.holds))
    assert file_loads(instance, empty, all_from_first(instance, empty)).gbps.size == 0


def test_inputs_are_not_changed() -> None:
    instance, placement, serving = random_case(1)
    before = {
        field.name: np.array(getattr(instance, field.name), copy=True)
        for field in dataclasses.fields(instance)
        if isinstance(getattr(instance, field.name), np.ndarray)
    }
    held, ratio = placement.holds.copy(), serving.ratio.copy()
    file_loads(instance, placement, serving)
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(instance, name), value)
    np.testing.assert_array_equal(placement.holds, held)
    np.testing.assert_array_equal(serving.ratio, ratio)


@pytest.mark.parametrize("threads", [1, 2])
def test_lanes_reach_every_item_once(threads: int) -> None:
    parts: list[list[int]] = []
    with lanes(threads):
        in_lanes(lambda part, out: out.append(part.tolist()), np.arange(10), np.arange(10), parts)
    assert len(parts) == threads
    assert sorted(item for part in parts for item in part) == list(range(10))
