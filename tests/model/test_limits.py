"""Storage, throughput, fill and churn of pools; copies asked for by load; what is held already."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.model.holdings import Holdings
from cdnplan.model.instance import Instance
from cdnplan.model.policy import Ban, CopyRule, Costs, Files, Places, Reserves
from cdnplan.model.topology import ApplianceGroup, FillWindow, Site, Topology
from cdnplan.units import gb_moved
from tests.model.networks import FILES, build, catalog, copies_of, holdings, network, region, site

WEEK_GB_PER_GBPS = 7 * 86400 / 8
"""GB a week at a steady 1 Gbit/s."""


def limits(found: Instance, pool: str) -> dict[str, float]:
    """Limits of one pool."""
    p = found.pools.index(pool)
    names = ("storage_gb", "throughput_gbps", "fill_limit_gb", "churn_limit_gb", "fill_cost")
    names += ("pool_appliances", "appliance_storage_gb", "appliance_throughput_gbps")
    return {name: float(getattr(found, name)[p]) for name in names}


def test_limits_are_those_of_all_appliances_less_the_reserves() -> None:
    places = (
        site("s", groups={"big": 3, "small": 1}, fill_window=FillWindow("01:00", 8.0)),
        site("t", groups={"small": 2}),
    )
    reserves = Reserves(storage_ratio=0.1, throughput_ratio=0.2, fill_ratio=0.25, imbalance_ratio=0.05)
    found = build(network(places, (region("r", "s"),), reserves=reserves, cold_start="limited"))
    assert found.pools == ("s/big", "s/small", "t/small")
    big = limits(found, "s/big")
    assert big["storage_gb"] == pytest.approx(3 * 10_000 * 0.9)
    assert big["throughput_gbps"] == pytest.approx(3 * 100 * 0.8 * 0.95)
    assert big["fill_limit_gb"] == pytest.approx(3 * gb_moved(1.0, 8.0) * 0.75)
    assert big["pool_appliances"] == 3
    assert big["appliance_storage_gb"] == pytest.approx(10_000 * 0.9)
    assert big["appliance_throughput_gbps"] == pytest.approx(100 * 0.8)
    alone = limits(found, "s/small")
    assert alone["throughput_gbps"] == pytest.approx(40 * 0.8), "one appliance has nothing to balance"
    assert limits(found, "t/small")["fill_limit_gb"] == pytest.approx(2 * gb_moved(0.5, 12.0) * 0.75)


def test_groups_of_one_model_are_one_pool() -> None:
    groups = (ApplianceGroup("small", 2), ApplianceGroup("big", 1), ApplianceGroup("small", 3))
    found = build(network((Site("s", "ixp", (52.0, 5.0), groups),), (region("r", "s"),)))
    assert found.pools == ("s/big", "s/small")
    assert limits(found, "s/small")["pool_appliances"] == 5
    assert limits(found, "s/small")["storage_gb"] == pytest.approx(5000.0)


def one_pool(count: int, **policy: object) -> Topology:
    """A region in front of a pool of `count` small appliances, 40 Gbit/s each."""
    return network((site("s", groups={"small": count}),), (region("r", "s"),), **policy)


ONE_COPY_GB = 0.5 * 40 * WEEK_GB_PER_GBPS
"""GB a week that one copy on a small appliance may be asked for."""


@pytest.mark.parametrize(
    ("load", "appliances", "copies"),
    [(0.99, 4, 1), (1.01, 4, 2), (2.5, 4, 3), (25.0, 4, 4), (25.0, 1, 1)],
)
def test_a_file_that_could_fill_an_appliance_needs_more_copies(
    load: float, appliances: int, copies: int
) -> None:
    found = build(one_pool(appliances), {"r": {"a": load * ONE_COPY_GB, "b": 1.0}})
    assert copies_of(found, "s/small") == {"a": copies, "b": 1, "c": 1}


@pytest.mark.parametrize(("ratio", "copies"), [(1.0, 1), (0.5, 2), (0.1, 4), (None, 1)])
def test_the_policy_says_how_much_load_asks_for_a_copy(ratio: float | None, copies: int) -> None:
    found = build(one_pool(4, copy_load_ratio=ratio), {"r": {"a": 1.9 * ONE_COPY_GB, "b": 1.0}})
    assert copies_of(found, "s/small") == {"a": copies, "b": 1, "c": 1}


def test_a_load_of_just_the_share_asks_for_no_further_copy_whatever_rounding_makes_of_it() -> None:
    for appliances in range(2, 9):
        for copies in range(1, appliances):
            asked = {"r": {"a": np.nextafter(copies * ONE_COPY_GB, np.inf), "b": 1.0}}
            found = build(one_pool(appliances), asked)
            assert copies_of(found, "s/small")["a"] == copies


def test_without_that_policy_rules_still_ask_for_copies() -> None:
    rule = CopyRule(Files(file="b"), Places(), copies=3)
    found = build(one_pool(4, copy_load_ratio=None, copies=(rule,)), {"r": {"a": 9 * ONE_COPY_GB, "b": 1.0}})
    assert copies_of(found, "s/small") == {"a": 1, "b": 3, "c": 1}


def test_load_of_all_regions_that_may_use_a_pool_counts_and_of_no_other() -> None:
    places = (site("s", groups={"small": 4}), site("t", groups={"small": 4}, at=(10.0, 5.0)))
    regions = (
        region("one", "s", "t", share=0.25, row="row"),
        region("two", "t", "s", share=0.25, row="row"),
        region("away", "t", share=0.5, at=(10.0, 5.0), row="row"),
    )
    whole = network(places, regions, costs=Costs(per_gb_per_1000km=0.01))
    found = build(whole, {"row": {"a": 3.8 * ONE_COPY_GB}})
    assert copies_of(found, "s/small")["a"] == 2
    assert copies_of(found, "t/small")["a"] == 4


def test_load_does_not_lift_a_ban() -> None:
    found = build(
        one_pool(4, bans=(Ban(Files(file="a"), Places()),)), {"r": {"a": 3 * ONE_COPY_GB, "b": 1.0}}
    )
    assert copies_of(found, "s/small") == {"a": 0, "b": 1, "c": 1}


def test_copies_already_there_are_counted_by_pool_and_file() -> None:
    held = holdings(
        [
            ("s/small", 1, "a"),
            ("s/small", 2, "a"),
            ("s/small", 2, "b"),
            ("gone/small", 1, "a"),
            ("s/big", 1, "a"),
            ("s/small", 1, "expired"),
        ]
    )
    found = build(one_pool(3), held=held)
    assert found.held.tolist() == [[2, 1, 0]]


def test_copies_on_appliances_that_were_taken_away_are_not_there() -> None:
    held = holdings([("s/small", 1, "a"), ("s/small", 3, "a"), ("s/small", 3, "b")])
    assert build(one_pool(3), held=held).held.tolist() == [[2, 1, 0]]
    assert build(one_pool(2), held=held).held.tolist() == [[1, 0, 0]]


def test_a_free_cold_start_counts_no_filling() -> None:
    found = limits(build(one_pool(2, churn_ratio=0.1, cold_start="free")), "s/small")
    assert (found["fill_limit_gb"], found["churn_limit_gb"], found["fill_cost"]) == (np.inf, np.inf, 0.0)


@pytest.mark.parametrize("previous", [True, False])
def test_a_limited_cold_start_and_later_nights_count_it(previous: bool) -> None:
    start = "free" if previous else "limited"
    whole = one_pool(2, churn_ratio=0.1, cold_start=start, costs=Costs(fill_per_gb=0.7))
    found = limits(build(whole, held=holdings([("s/small", 1, "a")]) if previous else None), "s/small")
    assert found["fill_limit_gb"] == pytest.approx(2 * gb_moved(0.5, 12.0))
    assert found["churn_limit_gb"] == pytest.approx(0.1 * 2000)
    assert found["fill_cost"] == 0.7


def test_without_a_churn_ratio_there_is_no_churn_limit() -> None:
    assert limits(build(one_pool(1, cold_start="limited")), "s/small")["churn_limit_gb"] == np.inf


def test_regions_share_rows_of_demand_and_some_have_none() -> None:
    regions = (
        region("x", "s", row="NL", share=0.25),
        region("y", "s", row="NL", share=0.5),
        region("silent", "s"),
    )
    found = build(network((site("s"),), regions), {"NL": {"a": 8.0, "c": 4.0}})
    assert found.regions == ("silent", "x", "y")
    assert found.region_gb().tolist() == [0.0, 3.0, 6.0]


def test_inputs_are_left_as_they_were() -> None:
    files = catalog({"a": 10.0, "b": 20.0})
    before = files.size_gb.copy()
    found = build(one_pool(2), {"r": {"a": 5.0}}, files)
    assert np.array_equal(files.size_gb, before)
    assert found.files == ("a", "b")
    assert FILES.files == ("a", "b", "c")


WINDOW_GB = gb_moved(0.5, 1.0)
"""What a small appliance can fetch in an hour."""
AROUND = catalog({"a": 1.01 * WINDOW_GB, "b": 0.99 * WINDOW_GB})


def an_hour(count: int, **policy: object) -> Topology:
    """A pool of small appliances whose night lasts an hour."""
    places = site("s", groups={"small": count}, fill_window=FillWindow("01:00", 1.0))
    return network((places,), (region("r", "s"),), **policy)


def there(count: int) -> Holdings:
    """So many copies of the first file."""
    return holdings([("s/small", number + 1, "a") for number in range(count)])


@pytest.mark.parametrize(("held", "left"), [(1, 0), (2, 2)])
def test_a_file_that_takes_longer_than_a_window_is_ruled_out_where_a_copy_is_missing(
    held: int, left: int
) -> None:
    twice = (CopyRule(Files(file="*"), copies=2),)
    found = build(an_hour(3, copies=twice), files=AROUND, held=there(held))
    assert copies_of(found, "s/small") == {"a": left, "b": 2}


@pytest.mark.parametrize("held", [1, 2])
def test_load_asks_for_no_copy_that_takes_longer_than_a_window(held: int) -> None:
    busy = {"r": {"a": 2.5 * ONE_COPY_GB, "b": 2.5 * ONE_COPY_GB}}
    found = build(an_hour(4), busy, files=AROUND, held=there(held))
    assert copies_of(found, "s/small") == {"a": held, "b": 3}
    free = build(an_hour(4, cold_start="free"), busy, files=AROUND)
    assert copies_of(free, "s/small") == {"a": 3, "b": 3}
