"""`docs/topology.md` against the schema: examples parse, every key is there, defaults are the true ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.inputs.wire.wire import TopologyWire
from cdnplan.inputs.wire.wire_policy import CopiesWire, LaunchWire, PolicyWire, RuleWire
from tests.conftest import ROOT
from tests.docs.documents import blocks, inline, table_rows

REFERENCE = ROOT / "docs" / "topology.md"


def write_examples(document: Path, folder: Path) -> dict[str, Path]:
    """Write the YAML blocks of a document as files, named by their first line; whole networks by name."""
    files = {}
    for block in blocks(document):
        if block.language == "yaml":
            first = re.match(r"# (\S+\.yaml)$", block.text.splitlines()[0])
            assert first, "a YAML block starts with a comment that is its file name"
            files[first[1]] = folder / first[1]
            files[first[1]].write_text(block.text + "\n", encoding="utf-8")
    return files


@pytest.mark.parametrize("document", [REFERENCE, ROOT / "README.md"], ids=lambda path: path.name)
def test_examples_are_topologies(document: Path, tmp_path: Path) -> None:
    files = write_examples(document, tmp_path)
    whole = [file for file in files.values() if "\nname: " in file.read_text(encoding="utf-8")]
    assert whole
    for file in whole:
        assert read_topology(file).sites
    for file in files.values():
        if file not in whole:
            read_topology(whole[0], overrides=[file])


def test_precedence_is_as_told(tmp_path: Path) -> None:
    files = write_examples(REFERENCE, tmp_path)
    base = read_topology(files["benelux.yaml"])
    plain = read_topology(files["lab.yaml"])
    small = read_topology(files["lab.yaml"], env="small")
    last = tmp_path / "last.yaml"
    last.write_text("hardware: {storage-2u: {storage_tb: 3}}\n", encoding="utf-8")
    over = read_topology(files["lab.yaml"], env="small", overrides=[files["rules.yaml"], last])
    assert [t.name for t in (base, plain, small, over)] == ["benelux", "lab", "lab", "lab"]
    assert [t.hardware[0].storage_tb for t in (base, plain, small, over)] == [280, 280, 2, 3]
    assert [t.sites[1].appliances[0].count for t in (base, plain, small, over)] == [1, 1, 2, 2]
    assert [t.policy.reserves.storage_ratio for t in (base, small, over)] == [0.05, 0.05, 0.1]


def fields(model: type[BaseModel]) -> set[str]:
    """Names of all keys below a model, as they are written in YAML."""
    names: set[str] = set()
    for name, field in model.model_fields.items():
        names.add(field.alias or name)
        for part in nested(field.annotation):
            names |= fields(part)
    return names


def nested(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    parts = getattr(annotation, "__args__", ())
    return [model for part in parts for model in nested(part)]


def test_every_key_is_described() -> None:
    told = {part for text in inline(REFERENCE) for part in re.findall(r"\w+", text)}
    # These are parts or stand in a heading of the table.
    parts = {"hardware", "origins", "sites", "regions", "links", "policy"}
    assert fields(TopologyWire) - told - parts == set()


def shown(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def policy_defaults() -> dict[str, str]:
    """Default of each key of the policy, as documents show them; rules apart."""
    defaults = {}
    for name, field in PolicyWire.model_fields.items():
        models = nested(field.annotation)
        if not models:
            defaults[name] = shown(field.default)
        elif not issubclass(models[0], RuleWire):
            for inner, part in models[0].model_fields.items():
                defaults[f"{name}.{inner}"] = shown(part.default)
    return defaults | {"peak_profile.hourly": "evening peak"}


def test_policy_table() -> None:
    rows = {row[0].strip("`"): row[1] for row in table_rows(REFERENCE) if len(row) == 3}
    assert {key: rows.get(key) for key in policy_defaults()} == policy_defaults()


def test_rule_table() -> None:
    rows = {row[0].strip("`"): row for row in table_rows(REFERENCE) if len(row) == 4}
    assert rows["copies"][1:3] == ["`copies`", shown(CopiesWire.model_fields["copies"].default)]
    assert rows["launches"][1:3] == ["`min_pools`", shown(LaunchWire.model_fields["min_pools"].default)]
    rules = {name for name, field in PolicyWire.model_fields.items() if _is_rules(field.annotation)}
    assert rules == set(rows) & rules
    assert len(rules) == 5


def _is_rules(annotation: Any) -> bool:
    return any(issubclass(model, RuleWire) for model in nested(annotation))
