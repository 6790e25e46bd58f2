"""The last percent on small networks: master program, cuts, search tree, rounding.

Each step begins where the one before left a gap, and all end once it is small enough (`RunState.closed`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np

from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.branching import Split, split_files
from cdnplan.optimize.master.cutting import add_cuts, begin_with, find_cuts
from cdnplan.optimize.master.few_files import FewFiles, improve_few_files
from cdnplan.optimize.master.file_columns import Columns
from cdnplan.optimize.master.proof_record import ProofRecord
from cdnplan.optimize.place.local_search import Incumbent
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.outcome import GOOD_GAP_RATIO
from cdnplan.optimize.round.rounding import REPAIRS, STARTS, Rounding
from cdnplan.optimize.run.run_state import RunState

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


class Closing:
    """What narrows the gap of a small network, in an order that `cdnplan.optimize.fast.fast.STEPS` says.

    Parameters
    ----------
    run : RunState
        With a plan; takes better plans and bounds.
    recent : sequence of Columns
        Holders that the price search found last.
    brief : bool
        Whether a plan was there to start from, so that rounding is to look less far.

    Attributes
    ----------
    small : bool
        Whether a tree is worth its time before rounding: one of few nodes proves next to nothing, and
        rounding takes less time than one of them.
    rounds : bool
        Whether the network's mixture is to be rounded.
    """

    def __init__(self, run: RunState, recent: Sequence[Columns], *, brief: bool = False) -> None:
        self._run, self._brief = run, brief
        work = max(1, run.instance.cand_pool.size * run.instance.n_files)
        self._nodes, self._quick = min(NODES, NODE_WORK // work), work <= EARLY_UP_TO
        self.rounds = run.instance.n_files <= ROUND_UP_TO
        self.small = self.rounds and self._nodes > PATIENCE
        self._plain = self._root = self._found = self._mixed(recent)
        self._tree: Iterator[Split] | None = None
        self._plans: Iterator[tuple[int, Incumbent]] | None = None

    def _mixed(self, recent: Sequence[Columns]) -> FewFiles:
        """Master programs until their mixture is a plan good enough, or nothing new comes."""
        run = self._run
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

    def cut(self) -> None:
        """Cuts that pools' mixtures exceed, and the master program with them."""
        run = self._run
        find = partial(find_cuts, run.instance, appliances=run.by_appliance)
        rounds = add_cuts(
            run.solver, self._root, run.best.holds, run.upper, run.ideal, run.wanted_gap, run.ended, find
        )
        for last in run.clock.each("cut", rounds):
            self._root = self._found = last
            run.take_tree(last.bound, ProofRecord(last.prices, last.cuts).proof)
            if run.gap() > ROUGHLY * GOOD_GAP_RATIO and not run.ended() and run.parts.master_plans:
                with run.clock.phase("plan"):
                    run.take_plan(run.local.improve(last.wish, last.prices, IMPROVE_ROUNDS, run.ended))
            run.report("cut", 0.0)
            if run.closed():
                break

    def may_dive_early(self) -> bool:
        """Whether dives are quick: with many columns, or a plan far off, the tree is sooner better."""
        return self.small and self._quick and self._run.gap() <= WORTH_DIVING

    def dive_early(self) -> None:
        """Some rounds of dives."""
        self._plans = _rounding(self._run, self._root, self._plain, brief=self._brief)
        round_on(self._run, islice(self._plans, EARLY_ROUNDS))

    def split(self) -> None:
        """Decide on the holders of large files one by one, as long as that closes the gap."""
        quick = not self.rounds or self._quick
        patience = PATIENCE if quick else PATIENCE_LATER
        self._found = split_on(self._run, self._nodes_of_tree(), self._root, patience)

    def split_on(self) -> None:
        """Go on with that, where it stopped."""
        split_on(self._run, self._nodes_of_tree(), self._found, PATIENCE_LATER)

    def _nodes_of_tree(self) -> Iterator[Split]:
        """Nodes of the search tree that are left, of so many."""
        run = self._run
        if self._tree is None:
            steps = split_files(
                run.solver,
                self._root,
                run.best.holds,
                run.ideal,
                lambda: run.upper,
                run.wanted_gap,
                run.ended,
            )
            self._tree = islice(steps, self._nodes)
        return self._tree

    def round(self) -> None:
        """Round the mixture by dives and some repairs."""
        run, root = self._run, self._root
        # Prices of a node are those of its own decisions, which good plans share only where these matter.
        raised = run.lower - root.bound > WORTH_DECIDING * (run.upper - root.bound)
        lowest = raised and run.parts.lowest_node
        if self._plans is None or lowest:
            self._plans = _rounding(run, self._found if lowest else root, self._plain, brief=self._brief)
        round_on(run, islice(self._plans, FIRST_ROUNDS))

    def round_on(self) -> None:
        """Go on with that, where it stopped."""
        if self._plans is not None:
            round_on(self._run, self._plans)


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
        solver,
        limits,
        run.local,
        prices,
        columns,
        run.threads,
        run.weigh,
        GOOD_GAP_RATIO * (run.upper - run.ideal),
        brief=brief,
        views=views,
        parts=run.parts,
    )
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


def split_on(run: RunState, tree: Iterator[Split], found: FewFiles, patience: int) -> FewFiles:
    """Decide on the holders of large files one by one; returns the master where the bound is lowest.

    Parameters
    ----------
    run : RunState
    tree : iterator of Split
    found : FewFiles
        Returned where there is no node.
    patience : int
        It ends where so many nodes do not close enough of the gap.
    """
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


def round_on(run: RunState, plans: Iterator[tuple[int, Incumbent]]) -> None:
    """Take plans of a rounding, numbered, as long as they get better."""
    better = None
    while not run.closed():
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
