"""Round the master program's mixture to a plan: dives, changes of two files, and repairs of what is best.

A mixture of columns leaves few files undecided, but where pools hold only dozens of files, each rounding
moves a pool by a large part of its room. Three means work together, over a list of columns near the cheapest
ones of each file:

- Dives (`diving`) decide files one by one, those first whose near columns cost most more: what is decided
  last has to make good for all the rest, and should be able to at little cost. Two times of
  three pools are decided instead (`pool_diving`), over more columns, the dearest pools first: each by a set
  of files that fills it well.
- Changes of one or two files' columns (`settle_kernels`) mend what a dive has missed. Excess is charged
  little at first and ever more [1]_, so that no wall stands between a placement and a better one.
- Serving the placement exactly shows what it costs. All columns then split requests as this serving does
  (`columns_of`), which makes changes cost what they are said to, and changes go on from there.

The best plan so found is torn up and repaired many times (large neighbourhood search, [2]_): some files,
drawn at random, are decided anew by diving, all others keep their columns, and changes follow.

Nothing is guaranteed; every plan comes with its exact serving and can be compared.

References
----------
.. [1] F. Glover, "Heuristics for Integer Programming Using Surrogate Constraints", Decision Sciences 8(1),
   1977.
.. [2] P. Shaw, "Using Constraint Programming and Local Search Methods to Solve Vehicle Routing Problems",
   Principles and Practice of Constraint Programming, LNCS 1520, 1998.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from cdnplan.lanes import in_even_lanes, lanes
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.model.plan.placement import Prices, Serving
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.lp.mixture import Ended, Mixture, Names
from cdnplan.optimize.master.file_columns import Columns, columns_of, priced_columns
from cdnplan.optimize.place.local_search import Incumbent, LocalSearch
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.rules import keeps_rules
from cdnplan.optimize.round.diving import dive
from cdnplan.optimize.round.near_columns import near_columns
from cdnplan.optimize.round.pool_diving import dive_pools
from cdnplan.optimize.round.rounding_rows import Rows
from cdnplan.optimize.round.settle_kernels import Charges, Options, settle
from cdnplan.parameters.parameters import DEFAULTS, Parameters

Bools = npt.NDArray[np.bool_]

EXACT_TO = 1e-12
"""Part of what all files could cost that a change has to save at least."""


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """Columns that split requests as one plan does, the limits they share, and the columns of that plan.

    With it come the gap to be narrowed, the part of it that columns may cost more, and the least saving that
    counts; the numbers of columns among those near; and their mixture, where dives of all files begin.
    """

    plan: Incumbent
    columns: Columns
    rows: Rows
    reduced: Floats
    choice: Ints
    gap: float
    reach: float
    worth: float
    name: Ints
    mixture: Mixture | None = None

    def cost(self, choice: Ints) -> float:
        """What a choice seems to cost."""
        return self.rows.cost(self.columns, choice)

    def mixed(self) -> Mixture:
        """The mixture of its columns."""
        if self.mixture is not None:
            return self.mixture
        rows = self.rows
        return Mixture(self.columns.cost, rows.matrix, rows.start, rows.room, rows.charge)

    def narrowed(self, reach: float, choice: Ints) -> tuple[_Model, Ints]:
        """Only columns within a smaller part of the gap, those of the plan and those of a choice."""
        least = np.minimum.reduceat(self.reduced, self.rows.start[:-1])
        kept = self.reduced - least[self.columns.file] <= reach * self.gap
        kept[choice] = kept[self.choice] = True
        start = np.searchsorted(self.columns.file[kept], np.arange(choice.size + 1))
        place = np.cumsum(kept) - 1
        few = replace(
            self,
            columns=self.columns.take(kept),
            rows=self.rows.take(kept, start),
            reduced=self.reduced[kept],
            choice=place[self.choice],
            reach=reach,
            name=self.name[kept],
            mixture=None,
        )
        return few, place[choice]

    def holds(self, choice: Ints) -> Bools:
        """The placement of a choice."""
        return np.ascontiguousarray(self.columns.holds[choice].T)


class Rounding:
    """Rounds the mixture of one instance under fixed prices.

    Parameters
    ----------
    solver : FileSolver
    limits : LimitVector
    local : LocalSearch
        Serves placements.
    prices : Prices
        The master program's last ones.
    known : Columns
        Its columns.
    threads : int
        What comes out does not depend on it.
    weigh : callable
        How plans compare [currency].
    good : float
        A gap that is narrow for such a network [currency].
    brief : bool
        Whether to look less far, because the plan to begin with is a good one.
    views : int
        How many look at the same instance, each with prices of its own: they share the work.
    parameters : Parameters
    """

    def __init__(
        self,
        solver: FileSolver,
        limits: LimitVector,
        local: LocalSearch,
        prices: Prices,
        known: Columns,
        threads: int,
        weigh: Callable[[Incumbent], float] = attrgetter("cost"),
        good: float = np.inf,
        *,
        brief: bool = False,
        views: int = 1,
        parameters: Parameters = DEFAULTS,
    ) -> None:
        inst, parts, numbers = solver.instance, parameters.parts, parameters.rounding
        self._solver, self._limits, self._local, self._prices = solver, limits, local, prices
        self._threads, self._weigh, self._parts, self._numbers = threads, weigh, parts, numbers
        self._pairs = inst.n_files <= numbers.pairs_up_to and parts.pairs
        self._good, self._brief, self._views = good, brief, views
        self._starts = -(-(numbers.brief_starts if brief else numbers.starts) // views)
        each = min(numbers.most_near, max(numbers.near, numbers.columns // inst.n_files))
        kept = np.full(inst.n_files, each, dtype=np.int64)
        extended = np.zeros(inst.n_files, dtype=np.bool_)
        extended[np.argsort(inst.size_gb, kind="stable")[: numbers.extended]] = True
        near = near_columns(solver, limits, prices, known, kept, extended)
        dearer = self._dearer(near)
        start = np.searchsorted(near.file, np.arange(inst.n_files + 1))
        most, more, some, next_one = (
            dearer[np.minimum(start[:-1] + rank, start[1:] - 1)] for rank in (*numbers.ranks, 1)
        )
        # Dives differ much in what they end at, and no order is the best one for all.
        self._orders = [most, inst.size_gb, more, some * inst.size_gb]
        # What a pool wastes if it lacks half a file.
        self._dear = prices.volume[: inst.n_pools] * float(np.median(inst.size_gb))
        alike = np.where(np.diff(start) > 1, next_one, np.inf)
        self._open = np.sort(np.argsort(alike, kind="stable")[: numbers.torn_from])
        bare = ~(near.holds & ~solver.pinned[near.file]).any(axis=1)
        nearest = np.arange(near.file.size) - start[near.file] < numbers.nearest
        self._near, self._dearer_by = near, np.where(bare | nearest, 0.0, dearer)
        self._ended: Ended | None = None

    def plans(
        self, best: Incumbent, lower: float, current: Callable[[], Incumbent] | None = None
    ) -> Iterator[Incumbent]:
        """Plans from dives, then better ones from repairs.

        Parameters
        ----------
        best : Incumbent
            The best plan so far.
        lower : float
            The bound [currency].
        current : callable or None
            Gives the best plan by now, where others look for some too.

        Yields
        ------
        Incumbent
            The best plan, new or not, once for each time dives start and then for each repair.
        """
        weighed, numbers = self._weigh(best), self._numbers
        at = self._model(best, self._expected(weighed, lower), numbers.start_reach, None)
        wide = None
        spent = vain = 0
        most = (numbers.brief_work if self._brief else numbers.work) // self._views
        repairs = numbers.repairs // self._views if self._parts.repairs else 0
        for number in range(self._starts + repairs):
            if current is not None and current() is not best:
                best, vain = current(), 0
                weighed = self._weigh(best)
            reach = numbers.start_reach if number < self._starts else numbers.reach
            if number and (best is not at.plan or number == 1 or reach != at.reach):
                at = self._model(best, self._expected(weighed, lower), reach, best.serving)
            if number >= self._starts:
                found = self._side_by_side(self._repair, at, number)
            elif number % 3 and self._parts.pool_dives:
                if wide is None or wide.plan is not best:
                    wide = self._with_mixture(
                        self._model(best, self._expected(weighed, lower), numbers.pool_reach, best.serving)
                    )
                found = self._side_by_side(self._start_by_pools, wide, number - 1 - number // 3)
            else:
                at = self._with_mixture(at)
                found = self._side_by_side(self._start, at, number // 3)
            for plan in found:
                weight = self._weigh(plan) if plan.cost < weighed else np.inf
                if weight < weighed:
                    best, weighed = plan, weight
            work = at.columns.file.size**2
            spent += work if self._brief or number >= self._starts else 0
            vain = vain + work if best is at.plan else 0
            yield best
            if spent > most or vain > numbers.vain_work // self._views:
                return

    def _expected(self, weighed: float, lower: float) -> float:
        """The gap that columns are measured by: that to the bound, or less where it is wide [currency]."""
        gap = weighed - lower
        return min(gap, max(gap / self._numbers.closing, self._good))

    def _side_by_side(
        self, task: Callable[[_Model, int], Incumbent | None], at: _Model, number: int
    ) -> list[Incumbent]:
        """Plans of tasks with different numbers, in this order."""
        count = self._numbers.side_by_side
        found: list[Incumbent | None] = [None] * count

        def run(which: Ints) -> None:
            with lanes(1):
                for k in which:
                    found[k] = task(at, number * count + int(k))

        with lanes(self._threads):
            in_even_lanes(run, count)
        return [plan for plan in found if plan is not None]

    def _start(self, at: _Model, number: int) -> Incumbent | None:
        """Decide all files anew."""
        every = np.ones(at.choice.size, dtype=np.bool_)
        order = self._in_turn(np.arange(every.size), number)
        choice = dive(at.columns, at.rows, at.choice, order, at.mixed(), self._numbers.dive_steps)
        self._settle(at, choice, self._numbers.stages, every)
        plan = self._served(at, choice)
        return None if plan is None else self._settled(plan, every, at)

    def _start_by_pools(self, at: _Model, number: int) -> Incumbent | None:
        """Decide all pools anew, the dearest first."""
        numbers = self._numbers
        noise = numbers.pool_shuffle if number else 0.0
        varied = self._dear * (1.0 + noise * np.random.default_rng(number).random(self._dear.size))
        inertia = numbers.inertias[number % len(numbers.inertias)] * at.gap
        order = np.argsort(-varied, kind="stable")
        choice = dive_pools(at.columns, at.rows, at.mixed(), order, inertia)
        few, choice = at.narrowed(numbers.start_reach, choice)
        every = np.ones(choice.size, dtype=np.bool_)
        self._settle(few, choice, numbers.late_stages, every)
        plan = self._served(few, choice)
        if plan is None or plan.cost > at.plan.cost + at.gap:
            return plan
        return self._settled(plan, every, few)

    def _repair(self, at: _Model, number: int) -> Incumbent | None:
        """Decide some files anew."""
        numbers = self._numbers
        torn = np.random.default_rng(number).permutation(self._open)[: numbers.torn]
        choice = dive(at.columns, at.rows, at.choice, self._in_turn(torn, number), steps=numbers.dive_steps)
        self._settle(at, choice, numbers.late_stages, choice != at.choice)
        changed = choice != at.choice
        if not changed.any() or at.cost(choice) > at.cost(at.choice) + numbers.allowed * at.gap:
            return None
        plan = self._served(at, choice)
        if plan is None or plan.cost <= at.plan.cost or plan.cost > at.plan.cost + numbers.far * at.gap:
            return plan
        return self._settled(plan, changed, at)

    def _in_turn(self, files: Ints, number: int) -> Ints:
        """Files in the order they are decided."""
        key = self._orders[number % len(self._orders)][files]
        noise = 0.0 if number < len(self._orders) else self._numbers.shuffle
        varied = key * (1.0 + noise * np.random.default_rng(number).random(files.size))
        return files[np.argsort(-varied, kind="stable")]

    def _settled(self, plan: Incumbent, begin: Bools, before: _Model) -> Incumbent:
        """Change files' columns and serve what comes of it, as long as that is better."""
        for _ in range(self._numbers.rounds):
            at = self._model(plan, before.gap, before.reach, plan.serving)
            choice = at.choice.copy()
            self._settle(at, choice, self._numbers.last_stages, begin.copy())
            better = None if np.array_equal(choice, at.choice) else self._served(at, choice)
            if better is None or better.cost >= plan.cost:
                break
            plan = better
        return plan

    def _served(self, at: _Model, choice: Ints) -> Incumbent | None:
        """The plan of a choice; None where it breaks a rule."""
        holds = at.holds(choice)
        return self._local.serve(holds) if keeps_rules(self._solver.instance, holds) else None

    def _settle(self, at: _Model, choice: Ints, stages: tuple[float, ...], begin: Bools) -> None:
        """Change columns of one or two files at a time, in place, the first as told."""
        rows = at.rows
        options = Options(at.reduced, rows.matrix, at.columns.file, rows.start)
        for most in stages:
            limits = Charges(rows.room, rows.price, rows.charged(most))
            settle(options, limits, rows.even, choice, begin, self._pairs, at.worth)

    def _model(self, plan: Incumbent, gap: float, reach: float, serving: Serving | None) -> _Model:
        """Near columns and those of the plan, served as the plan is."""
        which = np.flatnonzero(self._dearer_by <= reach * gap)
        near, mine = self._near.take(which), np.ascontiguousarray(plan.holds.T)
        same = (near.holds == mine[near.file]).all(axis=1)
        lacking = np.setdiff1d(np.arange(mine.shape[0]), near.file[same])
        file = np.concatenate([near.file, lacking.astype(np.int32)])
        order = np.argsort(file, kind="stable")
        holds = np.concatenate([near.holds, mine[lacking]])[order]
        columns = self._columns(serving, file[order], np.ascontiguousarray(holds))
        rows = Rows.of(self._solver.instance, self._limits, self._prices, columns, self._numbers)
        own = np.concatenate([same, np.ones(lacking.size, dtype=np.bool_)])[order]
        reduced, choice = columns.cost + rows.matrix @ rows.price, np.flatnonzero(own)
        # Not below what sums of costs are exact to: else rounding errors would look like savings for ever.
        worth = max(self._numbers.least_saved * gap, EXACT_TO * float(np.abs(columns.cost).sum()))
        # What the plan has beside the near columns goes by its file.
        name = np.concatenate([which, self._near.file.size + lacking])[order]
        return _Model(plan, columns, rows, reduced, choice, gap, reach, worth, name)

    def _with_mixture(self, at: _Model) -> _Model:
        """With its mixture, solved from where the last one ended."""
        if at.mixture is not None:
            return at
        mixture = at.mixed()
        self._ended = mixture.begin_from(self._ended, self._names(at))
        return replace(at, mixture=mixture)

    def _names(self, at: _Model) -> Names:
        """By what its columns and rows are known in other models."""
        n_limits = self._limits.limit.size + self._solver.instance.n_launches
        return Names(at.name, at.rows.name, self._near.file.size + at.choice.size, n_limits)

    def _columns(self, serving: Serving | None, file: npt.NDArray[np.int32], holds: Bools) -> Columns:
        """Columns that split requests as a serving does; without one, whole ones at the prices."""
        return columns_of(self._solver, self._prices, file, holds, serving=serving)

    def _dearer(self, columns: Columns) -> Floats:
        """What columns cost more than the cheapest of their file, prices included."""
        priced = priced_columns(self._limits, self._prices, columns)
        least = np.full(self._solver.instance.n_files, np.inf)
        np.minimum.at(least, columns.file, priced)
        return np.asarray(priced - least[columns.file], dtype=np.float64)
