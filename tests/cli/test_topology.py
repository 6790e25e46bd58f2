"""`cdnplan topology check`, `show` and `schema` through the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Outcome, run_cli
from tests.inputs.bad_topologies import BASE


class Cli:
    """Runs commands in a folder that has `t.yaml`."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(folder)
        (folder / "t.yaml").write_text(BASE, encoding="utf-8")

    def __call__(self, *args: str) -> Outcome:
        return run_cli(self._monkeypatch, self._capsys, "topology", *args)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(tmp_path, monkeypatch, capsys)


def test_check_says_what_there_is_and_warns(cli: Cli) -> None:
    outcome = cli("check", "t.yaml")
    assert outcome.code == 0
    assert outcome.out == "t.yaml: ok: benelux, 2 sites with 7 appliances, 2 regions, 2 links\n"
    assert outcome.err == "warning: not all of the demand of 1 forecast region is drawn on: NL 0.38\n"


def test_check_for_programs(cli: Cli) -> None:
    (found,) = json.loads(cli("check", "t.yaml", "--format", "json").out)
    assert found == {
        "file": "t.yaml",
        "name": "benelux",
        "sites": 2,
        "appliances": 7,
        "regions": 2,
        "links": 2,
        "warnings": 1,
    }
    (row,) = csv.DictReader(io.StringIO(cli("check", "t.yaml", "--format", "csv").out))
    assert row["appliances"] == "7"


def test_a_wrong_choice_names_the_nearest_one(cli: Cli) -> None:
    outcome = cli("show", "t.yaml", "--format", "jsn")
    assert outcome.code == 2
    assert "did you mean 'json'?" in outcome.err
    assert "did you mean" not in cli("show", "t.yaml", "--format", "zzz").err


def test_check_with_environment_and_override(cli: Cli) -> None:
    (cli.folder / "t.yaml").write_text(BASE + "overrides: {prod: {name: production}}\n", encoding="utf-8")
    (cli.folder / "o.yaml").write_text("regions: [{name: nl-new, country: NL, location: [52, 5]}]\n")
    assert "benelux" in cli("check", "t.yaml").out
    outcome = cli("check", "t.yaml", "--env", "prod", "--override", "o.yaml")
    assert outcome.out == "t.yaml: ok: production, 2 sites with 7 appliances, 3 regions, 2 links\n"


def test_check_tries_every_environment_once(cli: Cli) -> None:
    text = BASE.replace("slices: 4", "slices: 25") + "overrides: {a: {name: ''}, b: {name: bee}}\n"
    (cli.folder / "t.yaml").write_text(text, encoding="utf-8")
    outcome = cli("check", "t.yaml")
    assert outcome.code == 2
    assert outcome.err.splitlines() == [
        "error: t.yaml:27:26: policy.peak_profile.slices: expected at most 24, found 25",
        "error: t.yaml:30:23: name: expected text, found an empty one",
        "2 problems; nothing was written",
    ]


TOTALS = [
    ("kind", "ixp", 1, 6, 1168.0, 680.0, 5.4, None),
    ("kind", "embedded", 1, 1, 280.0, 80.0, 1.2, None),
    ("country", "NL", 2, 7, 1448.0, 760.0, 6.6, 2),
    ("hardware", "storage-2u", 2, 5, 1400.0, 400.0, 6.0, None),
    ("hardware", "flash-1u", 1, 2, 48.0, 360.0, 0.6, None),
    ("total", "benelux", 2, 7, 1448.0, 760.0, 6.6, 2),
]


def test_show_json(cli: Cli) -> None:
    outcome = cli("show", "t.yaml", "--format", "json")
    assert outcome.code == 0
    assert [tuple(row.values()) for row in json.loads(outcome.out)] == TOTALS
    assert outcome.err == ""


def test_show_csv(cli: Cli) -> None:
    header, *rows = csv.reader(io.StringIO(cli("show", "t.yaml", "--format", "csv").out))
    assert header[4:] == ["storage_tb", "throughput_gbps", "fill_gbps", "regions"]
    assert rows == [["" if cell is None else str(cell) for cell in row] for row in TOTALS]


def test_show_table_is_aligned(cli: Cli) -> None:
    lines = cli("show", "t.yaml").out.splitlines()
    assert lines[0].split("  ")[0] == "group"
    assert "storage [TB]" in lines[0]
    assert len({len(line) for line in lines}) == 1
    assert lines[-1].startswith("total")


def test_sites_without_country_come_last(cli: Cli) -> None:
    text = BASE.replace("    kind: ixp\n    country: NL\n", "    kind: ixp\n").replace(
        "countries: [NL]", "kinds: [ixp]"
    )
    (cli.folder / "t.yaml").write_text(text, encoding="utf-8")
    rows = json.loads(cli("show", "t.yaml", "--format", "json").out)
    assert [(r["name"], r["sites"], r["regions"]) for r in rows if r["group"] == "country"] == [
        ("NL", 1, 2),
        ("(none)", 1, 0),
    ]


def test_show_tree(cli: Cli) -> None:
    assert cli("show", "t.yaml", "--tree").out == (
        "benelux\n"
        "  NL\n"
        "    ams-ix (ixp): 2 x flash-1u + 4 x storage-2u, 1,168 TB, 680 Gbps\n"
        "    kpn-utrecht (embedded): 1 x storage-2u, 280 TB, 80 Gbps\n"
    )


def test_show_tree_as_data(cli: Cli) -> None:
    rows = json.loads(cli("show", "t.yaml", "--tree", "--format", "json").out)
    assert [(row["country"], row["site"], row["appliances"], row["regions"]) for row in rows] == [
        ("NL", "ams-ix", 6, 2),
        ("NL", "kpn-utrecht", 1, 1),
    ]


def test_show_reports_problems_as_check_does(cli: Cli) -> None:
    (cli.folder / "t.yaml").write_text(BASE.replace("kind: ixp", "kind: ixq"), encoding="utf-8")
    outcome = cli("show", "t.yaml")
    assert (outcome.code, outcome.out) == (2, "")
    assert "t.yaml:9:11" in outcome.err


def test_wrong_usage_is_bad_input(cli: Cli) -> None:
    assert cli("check").code == 2
    assert cli("show", "t.yaml", "--format", "xml").code == 2


def schema(cli: Cli) -> dict[str, Any]:
    outcome = cli("schema")
    assert outcome.code == 0
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def test_schema_knows_every_key_with_a_description(cli: Cli) -> None:
    found = schema(cli)
    assert found["$schema"].startswith("https://json-schema.org/")
    keys = {"include", "overrides", "name", "hardware", "origins", "sites", "regions", "links", "policy"}
    assert set(found["properties"]) == keys
    for name, part in {"": found, **found["$defs"]}.items():
        assert part["additionalProperties"] is False
        for key, about in part["properties"].items():
            assert about.get("description"), f"{name}.{key}"


def test_schema_tells_units_and_limits(cli: Cli) -> None:
    parts = schema(cli)["$defs"]
    storage = parts["HardwareWire"]["properties"]["storage_tb"]
    assert "[TB" in storage["description"]
    assert storage["exclusiveMinimum"] == 0
    assert parts["PeakProfileWire"]["properties"]["slices"]["maximum"] == 24
    assert parts["SiteWire"]["properties"]["kind"]["enum"] == ["ixp", "embedded"]
    assert "from" in parts["LinkWire"]["properties"]
    for part in parts.values():
        for key, about in part["properties"].items():
            for suffix, unit in {
                "_tb": "TB",
                "_gbps": "Gbit",
                "_ratio": "ratio",
                "_per_gb": "currency/GB",
            }.items():
                if key.endswith(suffix) and key != "overload_per_gbps":
                    assert unit in about["description"], key


def test_help_names_all_commands(cli: Cli) -> None:
    outcome = cli("--help")
    assert outcome.code == 0
    for command in ("check", "show", "schema", "import", "edit", "diff"):
        assert command in outcome.out
