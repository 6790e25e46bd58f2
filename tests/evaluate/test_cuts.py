"""Cuts are believed if and only if they hold, by all sets of files; and then their prices prove bounds."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from cdnplan.evaluate.proof import bound
from cdnplan.evaluate.proof.bound import dual_bound, file_bounds, price_faults
from cdnplan.evaluate.proof.cuts import cut_faults
from cdnplan.evaluate.proof.proof import proof_faults, tree_bound
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices
from tests.evaluate.prices import FileDual, limit_terms, random_prices
from tests.evaluate.test_proof import random_tree, undecided
from tests.instances import random_instance
from tests.limits import with_limits
from tests.oracle.brute_force import MAX_FREE, brute_force, free_decisions

FAMILIES = frozenset({"storage", "bans", "copies", "fill", "links"})


def heaviest(instance: Instance, pool: int, file: list[int], weight: list[int]) -> tuple[int, int]:
    """The most that sets of files weigh for which a pool has room; and for which it has appliances.

    The second is the sum of all weights where two files fit onto one appliance.
    """
    able = [(f, w) for f, w in zip(file, weight, strict=True) if instance.copies[pool, f] > 0]
    size, copies = instance.size_gb, instance.copies[pool].astype(int)
    by_room = by_appliance = 0
    for n in range(len(able) + 1):
        for chosen in itertools.combinations(able, n):
            weighs = sum(w for _, w in chosen)
            if within(sum(size[f] * copies[f] for f, _ in chosen), instance.storage_gb[pool]):
                by_room = max(by_room, weighs)
            if sum(copies[f] for f, _ in chosen) <= instance.pool_appliances[pool]:
                by_appliance = max(by_appliance, weighs)
    room = instance.appliance_storage_gb[pool]
    if any(within(size[f] + size[g], room) for (f, _), (g, _) in itertools.combinations(able, 2)):
        by_appliance = sum(w for _, w in able)
    return by_room, by_appliance


def within(used: float, allowed: float) -> bool:
    """What the judge lets pass."""
    return used <= allowed * (1 + 1e-6) + 1e-9


def random_cut(instance: Instance, rng: np.random.Generator) -> tuple[int, list[int], list[int]]:
    """A pool, files and weights."""
    file = np.flatnonzero(rng.random(instance.n_files) < 0.8)
    file = file if file.size else np.array([0])
    weight = rng.integers(1, 5, file.size)
    return int(rng.integers(instance.n_pools)), file.tolist(), weight.tolist()


def test_believed_if_and_only_if_no_set_of_files_breaks_it() -> None:
    by_room = by_appliance = neither = 0
    for seed in range(200):
        rng = np.random.default_rng([seed, 6])
        instance = random_instance(seed, n_files=6, n_pools=2, families=FAMILIES)
        appliance = rng.uniform(0.5, 3.0) * np.median(instance.size_gb)
        instance = replace(instance, appliance_storage_gb=np.full(2, appliance))
        pool, file, weight = random_cut(instance, rng)
        room, appliances = heaviest(instance, pool, file, weight)
        for limit in range(sum(weight) + 2):
            believed = not cut_faults(instance, Cuts.one(pool, limit, file, weight))
            assert believed == (limit >= room or limit >= appliances), (seed, limit)
            by_room += room <= limit < appliances
            by_appliance += appliances <= limit < room
            neither += not believed
    assert min(by_room, by_appliance, neither) > 50, (by_room, by_appliance, neither)


@pytest.mark.parametrize(("factor", "believed"), [(1 - 5e-6, True), (1 - 5e-7, False), (1.0, False)])
def test_what_the_judge_lets_a_plan_pass_limits_by(factor: float, believed: bool) -> None:
    """Two files fit beside each other, all but for rounding."""
    instance = three_files(storage_gb=80.0 * factor, appliance_gb=100.0, appliances=3)
    cut = Cuts.one(0, 1, [0, 1, 2], [1, 1, 1])
    assert (cut_faults(instance, cut) == {}) == believed
    instance = three_files(storage_gb=100.0, appliance_gb=80.0 * factor, appliances=1)
    assert (cut_faults(instance, cut) == {}) == believed


def three_files(*, storage_gb: float, appliance_gb: float, appliances: int) -> Instance:
    """One pool, three files of 40 GB, all asked for."""
    base = random_instance(0, n_regions=1, n_files=3, n_pools=1, slices=1, families=frozenset())
    return with_limits(
        base,
        size_gb=np.full(3, 40.0),
        storage_gb=np.array([storage_gb]),
        pool_appliances=np.array([appliances], dtype=np.int32),
        appliance_storage_gb=np.array([appliance_gb]),
        copies=np.ones_like(base.copies),
        demand_ptr=np.array([0, 3]),
        demand_file=np.arange(3, dtype=np.int32),
        demand_gb=np.array([6.0, 6.0, 6.0], dtype=np.float32),
        region_share=np.ones(1),
        cand_ptr=np.array([0, 1]),
        cand_pool=np.zeros(1, dtype=np.int32),
        cand_cost=np.zeros(1),
        origin_cost=np.ones(1),
        cand_link_ptr=np.zeros(2, dtype=np.int64),
        cand_link=np.zeros(0, dtype=np.int32),
        throughput_gbps=np.full(1, np.inf),
        fill_cost=np.zeros(1),
    )


def test_files_that_may_not_be_held_count_for_nothing() -> None:
    instance = three_files(storage_gb=100.0, appliance_gb=100.0, appliances=1)
    cut = Cuts.one(0, 1, [0, 1, 2], [1, 1, 1])
    assert cut_faults(instance, cut) == {0: "s0/m has room for files that weigh 2"}
    copies = instance.copies.copy()
    copies[0, 1:] = 0
    assert cut_faults(replace(instance, copies=copies), cut) == {}


def test_several_copies_take_several_appliances() -> None:
    """Five appliances with room for one file each: one of two copies and three others, or two and one."""
    instance = three_files(storage_gb=350.0, appliance_gb=70.0, appliances=5)
    instance = replace(instance, copies=np.array([[2, 2, 3]], dtype=np.uint8))
    assert cut_faults(instance, Cuts.one(0, 2, [0, 1, 2], [1, 1, 1])) == {}
    assert cut_faults(instance, Cuts.one(0, 1, [0, 1, 2], [1, 1, 1])) != {}
    assert cut_faults(instance, Cuts.one(0, 4, [0, 1, 2], [2, 2, 2])) == {}
    assert cut_faults(instance, Cuts.one(0, 3, [0, 1, 2], [2, 2, 2])) != {}


NO_CUTS: list[tuple[Cuts, str]] = [
    (Cuts.one(2, 1, [0], [1]), "about a pool that there is not"),
    (Cuts.one(-1, 1, [0], [1]), "about a pool that there is not"),
    (Cuts.one(0, -1, [0], [1]), "limit -1 is not between 0 and 10000"),
    (Cuts.one(0, 10_001, [0], [1]), "limit 10001 is not between 0 and 10000"),
    (Cuts.one(0, 1, [], []), "about no file"),
    (Cuts.one(0, 1, [0, 3], [1, 1]), "about a file that there is not"),
    (Cuts.one(0, 1, [-1, 2], [1, 1]), "about a file that there is not"),
    (Cuts.one(0, 1, [1, 1], [1, 1]), "files are not in increasing order, each once"),
    (Cuts.one(0, 1, [2, 1], [1, 1]), "files are not in increasing order, each once"),
    (Cuts.one(0, 1, [0, 1], [1, 0]), "weight 0 is less than 1"),
    (Cuts.one(0, 1, [0, 1], [-2, 1]), "weight -2 is less than 1"),
]


@pytest.mark.parametrize(("cut", "said"), NO_CUTS)
def test_what_is_no_cut(cut: Cuts, said: str) -> None:
    instance = random_instance(3, n_pools=2, n_files=3)
    fine = Cuts.one(0, 10_000, [0, 1, 2], [1, 2, 3])
    assert cut_faults(instance, fine) == {}
    assert cut_faults(instance, Cuts.joined(fine, cut, fine)) == {1: said}


@pytest.mark.parametrize("ptr", [[0, 2, 1, 3], [0, 1, 2, 2], [1, 1, 2, 3], [0, 3], [0, 1, 2, 4]])
def test_entries_of_no_cut(ptr: list[int]) -> None:
    instance = random_instance(3, n_pools=2, n_files=3)
    one = Cuts.one(0, 10, [0], [1])
    wrong = replace(Cuts.joined(one, one, one), ptr=np.array(ptr))
    assert cut_faults(instance, wrong) == {0: "entries are not those of one cut after the other"}


def random_cuts(instance: Instance, seed: int) -> Cuts:
    """A few cuts that what is stored keeps, as strict as can be."""
    rng = np.random.default_rng([seed, 8])
    found = []
    for _ in range(int(rng.integers(1, 5))):
        pool, file, weight = random_cut(instance, rng)
        found.append(Cuts.one(pool, heaviest(instance, pool, file, weight)[0], file, weight))
    return Cuts.joined(*found)


def with_cuts(prices: Prices, cuts: Cuts, seed: int, scale: float) -> Prices:
    """Prices on cuts, about a third of them zero."""
    rng = np.random.default_rng([seed, 9])
    return replace(prices, cut=rng.uniform(0.0, 20.0 * scale, cuts.n_cuts) * (rng.random(cuts.n_cuts) < 0.7))


def test_never_above_the_optimum() -> None:
    tried = close = 0
    for seed in range(150):
        instance = random_instance(seed)
        if free_decisions(instance).sum() > MAX_FREE:
            continue
        optimum = brute_force(instance)
        cuts = random_cuts(instance, seed)
        assert cut_faults(instance, cuts) == {}
        for scale in (0.05, 0.5):
            prices = with_cuts(random_prices(instance, seed, scale), cuts, seed, scale)
            tree = random_tree(instance, seed, scale)
            sets = tuple(with_cuts(own, cuts, seed + i, scale) for i, own in enumerate(tree.prices))
            for proof in (
                replace(undecided(prices), cuts=cuts),
                replace(tree, prices=sets, cuts=cuts),
            ):
                assert proof_faults(instance, proof) == {}
                lower = tree_bound(instance, proof)
                if optimum is not None:
                    assert lower <= optimum + 1e-9 * max(1.0, abs(optimum)), (seed, scale)
                    tried += 1
                    close += lower >= 0.9 * optimum
    assert tried > 300
    assert close > 60, "the bound should often be near the optimum, or this test shows little"


def test_never_above_what_can_be_dealt_to_appliances() -> None:
    """Where no appliance has room for two files, a pool holds as many copies as it has appliances."""
    more = 0
    for seed in range(60):
        rng = np.random.default_rng([seed, 10])
        instance = random_instance(seed, n_files=4, n_pools=2, families=frozenset({"copies"}))
        instance = replace(instance, size_gb=np.full(4, 10.0), fill_cost=np.zeros(2))
        instance = with_limits(
            instance,
            appliance_storage_gb=np.full(2, 15.0),
            storage_gb=15.0 * instance.pool_appliances,
        )
        optimum = brute_force(with_limits(instance, storage_gb=10.0 * instance.pool_appliances))
        assert optimum is not None
        pool, file, weight = random_cut(instance, rng)
        limit = heaviest(instance, pool, file, weight)[1]
        cuts = Cuts.joined(
            Cuts.one(pool, limit, file, weight),
            *(Cuts.one(p, int(instance.pool_appliances[p]), range(4), instance.copies[p]) for p in (0, 1)),
        )
        assert cut_faults(instance, cuts) == {}
        for scale in (0.05, 0.5):
            prices = with_cuts(random_prices(instance, seed, scale), cuts, seed, scale)
            lower = tree_bound(instance, replace(undecided(prices), cuts=cuts))
            assert lower <= optimum + 1e-9 * max(1.0, abs(optimum)), (seed, scale)
        pools_alone = brute_force(instance)
        assert pools_alone is not None
        more += optimum > pools_alone + 1e-9
    assert more > 15, "appliances should often have less room than their pool, or this test shows little"


def test_by_hand() -> None:
    """A pool of 100 GB holds two of three files of 40 GB: prices on storage prove what five sixths cost."""
    instance = three_files(storage_gb=100.0, appliance_gb=100.0, appliances=1)
    cut = Cuts.one(0, 2, [0, 1, 2], [1, 1, 1])
    alone = max(
        dual_bound(instance, replace(Prices.zero(instance), volume=np.array([price, 0.0])))
        for price in (0.1, 0.14, 0.15, 0.16, 0.2)
    )
    assert alone == pytest.approx(3.0)  # half a file from the origin
    best = undecided(replace(Prices.zero(instance), cut=np.array([6.0])))
    assert tree_bound(instance, replace(best, cuts=cut)) == pytest.approx(6.0)
    assert brute_force(instance) == pytest.approx(6.0)


def test_a_cut_that_does_not_hold_proves_nothing() -> None:
    instance = three_files(storage_gb=100.0, appliance_gb=100.0, appliances=1)
    proof = undecided(replace(Prices.zero(instance), cut=np.array([6.0])))
    wrong = replace(proof, cuts=Cuts.one(0, 1, [0, 1, 2], [1, 1, 1]))
    with pytest.raises(ValueError, match="cut 1: s0/m has room for files that weigh 2"):
        tree_bound(instance, wrong)


def test_one_price_for_each_cut_not_below_zero() -> None:
    instance = three_files(storage_gb=100.0, appliance_gb=100.0, appliances=1)
    cuts = Cuts.joined(*[Cuts.one(0, 2, [0, 1, 2], [1, 1, 1])] * 2)
    zero = Prices.zero(instance)
    assert price_faults(instance, zero, cuts) == ["0 prices of cuts, but 2 cuts"]
    assert price_faults(instance, replace(zero, cut=np.ones(1))) == ["1 prices of cuts, but 0 cuts"]
    wrong = replace(zero, cut=np.array([np.inf, -1.0]))
    assert price_faults(instance, wrong, cuts) == [
        "cut 1: price inf is not between 0 and 1e+100",
        "cut 2: price -1 is not between 0 and 1e+100",
    ]
    proof = replace(undecided(wrong), cuts=cuts)
    assert "cut 2: price -1" in proof_faults(instance, proof)[0]
    with pytest.raises(ValueError, match="cut 1: price inf"):
        tree_bound(instance, proof)


def test_as_written_in_the_docs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interpreted and compiled, and with prices of 0 the same to the last bit as without cuts."""
    for seed in range(20):
        instance = random_instance(seed, n_regions=10, n_files=5, n_pools=6)
        cuts = random_cuts(instance, seed)
        free = random_prices(instance, seed, 0.1)
        prices = with_cuts(free, cuts, seed, 0.1)
        slow = [FileDual(instance, prices, file, cuts).value() for file in range(instance.n_files)]
        values = file_bounds(instance, prices, nodes=0, cuts=cuts)
        assert values == pytest.approx(slow, rel=1e-9, abs=1e-12), seed
        terms = limit_terms(instance, prices) - float(prices.cut @ cuts.limit)
        size = sum(map(abs, slow)) + 1e3 * abs(terms) + 1.0
        assert dual_bound(instance, prices, 0, cuts=cuts) == pytest.approx(sum(slow) + terms, abs=1e-8 * size)
        unpriced = replace(free, cut=np.zeros(cuts.n_cuts))
        assert dual_bound(instance, unpriced, cuts=cuts) == dual_bound(instance, free)
        with monkeypatch.context() as patched:
            found = dual_bound(instance, prices, cuts=cuts), dual_bound(instance, free)
            patched.setattr(bound, "COMPILED_FROM", 0)
            assert found == (dual_bound(instance, prices, cuts=cuts), dual_bound(instance, free))
