"""`whatif`: what would be if scenarios came true, as differences to a plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cdnplan.commands.option import (
    AnyPath,
    EngineName,
    Gap,
    Option,
    Seconds,
    Seed,
    Switch,
    Threads,
    cores,
    never,
    optional_path,
    silent,
)
from cdnplan.errors import InputError, Problem

if TYPE_CHECKING:
    from cdnplan.optimize.problem.outcome import Progress
    from cdnplan.whatif.ask.run import WhatifRequest, WhatifResult


@dataclass(frozen=True, slots=True)
class WhatifQuestion:
    """What is asked, and where the answer goes.

    Parameters
    ----------
    request : WhatifRequest
    out : Path or None
        Folder to write it to.
    force : bool
        Whether an earlier one there is replaced.
    """

    request: WhatifRequest
    out: Path | None
    force: bool


def whatif_question(
    base: Annotated[AnyPath, Option("PLAN")],
    *scenarios: Annotated[AnyPath, Option("[SCENARIO.yaml...]", argument=True)],
    combine: Switch = False,
    grid: Switch = False,
    answer: Literal["both", "at_once", "after_fill"] = "both",
    fills: Literal["base", "free", "limited"] = "base",
    top: Annotated[int, Option("N", least=0)] = 10,
    engine: EngineName = "auto",
    gap: Gap = None,
    time_limit: Seconds = None,
    threads: Threads = 0,
    seed: Seed = 0,
    out: Annotated[AnyPath | None, Option("DIR")] = None,
    force: bool = False,
) -> WhatifQuestion:
    """What to ask of which base.

    Parameters
    ----------
    base : path
        Plan folder to compare with.
    *scenarios : path
        Scenario files.
    combine : bool
        All files as one scenario, in the order given.
    grid : bool
        Every combination of the files, each with and without the others.
    answer : {"both", "at_once", "after_fill"}
        at_once: placement as it is; after_fill: planned anew.
    fills : {"base", "free", "limited"}
        Whether filling limits and costs plans; base: as in the base.
    top : int
        Regions, files and sites listed; 0: all.
    engine : {"auto", "exact", "fast"}
        As for plan.
    gap : float or None
        Stop plans at this gap_ratio.
    time_limit : float or None
        Stop each plan after so many seconds.
    threads : int
        0: all cores.
    seed : int
    out : path or None
        Write everything there as JSON and CSV.
    force : bool
        Replace earlier results at DIR.
    """
    from cdnplan.whatif.ask.run import BOTH, WhatifRequest

    if combine and grid:
        raise InputError([Problem("expected one of --combine and --grid, found both")])
    request = WhatifRequest(
        base=Path(base),
        scenarios=tuple(Path(item) for item in scenarios),
        mode="combine" if combine else "grid" if grid else "each",
        answers=BOTH if answer == "both" else (answer,),
        fills=None if fills == "base" else fills,
        top=top,
        engine=engine,
        gap_ratio=gap,
        time_limit_s=time_limit,
        threads=cores(threads),
        seed=seed,
    )
    return WhatifQuestion(request, optional_path(out), force)


def whatif(
    question: WhatifQuestion, progress: Progress = silent, asked: Callable[[], bool] = never
) -> WhatifResult:
    """Answer, and write the answer where that is wanted.

    Parameters
    ----------
    question : WhatifQuestion
    progress, asked : callable
        As for `cdnplan.whatif.ask.run.whatif`, which says what is returned and raised.
    """
    from cdnplan.folders import claimed
    from cdnplan.whatif.ask.output import WHATIF, write_results
    from cdnplan.whatif.ask.run import whatif as ask

    out = question.out
    with ExitStack() as stack:
        place = None if out is None else stack.enter_context(claimed(out, WHATIF, replace=question.force))
        result = ask(question.request, progress=progress, asked=asked)
        if place is not None:
            write_results(result, place)
    return result
