"""`cdnplan replay` as people run it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.running import run_cli
from tests.replay.conftest import small, small_plan
from tests.replay.networks import Small

__all__ = ["small", "small_plan"]


def test_table_json_and_csv(
    small: Small,
    small_plan: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["replay", "--plan", str(small_plan), "--actual", str(small.demand), "--quiet", "--sample", "0.1"]
    words += ["--policies", "none", "--out", str(tmp_path / "r")]
    done = run_cli(monkeypatch, capsys, *words)
    assert done.code == 0
    assert "byte offload ratio" in done.out
    assert "forecast error" in done.out
    done = run_cli(monkeypatch, capsys, *words, "--force", "--format", "json")
    record = json.loads(done.out)
    assert record == json.loads((tmp_path / "r" / "replay.json").read_text(encoding="utf-8"))
    done = run_cli(monkeypatch, capsys, *words, "--force", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["policy"] for row in rows] == [one["policy"] for one in record["policies"]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "give --plan with --actual or --logged"),
        (("--plan", "p"), "give --plan with --actual"),
        (("--topology", "t.yaml"), "a rolling replay needs"),
        (
            ("--plan", "p", "--actual", "a.csv", "--policies", "lur"),
            "unknown policy 'lur'; did you mean 'lru'?",
        ),
        (("--plan", "p", "--actual", "a.csv", "--hybrid", "x"), "expected numbers as 0.5,0.9, found 'x'"),
        (("--plan", "p", "--actual", "a.csv", "--sample", "0"), "sample: found 0, expected more than 0"),
        (("--plan", "p", "--actual", "a.csv", "--policies", "none"), "p: no such plan folder"),
    ],
)
def test_what_is_wrong_is_said(
    words: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = run_cli(monkeypatch, capsys, "replay", "--out", str(tmp_path / "r"), *words)
    assert done.code == 2
    assert told in done.err
    assert not (tmp_path / "r").exists()
