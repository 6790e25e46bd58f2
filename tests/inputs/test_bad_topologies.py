"""Every broken file of the table: exit code 2, all problems at once, each at its line, no traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.running import run_cli
from tests.inputs.bad_topologies import BASE, CASES, Case

_PROBLEM = re.compile(r"error: (?P<file>[^:\n]+\.yaml)(?::(?P<line>\d+):(?P<column>\d+))?: (?P<message>.*)")


def test_the_table_is_large_and_its_names_differ() -> None:
    assert len(CASES) >= 100
    assert len({case.id for case in CASES}) == len(CASES)


def test_base_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.yaml").write_text(BASE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run_cli(monkeypatch, capsys, "topology", "check", "t.yaml").code == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id.replace(" ", "-"))
def test_all_problems_are_reported_where_they_are(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in {"t.yaml": case.text, **case.files}.items():
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    outcome = run_cli(monkeypatch, capsys, "topology", "check", "t.yaml", *case.options)
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    *lines, last = outcome.err.splitlines()
    found = [_PROBLEM.fullmatch(line) for line in lines]
    assert all(found), outcome.err
    places = [(int(match["line"]) if match["line"] else None) for match in found if match]
    assert places == [line for line, _ in case.expected], outcome.err
    for line, (_, words) in zip(lines, case.expected, strict=True):
        assert words in line
    assert last.startswith(f"{len(lines)} problem")
