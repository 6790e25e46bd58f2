"""`cdnplan topology import` as a command."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cdnplan.cli.topology.topology_import import import_list
from cdnplan.errors import InputError
from cdnplan.inputs.topology.topology_reader import read_topology
from tests.inputs.appliance_lists import write_list

app = typer.Typer()
app.command("import")(import_list)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return write_list(tmp_path / "list.csv")


def test_import(listed: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.yaml"
    result = run(listed, "--out", out, "--format", "csv")
    assert result.exit_code == 0
    table = list(csv.reader(io.StringIO(result.stdout)))
    assert table[0] == ["kind", "countries", "sites", "pools", "appliances", "storage_tb", "throughput_gbps"]
    assert table[1][:5] == ["ixp", "6", "6", "7", "8"]
    assert table[2][:5] == ["embedded", "5", "10", "11", "13"]
    assert table[3][:5] == ["all", "9", "16", "18", "21"]
    assert "21 appliances; left aside: 2 IPv6 rows, 1 not active" in result.stderr
    text = out.read_text(encoding="utf-8")
    assert text.startswith("# Imported by `cdnplan topology import` from list.csv: 21 appliances.")
    topology = read_topology(out)
    assert topology.name == "t"
    assert len(topology.regions) == 19
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv", "t.yaml"]
    again = tmp_path / "again" / "t.yaml"
    again.parent.mkdir()
    run(listed, "--out", again)
    assert again.read_bytes() == out.read_bytes()


def test_options(listed: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.yaml"
    options = [
        "--countries",
        "BE,Netherlands",
        "--embedded-share",
        "0.5",
        "--near-sites",
        "0",
        "--exchanges",
        "1",
    ]
    options += ["--storage-appliance", "300,90,1.5", "--origin", "home=52,5", "--name", "low"]
    assert run(listed, "--out", out, *options).exit_code == 0
    topology = read_topology(out)
    assert topology.name == "low"
    assert {region.country for region in topology.regions} == {"BE", "NL"}
    assert [(origin.name, origin.location) for origin in topology.origins] == [("home", (52.0, 5.0))]
    storage = next(model for model in topology.hardware if model.name == "storage-2u")
    assert (storage.storage_tb, storage.throughput_gbps, storage.fill_gbps) == (300.0, 90.0, 1.5)
    rest = next(region for region in topology.regions if region.name == "nl-rest-amsterdam")
    assert rest.demand.share == 0.5


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--countries", "NL,Narnia"], ["--countries: unknown country 'Narnia', expected codes as BE,NL"]),
        (["--country-of", "Prishtina"], ["--country-of: found 'Prishtina', expected as Prishtina=XK"]),
        (
            ["--flash-appliance", "24,180", "--origin", "home", "--global-appliance", "a,b,c"],
            [
                "--flash-appliance: found '24,180', expected TB,Gbps,fill Gbps as 280,80,1.2",
                "--global-appliance: found 'a,b,c', expected TB,Gbps,fill Gbps as 280,80,1.2",
                "--origin: found 'home', expected as origin-eu-west=53.35,-6.26",
            ],
        ),
        (["--embedded-share", "1.5"], ["embedded_share: 1.5, expected > 0 and <= 1"]),
    ],
)
def test_bad_options(listed: Path, tmp_path: Path, options: list[str], expected: list[str]) -> None:
    result = run(listed, "--out", tmp_path / "t.yaml", *options)
    assert isinstance(result.exception, InputError)
    assert [str(problem) for problem in result.exception.problems] == expected
    assert not (tmp_path / "t.yaml").exists()


def test_bad_places_to_write(listed: Path, tmp_path: Path) -> None:
    before = listed.read_bytes()
    for out, expected in (
        (tmp_path / "none" / "t.yaml", "no such folder"),
        (tmp_path, "is a folder"),
        (listed, "is the list itself"),
    ):
        result = run(listed, "--out", out)
        assert isinstance(result.exception, InputError)
        assert expected in str(result.exception)
    assert listed.read_bytes() == before


def test_a_bad_list_leaves_the_old_result(tmp_path: Path) -> None:
    out = tmp_path / "t.yaml"
    out.write_text("precious", encoding="utf-8")
    result = run(write_list(tmp_path / "list.csv", ["x,y"]), "--out", out)
    assert isinstance(result.exception, InputError)
    assert out.read_text(encoding="utf-8") == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv", "t.yaml"]
