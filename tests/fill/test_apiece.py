"""A network whose pools are taken to pieces says of appliances what it said of pools."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.fill.deal.apiece import taken_apiece
from cdnplan.fill.deal.appliances import split_pools
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.plan.placement import Placement, Prices
from cdnplan.optimize.problem.objective import new_gb, plan_cost, stored_gb
from cdnplan.optimize.serve.serving import best_serving
from tests.instances import check_instance, random_instance
from tests.limits import with_limits, with_shared


@pytest.mark.parametrize("seed", range(30))
def test_an_assignment_is_a_plan_of_the_pieces(seed: int) -> None:
    rng = np.random.default_rng([seed, 51])
    families = frozenset({"throughput", "copies", "links", "churn"} if seed % 2 else {"links", "pins"})
    instance = random_instance(seed, n_regions=4, n_pools=5, n_files=20, families=families)
    holds = ((rng.random((5, 20)) < 0.6) | instance.pinned) & (instance.copies > 0)
    assignment = split_pools(instance, Placement(holds), best_serving(instance, holds).serving)
    holds[assignment.dropped_pool, assignment.dropped_file] = False
    fleet = [(p, a + 1) for p in range(5) for a in range(int(instance.pool_appliances[p]))]
    had = rng.random((len(fleet), 20)) < 0.3
    rows = np.argwhere(had)
    pool, appliance = np.array([fleet[a] for a in rows[:, 0]], dtype=np.int32).reshape(-1, 2).T
    before = Holdings(instance.pools, instance.files, pool, appliance, rows[:, 1].astype(np.int32))
    apiece = taken_apiece(instance, assignment, before, instance.pinned)

    pieces = apiece.instance
    check_instance(pieces)
    np.testing.assert_array_equal(apiece.together(apiece.holds), holds)
    np.testing.assert_allclose(stored_gb(pieces, apiece.holds), assignment.storage_gb, atol=1e-9)
    np.testing.assert_allclose(new_gb(pieces, apiece.holds), (apiece.holds & ~had) @ instance.size_gb)
    assert (pieces.pinned <= apiece.holds).all()
    several = np.repeat(instance.copies > 1, instance.pool_appliances, axis=0)
    np.testing.assert_array_equal((pieces.copies > 0)[several], apiece.holds[several])
    start = apiece.start(apiece.holds)
    found = sorted(zip(start.pool.tolist(), start.appliance.tolist(), start.file.tolist(), strict=True))
    wanted = zip(assignment.pool, assignment.appliance, assignment.file, strict=True)
    assert found == [(int(p), int(a), int(f)) for p, a, f in wanted]
    # Where nothing is scarce, every request costs the same in both.
    costs = []
    for network, held in ((instance, holds), (pieces, apiece.holds)):
        ample = np.full(network.n_pools, 1e9)
        free = np.zeros(network.n_pools)
        roomy = with_limits(network, throughput_gbps=ample, appliance_throughput_gbps=ample, fill_cost=free)
        costs.append(plan_cost(roomy, held, best_serving(roomy, held).serving))
    assert costs[1] == pytest.approx(costs[0], rel=1e-6)
    finite = np.isfinite(instance.new_limit_gb)
    together = np.bincount(apiece.pool, pieces.new_limit_gb)
    np.testing.assert_allclose(together[finite], instance.new_limit_gb[finite])


def test_appliances_keep_the_limits_of_their_pools_and_what_these_share() -> None:
    drawn = random_instance(3, n_regions=2, n_pools=3, n_files=8, families=frozenset({"links"}))
    instance = with_shared(
        with_limits(
            drawn,
            pool_appliances=np.array([2, 1, 2], dtype=np.int32),
            fill_limit_gb=np.array([8.0, 5.0, 6.0]),
            churn_limit_gb=np.array([9.0, 4.0, 3.0]),
            appliance_window_gb=np.array([4.0, 5.0, 3.0]),
            held=np.zeros((3, 8), dtype=np.uint8),
        ),
        [0, 2],
        7.0,
    )
    holds = (np.random.default_rng(3).random((3, 8)) < 0.5) & (instance.copies > 0)
    assignment = split_pools(instance, Placement(holds), best_serving(instance, holds).serving)
    apiece = taken_apiece(instance, assignment, None, instance.pinned)
    pieces, fresh = apiece.instance, apiece.holds @ instance.size_gb
    check_instance(pieces)
    assert apiece.pool.tolist() == [0, 0, 1, 2, 2]
    assert pieces.new_limit_gb[:3].tolist() == [4.0, 4.0, 4.0], "a window each, a churn limit as it is"
    np.testing.assert_allclose(pieces.new_limit_gb[3:], 3.0 * fresh[3:] / fresh[3:].sum())
    assert pieces.volumes.pools_of(10).tolist() == [0, 1, 3, 4]
    assert (pieces.volumes.names[10], pieces.volumes.capacity_gb[10]) == ("shared", 7.0)
    assert [pieces.sites[s] for s in pieces.pool_site] == ["s0", "s0", "s1", "s2", "s2"]
    assert (
        pieces.throughput_gbps.tolist() == (instance.throughput_gbps[apiece.pool] / [2, 2, 1, 2, 2]).tolist()
    )
    one = Prices.zero(instance)
    one.volume[:], one.rate[:] = np.arange(7.0), np.arange(instance.rates.n_rows)[:, None]
    prices = apiece.prices(one)
    assert prices.volume.tolist() == [0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 5.0, 5.0, 6.0]
    assert prices.rate[:, 0].tolist() == [0, 0, 1, 2, 2, *range(3, instance.rates.n_rows)]
