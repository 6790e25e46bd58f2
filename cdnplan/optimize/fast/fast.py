"""The fast engine: prices, their bound, and a plan grown from both.

`PriceSearch` raises the bound pass by pass, and the holders it ends with meet the limits nearly; refitted,
they are the plan. On small networks, where files are few and large, `closing` narrows the gap that is left.
It ends at the gap asked for, at the time limit, when asked, or after a number
of passes that depends on the size.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice

import numba
import numpy as np

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.fast.closing import IMPROVE_ROUNDS, WORTH_SPLITTING, Closing
from cdnplan.optimize.fast.wide_gap import WORTH_IMPROVING, WORTH_RELAXING, improve_best, relax
from cdnplan.optimize.file.bound import priced_bound
from cdnplan.optimize.master.file_columns import Columns as FileColumns
from cdnplan.optimize.master.file_columns import columns_of
from cdnplan.optimize.one_file.one_file import Facility
from cdnplan.optimize.one_file.one_file_run import exchange, place_alone, unlimited
from cdnplan.optimize.place.local_search import REFIT_ROUNDS, Incumbent
from cdnplan.optimize.price.lifting import lifted_prices
from cdnplan.optimize.price.pricing import PricePass, PriceSearch
from cdnplan.optimize.price.relaxed_visits import RelaxedVisits
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.outcome import GOOD_GAP_RATIO, Fits, Outcome, Progress, Stop, no_progress
from cdnplan.optimize.problem.rules import broken_rules
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.optimize.run.phase_clock import PhaseClock
from cdnplan.optimize.run.run_state import OPTIMAL_RATIO, RunState
from cdnplan.optimize.run.steps import Step, run_steps
from cdnplan.parts import ALL, Parts

LEAST_PASSES, MOST_PASSES, PASS_WORK = 12, 40, 2_000_000_000
"""Passes over all files: what the last number buys (candidate entries × files each), within the others."""
SHARED_PASSES = 24
"""At least so many where pools share limits on rates."""
FEW_PASSES, RECENT_PASSES = 8, 4
"""Passes on small networks, where the master program finds better prices than more passes would; the
holders of the last ones are columns to start it with."""
EARLY, EARLY_SMALL = 2, 4
"""Full passes after which a first plan may be good enough to end with; networks that are not small make one
only if a gap is asked for."""
FIRST_PLAN_TIME = 0.4
"""A first plan is made at the latest after this part of the time: something to stop with, and it tells how
long a plan takes."""
WORTH_GOING_ON, MORE_PASSES = 4e-3, 3
"""On larger networks prices move on for so many passes where the gap is above this one at the end."""
LIFTS, WORTH_LIFTING = 4, 0.1
"""Where pools share limits on rates, prices are lifted once in the middle of the passes; and after them,
while the gap is still above that one, so many times at most, as long as that closes this part of it."""
SMALL_UP_TO = 8_000_000
"""Up to so many candidate entries × files a network counts as small."""
CLOSE_UP_TO, CLOSE_LIMITS = 2_000_000_000, 20_000_000
"""Where a gap was asked for and is not reached, and there was no earlier plan to start from, networks of so
many candidate entries × files, and limits × files, are worked on further as well: master programs take
minutes and some GB at that size."""
WIDEST = 5e-2
"""But not where the gap is above this one: such gaps are in the problems of single files."""
FAR = 10.0
"""A plan is not bettered where its gap is so many times the one wanted, and more plans follow, of later
prices or of a master program: bettering is not expected to end the run with it. Networks that one thread is
enough for better every plan."""
WORTH_STAYING = 1e-1
"""Above this one, what pools hold is tried as a plan, on networks of any size."""
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
    fits: Fits | None = None,
    parts: Parts = ALL,
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
        Not used: what is drawn at random has a seed of its own.
    progress : Progress
        Called after each pass.
    start : WarmStart or None
        An earlier plan of nearly the same problem: a few passes are enough then.
    clock : callable
        Seconds that only grow.
    fits : callable or None
        Tells which placements appliances can carry out: on small networks such plans are preferred.
    parts : Parts
        What is left out is not done.

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
    threads = max(1, min(threads, before))
    numba.set_num_threads(1 if _work(instance) <= ONE_THREAD_UP_TO else threads)
    try:
        timed = PhaseClock(stop.time_limit_s, clock)
        return _solve(instance, stop, progress, timed, start, threads, fits, parts)
    finally:
        numba.set_num_threads(before)


def _solve(
    instance: Instance,
    stop: Stop,
    progress: Progress,
    clock: PhaseClock,
    start: WarmStart | None,
    threads: int,
    fits: Fits | None,
    parts: Parts,
) -> Outcome:
    small = _work(instance) <= SMALL_UP_TO
    asked = stop.gap_ratio is not None and start is None
    closes = small or (asked and _may_close(instance))
    # Where pools hold thousands of files, what is free in pieces is little.
    asked_of = fits if small and parts.fitting else None
    enough = GOOD_GAP_RATIO if small else OPTIMAL_RATIO
    run = RunState(instance, stop, progress, clock, enough, threads, asked_of, parts)
    early = EARLY_SMALL if small else EARLY * (stop.gap_ratio is not None)
    early = early if early and parts.early_plans else 0
    run_steps(run, _Search(run, start, small=small, closes=closes, early=early), STEPS)
    return run.outcome()


def full_passes(instance: Instance) -> int:
    """Passes over all files that a search from nothing makes.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    int

    Examples
    --------
    >>> from tests.instances import random_instance
    >>> full_passes(random_instance(1))
    8
    """
    work = _work(instance)
    if work <= SMALL_UP_TO:
        return FEW_PASSES
    full = min(MOST_PASSES, max(LEAST_PASSES, PASS_WORK // max(1, work)))
    return max(full, SHARED_PASSES) if shares_rates(instance) else full


def shares_rates(instance: Instance) -> bool:
    """Whether pools share limits on rates, as those of links: their prices have farther to go."""
    return instance.rates.n_rows > instance.n_pools


def _may_close(instance: Instance) -> bool:
    """Whether a master program over all files is small enough where it is asked for."""
    limits = LimitVector.of(instance).limit.size
    return _work(instance) <= CLOSE_UP_TO and limits * instance.n_files <= CLOSE_LIMITS


def _work(instance: Instance) -> int:
    """Candidate entries × files: what one look at all files costs."""
    return instance.cand_pool.size * instance.n_files


class _Search:
    """Passes over prices, and plans from where they lead."""

    def __init__(
        self, run: RunState, start: WarmStart | None, *, small: bool, closes: bool, early: int
    ) -> None:
        self._run, self._start, self._small, self._closes, self._early = run, start, small, closes, early
        self._lifts = not small and shares_rates(run.instance) and run.parts.lifting
        self._first, self._relaxed = True, False
        self._recent: list[FileColumns] = []
        self._passed: tuple[PriceSearch, Iterator[PricePass], PricePass] | None = None
        self.closing: Closing | None = None

    def alone(self) -> bool:
        """Whether there is one file, that no limit concerns."""
        return unlimited(self._run.instance) and self._run.parts.one_file

    def all_passes(self) -> None:
        """Pass after pass over prices, then a plan; plans before, where one may be good enough."""
        run, passes = self._run, full_passes(self._run.instance)
        search = PriceSearch(
            run.instance, run.solver, passes, self._start, early=self._early, parts=run.parts
        )
        middle = search.planned - passes // 2 if self._lifts and self._start is None else 0
        states = search.passes()
        for number in range(1, search.planned + 1):
            with run.clock.phase("prices"):
                state = next(states)
                run.take_bound(state.bound, state.prices)
            last = number == search.planned or run.ended()
            if self._closes and number > search.planned - RECENT_PASSES and run.parts.recent_columns:
                self._recent.append(self._columns_of(state))
            if number == middle and not last:
                self._lift_midway(search, state)
            if last or self._plan_due(search, number):
                with run.clock.phase("prices"):
                    self._prove(state)
                begun = run.clock.now()
                with run.clock.phase("plan"):
                    self._plan(state, final=last)
                run.clock.reserve_s = run.clock.now() - begun
            run.report("prices and plans", number / search.planned)
            if last or run.gap() <= run.wanted_gap:
                break
        self._passed = search, states, state

    def may_lift(self) -> bool:
        """Whether prices of rates that pools share may rise together."""
        return self._passed is not None and self._lifts

    def may_relax(self) -> bool:
        """Whether relaxations of files may raise the bound, and holders sought with care better the plan."""
        run = self._run
        relaxes = self._passed is not None and not self._small and RelaxedVisits.fits(run.instance)
        return relaxes and run.gap() > max(WORTH_RELAXING, run.wanted_gap) and run.parts.relaxing

    def relax(self) -> None:
        """Go on by them."""
        if self._passed is not None:
            search, states, _ = self._passed
            self._relaxed = True
            relax(self._run, search, states)

    def may_go_on(self) -> bool:
        """Whether a few passes more may narrow the gap, and nothing else will."""
        run = self._run
        wide = self._passed is not None and not self._closes and run.gap() > WORTH_GOING_ON
        return wide and not self._relaxed and run.parts.going_on

    def may_better(self) -> bool:
        """Whether pools of the best plan are to choose anew."""
        return not (self._small or Facility.applies(self._run.instance) or self.to_be_closed())

    def is_one_file(self) -> bool:
        """Whether there is one file, which has a search of its own."""
        return self._passed is not None and Facility.applies(self._run.instance) and self._run.parts.one_file

    @property
    def run(self) -> RunState:
        """The run that its steps are of."""
        return self._run

    def to_be_closed(self) -> bool:
        """Whether a master program is to follow."""
        gap = self._run.gap()
        closes = self._closes and gap > self._run.wanted_gap and (self._small or gap <= WIDEST)
        return closes and self._run.parts.master and not self.is_one_file()

    def close(self) -> None:
        """Begin with it."""
        self.closing = Closing(self._run, self._recent, brief=self._start is not None)

    def _lift_midway(self, search: PriceSearch, state: PricePass) -> None:
        """Lift prices by the duals of a first rough plan, where that raises the bound."""
        run, begun = self._run, self._run.clock.now()
        with run.clock.phase("plan"):
            plan = run.local.refit(np.ascontiguousarray(state.holds.T), state.current, run.ended, 1)
            run.take_plan(plan)
        run.clock.reserve_s = run.clock.now() - begun
        with run.clock.phase("prices"):
            now = priced_bound(run.instance, state.current, run.solver)
            prices, bound = self._lifted(plan, state.current)
            run.take_bound(now, state.current)
            run.take_bound(bound, prices)
            if bound > now:
                search.lift(prices)

    def _lifted(self, plan: Incumbent, prices: Prices) -> tuple[Prices, float]:
        """Prices lifted towards the duals of a plan, and their bound."""
        inst, solver = self._run.instance, self._run.solver
        return lifted_prices(
            plan.served, inst.rates.overload_cost, prices, lambda lifted: priced_bound(inst, lifted, solver)
        )

    def lift(self) -> None:
        """Lift the prices of rates together, and go on from there; a plan at the end."""
        if self._passed is None:
            return
        run, (_, _, state), self._lifts = self._run, self._passed, False
        latest = state
        for number in range(1, LIFTS + 1):
            if run.ended() or run.gap() <= max(WORTH_GOING_ON, run.wanted_gap):
                break
            before = run.bound
            with run.clock.phase("prices"):
                prices, bound = self._lifted(run.best, run.prices)
                if bound <= before:
                    break
                run.take_bound(bound, prices)
                search = PriceSearch(run.instance, run.solver, 0, WarmStart(prices, run.best.holds))
                for latest in islice(search.passes(), search.planned):
                    run.take_bound(latest.bound, latest.prices)
                    if run.ended():
                        break
            run.report("lifted prices", number / LIFTS)
            if run.bound - before < WORTH_LIFTING * (run.best.cost - before):
                break
        helped = latest is not state and run.gap() > WORTH_GOING_ON
        if not run.ended() and run.gap() > run.wanted_gap and (helped or run.gap() > WORTH_IMPROVING):
            with run.clock.phase("plan"):
                self._plan(latest, final=True)
            run.report("lifted prices", 1.0)

    def go_on(self) -> None:
        """A few passes more at the last heat, and a plan from where they lead."""
        if self._passed is None:
            return
        run, (search, states, _) = self._run, self._passed
        search.last += MORE_PASSES
        for number in range(1, MORE_PASSES + 1):
            with run.clock.phase("prices"):
                state = next(states)
                run.take_bound(state.bound, state.prices)
            run.report("prices and plans", number / MORE_PASSES)
            if run.ended():
                break
        with run.clock.phase("plan"):
            self._plan(state, final=True)
        run.report("prices and plans", 1.0)

    def _plan_due(self, search: PriceSearch, done: int) -> bool:
        """Whether to make a plan before the last one, for it may be good enough to end with."""
        if not self._run.planned and self._run.clock.used_ratio() >= FIRST_PLAN_TIME:
            return True
        return search.may_end(done)

    def _prove(self, state: PricePass) -> None:
        """Make sure of a bound: that of the prices at hand, or of no prices, which is at least the ideal."""
        run = self._run
        if run.bound < run.ideal:
            for prices in (state.current, Prices.zero(run.instance)):
                run.take_bound(priced_bound(run.instance, prices, run.solver), prices)

    def _plan(self, state: PricePass, *, final: bool) -> None:
        """Plans from the holders of a pass and, once, from what is there."""
        run, first, self._first = self._run, self._first, False
        inst, local = run.instance, run.local
        wish = np.ascontiguousarray(state.holds.T)
        run.take_plan(local.refit(wish, state.current, run.ended, REFIT_ROUNDS if final else 1))
        if run.gap() <= run.wanted_gap:
            return
        stays = first and inst.held.any() and (self._small or run.gap() > WORTH_STAYING)
        if stays and run.parts.staying:
            there = (inst.held >= inst.copies) & (inst.copies > 0)
            run.take_plan(local.refit(there, state.current, run.ended, 1))
        if first and self._small and self._start is not None:
            run.take_plan(local.refit(self._start.holds, state.current, run.ended, 1))
        far = _work(inst) > ONE_THREAD_UP_TO and run.gap() > FAR * run.wanted_gap
        # A master program that follows goes far beyond it.
        if far and (not final or (self._closes and not Facility.applies(inst))):
            return
        # Where the bound is lifted first, the gap says nothing yet about the plan.
        if self._small or (final and not self._lifts and run.gap() > WORTH_IMPROVING):
            run.take_plan(local.improve(wish, state.current, IMPROVE_ROUNDS, run.ended))

    def _columns_of(self, state: PricePass) -> FileColumns:
        files = np.arange(self._run.instance.n_files, dtype=np.int32)
        return columns_of(self._run.solver, state.current, files, state.holds.copy())


def _on_closing(
    name: str, applies: Callable[[RunState, Closing], bool], run: Callable[[Closing], None]
) -> Step[_Search]:
    """A step that follows a master program."""

    def may(search: _Search) -> bool:
        return search.closing is not None and applies(search.run, search.closing)

    def do(search: _Search) -> None:
        if search.closing is not None:
            run(search.closing)

    return Step(name, may, do)


STEPS: tuple[Step[_Search], ...] = (
    Step("one file without limits", _Search.alone, lambda search: place_alone(search.run)),
    Step("prices and plans", lambda search: not search.alone(), _Search.all_passes, plans_last=True),
    Step("lifted prices", _Search.may_lift, _Search.lift, plans_last=True),
    Step("relaxations", _Search.may_relax, _Search.relax, plans_last=True),
    Step("further passes", _Search.may_go_on, _Search.go_on, plans_last=True),
    Step("pools anew", _Search.may_better, lambda search: improve_best(search.run), plans_last=True),
    Step("one file", _Search.is_one_file, lambda search: exchange(search.run)),
    Step("master", _Search.to_be_closed, _Search.close),
    _on_closing("cuts", lambda run, of: of.small and run.parts.cuts, Closing.cut),
    _on_closing(
        "first dives",
        lambda run, of: of.may_dive_early() and run.parts.early_dives and run.parts.rounding,
        Closing.dive_early,
    ),
    _on_closing("tree", lambda run, of: (of.small or not of.rounds) and run.parts.tree, Closing.split),
    _on_closing("rounding", lambda run, of: of.rounds and run.parts.rounding, Closing.round),
    # What is left by now may be the bound's.
    _on_closing(
        "tree, longer",
        lambda run, of: of.rounds and (of.small or run.gap() > WORTH_SPLITTING) and run.parts.tree,
        Closing.split_on,
    ),
    _on_closing("rounding, longer", lambda run, of: of.rounds and run.parts.rounding, Closing.round_on),
)
"""The order of work."""
