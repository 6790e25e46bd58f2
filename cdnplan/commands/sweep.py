"""Sweeps of `whatif`: what is worst when anything fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cdnplan.commands.option import AnyPath, Option, Threads, cores
from cdnplan.errors import InputError, Problem

if TYPE_CHECKING:
    from cdnplan.whatif.ask.sweep import SweepRequest


def sweep_request(
    base: Annotated[AnyPath, Option("PLAN")],
    n_1: Literal["sites", "links", "all"] | None = None,
    n_2: Literal["city"] | None = None,
    within_km: Annotated[float, Option("KM", least=0.0)] = 25.0,
    threads: Threads = 0,
) -> SweepRequest:
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
    """
    from cdnplan.whatif.ask.sweep import SweepRequest

    level = n_1 or n_2
    if level is None or (n_1 and n_2):
        raise InputError([Problem("expected one of n_1 and n_2")])
    return SweepRequest(Path(base), level, within_km, threads=cores(threads))
