"""Pools decided one after the other, and the knapsack by which each chooses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cdnplan.optimize.round.pool_diving import dive_pools
from cdnplan.optimize.round.subset_kernels import best_subset
from tests.instances import random_instance
from tests.optimize.test_rounding import rounding_of

REACH = 1e9


def all_sets(weight: np.ndarray, gain: np.ndarray, room: float) -> float:
    """What the best set gains, by trying all."""
    sets = np.array(list(itertools.product([False, True], repeat=weight.size)))
    fits = sets @ weight <= room * (1 + 1e-12)
    return float((sets[fits] @ gain).max())


@pytest.mark.parametrize("seed", range(60))
def test_the_best_set_of_few_items(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 60, 11) / (10.0 if seed % 2 else 7.0)
    gain = weight * rng.uniform(0.5, 1.5, weight.size)
    room = float(rng.uniform(0.1, 1.1) * weight.sum())
    taken = best_subset(weight, gain, room)
    assert weight[taken].sum() <= room * (1 + 1e-11)
    # Steps of room are 1/8192 of it: sums that fit by less may be missed.
    assert gain[taken].sum() >= all_sets(weight, gain, room * (1 - 11 / 8192)) - 1e-9


def test_a_room_filled_to_the_last_byte() -> None:
    """By density first 3 + 2 of 6 are taken; 2 + 2 + 2 fill it."""
    weight, gain = np.array([3.0, 2.0, 2.0, 2.0]), np.array([3.3, 2.1, 2.1, 2.1])
    assert best_subset(weight, gain, 6.0).tolist() == [False, True, True, True]
    assert not best_subset(weight, gain, 1.0).any()
    assert best_subset(weight, gain, 9.0).all()


def test_what_pools_hold_fits_and_every_file_has_a_column() -> None:
    fits = 0
    for seed in range(6):
        inst = random_instance(seed, n_regions=6, n_files=60, n_pools=4, families=frozenset({"storage"}))
        rounding, plan, found = rounding_of(inst)
        at = rounding._model(plan, plan.cost - found.bound, REACH, plan.serving)
        for order in (np.arange(4), np.arange(4)[::-1]):
            choice = dive_pools(at.columns, at.rows, at.mixed(), order, 0.0)
            assert at.columns.file[choice].tolist() == list(range(inst.n_files))
            holds = at.columns.holds[choice].T
            stored = (holds * inst.size_gb * inst.copies).sum(axis=1)
            fits += int((stored <= inst.storage_gb * (1 + 1e-6)).all())
    assert fits >= 10, "columns that agree with what pools chose are mostly there"


def test_dives_by_pools_find_plans_that_those_by_files_do_not() -> None:
    """Neither kind is the better one on all networks, so both are tried."""
    by_pools, by_files = 0, 0
    for seed in range(8):
        inst = random_instance(seed, n_regions=6, n_files=60, n_pools=4, families=frozenset({"storage"}))
        rounding, plan, found = rounding_of(inst)
        gap = plan.cost - found.bound
        near, wide = (rounding._model(plan, gap, reach, plan.serving) for reach in (0.03, 0.15))
        of_files = [rounding._start(near, number) for number in range(4)]
        of_pools = [rounding._start_by_pools(wide, number) for number in range(4)]
        best = [min(each.cost for each in made if each is not None) for made in (of_files, of_pools)]
        by_pools += best[1] < best[0]
        by_files += best[0] < best[1]
    assert by_pools >= 1
    assert by_files >= 1
