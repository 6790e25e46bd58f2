"""A plan process that is killed, at whatever moment, leaves a whole plan or none."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.processes import Process, partial_files
from tests.planner.plans import assert_verified, files_of, make, sample_request

BE = ("plan", "--countries", "BE", "--engine", "fast", "--gap", "0.5")


def assert_whole_or_none(out: Path) -> None:
    """Whatever is at the place of the plan holds in full."""
    assert not out.exists() or assert_verified(out)


@pytest.mark.parametrize("phase", ["cdnplan: optimise", "cdnplan: write"])
def test_killed_in_a_phase(tmp_path: Path, phase: str) -> None:
    with Process(*BE, "--out", str(tmp_path / "p")) as process:
        process.wait_for_line(phase)
        process.send(signal.SIGKILL)
    assert_whole_or_none(tmp_path / "p")


@pytest.mark.parametrize("n_files", [3, 8])
def test_killed_while_it_is_written(tmp_path: Path, n_files: int) -> None:
    out = tmp_path / "p"
    with Process(*BE, "--out", str(out)) as process:
        process.wait_until(lambda: partial_files(out) >= n_files or out.exists())
        process.send(signal.SIGKILL)
    assert_whole_or_none(out)


def test_killed_while_it_replaces_an_earlier_plan(tmp_path: Path) -> None:
    out = tmp_path / "p"
    make(sample_request(out, countries=frozenset({"BE"}), gap_ratio=0.5))
    before = files_of(out)
    with Process(*BE, "--out", str(out), "--seed", "9", "--force") as process:
        process.wait_until(lambda: partial_files(out) >= 8)
        process.send(signal.SIGKILL)
    assert_verified(out)
    assert set(files_of(out)) == set(before)
