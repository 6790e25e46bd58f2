"""The fast engine: prices, their bound, and a plan grown from both.

`PriceSearch` raises the bound pass by pass, and the holders it ends with meet the limits nearly; refitted,
they are the plan. On small networks, where files are few and large, `improve_few_files` and `pack` close
most of the gap that is left. It ends at the gap asked for, at the time limit, when asked, or after a number
of passes that depends on the size.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numba
import numpy as np

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance import Instance
from cdnplan.model.placement import Placement, Prices
from cdnplan.optimize.annealing import MOVES, pack
from cdnplan.optimize.bound import FileSolver, priced_bound
from cdnplan.optimize.columns import Columns
from cdnplan.optimize.few_files import FewFiles, improve_few_files
from cdnplan.optimize.file_columns import Columns as FileColumns
from cdnplan.optimize.file_columns import columns_of
from cdnplan.optimize.limits import LimitVector
from cdnplan.optimize.local_search import REFIT_ROUNDS, Incumbent, LocalSearch
from cdnplan.optimize.objective import gap_ratio, ideal_cost
from cdnplan.optimize.one_file import Facility, better_holders, relaxation_bound, tree_bound
from cdnplan.optimize.outcome import Outcome, Progress, Status, Stop, no_progress
from cdnplan.optimize.phase_clock import PhaseClock
from cdnplan.optimize.pricing import PricePass, PriceSearch
from cdnplan.optimize.rounding import Rounding
from cdnplan.optimize.rules import broken_rules, keeps_rules
from cdnplan.optimize.warm_start import WarmStart

LEAST_PASSES, MOST_PASSES, PASS_WORK = 12, 40, 2_000_000_000
"""Passes over all files: what the last number buys (candidate entries × files each), within the others."""
LINK_PASSES = 24
"""At least so many where links have a capacity: their prices have farther to go."""
FEW_PASSES, RECENT_PASSES = 8, 4
"""Passes on small networks, where the master program finds better prices than more passes would; the
holders of the last ones are columns to start it with."""
FIRST_PLAN_TIME = 0.4
"""A first plan is made at the latest after this part of the time: something to stop with, and it tells how
long a plan takes."""
WORTH_GOING_ON, MORE_PASSES = 4e-3, 3
"""On larger networks prices move on for so many passes where the gap is above this one at the end."""
ROUNDS = 3
SMALL_UP_TO = 8_000_000
"""Up to so many candidate entries × files a network counts as small."""
GREEDY_UP_TO = 1_000_000
"""Up to so many pool-file pairs a greedy placement is tried as well: cheap there, and sometimes better."""
WORTH_CLOSING = 2e-3
"""Small networks are worked on further above this gap, if none is asked for."""
WORTH_IMPROVING = 1e-2
"""Above this one, pools of networks of any size are re-chosen at the end."""
NEARLY = 2.0
"""A master program's mixture is tried as a plan once it is within so many times that gap of the bound."""
WORTH_PACKING = 5e-3
"""A rounded mixture is packed anew above this one."""
ROUND_UP_TO, ROUNDINGS, AT_ONCE = 5_000, 6, 2
"""Networks of so many files at most have their mixture rounded, up to so many times, some side by side."""
PACKINGS, MOVES_PER_FILE = 2, 7_000
"""Packings at most, and moves of each for a file, up to `annealing.MOVES` in all."""
OPTIMAL_RATIO = 1e-9
ONE_THREAD_UP_TO = 500_000
"""Below this, waking a second thread costs more than it brings."""


def solve_fast(
    instance: Instance,
    *,
    stop: Stop | None = None,
    threads: int = 1,
    seed: int = 0,
    progress: Progress = no_progress,
    start: WarmStart | None = None,
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
        Not used: what is drawn at random in packing has a seed of its own.
    progress : Progress
        Called after each pass.
    start : WarmStart or None
        An earlier plan of nearly the same problem: a few passes are enough then.
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
        return _solve(instance, stop, progress, PhaseClock(stop.time_limit_s, clock), start)
    finally:
        numba.set_num_threads(before)


def _solve(
    instance: Instance, stop: Stop, progress: Progress, clock: PhaseClock, start: WarmStart | None
) -> Outcome:
    run = _Run(instance, stop, progress, clock, start)
    run.search()
    if Facility.applies(instance):
        run.exchange()
    elif run.small and run.gap() > run.wanted_gap:
        run.close()
    return run.outcome()


def _work(instance: Instance) -> int:
    """Candidate entries × files: what one look at all files costs."""
    return instance.cand_pool.size * instance.n_files


class _Run:
    """One run of the engine: the best bound and the best plan so far, and what may end it."""

    def __init__(
        self,
        instance: Instance,
        stop: Stop,
        progress: Progress,
        clock: PhaseClock,
        start: WarmStart | None = None,
    ) -> None:
        self._instance, self._stop, self._progress, self._clock = instance, stop, progress, clock
        self._start = start
        self._ideal = ideal_cost(instance)
        self._columns = Columns.of(instance)
        self._solver = FileSolver.of(instance, self._columns)
        self._local = LocalSearch(instance, self._columns)
        self._bound, self._prices = -np.inf, Prices.zero(instance)
        self._beyond = -np.inf
        self._incumbent: Incumbent | None = None
        self._asked = False
        self.small = _work(instance) <= SMALL_UP_TO
        self._recent: list[FileColumns] = []
        nothing_said = WORTH_CLOSING if self.small else OPTIMAL_RATIO
        self.wanted_gap = nothing_said if stop.gap_ratio is None else max(stop.gap_ratio, OPTIMAL_RATIO)

    def ended(self) -> bool:
        """Whether the clock or the caller ends the run."""
        self._asked = self._asked or self._stop.asked()
        return self._asked or self._clock.expired()

    @property
    def _best(self) -> Incumbent:
        if self._incumbent is None:
            raise ValueError("a run makes a plan before it ends")
        return self._incumbent

    def gap(self) -> float:
        """Gap of the best plan; inf while there is none."""
        lower = max(self._bound, self._beyond)
        if self._incumbent is None or not np.isfinite(lower):
            return np.inf
        return gap_ratio(lower, self._incumbent.cost, self._ideal)

    def search(self) -> None:
        """Pass after pass over prices, then a plan; plans before, where one may be good enough."""
        full = min(MOST_PASSES, max(LEAST_PASSES, PASS_WORK // max(1, _work(self._instance))))
        if self._instance.n_links:
            full = max(full, LINK_PASSES)
        passes = FEW_PASSES if self.small else full
        early = self._stop.gap_ratio is not None or self.small
        search = PriceSearch(self._instance, self._solver, passes, self._start, early=early)
        states = search.passes()
        for number in range(1, search.planned + 1):
            with self._clock.phase("prices"):
                state = next(states)
                self._take_bound(state.bound, state.prices)
            last = number == search.planned or self.ended()
            if self.small and number > search.planned - RECENT_PASSES:
                self._recent.append(self._columns_of(state))
            if last or self._plan_due(search, number):
                with self._clock.phase("prices"):
                    self._prove(state)
                begun = self._clock.now()
                with self._clock.phase("plan"):
                    self._plan(state, final=last)
                self._clock.reserve_s = self._clock.now() - begun
            self._report("prices and plans", number / search.planned)
            if last or self.gap() <= self.wanted_gap:
                break
        if not self.small and not self.ended() and self.gap() > max(WORTH_GOING_ON, self.wanted_gap):
            self._go_on(states)
        self._clock.reserve_s = 0.0
        self.ended()

    def _go_on(self, states: Iterator[PricePass]) -> None:
        """A few passes more at the last heat, and a plan from where they lead."""
        for number in range(1, MORE_PASSES + 1):
            with self._clock.phase("prices"):
                state = next(states)
                self._take_bound(state.bound, state.prices)
            self._report("prices and plans", number / MORE_PASSES)
            if self.ended():
                break
        with self._clock.phase("plan"):
            self._plan(state, final=True)
        self._report("prices and plans", 1.0)

    def _plan_due(self, search: PriceSearch, done: int) -> bool:
        """Whether to make a plan before the last one, for it may be good enough to end with."""
        if self._incumbent is None and self._clock.used_ratio() >= FIRST_PLAN_TIME:
            return True
        return search.may_end(done)

    def _take_bound(self, bound: float, prices: Prices) -> None:
        if bound > self._bound:
            self._bound, self._prices = bound, prices

    def _take_plan(self, plan: Incumbent) -> None:
        if self._incumbent is None or plan.cost < self._incumbent.cost:
            self._incumbent = plan

    def _prove(self, state: PricePass) -> None:
        """Make sure of a bound: that of the prices at hand, or of no prices, which is at least the ideal."""
        if self._bound < self._ideal:
            for prices in (state.current, Prices.zero(self._instance)):
                self._take_bound(priced_bound(self._instance, prices, self._solver), prices)

    def _plan(self, state: PricePass, *, final: bool) -> None:
        """Plans from the holders of a pass and, at first, from what is there and a greedy placement."""
        inst, local, first = self._instance, self._local, self._incumbent is None
        wish = np.ascontiguousarray(state.holds.T)
        self._take_plan(local.refit(wish, state.current, self.ended, REFIT_ROUNDS if final else 1))
        if self.small or (final and self.gap() > WORTH_IMPROVING):
            self._take_plan(local.improve(wish, state.current, ROUNDS, self.ended))
        if first and inst.held.any():
            there = (inst.held >= inst.copies) & (inst.copies > 0)
            self._take_plan(local.refit(there, state.current, self.ended, 1))
        if first and self.small and inst.n_pools * inst.n_files <= GREEDY_UP_TO:
            greedy = local.greedy(self._prices)
            self._take_plan(local.improve(greedy, self._prices, ROUNDS, self.ended))

    def _columns_of(self, state: PricePass) -> FileColumns:
        files = np.arange(self._instance.n_files, dtype=np.int32)
        return columns_of(self._solver, state.current, files, state.holds.copy())

    def close(self) -> None:
        """Few files: better prices by a master program over holder sets, and its mixture rounded, packed."""
        if self.ended():
            return
        found = self._mix()
        if self._instance.n_files <= ROUND_UP_TO:
            self._round(found)
            self._pack(found, 1, max(WORTH_PACKING, self.wanted_gap))
        else:
            self._pack(found, PACKINGS, self.wanted_gap)

    def _mix(self) -> FewFiles:
        """Master programs until their mixture is a plan good enough, or nothing new comes."""
        solver, limits, begin = self._solver, LimitVector.of(self._instance), self._best
        span = begin.cost - self._ideal
        rounds = improve_few_files(solver, limits, self._prices, begin.holds, span, self.ended, self._recent)
        for found in self._clock.each("master", rounds):
            self._take_bound(found.bound, found.prices)
            if found.last or found.mixture - self._bound <= NEARLY * self.wanted_gap * span:
                with self._clock.phase("plan"):
                    self._take_plan(self._local.improve(found.wish, found.prices, ROUNDS, self.ended))
            self._report("master", 0.0)
            if self._closed():
                break
        return found

    def _round(self, found: FewFiles) -> None:
        """Round the mixture of the master program, a few times in other orders."""
        if self._closed():
            return
        with self._clock.phase("round"):
            limits = LimitVector.of(self._instance)
            rounding = Rounding(self._solver, limits, found.prices, found.columns)
            for number in range(0, ROUNDINGS, AT_ONCE):
                tries = rounding.round(range(number, number + AT_ONCE), self._best.cost - self._bound)
                for holds in tries:
                    if keeps_rules(self._instance, holds):
                        self._take_plan(self._local.serve(holds))
                    self._take_plan(self._local.improve(holds, found.prices, ROUNDS, self.ended))
                self._report("round", (number + AT_ONCE) / ROUNDINGS)
                if self._closed():
                    break

    def _pack(self, found: FewFiles, packings: int, enough: float) -> None:
        """Change holders at random under falling heat, from the best placement, so many times at most."""
        solver, limits = self._solver, LimitVector.of(self._instance)
        moves = min(MOVES, MOVES_PER_FILE * self._instance.n_files)
        with self._clock.phase("pack"):
            for number in range(packings):
                if self._closed() or self.gap() <= enough:
                    break
                over = self._best.cost - self._bound
                holds = pack(solver, limits, found.prices, self._best.holds, found.columns, over, moves)
                self._take_plan(self._local.serve(holds))
                self._report("pack", (number + 1) / packings)

    def _closed(self) -> bool:
        return self.ended() or self.gap() <= self.wanted_gap

    def exchange(self) -> None:
        """One file: better holders by exchange, and bounds beyond what prices on shared limits prove."""
        facility = Facility.of(self._solver, self._prices)
        with self._clock.phase("relaxation"):
            self._beyond = relaxation_bound(facility, self._best.cost, self.ended)
        self._report("relaxation", 1.0)
        if not self.ended() and self.gap() > self.wanted_gap:
            with self._clock.phase("exchange"):
                holds = better_holders(facility, self._best.holds[:, 0], self.ended)
                self._take_plan(self._local.serve(holds[:, None]))
            self._report("exchange", 1.0)
        if not self.ended() and self.gap() > self.wanted_gap:
            with self._clock.phase("tree"):
                self._beyond = max(self._beyond, tree_bound(self._solver, self._prices))

    def _report(self, phase: str, done: float) -> None:
        best = max(self._bound, self._beyond)
        lower = best if np.isfinite(best) else None
        self._progress(phase, done, lower, None if self._incumbent is None else self._incumbent.cost)

    def outcome(self) -> Outcome:
        """The best plan and bound, and why the run ended."""
        plan, gap = self._best, self.gap()
        status: Status = "feasible"
        if gap <= OPTIMAL_RATIO:
            status = "optimal"
        elif self._stop.gap_ratio is not None and gap <= self._stop.gap_ratio:
            status = "within-gap"
        elif self._asked:
            status = "interrupted"
        elif self._clock.expired():
            status = "time-limit"
        return Outcome(
            placement=Placement(plan.holds),
            serving=plan.serving,
            prices=self._prices,
            upper=plan.cost,
            lower=min(max(self._bound, self._beyond), plan.cost),
            lower_priced=self._bound,
            status=status,
            bound_proof="branch-and-bound" if self._beyond > self._bound else "prices",
            engine="fast",
            seconds=dict(self._clock.seconds),
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
