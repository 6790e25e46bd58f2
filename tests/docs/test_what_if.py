"""What `docs/what-if.md` says: its table has all changes, its examples and the scenarios beside it run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.whatif.ask.tables import TABLES
from cdnplan.whatif.base.base import read_inputs
from cdnplan.whatif.scenario.apply import apply_all
from cdnplan.whatif.scenario.scenario_reader import read_scenarios
from cdnplan.whatif.scenario.wire import ChangeWire
from tests.cli.running import run_cli
from tests.conftest import ROOT
from tests.docs.documents import blocks, command_lines, table_rows
from tests.planner.plans import make, sample_request

PAGE = ROOT / "docs" / "what-if.md"
SCENARIOS = sorted((ROOT / "topologies" / "scenarios").glob("*.yaml"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whatif") / "plans" / "base"
    make(sample_request(out, gap_ratio=0.05))
    return out


def test_tables_of_the_page_are_complete() -> None:
    names = [row[0].strip("`") for row in table_rows(PAGE)]
    changes = list(ChangeWire.model_fields)
    assert sorted(name for name in names if name in changes) == sorted(changes)
    assert [name for name in names if name in TABLES] == list(TABLES)


def test_yaml_of_the_page_is_valid(base: Path, tmp_path: Path) -> None:
    examples = [block for block in blocks(PAGE) if block.language == "yaml"]
    assert len(examples) >= 2
    for i, block in enumerate(examples):
        path = tmp_path / f"{i}.yaml"
        path.write_text(block.text, encoding="utf-8")
        assert apply_all(read_scenarios([path]), read_inputs(base).inputs)


def test_scenarios_to_start_from_are_valid(base: Path) -> None:
    assert len(SCENARIOS) >= 6
    assert len(apply_all(read_scenarios(SCENARIOS), read_inputs(base).inputs)) >= 11


def test_commands_of_the_page(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [words for block in blocks(PAGE) if block.language == "" for words in command_lines(block.text)]
    asked = [words[1:] for words in lines if words[1] == "whatif"]
    assert len(asked) >= 5
    monkeypatch.chdir(ROOT)
    for words in asked:
        args = [str(base) if word == "plans/base" else word for word in words]
        # At once is enough to see that a command works; one of them is planned as well.
        more = ["--gap", "0.05"] if "after_fill" in args else ["--answer", "at_once"]
        outcome = run_cli(monkeypatch, capsys, *args, *more, "--quiet")
        assert outcome.code == 0, outcome.err
        assert outcome.out


def test_stable_invocation(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = str(ROOT / "topologies" / "scenarios" / "frankfurt-out.yaml")
    outcome = run_cli(
        monkeypatch, capsys, "whatif", "--base", str(base), scenario, "--format", "json", "--gap", "0.02"
    )
    assert outcome.code == 0
    [found] = json.loads(outcome.out)["scenarios"]
    assert found["fails"]
    assert found["at_once"]["figures"]["cost"]["change"] > 0
    plan = json.loads((base / "plan.json").read_text(encoding="utf-8"))
    promised = max(plan["gap_ratio"] + DEFAULTS.change.worse, 0.02)
    assert 0 <= found["after_fill"]["certificate"]["gap_ratio"] <= promised
