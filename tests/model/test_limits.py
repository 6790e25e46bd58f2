"""Storage, throughput, fill and churn of pools; copies asked for by load; what is held already."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.limits.families import CHURN, FILL, LINK, STORAGE, THROUGHPUT, Family, code
from cdnplan.model.limits.limits import RateRows, VolumeRows, link_rates, pool_rates, pool_volumes
from cdnplan.model.network.policy import Ban, CopyRule, Costs, Files, Places, Reserves
from cdnplan.model.network.topology import ApplianceGroup, FillWindow, Site, Topology
from cdnplan.units import gb_moved
from tests.model.networks import FILES, build, catalog, copies_of, holdings, network, region, site

WEEK_GB_PER_GBPS = 7 * 86400 / 8
"""GB a week at a steady 1 Gbit/s."""


def limits(found: Instance, pool: str) -> dict[str, float]:
    """Limits of one pool."""
    p = found.pools.index(pool)
    names = ("storage_gb", "throughput_gbps", "new_limit_gb", "fill_cost", "pool_appliances")
    names += ("appliance_storage_gb", "appliance_throughput_gbps", "appliance_window_gb")
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
    assert big["new_limit_gb"] == pytest.approx(3 * gb_moved(1.0, 8.0) * 0.75)
    assert big["appliance_window_gb"] == pytest.approx(gb_moved(1.0, 8.0) * 0.75)
    assert big["pool_appliances"] == 3
    assert big["appliance_storage_gb"] == pytest.approx(10_000 * 0.9)
    assert big["appliance_throughput_gbps"] == pytest.approx(100 * 0.8)
    alone = limits(found, "s/small")
    assert alone["throughput_gbps"] == pytest.approx(40 * 0.8), "one appliance has nothing to balance"
    assert limits(found, "t/small")["new_limit_gb"] == pytest.approx(2 * gb_moved(0.5, 12.0) * 0.75)


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
    assert (found["new_limit_gb"], found["appliance_window_gb"], found["fill_cost"]) == (np.inf, np.inf, 0.0)


@pytest.mark.parametrize("previous", [True, False])
def test_a_limited_cold_start_and_later_nights_count_it(previous: bool) -> None:
    start = "free" if previous else "limited"
    whole = one_pool(2, churn_ratio=0.1, cold_start=start, costs=Costs(fill_per_gb=0.7))
    found = build(whole, held=holdings([("s/small", 1, "a")]) if previous else None)
    assert limits(found, "s/small")["appliance_window_gb"] == pytest.approx(gb_moved(0.5, 12.0))
    assert limits(found, "s/small")["new_limit_gb"] == pytest.approx(0.1 * 2000)
    assert limits(found, "s/small")["fill_cost"] == 0.7
    assert found.volumes.of(CHURN).tolist() == [1]


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


@pytest.mark.parametrize(
    ("ratio", "kind", "limit"), [(None, FILL, 1.0), (0.5, FILL, 1.0), (0.1, CHURN, 4 / 9)]
)
def test_of_window_and_churn_limit_the_tighter_one_counts(
    ratio: float | None, kind: Family, limit: float
) -> None:
    found = build(an_hour(2, churn_ratio=ratio), files=AROUND, held=there(2))
    assert found.volumes.of(kind).tolist() == [1]
    assert limits(found, "s/small")["new_limit_gb"] == pytest.approx(limit * 2 * WINDOW_GB)
    assert limits(found, "s/small")["appliance_window_gb"] == pytest.approx(WINDOW_GB)


def test_volumes_of_pools_know_which_limit_on_new_bytes_is_theirs() -> None:
    inf = np.inf
    rows = pool_volumes(
        ["a/x", "b/x", "c/x", "d/x"],
        np.array([9.0, 8.0, 7.0, 6.0]),
        np.array([4.0, 2.0, 3.0, inf]),
        np.array([5.0, 1.0, 3.0, inf]),
    )
    assert rows.names == ("a/x", "b/x", "c/x", "d/x") * 2
    assert rows.capacity_gb.tolist() == [9.0, 8.0, 7.0, 6.0, 4.0, 1.0, 3.0, inf]
    assert rows.of(STORAGE).tolist() == [0, 1, 2, 3]
    assert rows.of(FILL).tolist() == [4, 6, 7]
    assert rows.of(CHURN).tolist() == [5]
    assert rows.fresh.tolist() == [False] * 4 + [True] * 4
    assert [rows.pools_of(row).tolist() for row in range(8)] == [[0], [1], [2], [3]] * 2
    none = pool_volumes(["a/x"], np.array([9.0]), np.array([4.0]))
    assert (none.of(FILL).tolist(), none.capacity_gb.tolist()) == ([1], [9.0, 4.0])


def three_pools() -> tuple[RateRows, VolumeRows]:
    """Three pools, of which the last two share a link and a limit on new bytes; four entries, two regions."""
    pools = ("a/x", "b/x", "b/y")
    rates = pool_rates(pools, np.array([10.0, 20.0, 30.0]), np.array([1, 2, 0, 1], dtype=np.int32), 2)
    ptr, link = np.array([0, 1, 2, 2, 3, 4, 4]), np.array([0, 0, 0, 1], dtype=np.int32)
    linked = rates.joined(link_rates(("up>b", "origin:o"), np.array([5.0, 6.0]), 7.0, ptr, link))
    shared = VolumeRows(
        np.full(1, code(FILL), dtype=np.int8),
        ("b",),
        np.array([3.0]),
        np.array([True]),
        np.array([0, 2]),
        np.array([1, 2], dtype=np.int32),
    )
    volumes = pool_volumes(pools, np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]))
    return linked, volumes.joined(shared)


def uses(rows: RateRows) -> list[list[tuple[str, float]]]:
    """Names and weights of what each path uses."""
    return [
        [
            (rows.names[row], float(weight))
            for row, weight in zip(rows.use_row[a:b], rows.use_weight[a:b], strict=True)
        ]
        for a, b in pairwise(rows.use_ptr)
    ]


def test_rates_are_joined_path_by_path() -> None:
    rows, _ = three_pools()
    assert rows.names == ("a/x", "b/x", "b/y", "up>b", "origin:o")
    assert rows.of(THROUGHPUT).tolist() == [0, 1, 2]
    assert rows.of(LINK).tolist() == [3, 4]
    assert rows.capacity.tolist() == [10.0, 20.0, 30.0, 5.0, 6.0]
    assert rows.overload_cost.tolist() == [np.inf] * 3 + [7.0] * 2
    assert rows.use_row.dtype == np.int32
    assert uses(rows) == [
        [("b/x", 1.0), ("up>b", 1.0)],
        [("b/y", 1.0), ("up>b", 1.0)],
        [("a/x", 1.0)],
        [("b/x", 1.0), ("up>b", 1.0)],
        [("origin:o", 1.0)],
        [],
    ]
    assert rows.use_path().tolist() == [0, 0, 1, 1, 2, 3, 3, 4]


def test_rates_of_other_pools_keep_what_they_share() -> None:
    rows, _ = three_pools()
    # The middle pool twice, the last one not at all; its entries in another order, and all origins.
    pool, paths = np.array([1, 1, 0]), np.array([3, 0, 0, 2, 5, 4])
    names = ("one", "two", "three")
    taken = rows.taken(3, pool, names, paths, np.array([0, 0, 1, 2], dtype=np.int32))
    assert taken.names == ("one", "two", "three", "up>b", "origin:o")
    assert taken.capacity.tolist() == [20.0, 20.0, 10.0, 5.0, 6.0]
    assert taken.family.tolist() == [code(THROUGHPUT)] * 3 + [code(LINK)] * 2
    assert taken.overload_cost.tolist() == [np.inf] * 3 + [7.0] * 2
    assert uses(taken) == [
        [("one", 1.0), ("up>b", 1.0)],
        [("one", 1.0), ("up>b", 1.0)],
        [("two", 1.0), ("up>b", 1.0)],
        [("three", 1.0)],
        [],
        [("origin:o", 1.0)],
    ]
    taken.capacity[:] = 0.0
    assert rows.capacity.tolist() == [10.0, 20.0, 30.0, 5.0, 6.0], "arrays of its own"


def test_volumes_of_other_pools_keep_what_they_share() -> None:
    _, rows = three_pools()
    assert rows.names == ("a/x", "b/x", "b/y", "a/x", "b/x", "b/y", "b")
    assert rows.pools_of(6).tolist() == [1, 2]
    taken = rows.taken(3, np.array([1, 1, 0, 2]), ("one", "two", "three", "four"))
    assert taken.names == ("one", "two", "three", "four") * 2 + ("b",)
    assert taken.capacity_gb.tolist() == [2.0, 2.0, 1.0, 3.0, 5.0, 5.0, 4.0, 6.0, 3.0]
    assert taken.fresh.tolist() == [False] * 4 + [True] * 5
    assert [taken.pools_of(row).tolist() for row in range(9)] == [[0], [1], [2], [3]] * 2 + [[0, 1, 3]]
    assert (taken.ptr.dtype, taken.pool.dtype) == (np.int64, np.int32)
    assert rows.taken(3, np.array([0]), ("one",)).pools_of(2).tolist() == [], "nobody is left to share it"
