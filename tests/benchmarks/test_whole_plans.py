"""Whole commands, measured: a true one, one without a plan, and what is said of several."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.instances import Inputs, choose
from benchmarks.whole_plans import Planned, main, planned, print_plans


def test_a_command_is_run_and_its_gap_read(tmp_path: Path) -> None:
    plan = planned(choose("sample:1")[0], tmp_path / "sample")
    assert not plan.trouble
    assert 0.0 < plan.gap_ratio < 0.01
    assert plan.seconds > 0.2


def test_a_command_without_a_plan_says_why(tmp_path: Path) -> None:
    def make(folder: Path, seed: int) -> Inputs:
        return Inputs(folder / "lost.yaml", folder / "lost.csv", folder / f"lost-{seed}.csv")

    [chosen] = choose("sample:1")
    plan = planned(replace(chosen, case=replace(chosen.case, make=make)), tmp_path / "lost")
    assert "lost.yaml" in plan.trouble
    assert plan.gap_ratio == np.inf


def test_the_widest_gap_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    samples = choose("sample", seeds=3)
    print_plans(
        [Planned(chosen, gap, 2.0) for chosen, gap in zip(samples, (0.001, 0.003, 0.002), strict=True)]
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[1:4]] == ["2", "3", "1"]
    assert lines[-1].split() == ["sample", "2", "of", "3", "0.200%", "0.300%", "2.0", "2.0"]


def test_an_unknown_instance_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "sampel"]) == 2
    assert "did you mean 'sample'" in capsys.readouterr().err
