"""`cdnplan size` from the command line: the documented example, what it writes, and bad files."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cdnplan.cli.main import app  # noqa: F401  # registers all commands
from cdnplan.evaluate.verify import verify
from cdnplan.inputs.topology.topology_reader import read_topology
from tests.cli.running import run_cli
from tests.docs.documents import blocks
from tests.whatif.bad_sizings import BAD_SIZINGS, GOOD, Bad
from tests.whatif.lowlands import DOC, shown_output, write_example

TABLES = ("--topology", "topology.yaml", "--titles", "titles.csv", "--demand", "demand.csv", "--quiet")


def without_work(text: str) -> str:
    """Output with what depends on the processor struck out: seconds, and how many bounds it took.

    Last bits of sums decide which of two prices that prove the same is found first, and these differ between
    processors; what is bought, what it costs and what is proven do not.
    """
    return re.sub(r"[0-9]+ bounds, [0-9.]+ s$", "# bounds, # s", text, flags=re.MULTILINE)


def test_documented_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(write_example(tmp_path))
    done = run_cli(monkeypatch, capsys, "size", "sizing.yaml", *TABLES, "--out", "answer")
    assert done.code == 0, done.err
    assert without_work(done.out) == without_work(shown_output())
    answer = json.loads(Path("answer/size.json").read_text(encoding="utf-8"))
    assert answer["status"] == "proven"
    assert answer["verified"]["ok"]
    assert verify(Path("answer/plan")).ok
    bought = {(row["site"], row["model"]): row["count"] for row in answer["added"]}
    before, after = read_topology(Path("topology.yaml")), read_topology(Path("answer/topology.yaml"))
    for old, new in zip(before.sites, after.sites, strict=True):
        had = {group.model: group.count for group in old.appliances}
        has = {group.model: group.count for group in new.appliances}
        added = {m: n - had.get(m, 0) for m, n in has.items() if n != had.get(m, 0)}
        assert added == {model: n for (site, model), n in bought.items() if site == old.name}
    drawn = ElementTree.parse("answer/curve.svg").getroot()
    assert drawn.tag.endswith("svg")
    assert "prefers-color-scheme: dark" in Path("answer/curve.svg").read_text(encoding="utf-8")
    with Path("answer/curve.csv").open(encoding="utf-8") as stream:
        curve = list(csv.DictReader(stream))
    assert len(curve) == 6
    prices = [float(row["price"]) for row in curve]
    assert prices == sorted(prices)
    assert prices[-1] == answer["price"]

    # The plan's folder is a base, too, and the answer to a question already answered is to buy nothing.
    again = run_cli(
        monkeypatch, capsys, "size", "sizing.yaml", "--base", "answer/plan", "--quiet", "--format", "json"
    )
    assert again.code == 2
    assert "'compact-1u'" in again.err
    refused = run_cli(monkeypatch, capsys, "size", "sizing.yaml", *TABLES, "--out", "answer")
    assert refused.code == 2
    assert "--force" in refused.err


FAILURES = """\
target: {n_minus_1: {offload_ratio: 0.01}}
models:
  storage-2u: {price: 1}
runner_ups: 0
curve_points: 0
"""


def test_failures_are_those_of_whatif(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What is reached without a site is what a what-if says of its failure, at once."""
    monkeypatch.chdir(write_example(tmp_path))
    run_cli(monkeypatch, capsys, "plan", *TABLES, "--out", "base")
    Path("failures.yaml").write_text(FAILURES, encoding="utf-8")
    as_json = ("--base", "base", "--quiet", "--format", "json")
    sized = run_cli(monkeypatch, capsys, "size", "failures.yaml", *as_json)
    goals = {row["goal"]: row for row in json.loads(sized.out)["goals"]}
    for site in ("ixp-amsterdam", "polder-utrecht"):
        text = f"name: down\nchanges:\n  - fail: {{sites: [{site}]}}\n"
        Path("down.yaml").write_text(text, encoding="utf-8")
        told = run_cli(monkeypatch, capsys, "whatif", "down.yaml", "--answer", "at_once", *as_json)
        assert told.code == 0, told.err
        figures = json.loads(told.out)["scenarios"][0]["at_once"]["figures"]
        assert goals[f"offload without {site}"]["now"] == pytest.approx(
            figures["offload_byte_ratio"]["value"]
        )
    assert goals["offload without ixp-amsterdam"]["now"] < 0.99

    capsys.readouterr()
    [example] = [block.text for block in blocks(DOC) if block.language == "python"]
    exec(compile(example, str(DOC), "exec"), {})
    assert capsys.readouterr().out.startswith("42000.0 1 × storage-2u at ixp-amsterdam")


@pytest.mark.parametrize("bad", BAD_SIZINGS, ids=lambda bad: bad.name.replace(" ", "-"))
def test_bad_file(
    bad: Bad, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(write_example(tmp_path))
    assert GOOD.count(bad.old) == 1
    Path("bad.yaml").write_text(GOOD.replace(bad.old, bad.new), encoding="utf-8")
    done = run_cli(monkeypatch, capsys, "size", "bad.yaml", *TABLES, "--out", "answer")
    assert done.code == 2
    assert f"error: bad.yaml:{bad.line}:{bad.column}: " in done.err, done.err
    assert bad.message in done.err
    assert "nothing was written" in done.err
    assert done.out == ""
    assert not Path("answer").exists()


def test_there_are_enough_bad_files() -> None:
    assert len({bad.name for bad in BAD_SIZINGS}) == len(BAD_SIZINGS) >= 15


def test_target_out_of_reach(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(write_example(tmp_path))
    Path("far.yaml").write_text(GOOD.replace("1.3", "9").replace("0.95", "1"), encoding="utf-8")
    done = run_cli(monkeypatch, capsys, "size", "far.yaml", *TABLES)
    assert done.code == 3
    assert "no set of additions" in done.err
