"""A part of `python -m benchmarks.fuzz`, and what its findings were."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.running import run_judged
from tests.fuzz.trials import KINDS, findings, run_trial
from tests.fuzz.world import make_world

SEED = 2
PART = {"folders": 30, "logs": 22, "inputs": 90}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("fuzz") / "world")


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_end_in_a_message(kind: str, world: Path, tmp_path: Path) -> None:
    trials = [run_trial(kind, SEED, i, world, tmp_path / "trial") for i in range(PART[kind])]
    assert findings(trials) == []
    codes = {trial.ended.code for trial in trials}
    assert 2 in codes, "some of the damage is met"
    assert 0 in codes, "and some does no harm"


def _leaves(code: int, said: str = "", file: str = "") -> None:
    if file:
        Path(file).write_text("x", encoding="utf-8")
    sys.stderr.write(said)
    sys.exit(code)


def _raises() -> None:
    raise ValueError("of nobody's making")


def _never_ends() -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (lambda: _leaves(0), []),
        (lambda: _leaves(2, "error: t.csv: the file is empty\n"), []),
        (_raises, ["traceback"]),
        (_never_ends, ["hang"]),
        (lambda: _leaves(2), ["silent"]),
        (lambda: _leaves(7, "error\n"), ["exit code"]),
        (lambda: _leaves(2, "error\n", "left"), ["written after exit 2"]),
        (lambda: _leaves(0, "x.py:1: RuntimeWarning: overflow\n"), ["stderr"]),
        (lambda: os.write(2, b"Traceback (most recent call last):\n") and _leaves(0), ["stderr"]),
    ],
)
def test_what_must_not_happen_is_found(
    command: Callable[[], None], found: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge of the trials is not blind."""
    monkeypatch.setattr("tests.fuzz.running.run", command)
    ended = run_judged(["plan"], tmp_path, limit_s=0.2)
    assert [finding.kind for finding in ended.findings] == found
