"""Sweeps of `whatif`: what is worst when anything fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cdnplan.commands.option import AnyPath, Option, Threads, cores, silent
from cdnplan.errors import InputError, Problem

if TYPE_CHECKING:
    from cdnplan.optimize.problem.outcome import Progress
    from cdnplan.whatif.ask.sweep import SweepResult


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What shall fail in which base.

    Parameters
    ----------
    base : path
        Plan folder.
    n_1 : {"sites", "links", "all"} or None
        In place of scenarios: each of these fails, one at a time, at once.
    n_2 : {"city"} or None
        The same for every two sites of one city.
    within_km : float
        How near sites of one city are.
    threads : int
        0: all cores.

    Raises
    ------
    InputError
        Not one of `n_1` and `n_2`.
    """

    base: Annotated[AnyPath, Option("PLAN")]
    n_1: Literal["sites", "links", "all"] | None = None
    n_2: Literal["city"] | None = None
    within_km: Annotated[float, Option("KM", least=0.0)] = 25.0
    threads: Threads = 0

    def __post_init__(self) -> None:
        if (self.n_1 is None) == (self.n_2 is None):
            raise InputError([Problem("expected one of n_1 and n_2")])


def sweep(options: SweepOptions, progress: Progress = silent) -> SweepResult:
    """Let everything fail, as `cdnplan.whatif.ask.sweep.sweep`, in a base that is read."""
    from cdnplan.whatif.ask.sweep import sweep as run
    from cdnplan.whatif.base.base import load_base

    progress("read", 0.0, None, None)
    base, level = load_base(Path(options.base)), options.n_1 or options.n_2
    assert level is not None  # that was checked
    return run(base, level, within_km=options.within_km, threads=cores(options.threads), progress=progress)
