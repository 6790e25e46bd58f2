"""The engines and what they are compared with, each behind the same interface."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from benchmarks.results import FAST, Result, Sizes
from benchmarks.traces import Trace, gap_ratio
from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Prices, Serving
from cdnplan.model.plan.proof import Proof


@dataclass(frozen=True)
class Options:
    """How long the fast engine may take [s; None: until it ends by itself], at which gap it may stop, how
    long every other method may take [s], and on how many threads all of them run.
    """

    time_limit_s: float | None = None
    gap_ratio: float | None = None
    limit_s: float = 300.0
    threads: int = 1


@dataclass(frozen=True)
class Found:
    """What a method found; `lower` and `value` are above the ideal, proven by what the judge is not given."""

    placement: Placement | None = None
    serving: Serving | None = None
    prices: Prices | None = None
    proof: Proof | None = None
    lower: float | None = None
    value: float | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


class Solve(Protocol):
    """Runs a method."""

    def __call__(self, instance: Instance, options: Options, trace: Trace) -> Found:
        """Solve; tell `trace` of bounds and costs meanwhile."""


@dataclass(frozen=True)
class Method:
    """A method, up to how many serving variables it is tried, and whether it ends by itself at the limit."""

    name: str
    solve: Solve
    up_to: float = float("inf")
    heeds_limit: bool = False


def _fast(instance: Instance, options: Options, trace: Trace) -> Found:
    from cdnplan.optimize.fast.fast import solve_fast
    from cdnplan.optimize.problem.outcome import Stop

    stop = Stop(gap_ratio=options.gap_ratio, time_limit_s=options.time_limit_s)
    found = solve_fast(instance, stop=stop, threads=options.threads, progress=trace)
    return Found(
        found.placement, found.serving, found.prices, found.proof, phases=found.seconds, note=found.status
    )


def _exact(instance: Instance, options: Options, trace: Trace) -> Found:
    from cdnplan.optimize.exact.exact import solve_exact
    from cdnplan.optimize.problem.outcome import Stop

    stop = Stop(time_limit_s=options.limit_s)
    found = solve_exact(instance, stop=stop, threads=options.threads, progress=trace)
    lower = found.lower - trace.ideal
    return Found(
        found.placement, found.serving, found.prices, lower=lower, phases=found.seconds, note=found.status
    )


def _greedy(instance: Instance, options: Options, trace: Trace) -> Found:
    from benchmarks.baselines import greedy_plan

    plan = greedy_plan(instance)
    return Found(Placement(plan.holds), plan.serving)


def _popularity(instance: Instance, options: Options, trace: Trace) -> Found:
    from benchmarks.baselines import popularity_plan

    plan = popularity_plan(instance)
    return Found(Placement(plan.holds), plan.serving)


def _knapsack(instance: Instance, options: Options, trace: Trace) -> Found:
    from benchmarks.baselines import knapsack_plan

    plan = knapsack_plan(instance)
    return Found(Placement(plan.holds), plan.serving)


def _lp(instance: Instance, options: Options, trace: Trace, *, solver: str) -> Found:
    from benchmarks.highs_lp import solve_lp

    answer = solve_lp(instance, solver, options.limit_s, options.threads)
    phases = {"build": answer.build_s, "solve": answer.solve_s}
    return Found(lower=answer.lower, value=answer.value, phases=phases, note=answer.status)


def _mip(instance: Instance, options: Options, trace: Trace) -> Found:
    from benchmarks.highs_lp import solve_mip
    from cdnplan.optimize.serve.serving import best_serving

    answer = solve_mip(instance, options.limit_s, options.threads, trace)
    phases = {"build": answer.build_s, "solve": answer.solve_s}
    if answer.holds is None:
        return Found(lower=answer.lower, phases=phases, note=answer.status)
    serving = best_serving(instance, answer.holds).serving
    return Found(Placement(answer.holds), serving, lower=answer.lower, phases=phases, note=answer.status)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(FAST, _fast),
        Method("greedy", _greedy),
        Method("popularity", _popularity),
        Method("knapsack", _knapsack),
        Method("exact", _exact, 30_000, heeds_limit=True),
        Method("lp", partial(_lp, solver="choose"), 8_000_000, heeds_limit=True),
        Method("lp-ipm", partial(_lp, solver="ipm"), 2_000_000, heeds_limit=True),
        Method("lp-pdlp", partial(_lp, solver="pdlp"), 2_000_000, heeds_limit=True),
        Method("mip", _mip, 300_000, heeds_limit=True),
    )
}
"""By name, in the order in which they run."""
SOLVERS = ("lp", "lp-ipm", "lp-pdlp", "mip")
"""Those that are HiGHS on the whole model."""


def measured(
    started: Callable[[], None],
    name: str,
    instance: str,
    seed: int,
    read: Callable[[], Instance],
    options: Options,
) -> Result:
    """Run a method in this process, which is all its own, and let the judge count.

    A tiny instance is solved first, so that no kernel is loaded on the clock.
    """
    from cdnplan.evaluate.count.cost import ideal_cost
    from tests.instances import random_instance

    method = METHODS[name]
    tiny = random_instance(1, n_regions=3, n_files=5, n_pools=4, families=frozenset({"storage"}))
    method.solve(tiny, options, Trace(ideal_cost(tiny)))
    begun = time.perf_counter()
    problem = read()
    read_seconds, read_memory = time.perf_counter() - begun, _peak_memory_gb()
    sizes = _sizes(problem)
    base = {"instance": instance, "seed": seed, "method": name, "sizes": sizes}
    if sizes.variables > method.up_to:
        return Result(**base, note=too_large(sizes, method))  # type: ignore[arg-type]
    started()
    ideal = ideal_cost(problem)
    trace = Trace(ideal)
    begun = time.perf_counter()
    try:
        found = method.solve(problem, options, trace)
    except NoFeasiblePlanError as error:
        found = Found(note=str(error).splitlines()[0])
    seconds, memory = time.perf_counter() - begun, _peak_memory_gb()
    return Result(
        **base,  # type: ignore[arg-type]
        **_judged(problem, found, trace, ideal, seconds),  # type: ignore[arg-type]
        read_seconds=read_seconds,
        seconds=seconds,
        read_memory_gb=read_memory,
        peak_memory_gb=memory,
        phases={phase: round(value, 4) for phase, value in found.phases.items()},
    )


def too_large(sizes: Sizes, method: Method) -> str:
    """Why a method was not tried."""
    return f"not tried: {sizes.variables:,} serving variables, more than {method.up_to:,.0f}"


def _judged(
    instance: Instance, found: Found, trace: Trace, ideal: float, seconds: float
) -> dict[str, object]:
    """Cost, bound and offload as the judge counts them; a plan that breaks a limit has no cost."""
    from cdnplan.evaluate.verdict.verdict import evaluate

    if found.placement is None or found.serving is None:
        return {"lower": found.lower, "value": found.value, "note": found.note}
    served, origin = found.serving.candidate_gb(instance), found.serving.origin_gb(instance)
    verdict = evaluate(instance, found.placement, served, origin, found.prices, proof=found.proof)
    if verdict.violations:
        note = f"the plan breaks {len(verdict.violations)} limits: {verdict.violations[0]}"
        return {"lower": found.lower, "note": note}
    cost = verdict.cost.total - ideal
    judged = None if verdict.bound is None else verdict.bound - ideal
    proven = [bound for bound in (judged, found.lower) if bound is not None]
    lower = min(max(proven), cost) if proven else None
    points = list(trace.points)
    if lower is not None:
        # The judge has the last word: what an engine claimed beyond it was never proven.
        gap = gap_ratio(cost, lower)
        points = [(at, claimed) for at, claimed in points if claimed > gap]
        earlier = [at for at, claimed in trace.points if claimed <= gap]
        points.append((min([seconds, *earlier]), gap))
    return {
        "cost": cost,
        "lower": lower,
        "value": found.value,
        "offload_byte_ratio": verdict.offload_byte_ratio,
        "trace": points,
        "note": found.note,
    }


def _sizes(instance: Instance) -> Sizes:
    from cdnplan.optimize.engine import serving_variables

    return Sizes(
        regions=instance.n_regions,
        pools=instance.n_pools,
        files=instance.n_files,
        slices=instance.n_slices,
        links=instance.n_links,
        candidates=int(instance.cand_pool.size),
        entries=int(instance.demand_gb.size),
        variables=serving_variables(instance),
    )


def _peak_memory_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
