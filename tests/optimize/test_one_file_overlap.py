"""Bounds that see where pools serve the same regions, against all sets there are."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.optimize.one_file import one_file_overlap_kernels
from cdnplan.optimize.one_file.one_file_bound_kernels import ByPool
from cdnplan.optimize.one_file.one_file_overlap_kernels import (
    COUNT,
    NEAREST,
    overlap_bound,
    room_for_overlaps,
)


@pytest.mark.parametrize(("count_most", "nearest"), [(COUNT, NEAREST), (3, 5), (2, 4), (5, 5)])
def test_no_set_costs_less_and_barred_pools_are_in_none_below_the_goal(
    count_most: int, nearest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fewer pools near, or in a set, than there are: so that larger sets and far pools count, too."""
    monkeypatch.setattr(one_file_overlap_kernels, "COUNT", count_most)
    monkeypatch.setattr(one_file_overlap_kernels, "NEAREST", nearest)
    pools, regions, barred_pools, better = 11, 30, 0, 0
    numbers = (np.arange(1, 2**pools)[:, None] >> np.arange(pools)) & 1 == 1
    for seed in range(60):
        rng = np.random.default_rng(seed)
        dear = (5.0, 40.0, 100.0)[seed % 3]
        level, opening = rng.uniform(10, 30, (pools, regions)), dear * rng.uniform(0.5, 1.5, pools)
        u, free = np.quantile(level, rng.uniform(0.1, 0.6), axis=0), np.flatnonzero(rng.random(pools) < 0.9)
        sets = numbers[~numbers[:, np.setdiff1d(np.arange(pools), free)].any(axis=1)]
        # What is there in any case serves at u.
        served = np.minimum(u, np.where(sets[:, :, None], level, np.inf).min(axis=1))
        cost = served.sum(axis=1) + (sets * opening).sum(axis=1)
        pool, region = np.nonzero(level < u)
        ptr = np.concatenate([[0], np.cumsum(np.bincount(pool, minlength=pools))])
        goal = float(np.quantile(cost, 0.002))
        by_pool = ByPool(ptr, region.astype(np.uint32), level[pool, region])
        room = room_for_overlaps(regions, pools, pool.size)
        bound, count = overlap_bound(free, by_pool, opening, float(u.sum()), goal, u, room)
        least = min(float(u.sum()), float(cost.min()))
        assert bound <= least + 1e-9
        assert 0 <= count <= free.size
        assert not sets[cost < goal - 1e-9][:, room.barred].any()
        barred_pools += int(room.barred[free].sum())
        priced = u.sum() + np.minimum(0.0, opening - np.maximum(0.0, u - level).sum(axis=1))[free].sum()
        assert bound >= priced - 1e-9
        better += bound > priced + 1e-6
    assert barred_pools > 20
    assert better > 20
