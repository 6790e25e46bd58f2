"""One run at a time for each publication folder, and the name of the one that is at work.

The lock is the kernel's: it ends with the process that holds it, however that ends. Who holds it is told
by a file of its own, which a run that was killed leaves behind; it holds nobody up.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cdnplan.nightly.keep.disk import write_whole
from cdnplan.nightly.settings.failures import LockedError

LOCK = ".nightly.lock"
OWNER = ".nightly.owner.json"


@contextmanager
def locked(folder: Path, run_id: str, started: str) -> Iterator[str | None]:
    """Hold the lock of a publication folder.

    Parameters
    ----------
    folder : Path
        It exists.
    run_id, started : str
        What the owner file tells others.

    Yields
    ------
    str or None
        Id of an earlier run that did not come to its end, if there is one.

    Raises
    ------
    LockedError
        Another run holds it; the message says who.
    """
    owner = folder / OWNER
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LockedError(f"{folder} is in use: {_shown(_read(owner))}") from None
    try:
        before = _read(owner)
        me = {"run_id": run_id, "pid": os.getpid(), "host": socket.gethostname(), "started": started}
        try:
            write_whole(owner, json.dumps(me) + "\n")
            yield None if before is None else str(before.get("run_id", "unknown"))
        finally:
            owner.unlink(missing_ok=True)
    finally:
        lock.release()


def _read(owner: Path) -> dict[str, Any] | None:
    """What the owner file says; None where there is none."""
    try:
        found = json.loads(owner.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _shown(owner: dict[str, Any] | None) -> str:
    if not owner:
        return "a run that has not yet said who it is holds the lock"
    return (
        f"run {owner.get('run_id')} holds the lock, process {owner.get('pid')} on {owner.get('host')},"
        f" since {owner.get('started')}"
    )
