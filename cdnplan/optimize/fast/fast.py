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
from cdnplan.optimize.fast.closing import Closing
from cdnplan.optimize.fast.wide_gap import improve_best, relax
from cdnplan.optimize.file.bound import priced_bound
from cdnplan.optimize.master.file_columns import Columns as FileColumns
from cdnplan.optimize.master.file_columns import columns_of
from cdnplan.optimize.one_file.one_file import Facility
from cdnplan.optimize.one_file.one_file_run import exchange, place_alone, unlimited
from cdnplan.optimize.place.local_search import Incumbent
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
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.parameters.passes import RunParameters


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
    parameters: Parameters = DEFAULTS,
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
    parameters : Parameters
        The numbers that steer it, and what is left out.

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
    numba.set_num_threads(1 if _work(instance) <= parameters.run.one_thread_up_to else threads)
    try:
        timed = PhaseClock(stop.time_limit_s, clock)
        return _solve(instance, stop, progress, timed, start, threads, fits, parameters)
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
    parameters: Parameters,
) -> Outcome:
    parts, passes = parameters.parts, parameters.passes
    small = _work(instance) <= parameters.run.small_up_to
    asked = stop.gap_ratio is not None and start is None
    closes = small or (asked and _may_close(instance, parameters.run))
    # Where pools hold thousands of files, what is free in pieces is little.
    asked_of = fits if small and parts.fitting else None
    enough = GOOD_GAP_RATIO if small else OPTIMAL_RATIO
    run = RunState(instance, stop, progress, clock, enough, threads, asked_of, parameters)
    early = passes.early_small if small else passes.early * (stop.gap_ratio is not None)
    early = early if early and parts.early_plans else 0
    run_steps(run, _Search(run, start, small=small, closes=closes, early=early), STEPS)
    return run.outcome()


def full_passes(instance: Instance, parameters: Parameters = DEFAULTS) -> int:
    """Passes over all files that a search from nothing makes.

    Parameters
    ----------
    instance : Instance
    parameters : Parameters

    Returns
    -------
    int

    Examples
    --------
    >>> from tests.instances import random_instance
    >>> full_passes(random_instance(1))
    8
    """
    work, passes = _work(instance), parameters.passes
    if work <= parameters.run.small_up_to:
        return passes.few
    full = min(passes.most, max(passes.least, passes.work // max(1, work)))
    return max(full, passes.shared) if shares_rates(instance) else full


def shares_rates(instance: Instance) -> bool:
    """Whether pools share limits on rates, as those of links: their prices have farther to go."""
    return instance.rates.n_rows > instance.n_pools


def _may_close(instance: Instance, sizes: RunParameters) -> bool:
    """Whether a master program over all files is small enough where it is asked for."""
    limits = LimitVector.of(instance).limit.size
    return _work(instance) <= sizes.close_up_to and limits * instance.n_files <= sizes.close_limits


def _work(instance: Instance) -> int:
    """Candidate entries × files: what one look at all files costs."""
    return instance.cand_pool.size * instance.n_files


class _Search:
    """Passes over prices, and plans from where they lead."""

    def __init__(
        self, run: RunState, start: WarmStart | None, *, small: bool, closes: bool, early: int
    ) -> None:
        self._run, self._start, self._small, self._closes, self._early = run, start, small, closes, early
        self._parameters, self._passes = run.parameters, run.parameters.passes
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
        run, passes = self._run, full_passes(self._run.instance, self._parameters)
        search = PriceSearch(
            run.instance, run.solver, passes, self._start, early=self._early, parameters=self._parameters
        )
        middle = search.planned - passes // 2 if self._lifts and self._start is None else 0
        states = search.passes()
        for number in range(1, search.planned + 1):
            with run.clock.phase("prices"):
                state = next(states)
                run.take_bound(state.bound, state.prices)
            last = number == search.planned or run.ended()
            if self._closes and number > search.planned - self._passes.recent and run.parts.recent_columns:
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
        relaxes = (
            self._passed is not None
            and not self._small
            and RelaxedVisits.fits(run.instance, self._parameters.relaxation)
        )
        return (
            relaxes
            and run.gap() > max(self._parameters.relaxation.from_gap, run.wanted_gap)
            and run.parts.relaxing
        )

    def relax(self) -> None:
        """Go on by them."""
        if self._passed is not None:
            search, states, _ = self._passed
            self._relaxed = True
            relax(self._run, search, states)

    def may_go_on(self) -> bool:
        """Whether a few passes more may narrow the gap, and nothing else will."""
        run = self._run
        wide = self._passed is not None and not self._closes and run.gap() > self._passes.going_on_gap
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
        closes = (
            self._closes
            and gap > self._run.wanted_gap
            and (self._small or gap <= self._parameters.run.widest_gap)
        )
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
            plan.served,
            inst.rates.overload_cost,
            prices,
            lambda lifted: priced_bound(inst, lifted, solver),
            self._parameters.lifting.steps,
        )

    def lift(self) -> None:
        """Lift the prices of rates together, and go on from there; a plan at the end."""
        if self._passed is None:
            return
        run, (_, _, state), self._lifts = self._run, self._passed, False
        lifting, enough = self._parameters.lifting, self._passes.going_on_gap
        latest = state
        for number in range(1, lifting.times + 1):
            if run.ended() or run.gap() <= max(enough, run.wanted_gap):
                break
            before = run.bound
            with run.clock.phase("prices"):
                prices, bound = self._lifted(run.best, run.prices)
                if bound <= before:
                    break
                run.take_bound(bound, prices)
                start = WarmStart(prices, run.best.holds)
                search = PriceSearch(run.instance, run.solver, 0, start, parameters=self._parameters)
                for latest in islice(search.passes(), search.planned):
                    run.take_bound(latest.bound, latest.prices)
                    if run.ended():
                        break
            run.report("lifted prices", number / lifting.times)
            if run.bound - before < lifting.worth * (run.best.cost - before):
                break
        helped = latest is not state and run.gap() > enough
        if (
            not run.ended()
            and run.gap() > run.wanted_gap
            and (helped or run.gap() > self._parameters.better.from_gap)
        ):
            with run.clock.phase("plan"):
                self._plan(latest, final=True)
            run.report("lifted prices", 1.0)

    def go_on(self) -> None:
        """A few passes more at the last heat, and a plan from where they lead."""
        if self._passed is None:
            return
        run, (search, states, _), more = self._run, self._passed, self._passes.more
        search.last += more
        for number in range(1, more + 1):
            with run.clock.phase("prices"):
                state = next(states)
                run.take_bound(state.bound, state.prices)
            run.report("prices and plans", number / more)
            if run.ended():
                break
        with run.clock.phase("plan"):
            self._plan(state, final=True)
        run.report("prices and plans", 1.0)

    def _plan_due(self, search: PriceSearch, done: int) -> bool:
        """Whether to make a plan before the last one, for it may be good enough to end with."""
        if not self._run.planned and self._run.clock.used_ratio() >= self._passes.first_plan:
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
        inst, local, parameters = run.instance, run.local, self._parameters
        wish = np.ascontiguousarray(state.holds.T)
        run.take_plan(local.refit(wish, state.current, run.ended, None if final else 1))
        if run.gap() <= run.wanted_gap:
            return
        stays = first and inst.held.any() and (self._small or run.gap() > self._passes.staying_gap)
        if stays and run.parts.staying:
            there = (inst.held >= inst.copies) & (inst.copies > 0)
            run.take_plan(local.refit(there, state.current, run.ended, 1))
        if first and self._small and self._start is not None:
            run.take_plan(local.refit(self._start.holds, state.current, run.ended, 1))
        far = run.gap() > self._passes.far * run.wanted_gap and _work(inst) > parameters.run.one_thread_up_to
        # A master program that follows goes far beyond it.
        if far and (not final or (self._closes and not Facility.applies(inst))):
            return
        # Where the bound is lifted first, the gap says nothing yet about the plan.
        if self._small or (final and not self._lifts and run.gap() > parameters.better.from_gap):
            rounds = parameters.refit.improve_rounds
            run.take_plan(local.improve(wish, state.current, rounds, run.ended))

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
        lambda run, of: (
            of.rounds and (of.small or run.gap() > run.parameters.tree.from_gap) and run.parts.tree
        ),
        Closing.split_on,
    ),
    _on_closing("rounding, longer", lambda run, of: of.rounds and run.parts.rounding, Closing.round_on),
)
"""The order of work."""
