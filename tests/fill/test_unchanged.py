"""Pools that keep their arrangement: told from loads, and dealt as if they had been dealt anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.fill.appliances import Kept, split_pools
from cdnplan.fill.loads import load_chunks
from cdnplan.fill.unchanged import unchanged_pools
from cdnplan.model.instance import Instance
from cdnplan.model.placement import Placement, Serving
from cdnplan.optimize.serving import best_serving
from tests.instances import random_instance


def pools_of_two(seed: int) -> tuple[Instance, Placement, Serving]:
    """Regions with few candidates each, pools of two appliances that have ample room."""
    drawn = random_instance(seed, n_regions=9, n_pools=8, n_files=20, families=frozenset({"throughput"}))
    size = float(drawn.size_gb.sum())
    instance = replace(
        drawn,
        pool_appliances=np.full(8, 2, dtype=np.int32),
        appliance_storage_gb=np.full(8, size),
        storage_gb=np.full(8, 2 * size),
        copies=np.minimum(drawn.copies, 2),
    )
    holds = (np.random.default_rng(seed).random((8, 20)) < 0.5) & (instance.copies > 0)
    return instance, Placement(holds), best_serving(instance, holds).serving


def loads(instance: Instance, placement: Placement, serving: Serving) -> np.ndarray:
    """Of every file on every pool, (n_pools, n_files, n_slices)."""
    found = np.zeros((*placement.holds.shape, instance.n_slices))
    for chunk in load_chunks(instance, placement, serving):
        pool = chunk.first_pool + np.repeat(np.arange(chunk.n_pools), np.diff(chunk.ptr))
        found[pool, chunk.file] = chunk.gbps
    return found


@pytest.mark.parametrize("seed", range(30))
def test_unchanged_pools_keep_files_loads_and_arrangement(seed: int) -> None:
    instance, before, served = pools_of_two(seed)
    holds = before.holds.copy()
    lost = np.flatnonzero(holds[seed % 8])
    holds[seed % 8, lost[:1]] = False
    after = Placement(holds)
    serving = best_serving(instance, holds).serving

    same = unchanged_pools(instance, before, served, after, serving)

    assert unchanged_pools(instance, before, served, before, served).all()
    assert same[seed % 8] == (lost.size == 0)
    np.testing.assert_array_equal(holds[same], before.holds[same])
    np.testing.assert_allclose(
        loads(instance, after, serving)[same], loads(instance, before, served)[same], rtol=1e-8, atol=1e-12
    )
    first = split_pools(instance, before, served)
    kept = split_pools(instance, after, serving, kept=Kept(first, same))
    anew = split_pools(instance, after, serving)
    for name in ("pool", "appliance", "file", "kept", "appliance_ptr", "dropped_file"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(anew, name), err_msg=name)
    for name in ("storage_gb", "peak_gbps", "imbalance_ratio", "moved_gb"):
        np.testing.assert_allclose(getattr(kept, name), getattr(anew, name), rtol=1e-7, err_msg=name)


def test_a_region_served_otherwise_changes_all_its_pools() -> None:
    changed = 0
    for seed in range(30):
        instance, placement, served = pools_of_two(seed)
        other = replace(served, ratio=served.ratio.copy())
        split = np.flatnonzero(other.ratio > 0.5)
        if split.size == 0:
            continue
        other.ratio[split[0]] *= 0.9
        row = int(np.searchsorted(served.share_ptr, split[0], side="right")) - 1
        region = int(np.searchsorted(served.ptr, row, side="right")) - 1
        pools = instance.cand_pool[instance.cand_ptr[region] : instance.cand_ptr[region + 1]]
        same = unchanged_pools(instance, placement, served, placement, other)
        assert not same[pools].any()
        changed += bool(same.any())
    assert changed > 0, "somewhere other pools keep what they have"
