"""One night: lock, gather, forecast, plan, verify, guard, publish; and a status, whatever happens."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdnplan.errors import CdnplanError, InputError
from cdnplan.nightly.guard.in_force import listed
from cdnplan.nightly.guard.metrics import write_metrics
from cdnplan.nightly.guard.status import Status, moment, read_status, told_in_force
from cdnplan.nightly.job.night import Night
from cdnplan.nightly.keep.lock import locked
from cdnplan.nightly.keep.log import FileLog, RunLog, Write
from cdnplan.nightly.keep.publish import Publication
from cdnplan.nightly.keep.store import Store
from cdnplan.nightly.settings.clocks import Clocks
from cdnplan.nightly.settings.config import NightlyConfig
from cdnplan.nightly.settings.failures import LockedError
from cdnplan.optimize.problem.outcome import Progress, never, no_progress

PUBLISHED_WITH_WARNINGS = 5
NOT_PUBLISHED = 4
CRASHED = 1


@dataclass(frozen=True, slots=True)
class NightlyResult:
    """How a night ended.

    Parameters
    ----------
    exit_code : int
        0 published, 2 bad input, 3 no feasible plan, 4 nothing published, 5 published with warnings.
    status : dict
        The content of ``status.json``.
    problems : tuple of str
        What is wrong, one a line.
    """

    exit_code: int
    status: dict[str, Any]
    problems: tuple[str, ...]


def nightly(
    config: NightlyConfig,
    *,
    clocks: Clocks | None = None,
    progress: Progress = no_progress,
    asked: Callable[[], bool] = never,
    write_log: Write | None = None,
    dry_run: bool = False,
    date: dt.date | None = None,
) -> NightlyResult:
    """Plan one night and publish the plan, or leave the plan in force and say why.

    Parameters
    ----------
    config : NightlyConfig
    clocks : Clocks or None
        None: the machine's.
    progress : Progress
        Called while the plan is made.
    asked : callable
        From True on the search ends with the best plan so far.
    write_log : callable or None
        Gets every line of the log.
    dry_run : bool
        Do everything but publish: what would be published, and the exit code, are in the result.
    date : datetime.date or None
        Day of the run; None: today. May lie before the day of the plan in force.

    Returns
    -------
    NightlyResult
        Whatever happened, errors for people included; nothing of them is raised.
    """
    clocks = clocks or Clocks()
    started = clocks.now()
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    status = Status(config.name, run_id, started, dry_run=dry_run)
    log = RunLog(run_id, clocks.now, *(() if write_log is None else (write_log,)))
    status.in_force, status.in_force_figures = told_in_force(config.publish)
    try:
        config.publish.mkdir(parents=True, exist_ok=True)
        with locked(config.publish, run_id, started.isoformat()) as killed:
            status.killed_before = killed
            return _alone(config, status, log, clocks, progress, asked, date)
    except LockedError as error:
        status.state = "locked"
        return _ended(status, error, log)
    except OSError as error:
        # Of the lock itself, or of a folder that may not be written to.
        return _ended(status, error, log)


def _alone(
    config: NightlyConfig,
    status: Status,
    log: RunLog,
    clocks: Clocks,
    progress: Progress,
    asked: Callable[[], bool],
    date: dt.date | None,
) -> NightlyResult:
    """Run while nobody else does; the status is written in any case."""
    last = read_status(config.publish)
    status.last_published = moment(last, "last_published")
    store = Store(config.work)
    try:
        store.prepare()
    except InputError as foreign:
        status.ended = clocks.now()
        result = _ended(status, foreign, log)
        _write(config, status, log)
        return result
    with FileLog(store.log_path(status.run_id)) as file:
        log.add(file.write)
        night = Night(config, Publication(config.publish), store, status, log, clocks, date, last)
        error: CdnplanError | OSError | None = None
        try:
            night.run(progress, asked)
        except (CdnplanError, OSError) as found:
            error = found
        except BaseException as found:
            # A signal, or a fault of this program: told, and passed on.
            status.state = "crashed" if isinstance(found, Exception) else "stopped"
            status.exit_code = int(getattr(found, "exit_code", CRASHED))
            status.reason = f"{type(found).__name__}: {found}"
            status.ended = clocks.now()
            _write(config, status, log)
            raise
        night.tidy(error)
        status.ended = clocks.now()
        if file.failure:
            status.warnings.append(file.failure)
        result = _ended(status, error, log)
        if not status.dry_run:
            _write(config, status, log)
        return NightlyResult(status.exit_code, status.as_dict(), result.problems)


def _ended(status: Status, error: CdnplanError | OSError | None, log: RunLog) -> NightlyResult:
    """State, reason and exit code of a run."""
    problems: tuple[str, ...] = ()
    if error is not None:
        status.state = "locked" if status.state == "locked" else "not-published"
        status.exit_code = error.exit_code if isinstance(error, CdnplanError) else NOT_PUBLISHED
        problems = (_told(error),)
        if isinstance(error, InputError):
            problems = tuple(str(problem) for problem in error.problems)
        status.reason = listed(problems)
    elif status.warnings:
        status.exit_code = PUBLISHED_WITH_WARNINGS
        status.reason = listed(tuple(status.warnings))
    event = log.info if status.exit_code == 0 else log.warning if error is None else log.error
    event("end", state=status.state, exit_code=status.exit_code, reason=status.reason)
    return NightlyResult(status.exit_code, status.as_dict(), problems)


def _told(error: CdnplanError | OSError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _write(config: NightlyConfig, status: Status, log: RunLog) -> None:
    """Write status and metrics; where even that fails, the log and the exit code are left to tell."""
    writers: tuple[tuple[Path, Callable[[], None]], ...] = (
        (config.publish / "status.json", lambda: status.write(config.publish)),
        (config.metrics, lambda: write_metrics(status, config.metrics)),
    )
    for path, write in writers:
        try:
            write()
        except OSError as error:
            log.error("cannot be written", path=str(path), reason=error.strerror or str(error))
            if status.exit_code == 0:
                status.exit_code = PUBLISHED_WITH_WARNINGS
            status.warnings.append(f"{path} cannot be written: {error.strerror or error}")
