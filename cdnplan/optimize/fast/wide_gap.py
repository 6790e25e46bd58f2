"""Larger networks whose gap stays wide: relaxations of files, holders sought with care, choices among them.

There a file's problem is nearly set covering, whose bound by dual ascent is low and whose holders are hard to
find; and holders found at one time's prices do not fit together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cdnplan.optimize.fast.known_holders import KnownHolders
from cdnplan.optimize.place.local_search import towards_duals
from cdnplan.optimize.price.pricing import PricePass, PriceSearch
from cdnplan.optimize.run.run_state import RunState
from cdnplan.optimize.serve.serving import best_serving


def relax(run: RunState, search: PriceSearch, states: Iterator[PricePass]) -> None:
    """Go on by the relaxations of files, for the bound; then by holders sought with care, for plans.

    Parameters
    ----------
    run : RunState
        With a plan; takes better plans and bounds.
    search : PriceSearch
    states : iterator of PricePass
        What `search` yields.
    """
    numbers, relaxed = run.parameters.relaxation, search.relax()
    known = KnownHolders(run.solver, run.parameters.choice)
    passes = numbers.passes + numbers.thorough_passes
    for number in range(1, passes + 1):
        with run.clock.phase("prices"):
            state = next(states)
            if number == numbers.passes:
                for prices in (state.prices, state.current):
                    run.take_bound(relaxed.bound(prices), prices)
                search.seek(numbers.seek_steps)
        last = number == passes or run.ended()
        if number > numbers.passes:
            known.add(state.holds.copy())
            if last:
                with run.clock.phase("plan"):
                    wish = np.ascontiguousarray(state.holds.T)
                    run.take_plan(run.local.refit(wish, state.current, run.ended))
        run.report("relaxed prices and plans", number / passes)
        if last or run.gap() <= run.wanted_gap:
            break
    if run.parts.choosing:
        choose(run, known)


def choose(run: RunState, known: KnownHolders) -> None:
    """Plans from holders chosen among those known, as long as that pays.

    Parameters
    ----------
    run : RunState
        With a plan, whose holders join those known.
    known : KnownHolders
    """
    prices, vain, numbers = run.prices, 0, run.parameters.choice
    for number in range(1, numbers.times + 1):
        if run.closed():
            break
        before = run.best.cost
        with run.clock.phase("plan"):
            known.add(np.ascontiguousarray(run.best.holds.T), taken=True)
            wish = known.choose(prices)
            served = best_serving(run.instance, wish)
            run.take_plan(run.local.refit(wish, towards_duals(prices, served, 1.0), run.ended))
            prices = towards_duals(prices, served, numbers.halfway)
        run.report("chosen holders", number / numbers.times)
        vain = 0 if _paid(run, before) else vain + 1
        if vain == run.parameters.better.in_vain:
            break


def improve_best(run: RunState) -> None:
    """Re-choose pools of the best plan, prices moving towards its duals, as long as that pays.

    Parameters
    ----------
    run : RunState
        With a plan.
    """
    prices, vain = run.prices, 0
    numbers, refit = run.parameters.better, run.parameters.refit
    for number in range(1, numbers.times + 1):
        enough = run.gap() <= max(numbers.from_gap, run.wanted_gap)
        if run.ended() or enough or not run.parts.bettering:
            break
        before = run.best.cost
        with run.clock.phase("plan"):
            prices = towards_duals(prices, run.best.served, refit.towards_duals)
            run.take_plan(run.local.improve(run.best.holds, prices, refit.improve_rounds, run.ended))
        run.report("plans", number / numbers.times)
        vain = 0 if _paid(run, before) else vain + 1
        if vain == numbers.in_vain:
            break


def _paid(run: RunState, before: float) -> bool:
    """Whether enough of the gap was closed since the best plan had that cost."""
    return before - run.best.cost >= run.parameters.better.worth * (before - run.bound)
