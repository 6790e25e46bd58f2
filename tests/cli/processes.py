"""Run the command line as a process of its own, and send it signals at chosen moments."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

# A test run in the background may ignore the keyboard; its children must not.
COMMAND = (
    sys.executable,
    "-c",
    (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from cdnplan.cli.main import run; run()"
    ),
)
PATIENCE_S = 240.0
"""Long enough for kernels to be compiled, should their cache be empty."""


class Process:
    """A running ``cdnplan ARGS``; it is killed, if need be, where the ``with`` block ends."""

    def __init__(self, *args: str) -> None:
        self._process = subprocess.Popen(
            [*COMMAND, *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(timeout=PATIENCE_S)
        self._reader.join(timeout=PATIENCE_S)
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.lines.append(line.rstrip("\n"))
            self._queue.put(self.lines[-1])
        self._queue.put(None)

    def wait_for_line(self, start: str) -> None:
        """Wait until a line of stderr begins so; it is an error if the process ends before."""
        while True:
            line = self._queue.get(timeout=PATIENCE_S)
            assert line is not None, self.lines
            if line.startswith(start):
                return

    def wait_until(self, seen: Callable[[], bool]) -> bool:
        """Wait until something is seen, or the process ends: then False."""
        ends = time.monotonic() + PATIENCE_S
        while not seen():
            if self._process.poll() is not None:
                return seen()
            assert time.monotonic() < ends
            time.sleep(0.0005)
        return True

    def ends(self) -> int:
        """Wait for its end; the exit code."""
        return self._process.wait(timeout=PATIENCE_S)

    def send(self, number: int) -> tuple[int, float]:
        """Send a signal; the exit code and the seconds it took to end."""
        since = time.monotonic()
        self._process.send_signal(number)
        code = self._process.wait(timeout=PATIENCE_S)
        took = time.monotonic() - since
        self._reader.join(timeout=PATIENCE_S)
        return code, took


def partial_files(out: Path) -> int:
    """Number of files in the hidden folder that a plan is written to; -1 where there is none."""
    for folder in out.parent.glob(f".{out.name}.partial-*"):
        return sum(len(files) for _, _, files in os.walk(folder))
    return -1
