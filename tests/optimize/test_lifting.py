"""Prices lifted together towards the duals of a plan's serving: valid bounds, and higher ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.engine import solve
from cdnplan.optimize.fast import fast
from cdnplan.optimize.file.bound import priced_bound
from cdnplan.optimize.price.lifting import lifted_prices
from cdnplan.optimize.problem.objective import plan_cost
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.parameters.passes import LiftParameters, PassParameters, RunParameters
from tests.instances import random_instance

FAMILIES = frozenset({"throughput", "links"})


def test_bounds_rise_towards_the_duals_of_a_plan() -> None:
    """From prices too low in all limits of Gbit/s; caps hold, storage stays, and no plan is cheaper."""
    risen = 0
    for seed in range(40):
        instance = random_instance(seed, n_regions=5, n_pools=6, n_files=20, slices=2, families=FAMILIES)
        holds = (np.random.default_rng(seed).random((6, 20)) < 0.7) & (instance.copies > 0)
        served = best_serving(instance, holds)
        cost = plan_cost(instance, holds, served.serving)
        asked: list[float] = []

        def bound(prices: Prices) -> float:
            asked.append(priced_bound(instance, prices))  # noqa: B023
            return asked[-1]  # noqa: B023

        none = Prices.zero(instance)
        prices, reached = lifted_prices(served, instance.rates.overload_cost, none, bound)
        assert reached == max(asked)
        assert reached == priced_bound(instance, prices)
        assert reached <= cost * (1 + 1e-9)
        assert len(asked) <= len(DEFAULTS.lifting.steps)
        assert (prices.rate >= 0).all()
        assert (prices.rate <= instance.rates.overload_cost[:, None]).all()
        np.testing.assert_array_equal(prices.volume, none.volume)
        risen += reached > priced_bound(instance, none) * (1 + 1e-6)
    assert risen > 10


@pytest.mark.parametrize("lifts", [DEFAULTS.lifting.times, 0], ids=["after all passes too", "midway only"])
def test_the_engine_lifts_to_bounds_below_the_optimum(lifts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on networks that are not small, and at any gap."""
    lifted: list[float] = []
    found = fast.lifted_prices

    def watched(*given: Any) -> tuple[Prices, float]:
        prices, bound = found(*given)
        lifted.append(bound)
        return prices, bound

    monkeypatch.setattr(fast, "lifted_prices", watched)
    parameters = Parameters(
        run=RunParameters(small_up_to=0),
        passes=PassParameters(going_on_gap=0.0),
        lifting=LiftParameters(times=lifts),
    )
    for seed in range(20):
        instance = random_instance(seed, n_regions=4, n_pools=4, n_files=8, slices=2, families=FAMILIES)
        optimum = solve(instance, "exact").upper
        outcome = solve(instance, "fast", parameters=parameters)
        assert outcome.lower <= optimum * (1 + 1e-9) + 1e-9, seed
        assert optimum <= outcome.upper * (1 + 1e-6) + 1e-9, seed
    assert len(lifted) > 10
