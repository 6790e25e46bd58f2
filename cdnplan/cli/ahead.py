"""The first plan after an installation: kernels are compiled on two cores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def compiling_ahead() -> Iterator[None]:
    """While the block runs, compile what it needs last in a process of its own; nothing if that is done."""
    from cdnplan.planner.ahead import compiled

    if compiled() or len(os.sched_getaffinity(0)) < 2:
        yield
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
    ):
        yield
