"""BLAS has one thread: with more, the last bits of sums, and so plans, would depend on the machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("asked", "expected"), [(None, "1"), ("2", "2")])
def test_blas_has_one_thread_unless_another_number_is_asked_for(asked: str | None, expected: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    if asked is not None:
        env["OPENBLAS_NUM_THREADS"] = asked
    code = "import sys, cdnplan, os; print('numpy' in sys.modules, os.environ['OPENBLAS_NUM_THREADS'])"
    printed = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert printed.stdout.split() == ["False", expected]
