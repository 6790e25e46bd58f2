"""`cdnplan topology edit`, `diff` and `show --map` through the command line."""
# ruff: noqa: E501 (what people type and what they are told stand here as they are)

from __future__ import annotations

import csv
import io
import json
import subprocess

import pytest

from cdnplan.sample import sample_folder
from tests.cli.test_topology import Cli, cli  # noqa: F401

TEXT = (sample_folder() / "topology.yaml").read_text(encoding="utf-8")


@pytest.fixture
def sample(cli: Cli) -> Cli:  # noqa: F811
    (cli.folder / "t.yaml").write_text(TEXT, encoding="utf-8")
    return cli


def test_an_edit_is_written_and_told(sample: Cli) -> None:
    outcome = sample("edit", "t.yaml", "set site ixp-* fill_window.hours=8", "rename site ixp-london-gb lon")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "set site ixp-* fill_window.hours=8",
        "  ixp-frankfurt-de: fill_window.hours (none) -> 8",
        "  ixp-london-gb: fill_window.hours (none) -> 8",
        "rename site ixp-london-gb lon",
        "  ixp-london-gb -> lon",
        "written: t.yaml (+26 -24 lines)",
    ]
    assert sample("check", "t.yaml").code == 0


def test_a_single_operation_needs_no_quotes(sample: Cli) -> None:
    assert sample("edit", "t.yaml", "set", "link", "gb-rest", "ixp-london-gb", "capacity_gbps=45").code == 0
    text = (sample.folder / "t.yaml").read_text(encoding="utf-8")
    assert text == TEXT.replace(
        "{from: gb-rest, to: ixp-london-gb, capacity_gbps: 40",
        "{from: gb-rest, to: ixp-london-gb, capacity_gbps: 45",
    )


def test_a_dry_run_prints_a_diff_that_git_applies(sample: Cli) -> None:
    operations = ["scale hardware * storage_tb=+20%", "remove site coraltel-cologne-de cascade"]
    operations[1] = "remove site coraltel-berlin-de cascade"
    outcome = sample("edit", "t.yaml", *operations, "--dry-run")
    assert (sample.folder / "t.yaml").read_text(encoding="utf-8") == TEXT
    assert outcome.out.startswith("--- a/t.yaml\n+++ b/t.yaml\n@@ ")
    assert "scale hardware" in outcome.err
    subprocess.run(["git", "apply", "-"], cwd=sample.folder, input=outcome.out, text=True, check=True)
    applied = (sample.folder / "t.yaml").read_text(encoding="utf-8")
    (sample.folder / "t.yaml").write_text(TEXT, encoding="utf-8")
    sample("edit", "t.yaml", *operations)
    assert (sample.folder / "t.yaml").read_text(encoding="utf-8") == applied


def test_scripts_come_first(sample: Cli) -> None:
    (sample.folder / "e.yaml").write_text("- rename site ixp-london-gb lon\n", encoding="utf-8")
    outcome = sample("edit", "t.yaml", "set site lon kind=embedded", "--script", "e.yaml")
    assert outcome.code == 0
    assert outcome.out.startswith("rename site ixp-london-gb lon\n")


BAD_SCRIPTS = {
    "- sett site x a=1\n": "e.yaml:1:3: 'sett site x a=1': unknown operation 'sett'; did you mean 'set'?",
    "- set site x\n- 5\n": "e.yaml:2:3: expected an operation, found the number 5",
    "set: site\n": "e.yaml:1:1: expected a list of operations, found a mapping",
    "- {set: site lon, value: {kind: ixp}}\n": "e.yaml:1:19: unknown key 'value'; did you mean 'values'?",
    "- {kind: site}\n": "e.yaml:1:3: expected one of set, scale, add, remove, rename as a key",
    "- set site lon-* kind=ixp\n": "e.yaml:1:3: 'set site lon-* kind=ixp': no site matches 'lon-*'",
    "- {rename: site ixp-london-gb}\n": "e.yaml:1:3: 'rename site ixp-london-gb': the new name is missing",
    "- set site 'x kind=ixp\n": "e.yaml:1:3: 'set site 'x kind=ixp': quotes do not match: no closing quotation",
}


@pytest.mark.parametrize("text", BAD_SCRIPTS)
def test_bad_scripts_say_where(text: str, sample: Cli) -> None:
    (sample.folder / "e.yaml").write_text(text, encoding="utf-8")
    outcome = sample("edit", "t.yaml", "--script", "e.yaml")
    assert outcome.code == 2
    assert BAD_SCRIPTS[text] in outcome.err
    assert (sample.folder / "t.yaml").read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["t.yaml"], "nothing to do: expected operations, or --script"),
        (["nowhere.yaml", "remove site x"], "nowhere.yaml: no such file"),
        (["t.yaml", "remove site nowhere"], "unknown site 'nowhere'"),
        (["t.yaml", "remove site ixp-london-gb"], "add 'cascade' to 'remove site ixp-london-gb'"),
        (["t.yaml", "set hardware * storage_tb=0"], "storage_tb: expected more than 0, found 0"),
    ],
)
def test_refusals_write_nothing(args: list[str], wanted: str, sample: Cli) -> None:
    outcome = sample("edit", *args)
    assert (outcome.code, outcome.out) == (2, "")
    assert wanted in outcome.err
    assert (sample.folder / "t.yaml").read_text(encoding="utf-8") == TEXT


def test_an_edit_that_changes_nothing_writes_nothing(sample: Cli) -> None:
    before = (sample.folder / "t.yaml").stat().st_mtime_ns
    outcome = sample("edit", "t.yaml", "set topology name=sample")
    assert outcome.out.splitlines()[-1] == "nothing changed"
    assert (sample.folder / "t.yaml").stat().st_mtime_ns == before


def edited_copy(sample: Cli, *operations: str) -> None:
    (sample.folder / "b.yaml").write_text(TEXT, encoding="utf-8")
    assert sample("edit", "b.yaml", *operations).code == 0


def test_diff_groups_what_changed_alike(sample: Cli) -> None:
    edited_copy(sample, "set site * fill_window.hours=8", "rename site ixp-london-gb lon")
    outcome = sample("diff", "t.yaml", "b.yaml")
    assert outcome.code == 0
    assert outcome.out == (
        "did      what  name                                           key                before         after\n"
        "changed  site  10: ixp-frankfurt-de, coraltel-berlin-de, ...  fill_window.hours  12             8\n"
        "renamed  site  lon                                                               ixp-london-gb  lon\n"
    )
    assert sample("diff", "t.yaml", "t.yaml").out == "the two mean the same\n"


def test_diff_as_data_names_every_thing(sample: Cli) -> None:
    edited_copy(sample, "set site * fill_window.hours=8", "set appliance ixp-london-gb/storage-2u count=5")
    found = json.loads(sample("diff", "t.yaml", "b.yaml", "--format", "json").out)
    assert len(found["changes"]) == 11
    assert found["changes"][-1] == {
        "did": "changed",
        "what": "appliance",
        "name": "ixp-london-gb/storage-2u",
        "key": "count",
        "before": 3,
        "after": 5,
    }
    assert [(row["group"], row["name"]) for row in found["totals"]] == [
        ("total", "sample"),
        ("country", "GB"),
        ("site", "ixp-london-gb"),
    ]
    rows = list(csv.DictReader(io.StringIO(sample("diff", "t.yaml", "b.yaml", "--format", "csv").out)))
    assert len(rows) == 11
    assert list(rows[0]) == ["did", "what", "name", "key", "before", "after"]
    totals = sample("diff", "t.yaml", "b.yaml", "--format", "csv", "--table", "totals").out
    assert len(totals.splitlines()) == 4


def test_maps_are_written_as_pictures_and_pages(sample: Cli) -> None:
    assert sample("show", "t.yaml", "--map", "t.svg").out == "written: t.svg\n"
    assert (sample.folder / "t.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert sample("show", "t.yaml", "--countries", "NL", "--map", "t.html").code == 0
    page = (sample.folder / "t.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "coraltel-munich-de" not in page
    outcome = sample("show", "t.yaml", "--map", "t.png")
    assert outcome.code == 2
    assert "expected a name that ends in .svg or .html" in outcome.err


def test_show_of_countries_that_are_not_there(sample: Cli) -> None:
    outcome = sample("show", "t.yaml", "--countries", "NL,FR,Narnia")
    assert outcome.code == 2
    assert "no region is in FR" in outcome.err
    assert "unknown country 'Narnia'" in outcome.err
