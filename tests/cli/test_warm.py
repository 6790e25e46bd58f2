"""`cdnplan warm`: what it says, and kernels that cannot be kept; the set-up of `make` runs it in earnest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cdnplan.cli import warm
from cdnplan.errors import CdnplanError
from tests.cli.running import run_cli

NOWHERE = """
from cdnplan.compiled import kept_in
from cdnplan.order_kernels import increasing
import numpy as np
assert kept_in(increasing) is None
assert increasing(np.array([3, 1, 2])).tolist() == [1, 2, 0]
"""


def test_kernels_work_where_they_cannot_be_kept() -> None:
    """numba finds a folder in none of the ways that are left to it, and would raise."""
    env = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    env["NUMBA_CACHE_LOCATOR_CLASSES"] = "UserProvidedCacheLocator"
    subprocess.run([sys.executable, "-c", NOWHERE], check=True, env=env)


def test_it_says_where_kernels_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(warm, "_folders", set)
    done = run_cli(monkeypatch, capsys, "warm")
    assert (done.code, done.out) == (2, "")
    assert "NUMBA_CACHE_DIR" in done.err


def test_it_says_what_was_compiled_and_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.nbc").touch()
    os.utime(tmp_path / "a.nbc", (0, 0))
    (tmp_path / "b.nbc").touch()
    monkeypatch.setattr(warm, "_folders", lambda: {tmp_path})
    monkeypatch.setattr(warm, "_run", lambda work: [(tmp_path / name).touch() for name in ("a.nbc", "c.nbc")])
    done = run_cli(monkeypatch, capsys, "warm")
    assert done.code == 0
    assert done.out.startswith("kernels: 2 compiled, 1 there already, 0 s; ")
    assert str(tmp_path) in done.out
    assert run_cli(monkeypatch, capsys, "warm", "--quiet").out == ""


def test_all_kernels_are_looked_for_where_numba_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "from cdnplan.cli.warm import _folders; print(*sorted(_folders()), sep='\\n')"
    env = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True, text=True)
    folders = [Path(line) for line in done.stdout.splitlines()]
    assert folders
    assert all(folder.parent == tmp_path for folder in folders)
    assert any(folder.name.startswith("price_") for folder in folders)


def test_a_command_that_fails_is_told() -> None:
    with pytest.raises(CdnplanError, match=r"cdnplan prices nowhere failed: (?s:.*)error: nowhere"):
        warm._in_turn([("prices", "nowhere")])
