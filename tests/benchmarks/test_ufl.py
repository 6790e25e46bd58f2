"""OR-Library's facility location files: parsing, translation, and the published optima."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.contest_like import simple_text
from benchmarks.ufl import Ufl, main, read_ufl, ufl_instance
from cdnplan.errors import InputError
from tests.instance_checks import check_instance

TWO_BY_THREE = """ 2 3
 capacity 10.
 5 4.5
 1
 1. 2.
 1 3.5
 0.5
 1 2 2
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "small.txt"
    path.write_text(text)
    return path


def by_hand(ufl: Ufl) -> float:
    facilities = range(ufl.opening.size)
    return min(
        ufl.opening[list(chosen)].sum() + ufl.allocation[:, list(chosen)].min(axis=1).sum()
        for size in range(1, ufl.opening.size + 1)
        for chosen in itertools.combinations(facilities, size)
    )


def test_free_form_numbers_are_read(tmp_path: Path) -> None:
    ufl = read_ufl(write(tmp_path, TWO_BY_THREE))
    assert ufl.opening.tolist() == [10.0, 4.5]
    assert ufl.allocation.tolist() == [[1.0, 2.0], [3.5, 0.5], [2.0, 2.0]]


def test_translation_is_a_sound_instance(tmp_path: Path) -> None:
    check_instance(ufl_instance(read_ufl(write(tmp_path, TWO_BY_THREE))))


def test_small_random_problems_reach_the_optimum(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(5)
    for _ in range(10):
        m, n = int(rng.integers(1, 7)), int(rng.integers(1, 9))
        ufl = Ufl(opening=rng.uniform(0, 50, m), allocation=rng.uniform(0, 30, (n, m)))
        lines = [f"{m} {n}", *(f"0 {cost!r}" for cost in ufl.opening.tolist())]
        lines += ["1 " + " ".join(map(repr, row)) for row in ufl.allocation.tolist()]
        assert main([str(write(tmp_path, "\n".join(lines)))]) == 0
        report = json.loads(capfd.readouterr().out)
        assert report["cost"] == pytest.approx(by_hand(ufl), rel=1e-9)
        assert report["bound"] == pytest.approx(report["cost"], rel=1e-8)
        assert report["bound"] <= report["cost"]
        assert list(report) == ["instance", "cost", "bound", "seconds", "engine"]


def test_the_simple_format_holds_the_same(tmp_path: Path) -> None:
    text = "FILE: small one\n2 3 0\n1 10. 1 1 2\n2 4.5 2 3.5 2\n"
    simple, other = read_ufl(write(tmp_path, text)), read_ufl(write(tmp_path, TWO_BY_THREE))
    assert simple.opening.tolist() == other.opening.tolist() == [10.0, 4.5]
    assert simple.allocation.tolist() == [[1, 2], [1, 3.5], [2, 2]]
    counted_from_0 = text.replace("\n1 10", "\n0 10").replace("\n2 4", "\n1 4")
    assert read_ufl(write(tmp_path, counted_from_0)).allocation.tolist() == simple.allocation.tolist()


@pytest.mark.parametrize("engine", ["exact", "fast"])
def test_more_than_64_facilities(tmp_path: Path, capfd: pytest.CaptureFixture[str], engine: str) -> None:
    # Facilities in pairs of which the second is free: every customer gets the one that costs it nothing.
    n = 70
    costs = np.where(np.arange(n) == 2 * np.arange(n // 2)[:, None] + 1, 0, 50)
    ufl = Ufl(opening=np.where(np.arange(n) % 2, 1.0, 2.0), allocation=costs.astype(float))
    path = write(tmp_path, simple_text(ufl, "pairs"))
    assert main([str(path), "--engine", engine]) == 0
    report = json.loads(capfd.readouterr().out)
    assert report["cost"] == n // 2
    assert report["bound"] == pytest.approx(n // 2, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected the numbers of facilities and customers"),
        ("two three", "starts with 'two three'"),
        ("1 1\n 5 10\n 1", "holds 5 numbers, expected 6 for 1 x 1"),
        ("1 1\n 5 x\n 1 3", "not a number: could not convert string to float: 'x'"),
        ("1 1\n 5 -2\n 1 3", "not negative"),
        ("0 3\n", "starts with '0 3'"),
        ("FILE: a b\n", "expected the numbers of facilities and customers"),
        ("FILE: a\n2 1 0\n1 5 3\n2 5", "holds 8 numbers, expected 9 for 2 x 1"),
        ("FILE: a\n2 1 0\n1 5 3\n3 5 2", "facility 3 after 1"),
        ("FILE: a\n2 1 7\n1 5 3\n2 5 2", "'7' and facilities counted from 1, expected a 0"),
        ("FILE: a\n1 1 0\n1 5 x", "not a number"),
    ],
)
def test_bad_files_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, expected: str
) -> None:
    assert main([str(write(tmp_path, text))]) == 2
    shown = capsys.readouterr()
    assert expected in shown.err
    assert shown.out == ""


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_ufl(tmp_path / "none.txt")


@pytest.mark.realdata
def test_published_optima_are_reached(realdata: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with (realdata / "ufl" / "optima.csv").open() as table:
        optima = {row["instance"]: float(row["optimum"]) for row in csv.DictReader(table)}
    assert len(optima) == 8
    for name, optimum in optima.items():
        assert main([str(realdata / "ufl" / f"{name}.txt")]) == 0
        report = json.loads(capfd.readouterr().out)
        assert report["cost"] == pytest.approx(optimum, abs=1e-3), name
        assert report["bound"] == pytest.approx(optimum, abs=2e-3), name
