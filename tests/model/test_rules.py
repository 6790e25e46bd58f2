"""Pins, bans, copies and launch rules, resolved to pools and files; those that no plan can keep."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from cdnplan.errors import InputError
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.instance import Instance
from cdnplan.model.network.policy import Ban, CopyRule, Files, LaunchRule, Pin, Places
from cdnplan.model.network.topology import FillWindow
from cdnplan.units import gb_moved
from tests.model.networks import START, build, catalog, copies_of, demand, holdings, network, region, site

DAY = dt.timedelta(days=1)
FILES = catalog(
    {"Alpha.hd": 10.0, "Alpha.sd": 5.0, "Beta.hd": 20.0, "Gamma [1].hd": 30.0, "Gamma 1.hd": 40.0},
    {"Alpha": START - 10 * DAY, "Beta": START - 9 * DAY, "Gamma 1": START + 3 * DAY},
)
PLACES = (
    site("ams-ix", groups={"big": 4, "small": 1}, country="NL"),
    site("linx", groups={"small": 3}, country="GB"),
    site("kpn", "embedded", groups={"small": 1}, country="NL"),
)
REGIONS = (region("r", "kpn", "ams-ix", "linx"),)
GB = {"r": {"Beta.hd": 5.0, "Alpha.sd": 3.0, "Gamma 1.hd": 1.0}}
POOLS = ("ams-ix/big", "ams-ix/small", "kpn/small", "linx/small")


def ruled(**rules: Any) -> Instance:
    """The network under some rules."""
    return build(network(PLACES, REGIONS, **rules), GB, FILES)


def problems(**rules: Any) -> list[str]:
    """What is wrong with the network under some rules."""
    with pytest.raises(InputError) as caught:
        ruled(**rules)
    return str(caught.value).splitlines()


def pinned(found: Instance) -> set[tuple[str, str]]:
    """(pool, file) pairs that must be held."""
    return {(found.pools[p], found.files[f]) for p, f in zip(*map(list, found.pinned.nonzero()), strict=True)}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (Files(title="Alpha"), {"Alpha.hd", "Alpha.sd"}),
        (Files(title="Gamma [1]"), {"Gamma [1].hd"}),  # an exact name, not the glob that matches "Gamma 1"
        (Files(title="Gamma*"), {"Gamma [1].hd", "Gamma 1.hd"}),
        (Files(title="?????"), {"Alpha.hd", "Alpha.sd"}),
        (Files(file="Alpha.sd"), {"Alpha.sd"}),
        (Files(file="*.hd"), {"Alpha.hd", "Beta.hd", "Gamma [1].hd", "Gamma 1.hd"}),
        (Files(top=1), {"Beta.hd"}),
        (Files(top=2), {"Beta.hd", "Alpha.sd"}),
        (Files(top=1000), {"Beta.hd", "Alpha.sd", "Gamma 1.hd"}),  # never what nobody asks for
        (Files(newer_than_days=10), {"Beta.hd", "Gamma 1.hd"}),  # launched less than 10 days before, or later
        (Files(newer_than_days=11), {"Alpha.hd", "Alpha.sd", "Beta.hd", "Gamma 1.hd"}),
        (Files(newer_than_days=1), {"Gamma 1.hd"}),
    ],
)
def test_files_of_a_rule(files: Files, expected: set[str]) -> None:
    found = ruled(pins=(Pin(files, Places(sites=("ams-ix",), models=("big",))),))
    assert pinned(found) == {("ams-ix/big", name) for name in expected}


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (Places(), set(POOLS)),
        (Places(sites=("linx",)), {"linx/small"}),
        (Places(sites=("*-ix", "k*")), {"ams-ix/big", "ams-ix/small", "kpn/small"}),
        (Places(countries=("NL",)), {"ams-ix/big", "ams-ix/small", "kpn/small"}),
        (Places(kinds=("ixp",)), {"ams-ix/big", "ams-ix/small", "linx/small"}),
        (Places(models=("small",)), {"ams-ix/small", "kpn/small", "linx/small"}),
        (Places(countries=("NL", "GB"), kinds=("ixp",), models=("small",)), {"ams-ix/small", "linx/small"}),
        (Places(countries=("DE",)), set()),
    ],
)
def test_places_of_a_rule(places: Places, expected: set[str]) -> None:
    found = ruled(bans=(Ban(Files(title="Beta"), places),))
    beta = found.files.index("Beta.hd")
    assert {pool for pool, row in zip(found.pools, found.copies, strict=True) if row[beta] == 0} == expected


def test_a_rule_without_places_of_the_network_is_a_warning() -> None:
    rule = Ban(Files(title="Beta"), Places(countries=("DE",)), source="t.yaml:7:5")
    whole = network(PLACES, REGIONS, bans=(rule,))
    _, warnings = build_instance(whole, FILES, demand(GB, FILES), None)
    assert warnings == ["t.yaml:7:5: no pool of the planned network is in the places it names"]


def test_demand_where_all_pools_of_its_country_are_banned_is_a_warning() -> None:
    regions = (
        region("r", "kpn", "ams-ix", row="NL", share=0.5),
        region("g", "linx", country="GB", row="NL", share=0.25),
        region("f", "linx", country="FR", row="NL", share=0.25),
    )
    whole = network(PLACES, regions, bans=(Ban(Files(title="Beta"), Places(countries=("NL",))),))
    _, warnings = build_instance(whole, FILES, demand({"NL": {"Beta.hd": 5000.0}}, FILES), None)
    assert len(warnings) == 1
    assert warnings[0].startswith("2,500 GB are demanded in countries whose pools may not hold them")


def test_copies_are_at_most_one_per_appliance_and_the_most_of_all_rules() -> None:
    found = ruled(
        copies=(
            CopyRule(Files(title="Alpha"), copies=3),
            CopyRule(Files(file="Alpha.hd"), copies=2),
            CopyRule(Files(title="Beta"), Places(kinds=("ixp",)), copies=2),
        )
    )
    assert copies_of(found, "ams-ix/big") == {
        "Alpha.hd": 3,
        "Alpha.sd": 3,
        "Beta.hd": 2,
        "Gamma 1.hd": 1,
        "Gamma [1].hd": 1,
    }
    assert set(copies_of(found, "ams-ix/small").values()) == {1}
    assert set(copies_of(found, "kpn/small").values()) == {1}
    assert copies_of(found, "linx/small")["Alpha.sd"] == 3


def test_a_ban_overrules_copies() -> None:
    found = ruled(
        copies=(CopyRule(Files(title="Alpha"), copies=2),),
        bans=(Ban(Files(title="Alpha"), Places(sites=("linx",))),),
    )
    assert copies_of(found, "linx/small")["Alpha.hd"] == 0
    assert copies_of(found, "ams-ix/big")["Alpha.hd"] == 2


def launches(found: Instance) -> list[tuple[str, int, list[str]]]:
    """(file, least number of pools, pools) of each launch rule."""
    return [
        (
            found.files[found.launch_file[i]],
            int(found.launch_min[i]),
            [found.pools[p] for p in found.launch_pool[found.launch_ptr[i] : found.launch_ptr[i + 1]]],
        )
        for i in range(found.n_launches)
    ]


def test_launch_rules_hold_for_each_file_in_the_pools_that_may_hold_it() -> None:
    found = ruled(
        launches=(
            LaunchRule(Files(title="Alpha"), Places(kinds=("ixp",)), min_pools=2),
            LaunchRule(Files(newer_than_days=1), min_pools=1),
        ),
        bans=(Ban(Files(file="Alpha.sd"), Places(sites=("linx",))),),
    )
    assert launches(found) == [
        ("Alpha.hd", 2, ["ams-ix/big", "ams-ix/small", "linx/small"]),
        ("Alpha.sd", 2, ["ams-ix/big", "ams-ix/small"]),
        ("Gamma 1.hd", 1, list(POOLS)),
    ]


def test_a_launch_rule_that_too_few_pools_can_keep() -> None:
    assert problems(
        launches=(
            LaunchRule(Files(title="Beta"), Places(kinds=("ixp",)), "t.yaml:40:5", min_pools=3),
            LaunchRule(Files(title="Alpha"), Places(kinds=("embedded",)), "t.yaml:41:5", min_pools=2),
        ),
        bans=(Ban(Files(title="Beta"), Places(sites=("linx",))),),
    ) == [
        "t.yaml:40:5: infeasible launch rule: 'Beta.hd' must be in 3 pools, but only 2 may hold it",
        "t.yaml:41:5: infeasible launch rule: 'Alpha.hd' must be in 2 pools, but only 1 may hold it",
        "t.yaml:41:5: infeasible launch rule: 'Alpha.sd' must be in 2 pools, but only 1 may hold it",
    ]


def test_names_that_the_catalogue_lacks_are_problems_all_at_once() -> None:
    assert problems(
        pins=(Pin(Files(title="Alhpa"), source="t.yaml:30:5"),),
        bans=(Ban(Files(file="Beta.hf"), source="t.yaml:31:5"),),
        copies=(CopyRule(Files(title="Z*"), source="o.yaml:2:3"),),
        launches=(LaunchRule(Files(file="nothing"), source="t.yaml:33:5"),),
    ) == [
        "o.yaml:2:3: unknown title 'Z*'; known: 'Alpha', 'Beta', 'Gamma 1', 'Gamma [1]'",
        "t.yaml:31:5: unknown file 'Beta.hf'; did you mean 'Beta.hd'?",
        "t.yaml:30:5: unknown title 'Alhpa'; did you mean 'Alpha'?",
        (
            "t.yaml:33:5: unknown file 'nothing'; known: 'Alpha.hd', 'Alpha.sd', 'Beta.hd', 'Gamma 1.hd',"
            " 'Gamma [1].hd'"
        ),
    ]


def test_a_pin_of_what_is_banned() -> None:
    assert problems(
        pins=(Pin(Files(title="Alpha"), source="t.yaml:30:5"),),
        bans=(Ban(Files(file="Alpha.sd"), Places(countries=("GB",))),),
    ) == ["t.yaml:30:5: infeasible pin: the same file is banned at one of its places"]


def test_pins_beyond_what_a_pool_stores_are_placed_at_their_rules() -> None:
    # 1,000 GB in one small appliance, 3,000 in the three at linx.
    files = catalog({"x": 600.0, "y": 600.0, "z": 2.0})
    pins = (
        Pin(Files(file="z"), source="t.yaml:29:5"),
        Pin(Files(file="x"), Places(kinds=("embedded",)), source="t.yaml:30:5"),
        Pin(Files(file="y"), Places(sites=("kpn", "linx")), source="t.yaml:31:5"),
    )
    with pytest.raises(InputError) as caught:
        build(network(PLACES, REGIONS, pins=pins), {"r": {"x": 1.0}}, files)
    assert str(caught.value).splitlines() == [
        (
            "t.yaml:29:5: infeasible pins at pool 'kpn/small': 1,202.0 GB pinned, but its usable storage is"
            " 1,000.0 GB; also pinned there: t.yaml:30:5, t.yaml:31:5"
        )
    ]


def test_copies_count_in_what_is_pinned() -> None:
    files = catalog({"x": 700.0, "y": 100.0})
    pins = (Pin(Files(file="x"), Places(sites=("linx",)), "t.yaml:30:5"),)
    whole = {"pins": pins, "copies": (CopyRule(Files(file="x"), copies=3),)}
    assert pinned(build(network(PLACES, REGIONS, **whole), {"r": {"y": 1.0}}, files)) == {("linx/small", "x")}
    more = whole | {"pins": (*pins, Pin(Files(file="y"), Places(sites=("linx",)), "t.yaml:31:5"))}
    more["copies"] = (*whole["copies"], CopyRule(Files(file="y"), copies=3))
    assert build(network(PLACES, REGIONS, **more), {"r": {"y": 1.0}}, files).copies.max() == 3
    larger = catalog({"x": 950.0, "y": 100.0})
    with pytest.raises(InputError, match=r"t\.yaml:30:5: infeasible pins at pool 'linx/small': 3,150\.0 GB"):
        build(network(PLACES, REGIONS, **more), {"r": {"y": 1.0}}, larger)


def test_a_pinned_file_larger_than_an_appliance() -> None:
    files = catalog({"x": 1500.0, "y": 100.0})
    pins = (Pin(Files(file="x"), Places(sites=("linx",)), "t.yaml:30:5"),)
    with pytest.raises(InputError) as caught:
        build(network(PLACES, REGIONS, pins=pins), {"r": {"y": 1.0}}, files)
    assert str(caught.value) == (
        "t.yaml:30:5: infeasible pins at pool 'linx/small': 'x' has 1,500.0 GB, but one of its appliances"
        " stores 1,000.0 GB"
    )


@pytest.mark.parametrize(
    ("ratio", "limit"), [(0.05, "churn limit is 50.0 GB"), (0.5, "fill window is 112.5 GB")]
)
def test_pins_beyond_a_fill_window_or_the_churn_limit_unless_they_are_there(ratio: float, limit: str) -> None:
    hours = 0.5
    window = gb_moved(0.5, hours)
    places = (site("s", groups={"small": 1}, fill_window=FillWindow("01:00", hours)),)
    files = catalog({"x": window * 0.8, "y": window * 0.4})
    pins = (Pin(Files(file="*"), source="t.yaml:30:5"),)
    given = {"pins": pins, "churn_ratio": ratio, "cold_start": "limited"}
    whole = network(places, (region("r", "s"),), **given)
    with pytest.raises(InputError) as caught:
        build(whole, {"r": {"x": 1.0}}, files)
    assert [line.split(": ", 2)[2] for line in str(caught.value).splitlines()] == [
        f"{window * 1.2:,.1f} GB pinned, but its {limit}"
    ]
    assert build(whole, {"r": {"x": 1.0}}, files, holdings([("s/small", 1, "x"), ("s/small", 1, "y")]))
    free = network(places, (region("r", "s"),), pins=pins, churn_ratio=0.05)
    assert build(free, {"r": {"x": 1.0}}, files), "a free cold start has no window"


def test_a_file_larger_than_an_appliance_is_ruled_out_there_and_said_once() -> None:
    files = catalog({"x": 1500.0, "y": 1000.0, "z": 2.0})
    asked = demand({"r": {"x": 1.0, "z": 1.0}}, files)
    instance, warnings = build_instance(network(PLACES, REGIONS), files, asked)
    assert copies_of(instance, "ams-ix/big") == {"x": 1, "y": 1, "z": 1}
    for pool in ("ams-ix/small", "kpn/small", "linx/small"):
        assert copies_of(instance, pool) == {"x": 0, "y": 1, "z": 1}, pool
    assert warnings == [
        (
            "3 (pool, file) pairs are ruled out, at 3 pools: no single appliance has room for the file"
            " (the largest, 'x', has 1,500.0 GB)"
        )
    ]
    _, quiet = build_instance(network(PLACES, REGIONS), files, demand({"r": {"y": 1.0}}, files))
    assert quiet == [], "nobody asks for it"


def test_a_file_that_takes_longer_than_a_window_is_ruled_out_where_it_is_not_held() -> None:
    window = gb_moved(0.5, 0.5)
    places = (site("s", groups={"small": 2}, fill_window=FillWindow("01:00", 0.5)),)
    files = catalog({"x": window * 1.5, "y": window * 0.9})
    asked = {"r": {"x": 1.0, "y": 1.0}}
    limited = network(places, (region("r", "s"),), cold_start="limited")
    assert copies_of(build(limited, asked, files), "s/small") == {"x": 0, "y": 1}
    assert copies_of(build(limited, asked, files, holdings([("s/small", 1, "x")])), "s/small")["x"] == 1
    pinned = network(places, (region("r", "s"),), cold_start="limited", pins=(Pin(Files(file="x")),))
    assert copies_of(build(pinned, asked, files), "s/small")["x"] == 1, "what rules ask for stays"
    free = network(places, (region("r", "s"),))
    assert copies_of(build(free, asked, files), "s/small")["x"] == 1, "a free cold start has no window"


def test_a_launch_rule_counts_only_pools_whose_appliances_can_hold_the_file() -> None:
    files = catalog({"x": 1500.0, "y": 1.0})
    rule = LaunchRule(Files(file="x"), source="t.yaml:40:5", min_pools=2)
    with pytest.raises(InputError, match=r"'x' must be in 2 pools, but only 1 may hold it"):
        build(network(PLACES, REGIONS, launches=(rule,)), {"r": {"y": 1.0}}, files)


def test_pinned_files_on_every_appliance_leave_less_room() -> None:
    files = catalog({"p": 200.0, "x": 900.0, "y": 800.0})
    rules = {
        "pins": (Pin(Files(file="p"), Places(sites=("linx",)), "t.yaml:30:5"),),
        "copies": (CopyRule(Files(file="p"), copies=3),),
    }
    found = build(network(PLACES, REGIONS, **rules), {"r": {"x": 1.0}}, files)
    assert copies_of(found, "linx/small") == {"p": 3, "x": 0, "y": 1}
    assert copies_of(found, "kpn/small")["x"] == 1, "it is pinned at linx only"
