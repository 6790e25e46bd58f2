"""What a plan is made from, and how."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cdnplan.optimize.engine import EngineName
from cdnplan.parameters.parameters import DEFAULTS, Parameters


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Inputs and options of one plan.

    Parameters
    ----------
    topology, titles : Path
    out : Path
        Plan folder to write.
    demand, history : Path or None
        Exactly one: a demand table, or a history to forecast from.
    files : Path or None
        Files of titles; None: a title is one file.
    countries : frozenset of str
        ISO codes of the countries to plan; empty: all.
    previous : Path or None
        Plan folder whose placement the appliances hold now.
    holdings : Path or None
        Table of what appliances hold now, read from the field: instead of a previous plan, or believed more.
    fill_from : datetime.datetime or None
        Each appliance fills in its first window that begins at or after this moment, which knows its offset;
        None: 00:00 UTC of the day before the planned period begins.
    start : Path or None
        Plan folder of nearly the same problem, whose prices and placement the fast engine starts from.
    cold_start : {"free", "limited"} or None
        In place of the policy's: whether appliances of which nothing is known arrive stocked, or empty.
    allow_lost_appliances : bool
        Take appliances that hold something and are not in the network as gone, be they most of them.
    rules_wait : bool
        Let pins and launches wait that the windows of this night cannot bring.
    date : datetime.date or None
        With a demand table: which of its periods; with a history: forecast as of that date.
    engine : {"auto", "exact", "fast"}
    gap_ratio : float or None
        Stop at this gap.
    time_limit_s : float or None
    threads, seed : int
    environment : str or None
        Environment whose overrides of the topology apply.
    overrides : tuple of Path
        Further override files of the topology.
    settled : bool
        Whether what appliances hold stays unless a plan saves more than its gap leaves unsure, as for plans
        that follow one another night after night; else any saving will do.
    replace : bool
        Whether an earlier plan at `out` may be replaced.
    parameters : Parameters
        The numbers that steer it; the folder does not tell them.
    """

    topology: Path
    titles: Path
    out: Path
    demand: Path | None = None
    history: Path | None = None
    files: Path | None = None
    countries: frozenset[str] = frozenset()
    previous: Path | None = None
    holdings: Path | None = None
    fill_from: dt.datetime | None = None
    start: Path | None = None
    cold_start: Literal["free", "limited"] | None = None
    allow_lost_appliances: bool = False
    rules_wait: bool = False
    date: dt.date | None = None
    engine: EngineName = "auto"
    gap_ratio: float | None = None
    time_limit_s: float | None = None
    threads: int = 1
    seed: int = 0
    environment: str | None = None
    overrides: tuple[Path, ...] = ()
    settled: bool = False
    replace: bool = False
    parameters: Parameters = DEFAULTS
