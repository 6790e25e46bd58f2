"""Pools of few, large files that fill their appliances: only sets of files can change places."""

from __future__ import annotations

import itertools

import numpy as np

from cdnplan.fill.deal.appliances import split_pools
from tests.fill.pools import Pool, check


def full_pool(seed: int, files: int = 14) -> Pool:
    """Two appliances that the files fill to 0.3%."""
    rng = np.random.default_rng([seed, 41])
    size = rng.lognormal(3.5, 0.8, files).round(1)
    half = float(min(abs(2 * sums - size.sum()) for sums in sums_of(size)) + size.sum()) / 2
    gbps = rng.lognormal(0, 1, files).astype(np.float32).astype(np.float64)
    return Pool(size, gbps, 2, storage_gb=half * 1.003)


def sums_of(values: np.ndarray) -> np.ndarray:
    """Sum of every subset."""
    return np.array(list(itertools.product((0, 1), repeat=values.size))) @ values


def least_uneven(pool: Pool) -> float:
    """Load of the busier appliance over the mean, in the best of all arrangements that fit."""
    size, gbps = np.asarray(pool.size_gb), np.asarray(pool.gbps)
    on_first, load = sums_of(size), sums_of(gbps)
    fits = (on_first <= pool.storage_gb) & (size.sum() - on_first <= pool.storage_gb)
    high = np.maximum(load, gbps.sum() - load)[fits]
    return float(high.min() / (gbps.sum() / 2))


def test_pools_of_few_files_are_nearly_as_even_as_can_be() -> None:
    found, best = [], []
    for seed in range(40):
        pool = full_pool(seed)
        instance, placement, serving = pool.case()
        assignment = split_pools(instance, placement, serving)
        check(instance, placement, assignment, np.asarray(pool.gbps)[:, None])
        assert assignment.dropped_file.size == 0
        found.append(1.0 + assignment.imbalance_ratio[0])
        best.append(least_uneven(pool))
    far = np.array(found) / np.maximum(1.01, best)
    assert np.median(far) <= 1.01
    assert np.mean(far <= 1.05) >= 0.9, np.sort(far)
