"""Families of drawn instances: what their runs print, and which seed is shown."""

from __future__ import annotations

import pytest

from benchmarks import ufllib
from benchmarks.contest_like import TEXTS
from benchmarks.ufllib import Proven


def test_all_families_are_drawn() -> None:
    assert set(ufllib.NAMES) <= TEXTS.keys()
    assert len(set(ufllib.NAMES)) == len(ufllib.NAMES)


def test_small_ones_are_proven(capsys: pytest.CaptureFixture[str]) -> None:
    assert ufllib.main(["bilde_d1", "--seeds", "1,2", "--time-limit", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["bilde_d1", "1"], ["bilde_d1", "2"]]
    assert all(" 0.000% " in line for line in lines[:2])
    assert lines[2].startswith("| drawn | seed |")
    assert len(lines) == 5


def test_the_worst_seed_is_shown_and_the_worst_family_first() -> None:
    def result(name: str, seed: int, bound: float, seconds: float) -> Proven:
        return Proven(name, seed, 100.0, bound, seconds, 2 * seconds)

    some = [("a", 1, 99.0, 1), ("a", 2, 98.0, 1), ("b", 1, 97.0, 1), ("b", 2, 99.0, 1)]
    shown = ufllib.worst([result(*one) for one in (*some, ("c", 1, 100.0, 1), ("c", 2, 100.0, 3))])
    assert [row[:2] for row in shown.rows] == [["b", "1"], ["a", "2"], ["c", "2"]]
    assert [row[4] for row in shown.rows] == ["3.000%", "2.000%", "0.000%"]
