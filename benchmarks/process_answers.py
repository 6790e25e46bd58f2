"""What processes of the harness's tests do; a module of its own, so that they start quickly."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.processes import Started
from cdnplan.errors import CdnplanError


def answer(started: Started, number: int) -> tuple[int, int]:
    """Say who is asked."""
    started()
    return number, os.getpid()


def endless(started: Started) -> None:
    """Take too long."""
    started()
    time.sleep(60)


def telling(started: Started, path: Path) -> None:
    """Write down who it is, then take too long."""
    path.write_text(str(os.getpid()), encoding="utf-8")
    endless(started)


def refusing(started: Started) -> None:
    """Say that it cannot be done."""
    raise CdnplanError("not like this")


def dying(started: Started) -> None:
    """End without a word."""
    os._exit(7)
