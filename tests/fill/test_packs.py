"""Whether appliances have room for what their pools hold, against every arrangement."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cdnplan.fill.deal.appliances import split_pools
from cdnplan.fill.deal.packs import packs
from tests.fill.pools import Pool


def arrangeable(sizes: list[float], copies: list[int], appliances: int, storage: float) -> bool:
    """Try every set of appliances for each file."""

    def from_file(i: int, room: tuple[float, ...]) -> bool:
        if i == len(sizes):
            return True
        return any(
            all(room[a] >= sizes[i] for a in chosen)
            and from_file(i + 1, tuple(r - sizes[i] * (a in chosen) for a, r in enumerate(room)))
            for chosen in itertools.combinations(range(appliances), copies[i])
        )

    return from_file(0, (storage,) * appliances)


def drawn(seed: int) -> tuple[list[float], list[int], int, float]:
    """A pool with hardly more room than its files take up."""
    rng = np.random.default_rng(seed)
    appliances, n = int(rng.integers(2, 4)), int(rng.integers(2, 9))
    sizes = rng.integers(1, 12, n).astype(np.float64)
    copies = np.minimum(appliances, 1 + (rng.random(n) < 0.2))
    storage = np.ceil(float((sizes * copies).sum()) / appliances) + float(rng.integers(0, 2))
    return sizes.tolist(), copies.tolist(), appliances, max(storage, float(sizes.max()))


def test_what_can_be_arranged_is_found_and_nothing_else() -> None:
    found = [0, 0]
    for seed in range(400):
        sizes, copies, appliances, storage = drawn(seed)
        pool = Pool(sizes, [1.0] * len(sizes), appliances, storage, copies=copies)
        instance, placement, _ = pool.case()
        able = arrangeable(sizes, copies, appliances, storage)
        assert packs(instance, placement.holds).tolist() == [able], (sizes, copies, appliances, storage)
        found[able] += 1
    assert min(found) > 50, "both kinds are among them"


@pytest.mark.parametrize("seed", range(20))
def test_many_files_that_leave_no_room_at_all(seed: int) -> None:
    """Sizes in steps of 0.2 GB, cut from appliances of 342 GB: there is a way, and dealing finds it too."""
    rng = np.random.default_rng(seed)
    sizes: list[float] = []
    for _ in range(4):
        cuts = np.sort(rng.choice(np.arange(20, 1690), int(rng.integers(4, 9)), replace=False))
        sizes.extend((np.diff(np.concatenate([[0], cuts, [1710]])) * 0.2).tolist())
    pool = Pool(sizes, rng.uniform(0.1, 1.0, len(sizes)), 4, 342.0)
    instance, placement, serving = pool.case()
    assert packs(instance, placement.holds).all()
    assert split_pools(instance, placement, serving).dropped_file.size == 0


def test_a_file_larger_than_an_appliance_or_with_too_many_copies_has_no_place() -> None:
    for sizes, copies in (([11.0, 1.0], [1, 1]), ([1.0, 1.0], [3, 1])):
        instance, placement, _ = Pool(sizes, [1.0, 1.0], 2, 10.0, copies=copies).case()
        assert packs(instance, placement.holds).tolist() == [False]
        assert packs(instance, np.zeros_like(placement.holds)).tolist() == [True]
