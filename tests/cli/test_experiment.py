"""`cdnplan experiment` as people run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import run_cli
from tests.experiment.worlds import write_world

OUTCOMES = ("--outcomes", "o.csv", "--metric", "hit_gb/gb")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_world(Path("o.csv"), seed=1, n_clusters=12, n_days=112)
    Path("p.csv").write_text("region,parent\n" + "".join(f"c{i:03d},x{i % 3}\n" for i in range(12)))
    return tmp_path


def test_from_power_to_reading(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*args: str) -> list[dict[str, object]]:
        done = run_cli(monkeypatch, capsys, "experiment", *args, "--format", "json")
        assert done.code == 0, done.err
        return list(json.loads(done.out))

    power = run("power", *OUTCOMES, "--days", "14,28")
    assert [(row["design"], row["trial_days"]) for row in power] == [
        (kind, days) for days in (14, 28) for kind in ("pairs", "strata", "switchback")
    ]
    start = ("--start", "2025-04-14", "--days", "14")
    made = run("design", *OUTCOMES, *start, "--arms", "lru,plan", "--out", "d.json")
    figures = {str(row["figure"]): row["value"] for row in made}
    assert (figures["first day"], figures["last day"], figures["clusters"]) == (
        "2025-04-14",
        "2025-04-27",
        12,
    )
    assigned = {
        row["figure"]: row["value"] for row in run("assign", "d.json", "--seed", "3", "--out", "a.csv")
    }
    assert (assigned["seed"], assigned["rows"]) == (3, 12)
    shared = ("--parents", "p.csv")
    read = {
        row["figure"]: row["value"] for row in run("read", "d.json", "a.csv", "--outcomes", "o.csv", *shared)
    }
    assert read["low, 95% confidence"] < read["effect of plan"] < read["high, 95% confidence"]  # type: ignore[operator]
    assert read["units with neighbours of the other arm"] == 12
    trials = run("simulate", "d.json", "--outcomes", "o.csv", "--trials", "20")
    assert [row["trials"] for row in trials] == [20, 20]
    assert trials[1]["effect"] == figures["minimum_detectable"]


def test_warnings_of_shared_parents(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_cli(monkeypatch, capsys, "experiment", "design", *OUTCOMES, "--days", "14", "--out", "d.json")
    words = ("experiment", "assign", "d.json", "--seed", "1", "--out", "a.csv", "--parents", "p.csv")
    done = run_cli(monkeypatch, capsys, *words)
    assert "warning: arms share parents" in done.err
    whole = ("--design", "switchback", "--whole", "--days", "28", "--out", "s.json")
    done = run_cli(monkeypatch, capsys, "experiment", "design", *OUTCOMES, *whole)
    assert done.code == 0, done.err
    done = run_cli(monkeypatch, capsys, *("s.json" if word == "d.json" else word for word in words))
    assert "warning" not in done.err


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("power", *OUTCOMES, "--days", "x"), "--days: found 'x', expected days as 14,28"),
        (("power", *OUTCOMES, "--days", "200"), "no design is possible with this history"),
        (
            ("design", *OUTCOMES, "--out", "d.json", "--by-parent"),
            "clusters by parent need a topology or a table",
        ),
        (("design", *OUTCOMES, "--out", "d.json", "--arms", "a"), "--arms: found 'a', expected two names"),
        (
            ("design", *OUTCOMES, "--out", "d.json", "--by-parent", "--parents", "p.csv"),
            "3 clusters have outcomes",
        ),
        (("assign", "no.json", "--seed", "1", "--out", "a.csv"), "no.json: no such file"),
    ],
)
def test_mistakes(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: tuple[str, ...],
    expected: str,
) -> None:
    done = run_cli(monkeypatch, capsys, "experiment", *args)
    assert (done.code, done.out) == (2, "")
    assert expected in done.err
    assert sorted(path.name for path in folder.iterdir()) == ["o.csv", "p.csv"]
