"""Compiling ahead: the right kernels, found by the plan, and never longer than who asked for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cdnplan.cli.terminal.ahead import _waiting, compiling_ahead
from cdnplan.optimize.problem.outcome import no_progress
from cdnplan.planner import ahead

SAME_KERNELS = """
import sys
from pathlib import Path
from cdnplan.planner import PlanRequest, plan
from cdnplan.planner.ahead import LAST_KERNELS, compile_ahead
from cdnplan.sample import sample_folder
compile_ahead()
before = [set(kernel.signatures) for kernel in LAST_KERNELS.values()]
sample = sample_folder()
plan(PlanRequest(topology=sample / "topology.yaml", titles=sample / "titles.parquet",
                 demand=sample / "demand.parquet", out=Path(sys.argv[1])))
assert all(before), before
assert before == [set(kernel.signatures) for kernel in LAST_KERNELS.values()], "a plan compiles them anew"
"""


def test_a_plan_finds_the_kernels_that_were_compiled_ahead(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", SAME_KERNELS, str(tmp_path / "plan")], check=True)


def test_a_kernel_counts_as_compiled_when_its_code_is_not_older_than_its_source(tmp_path: Path) -> None:
    kernel: Any = ahead.LAST_KERNELS["appliances"]
    code = kernel.py_func.__code__
    source = Path(code.co_filename)
    looked_for = SimpleNamespace(py_func=kernel.py_func, stats=SimpleNamespace(cache_path=str(tmp_path)))
    assert not ahead._on_disk(looked_for)
    compiled = tmp_path / f"{source.stem}.{code.co_name}-{code.co_firstlineno}.py311.1.nbc"
    compiled.touch()
    assert ahead._on_disk(looked_for)
    os.utime(compiled, (0, source.stat().st_mtime - 1))
    assert not ahead._on_disk(looked_for)


def test_numba_names_machine_code_as_it_is_looked_for() -> None:
    ahead.compile_ahead()
    assert ahead.compiled()
    assert all(ahead.compiled(phase) for phase in ("appliances", "judge", "read"))


def _wait_for_kernels(folder: Path) -> None:
    deadline = time.monotonic() + 120
    while not any(folder.rglob("*.nbc")):
        assert time.monotonic() < deadline, "nothing was compiled"
        time.sleep(0.1)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_a_command_compiles_ahead_in_a_process_that_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(ahead, "compiled", lambda phase=None: phase == "read")
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*args, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    with compiling_ahead() as waiting:
        waiting(no_progress)("read", 0.0, None, None)
        _wait_for_kernels(tmp_path)
        assert started[0].poll() is None
    assert started[0].returncode == 0
    assert not any(tmp_path.rglob("*bound_block*")), "it came to its end all the same"


def test_a_command_compiles_nothing_ahead_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "compiled", lambda: True)
    monkeypatch.setattr(subprocess, "Popen", None)
    with compiling_ahead() as waiting:
        assert waiting(no_progress) is no_progress


def test_a_phase_waits_for_its_kernels_and_for_no_process_that_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there: list[str] = []
    monkeypatch.setattr(ahead, "compiled", lambda phase: phase in there)
    monkeypatch.setattr(time, "sleep", lambda _: there.append("appliances"))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        _waiting(process, no_progress)("appliances", 0.0, None, None)
        assert there == ["appliances"]
    _waiting(process, no_progress)("judge", 0.0, None, None)
    assert there == ["appliances"]
