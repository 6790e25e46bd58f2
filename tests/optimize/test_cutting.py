"""Cuts hold for everything that fits, exclude what does not, and raise bounds up to the optimum at most."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.cuts import Cuts
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.cut_kernels import lifted_cover
from cdnplan.optimize.master.cutting import add_cuts, find_cuts
from cdnplan.optimize.problem.objective import ideal_cost
from cdnplan.optimize.problem.rules import broken_rules
from tests.instances import random_instance
from tests.limits import with_limits
from tests.optimize.masters import mixed
from tests.oracle.brute_force import brute_force, free_decisions


def subsets(n: int) -> np.ndarray:
    """All choices of n items, one a row."""
    return np.array(list(product((0, 1), repeat=n)))


def random_shares(weight: Floats, room: float, rng: np.random.Generator) -> Floats:
    """Some items whole, some in part, as much as there is room for."""
    share = np.zeros(weight.size)
    left = room
    for i in rng.permutation(weight.size):
        most = min(1.0, left / weight[i])
        share[i] = most if rng.random() < 0.7 else rng.random() * most
        left -= share[i] * weight[i]
    return share


def cover(weight: Floats, share: Floats, room: float, rng: np.random.Generator) -> tuple[int, np.ndarray]:
    """A lifted cover of mixed items in any order."""
    mixed = np.flatnonzero((share > 0.0) & (share < 1.0) & (weight > 0.0))
    rest = np.flatnonzero(((share == 0.0) | (share == 1.0)) & (weight > 0.0))
    rest = rest[np.lexsort((-weight[rest], -share[rest]))]
    worth = np.zeros(weight.size, dtype=np.int64)
    return int(lifted_cover(weight, share, room, rng.permutation(mixed), rest, worth)), worth


def test_no_choice_within_the_room_exceeds_a_lifted_cover() -> None:
    rng = np.random.default_rng(1)
    choices = subsets(10)
    found = reached = 0
    exceeded = 0.0
    for _ in range(400):
        weight = rng.integers(1, 40, 10).astype(np.float64)
        room = float(rng.integers(20, 120))
        share = random_shares(weight, room, rng)
        limit, worth = cover(weight, share, room, rng)
        if limit < 0:
            continue
        fitting = choices[choices @ weight <= room]
        most = int((fitting @ worth).max())
        assert most <= limit
        found += 1
        reached += most == limit
        exceeded += float(worth @ share > limit + 1e-9)
    # Lifting is as far as it goes, and most covers exclude the shares they come from.
    assert found > 200
    assert reached == found
    assert exceeded > 0.6 * found


def test_items_without_weight_take_no_part() -> None:
    weight = np.array([5.0, 0.0, 5.0, 5.0])
    limit, worth = cover(weight, np.array([0.5, 0.5, 0.5, 0.0]), 9.0, np.random.default_rng(0))
    assert (limit, worth.tolist()) == (1, [1, 0, 1, 1])


def part_of(inst: Instance, rng: np.random.Generator) -> Floats:
    """Parts of files that fill every pool."""
    part = np.zeros((inst.n_files, inst.n_pools))
    for p in range(inst.n_pools):
        able = np.flatnonzero(inst.copies[p] > 0)
        if able.size:
            part[able, p] = random_shares(inst.size_gb[able] * inst.copies[p, able], inst.storage_gb[p], rng)
    return part


def in_pool(cuts: Cuts, pool: int, n_files: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and limits of the cuts of a pool."""
    which = np.flatnonzero(cuts.pool == pool)
    weight = np.zeros((which.size, n_files), dtype=np.int64)
    for row, c in enumerate(which):
        entries = slice(cuts.ptr[c], cuts.ptr[c + 1])
        weight[row, cuts.file[entries]] = cuts.weight[entries]
    return weight, cuts.limit[which]


def test_cuts_hold_for_all_that_pools_have_room_for() -> None:
    rng = np.random.default_rng(2)
    choices = subsets(7)
    found = 0
    for seed in range(60):
        inst = random_instance(seed, n_files=7)
        part = part_of(inst, rng)
        cuts = find_cuts(inst, part, appliances=False)
        found += cuts.n_cuts
        for p in range(inst.n_pools):
            weight, limit = in_pool(cuts, p, 7)
            possible = choices[(choices @ (inst.copies[p] == 0)) == 0]
            fitting = possible[possible @ (inst.size_gb * inst.copies[p]) <= inst.storage_gb[p] * (1 + 1e-9)]
            assert (fitting @ weight.T <= limit).all(), (seed, p)
            assert (weight @ part[:, p] > limit).all(), (seed, p)
    assert found > 30


def packs(sizes: list[float], copies: list[int], room: list[float]) -> bool:
    """Whether appliances have room for all copies, each on one of its own; every way is tried."""
    if not sizes:
        return True
    size, k = sizes[0], copies[0]
    for chosen in product((0, 1), repeat=len(room)):
        left = [r - size * c for r, c in zip(room, chosen, strict=True)]
        if sum(chosen) == k and min(left) >= -1e-9 and packs(sizes[1:], copies[1:], left):
            return True
    return False


def test_cuts_of_appliances_hold_for_all_that_they_have_room_for() -> None:
    rng = np.random.default_rng(3)
    more = 0
    for seed in range(40):
        inst = random_instance(seed, n_files=6, n_pools=2)
        size = rng.integers(2, 10, 6).astype(np.float64)
        appliances = np.array([2, 3], dtype=inst.pool_appliances.dtype)
        copies = np.minimum(rng.integers(1, 4, (2, 6)), appliances[:, None]).astype(np.uint8)
        inst = with_limits(
            inst, size_gb=size, copies=copies, pinned=np.zeros_like(inst.pinned), pool_appliances=appliances,
            appliance_storage_gb=np.full(2, 10.0), storage_gb=np.array([20.0, 30.0]),
            held=np.zeros_like(inst.held),
        )  # fmt: skip
        part = part_of(inst, rng)
        cuts = find_cuts(inst, part, appliances=True)
        more += cuts.n_cuts - find_cuts(inst, part, appliances=False).n_cuts
        for p in range(2):
            weight, limit = in_pool(cuts, p, 6)
            for choice in subsets(6):
                files = np.flatnonzero(choice)
                if (weight @ choice > limit).any():
                    assert not packs(size[files].tolist(), copies[p, files].tolist(), [10.0] * appliances[p])
    assert more > 10


def test_files_held_whole_that_no_appliance_has_room_for_together_are_cut_off() -> None:
    """A large file, and one with a copy on every appliance: both fit into the pool, but not side by side."""
    inst = random_instance(0, n_files=3, n_pools=1)
    inst = with_limits(
        inst, size_gb=np.array([9.0, 2.0, 1.0]), copies=np.array([[1, 2, 1]], dtype=np.uint8),
        pool_appliances=np.array([2], dtype=inst.pool_appliances.dtype),
        appliance_storage_gb=np.array([10.0]), storage_gb=np.array([20.0]),
        fill_limit_gb=np.array([np.inf]), churn_limit_gb=np.array([np.inf]),
    )  # fmt: skip
    both = np.array([[1.0], [1.0], [0.0]])
    assert find_cuts(inst, both, appliances=False).n_cuts == 0
    cuts = find_cuts(inst, both, appliances=True)
    assert cuts.n_cuts > 0
    for c in range(cuts.n_cuts):
        entries = slice(cuts.ptr[c], cuts.ptr[c + 1])
        assert cuts.file[entries].tolist() == [0, 1]
        assert cuts.weight[entries].sum() > cuts.limit[c]


def test_bounds_with_cuts_are_below_the_optimum_and_above_those_without() -> None:
    raised = tried = 0
    for seed in range(120):
        inst = random_instance(seed)
        if broken_rules(inst) or free_decisions(inst).sum() > 12:
            continue
        optimum = brute_force(inst)
        if optimum is None:
            continue
        try:
            start, found = mixed(inst)
        except NoFeasiblePlanError:
            continue
        tried += 1
        rounds = add_cuts(
            FileSolver.of(inst), found, start.holds, start.cost, ideal_cost(inst), 1e-9, lambda: False,
            partial(find_cuts, inst, appliances=False),
        )  # fmt: skip
        best = found.bound
        for later in rounds:
            assert later.bound <= optimum * (1 + 1e-7) + 1e-9, seed
            best = max(best, later.bound)
        raised += best > found.bound + 1e-6 * abs(optimum)
    assert tried > 30
    assert raised > 5


def test_what_is_cut_does_not_depend_on_threads() -> None:
    inst = random_instance(7, n_regions=6, n_files=40, n_pools=4)
    one, two = (solve_fast(inst, threads=n) for n in (1, 2))
    assert (one.upper, one.lower, one.bound_proof) == (two.upper, two.lower, two.bound_proof)
