"""One file that no limit concerns: when that is so, and that it is placed at least cost."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.one_file.one_file_run import unlimited
from cdnplan.optimize.problem.outcome import Stop
from cdnplan.parameters.parameters import Parameters
from cdnplan.parameters.passes import RunParameters
from cdnplan.parameters.wide_gaps import RelaxationParameters
from tests.instances import random_instance
from tests.limits import with_limits
from tests.optimize.test_one_file import one_file
from tests.oracle.brute_force import brute_force


def ample(seed: int) -> Instance:
    """Pins, bans, copies and holdings, and throughput for all there is."""
    instance = one_file(seed)
    instance = with_limits(
        instance,
        throughput_gbps=np.full_like(instance.throughput_gbps, 1e9),
        appliance_throughput_gbps=np.full_like(instance.appliance_throughput_gbps, 1e9),
    )
    return with_limits(instance, links=())


def test_a_limit_that_serving_could_reach_is_seen() -> None:
    instance = ample(3)
    assert unlimited(instance)
    file_gb = np.zeros(instance.demand_ptr.size - 1)
    file_gb[np.diff(instance.demand_ptr) > 0] = instance.demand_gb
    gb = instance.region_share * file_gb[instance.region_row]
    peak = float((gb @ instance.gbps_per_gb).max())
    enough = np.full(instance.n_pools, peak)
    assert unlimited(with_limits(instance, throughput_gbps=enough))
    enough[1] *= 0.99
    assert not unlimited(with_limits(instance, throughput_gbps=enough))
    assert not unlimited(random_instance(3, n_files=2))
    with_links = next(one for one in map(one_file, range(40)) if one.n_links)
    assert not unlimited(with_limits(with_links, throughput_gbps=np.full(with_links.n_pools, 1e9)))


def test_it_is_placed_at_least_cost_and_that_is_proven() -> None:
    for seed in range(30):
        instance = ample(seed)
        optimum = brute_force(instance)
        assert optimum is not None
        outcome = solve_fast(instance, stop=Stop(gap_ratio=0.0))
        assert outcome.upper == pytest.approx(optimum, rel=1e-7)
        assert outcome.lower == pytest.approx(optimum, rel=1e-6)
        assert outcome.lower <= optimum * (1 + 1e-9)
        assert outcome.placement.holds[instance.pinned].all()


def test_its_own_search_follows_passes_by_relaxations_too() -> None:
    wide = Parameters(run=RunParameters(small_up_to=0), relaxation=RelaxationParameters(from_gap=1e-9))
    both = 0
    for seed in range(40):
        instance = one_file(seed)
        if not unlimited(instance):
            steps = [step.name for step in solve_fast(instance, parameters=wide).steps]
            both += "relaxations" in steps and "one file" in steps
    assert both > 0
