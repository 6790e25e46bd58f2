"""The first plan after an installation: kernels are compiled on two cores."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdnplan.optimize.problem.outcome import Progress

POLL_S = 0.05
"""So often a phase looks whether its kernels are there [s]."""


@contextmanager
def compiling_ahead() -> Iterator[Callable[[Progress], Progress]]:
    """While the block runs, compile what it needs last in a process of its own; nothing if that is done.

    Gives what a progress has to go through, so that phases wait for kernels that are being compiled.
    """
    from cdnplan.planner.ahead import compiled

    if compiled() or len(os.sched_getaffinity(0)) < 2:
        yield lambda progress: progress
        return
    # The same package as here, whatever the folder that the command was called in; silent, as whatever it
    # fails at the plan does itself; not stopped by a Ctrl-C that asks for the best plan so far.
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "cdnplan.planner.ahead"],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        yield partial(_waiting, process)


def _waiting(process: subprocess.Popen[Any], progress: Progress) -> Progress:
    """Let a phase begin when its kernels are there: to compile them as well would take longer."""
    from cdnplan.planner.ahead import compiled

    def wait(phase: str, done: float, lower: float | None, upper: float | None) -> None:
        progress(phase, done, lower, upper)
        while not compiled(phase) and process.poll() is None:
            time.sleep(POLL_S)

    return wait
