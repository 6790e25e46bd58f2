"""What docs/recompute.md says is enough: a judge written from it finds the figures that plans claim.

Nothing in the modules it is made of comes from the product; this file makes plans and compares.
"""

from __future__ import annotations

import ast
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import PeakProfile, Policy
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    Hardware,
    Link,
    Origin,
    Region,
    Site,
    Topology,
)
from cdnplan.planner import PlanRequest, plan
from cdnplan.sample import sample_folder
from cdnplan.synth.folder.generate import synth
from cdnplan.synth.folder.request import Request
from tests.model.networks import START
from tests.planner.plans import make, sample_request, write_network, write_small_network
from tests.planner.test_copies_by_load import two_boxes
from tests.second_judge import network
from tests.second_judge.cheapest import cheapest
from tests.second_judge.judge import Judged, disagreements, wrong_paths
from tests.second_judge.many import look
from tests.second_judge.reading import Plan, read_plan

JUDGE = ("reading", "network", "copies", "judge", "cheapest")


def assert_agrees(folder: Path) -> Judged:
    """Second judge and plan say the same, and no limit is passed."""
    found = read_plan(folder)
    assert disagreements(found) == []
    assert wrong_paths(found) == []
    return Judged(found)


@pytest.mark.parametrize("name", JUDGE)
def test_it_imports_nothing_of_the_product(name: str) -> None:
    tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
    named = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [module for module in named if module.startswith("cdnplan")]
    own = {"tests.second_judge", *(f"tests.second_judge.{each}" for each in JUDGE)}
    assert {module for module in named if module.startswith("tests")} <= own


def test_the_sample_by_history_and_the_week_after(tmp_path: Path) -> None:
    sample = sample_folder()
    first = sample_request(tmp_path / "first", history=sample / "history.parquet")
    plan(first)
    second = sample_request(tmp_path / "second", previous=first.out)
    plan(second)
    for folder in (first.out, second.out):
        assert_agrees(folder)
    assert Judged(read_plan(second.out)).figures()["cost.fill"] > 0


SYNTH = {
    "links, four slices": ("sample", 2, "policy: {peak_profile: {slices: 4}}"),
    "links, by order, dear overload": (
        "sample",
        3,
        "policy: {steering: order, peak_profile: {slices: 3}, costs: {overload_per_gbps: 50}}",
    ),
    "time zones, six slices": ("continent", 4, "policy: {peak_profile: {slices: 6}, max_sites: 3}"),
    "a window for all, one copy": (
        "country",
        5,
        "policy: {cold_start: limited, copy_load_ratio: null, peak_profile: {slices: 2}}",
    ),
}


@pytest.mark.parametrize("name", SYNTH)
def test_generated_networks(tmp_path: Path, name: str) -> None:
    preset, seed, override = SYNTH[name]
    inputs = tmp_path / "inputs"
    synth(Request(preset, seed=seed, regions=8, titles=50, weeks=1), inputs)
    (inputs / "more.yaml").write_text(override + "\n", encoding="utf-8")
    request = PlanRequest(
        topology=inputs / "topology.yaml",
        titles=inputs / "titles.parquet",
        demand=inputs / "demand.parquet",
        out=tmp_path / "plan",
        engine="fast",
        overrides=(inputs / "more.yaml",),
    )
    plan(request)
    judged = assert_agrees(request.out)
    assert judged.slices > 1
    if preset == "sample":
        assert judged.capacity
    if preset == "continent":
        assert len({tuple(row) for row in judged.rates.values()}) > 1, "one time zone"


def test_every_rule_and_earlier_holdings(tmp_path: Path) -> None:
    request = replace(write_small_network(tmp_path / "network"), engine="fast")
    make(request)
    second = replace(request, previous=request.out, out=tmp_path / "second")
    make(second)
    for folder in (request.out, second.out):
        judged = assert_agrees(folder)
        assert judged.rules.pinned
        assert judged.rules.launches
        assert {0, 1, 2} <= set(judged.rules.copies.values())


def equal_paths(folder: Path, seed: int) -> PlanRequest:
    """A grid of sites with links of equal costs, of which some are narrow: many paths are equally cheap."""
    rng = np.random.default_rng(seed)
    side = 4
    names = [f"s{i}{j}" for i, j in itertools.product(range(side), repeat=2)]
    box = (ApplianceGroup("box", 2),)
    sites = tuple(Site(name, "ixp", (40.0 + int(name[1]), float(name[2])), box) for name in names)
    ends = [(a, b) for a in names for b in names if a < b and _apart(a, b) == 1]
    links = [
        Link(*(pair if rng.random() < 0.5 else pair[::-1]), _narrow(rng), 0.001)
        for pair in rng.permutation(ends).tolist()
    ]
    links += [Link("origin", "s00", None, 0.02), Link("s33", "origin", 0.5, 0.02)]
    regions = tuple(
        Region(f"r{k}", "ES", (41.0, 1.0), (), DemandShare("ES", 1 / 6), "Asia/Kolkata" if k % 2 else None)
        for k in range(6)
    )
    for region in regions:
        first, second = rng.choice(names, 2, replace=False).tolist()
        links += [Link(region.name, first, None, 0.0), Link(second, region.name, _narrow(rng), 0.001)]
    files = tuple(f"f{n:02}" for n in range(20))
    topology = Topology(
        "grid",
        (Hardware("box", 0.1, 0.2, 0.1),),
        (Origin("origin", (40.0, 0.0), 1.0),),
        sites,
        regions,
        tuple(links),
        Policy(peak_profile=PeakProfile(2, (*([1.0] * 12), *([3.0] * 12))), max_sites=10),
    )
    each, unknown = np.arange(20, dtype=np.int32), np.full(20, "NaT", "M8[D]")
    catalog = Catalog(files, np.full(20, 40.0), files, each, unknown)
    gb = rng.uniform(1e3, 4e4, 20).astype(np.float32)
    demand = Demand(("ES",), np.array([0, 20]), each, gb, START, 7.0)
    return write_network(folder, topology, catalog, demand)


def _apart(a: str, b: str) -> int:
    return abs(int(a[1]) - int(b[1])) + abs(int(a[2]) - int(b[2]))


def _narrow(rng: np.random.Generator) -> float | None:
    return 0.05 if rng.random() < 0.5 else None


@pytest.mark.parametrize("seed", range(2))
def test_of_equal_paths_the_folder_says_which_one(tmp_path: Path, seed: int) -> None:
    request = replace(equal_paths(tmp_path / "network", seed), engine="fast")
    make(request)
    judged = assert_agrees(request.out)
    assert sum(len(ways) - 1 for ways in judged.plan.paths.values()) == 6 * 10
    ties = [region for region in judged.plan.paths if _has_ties(judged, region)]
    assert ties, "no two paths are equally cheap, so nothing is tested"


def _has_ties(judged: Judged, region: str) -> bool:
    """Whether some of a region's paths would be others if the names of places sorted the other way."""
    swapped = {f"s{i}{j}": f"s{3 - i}{3 - j}" for i in range(4) for j in range(4)}
    other = _renamed(judged.plan, swapped)
    before = {place: path for place, _, path in network.ways_by_the_topology(judged.plan)[region]}
    after = {
        swapped.get(place, place): ">".join(swapped.get(node, node) for node in path.split(">"))
        for place, _, path in network.ways_by_the_topology(other)[region]
    }
    return any(after.get(place, path) != path for place, path in before.items())


def _renamed(found: Plan, names: dict[str, str]) -> Plan:
    """The same network with other names of sites."""
    topology = dict(found.topology)
    topology["sites"] = [site | {"name": names[site["name"]]} for site in topology["sites"]]
    topology["links"] = [
        link | {end: names.get(link[end], link[end]) for end in ("from", "to")} for link in topology["links"]
    ]
    return replace(found, topology=topology)


def test_the_cheapest_plan_of_two_appliances(tmp_path: Path) -> None:
    request = two_boxes(tmp_path / "n", copy_load_ratio=None)
    make(request)
    judged = Judged(read_plan(request.out))
    assert cheapest(judged, by_appliance=True) == pytest.approx(2116.80, rel=1e-7)
    by_default = two_boxes(tmp_path / "default")
    record = make(by_default)
    judged = Judged(read_plan(by_default.out))
    assert cheapest(judged, by_appliance=True) == pytest.approx(record["lower"], rel=1e-7)


@pytest.mark.parametrize(("engine", "first"), [("exact", 0), ("fast", 4), ("auto", 8)])
def test_tight_networks_and_their_cheapest_plans(engine: str, first: int) -> None:
    seen = list(look(30, range(first, first + 4), 4, engine))
    assert len(seen) == 8
    assert [(each.label, each.wrong) for each in seen if each.wrong] == []
