"""From rows of a list to sites and regions."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.appliance_list.appliance_list import ListedAppliance, read_appliance_list
from cdnplan.inputs.appliance_list.import_options import HardwareRule, ImportOptions
from cdnplan.inputs.appliance_list.import_places import centroid, slug
from cdnplan.inputs.appliance_list.import_regions import shares_of_one
from cdnplan.inputs.appliance_list.topology_import import import_topology
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Hardware, Origin, Topology
from tests.inputs.appliance_lists import write_list


@pytest.fixture
def rows(tmp_path: Path) -> tuple[ListedAppliance, ...]:
    return read_appliance_list(write_list(tmp_path / "list.csv")).appliances


def shares(topology: Topology) -> dict[str, Decimal]:
    """Sum of the shares of each demand region, as decimals."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for region in topology.regions:
        sums[region.demand.region] += Decimal(str(region.demand.share))
    return sums


def check(topology: Topology) -> None:
    """What holds for every imported topology."""
    sites = {site.name: site for site in topology.sites}
    names = [*sites, *(region.name for region in topology.regions), *(o.name for o in topology.origins)]
    assert len(names) == len(set(names))
    assert {group.model for site in topology.sites for group in site.appliances} == {
        model.name for model in topology.hardware
    }
    assert set(shares(topology).values()) == {Decimal(1)}
    for region in topology.regions:
        assert region.sites
        assert len(set(region.sites)) == len(region.sites)
        assert set(region.sites) <= set(sites)
        assert region.demand.region == region.country
        assert region.demand.share > 0
        kinds = [sites[name].kind for name in region.sites]
        assert kinds == sorted(kinds), "embedded before ixp"
        exchanges = [sites[name].location for name in region.sites if sites[name].kind == "ixp"]
        distances = [float(distance_km(region.location, place)) for place in exchanges]
        assert distances == sorted(distances)
    assert {name for region in topology.regions for name in region.sites} == set(sites)


def test_sites(rows: tuple[ListedAppliance, ...]) -> None:
    topology, warnings = import_topology(rows)
    check(topology)
    assert warnings == []
    assert [site.name for site in topology.sites] == [
        "ixp-brussels-be",
        "ixp-frankfurt-am-main-de",
        "sol-valencia-es",
        "ixp-paris-fr",
        "ixp-london-gb",
        "namib-windhoek-na",
        "ixp-amsterdam-nl",
        "oranje-net-eindhoven-nl",
        "oranje-net-groningen-nl",
        "oranje-net-maastricht-nl",
        "fjord-son-rotterdam-nl",
        "oranje-net-rotterdam-nl",
        "ixp-new-york-us",
        "pine-cable-portland-pdx-us",
        "pine-cable-portland-pwm-us",
        "sol-valencia-ve",
    ]
    assert sum(group.count for site in topology.sites for group in site.appliances) == 21
    site = {site.name: site for site in topology.sites}
    amsterdam = site["ixp-amsterdam-nl"]
    assert amsterdam.location == (52.31, 4.766)
    assert (amsterdam.kind, amsterdam.country, amsterdam.timezone) == ("ixp", "NL", "Europe/Amsterdam")
    assert [(g.model, g.count) for g in amsterdam.appliances] == [("flash-1u", 1), ("storage-2u", 2)]
    big = site["oranje-net-rotterdam-nl"]
    assert [(g.model, g.count) for g in big.appliances] == [("flash-1u", 1), ("storage-2u", 3)]
    assert [(g.model, g.count) for g in site["oranje-net-groningen-nl"].appliances] == [("storage-2u", 1)]
    assert [(g.model, g.count) for g in site["namib-windhoek-na"].appliances] == [("global-1u", 1)]
    assert site["pine-cable-portland-pdx-us"].timezone == "America/Los_Angeles"
    assert site["pine-cable-portland-pwm-us"].timezone == "America/New_York"


def test_regions_of_a_country(rows: tuple[ListedAppliance, ...]) -> None:
    topology, _ = import_topology(rows)
    dutch = {region.name: region for region in topology.regions if region.country == "NL"}
    assert {name: region.demand.share for name, region in dutch.items()} == {
        "nl-oranje-net-eindhoven": 0.09375,
        "nl-oranje-net-groningen": 0.09375,
        "nl-oranje-net-maastricht": 0.09375,
        "nl-fjord-son-rotterdam": 0.09375,
        "nl-oranje-net-rotterdam": 0.375,
        "nl-rest-amsterdam": 0.25,
    }
    assert dutch["nl-oranje-net-rotterdam"].sites == (
        "oranje-net-rotterdam-nl",
        "oranje-net-eindhoven-nl",
        "oranje-net-maastricht-nl",
        "ixp-amsterdam-nl",
        "ixp-brussels-be",
        "ixp-london-gb",  # 340 km, Paris 352 km
    )
    assert dutch["nl-fjord-son-rotterdam"].sites[:2] == ("fjord-son-rotterdam-nl", "ixp-amsterdam-nl")
    assert dutch["nl-rest-amsterdam"].sites == (
        "ixp-amsterdam-nl",
        "ixp-brussels-be",
        "ixp-frankfurt-am-main-de",
        "ixp-london-gb",
        "ixp-paris-fr",
    )


def test_countries_with_only_one_kind(rows: tuple[ListedAppliance, ...]) -> None:
    topology, _ = import_topology(rows)
    region = {region.name: region for region in topology.regions}
    assert region["fr-rest-paris"].demand.share == 1.0
    assert "fr-rest" not in region
    rest = region["na-rest"]
    assert (rest.demand.share, rest.timezone, rest.location) == (0.25, "Africa/Windhoek", (-22.48, 17.47))
    assert rest.sites[0] == "ixp-paris-fr"
    assert region["na-namib-windhoek"].demand.share == 0.75


def test_rest_of_a_country_is_split_over_its_exchange_points(rows: tuple[ListedAppliance, ...]) -> None:
    seattle = ListedAppliance("ixp", "", "US", "Seattle", "SEA", (47.45, -122.31))
    topology, _ = import_topology([*rows, seattle, seattle])
    check(topology)
    region = {region.name: region for region in topology.regions}
    assert region["us-rest-new-york"].demand.share == pytest.approx(0.25 / 3, abs=1e-6)
    assert region["us-rest-seattle"].demand.share == pytest.approx(0.5 / 3, abs=1e-6)
    assert region["us-rest-seattle"].sites[0] == "ixp-seattle-us"


def test_same_city_name_in_two_countries_and_far_apart_in_one(rows: tuple[ListedAppliance, ...]) -> None:
    topology, _ = import_topology(rows)
    region = {region.name: region for region in topology.regions}
    assert region["es-sol-valencia"].sites[0] == "sol-valencia-es"
    assert "sol-valencia-ve" not in region["es-sol-valencia"].sites
    # Both are Pine Cable's, 4,000 km apart: beyond near_km.
    assert region["us-pine-cable-portland-pdx"].sites[:2] == ("pine-cable-portland-pdx-us", "ixp-new-york-us")
    wide, _ = import_topology(rows, ImportOptions(near_km=5000))
    far = next(region for region in wide.regions if region.name == "us-pine-cable-portland-pdx")
    assert far.sites[1] == "pine-cable-portland-pwm-us"


@pytest.mark.parametrize("seed", range(5))
def test_row_order_does_not_matter(rows: tuple[ListedAppliance, ...], seed: int) -> None:
    shuffled = list(rows)
    random.Random(seed).shuffle(shuffled)
    assert import_topology(shuffled) == import_topology(rows)


def test_options(rows: tuple[ListedAppliance, ...]) -> None:
    origins = (Origin("here", (1.0, 2.0)),)
    rule = HardwareRule(storage=Hardware("big", 500, 100, 2), embedded_flash_from=2, few_appliances=0)
    options = ImportOptions(
        name="mine", embedded_share=1.0, near_sites=0, exchanges=1, hardware=rule, origins=origins
    )
    topology, _ = import_topology(rows, options)
    check(topology)
    assert (topology.name, topology.origins) == ("mine", origins)
    assert {model.name for model in topology.hardware} == {"big", "flash-1u"}
    dutch = [region for region in topology.regions if region.country == "NL"]
    assert all(len(region.sites) == 2 for region in dutch)
    assert not any("rest" in region.name for region in dutch)
    big = next(site for site in topology.sites if site.name == "oranje-net-rotterdam-nl")
    assert [(group.model, group.count) for group in big.appliances] == [("flash-1u", 2), ("big", 2)]


def test_countries(rows: tuple[ListedAppliance, ...]) -> None:
    topology, _ = import_topology(rows, ImportOptions(countries=frozenset({"NL", "BE"})))
    check(topology)
    assert {region.country for region in topology.regions} == {"NL", "BE"}
    assert "ixp-paris-fr" in {site.name for site in topology.sites}
    assert "ixp-new-york-us" not in {site.name for site in topology.sites}
    assert {model.name for model in topology.hardware} == {"storage-2u", "flash-1u"}


def test_rows_without_a_country(rows: tuple[ListedAppliance, ...]) -> None:
    lost = ListedAppliance("embedded", "Net", "", "Lostville", "LST", (42.57, 21.04))
    without, warnings = import_topology([*rows, lost, lost])
    assert without == import_topology(rows)[0]
    assert warnings == [
        "2 appliances in Lostville left out: the list names no country; say which with --country-of"
    ]
    told, warnings = import_topology([*rows, lost, lost], ImportOptions(country_of={"Lostville": "XK"}))
    check(told)
    assert warnings == []
    region = next(region for region in told.regions if region.country == "XK")
    assert region.sites[0] == "net-lostville-xk"


def test_unnamed_isps_are_not_one_isp(rows: tuple[ListedAppliance, ...]) -> None:
    nobody = [
        ListedAppliance("embedded", "", "NL", "Delft", "RTM", (52.0, 4.36)),
        ListedAppliance("embedded", "", "NL", "Leiden", "LID", (52.2, 4.48)),
    ]
    topology, warnings = import_topology([*rows, *nobody])
    check(topology)
    assert warnings == ["2 appliances inside ISPs without a name: their sites are called unnamed-…"]
    delft = next(region for region in topology.regions if region.name == "nl-unnamed-delft")
    assert delft.sites[:2] == ("unnamed-delft-nl", "ixp-amsterdam-nl")


def test_known_slip_of_the_list() -> None:
    row = ListedAppliance("ixp", "", "US", "Washburn", "WAS", (47.36, -101.02))
    topology, warnings = import_topology([row, row])
    assert topology.sites[0].name == "ixp-washington-us"
    assert topology.sites[0].timezone == "America/New_York"
    assert warnings == [
        "2 appliances with airport code WAS moved from Washburn to Washington (38.95, -77.45)"
    ]


def test_no_exchange_points(rows: tuple[ListedAppliance, ...]) -> None:
    topology, warnings = import_topology([row for row in rows if row.kind == "embedded"])
    check(topology)
    assert not any("rest" in region.name for region in topology.regions)
    assert warnings == ["the list has no exchange points: all demand is given to ISPs with appliances"]


def test_names_that_collide_stay_unique() -> None:
    spot = (52.0, 4.4)
    rows = [
        ListedAppliance("embedded", "A B", "NL", "C", "", spot),
        ListedAppliance("embedded", "A", "NL", "B C", "", spot),
        ListedAppliance("embedded", "Νερό", "NL", "Δελφοί", "", spot),
        ListedAppliance("embedded", "Гора", "NL", "Δελφοί", "", spot),
        ListedAppliance("ixp", "", "NL", "C", "", spot),
        ListedAppliance("embedded", "IXP", "NL", "C", "", spot),
    ]
    topology, _ = import_topology(rows, ImportOptions(origins=(Origin("a-b-c-nl", spot),)))
    check(topology)
    assert len(topology.sites) == 6


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (ImportOptions(embedded_share=0.0), "embedded_share: 0, expected > 0 and <= 1"),
        (ImportOptions(embedded_share=float("nan")), "embedded_share: nan, expected > 0 and <= 1"),
        (ImportOptions(near_sites=-1), "near_sites: -1, expected 0 to 20"),
        (ImportOptions(rest_exchanges=0), "rest_exchanges: 0, expected 1 to 20"),
        (ImportOptions(near_km=-1.0), "near_km: -1, expected >= 0 km"),
        (ImportOptions(origins=()), "origins: there is none, expected at least one"),
        (ImportOptions(origins=(Origin("a/b", (0.0, 0.0)),)), "origins[0]: name 'a/b', expected letters"),
        (ImportOptions(origins=(Origin("a", (0.0, 999.0)),)), "origins[0]: 0, 999 is not on the globe"),
        (
            ImportOptions(hardware=HardwareRule(storage=Hardware("s", -1, 1, 1))),
            "hardware.s.storage_tb: -1, expected > 0",
        ),
        (ImportOptions(hardware=HardwareRule(ixp_flash_ratio=2)), "ixp_flash_ratio: 2, expected 0 to 1"),
        (ImportOptions(countries=frozenset({"JP"})), "countries: the list has no appliances in 'JP'"),
    ],
)
def test_bad_options(rows: tuple[ListedAppliance, ...], options: ImportOptions, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        import_topology(rows, options)
    assert [expected in str(problem) for problem in caught.value.problems] == [True]
    with pytest.raises(InputError) as caught:
        import_topology([], replace(options, near_km=float("nan")))
    assert len(caught.value.problems) >= 2


def test_shares_of_one() -> None:
    generator = random.Random(1)
    for _ in range(200):
        weights = [generator.paretovariate(0.7) for _ in range(generator.randint(1, 600))]
        parts = shares_of_one(weights)
        assert sum(Decimal(str(part)) for part in parts) == 1
        assert min(parts) > 0
        for weight, part in zip(weights, parts, strict=True):
            assert abs(part - weight / sum(weights)) < 1e-6 * len(parts)


def test_slugs_and_centroids() -> None:
    assert slug("  Viedma / Carmen de Patagones ") == "viedma-carmen-de-patagones"
    assert slug("Ærøskøbing & Łódź") == "aeroskobing-lodz"
    assert slug("東京") == ""
    assert centroid([(10.0, 20.0)]) == (10.0, 20.0)
    latitude, longitude = centroid([(0.0, 178.0), (0.0, -178.0)])
    assert (latitude, abs(longitude)) == (0.0, 180.0)


@pytest.mark.realdata
def test_public_list(realdata: Path, tmp_path: Path) -> None:
    from cdnplan.inputs.topology.topology_reader import read_topology
    from cdnplan.inputs.topology.topology_writer import topology_text

    start = time.perf_counter()
    listed = read_appliance_list(realdata / "open_connect" / "Netflix_OCAs_02-08-2023.csv")
    topology, warnings = import_topology(listed.appliances)
    path = tmp_path / "t.yaml"
    path.write_text(topology_text(topology, header="from the list"), encoding="utf-8")
    assert time.perf_counter() - start < 20
    assert (len(listed.appliances), listed.ipv6_rows) == (5652, 3855)
    assert sum(group.count for site in topology.sites for group in site.appliances) == 5652
    assert [warning.split(" ", 1)[0] for warning in warnings] == ["42", "4"]
    check(topology)
    assert len({site.country for site in topology.sites}) == 134
    assert len(topology.sites) == 2052
    assert len(topology.regions) == 2164
    assert sum(len(site.appliances) for site in topology.sites) == 2305
    countries = [region.country for region in topology.regions]
    assert all(first <= second for first, second in pairwise(countries))
    assert read_topology(path) == topology
