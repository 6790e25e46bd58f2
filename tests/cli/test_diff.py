"""`cdnplan diff` and `cdnplan export`: what is printed, exit codes, bad options."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.running import run_cli
from tests.fill.night import write_night
from tests.fill.test_difference import HELD, write


@pytest.fixture
def plans(tmp_path: Path) -> tuple[str, str]:
    held = HELD | {"isp/box/1": ("b.hd", "c.hd")}
    a = write(tmp_path / "a")
    b = write(tmp_path / "b", held, warnings=tuple(f"warning {n}" for n in range(12)))
    return str(a), str(b)


def test_a_table_for_people(
    plans: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run_cli(monkeypatch, capsys, "diff", *plans)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].startswith(f"A  {plans[0]}: tiny, 2026-03-02 to 2026-03-08, feasible, id ")
    assert any(line.split()[:1] == ["cost"] and line.rstrip().endswith("%)") for line in lines)
    assert "reasons why copies come and go, most bytes first (1 of 1):" in lines
    assert "sites, most bytes first (1 of 1):" in lines
    assert lines[-1] == "new warning: 2 more"
    short = run_cli(monkeypatch, capsys, "diff", *plans, "--sites", "1", "--reasons", "1").out
    assert len(short.splitlines()) <= len(lines)


def test_formats_for_programs(
    plans: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(run_cli(monkeypatch, capsys, "diff", *plans, "--format", "json").out)
    assert set(found) == {
        *("a", "b", "figures", "effects", "sites", "reasons", "new_warnings", "newly_full"),
    }
    assert len(found["new_warnings"]) == 12
    for part in ("sites", "reasons", "figures", "effects"):
        text = run_cli(monkeypatch, capsys, "diff", *plans, "--format", "csv", "--table", part).out
        rows = list(csv.DictReader(io.StringIO(text)))
        assert len(rows) == len(found[part])
        assert list(rows[0]) == list(found[part][0])


def test_bad_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run_cli(monkeypatch, capsys, "diff", str(tmp_path / "x"), str(tmp_path / "y"))
    assert result.code == 2
    assert result.err.count("no such plan folder") == 2


def test_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    plan = write_night(tmp_path / "plan")
    args = (
        "export",
        str(plan),
        "--cdn-path",
        "AS64496:1,AS64511:x",
        "--content-url",
        "https://c.example/{file}",
    )
    result = run_cli(monkeypatch, capsys, *args, "--format", "rfc8007", "--out", str(tmp_path / "out"))
    assert (result.code, result.err) == (0, "")
    assert result.out == f"{tmp_path / 'out'}: 2 commands for 2 sites, 4 URLs, 7.6 GB\n"
    body = json.loads((tmp_path / "out" / "ams" / "preposition-0001.json").read_text(encoding="utf-8"))
    assert body["cdn-path"] == ["AS64496:1", "AS64511:x"]
    again = run_cli(monkeypatch, capsys, *args, "--out", str(tmp_path / "out"))
    assert (again.code, again.out) == (2, "")
    assert "the folder is not empty" in again.err


def test_export_of_a_quiet_night_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = write_night(tmp_path / "plan", quiet=True)
    args = ("export", str(plan), "--cdn-path", "AS1:a", "--content-url", "https://c.example/{file}")
    result = run_cli(monkeypatch, capsys, *args, "--out", str(tmp_path / "out"))
    assert result.code == 0
    assert "warning: " in result.err
    assert ": 0 commands" in result.out
