"""The tour of the README is taken: its commands run, and what it shows and explains is what comes out."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cdnplan.cli.main import app
from cdnplan.inputs.plans.plan_folder import PROOF_CUTS, TABLES
from tests.conftest import ROOT
from tests.docs.documents import blocks, command_lines, rows_of, table_rows

README = ROOT / "README.md"


@dataclass
class Tour:
    """Where the tour ended, and what each command printed on stdout."""

    folder: Path
    printed: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Tour:
    [block] = [block for block in blocks(README) if block.text.startswith("cdnplan new ")]
    taken = Tour(tmp_path_factory.mktemp("tour"))
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(taken.folder))
        for words in command_lines(block.text):
            if words[0] == "cd":
                taken.folder = taken.folder / words[1]
                stack.enter_context(contextlib.chdir(taken.folder))
                continue
            result = CliRunner().invoke(app, words[1:], catch_exceptions=False)
            assert result.exit_code == 0, result.output
            taken.printed[" ".join(words)] = result.stdout
    return taken


def test_every_command_did_its_work(tour: Tour) -> None:
    assert [words.split()[1] for words in tour.printed] == [
        *("new", "topology", "plan", "verify", "plan", "verify")
    ]
    assert sorted(path.name for path in (tour.folder / "plans").iterdir()) == ["first", "second"]


def labels(text: str) -> list[str]:
    """First column of a printed table, up to the first line that is not of it."""
    lines = [line for line in text.split("\n\n", maxsplit=1)[0].splitlines() if "  " in line.strip()]
    return [re.split(r"\s{2,}", line.strip())[0] for line in lines]


def outputs() -> dict[str, str]:
    """Outputs that the README shows, by the command that made them."""
    shown = {}
    for block in blocks(README):
        made = re.fullmatch(r"<!-- output: (.+) -->", block.before)
        if made:
            shown[made[1]] = block.text
    return shown


def test_shown_outputs_have_the_rows_of_true_ones(tour: Tour) -> None:
    shown = outputs()
    plan = next(text for command, text in tour.printed.items() if command.startswith("cdnplan plan"))
    assert labels(shown["make plan"]) == labels(plan)
    assert len(labels(plan)) > 10
    verified = "cdnplan verify plans/first"
    assert labels(shown[verified]) == labels(tour.printed[verified])
    assert shown[verified].splitlines()[-1].startswith("plans/first: ok: all ")


def test_outputs_are_marked_for_renewal() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.count("<!-- output: ") == text.count("<!-- end of output -->") == len(outputs()) == 2


def test_python_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [code] = [block.text for block in blocks(README) if block.language == "python"]
    with contextlib.chdir(tmp_path):
        exec(compile(code, "README.md", "exec"), {})
    gap, ok = capsys.readouterr().out.split()
    assert 0 <= float(gap) < 1
    assert ok == "True"


def test_plan_json_is_described_key_by_key(tour: Tour) -> None:
    text = (ROOT / "docs" / "plan-folder.md").read_text(encoding="utf-8")
    [section] = re.findall(r"^## plan\.json\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    told = {key for row in rows_of(section) if len(row) == 2 for key in re.findall(r"`(\w+)`", row[0])}
    record = json.loads((tour.folder / "plans" / "first" / "plan.json").read_text(encoding="utf-8"))
    assert told == set(record)


def test_tables_of_the_folder_are_described(tour: Tour) -> None:
    rows = {row[0].strip("`"): row[1] for row in table_rows(ROOT / "docs" / "plan-folder.md")}
    for name, columns in TABLES.items():
        assert re.findall(r"`(\w+)`", rows[name].partition(";")[0]) == list(columns)
    second = tour.folder / "plans" / "second"
    files = {str(path.relative_to(second)) for path in second.rglob("*") if path.is_file()}
    files = {name for name in files if not name.endswith(".jsonl")}
    told = {name for name in rows if name.endswith((".parquet", ".yaml", ".json", ".html"))}
    assert files | {PROOF_CUTS} == told | {"plan.json"}  # cuts: only where the proof needs some
