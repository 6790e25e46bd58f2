"""A network restricted to some countries: what stays, and that nothing changes for those who stay."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cdnplan.model.instance.network import restricted
from cdnplan.model.network.policy import Ban, Costs, Files, Pin, Places
from cdnplan.model.network.topology import Link, Topology
from tests.model.networks import build, candidate_links, candidates, network, origin_links, region, site

Keep = Callable[[Topology, frozenset[str]], Topology]
BOTH = pytest.mark.parametrize("keep", [Topology.restricted_to, restricted])
NL, BE = frozenset({"NL"}), frozenset({"BE"})


def names(topology: Topology) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """Sites, regions and links."""
    return (
        [each.name for each in topology.sites],
        [each.name for each in topology.regions],
        [(each.from_, each.to) for each in topology.links],
    )


@BOTH
def test_only_sites_that_kept_regions_list_stay(keep: Keep) -> None:
    places = (site("a"), site("b"), site("in-nl", "embedded", country="NL"), site("c", country="NL"))
    regions = (region("r", "a", "in-nl"), region("q", "a", "b", country="BE"))
    kept = keep(network(places, regions), NL)
    assert names(kept) == (["a", "in-nl"], ["r"], [])
    assert names(keep(network(places, regions), NL | BE))[0] == ["a", "b", "in-nl"]


@BOTH
def test_regions_without_a_list_keep_exchange_points_and_sites_of_their_country(keep: Keep) -> None:
    places = (
        site("a", country="DE"),
        site("in-nl", "embedded", country="NL"),
        site("in-be", "embedded", country="BE"),
    )
    kept = keep(network(places, (region("r"), region("q", "in-be", country="BE"))), NL)
    assert names(kept) == (["a", "in-nl"], ["r"], [])


@BOTH
def test_rules_of_sites_that_go_go_with_them(keep: Keep) -> None:
    places = (site("a"), site("b"))
    regions = (region("r", "a"), region("q", "b", country="BE"))
    everywhere, here = Pin(Files(title="x")), Pin(Files(title="x"), Places(sites=("b", "a*")))
    there, country = Ban(Files(title="x"), Places(sites=("b*",))), Ban(Files(title="x"), Places(("?",)))
    kept = keep(network(places, regions, pins=(everywhere, here), bans=(there, country)), NL).policy
    assert kept.pins == (everywhere, Pin(Files(title="x"), Places(sites=("a*",))))
    assert kept.bans == (country,)


@BOTH
def test_links_stay_where_both_ends_do(keep: Keep) -> None:
    places = (site("a"), site("b"))
    links = (Link("r", "a"), Link("q", "a"), Link("q", "b"), Link("a", "b"), Link("a", "origin"))
    whole = network(places, (region("r", "a"), region("q", "b", country="BE")), links)
    assert names(keep(whole, NL))[2] == [("r", "a"), ("a", "origin")]


BACKBONE = network(
    (
        site("home", "embedded", country="NL"),
        site("transit", "embedded", country="BE"),
        site("far-ix", country="DE"),
        site("aside", "embedded", country="DE"),
        site("abroad", "embedded", country="BE"),
    ),
    (
        region("lists-one", "home"),
        region("lists-two", "home", "far-ix"),
        region("lists-none"),
        region("linked-abroad"),
        region("belgian", "transit", country="BE"),
    ),
    (
        *(Link(name, "home", cost_per_gb=0.0) for name in ("lists-one", "lists-two", "lists-none")),
        Link("linked-abroad", "abroad", cost_per_gb=0.0),
        Link("belgian", "transit", cost_per_gb=0.0),
        Link("abroad", "transit", cost_per_gb=0.002),
        Link("home", "transit", capacity_gbps=10.0, cost_per_gb=0.001),
        Link("transit", "far-ix", capacity_gbps=20.0, cost_per_gb=0.001),
        Link("far-ix", "aside", cost_per_gb=0.001),
        Link("far-ix", "origin", capacity_gbps=30.0, cost_per_gb=0.01),
    ),
    costs=Costs(),
)


def test_paths_of_kept_regions_are_those_of_the_whole_network() -> None:
    kept = restricted(BACKBONE, NL)
    assert names(kept)[0] == ["home", "transit", "far-ix", "abroad"]
    whole, part = build(BACKBONE), build(kept)
    assert part.regions == ("linked-abroad", "lists-none", "lists-one", "lists-two")
    for r, name in enumerate(part.regions):
        assert candidates(part, name) == candidates(whole, name)
        assert candidate_links(part, name) == candidate_links(whole, name)
        assert part.origin_cost[r] == whole.origin_cost[whole.regions.index(name)]
        assert origin_links(part, name) == origin_links(whole, name)
    assert candidates(part, "lists-two") == [("home/big", 0.0), ("far-ix/big", 0.002)]


def test_restricting_to_all_countries_changes_nothing_but_sites_no_one_uses() -> None:
    kept = restricted(BACKBONE, NL | BE)
    assert kept.regions == BACKBONE.regions
    assert kept.sites == BACKBONE.sites[:3] + BACKBONE.sites[4:]
    assert names(kept)[2] == [pair for pair in names(BACKBONE)[2] if "aside" not in pair]
