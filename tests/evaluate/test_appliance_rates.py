"""What single appliances have to serve, counted by hand: in every slice, and all of them together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from cdnplan.evaluate.count.appliance_rates import appliance_rates
from cdnplan.evaluate.count.assignment import Assignment, Fleet
from cdnplan.evaluate.count.rate_program import overloaded_together
from cdnplan.model.instance.instance import Instance
from tests.instances import random_instance
from tests.limits import with_limits

FILES = 2


def network(pools: Sequence[int], rates: Sequence[Sequence[float]], asked: Sequence[float]) -> Instance:
    """Regions that ask the same of two files, and pools of so many appliances that all may serve them."""
    n_regions, n_pools = len(rates), len(pools)
    base = random_instance(
        0, n_regions=n_regions, n_files=FILES, n_pools=n_pools, slices=len(rates[0]), families=frozenset()
    )
    return with_limits(
        base,
        region_row=np.zeros(n_regions, dtype=np.int32),
        region_share=np.ones(n_regions),
        demand_ptr=np.array([0, FILES]),
        demand_file=np.arange(FILES, dtype=np.int32),
        demand_gb=np.array(asked, dtype=np.float32),
        gbps_per_gb=np.array(rates, dtype=np.float64),
        cand_ptr=np.arange(n_regions + 1, dtype=np.int64) * n_pools,
        cand_pool=np.tile(np.arange(n_pools, dtype=np.int32), n_regions),
        cand_cost=np.tile(np.arange(n_pools, dtype=np.float64), n_regions),
        copies=np.ones((n_pools, FILES), dtype=np.uint8),
        pool_appliances=np.array(pools, dtype=np.int32),
    )


def placed(instance: Instance, copies: Sequence[tuple[int, int]]) -> Assignment:
    """Files on appliances, counted over all pools."""
    appliance, file = (np.array(part, dtype=np.int64) for part in zip(*copies, strict=True))
    return Assignment(Fleet.of(instance), appliance, file, np.zeros(appliance.size, dtype=np.bool_))


def above(assignment: Assignment, served: Sequence[float], allowed: Sequence[float]) -> dict[int, float]:
    rates = appliance_rates(assignment, np.array(served))
    return overloaded_together(assignment, rates, np.array(allowed))


def test_each_slice_has_its_own_loads() -> None:
    # Region 0 watches in slice 0, region 1 in slice 1, and asks the pool for file 1 only.
    instance = network([2], [[1.0, 0.0], [0.0, 1.0]], [60.0, 88.0])
    instance = dataclasses.replace(instance, region_row=np.array([0, 1], dtype=np.int32))
    instance = dataclasses.replace(
        instance,
        demand_ptr=np.array([0, 2, 3]),
        demand_file=np.array([0, 1, 1], dtype=np.int32),
        demand_gb=np.array([70.0, 70.0, 88.0], dtype=np.float32),
    )
    rates = appliance_rates(placed(instance, [(0, 0), (1, 1)]), np.array([140.0, 88.0]))
    assert rates.open == ()
    assert rates.least == pytest.approx(np.array([[70.0, 0.0], [70.0, 88.0]]))
    assert rates.most == pytest.approx(rates.least)


def test_two_files_of_70_on_two_appliances_of_50() -> None:
    # Pool 0 serves 100 of 140 from two appliances. Pool 1 serves 40 of file 0 and leaves 30 of it to pool 0,
    # so the appliance with file 1 has to serve all 70 of it. Each of them alone could serve 50.
    instance = network([2, 1], [[1.0]], [70.0, 70.0])
    assignment = placed(instance, [(0, 0), (1, 1), (2, 0)])
    rates = appliance_rates(assignment, np.array([100.0, 40.0]))
    assert rates.least[:2, 0] == pytest.approx([30.0, 30.0])
    assert rates.most[:2, 0] == pytest.approx([70.0, 70.0])
    assert above(assignment, [100.0, 40.0], [50.0, 50.0, 40.0]) == {0: pytest.approx(20.0, rel=1e-4)}
    assert above(assignment, [100.0, 40.0], [30.0, 70.0, 40.0]) == {}
    # Where the origin serves the 40, the two share the rest as they like.
    assert above(assignment, [100.0, 0.0], [50.0, 50.0, 0.0]) == {}
    assert above(assignment, [100.0, 0.0], [45.0, 50.0, 0.0]) == {0: pytest.approx(2.5, rel=1e-4)}


def test_peaks_of_two_pools_ask_for_the_same_gb() -> None:
    instance = network([2, 2], [[1.0]], [70.0, 70.0])
    assignment = placed(instance, [(0, 0), (1, 1), (2, 0), (3, 1)])
    served = [70.0, 70.0]
    assert above(assignment, served, [50.0, 20.0, 20.0, 50.0]) == {}
    (found,) = [sum(above(assignment, served, [50.0, 20.0, 50.0, 20.0]).values())]
    assert found == pytest.approx(30.0, rel=1e-4)


def test_one_way_to_serve_for_all_slices() -> None:
    # Both slices alone could be carried by 40 and 60, or by 60 and 40; the files served are the same in both.
    instance = network([2], [[1.0, 0.0], [1.0, 1.0]], [100.0, 100.0])
    assignment = placed(instance, [(0, 0), (1, 1)])
    assert above(assignment, [100.0, 0.0], [40.0, 60.0]) == {}
    assert above(assignment, [100.0, 100.0], [110.0, 90.0]) == {}
    assert 0 in above(assignment, [100.0, 100.0], [90.0, 90.0])


@pytest.mark.parametrize("seed", range(40))
def test_loads_that_some_serving_has_are_let_pass(seed: int) -> None:
    """A random serving of files, and the peaks that follow from it: nothing is refused, less is."""
    rng = np.random.default_rng(seed)
    n_pools, n_regions, n_slices = 3, 3, int(rng.integers(1, 4))
    pools = rng.integers(1, 4, n_pools)
    instance = network(pools.tolist(), rng.uniform(0.1, 1.0, (n_regions, n_slices)).tolist(), [50.0, 90.0])
    ptr = np.concatenate([[0], np.cumsum(pools)])
    copies = sorted((int(ptr[p] + rng.integers(pools[p])), f) for p in range(n_pools) for f in range(FILES))
    assignment = placed(instance, copies)
    part = rng.dirichlet(np.ones(n_pools + 1), (n_regions, FILES))[:, :, :n_pools]
    if seed % 2:
        part = np.round(part)
    gb = part * np.array([50.0, 90.0])[None, :, None]
    load = np.zeros((int(ptr[-1]), n_slices))
    for a, f in copies:
        p = int(np.searchsorted(ptr, a, side="right")) - 1
        load[a] += gb[:, f, p] @ instance.gbps_per_gb
    served = gb.sum(axis=1).ravel()
    rates = appliance_rates(assignment, served)
    assert (load >= rates.least - 1e-6).all()
    assert (load <= rates.most + 1e-6).all()
    peaks = load.max(axis=1)
    assert overloaded_together(assignment, rates, peaks) == {}
    busy = int(peaks.argmax())
    owner = int(np.searchsorted(ptr, busy, side="right")) - 1
    mine = slice(int(ptr[owner]), int(ptr[owner + 1]))
    less = peaks.copy()
    less[mine] *= 0.9
    if pools[owner] > 1 and rates.most[busy].max() > rates.known[busy].max() + 1e-6 and n_slices == 1:
        assert overloaded_together(assignment, rates, less)
