"""Runs that end badly, each followed by one that must succeed without anyone's help.

A trial runs a night in a process of its own and does something to it: kills it, fills its disk, takes its
rights away, sets its clock back, replaces its inputs. After that `current` has to name a complete plan that
verifies, the old one or the new one, and the next night has to publish.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import ClassVar

from cdnplan.inputs.plans.plan_folder import sha256
from cdnplan.nightly.keep.disk import MARKER
from tests.nightly.nights import Project

PATIENCE_S = 240.0
MOST_TRIES = 20
NOT_TRIED = 77
"""Exit code of a run whose folder could not be made read-only: a machine may not allow it."""
_CLONE_NEWNS = 0x20000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
PHASES = ("fetch", "forecast", "read", "plan", "verify", "publish", "end")
"""Moments that a kill waits for, now and then: most of the time goes by in few of them."""
KINDS = ("kill", "kill in a phase", "disk full", "read only", "clock set back", "input replaced")


@dataclass(frozen=True)
class Trial:
    """What is done to a run: `kind` one of `KINDS`, `share` in [0, 1) says when or how much."""

    kind: str
    share: float
    phase: str = ""


@dataclass(frozen=True)
class Ended:
    """How a trial ended: exit code (negative: the signal), plans in force before, after, one night later."""

    trial: Trial
    exit_code: int
    before: str
    after: str
    later: str
    next_code: int


def trials(count: int, seed: int) -> list[Trial]:
    """Draw trials: two of three are kills, the rest goes round the other kinds."""
    drawn = random.Random(seed)
    listed = []
    for i in range(count):
        kind = KINDS[i % 2] if i % 3 < 2 else KINDS[2 + i // 3 % 4]
        listed.append(Trial(kind, drawn.random(), drawn.choice(PHASES) if kind == KINDS[1] else ""))
    return listed


def context() -> ForkServerContext:
    """Processes that have everything imported from the start, and nothing else of ours."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["tests.nightly.warm"])
    return made


def child(
    folder: Path, now: dt.datetime, most_bytes: int | None, read_only: Path | None, told: Connection
) -> None:
    """Run a night in this process, under the limits given; its exit code is the process's."""
    if read_only is not None and not _make_read_only(read_only):
        os._exit(NOT_TRIED)
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    project = Project(folder, now)
    project.on_event = lambda event: told.send(str(event.get("phase", event["event"])))
    os._exit(project.run().exit_code)


def _make_read_only(folder: Path) -> bool:
    """For this process only. Root passes over modes of files, so it gets a mount of its own."""
    if os.getuid() != 0:
        return True  # the modes of files do it
    libc = ctypes.CDLL(None, use_errno=True)
    name = os.fsencode(folder)
    return not (
        libc.unshare(_CLONE_NEWNS)
        or libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None)
        or libc.mount(name, name, None, _MS_BIND, None)
        or libc.mount(None, name, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY, None)
    )


class Crasher:
    """Runs trials on one project.

    Parameters
    ----------
    project : Project
        With a plan in force.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._context = context()
        self.run_s = self._time_of_a_run()

    def _start(
        self, now: dt.datetime | None = None, *, most_bytes: int | None = None, read_only: Path | None = None
    ) -> tuple[BaseProcess, Connection]:
        hear, told = self._context.Pipe(duplex=False)
        args = (self._project.folder, now or self._project.now, most_bytes, read_only, told)
        process = self._context.Process(target=child, args=args, daemon=True)
        process.start()
        told.close()
        return process, hear

    def _time_of_a_run(self) -> float:
        """How long a night takes here and now [s]; the second time, when kernels are known to be there."""
        for _ in range(2):
            process, hear = self._start()
            begun = time.monotonic()
            self._finish(process, hear)
            took = time.monotonic() - begun
            assert process.exitcode == 0
        return took

    def _finish(self, process: BaseProcess, hear: Connection) -> int:
        while True:
            try:
                hear.recv()
            except EOFError:
                break
        process.join(PATIENCE_S)
        assert process.exitcode is not None, "the night does not end"
        return process.exitcode

    def run(self, trial: Trial) -> Ended:
        """Run one trial, and the night after it."""
        project = self._project
        before = project.in_force()
        assert before is not None
        code = self._ways[trial.kind](self, trial)
        after = project.in_force()
        assert after is not None, f"{trial}: nothing is in force"
        assert after == before or int(after[:6]) > int(before[:6]), f"{trial}: {before} → {after}"
        result = project.run()
        assert result.exit_code in (0, 5), f"{trial}: {result.problems}"
        assert result.status["state"] == "published"
        later = project.in_force()
        assert later is not None
        assert later not in (before, after)
        left = [path.name for path in project.published.iterdir() if path.name.endswith(".part")]
        assert left == []
        assert [path.name for path in project.published.glob(".staging/*")] == [MARKER]
        return Ended(trial, code, before, after, later, result.exit_code)

    def _kill(self, trial: Trial) -> int:
        """At any moment of a run; where it was over by then, a moment earlier in another one."""
        delay_s = trial.share * self.run_s
        for _ in range(MOST_TRIES):
            process, hear = self._start()
            with suppress(EOFError):
                hear.recv()
                time.sleep(delay_s)
            process.kill()
            if self._finish(process, hear) < 0:
                break
            delay_s *= 0.7
        return process.exitcode or 0

    def _kill_in_a_phase(self, trial: Trial) -> int:
        """A moment after a phase began: within the time that a fiftieth of a run takes, or sooner."""
        delay_s = trial.share * self.run_s / 50
        for _ in range(MOST_TRIES):
            process, hear = self._start()
            with suppress(EOFError):
                while hear.recv() != trial.phase:
                    pass
                time.sleep(delay_s)
            process.kill()
            if self._finish(process, hear) < 0:
                break
            delay_s *= 0.5
        return process.exitcode or 0

    def _disk_full(self, trial: Trial) -> int:
        """No file may grow beyond 100 B to 100 kB, evenly in the logarithm: writes fail as on a full disk."""
        process, hear = self._start(most_bytes=int(100 * 1000**trial.share))
        return self._finish(process, hear)

    def _read_only(self, trial: Trial) -> int:
        """One of the folders may not be written to, nor those in it."""
        project = self._project
        folder = (project.published, project.published / "plans", project.path("work"))[int(trial.share * 3)]
        modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*")) if path.is_dir()}
        for path in modes:
            path.chmod(0o555)
        process, hear = self._start(read_only=folder)
        code = self._finish(process, hear)
        for path, mode in modes.items():
            path.chmod(mode)
        assert code in (4, NOT_TRIED), f"{trial}: {code}"
        return code

    def _clock_back(self, trial: Trial) -> int:
        """Up to 60 days."""
        process, hear = self._start(self._project.now - dt.timedelta(days=60 * trial.share))
        code = self._finish(process, hear)
        assert code in (4, 5), f"{trial}: {code}"
        return code

    def _replaced(self, trial: Trial) -> int:
        """All inputs are written anew, at once or bit by bit, while the run reads them."""
        project = self._project
        names = ("topology.yaml", "titles.csv", "history.csv")
        known = {name: {sha256(project.path(name))} for name in names}
        process, hear = self._start()
        time.sleep(trial.share * self.run_s / 2)
        for name in names:
            path = project.path(name)
            comment = "\n# touched\n" if name.endswith(".yaml") else "\n"
            text = path.read_text(encoding="utf-8").rstrip("\n").removesuffix("# touched").rstrip("\n")
            if trial.share < 0.5:
                part = path.with_name(f"{name}.new")
                part.write_text(text + comment, encoding="utf-8")
                part.replace(path)
            else:
                path.write_text(text + comment, encoding="utf-8")
            project.touch(name)
            known[name].add(sha256(path))
        code = self._finish(process, hear)
        assert code in (0, 2, 5), f"{trial}: {code}"
        read = project.status()["inputs"]
        assert all(read[name.partition(".")[0]]["sha256"] in known[name] for name in names[1:] if code != 2)
        return code

    _ways: ClassVar[dict[str, Callable[[Crasher, Trial], int]]] = dict(
        zip(KINDS, (_kill, _kill_in_a_phase, _disk_full, _read_only, _clock_back, _replaced), strict=True)
    )
