"""Every broken scenario of the table: exit code 2, all problems at once, each at its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.running import run_cli
from tests.whatif.bad_scenarios import CASES, Case, change

_PROBLEM = re.compile(r"error: (?P<file>[^:\n]+\.yaml)(?::(?P<line>\d+):(?P<column>\d+))?: (?P<message>.*)")


def test_the_table_is_large_and_its_names_differ() -> None:
    assert len(CASES) >= 40
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id.replace(" ", "-"))
def test_all_problems_are_reported_where_they_are(
    case: Case,
    small_plan: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, text in {"s.yaml": case.text, **case.files}.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.chdir(tmp_path)
    outcome = run_cli(
        monkeypatch, capsys, "whatif", "--base", str(small_plan), "s.yaml", "--out", "out", "--quiet"
    )
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
    assert not (tmp_path / "out").exists()


def test_problems_of_several_files_and_of_the_base_come_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("name: a\nchangs: []\n")
    (tmp_path / "b.yaml").write_text(change("scale_demand: {factor: x}"))
    monkeypatch.chdir(tmp_path)
    outcome = run_cli(monkeypatch, capsys, "whatif", "--base", "nowhere", "a.yaml", "b.yaml", "--quiet")
    assert outcome.code == 2
    for words in ("a.yaml:2:1: unknown key", "b.yaml:3:", "nowhere: no such plan folder"):
        assert words in outcome.err


def test_names_and_keys_are_reported_together(
    small_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names of all changes that can be understood are looked up, whatever is wrong with others."""
    (tmp_path / "a.yaml").write_text(
        change("fail: {sites: [bnx]}", "scale_demand: {factr: 2}", "fail: {sites: [kpm]}"), encoding="utf-8"
    )
    (tmp_path / "b.yaml").write_text(change("fail: {sites: [ams]}").replace("name: s", "name: b"))
    monkeypatch.chdir(tmp_path)
    outcome = run_cli(monkeypatch, capsys, "whatif", "--base", str(small_plan), "a.yaml", "b.yaml", "--quiet")
    assert outcome.code == 2
    for words in ("a.yaml:3:", "'bnx'", "a.yaml:4:", "'factr'", "a.yaml:5:", "'kpm'", "b.yaml:3:", "'ams'"):
        assert words in outcome.err


def test_what_may_name_something_of_a_faulty_change_is_not_blamed(
    small_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("add_site: {nam: new, location: [52, 5]}", "fail: {sites: [new]}")
    (tmp_path / "s.yaml").write_text(change(*lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    outcome = run_cli(monkeypatch, capsys, "whatif", "--base", str(small_plan), "s.yaml", "--quiet")
    assert "'nam'" in outcome.err
    assert "s.yaml:4:" not in outcome.err
