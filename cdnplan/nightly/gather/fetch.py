"""Fetch inputs from local paths and URLs into the work folder, each whole and of one moment."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cdnplan.nightly.keep.log import RunLog
from cdnplan.nightly.settings.clocks import Clocks
from cdnplan.nightly.settings.config import Source
from cdnplan.nightly.settings.failures import FetchError
from cdnplan.nightly.settings.wire import FetchWire

T = TypeVar("T")

CHUNK_BYTES = 1 << 20
NO_SUCH_FILE = "no such file"
_FINAL = {
    errno.ENOENT,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EACCES,
    errno.EPERM,
    errno.ELOOP,
    errno.ENAMETOOLONG,
}
"""Answers of the machine's own disk that waiting does not change."""
_STAMPS = ("size", "mtime", "LastModified", "last_modified", "updated", "ETag", "etag", "md5", "version_id")
"""What file systems tell of a file that differs once it has been replaced."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file that was fetched: its SHA-256, and when it was last changed at its source, where known."""

    sha256: str
    modified: dt.datetime | None


class _TargetError(Exception):
    """The copy could not be written: the fault of this machine, not of the source."""

    def __init__(self, error: OSError) -> None:
        self.error = error
        super().__init__(str(error))


def fetch(source: Source, where: str, target: Path, wire: FetchWire, clocks: Clocks, log: RunLog) -> Copy:
    """Copy one file.

    Parameters
    ----------
    source : Source
        Whose role and options apply.
    where : str
        The file: the source itself, or one that it includes.
    target : Path
        File to write; its folder is made.
    wire : FetchWire
        Attempts, waits, time limit.
    clocks : Clocks
    log : RunLog

    Returns
    -------
    Copy

    Raises
    ------
    FetchError
        Not there, or not to be had in all attempts.
    OSError
        The copy cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    wait = wire.wait_s
    local = "://" not in where
    for attempt in range(1, wire.attempts + 1):
        # A try that hangs may write for a while yet: each has a file of its own.
        part = target.with_name(f".{target.name}.{attempt}")
        try:
            copy = _in_time(lambda part=part: _copy(where, dict(source.options or {}), part), wire.timeout_s)  # type: ignore[misc]
            part.replace(target)
            return copy
        except _TargetError as error:
            raise error.error from None
        except Exception as error:  # noqa: BLE001 - every file system raises errors of its own
            reason, over = _reason(error), local and getattr(error, "errno", None) in _FINAL
        log.warning("fetch failed", input=source.role, source=where, attempt=attempt, reason=reason)
        if over:
            break
        if attempt < wire.attempts:
            clocks.sleep(wait)
            wait *= 2
    raise FetchError(reason)


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return NO_SUCH_FILE
    if isinstance(error, FetchError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _in_time(work: Callable[[], T], timeout_s: float) -> T:
    """Do something that may never end; what has not ended in time is left alone, and ends with the run."""
    answers: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue()

    def run() -> None:
        try:
            answers.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits
            answers.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = answers.get(timeout=timeout_s)
    except queue.Empty:
        raise TimeoutError(None, f"no answer within {timeout_s:g} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]


def _copy(where: str, options: dict[str, Any], target: Path) -> Copy:
    """Copy a file, and make sure that it was the same from the first byte to the last."""
    from fsspec.core import url_to_fs

    system, path = url_to_fs(where, **options)
    before = system.info(path)
    if before.get("type") == "directory":
        raise IsADirectoryError(None, "is a folder, expected a file")
    digest, size = hashlib.sha256(), 0
    try:
        stream = target.open("wb")
    except OSError as error:
        raise _TargetError(error) from error
    with stream, system.open(path, "rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            try:
                stream.write(chunk)
                stream.flush()
            except OSError as error:
                raise _TargetError(error) from error
    system.invalidate_cache()
    after = system.info(path)
    if _stamp(before) != _stamp(after) or (after.get("size") is not None and after["size"] != size):
        raise FetchError("it was replaced while it was read")
    return Copy(digest.hexdigest(), _modified(after))


def _stamp(info: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(info.get(key) for key in (*_STAMPS, "ino"))


def _modified(info: Mapping[str, Any]) -> dt.datetime | None:
    """When a file was last changed, as file systems variously tell it."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "modified", "created"):
        value = info.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(value, dt.UTC)
        if isinstance(value, dt.datetime):
            return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        if isinstance(value, str):
            try:
                read = dt.datetime.fromisoformat(value)
            except ValueError:
                continue
            return read if read.tzinfo else read.replace(tzinfo=dt.UTC)
    return None
