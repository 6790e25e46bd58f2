"""What a tree of cases proves holds for every plan, and a tree that leaves plans out proves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cdnplan.evaluate.proof import bound
from cdnplan.evaluate.proof.bound import dual_bound, search_nodes
from cdnplan.evaluate.proof.proof import decided_problem, proof_faults, rules_leave_none, tree_bound
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.model.plan.proof import Proof
from tests.evaluate.prices import random_prices
from tests.instances import random_instance
from tests.limits import with_limits
from tests.oracle.brute_force import MAX_FREE, brute_force, free_decisions

MOST_SPLITS = 4
PRICES = (0.0, 0.1, 0.15, 0.18, 0.2, 0.25, 0.3)


def random_tree(instance: Instance, seed: int, scale: float) -> Proof:
    """A few splits anywhere, each case with random prices of its own."""
    rng = np.random.default_rng([seed, 5])
    nodes: list[tuple[int, int, int, bool]] = []
    cases: dict[int, frozenset[tuple[int, int]]] = {0: frozenset()}
    for _ in range(int(rng.integers(1, MOST_SPLITS + 1))):
        node = list(cases)[rng.integers(len(cases))]
        at = int(rng.integers(instance.n_files)), int(rng.integers(instance.n_pools))
        if at in cases[node]:
            continue
        decided = cases.pop(node) | {at}
        for holds in (True, False):
            nodes.append((node, *at, holds))
            cases[len(nodes)] = decided
    if not nodes:
        return random_tree(instance, seed + 1000, scale)
    parent, file, pool, holds = zip(*nodes, strict=True)
    priced = np.full(len(nodes), -1, dtype=np.int32)
    priced[[case - 1 for case in cases]] = np.arange(len(cases))
    return Proof(
        parent=np.array(parent, dtype=np.int32),
        file=np.array(file, dtype=np.int32),
        pool=np.array(pool, dtype=np.int32),
        holds=np.array(holds, dtype=np.bool_),
        priced=priced,
        prices=tuple(random_prices(instance, 100 * seed + case, scale) for case in cases),
    )


def small(seed: int) -> Instance | None:
    """A tiny instance of which every placement can be tried."""
    instance = random_instance(seed)
    return None if free_decisions(instance).sum() > MAX_FREE - 2 else instance


def test_never_above_the_optimum() -> None:
    tried = impossible = close = 0
    for seed in range(150):
        instance = small(seed)
        if instance is None:
            continue
        optimum = brute_force(instance)
        for scale in (0.05, 0.5):
            proof = random_tree(instance, seed, scale)
            assert proof_faults(instance, proof) == {}
            lower = tree_bound(instance, proof)
            if optimum is None:
                continue
            assert lower <= optimum + 1e-9 * max(1.0, abs(optimum)), (seed, scale)
            cases = [
                decided_problem(instance, proof, int(node)) for node in np.flatnonzero(proof.priced >= 0) + 1
            ]
            impossible += sum(rules_leave_none(case) for case in cases)
            tried += 1
            close += lower >= 0.9 * optimum
    assert tried > 150
    assert impossible > 100
    assert close > 30, "the bound should often be near the optimum, or this test shows little"


def test_every_case_below_its_own_optimum_and_none_left_out_that_has_a_plan() -> None:
    ruled_out = bounded = 0
    for seed in range(60):
        instance = small(seed)
        if instance is None:
            continue
        proof = random_tree(instance, seed, 0.2)
        whole = brute_force(instance)
        optima = []
        for node in np.flatnonzero(proof.priced >= 0) + 1:
            case = decided_problem(instance, proof, int(node))
            if free_decisions(case).sum() > MAX_FREE:
                break
            # Exhaustive search lets pools have what is pinned and banned: such a case has no plan.
            banned = bool((case.pinned & (case.copies == 0)).any())
            optimum = None if banned else brute_force(case)
            optima.append(np.inf if optimum is None else optimum)
            if rules_leave_none(case):
                assert optimum is None, (seed, node)
                ruled_out += 1
            elif optimum is not None:
                lower = dual_bound(case, proof.prices[proof.priced[node - 1]])
                assert lower <= optimum + 1e-9 * max(1.0, abs(optimum)), (seed, node)
                bounded += 1
        else:
            # Holding what nobody uses costs fill at most where it is decided: some case has the optimum.
            assert min(optima) == pytest.approx(np.inf if whole is None else whole, rel=1e-7), seed
    assert ruled_out > 20
    assert bounded > 60


def test_more_decisions_prove_no_less() -> None:
    """With the prices of the whole problem, every case costs at least what they prove alone, some more."""
    more = 0
    for seed in range(40):
        instance = random_instance(seed, n_regions=4, n_files=6, n_pools=4, families=frozenset({"storage"}))
        prices = random_prices(instance, seed, 0.1)
        alone = dual_bound(instance, prices)
        slack = 1e-8 * abs(alone)
        proof = random_tree(instance, seed, 0.1)
        assert tree_bound(instance, replace(proof, prices=(prices,) * len(proof.prices))) >= alone - slack
        cases = [
            decided_problem(instance, proof, int(node)) for node in np.flatnonzero(proof.priced >= 0) + 1
        ]
        more += sum(dual_bound(case, prices) > alone + slack for case in cases)
    assert more >= 40


def test_by_hand() -> None:
    """One pool of 50 GB, a file of 50 and one of 20: prices allow the small one and part of the large one."""
    instance = _knapsack()
    alone = max(dual_bound(instance, priced(instance, price)) for price in PRICES)
    held, lacking = priced(instance, 0.0), priced(instance, 0.0)
    proof = Proof(
        parent=np.zeros(2, dtype=np.int32),
        file=np.zeros(2, dtype=np.int32),
        pool=np.zeros(2, dtype=np.int32),
        holds=np.array([True, False]),
        priced=np.array([0, 1], dtype=np.int32),
        prices=(held, lacking),
    )
    # At 0.25 for a GB the small file, worth 5, is not let in beside the large one.
    best = max(
        tree_bound(instance, replace(proof, prices=(priced(instance, price), lacking))) for price in PRICES
    )
    optimum = brute_force(instance)
    assert optimum is not None
    assert optimum == pytest.approx(5.0)
    assert alone == pytest.approx(3.6)  # 20 GB worth 5, 30 GB of 50 worth 9 together: 14 - 5 - 5.4
    assert best == pytest.approx(optimum, rel=1e-6)


def priced(instance: Instance, storage: float) -> Prices:
    """A price on storage and nothing else."""
    prices = Prices.zero(instance)
    prices.volume[: instance.n_pools] = storage
    return prices


def _knapsack() -> Instance:
    base = random_instance(0, n_regions=1, n_files=2, n_pools=1, slices=1, families=frozenset())
    return with_limits(
        base,
        size_gb=np.array([50.0, 20.0]),
        storage_gb=np.array([50.0]),
        copies=np.ones_like(base.copies),
        pinned=np.zeros_like(base.pinned),
        held=np.ones_like(base.held),
        demand_ptr=np.array([0, 2]),
        demand_file=np.arange(2, dtype=np.int32),
        demand_gb=np.array([9.0, 5.0], dtype=np.float32),
        region_share=np.ones(1),
        cand_ptr=np.array([0, 1]),
        cand_pool=np.zeros(1, dtype=np.int32),
        cand_cost=np.array([0.0]),
        origin_cost=np.array([1.0]),
        cand_link_ptr=np.zeros(2, dtype=np.int64),
        cand_link=np.zeros(0, dtype=np.int32),
        origin_link_ptr=np.zeros(2, dtype=np.int64),
        origin_link=np.zeros(0, dtype=np.int32),
        throughput_gbps=np.full(1, np.inf),
    )


def test_rules_that_leave_no_plan() -> None:
    instance = random_instance(3, n_pools=2, n_files=3, families=frozenset({"launches"}))
    free = replace(instance, pinned=np.zeros_like(instance.pinned), copies=np.ones_like(instance.copies))
    assert not rules_leave_none(free)
    pins = np.ones_like(free.pinned)
    assert not rules_leave_none(with_limits(free, pinned=pins, storage_gb=np.full(2, free.size_gb.sum())))
    assert not rules_leave_none(
        with_limits(free, pinned=pins, storage_gb=np.full(2, free.size_gb.sum() * (1 - 5e-7)))
    )
    assert rules_leave_none(
        with_limits(free, pinned=pins, storage_gb=np.full(2, free.size_gb.sum() * (1 - 5e-6)))
    )
    assert rules_leave_none(replace(free, pinned=pins, copies=np.zeros_like(free.copies)))
    fresh = with_limits(free, held=np.zeros_like(free.held), pinned=pins, storage_gb=np.full(2, 1e9))
    half = np.full(2, 0.5 * free.size_gb.sum())
    assert not rules_leave_none(fresh)
    assert rules_leave_none(with_limits(fresh, fill_limit_gb=half))
    assert rules_leave_none(with_limits(fresh, churn_limit_gb=half))
    assert not rules_leave_none(with_limits(fresh, churn_limit_gb=half, held=np.ones_like(free.held)))
    assert free.n_launches
    banned = free.copies.copy()
    banned[:, free.launch_file[0]] = 0
    assert rules_leave_none(replace(free, copies=banned))


def undecided(*prices: Prices) -> Proof:
    """No decision: the root is the only case."""
    nothing = np.zeros(0, dtype=np.int32)
    return Proof(nothing, nothing, nothing, np.zeros(0, dtype=np.bool_), nothing, prices)


def tree_of_five(instance: Instance) -> Proof:
    """Pool 0 holds file 0; it does not, and then holds file 1, or does not."""
    return Proof(
        parent=np.array([0, 0, 2, 2], dtype=np.int32),
        file=np.array([0, 0, 1, 1], dtype=np.int32),
        pool=np.zeros(4, dtype=np.int32),
        holds=np.array([True, False, True, False]),
        priced=np.array([0, -1, 0, 0], dtype=np.int32),
        prices=(Prices.zero(instance),),
    )


FAULTS: list[tuple[str, int, Any, int, str]] = [
    ("parent", 3, 4, 4, "no node before it"),
    ("parent", 0, 3, 1, "no node before it"),
    ("parent", 2, -1, 3, "no node before it"),
    ("parent", 3, 1, 1, "its sides are not"),
    ("holds", 3, True, 2, "its sides are not"),
    ("holds", 0, False, 0, "its sides are not"),
    ("file", 3, 2, 2, "different files or pools"),
    ("pool", 1, 1, 0, "different files or pools"),
    ("file", 2, 99, 3, "that there is not"),
    ("pool", 2, -1, 3, "that there is not"),
    ("priced", 1, 0, 2, "has prices, though"),
    ("priced", 2, -1, 3, "a case without prices"),
    ("priced", 2, 1, 3, "a case without prices"),
]


@pytest.mark.parametrize(("column", "row", "value", "node", "said"), FAULTS)
def test_trees_that_prove_nothing(column: str, row: int, value: Any, node: int, said: str) -> None:
    instance = random_instance(11, n_pools=2, n_files=3)
    proof = tree_of_five(instance)
    assert proof_faults(instance, proof) == {}
    changed = getattr(proof, column).copy()
    changed[row] = value
    wrong = replace(proof, **{column: changed})
    faults = proof_faults(instance, wrong)
    assert said in faults[node], faults
    with pytest.raises(ValueError, match=said):
        tree_bound(instance, wrong)


def test_decisions_made_twice_and_none_at_all_and_prices_below_zero() -> None:
    instance = random_instance(11, n_pools=2, n_files=3)
    proof = tree_of_five(instance)
    again = proof_faults(instance, replace(proof, file=np.zeros(4, dtype=np.int32)))
    assert "node 2 above has decided" in again[3] and "node 2 above has decided" in again[4]
    for sets in ((), proof.prices * 2):
        faults = proof_faults(instance, undecided(*sets))
        assert faults == {0: f"nothing is decided, and it has {len(sets)} sets of prices, not one"}
    below = priced(instance, -1.0)
    faults = proof_faults(instance, replace(proof, prices=(below,)))
    assert set(faults) == {1, 3, 4} and all("price -1" in fault for fault in faults.values())


def test_cases_share_the_effort_of_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = random_instance(11, n_pools=2, n_files=3)
    size = instance.cand_pool.size * instance.n_files
    monkeypatch.setattr(bound, "SEARCH_EFFORT", 1000 * size)
    assert [search_nodes(instance, cases) for cases in (1, 4, 16, 17)] == [1000, 250, 62, 0]
