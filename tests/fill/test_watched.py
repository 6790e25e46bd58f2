"""Parts of rows that appliances serve add up to the loads of appliances, however files are told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.fill.deal.appliances import split_pools
from cdnplan.fill.deal.watched import watched_appliances
from cdnplan.fill.loads.loads import appliance_gbps
from cdnplan.fill.night.carried import carried_serving
from cdnplan.lanes import lanes
from cdnplan.model.plan.apart import Apart
from cdnplan.model.plan.placement import Placement
from tests.fill.pools import served
from tests.instances import random_instance


@pytest.mark.parametrize("grouped", [False, True])
def test_parts_add_up_to_the_loads_of_appliances(grouped: bool) -> None:
    seen = 0
    for seed in range(30):
        rng = np.random.default_rng([seed, 41])
        instance = random_instance(
            seed, n_regions=4, n_pools=5, n_files=20, slices=2, families=frozenset({"copies", "throughput"})
        )
        # Any number of copies may be asked for; pools of several appliances are the point.
        appliances = rng.integers(1, 6, 5).astype(np.int32)
        instance = replace(
            instance,
            pool_appliances=appliances,
            copies=np.minimum(instance.copies, appliances[:, None]).astype(np.uint8),
            appliance_storage_gb=np.full(5, 1e9),
        )
        placement = Placement((rng.random((5, 20)) < 0.7) & (instance.copies > 0))
        serving = served(instance, placement, rng, split=True)
        assignment = split_pools(instance, placement, serving)
        which = rng.random(int(appliances.sum())) < 0.6
        if grouped:
            told = rng.permutation(5)[:2]
            apart = Apart(np.sort(told), placement.holds[np.sort(told)] & (rng.random((2, 20)) < 0.5))
            serving = carried_serving(instance, placement, serving, placement, apart)
        rows = (assignment.pool, assignment.appliance, assignment.file)
        peak = appliance_gbps(instance, placement, serving, *rows).max(axis=1)
        with lanes(1 + seed % 2):
            found = watched_appliances(instance, placement, serving, assignment, which)
        ratio = dict(
            zip(
                zip(serving.share_row().tolist(), serving.share_entry(instance).tolist(), strict=True),
                serving.ratio.tolist(),
                strict=True,
            )
        )
        region = np.repeat(np.arange(instance.n_regions), np.diff(serving.ptr))
        loads = np.zeros((int(which.sum()), instance.n_slices))
        for row, entry, a, part in zip(found.row, found.entry, found.appliance, found.part, strict=True):
            gb = serving.gb[row] * ratio.get((int(row), int(entry)), 0.0) * part
            loads[a] += gb * instance.gbps_per_gb[region[row]]
        np.testing.assert_allclose(loads.max(axis=1, initial=0.0), peak[which], rtol=1e-6, atol=1e-9)
        own = np.repeat(np.arange(5), appliances)
        np.testing.assert_array_equal(found.capacity_gbps, instance.appliance_throughput_gbps[own[which]])
        key = found.row * instance.cand_pool.size + found.entry
        assert (np.diff(key) >= 0).all()
        seen += int((loads > 0).sum())
    assert seen > 100
