"""Failures re-steered locally cost what the exact serving of the whole changed problem costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cdnplan.optimize.serve.serving import best_serving
from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.whatif.ask.impact import impact_of
from cdnplan.whatif.ask.sweep import failures_of
from cdnplan.whatif.base.detours import Network
from cdnplan.whatif.steer.steering import Steering
from tests.whatif.failing_networks import Case, case, exact_cost

FAR_KM = 500.0


def steering(of: Case) -> tuple[Steering, Network]:
    """A case with its best serving."""
    served = best_serving(of.instance, of.holds)
    return Steering.of(of.instance, of.holds, served), Network(of.inputs.topology, of.instance)


@pytest.mark.parametrize("seed", range(16))
def test_as_exact_as_it_says(seed: int, tmp_path: Path) -> None:
    drawn = case(seed)
    base, network = steering(drawn)
    failures = failures_of(drawn.inputs.topology, "all") + failures_of(drawn.inputs.topology, "city", FAR_KM)
    assert failures
    for failure in failures:
        if len(failure.sites) == len(drawn.inputs.topology.sites):
            continue
        impact = impact_of(base, network, failure)
        exact = exact_cost(drawn, failure, tmp_path)
        rounding = 1e-6 * abs(exact)
        assert base.cost + impact.cost_change >= exact - rounding, failure
        assert base.cost + impact.cost_change - impact.gap <= exact + rounding, failure
        assert (
            impact.gap
            <= max(
                DEFAULTS.change.steering_gap * abs(impact.cost_change),
                DEFAULTS.change.steering_gap_of_cost * base.cost,
            )
            + rounding
        )


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_nothing_serves_from_what_has_failed_and_all_demand_is_served(seed: int) -> None:
    drawn = case(seed)
    base, network = steering(drawn)
    for failure in failures_of(drawn.inputs.topology, "sites"):
        impact = impact_of(base, network, failure)
        # Where links no longer lead to an origin, distance does: that may be cheaper.
        assert impact.cost_change >= -1e-6 * base.cost or drawn.inputs.topology.links
        assert impact.delivery_change + impact.overload_change == pytest.approx(impact.cost_change)
        gone = set(network.pools(failure).tolist())
        assert not gone & {drawn.instance.pools.index(pool) for pool in impact.full}
        # What no pool can serve comes from origins, as some of it may have done before.
        from_origins = base.origin_gb.sum() + impact.origin_gb
        assert from_origins >= impact.stranded_gb - 1e-6 * drawn.instance.region_gb().sum()


def test_base_serving_is_proven_optimal() -> None:
    for seed in range(6):
        base, _ = steering(case(seed))
        assert abs(base.gain) <= 1e-6 * base.cost


def test_rounds_are_few_and_impacts_repeat() -> None:
    drawn = case(4)
    base, network = steering(drawn)
    for failure in failures_of(drawn.inputs.topology, "all"):
        first, second = (impact_of(base, network, failure) for _ in range(2))
        assert first == second
        assert np.isfinite(first.cost_change)
