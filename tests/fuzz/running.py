"""Run a command on damaged inputs, in this process, and judge how it ended."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

import typer.main

from cdnplan.cli.main import run

Content = dict[str, tuple[int, int, bytes]]

LIMIT_S = 20.0
"""A command on a small input that takes more of a processor's time hangs."""

EXIT_CODES = {"nightly": (0, 2, 3, 4, 5), "verify": (0, 2, 6)}
USUAL_CODES = (0, 2, 3, 4)
"""What the README documents, by command."""

NO_MESSAGE = re.compile(
    r"Traceback|Exception ignored|[a-z]Warning:|^ *File \"|^ *warnings\.warn|\.pyx\b|/numba/|/arrow/",
    re.MULTILINE,
)
"""What a message for people never has."""


NIGHTLY_KEEPS = re.compile(
    r"work(/.*)?|published(/plans|/\.nightly\.lock|/\.staging(/\.cdnplan-nightly)?|/status\.json|/cdnplan\.prom)?"
)
"""What a night leaves behind that found its inputs bad: the lock, a log and the status, no plan."""

_build_once = functools.cache(typer.main.get_command)
"""typer builds all commands anew for each call, which takes longer than most of them."""


class HangError(BaseException):
    """The limit of time has passed."""


@dataclass(frozen=True)
class Finding:
    """Something that must not happen: what, and what was said."""

    kind: str
    detail: str


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    seconds: float
    out: str
    err: str
    findings: tuple[Finding, ...]


def run_judged(args: Sequence[str], folder: Path, limit_s: float = LIMIT_S) -> Ended:
    """Run ``cdnplan ARGS`` within a folder of its own and judge it.

    Parameters
    ----------
    args : sequence of str
        Paths are relative to `folder`.
    folder : Path
        Holds all inputs, and whatever the command writes.
    limit_s : float
        [s]
    """
    findings: list[Finding] = []
    before = _content(folder)
    out, err = io.StringIO(), io.StringIO()
    begun = time.process_time()
    code = 0
    where = Path.cwd()
    os.chdir(folder)
    try:
        with _native_stderr() as native, contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
            stack.enter_context(mock.patch.object(sys, "argv", ["cdnplan", *args]))
            stack.enter_context(mock.patch.object(typer.main, "get_command", _build_once))
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("default")
            stack.enter_context(_alarm(limit_s))
            try:
                run()
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except HangError:
        findings.append(Finding("hang", f"more than {limit_s:g} s"))
    except Exception:  # what a user would see as a traceback is what is looked for  # noqa: BLE001
        findings.append(Finding("traceback", traceback.format_exc()))
    finally:
        os.chdir(where)
    seconds = time.process_time() - begun
    said = err.getvalue() + native.getvalue()
    if not findings:
        findings += _judged(args[0], code, said, seconds, limit_s)
        if code == 2:
            findings += _left_behind(args[0], before, _content(folder))
    return Ended(code, seconds, out.getvalue(), said, tuple(findings))


def _judged(command: str, code: int, err: str, seconds: float, limit_s: float) -> Iterator[Finding]:
    if code not in EXIT_CODES.get(command, USUAL_CODES):
        yield Finding("exit code", f"{code}: {err[-2000:]}")
    if seconds > limit_s:
        yield Finding("hang", f"{seconds:.1f} s")
    if NO_MESSAGE.search(err):
        yield Finding("stderr", err[-4000:])
    if code == 2 and command != "verify" and not err.strip():
        yield Finding("silent", "exit code 2 without a message")


def _left_behind(command: str, before: Content, after: Content) -> Iterator[Finding]:
    left = sorted({name for name, _ in before.items() ^ after.items()})
    if command == "nightly":
        left = [name for name in left if not NIGHTLY_KEEPS.fullmatch(name)]
    if left:
        yield Finding("written after exit 2", ", ".join(left))


def _content(folder: Path) -> Content:
    """Everything in a folder by path: kind, size, and bytes of what is a file."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        kind = status.st_mode >> 12
        whole = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[path.relative_to(folder).as_posix()] = (kind, len(whole), whole)
    return found


@contextlib.contextmanager
def _alarm(limit_s: float) -> Iterator[None]:
    def ring(signum: int, frame: FrameType | None) -> None:
        raise HangError

    earlier: Any = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, earlier)


@contextlib.contextmanager
def _native_stderr() -> Iterator[io.StringIO]:
    """What libraries write to standard error past Python."""
    said = io.StringIO()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as stream:
        os.dup2(stream.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            stream.seek(0)
            said.write(stream.read().decode(errors="replace"))
