"""Writing topologies: what is written reads back equal, in this reader and in others."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.inputs.yamls.yaml_nodes import plain
from cdnplan.inputs.yamls.yaml_text import parse_yaml
from cdnplan.model.network.policy import Policy
from cdnplan.model.network.topology import Hardware, Origin, Topology
from tests.inputs.bad_topologies import BASE
from tests.inputs.topologies import large_topology, topologies

_BASE_WRITTEN = """\
# Written by a test
#
# twice
name: benelux
hardware:
  storage-2u: {storage_tb: 280, throughput_gbps: 80, fill_gbps: 1.2}
  flash-1u: {storage_tb: 24, throughput_gbps: 180, fill_gbps: 0.3}
origins:
  - {name: origin-eu, location: [53.3, -6.3]}
sites:
  - name: ams-ix
    kind: ixp
    country: NL
    location: [52.3, 4.9]
    timezone: Europe/Amsterdam
    appliances: [{model: flash-1u, count: 2}, {model: storage-2u, count: 4}]
  - name: kpn-utrecht
    kind: embedded
    country: NL
    location: [52.1, 5.1]
    appliances: [{model: storage-2u}]
regions:
  - {name: nl-kpn, country: NL, location: [52.1, 5.1], sites: [kpn-utrecht, ams-ix]}
  - {name: nl-ziggo, country: NL, location: [52, 4.4], demand: {region: NL, share: 0.38}, sites: [ams-ix]}
links:
  - {from: nl-kpn, to: ams-ix, capacity_gbps: 400, cost_per_gb: 0.002}
  - {from: nl-kpn, to: kpn-utrecht, capacity_gbps: 200}
policy:
  peak_profile: {slices: 4}
  pins:
    - {title: Opener, sites: [ams-ix]}
  bans:
    - {title: Licensed, countries: [NL]}
"""


def forget(topology: Topology) -> Topology:
    """Drop the sources of rules, which are not written."""
    policy = topology.policy
    rules = {
        key: tuple(replace(rule, source="") for rule in getattr(policy, key))
        for key in ("pins", "bans", "copies", "launches")
    }
    return replace(topology, policy=replace(policy, **rules))


@settings(max_examples=60, deadline=None)
@given(topologies())
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, topology: Topology
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.yaml"
    text = topology_text(topology)
    path.write_text(text, encoding="utf-8", newline="")
    found = read_topology(path)
    assert forget(found) == topology
    assert topology_text(found) == text


@settings(max_examples=30, deadline=None)
@given(topologies(), st.text(max_size=30))
def test_other_readers_understand_the_same(topology: Topology, header: str) -> None:
    """PyYAML reads YAML 1.1: texts that look like its numbers, times and booleans are in quotes."""
    text = topology_text(topology, header)
    root, problems = parse_yaml(text, "t.yaml")
    assert root is not None
    assert problems == []
    assert yaml.safe_load(text) == plain(root)


def test_text_is_canonical(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(BASE, encoding="utf-8")
    assert topology_text(read_topology(path), header="Written by a test\n\ntwice") == _BASE_WRITTEN


def test_the_whole_policy_has_every_value_that_there_is_and_means_the_same(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(BASE, encoding="utf-8")
    topology = read_topology(path)
    for policy in (Policy(), topology.policy):
        text = topology_text(replace(topology, policy=policy), whole_policy=True)
        path.write_text(text, encoding="utf-8")
        assert topology_text(read_topology(path)) == topology_text(replace(topology, policy=policy))
        written, rules = yaml.safe_load(text)["policy"], {"pins", "bans", "copies", "launches", "waits"}
        assert written.keys() - rules == {field.name for field in fields(policy)} - rules
        for group in ("reserves", "costs", "peak_profile", "fill"):
            assert written[group].keys() == {field.name for field in fields(getattr(policy, group))}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ams-ix", "ams-ix"),
        ("two words", "two words"),
        ("NO", '"NO"'),
        ("on", '"on"'),
        ("12", '"12"'),
        ("1e5", '"1e5"'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ('say "x"', '"say \\"x\\""'),
        ("", '""'),
        ("é", '"é"'),
        ("\u2028", '"\\u2028"'),
        ("\x85", '"\\u0085"'),
        ("\ufeff", '"\\ufeff"'),
    ],
)
def test_quoting(name: str, written: str) -> None:
    first = topology_text(Topology(name, (), (), (), ())).splitlines()[0]
    assert first == f"name: {written}"
    assert yaml.safe_load(first) == {"name": name}


@pytest.mark.parametrize(
    ("value", "written"),
    [(280.0, "280"), (280, "280"), (0.1, "0.1"), (1e-05, "1.0e-05"), (1.5e-07, "1.5e-07"), (1e22, "1.0e+22")],
)
def test_numbers(value: float, written: str) -> None:
    text = topology_text(Topology("x", (Hardware("h", value, 1, 1),), (), (), ()))
    assert f"{{storage_tb: {written}, throughput_gbps: 1, fill_gbps: 1}}" in text
    assert yaml.safe_load(text)["hardware"]["h"]["storage_tb"] == value


def test_empty_sections_are_written_as_such() -> None:
    text = topology_text(Topology("x", (Hardware("h", 1, 1, 1),), (Origin("o", (0, 0)),), (), ()))
    assert yaml.safe_load(text)["sites"] == []
    assert yaml.safe_load(text)["regions"] == []


@pytest.mark.slow
def test_half_a_world_is_written_and_read_fast_enough(tmp_path: Path) -> None:
    topology = large_topology(3000)
    start = time.process_time()
    text = topology_text(topology)
    written = time.process_time() - start
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    start = time.process_time()
    assert read_topology(tmp_path / "t.yaml") == topology
    assert written <= 1.0
    assert time.process_time() - start <= 2.5
