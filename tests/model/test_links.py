"""Limited directions of links, capacities of origins, and the price of overload."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.model.network.policy import Costs
from cdnplan.model.network.topology import Link, Origin
from tests.model.networks import build, candidate_links, network, origin_links, region, site

PLACES = (site("in-a", "embedded"), site("ix-a"), site("ix-b"))
LINKS = (
    Link("r", "in-a", cost_per_gb=0.0),
    Link("in-a", "ix-a", capacity_gbps=40.0, cost_per_gb=0.002),
    Link("ix-b", "ix-a", capacity_gbps=70.0, cost_per_gb=0.001),
    Link("origin", "ix-b", capacity_gbps=5.0, cost_per_gb=0.02),
    Link("q", "ix-b", capacity_gbps=9.0, cost_per_gb=0.0),
)
WHOLE = network(PLACES, (region("r"), region("q")), LINKS)


def test_links_carry_bytes_towards_the_region() -> None:
    found = build(WHOLE)
    assert candidate_links(found, "r") == {
        "in-a/big": [],
        "ix-a/big": ["ix-a>in-a"],
        "ix-b/big": ["ix-a>in-a", "ix-b>ix-a"],
    }
    assert origin_links(found, "r") == ["ix-a>in-a", "ix-b>ix-a", "origin>ix-b"]
    assert candidate_links(found, "q") == {"ix-b/big": ["ix-b>q"], "ix-a/big": ["ix-a>ix-b", "ix-b>q"]}
    assert origin_links(found, "q") == ["ix-b>q", "origin>ix-b"]


def test_each_direction_has_the_capacity_of_its_own() -> None:
    found = build(WHOLE)
    capacity = dict(zip(found.links, found.link_capacity_gbps.tolist(), strict=True))
    assert capacity == {
        "ix-a>in-a": 40.0,
        "ix-a>ix-b": 70.0,
        "ix-b>ix-a": 70.0,
        "ix-b>q": 9.0,
        "origin>ix-b": 5.0,
    }
    assert list(found.links) == sorted(found.links)


def test_directions_that_no_path_uses_are_left_out() -> None:
    alone = build(network(PLACES, (region("r"),), LINKS[:4]))
    assert alone.links == ("ix-a>in-a", "ix-b>ix-a", "origin>ix-b")


def test_links_without_capacity_are_no_limit() -> None:
    found = build(network(PLACES, (region("r"),), tuple(replace(e, capacity_gbps=None) for e in LINKS[:4])))
    assert found.links == ()
    assert candidate_links(found, "r") == {"in-a/big": [], "ix-a/big": [], "ix-b/big": []}


def test_an_origin_with_a_capacity_is_a_limit_of_all_it_serves() -> None:
    origins = (Origin("origin", (50.0, 0.0), capacity_gbps=3.0),)
    found = build(replace(WHOLE, origins=origins))
    assert "origin:origin" in found.links
    assert found.link_capacity_gbps[found.links.index("origin:origin")] == 3.0
    assert "origin:origin" in origin_links(found, "r")
    assert "origin:origin" in origin_links(found, "q")
    assert not any("origin:origin" in names for names in candidate_links(found, "r").values())
    by_distance = build(replace(WHOLE, origins=origins, links=()))
    assert origin_links(by_distance, "r") == ["origin:origin"]


def test_only_the_origin_that_serves_is_loaded() -> None:
    near, far = Origin("near", (52.0, 5.0), 1.0), Origin("far", (-40.0, 170.0), 2.0)
    found = build(replace(network(PLACES, (region("r", "ix-a"),), costs=Costs()), origins=(far, near)))
    assert origin_links(found, "r") == ["origin:near"]


def test_overload_costs_what_the_policy_says_or_ten_times_the_dearest_path() -> None:
    dear = replace(WHOLE, policy=replace(WHOLE.policy, costs=Costs(overload_per_gbps=7.0)))
    assert overload_cost(build(dear)) == 7.0
    dearest = 0.023  # r from the origin
    gb_per_gbps_of_a_week = 7 * 86400 / 8
    assert overload_cost(build(WHOLE)) == pytest.approx(10 * dearest * gb_per_gbps_of_a_week)


def test_overload_of_all_slices_costs_the_same_however_many_there_are() -> None:
    four = replace(WHOLE.policy, peak_profile=replace(WHOLE.policy.peak_profile, slices=4))
    found = overload_cost(build(replace(WHOLE, policy=four)))
    assert 4 * found == pytest.approx(overload_cost(build(WHOLE)))


def overload_cost(instance: Instance) -> float:
    """What overload costs, the same on all links; throughput is strict."""
    costs = instance.rates.overload_cost
    assert np.isinf(costs[: instance.n_pools]).all()
    assert np.unique(costs[instance.link_rows]).size == 1
    return float(costs[instance.link_rows][0])
