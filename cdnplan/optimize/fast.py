"""The fast engine: prices, their bound, and a plan grown from both.

`PriceSearch` raises the bound pass by pass. The holders it finds meet the limits only nearly; half way and
at the end `LocalSearch` makes a plan of them. It ends at the gap asked for, at the time limit, or after a
number of passes that depends on the size.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numba
import numpy as np

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance import Instance
from cdnplan.model.placement import Placement, Prices
from cdnplan.optimize.bound import FileSolver, priced_bound
from cdnplan.optimize.columns import Columns
from cdnplan.optimize.local_search import Incumbent, LocalSearch
from cdnplan.optimize.objective import gap_ratio, ideal_cost
from cdnplan.optimize.outcome import Outcome, Progress, Status, Stop, no_progress
from cdnplan.optimize.polish import polish
from cdnplan.optimize.pricing import PricePass, PriceSearch
from cdnplan.optimize.rules import broken_rules

LEAST_PASSES, MOST_PASSES, PASS_WORK = 20, 100, 2_000_000_000
"""Passes over all files: what the last number buys (candidate entries × files each), within the others."""
ROUNDS = 6
GREEDY_UP_TO = 1_000_000
"""Up to so many pool-file pairs a greedy placement is tried as well: cheap there, and sometimes better."""
OPTIMAL_RATIO = 1e-9
POLISH_UP_TO = 20_000_000
"""Up to so many candidate entries × files prices are polished: some hundred looks at all files."""
ONE_THREAD_UP_TO = 500_000
"""Below this, waking a second thread costs more than it brings."""


@dataclass(slots=True)
class _Clock:
    """Wall-clock time, by phase."""

    limit_s: float | None
    now: Callable[[], float]
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = 0.0

    def __post_init__(self) -> None:
        self.started = self.now()

    def expired(self) -> bool:
        """Whether the time limit has passed."""
        return self.limit_s is not None and self.now() - self.started >= self.limit_s

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what runs inside towards a phase."""
        begun = self.now()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + self.now() - begun


def solve_fast(
    instance: Instance,
    *,
    stop: Stop | None = None,
    threads: int = 1,
    seed: int = 0,
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.perf_counter,
) -> Outcome:
    """Find a good plan and a bound proven by prices, at any size.

    Parameters
    ----------
    instance : Instance
    stop : Stop, optional
        Default: no gap, no time limit; it ends by itself.
    threads : int
        Threads for the kernels; the result does not depend on it.
    seed : int
        Not used: nothing is drawn at random.
    progress : Progress
        Called after each pass.
    clock : callable
        Seconds that only grow.

    Returns
    -------
    Outcome

    Raises
    ------
    NoFeasiblePlanError
        Pins or launch rules that cannot be kept, or for which no room was found.
    """
    del seed
    stop = Stop() if stop is None else stop
    problems = broken_rules(instance)
    if problems:
        raise NoFeasiblePlanError("; ".join(problems))
    before = int(numba.get_num_threads())
    wanted = 1 if _work(instance) <= ONE_THREAD_UP_TO else threads
    numba.set_num_threads(max(1, min(wanted, before)))
    try:
        return _solve(instance, stop, progress, _Clock(stop.time_limit_s, clock))
    finally:
        numba.set_num_threads(before)


def _solve(instance: Instance, stop: Stop, progress: Progress, clock: _Clock) -> Outcome:
    ideal = ideal_cost(instance)
    columns = Columns.of(instance)
    solver = FileSolver.of(instance, columns)
    search = PriceSearch(instance, solver)
    local = LocalSearch(instance, columns)
    incumbent: Incumbent | None = None
    passes = search.passes()
    wanted = min(MOST_PASSES, max(LEAST_PASSES, PASS_WORK // max(1, _work(instance))))
    full = 0
    while True:
        with clock.phase("prices"):
            state = next(passes)
        full += state.complete
        done = full == wanted or clock.expired()
        if done and not np.isfinite(state.bound):
            # Out of time among the first passes, which see only a sample: prove what their prices can, or
            # at least what no prices at all do.
            with clock.phase("prices"):
                tried = [state.current, Prices.zero(instance)]
                bounds = [priced_bound(instance, prices, solver) for prices in tried]
            best = int(np.argmax(bounds))
            state = replace(state, bound=bounds[best], prices=tried[best])
        if done or (state.complete and full == wanted // 2):
            with clock.phase("plan"):
                incumbent = _better(incumbent, _plans(instance, local, state, clock, first=incumbent is None))
        upper = None if incumbent is None else incumbent.cost
        lower = state.bound if np.isfinite(state.bound) else None
        progress("prices and plans", full / wanted, lower, upper)
        if incumbent is not None and np.isfinite(state.bound):
            gap = gap_ratio(state.bound, incumbent.cost, ideal)
            if done or gap <= (OPTIMAL_RATIO if stop.gap_ratio is None else stop.gap_ratio):
                break
    if gap > OPTIMAL_RATIO and _work(instance) <= POLISH_UP_TO:
        with clock.phase("polish"):
            polished = polish(
                solver, search.limits, search.scale, state.prices, incumbent.cost, clock.expired
            )
            bound = priced_bound(instance, polished.prices, solver)
            if bound > state.bound:
                state = replace(state, bound=bound, prices=polished.prices)
            found = local.improve(incumbent.holds, state.prices, ROUNDS, clock.expired)
            incumbent = _better(incumbent, [found])
    return _outcome(state, incumbent, gap_ratio(state.bound, incumbent.cost, ideal), stop, clock)


def _work(instance: Instance) -> int:
    """Candidate entries × files: what one look at all files costs."""
    return instance.cand_pool.size * instance.n_files


def _plans(
    instance: Instance, local: LocalSearch, state: PricePass, clock: _Clock, *, first: bool
) -> list[Incumbent]:
    """Plans from the holders of a pass and, at first, from what is there and a greedy placement."""
    wish = np.ascontiguousarray(state.holds.T)
    plans = [local.improve(wish, state.current, ROUNDS, clock.expired)]
    if first and instance.held.any():
        there = (instance.held >= instance.copies) & (instance.copies > 0)
        plans.append(local.improve(there, state.prices, ROUNDS, clock.expired))
    if first and instance.n_pools * instance.n_files <= GREEDY_UP_TO:
        plans.append(local.improve(local.greedy(state.prices), state.prices, ROUNDS, clock.expired))
    return plans


def _better(incumbent: Incumbent | None, plans: list[Incumbent]) -> Incumbent:
    known = plans if incumbent is None else [incumbent, *plans]
    return min(known, key=lambda plan: plan.cost)


def _outcome(state: PricePass, incumbent: Incumbent, gap: float, stop: Stop, clock: _Clock) -> Outcome:
    status: Status = "feasible"
    if gap <= OPTIMAL_RATIO:
        status = "optimal"
    elif stop.gap_ratio is not None and gap <= stop.gap_ratio:
        status = "within-gap"
    elif clock.expired():
        status = "time-limit"
    return Outcome(
        placement=Placement(incumbent.holds),
        serving=incumbent.serving,
        prices=state.prices,
        upper=incumbent.cost,
        lower=min(state.bound, incumbent.cost),
        lower_priced=state.bound,
        status=status,
        bound_proof="prices",
        engine="fast",
        seconds=dict(clock.seconds),
        warnings=(),
    )


def greedy_plan(instance: Instance) -> Incumbent:
    """Greedy placement alone, with the best serving: the baseline others are compared with.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    Incumbent
    """
    local = LocalSearch(instance, Columns.of(instance))
    prices = Prices.zero(instance)
    return local.serve(local.greedy(prices))
