"""The judge and the exact engine, which share no code, agree on plans the engine makes."""

from __future__ import annotations

import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.evaluate.proof.bound import dual_bound
from cdnplan.evaluate.verdict.verdict import evaluate
from cdnplan.optimize.exact.exact import solve_exact
from cdnplan.optimize.file.bound import priced_bound
from cdnplan.optimize.problem.objective import ideal_cost
from tests.evaluate.prices import random_prices
from tests.instances import random_instance


def test_on_plans_of_the_exact_engine() -> None:
    judged = 0
    for seed in range(24):
        size = {} if seed % 2 else {"n_regions": 5, "n_files": 8, "n_pools": 4, "slices": 4}
        instance = random_instance(seed, **size)
        try:
            plan = solve_exact(instance)
        except NoFeasiblePlanError:
            continue
        served, origin = plan.serving.candidate_gb(instance), plan.serving.origin_gb(instance)
        verdict = evaluate(instance, plan.placement, served, origin, plan.prices)
        assert verdict.violations == (), seed
        assert verdict.cost.total == pytest.approx(plan.upper, rel=1e-9, abs=1e-9)
        assert verdict.ideal == pytest.approx(ideal_cost(instance), rel=1e-12, abs=1e-12)
        assert verdict.bound is not None
        assert verdict.bound <= plan.upper + 1e-9 * max(1.0, abs(plan.upper))
        assert verdict.bound >= plan.lower_priced - 1e-7 * max(1.0, abs(plan.upper))
        judged += 1
    assert judged > 18


def test_on_the_bound_of_any_prices() -> None:
    """Up to the search, which only the judge does. Where two levels are equal but for the last bit, one may
    rise before the other: rarely."""
    cases, differ = 0, 0
    for seed in range(60):
        instance = random_instance(seed, n_regions=6, n_files=6, n_pools=5)
        for scale in (0.0, 0.05, 0.5, 5.0):
            prices = random_prices(instance, seed, scale)
            found = dual_bound(instance, prices, nodes=0)
            differ += found != pytest.approx(priced_bound(instance, prices), rel=1e-7, abs=1e-7)
            cases += 1
    assert cases == 240
    assert differ <= 4
