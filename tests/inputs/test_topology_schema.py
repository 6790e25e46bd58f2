"""The JSON Schema accepts what is valid and refuses wrong keys, as an editor has to."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cdnplan.inputs.places.country_codes import COUNTRY_CODES
from cdnplan.inputs.wire.topology_schema import topology_schema
from cdnplan.inputs.yamls.yaml_nodes import plain
from cdnplan.inputs.yamls.yaml_text import parse_yaml
from cdnplan.sample import sample_folder
from tests.conftest import ROOT
from tests.docs.test_topology_reference import REFERENCE, write_examples

SAMPLES = [sample_folder() / "topology.yaml", *sorted((ROOT / "topologies").glob("*.yaml"))]


def errors(schema: dict[str, Any], value: object) -> list[str]:
    """What is wrong with a value; nothing if it is valid."""
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def content(path: Path) -> Any:
    root, problems = parse_yaml(path.read_text(encoding="utf-8"), path.name)
    assert root is not None
    assert not problems
    return plain(root)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_topologies_to_start_from_are_valid(path: Path) -> None:
    assert errors(topology_schema(), content(path)) == []


@pytest.mark.parametrize("part", [False, True])
def test_the_schema_is_one(part: bool) -> None:
    Draft202012Validator.check_schema(topology_schema(part=part))


def test_examples_of_the_reference_are_valid(tmp_path: Path) -> None:
    files = write_examples(REFERENCE, tmp_path)
    assert errors(topology_schema(), content(files["benelux.yaml"])) == []
    assert errors(topology_schema(), content(files["lab.yaml"])) == []
    rules = content(files["rules.yaml"])
    assert errors(topology_schema(part=True), rules) == []
    assert errors(topology_schema(), rules) != []


def maps(node: Any, at: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every mapping of a topology, with its place."""
    found = [(at, node)] if isinstance(node, dict) else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return found + [each for key, item in items for each in maps(item, f"{at}.{key}")]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_wrong_key_is_found_wherever_it_stands(path: Path) -> None:
    topology, schema = content(path), Draft202012Validator(topology_schema())
    for at, node in maps(topology):
        if at != ".hardware":
            node["wrong_key"] = 1
            assert not schema.is_valid(topology), at
            del node["wrong_key"]
    assert schema.is_valid(topology)


def changed(change: Callable[[Any], object]) -> list[str]:
    topology = copy.deepcopy(content(ROOT / "topologies" / "backbone.yaml"))
    change(topology)
    return errors(topology_schema(), topology)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["sites"][0].update(kind="ixq"),
        lambda t: t["sites"][0].update(country="UK"),
        lambda t: t["sites"][0].update(location=[91, 0]),
        lambda t: t["sites"][0].update(location=[1]),
        lambda t: t["sites"][0].pop("location"),
        lambda t: t["sites"][0].update(fill_window={"start": "2:00"}),
        lambda t: t["sites"][0]["appliances"].append({"count": 2}),
        lambda t: t["hardware"]["storage-2u"].update(storage_tb="280"),
        lambda t: t["hardware"].update({"a/b": t["hardware"]["storage-2u"]}),
        lambda t: t["policy"].update(steering="near"),
        lambda t: t["policy"].update(reserves={"storage_ratio": 1}),
        lambda t: t["policy"].update(pins=[{"title": "x", "top": 3}]),
        lambda t: t["policy"].update(bans=[{"countries": ["NO"]}]),
        lambda t: t.update(overrides={"lab": {"sites": [{"kind": "ixp"}]}}),
        lambda t: t.update(overrides={"lab": {"site": []}}),
        lambda t: t.update(include=["x.yaml"], hardwares={}),
        lambda t: t.pop("regions"),
        lambda t: t.update(sites=[]),
    ],
)
def test_mistakes_are_marked(change: Callable[[Any], object]) -> None:
    assert changed(change) != []


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.update(include=["x.yaml"], sites=[{"name": "oslo", "fill_window": {"hours": 3}}]),
        lambda t: t.update(overrides={"lab": {"hardware": {"storage-2u": {"storage_tb": 2}}, "policy": {}}}),
        lambda t: t.update(links=[]),
    ],
)
def test_what_is_allowed_is_not_marked(change: Callable[[Any], object]) -> None:
    assert changed(change) == []


def test_values_to_choose_from_and_defaults_are_told() -> None:
    parts = topology_schema()["$defs"]
    assert parts["SiteWire"]["properties"]["country"]["anyOf"][0]["enum"] == sorted(COUNTRY_CODES)
    assert parts["PolicyWire"]["properties"]["steering"]["enum"] == ["cost", "order"]
    assert parts["PolicyWire"]["properties"]["steering"]["default"] == "cost"
    assert parts["ApplianceWire"]["properties"]["count"]["default"] == 1
    assert parts["FillWindowWire"]["properties"]["start"]["default"] == "02:00"
    assert all(
        "default" not in about or about["default"] is not None
        for p in parts.values()
        for about in p["properties"].values()
    )
