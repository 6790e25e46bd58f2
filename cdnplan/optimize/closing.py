"""The last percent on small networks: master program, cuts, search tree, rounding.

Each part begins where the one before left a gap, and all end once it is small enough (`RunState.closed`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np

from cdnplan.model.cuts import Cuts
from cdnplan.model.placement import Prices
from cdnplan.optimize.bound import FileSolver
from cdnplan.optimize.branching import Split, split_files
from cdnplan.optimize.cutting import add_cuts, begin_with, find_cuts
from cdnplan.optimize.few_files import FewFiles, improve_few_files
from cdnplan.optimize.file_columns import Columns
from cdnplan.optimize.limits import LimitVector
from cdnplan.optimize.local_search import Incumbent
from cdnplan.optimize.outcome import GOOD_GAP_RATIO
from cdnplan.optimize.proof_record import ProofRecord
from cdnplan.optimize.rounding import REPAIRS, STARTS, Rounding
from cdnplan.optimize.run_state import RunState

IMPROVE_ROUNDS = 3
NEARLY = 2.0
"""A master program's mixture is tried as a plan once it is within so many times that gap of the bound."""
ROUGHLY = 2.5
"""Mixtures with cuts are tried as plans as long as the gap is more than so many times one that is good."""
WORTH_DIVING, EARLY_UP_TO = 1.5e-2, 50_000
"""Plans with a wider gap are bettered by the tree before dives begin, and all plans where there is more work
than that (candidate entries × files): there the tree is waited for longer, too."""
WORTH_SPLITTING = 5e-3
"""On networks too large for a tree before rounding, it comes after that above this gap."""
ROUND_UP_TO = 5_000
"""Networks of so many files at most have their mixture rounded."""
VAIN = 40
"""Repairs end after so many in a row that do not bring a better plan."""
NODES, NODE_WORK = 200, 20_000_000
"""Nodes of the search tree at most: the first number, or what the second buys (candidate entries × files)."""
PATIENCE, PATIENCE_LATER, PROGRESS = 10, 30, 0.03
"""The tree is left where so many nodes do not close this part of the gap: before dives where these are quick,
and otherwise."""
WORTH_DECIDING = 0.05
"""Where the tree raises the bound by this part of the gap, its lowest node is rounded, not the root."""
EARLY_ROUNDS, FIRST_ROUNDS = 4, 24
"""Rounds of dives and repairs before the tree, and before it is gone on with."""


def close(run: RunState, recent: Sequence[Columns], *, brief: bool = False) -> None:
    """Narrow the gap of a small network.

    Parameters
    ----------
    run : RunState
        With a plan; takes better plans and bounds.
    recent : sequence of Columns
        Holders that the price search found last.
    brief : bool
        Whether a plan was there to start from, so that rounding is to look less far.
    """
    if run.ended():
        return
    plain = _mix(run, recent)
    if run.closed():
        return
    work = max(1, run.instance.cand_pool.size * run.instance.n_files)
    nodes = min(NODES, NODE_WORK // work)
    if run.instance.n_files > ROUND_UP_TO:
        _split(run, _tree(run, plain, nodes), plain, PATIENCE)
        return
    # A tree of fewer nodes than that proves next to nothing, and rounding takes less time than one of them.
    small = nodes > PATIENCE
    root = found = _cut(run, plain) if small and run.parts.cuts else plain
    if run.closed():
        return
    tree, plans = _tree(run, root, nodes), _rounding(run, root, plain, brief=brief)
    if small:
        # With many columns, or a plan far off, dives take long; nodes of the tree bring better ones sooner.
        quick = work <= EARLY_UP_TO
        if quick and run.gap() <= WORTH_DIVING and run.parts.early_dives:
            _round(run, islice(plans, EARLY_ROUNDS))
        found = _split(run, tree, root, PATIENCE if quick else PATIENCE_LATER)
        # Prices of a node are those of its own decisions, which good plans share only where these matter.
        raised = run.lower - root.bound > WORTH_DECIDING * (run.upper - root.bound)
        if raised and not run.closed() and run.parts.lowest_node:
            plans = _rounding(run, found, plain, brief=brief)
    _round(run, islice(plans, FIRST_ROUNDS))
    # What is left by now may be the bound's.
    if small or run.gap() > WORTH_SPLITTING:
        _split(run, tree, found, PATIENCE_LATER)
    _round(run, plans)


def _mix(run: RunState, recent: Sequence[Columns]) -> FewFiles:
    """Master programs until their mixture is a plan good enough, or nothing new comes."""
    limits, begin = LimitVector.of(run.instance), run.best
    span = begin.cost - run.ideal
    rounds = improve_few_files(run.solver, limits, run.prices, begin.holds, span, run.ended, recent)
    for found in run.clock.each("master", rounds):
        run.take_bound(found.bound, found.prices)
        near = found.last or found.mixture - run.bound <= NEARLY * run.wanted_gap * span
        if near and run.parts.master_plans:
            with run.clock.phase("plan"):
                run.take_plan(run.local.improve(found.wish, found.prices, IMPROVE_ROUNDS, run.ended))
        run.report("master", 0.0)
        if run.closed():
            break
    return found


def _cut(run: RunState, found: FewFiles) -> FewFiles:
    """Cuts that pools' mixtures exceed, and the master program with them."""
    find = partial(find_cuts, run.instance, appliances=run.by_appliance)
    rounds = add_cuts(
        run.solver, found, run.best.holds, run.upper, run.ideal, run.wanted_gap, run.ended, find
    )  # fmt: skip
    last = found
    for last in run.clock.each("cut", rounds):
        run.take_tree(last.bound, ProofRecord(last.prices, last.cuts).proof)
        if run.gap() > ROUGHLY * GOOD_GAP_RATIO and not run.ended() and run.parts.master_plans:
            with run.clock.phase("plan"):
                run.take_plan(run.local.improve(last.wish, last.prices, IMPROVE_ROUNDS, run.ended))
        run.report("cut", 0.0)
        if run.closed():
            break
    return last


def _rounding(
    run: RunState, found: FewFiles, plain: FewFiles, *, brief: bool
) -> Iterator[tuple[int, Incumbent]]:
    """Numbered plans from rounding a master's mixture, and that of the master without cuts in turns.

    What cuts charge for leads to other plans, not always to better ones.
    """
    views = [found, plain] if found.cuts.n_cuts and run.parts.both_mixtures else [found]
    return enumerate(_in_turn([_plans(run, view, len(views), brief=brief) for view in views]))


def _paid(run: RunState, found: FewFiles) -> tuple[FileSolver, LimitVector, Prices, Columns]:
    """All columns of a master, and of its cuts those that have a price."""
    every = np.ones(found.columns.file.size, dtype=np.bool_)
    return begin_with(run.solver, found, every, Cuts.none())


def _plans(run: RunState, found: FewFiles, views: int, *, brief: bool) -> Iterator[Incumbent]:
    """Plans from rounding a master's mixture, one of so many; nothing is done before one is asked for."""
    solver, limits, prices, columns = _paid(run, found)
    rounding = Rounding(
        solver, limits, run.local, prices, columns, run.threads, run.weigh,
        GOOD_GAP_RATIO * (run.upper - run.ideal), brief=brief, views=views, parts=run.parts,
    )  # fmt: skip
    yield from rounding.plans(run.best, run.lower, lambda: run.best)


def _in_turn(plans: list[Iterator[Incumbent]]) -> Iterator[Incumbent]:
    """One of each, again and again, until none has more."""
    while plans:
        for each in list(plans):
            plan = next(each, None)
            if plan is None:
                plans.remove(each)
            else:
                yield plan


def _tree(run: RunState, found: FewFiles, nodes: int) -> Iterator[Split]:
    """So many nodes of the search tree."""
    steps = split_files(
        run.solver, found, run.best.holds, run.ideal, lambda: run.upper, run.wanted_gap, run.ended
    )
    return islice(steps, nodes)


def _split(run: RunState, tree: Iterator[Split], found: FewFiles, patience: int) -> FewFiles:
    """Decide on the holders of large files one by one; returns the master where the bound is lowest."""
    if run.closed() or not run.parts.tree:
        return found
    gaps = [run.upper - run.lower]
    for step in run.clock.each("tree", tree):
        found = step.lowest
        if step.proof is None:
            run.take_bound(step.found.bound, step.found.prices)
        else:
            run.take_tree(step.bound, step.proof)
        if step.found.mixture < run.upper and run.parts.master_plans:
            with run.clock.phase("plan"):
                plan = run.local.improve(step.found.wish, step.found.prices, IMPROVE_ROUNDS, run.ended)
                run.take_plan(plan)
        run.report("tree", 0.0)
        gaps.append(run.upper - run.lower)
        vain = len(gaps) > patience and gaps[-1 - patience] - gaps[-1] < PROGRESS * gaps[-1]
        if run.closed() or vain:
            break
    return found


def _round(run: RunState, plans: Iterator[tuple[int, Incumbent]]) -> None:
    """Take plans of a rounding, numbered, as long as they get better."""
    better = None
    while not run.closed() and run.parts.rounding:
        with run.clock.phase("round"):
            number, plan = next(plans, (0, None))
        if plan is None:
            return
        before = run.gap()
        run.take_plan(plan)
        better = number if better is None or run.gap() < before else better
        run.report("round", number / (STARTS + REPAIRS))
        if number - better >= VAIN:
            return
