"""`cdnplan report`: what is written and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import run_cli
from tests.fill.test_difference import write


def test_a_report_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, out = str(write(tmp_path / "a")), tmp_path / "a.html"
    result = run_cli(monkeypatch, capsys, "report", plan, "--out", str(out))
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"written to {out}: 0.")
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_was_written_is_told_to_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, out = str(write(tmp_path / "a")), tmp_path / "a.html"
    result = run_cli(monkeypatch, capsys, "report", plan, "--out", str(out), "--format", "json")
    (told,) = json.loads(result.out)
    assert told == {"file": str(out), "size_mb": out.stat().st_size / 1e6}


def test_problems_are_told_together_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r.html"
    result = run_cli(monkeypatch, capsys, "report", str(tmp_path / "none"), "--out", str(out))
    assert result.code == 2
    assert "no such plan folder" in result.err
    assert result.err.endswith("nothing was written\n")
    assert not out.exists()
