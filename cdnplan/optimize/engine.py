"""Which engine solves an instance, and why."""

from __future__ import annotations

from typing import Literal

import numpy as np

from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.problem.outcome import Fits, Outcome, Progress, Stop, no_progress
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.parameters.parameters import DEFAULTS, Parameters

EngineName = Literal["auto", "exact", "fast"]


def serving_variables(instance: Instance) -> int:
    """Number of serving variables the whole model would have."""
    asked = np.diff(instance.demand_ptr)[instance.region_row]
    return int((asked * np.diff(instance.cand_ptr)).sum())


def choose_engine(
    instance: Instance, wanted: EngineName, parameters: Parameters = DEFAULTS
) -> tuple[EngineName, str]:
    """Pick an engine.

    Parameters
    ----------
    instance : Instance
    wanted : {"auto", "exact", "fast"}
    parameters : Parameters

    Returns
    -------
    name : {"exact", "fast"}
    reason : str
        One clause, for people.
    """
    if wanted != "auto":
        return wanted, "asked for"
    count, most = serving_variables(instance), parameters.run.exact_up_to
    if count <= most:
        return "exact", f"{count:,} serving variables, at most {most:,} are solved exactly"
    return "fast", f"{count:,} serving variables, too many for the exact engine (over {most:,})"


def solve(
    instance: Instance,
    name: EngineName,
    *,
    stop: Stop | None = None,
    threads: int = 1,
    seed: int = 0,
    progress: Progress = no_progress,
    start: WarmStart | None = None,
    fits: Fits | None = None,
    parameters: Parameters = DEFAULTS,
) -> Outcome:
    """Solve an instance with a named engine; see `Outcome`.

    Parameters
    ----------
    instance : Instance
    name : {"auto", "exact", "fast"}
    stop : Stop, optional
    threads, seed : int
    progress : Progress
    start : WarmStart or None
        Where the fast engine starts from; the exact one has no use for it.
    fits : callable or None
        Tells which placements appliances can carry out: the fast engine prefers these on small networks. The
        exact one ends with the plan that costs least, whatever appliances make of it.
    parameters : Parameters
        The numbers that steer the fast engine, and what it leaves out.

    Returns
    -------
    Outcome

    Raises
    ------
    NoFeasiblePlanError
        No plan satisfies the rules that cannot be priced.
    DeadlineError
        The time limit passed, or an end was asked for, before there was any plan.
    """
    chosen, _ = choose_engine(instance, name, parameters)
    stop = Stop() if stop is None else stop
    # Imported here, because the small engine needs no kernels and the large one no PuLP.
    if chosen == "exact":
        from cdnplan.optimize.exact.exact import solve_exact

        # HiGHS searches another tree on more threads: one, so that the plan does not depend on them.
        return solve_exact(instance, stop=stop, threads=1, seed=seed, progress=progress)
    from cdnplan.optimize.fast.fast import solve_fast

    return solve_fast(
        instance,
        stop=stop,
        threads=threads,
        seed=seed,
        progress=progress,
        start=start,
        fits=fits,
        parameters=parameters,
    )
