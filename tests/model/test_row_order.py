"""The order in which a network is written down changes nothing."""

from __future__ import annotations

import random
from dataclasses import fields, replace

import numpy as np
import pytest

from cdnplan.inputs.demand.catalog_reader import read_catalog
from cdnplan.inputs.demand.demand_reader import read_demand
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.instance import Instance
from cdnplan.model.limits.limits import RateRows, VolumeRows
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Link, Topology
from cdnplan.sample import sample_folder
from tests.evaluate import network
from tests.model.networks import build, region, site
from tests.model.networks import network as small


def shuffled(topology: Topology, seed: int) -> Topology:
    """The same network with all lists in another order, links turned round, but not what regions prefer."""
    rng = random.Random(seed)

    def mixed(items: tuple) -> tuple:
        return tuple(rng.sample(items, len(items)))

    return replace(
        topology,
        hardware=mixed(topology.hardware),
        origins=mixed(topology.origins),
        sites=tuple(replace(s, appliances=mixed(s.appliances)) for s in mixed(topology.sites)),
        regions=mixed(topology.regions),
        links=tuple(
            replace(e, from_=e.to, to=e.from_) if rng.random() < 0.5 else e for e in mixed(topology.links)
        ),
    )


def assert_same(one: Instance, other: Instance) -> None:
    """Every name, number and array, to the bit."""
    for kind, this, that in (
        (Instance, one, other),
        (RateRows, one.rates, other.rates),
        (VolumeRows, one.volumes, other.volumes),
    ):
        for field in fields(kind):
            a, b = getattr(this, field.name), getattr(that, field.name)
            if isinstance(a, np.ndarray):
                assert a.dtype == b.dtype, field.name
                assert np.array_equal(a, b), field.name
            elif not isinstance(a, (RateRows, VolumeRows)):
                assert a == b, field.name


@pytest.mark.parametrize("seed", range(5))
def test_small_network(seed: int) -> None:
    whole = network.topology()
    inputs = network.catalog(), network.demand(), network.holdings()
    assert_same(
        build_instance(whole, *inputs)[0],
        build_instance(shuffled(whole, seed), *inputs)[0],
    )


@pytest.fixture(scope="module")
def sample() -> tuple[Topology, Demand, Instance]:
    folder = sample_folder()
    whole = read_topology(folder / "topology.yaml")
    catalog, shares = read_catalog(folder / "titles.parquet", None)
    countries = {region.demand.region: region.country for region in whole.regions}
    wanted = frozenset(countries)
    demand, _ = read_demand(folder / "demand.parquet", catalog, shares, known=countries, wanted=wanted)
    return whole, demand, build_instance(whole, catalog, demand)[0]


@pytest.mark.parametrize("seed", range(3))
def test_sample(sample: tuple[Topology, Demand, Instance], seed: int) -> None:
    whole, demand, instance = sample
    catalog, _ = read_catalog(sample_folder() / "titles.parquet", None)
    assert_same(instance, build_instance(shuffled(whole, seed), catalog, demand)[0])


@pytest.mark.parametrize("name", ["a-region", "middle", "z-region"])
@pytest.mark.parametrize("seed", range(6))
def test_two_paths_of_the_same_cost(seed: int, name: str) -> None:
    """Ties of paths, of sites and of origins; each way has a capacity of its own."""
    places = tuple(site(name) for name in ("left", "right", "top"))
    links = tuple(
        Link(a, b, capacity_gbps=float(i + 1), cost_per_gb=0.001)
        for i, (a, b) in enumerate(
            [(name, "left"), (name, "right"), ("left", "top"), ("right", "top"), ("top", "origin")]
        )
    )
    whole = small(places, (region(name), region("q", "top", "left")), links)
    assert_same(build(whole), build(shuffled(whole, seed)))
