"""Warnings: valid, but probably not meant."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from cdnplan.inputs.topology.link_graph import LinkGraph
from cdnplan.inputs.topology.topology_warnings import topology_warnings
from cdnplan.model.network.policy import Files, Pin, Places, Policy
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    Hardware,
    Link,
    Origin,
    Region,
    Site,
    SiteKind,
    Topology,
)

AMSTERDAM, PARIS, TOKYO = (52.3, 4.9), (48.9, 2.4), (35.7, 139.7)


def site(name: str, kind: SiteKind = "ixp", location: tuple[float, float] = AMSTERDAM) -> Site:
    return Site(name, kind, location, (ApplianceGroup("big"),), country="NL")


def region(name: str, *sites: str, location: tuple[float, float] = AMSTERDAM, share: float = 1.0) -> Region:
    return Region(name, "NL", location, sites, DemandShare(name, share))


def network(sites: list[Site], regions: list[Region], *links: Link) -> Topology:
    hardware = (Hardware("big", 280, 80, 1.2),)
    return Topology("t", hardware, (Origin("o", PARIS),), tuple(sites), tuple(regions), links)


def test_nothing_to_say() -> None:
    assert topology_warnings(network([site("a")], [region("r", "a"), region("free")])) == []


def test_unused_hardware() -> None:
    topology = network([site("a")], [region("r", "a")])
    topology = replace(topology, hardware=(*topology.hardware, Hardware("spare", 1, 1, 0.5)))
    assert topology_warnings(topology) == ["no site has this model of hardware: spare"]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Hardware("big", 280_000, 80, 1), "storage_tb 280000 is very large; is it in TB?"),
        (Hardware("big", 280, 80_000, 1), "throughput_gbps 80000 is very large; is it in Gbps?"),
        (Hardware("big", 280, 80, 120), "fill_gbps 120 is above its throughput_gbps 80"),
    ],
)
def test_suspicious_hardware(model: Hardware, words: str) -> None:
    topology = replace(network([site("a")], [region("r", "a")]), hardware=(model,))
    assert topology_warnings(topology) == [f"hardware big: {words}"]


def test_site_no_region_lists() -> None:
    topology = network([site("a"), site("b", "embedded"), site("c", "embedded")], [region("r", "a")])
    assert topology_warnings(topology) == ["2 sites that no region can use: b, c"]


def test_region_without_a_list_uses_the_nearest_exchange_points_only() -> None:
    sites = [site("near"), site("isp", "embedded"), site("far", location=TOKYO)]
    topology = network(sites, [region("r")])
    assert topology_warnings(topology)[0] == "a site that no region can use: isp"
    one = replace(topology, policy=Policy(max_sites=1))
    assert topology_warnings(one)[0] == "2 sites that no region can use: isp, far"


def test_reach_over_links() -> None:
    sites = [site("a"), site("b"), site("isp", "embedded"), site("cut-off")]
    links = (Link("r", "a"), Link("a", "b"), Link("isp", "r"))
    topology = network(sites, [region("r")], *links)
    assert topology_warnings(topology) == ["a site that no region can use: cut-off"]


def test_region_no_site_can_serve() -> None:
    topology = network([site("isp", "embedded")], [region("r", "isp"), region("lonely")])
    assert topology_warnings(topology) == [
        "a region that only the origins can serve, for want of a site in reach: lonely"
    ]


def test_region_far_from_everything_it_lists() -> None:
    sites = [site("a"), site("tokyo", location=TOKYO)]
    regions = [region("fine", "a", "tokyo"), region("odd", "tokyo"), region("right", "tokyo", location=TOKYO)]
    far, abroad = topology_warnings(network(sites, regions))
    assert far == "a region more than 5000 km from every site listed: odd"
    assert abroad.startswith(
        "location: site tokyo at [35.7, 139.7], 9,288 km from cities of NL; region right"
    )


def test_rules_by_country_and_sites_without_one() -> None:
    topology = network([replace(site("a"), country=None)], [region("r", "a")])
    assert topology_warnings(topology) == []
    pin = Pin(Files(title="x"), Places(countries=("NL",)))
    assert topology_warnings(replace(topology, policy=Policy(pins=(pin,)))) == [
        "a site without a country, which rules by country pass over: a"
    ]


def test_demand_that_no_region_draws_on() -> None:
    topology = network([site("a")], [region("r", "a", share=0.38)])
    assert topology_warnings(topology) == ["not all of the demand of 1 forecast region is drawn on: r 0.38"]


def test_long_lists_are_cut() -> None:
    sites = [site("a"), *(site(f"x{i}", "embedded") for i in range(9))]
    assert topology_warnings(network(sites, [region("r", "a")])) == [
        "9 sites that no region can use: x0, x1, x2, x3, x4 and 4 more"
    ]


def test_bytes_do_not_pass_through_regions() -> None:
    graph = LinkGraph(["r", "q"], [("r", "a"), ("b", "r"), ("q", "b"), ("c", "d")])
    assert graph.reaches("r", "a")
    assert graph.reaches("r", "b")
    assert graph.reaches("q", "b")
    assert not graph.reaches("q", "a")
    assert not graph.linked("nowhere")


def test_a_long_chain_of_links() -> None:
    names = [f"n{i}" for i in range(5000)]
    graph = LinkGraph(["r"], [("r", names[0]), *pairwise(names)])
    assert graph.reaches("r", names[-1])
