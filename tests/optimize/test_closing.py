"""What closes the gap of small networks, part by part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.model.instance import Instance
from cdnplan.optimize import closing, fast
from cdnplan.optimize.objective import gap_ratio, ideal_cost
from cdnplan.optimize.outcome import Outcome, Stop
from tests.instances import random_instance


def large_file(seed: int) -> Instance:
    """Every pool has room for one file of two thirds of it, or for twenty others."""
    inst = random_instance(seed, n_regions=6, n_files=40, n_pools=4, families=frozenset({"storage"}))
    size = np.full(inst.n_files, 1.0)
    size[0] = 20.0
    asked = np.where(inst.demand_file == 0, 6.0, 1.0) * inst.demand_gb
    return replace(
        inst, size_gb=size, storage_gb=np.full(inst.n_pools, 30.0), copies=np.ones_like(inst.copies),
        demand_gb=asked.astype(inst.demand_gb.dtype),
    )  # fmt: skip


def solved(inst: Instance) -> Outcome:
    """As far as the engine goes."""
    return fast.solve_fast(inst, stop=Stop(gap_ratio=1e-6))


def gap(outcome: Outcome, inst: Instance) -> float:
    """By the engine's own numbers."""
    return gap_ratio(outcome.lower, outcome.upper, ideal_cost(inst))


def test_the_tree_narrows_what_a_large_file_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over some networks: with the tree the certified gap is a fraction of that without."""
    instances = [large_file(seed) for seed in range(6)]
    with_tree = [solved(inst) for inst in instances]
    monkeypatch.setattr(closing, "NODES", 0)
    without = [solved(inst) for inst in instances]
    after = np.array([gap(one, inst) for one, inst in zip(with_tree, instances, strict=True)])
    before = np.array([gap(one, inst) for one, inst in zip(without, instances, strict=True)])
    assert before.max() > 0.01, "nothing to narrow"
    assert after.sum() < 0.3 * before.sum()
    assert (after <= before + 1e-9).all()
    assert any(one.bound_proof == "branch-and-bound" for one in with_tree)
    # One plan's cost is at least any bound of the other run.
    for one, other in zip(with_tree, without, strict=True):
        assert one.lower <= other.upper * (1 + 1e-9) and other.lower <= one.upper * (1 + 1e-9)


def test_a_bound_that_prices_nearly_prove_is_left_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree that takes less than its due off the gap does not change what the plan says it rests on."""
    inst = large_file(4)
    monkeypatch.setattr(closing, "WORTH_BELIEVING", 2.0)
    monkeypatch.setattr(closing, "NODES", 2)
    outcome = solved(inst)
    assert outcome.bound_proof == "prices" and outcome.lower == pytest.approx(outcome.lower_priced)
