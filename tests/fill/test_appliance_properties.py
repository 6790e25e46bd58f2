from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from cdnplan.fill.deal.appliances import Assignment, split_pools
from cdnplan.fill.loads import loads as loads_module
from cdnplan.lanes import lanes
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Serving
from tests.fill.pools import Pool, all_from_first, check, served
from tests.instances import random_instance


def random_pool(seed: int) -> Pool:
    """Any pool: few or many files, sizes and loads alike or not, storage ample or far too small."""
    rng = np.random.default_rng([seed, 7])
    n, m, slices = int(rng.integers(1, 40)), int(rng.integers(1, 7)), int(rng.integers(1, 4))
    size = rng.lognormal(2, rng.choice([0.0, 0.5, 1.5]), n)
    loads = rng.lognormal(0, rng.choice([0.0, 1.0, 3.0]), (n, slices)) * (rng.random((n, slices)) < 0.9)
    copies = np.where(rng.random(n) < 0.3, rng.integers(1, m + 1, n), 1)
    fullness = rng.choice([0.3, 0.9, 0.99, 1.0, 1.3])
    return Pool(
        size,
        loads.astype(np.float32).astype(np.float64),
        appliances=m,
        storage_gb=float((size * copies).sum() / m / fullness),
        throughput_gbps=float(loads.sum() / m),
        copies=copies,
        pinned=tuple(np.flatnonzero(rng.random(n) < 0.1)),
    )


def random_holdings(seed: int, n_files: int, m: int) -> Holdings:
    """Copies anywhere, on appliances that exist or not, beyond what fits."""
    rng = np.random.default_rng([seed, 8])
    on = rng.random((m + 1, n_files)) < rng.choice([0.05, 0.3, 0.8])
    appliance, file = np.nonzero(on)
    return Holdings(
        ("site/model",),
        tuple(f"f{i:05}" for i in range(n_files)),
        np.zeros(file.size, np.int32),
        (appliance + 1).astype(np.int32),
        file.astype(np.int32),
    )


def zipf_pool(n: int, m: int, *, fullness: float = 0.999, seed: int = 1) -> Pool:
    """A realistic pool: loads fall as 1 / rank, sizes vary, storage is nearly full."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(3, 0.8, n)
    gbps = rng.permutation(100.0 * m / np.arange(10, n + 10))
    copies = np.clip(np.ceil(4 * gbps / gbps.sum() * m), 1, m)
    return Pool(size, gbps, m, storage_gb=float((size * copies).sum() / m / fullness), copies=copies)


def spread_pool(n: int, m: int, seed: int = 1) -> Pool:
    """The same, with loads over four slices that peak at different times."""
    pool = zipf_pool(n, m, seed=seed)
    rng = np.random.default_rng(seed)
    phase = rng.dirichlet(np.ones(4) * 0.5, n)
    return Pool(pool.size_gb, np.asarray(pool.gbps)[:, None] * phase, m, pool.storage_gb, copies=pool.copies)


def same(one: Assignment, other: Assignment) -> bool:
    return all(np.array_equal(getattr(one, x), getattr(other, x)) for x in ("pool", "appliance", "file"))


@pytest.mark.parametrize("seed", range(150))
def test_rules_hold_for_any_pool(seed: int) -> None:
    pool = random_pool(seed)
    instance, placement, serving = pool.case()
    before = random_holdings(seed, instance.n_files, pool.appliances) if seed % 2 else None
    inputs = [placement.holds.copy(), instance.copies.copy(), serving.ratio.copy()]

    assignment = split_pools(instance, placement, serving, before)

    check(instance, placement, assignment, np.asarray(pool.gbps))
    free = instance.appliance_storage_gb[0] - assignment.storage_gb
    for f in assignment.dropped_file:
        assert (free >= instance.size_gb[f]).sum() < instance.copies[0, f]
    limit_gb = instance.appliance_storage_gb[0]
    roomy = (instance.size_gb * instance.copies[0]).sum() <= 0.31 * limit_gb * pool.appliances
    if roomy and instance.size_gb.max() <= limit_gb / 2 and instance.copies.max() == 1:
        assert assignment.dropped_file.size == 0
    for value, copy in zip((placement.holds, instance.copies, serving.ratio), inputs, strict=True):
        np.testing.assert_array_equal(value, copy)


@pytest.mark.parametrize("seed", range(150))
def test_the_same_again_moves_nothing(seed: int) -> None:
    instance, placement, serving = random_pool(seed).case()
    first = split_pools(instance, placement, serving)
    holds = placement.holds.copy()
    holds[first.dropped_pool, first.dropped_file] = False
    placement = Placement(holds)
    serving = all_from_first(instance, placement)
    again = split_pools(instance, placement, serving, first.holdings(instance))
    held = split_pools(instance, placement, serving, again.holdings(instance))
    assert same(again, held)
    assert held.kept.all()
    assert held.moved_gb.tolist() == [0.0]
    assert held.dropped_file.size == 0
    if first.dropped_file.size == 0:
        assert same(first, again)


@pytest.mark.parametrize(("n", "m"), [(4000, 4), (4000, 2), (3000, 12), (1000, 3)])
def test_realistic_pools_are_even(n: int, m: int) -> None:
    for pool in (zipf_pool(n, m), spread_pool(n, m)):
        instance, placement, serving = pool.case()
        assignment = split_pools(instance, placement, serving)
        check(instance, placement, assignment, np.asarray(pool.gbps).reshape(n, -1))
        assert assignment.dropped_file.size == 0
        assert assignment.imbalance_ratio[0] <= 0.005
        assert assignment.storage_gb.max() <= 1.01 * assignment.storage_gb.mean()


def test_a_brim_full_pool_is_packed_whole() -> None:
    pool = zipf_pool(4000, 4, fullness=0.99999)
    instance, placement, serving = pool.case()
    assignment = split_pools(instance, placement, serving)
    check(instance, placement, assignment, np.asarray(pool.gbps)[:, None])
    assert assignment.dropped_file.size == 0
    assert assignment.imbalance_ratio[0] <= 0.005


def test_one_new_file_moves_nothing_else() -> None:
    pool = zipf_pool(2000, 4, fullness=0.9)
    size, gbps = np.asarray(pool.size_gb), np.asarray(pool.gbps)
    for new in (17, 400, 1999):
        others = np.delete(np.arange(2000), new)
        part = Pool(size[others], gbps[others], 4, pool.storage_gb, copies=np.asarray(pool.copies)[others])
        names = tuple(f"f{i:05}" for i in others)
        instance, placement, serving = part.case(names)
        first = split_pools(instance, placement, serving)
        before = first.holdings(instance)

        instance, placement, serving = pool.case()
        second = split_pools(instance, placement, serving, before)

        assert second.moved_gb.tolist() == [0.0]
        assert set(second.file[~second.kept].tolist()) == {new}
        assert second.kept.sum() == first.file.size


@pytest.mark.parametrize("make", [zipf_pool, spread_pool])
@pytest.mark.parametrize("m", [1, 2, 4, 9])
def test_one_more_appliance_moves_its_fair_share_at_most(m: int, make: Callable[[int, int], Pool]) -> None:
    pool = make(2000, m)
    instance, placement, serving = pool.case()
    first = split_pools(instance, placement, serving)
    more = Pool(pool.size_gb, pool.gbps, m + 1, pool.storage_gb, copies=pool.copies)
    instance, placement, serving = more.case()

    second = split_pools(instance, placement, serving, first.holdings(instance))

    check(instance, placement, second, np.asarray(pool.gbps).reshape(2000, -1))
    fair_gb = first.storage_gb.sum() / (m + 1)
    assert 0 < second.moved_gb[0] <= fair_gb
    assert second.imbalance_ratio[0] <= 0.011


@pytest.mark.parametrize("m", [2, 5])
def test_one_appliance_less_moves_only_what_it_held(m: int) -> None:
    pool = zipf_pool(2000, m, fullness=0.5)
    instance, placement, serving = pool.case()
    first = split_pools(instance, placement, serving)
    copies = np.minimum(np.asarray(pool.copies), m - 1)
    less = Pool(pool.size_gb, pool.gbps, m - 1, pool.storage_gb, copies=copies)
    instance, placement, serving = less.case()
    second = split_pools(instance, placement, serving, first.holdings(instance))
    check(instance, placement, second, np.asarray(pool.gbps)[:, None])
    assert second.moved_gb[0] <= 0.01 * first.storage_gb.sum()
    assert second.imbalance_ratio[0] <= 0.011


def test_changing_demand_moves_little() -> None:
    pool = zipf_pool(3000, 4)
    instance, placement, serving = pool.case()
    first = split_pools(instance, placement, serving)
    noise = np.random.default_rng(3).lognormal(0, 0.2, 3000)
    other = Pool(pool.size_gb, np.asarray(pool.gbps) * noise, 4, pool.storage_gb, copies=pool.copies)
    instance, placement, serving = other.case()
    second = split_pools(instance, placement, serving, first.holdings(instance))
    assert second.moved_gb[0] <= 0.02 * first.storage_gb.sum()
    assert second.imbalance_ratio[0] <= 0.011


def best_makespan(gbps: np.ndarray, m: int) -> float:
    best = np.inf
    for choice in itertools.product(range(m), repeat=gbps.size):
        best = min(best, np.bincount(choice, gbps, minlength=m).max())
    return float(best)


@pytest.mark.parametrize("seed", range(60))
def test_the_busiest_appliance_is_within_four_thirds_of_the_best(seed: int) -> None:
    rng = np.random.default_rng([seed, 9])
    m, n = int(rng.integers(2, 4)), int(rng.integers(2, 8))
    gbps = rng.integers(1, 20, n).astype(np.float64)
    instance, placement, serving = Pool(rng.uniform(1, 9, n), gbps, m).case()
    assignment = split_pools(instance, placement, serving)
    assert assignment.peak_gbps.max() <= 4 / 3 * best_makespan(gbps, m) + 1e-9


def network(seed: int) -> tuple[Instance, Placement, Serving]:
    """Several pools at once, some with one appliance."""
    rng = np.random.default_rng(seed)
    instance = random_instance(seed, n_regions=6, n_pools=8, n_files=60)
    placement = Placement(rng.random((8, 60)) < 0.7)
    return instance, placement, served(instance, placement, rng, split=True)


@pytest.mark.parametrize("seed", range(5))
def test_threads_and_chunks_change_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    case = network(seed)
    results = []
    for count, chunk in ((1, 10**6), (2, 10**6), (2, 50)):
        monkeypatch.setattr(loads_module, "CHUNK_VALUES", chunk)
        with lanes(count):
            results.append(split_pools(*case))
    for other in results[1:]:
        for name in Assignment.__slots__:
            one, two = getattr(results[0], name), getattr(other, name)
            assert one.dtype == two.dtype
            assert one.tobytes() == two.tobytes(), name


@pytest.mark.parametrize("seed", range(20))
def test_whole_networks(seed: int) -> None:
    instance, placement, serving = network(seed)
    assignment = split_pools(instance, placement, serving)
    np.testing.assert_array_equal(np.diff(assignment.appliance_ptr), instance.pool_appliances)
    rows = list(zip(assignment.pool, assignment.appliance, assignment.file, strict=True))
    assert rows == sorted(set(rows))
    wanted = np.where(placement.holds, instance.copies, 0).astype(int)
    wanted[assignment.dropped_pool, assignment.dropped_file] = 0
    found = np.zeros_like(wanted)
    np.add.at(found, (assignment.pool, assignment.file), 1)
    np.testing.assert_array_equal(found, wanted)
    where = assignment.appliance_ptr[assignment.pool] + assignment.appliance - 1
    stored = np.bincount(where, instance.size_gb[assignment.file], minlength=assignment.storage_gb.size)
    np.testing.assert_allclose(assignment.storage_gb, stored, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_pools_that_can_be_packed_are_packed_whole(seed: int) -> None:
    """Appliances cut into files without a gap: the only packings leave no room at all."""
    rng = np.random.default_rng([seed, 9])
    m = int(rng.integers(2, 5))
    pieces = [
        np.diff([0, *np.sort(rng.choice(99, int(rng.integers(1, 4)), False) + 1), 100]) for _ in range(m)
    ]
    size = rng.permutation(np.concatenate(pieces)).astype(np.float64)
    pool = Pool(size, rng.lognormal(0, 1, size.size).astype(np.float32), m, storage_gb=100.0)
    instance, placement, serving = pool.case()
    assignment = split_pools(instance, placement, serving)
    check(instance, placement, assignment, np.asarray(pool.gbps, dtype=np.float64)[:, None])
    assert assignment.dropped_file.size == 0
    np.testing.assert_allclose(assignment.storage_gb, 100.0)
