"""Launches that stay where they are, and serving from copies that stay where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from cdnplan.fill.deal.appliances import split_pools
from cdnplan.fill.loads.copies import Copies
from cdnplan.planner.decide.staying import launches_stay
from cdnplan.planner.inputs.load import load
from cdnplan.planner.relieve.changed import Changed
from cdnplan.planner.relieve.spreading import serve_changed
from tests.fill.pools import Pool
from tests.planner.plans import write_small_network


def copies(*rows: tuple[int, int, float]) -> Copies:
    """(Appliance, file, value)."""
    appliance, file = (np.array([row[n] for row in rows], dtype=np.int64) for n in (0, 1))
    return Copies(appliance, file, np.array([row[2] for row in rows]), np.ones(len(rows), dtype=np.bool_))


def test_a_launch_stays_where_it_saves_most_if_its_rule_lacks_pools(tmp_path: Path) -> None:
    instance = load(write_small_network(tmp_path / "n")).instance
    pool = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    launch = int(instance.launch_file[0])
    first = {name: int(np.searchsorted(pool, p)) for p, name in enumerate(instance.pools)}
    kpn, telenet, bnix = (first[f"{site}/storage-2u"] for site in ("kpn", "telenet", "bnix"))
    kept, leaving = copies((bnix, launch, 1.0)), copies((kpn, launch, 2.0), (telenet, launch, 3.0))
    found = launches_stay(instance, pool, kept, Copies.none(), leaving)
    assert found.pairs == ((instance.pools.index("telenet/storage-2u"), launch),)
    assert sorted(found.kept.appliance.tolist()) == sorted([bnix, telenet])
    assert found.leaving.appliance.tolist() == [kpn]
    # Where a second pool is to fetch it, its rule is kept without.
    coming = copies((kpn, launch, 1.0))
    found = launches_stay(instance, pool, kept, coming, copies((telenet, launch, 3.0)))
    assert found.pairs == ()
    assert found.leaving.size == 1


def test_no_appliance_serves_more_than_it_can() -> None:
    """All copies are on the first of two appliances: the pool gives what that one can."""
    rng = np.random.default_rng(4)
    gbps = rng.uniform(0.5, 1.5, 40)
    pool = Pool(np.full(40, 1.0), gbps * 1.6 / gbps.sum(), 2, storage_gb=50.0, throughput_gbps=1.0)
    instance, placement, serving = pool.case()
    even = split_pools(instance, placement, serving)
    crowded = replace(even, appliance=np.ones_like(even.appliance))
    spread = serve_changed(Changed(instance, placement, crowded, placement, serving))
    limit = float(instance.appliance_throughput_gbps[0])
    assert spread.peak_gbps[0] <= limit * (1 + 1e-9)
    assert spread.peak_gbps[0] > 0.9 * limit
    total = spread.serving.candidate_gb(instance).sum() + spread.serving.origin_gb(instance).sum()
    np.testing.assert_allclose(total, instance.region_gb().sum())
    untouched = serve_changed(Changed(instance, placement, even, placement, serving))
    np.testing.assert_allclose(
        untouched.serving.candidate_gb(instance).sum(), serving.candidate_gb(instance).sum()
    )
