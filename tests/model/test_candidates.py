"""Candidate pools, costs and paths: over links, by distance, by the order a region gives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdnplan.errors import InputError
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.policy import Costs
from cdnplan.model.network.topology import Link, Origin, Topology
from tests.model.networks import build, candidates, network, region, site


def test_distance_decides_where_there_are_no_links() -> None:
    costs = Costs(embedded_per_gb=0.001, ixp_per_gb=0.002, origin_per_gb=0.03, per_gb_per_1000km=0.004)
    near, far, inside = (52.3, 4.9), (50.1, 8.7), (52.1, 5.1)
    sites = (site("far", at=far), site("near", at=near), site("inside", "embedded", inside))
    found = build(network(sites, (region("r", "far", "near", "inside", at=near),), costs=costs))
    expected = [
        ("inside/big", 0.001 + 0.004e-3 * float(distance_km(inside, near))),
        ("near/big", 0.002),
        ("far/big", 0.002 + 0.004e-3 * float(distance_km(far, near))),
    ]
    assert candidates(found, "r") == [(name, pytest.approx(cost)) for name, cost in expected]
    assert found.origin_cost[0] == pytest.approx(0.03 + 0.004e-3 * float(distance_km((50.0, 0.0), near)))


def test_without_a_list_the_nearest_exchange_points_serve() -> None:
    sites = tuple(site(f"ixp-{i}", at=(50.0 + i, 5.0)) for i in range(5))
    inside = site("inside", "embedded", (50.0, 5.0))
    whole = network((*reversed(sites), inside), (region("r", at=(50.0, 5.0)),), costs=Costs(), max_sites=3)
    assert [name for name, _ in candidates(build(whole), "r")] == ["ixp-0/big", "ixp-1/big", "ixp-2/big"]


def linked(*links: Link, sites: tuple[str, ...] = ()) -> Topology:
    """Two exchange points, two sites inside ISPs, a region and another one."""
    places = (site("ix-a"), site("ix-b"), site("in-a", "embedded"), site("in-b", "embedded"))
    return network(places, (region("r", *sites), region("q")), links)


def test_links_lead_over_intermediate_sites() -> None:
    found = build(
        linked(
            Link("in-a", "r", cost_per_gb=0.0),
            Link("in-a", "ix-a", cost_per_gb=0.003),
            Link("ix-a", "ix-b", cost_per_gb=0.001),
            Link("origin", "ix-b", cost_per_gb=0.02),
        )
    )
    assert candidates(found, "r") == [("in-a/big", 0.0), ("ix-a/big", 0.003), ("ix-b/big", 0.004)]
    assert found.origin_cost[found.regions.index("r")] == pytest.approx(0.024)


def test_sites_inside_an_isp_serve_only_those_linked_to_them_or_listing_them() -> None:
    links = (
        Link("r", "ix-a", cost_per_gb=0.001),
        Link("in-a", "ix-a", cost_per_gb=0.001),
        Link("in-b", "ix-a", cost_per_gb=0.001),
        Link("q", "in-b", cost_per_gb=0.0),
    )
    assert [name for name, _ in candidates(build(linked(*links)), "r")] == ["ix-a/big"]
    assert candidates(build(linked(*links)), "q") == [("in-b/big", 0.0), ("ix-a/big", 0.001)]
    listed = build(linked(*links, sites=("in-a",)))
    assert candidates(listed, "r") == [("in-a/big", 0.002)]


def test_the_cheapest_of_two_paths_counts() -> None:
    dear = (Link("r", "ix-a", cost_per_gb=0.001), Link("ix-a", "ix-b", cost_per_gb=0.009))
    cheap = (Link("r", "in-a", cost_per_gb=0.002), Link("in-a", "ix-b", cost_per_gb=0.003))
    found = build(linked(*dear, *cheap))
    assert candidates(found, "r") == [("ix-a/big", 0.001), ("in-a/big", 0.002), ("ix-b/big", 0.005)]
    assert candidates(build(linked(*dear)), "r") == [("ix-a/big", 0.001), ("ix-b/big", 0.01)]


def test_bytes_never_pass_through_a_region() -> None:
    found = build(
        linked(
            Link("r", "ix-a", cost_per_gb=0.0),
            Link("q", "ix-a", cost_per_gb=0.0),
            Link("q", "ix-b", cost_per_gb=0.0),
        )
    )
    assert candidates(found, "r") == [("ix-a/big", 0.0)]
    assert candidates(found, "q") == [("ix-a/big", 0.0), ("ix-b/big", 0.0)]


def test_a_link_without_cost_costs_its_distance() -> None:
    places = (site("here", at=(52.0, 5.0)), site("there", at=(48.0, 2.0)))
    links = (Link("r", "here", cost_per_gb=0.001), Link("there", "here"))
    found = build(network(places, (region("r"),), links, costs=Costs(per_gb_per_1000km=0.01)))
    km = float(distance_km((52.0, 5.0), (48.0, 2.0)))
    assert candidates(found, "r") == [("here/big", 0.001), ("there/big", pytest.approx(0.001 + 1e-5 * km))]


def test_the_cheapest_origin_serves_and_links_go_before_distance() -> None:
    whole = linked(Link("r", "ix-a", cost_per_gb=0.0), Link("ix-a", "remote", cost_per_gb=0.5))
    origins = (Origin("beside", (52.0, 5.0)), Origin("remote", (-30.0, 150.0)))
    found = build(replace(whole, origins=origins))
    r, q = found.regions.index("r"), found.regions.index("q")
    assert found.origin_cost[r] == pytest.approx(0.5)
    assert found.origin_cost[q] == pytest.approx(whole.policy.costs.origin_per_gb)


def test_a_linked_region_without_a_path_to_an_origin_gets_it_by_distance() -> None:
    found = build(linked(Link("r", "ix-a", cost_per_gb=0.0)))
    assert found.origin_cost[found.regions.index("r")] == pytest.approx(0.03)


@pytest.mark.parametrize("order", [("ix-a", "ix-b", "in-a"), ("in-a", "ix-b", "ix-a")])
def test_ties_go_by_the_order_a_region_lists(order: tuple[str, ...]) -> None:
    links = tuple(Link("r", name, cost_per_gb=0.001) for name in ("ix-a", "ix-b", "in-a"))
    found = build(linked(*links, sites=order))
    assert [name for name, _ in candidates(found, "r")] == [f"{name}/big" for name in order]


def test_pools_of_one_site_tie_by_name() -> None:
    places = (site("s", groups={"small": 1, "big": 2}),)
    assert candidates(build(network(places, (region("r", "s"),))), "r") == [
        ("s/big", 0.002),
        ("s/small", 0.002),
    ]


def test_steering_by_order_never_lets_a_later_site_be_cheaper() -> None:
    links = tuple(
        Link("r", name, cost_per_gb=cost)
        for name, cost in (("ix-a", 0.005), ("ix-b", 0.001), ("in-a", 0.007), ("in-b", 0.006))
    )
    whole = linked(*links, sites=("ix-a", "ix-b", "in-a", "in-b"))
    assert candidates(build(whole), "r")[0] == ("ix-b/big", 0.001)
    ordered = build(replace(whole, policy=replace(whole.policy, steering="order")))
    assert candidates(ordered, "r") == [
        ("ix-a/big", 0.005),
        ("ix-b/big", 0.005),
        ("in-a/big", 0.007),
        ("in-b/big", 0.007),
    ]


def test_a_listed_site_without_a_path_is_a_problem_for_each_region() -> None:
    links = (Link("r", "ix-a", cost_per_gb=0.0), Link("q", "ix-b", cost_per_gb=0.0))
    places = (site("ix-a"), site("ix-b"))
    whole = network(places, (region("r", "ix-a", "ix-b"), region("q", "ix-b", "ix-a")), links)
    with pytest.raises(InputError) as caught:
        build(whole)
    assert str(caught.value).splitlines() == [
        "regions.q.sites: no path of links leads from 'ix-a' to it",
        "regions.r.sites: no path of links leads from 'ix-b' to it",
    ]


def test_a_region_may_have_any_number_of_candidate_pools() -> None:
    places = tuple(site(f"s{i:02}", groups={"big": 1, "small": 1}) for i in range(50))
    names = tuple(place.name for place in places)
    assert len(candidates(build(network(places, (region("r", *names),))), "r")) == 100
