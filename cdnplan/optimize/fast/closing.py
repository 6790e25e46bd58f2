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
from cdnplan.optimize.round.rounding import Rounding
from cdnplan.optimize.run.run_state import RunState


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
        self._of_tree, self._of_rounding = run.parameters.tree, run.parameters.rounding
        work = max(1, run.instance.cand_pool.size * run.instance.n_files)
        self._nodes = min(self._of_tree.nodes, self._of_tree.node_work // work)
        self._quick = work <= self._of_rounding.early_up_to
        self.rounds = run.instance.n_files <= self._of_rounding.up_to
        self.small = self.rounds and self._nodes > self._of_tree.patience
        self._plain = self._root = self._found = self._mixed(recent)
        self._tree: Iterator[Split] | None = None
        self._plans: Iterator[tuple[int, Incumbent]] | None = None

    def _mixed(self, recent: Sequence[Columns]) -> FewFiles:
        """Master programs until their mixture is a plan good enough, or nothing new comes."""
        run = self._run
        limits, begin = LimitVector.of(run.instance), run.best
        span = begin.cost - run.ideal
        numbers, improve_rounds = run.parameters.master, run.parameters.refit.improve_rounds
        rounds = improve_few_files(
            run.solver, limits, run.prices, begin.holds, span, run.ended, recent, parameters=numbers
        )
        for found in run.clock.each("master", rounds):
            run.take_bound(found.bound, found.prices)
            near = found.last or found.mixture - run.bound <= numbers.tried_within * run.wanted_gap * span
            if near and run.parts.master_plans:
                with run.clock.phase("plan"):
                    run.take_plan(run.local.improve(found.wish, found.prices, improve_rounds, run.ended))
            run.report("master", 0.0)
            if run.closed():
                break
        return found

    def cut(self) -> None:
        """Cuts that pools' mixtures exceed, and the master program with them."""
        run = self._run
        improve_rounds, from_gap = (
            run.parameters.refit.improve_rounds,
            run.parameters.cuts.tried_from * GOOD_GAP_RATIO,
        )
        find = partial(
            find_cuts, run.instance, appliances=run.by_appliance, violated=run.parameters.cuts.violated
        )
        rounds = add_cuts(
            run.solver,
            self._root,
            run.best.holds,
            run.upper,
            run.ideal,
            run.wanted_gap,
            run.ended,
            find,
            parameters=run.parameters,
        )
        for last in run.clock.each("cut", rounds):
            self._root = self._found = last
            run.take_tree(last.bound, ProofRecord(last.prices, last.cuts).proof)
            if run.gap() > from_gap and not run.ended() and run.parts.master_plans:
                with run.clock.phase("plan"):
                    run.take_plan(run.local.improve(last.wish, last.prices, improve_rounds, run.ended))
            run.report("cut", 0.0)
            if run.closed():
                break

    def may_dive_early(self) -> bool:
        """Whether dives are quick: with many columns, or a plan far off, the tree is sooner better."""
        return self.small and self._quick and self._run.gap() <= self._of_rounding.early_gap

    def dive_early(self) -> None:
        """Some rounds of dives."""
        self._plans = _rounding(self._run, self._root, self._plain, brief=self._brief)
        round_on(self._run, islice(self._plans, self._of_rounding.early_rounds))

    def split(self) -> None:
        """Decide on the holders of large files one by one, as long as that closes the gap."""
        quick = not self.rounds or self._quick
        patience = self._of_tree.patience if quick else self._of_tree.patience_later
        self._found = split_on(self._run, self._nodes_of_tree(), self._root, patience)

    def split_on(self) -> None:
        """Go on with that, where it stopped."""
        split_on(self._run, self._nodes_of_tree(), self._found, self._of_tree.patience_later)

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
                parameters=run.parameters,
            )
            self._tree = islice(steps, self._nodes)
        return self._tree

    def round(self) -> None:
        """Round the mixture by dives and some repairs."""
        run, root = self._run, self._root
        # Prices of a node are those of its own decisions, which good plans share only where these matter.
        raised = run.lower - root.bound > self._of_rounding.lowest_from * (run.upper - root.bound)
        lowest = raised and run.parts.lowest_node
        if self._plans is None or lowest:
            self._plans = _rounding(run, self._found if lowest else root, self._plain, brief=self._brief)
        round_on(run, islice(self._plans, self._of_rounding.first_rounds))

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
        parameters=run.parameters,
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
    gaps, progress = [run.upper - run.lower], run.parameters.tree.progress
    rounds = run.parameters.refit.improve_rounds
    for step in run.clock.each("tree", tree):
        found = step.lowest
        if step.proof is None:
            run.take_bound(step.found.bound, step.found.prices)
        else:
            run.take_tree(step.bound, step.proof)
        if step.found.mixture < run.upper and run.parts.master_plans:
            with run.clock.phase("plan"):
                plan = run.local.improve(step.found.wish, step.found.prices, rounds, run.ended)
                run.take_plan(plan)
        run.report("tree", 0.0)
        gaps.append(run.upper - run.lower)
        vain = len(gaps) > patience and gaps[-1 - patience] - gaps[-1] < progress * gaps[-1]
        if run.closed() or vain:
            break
    return found


def round_on(run: RunState, plans: Iterator[tuple[int, Incumbent]]) -> None:
    """Take plans of a rounding, numbered, as long as they get better."""
    better, numbers = None, run.parameters.rounding
    while not run.closed():
        with run.clock.phase("round"):
            number, plan = next(plans, (0, None))
        if plan is None:
            return
        before = run.gap()
        run.take_plan(plan)
        better = number if better is None or run.gap() < before else better
        run.report("round", number / (numbers.starts + numbers.repairs))
        if number - better >= numbers.vain:
            return
