"""Prices of limits, their integral, and planning again with more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.exact.exact import solve_exact
from cdnplan.optimize.file.bound import FileSolver, priced_bound
from cdnplan.optimize.price.pricing import PriceSearch
from cdnplan.planner import plan
from cdnplan.planner.folder.limit_list import LimitList
from cdnplan.whatif.ask.limit_prices import PriceCurve, limit_prices, pools_of, with_more
from cdnplan.whatif.ask.price_check import PricesRequest, prices
from tests.instances import random_instance
from tests.limits import with_limits, with_shared
from tests.planner.plans import sample_request

SEEDS = range(4)


def priced(seed: int) -> tuple[Instance, Prices]:
    """A small instance short of storage and of throughput, and the prices of some passes."""
    drawn = random_instance(seed, n_regions=5, n_files=30, n_pools=4, families=frozenset())
    stored = (drawn.copies * drawn.size_gb).sum(axis=1)
    peak = (drawn.region_gb()[:, None] * drawn.gbps_per_gb).sum(axis=0).max()
    instance = with_limits(
        drawn, storage_gb=0.3 * stored, throughput_gbps=np.full(drawn.n_pools, 0.2 * peak, dtype=np.float64)
    )
    search = PriceSearch(instance, FileSolver.of(instance), 8)
    states = search.passes()
    state = [next(states) for _ in range(search.planned)][-1]
    return instance, state.prices


@pytest.mark.parametrize("seed", SEEDS)
def test_the_integral_is_at_most_the_price_and_at_least_what_the_next_is_worth(seed: int) -> None:
    instance, found = priced(seed)
    curve = PriceCurve(instance, found)
    listed = limit_prices(instance, found)
    assert listed, "some limit is tight"
    for limit in listed:
        more = 0.2 * limit.allowed
        forecast = curve.forecast(limit, more)
        rounding = 1e-6 * abs(curve.bound)
        assert -rounding <= forecast.integrated <= forecast.first_order + rounding
        assert 0.0 <= forecast.price_then <= limit.price
        # Never less than the fall of the best bound there is: other prices may only raise the bound.
        raised = with_more(instance, limit, more)
        assert curve.bound - priced_bound(raised, found) == pytest.approx(forecast.first_order, abs=rounding)
        assert curve.bound - forecast.integrated >= priced_bound(raised, found) - rounding


@pytest.mark.parametrize("seed", SEEDS)
def test_no_plan_with_more_saves_more_than_the_price_says(seed: int) -> None:
    instance, found = priced(seed)
    lower = PriceCurve(instance, found).bound
    for limit in limit_prices(instance, found)[:2]:
        more = 0.5 * limit.allowed
        best = solve_exact(with_more(instance, limit, more))
        assert best.upper >= lower - limit.price * more - 1e-6 * abs(lower)


@pytest.mark.parametrize("seed", SEEDS)
def test_limits_that_pools_share_have_prices_like_any(seed: int) -> None:
    instance, found = priced(seed)
    shared = with_shared(instance, [0, 1], 0.5 * float(instance.size_gb.sum()))
    prices = replace(found, volume=np.append(found.volume, 0.01))
    (limit,) = (one for one in limit_prices(shared, prices) if one.name == "shared")
    assert (limit.limit, limit.unit, limit.price) == ("fill", "TB", pytest.approx(10.0))
    members = pools_of(shared, limit)
    assert members is not None
    assert members.tolist() == [0, 1]
    curve = PriceCurve(shared, prices)
    forecast = curve.forecast(limit, limit.allowed)
    raised = with_more(shared, limit, limit.allowed)
    assert raised.volumes.capacity_gb[-1] == pytest.approx(2 * shared.volumes.capacity_gb[-1])
    assert curve.bound - priced_bound(raised, prices) == pytest.approx(forecast.first_order)
    assert 0.0 <= forecast.integrated <= forecast.first_order * (1 + 1e-9) + 1e-9


def test_more_of_a_limit_changes_nothing_else() -> None:
    instance, found = priced(0)
    limit = limit_prices(instance, found)[0]
    raised = with_more(instance, limit, 1.0)
    before, after = LimitList.of(instance), LimitList.of(raised)
    (changed,) = np.flatnonzero(before.allowed != after.allowed)
    assert (before.kinds[changed].name, before.names[changed]) == (limit.limit, limit.name)
    assert after.allowed[changed] - before.allowed[changed] == pytest.approx(before.per[changed])


@pytest.fixture(scope="module")
def belgian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a plan of two regions of the sample."""
    out = tmp_path_factory.mktemp("be") / "plan"
    plan(sample_request(out, countries=frozenset({"BE"})))
    return out


def test_checked_by_planning_again(belgian: Path) -> None:
    result = prices(PricesRequest(belgian, forecasts=2, checks=2))
    checked = [row for row in result.rows if row.check is not None]
    assert len(checked) == min(2, len(result.rows)) > 0
    for row in checked:
        assert row.forecast is not None
        assert row.check is not None
        assert row.check.least <= row.check.plan + 1e-6
        assert row.check.plan <= row.check.most + 1e-6
        assert row.check.plan > 0
        assert row.forecast.integrated > 0
    table = result.table()
    assert [row["name"] for row in table] == [row.price.name for row in result.rows]
    assert table[0]["predicted"] <= table[0]["first_order"] * (1 + 1e-6)


def test_an_increment_must_be_one(belgian: Path) -> None:
    with pytest.raises(InputError, match="increment"):
        prices(PricesRequest(belgian, more_ratio=0.0))
