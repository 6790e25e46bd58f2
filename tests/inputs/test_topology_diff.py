"""Differences of topologies: by meaning, with renames, with totals."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from cdnplan.inputs.edits.editor import edit_topology
from cdnplan.inputs.edits.language import parse_operation
from cdnplan.inputs.topology.topology_diff import Change, TopologyDiff, diff_topologies
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.model.network.topology import ApplianceGroup, Topology
from cdnplan.sample import sample_folder

PATH = sample_folder() / "topology.yaml"


@pytest.fixture(scope="module")
def sample() -> Topology:
    return read_topology(PATH)


def difference(sample: Topology, *operations: str) -> TopologyDiff:
    return diff_topologies(
        sample, edit_topology(PATH, [parse_operation(each) for each in operations]).topology
    )


CASES = {
    "set site ixp-london-gb fill_window.hours=8": [
        Change("changed", "site", "ixp-london-gb", "fill_window.hours", 12.0, 8.0)
    ],
    "set appliance ixp-london-gb/flash-1u count=5": [
        Change("changed", "appliance", "ixp-london-gb/flash-1u", "count", 2, 5)
    ],
    "remove appliance ixp-london-gb/flash-1u": [
        Change("removed", "appliance", "ixp-london-gb/flash-1u", "count", 2, None)
    ],
    "scale hardware flash-1u storage_tb=2": [
        Change("changed", "hardware", "flash-1u", "storage_tb", 0.36, 0.72)
    ],
    "rename site ixp-london-gb lon": [Change("renamed", "site", "lon", "", "ixp-london-gb", "lon")],
    "rename region be-rest belgium": [Change("renamed", "region", "belgium", "", "be-rest", "belgium")],
    "rename hardware flash-1u flash-2u": [
        Change("renamed", "hardware", "flash-2u", "", "flash-1u", "flash-2u")
    ],
    "rename origin origin-eu-west dublin": [
        Change("renamed", "origin", "dublin", "", "origin-eu-west", "dublin")
    ],
    "set topology name=new": [Change("renamed", "topology", "new", "", "sample", "new")],
    "set region nl-rest sites=[ixp-frankfurt-de, ixp-london-gb]": [
        Change(
            "changed",
            "region",
            "nl-rest",
            "sites",
            ["ixp-london-gb", "ixp-frankfurt-de"],
            ["ixp-frankfurt-de", "ixp-london-gb"],
        )
    ],
    "set link nl-rest ixp-london-gb capacity_gbps=70": [
        Change("changed", "link", "nl-rest>ixp-london-gb", "capacity_gbps", 40, 70)
    ],
    "remove link ixp-london-gb gb-rest": [
        Change("removed", "link", "gb-rest>ixp-london-gb", "", "40 Gbps, 0.002 per GB")
    ],
    "set policy reserves.storage_ratio=0.2": [
        Change("changed", "policy", "policy", "reserves.storage_ratio", 0.05, 0.2)
    ],
    "remove ban *": [Change("removed", "rule", "ban title=Neighbour and Kingdom: Season 1 countries=DE")],
    "add copy top=3 copies=3": [Change("added", "rule", "copy top=3 copies=3")],
}


@pytest.mark.parametrize("operation", CASES)
def test_one_edit_is_one_difference(sample: Topology, operation: str) -> None:
    assert list(difference(sample, operation).changes) == CASES[operation]


def test_the_order_of_things_does_not_count(sample: Topology) -> None:
    rng = random.Random(1)
    parts = {
        key: rng.sample(getattr(sample, key), len(getattr(sample, key)))
        for key in ("sites", "regions", "links")
    }
    turned = [replace(link, from_=link.to, to=link.from_) for link in parts["links"]]
    other = replace(sample, sites=tuple(parts["sites"]), regions=tuple(parts["regions"]), links=tuple(turned))
    assert diff_topologies(sample, other).changes == ()


def test_many_renames_at_once_are_told_apart(sample: Topology) -> None:
    found = difference(
        sample, "rename site solishome-* s-*", "rename hardware storage-2u big", "rename region de-* d-*"
    )
    assert {change.did for change in found.changes} == {"renamed"}
    names = {change.before: change.after for change in found.changes}
    assert names["solishome-london-gb"] == "s-london-gb"
    assert names["de-coraltel-munich"] == "d-coraltel-munich"
    assert len(names) == 9


def test_a_site_elsewhere_is_another_one(sample: Topology) -> None:
    found = difference(sample, "rename site ixp-london-gb lon", "set site lon location=[40, 10]")
    assert [(change.did, change.name) for change in found.changes if change.what == "site"] == [
        ("removed", "ixp-london-gb"),
        ("added", "lon"),
    ]


def test_totals_are_those_of_both_sides(sample: Topology) -> None:
    found = difference(
        sample, "set appliance ixp-london-gb/storage-2u count=5", "remove site zephyrtel-* cascade"
    )
    rows = {(total.group, total.name): total for total in found.totals}
    whole = rows["total", "sample"]
    assert whole.storage_b_tb - whole.storage_a_tb == pytest.approx(2 * 1.3 - 0.45)
    assert whole.throughput_b_gbps - whole.throughput_a_gbps == pytest.approx(2 * 80 - 40)
    assert (whole.sites_a, whole.sites_b, whole.appliances_b - whole.appliances_a) == (10, 9, 1)
    assert [name for (group, name), total in rows.items() if total.changed and group == "country"] == [
        "GB",
        "NL",
    ]
    assert rows["site", "zephyrtel-amsterdam-nl"].storage_b_tb == 0


def test_appliances_of_a_renamed_site_are_compared(sample: Topology) -> None:
    sites = tuple(
        replace(site, name="x", appliances=(ApplianceGroup("flash-1u", 9),))
        if site.name == "ixp-london-gb"
        else site
        for site in sample.sites
    )
    found = diff_topologies(sample, replace(sample, sites=sites))
    assert [(c.did, c.what, c.name) for c in found.changes if c.what in ("site", "appliance")] == [
        ("renamed", "site", "x"),
        ("changed", "appliance", "x/flash-1u"),
        ("removed", "appliance", "x/storage-2u"),
    ]


def test_plan_folders_and_files_are_read_alike(tmp_path: Path) -> None:
    from cdnplan.inputs.topology.topology_reader import read_topology_of

    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "topology.yaml").write_text(PATH.read_text(encoding="utf-8"), encoding="utf-8")
    assert read_topology_of(tmp_path) == replace(
        read_topology(PATH), policy=read_topology(tmp_path / "inputs" / "topology.yaml").policy
    )
