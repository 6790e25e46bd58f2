"""The bound holds for every plan, and is what docs/bound.md says."""

from __future__ import annotations

import dataclasses

import numba
import numpy as np
import pytest

from cdnplan.evaluate.proof import bound
from cdnplan.evaluate.proof.bound import dual_bound, file_bounds, possible_copies, price_faults
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from tests.evaluate.prices import FileDual, best_holders, limit_terms, parts, random_prices, with_rows
from tests.instances import random_instance
from tests.limits import with_limits, with_shared
from tests.oracle.brute_force import MAX_FREE, brute_force, free_decisions

SCALES = (0.0, 0.05, 0.5, 5.0)


@pytest.mark.parametrize("more", [False, True], ids=["pools and links", "more rows"])
def test_never_above_the_optimum(more: bool) -> None:
    tried, close = 0, 0
    for seed in range(120):
        instance = random_instance(seed)
        if free_decisions(instance).sum() > MAX_FREE:
            continue
        instance = with_rows(instance, seed) if more else instance
        optimum = brute_force(instance)
        if optimum is None:
            continue
        for scale in SCALES:
            lower = dual_bound(instance, random_prices(instance, seed, scale))
            assert lower <= optimum + 1e-9 * max(1.0, abs(optimum)), (seed, scale)
            tried += 1
            close += lower >= 0.9 * optimum
    assert tried > (200 if more else 300)
    assert close > 50, "the bound should often be near the optimum, or this test shows little"


@pytest.mark.parametrize("seed", range(40))
def test_each_file_below_its_own_optimum(seed: int) -> None:
    instance = random_instance(seed)
    for scale in SCALES:
        prices = random_prices(instance, seed, scale)
        values = file_bounds(instance, prices)
        for file in range(instance.n_files):
            best = best_holders(instance, prices, file)
            assert values[file] <= best + 1e-9 * max(1.0, abs(best))


def test_as_written_in_the_docs() -> None:
    adjusted = 0
    for seed in range(60):
        instance = random_instance(seed, n_regions=20, n_files=4, n_pools=8)
        dear = np.random.default_rng(seed).uniform(1.0, 30.0, instance.n_pools)
        instance = dataclasses.replace(with_rows(instance, seed) if seed % 2 else instance, fill_cost=dear)
        for scale in (0.0, 0.05, 1.0):
            prices = random_prices(instance, seed, scale)
            values = file_bounds(instance, prices, nodes=0)
            duals = [FileDual(instance, prices, file) for file in range(instance.n_files)]
            slow = [dual.value() for dual in duals]
            assert values == pytest.approx(slow, rel=1e-9, abs=1e-12), (seed, scale)
            terms = limit_terms(instance, prices)
            size = sum(map(abs, slow)) + 1e3 * abs(terms) + 1.0
            assert dual_bound(instance, prices, nodes=0) == pytest.approx(sum(slow) + terms, abs=1e-8 * size)
            adjusted += sum(dual.adjusted for dual in duals)
    assert adjusted > 100, "step 4 should have had something to do"


def test_what_does_not_fit_alone_is_not_there() -> None:
    """The bound with a file too large for a pool is that with the file banned there; pins stay."""
    lifted = 0
    for seed in range(40):
        instance = random_instance(seed, n_regions=3, n_files=4, n_pools=3, families=frozenset({"fill"}))
        prices = random_prices(instance, seed, 0.05)
        size = instance.size_gb.copy()
        size[0] = 1.5 * instance.storage_gb.min()
        large = dataclasses.replace(instance, size_gb=size)
        copies = large.copies.copy()
        copies[large.storage_gb < size[0], 0] = 0
        fresh = size * np.maximum(0, large.copies.astype(int) - large.held)
        copies[fresh > large.new_limit_gb[:, None]] = 0
        banned = dataclasses.replace(large, copies=copies)
        assert file_bounds(large, prices).tolist() == file_bounds(banned, prices).tolist()
        everywhere = dataclasses.replace(large, pinned=copies == 0, copies=np.ones_like(copies))
        allowed = with_limits(everywhere, storage_gb=np.full(3, 1e9), fill_limit_gb=np.full(3, np.inf))
        assert file_bounds(everywhere, prices).tolist() == file_bounds(allowed, prices).tolist()
        plenty = with_limits(large, storage_gb=np.full(3, 1e9), fill_limit_gb=np.full(3, np.inf))
        lifted += file_bounds(large, prices).sum() > file_bounds(plenty, prices).sum() + 1e-6
    assert lifted > 20


def test_what_passes_a_shared_limit_alone_is_not_there() -> None:
    """No pool holds what alone passes what it may take in with others; pins, and copies there, stay."""
    instance = random_instance(3, n_files=4, n_pools=3, families=frozenset())
    instance = dataclasses.replace(
        instance,
        size_gb=np.array([10.0, 20.0, 30.0, 10.0]),
        copies=np.array([[1, 1, 1, 2]] * 3, dtype=np.uint8),
        pool_appliances=np.full(3, 2, dtype=np.int32),
        held=np.array([[0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]], dtype=np.uint8),
        pinned=np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]).astype(bool),
    )
    instance = with_limits(instance, storage_gb=np.full(3, 1e3))
    assert (possible_copies(instance) > 0).all()
    shared = with_shared(instance, [0, 1], 15.0)
    # 20 and 30 GB do not come in, nor two copies of 10 GB; one more copy beside the one there does.
    assert (possible_copies(shared) > 0).astype(int).tolist() == [[1, 0, 0, 0], [1, 0, 1, 1], [1, 1, 1, 1]]
    everywhere = with_shared(instance, [0, 1, 2], 15.0)
    assert (possible_copies(everywhere) > 0).astype(int)[2].tolist() == [1, 0, 1, 0]
    assert (possible_copies(with_shared(instance, [0, 1], 30.0 * (1 - 1e-7))) > 0).all(), "rounding"


def test_exact_when_limits_are_loose() -> None:
    """Without binding limits and with nothing to pay for opening, zero prices prove the optimum."""
    tried = 0
    for seed in range(40):
        instance = random_instance(seed, families=frozenset())
        instance = dataclasses.replace(instance, fill_cost=np.zeros(instance.n_pools))
        if free_decisions(instance).sum() > MAX_FREE:
            continue
        optimum = brute_force(instance)
        assert optimum is not None
        lower = dual_bound(instance, Prices.zero(instance))
        assert lower == pytest.approx(optimum, rel=2e-9, abs=1e-9)
        assert lower <= optimum + 1e-12 * abs(optimum)
        tried += 1
    assert tried > 20


def test_by_hand() -> None:
    """Two regions, one pool: opening costs 10, saves 3 × 2 + 5 × 1 = 11; half of it stored at a price."""
    instance = _two_regions()
    zero = Prices.zero(instance)
    assert dual_bound(instance, zero) == pytest.approx(3 * 1 + 5 * 2 + 10, rel=1e-8)
    priced = dataclasses.replace(zero, volume=np.array([0.1, 0.0]))
    # Opening at 10 + 0.1 × 20 = 12 no longer pays (11): all from the origin, less the price of 50 GB.
    assert dual_bound(instance, priced) == pytest.approx(3 * 3 + 5 * 3 - 0.1 * 50, rel=1e-8)
    busy = dataclasses.replace(zero, rate=np.array([[0.5]]))
    # At 0.5 per Gbps the pool saves 3 × 1.5 + 5 × 0.5 = 7 < 10.
    assert dual_bound(instance, busy) == pytest.approx(24 - 0.5 * 4, rel=1e-8)


def test_the_same_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = random_instance(5, n_regions=20, n_files=300, n_pools=12, slices=2)
    prices = random_prices(instance, 5, 0.5)
    interpreted = dual_bound(instance, prices)
    monkeypatch.setattr(bound, "COMPILED_FROM", 0)
    before = numba.get_num_threads()
    found = []
    for threads in range(1, before + 1):
        numba.set_num_threads(threads)
        found.append(dual_bound(instance, prices))
    numba.set_num_threads(before)
    assert set(found) == {interpreted}


def test_renaming_regions_of_one_row_keeps_the_bound_valid() -> None:
    """Splitting a region in two with half the share each leaves zero-price bounds what they were."""
    instance = _two_regions()
    half = with_limits(
        instance,
        regions=("a", "b", "c"),
        region_row=np.array([0, 1, 1], dtype=np.int32),
        region_share=np.array([1.0, 0.5, 0.5]),
        gbps_per_gb=np.ones((3, 1)),
        cand_ptr=np.array([0, 1, 2, 3]),
        cand_pool=np.zeros(3, dtype=np.int32),
        cand_cost=np.array([1.0, 2.0, 2.0]),
        origin_cost=np.full(3, 3.0),
        cand_link_ptr=np.zeros(4, dtype=np.int64),
        origin_link_ptr=np.zeros(4, dtype=np.int64),
    )
    zero = Prices.zero(instance)
    assert dual_bound(half, zero) == pytest.approx(dual_bound(instance, zero), rel=1e-12)


@pytest.mark.parametrize(
    ("limit", "at", "price", "said"),
    [
        ("storage", (0,), -1.0, "storage s0/m: price -1"),
        ("throughput", (1, 0), np.nan, "throughput s1/m slice 0"),
        ("link", (0, 1), 1e9, "above that of overload"),
        ("link", (0, 0), np.inf, "not between 0 and 1e+100"),
        ("new", (0,), 0.1, "fill s0/m: a price on a limit that does not exist"),
        ("launch", (0,), -0.1, "launch f"),
    ],
)
def test_prices_that_prove_nothing(limit: str, at: tuple[int, ...], price: float, said: str) -> None:
    families = frozenset({"links", "launches"})
    instance = random_instance(11, n_pools=2, n_files=3, slices=2, families=families)
    assert instance.n_launches
    prices = Prices.zero(instance)
    assert price_faults(instance, prices) == []
    parts(instance, prices)[limit][at] = price
    faults = price_faults(instance, prices)
    assert any(said in fault for fault in faults), faults
    with pytest.raises(ValueError, match="price"):
        dual_bound(instance, prices)


def _two_regions() -> Instance:
    base = random_instance(0, n_regions=2, n_files=1, n_pools=1, slices=1, families=frozenset())
    return with_limits(
        base,
        region_row=np.array([0, 1], dtype=np.int32),
        region_share=np.ones(2),
        demand_ptr=np.array([0, 1, 2]),
        demand_file=np.zeros(2, dtype=np.int32),
        demand_gb=np.array([3.0, 5.0], dtype=np.float32),
        gbps_per_gb=np.ones((2, 1)),
        cand_ptr=np.array([0, 1, 2]),
        cand_pool=np.zeros(2, dtype=np.int32),
        cand_cost=np.array([1.0, 2.0]),
        origin_cost=np.array([3.0, 3.0]),
        cand_link_ptr=np.zeros(3, dtype=np.int64),
        cand_link=np.zeros(0, dtype=np.int32),
        origin_link_ptr=np.zeros(3, dtype=np.int64),
        origin_link=np.zeros(0, dtype=np.int32),
        storage_gb=np.array([50.0]),
        throughput_gbps=np.array([4.0]),
        fill_cost=np.array([0.5]),
        size_gb=np.array([20.0]),
        copies=np.ones((1, 1), dtype=np.uint8),
        held=np.zeros((1, 1), dtype=np.uint8),
        pinned=np.zeros((1, 1), dtype=bool),
    )
