"""The search for the cheapest set of additions: bounds rule sets out, plans confirm them.

The integer program chooses the cheapest set that no bound rules out. A bound of that very set is made; if it
shows that no plan can reach the goals, it rules the set out, and many others with it. If not, the set is
planned. As the program leaves no cheaper set, the first that reaches the goals is the cheapest of all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cdnplan.errors import DeadlineError, InputError, NoFeasiblePlanError
from cdnplan.optimize.engine import EngineName, choose_engine
from cdnplan.optimize.lp.integer_program import Row
from cdnplan.optimize.problem.objective import plan_cost
from cdnplan.optimize.problem.outcome import Progress, Stop, never, no_progress
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.planner.decide.deciding import Watch, decide
from cdnplan.whatif.size.sizing_bounds import GoalBounds
from cdnplan.whatif.size.sizing_master import SAME_PRICE, Master, Need
from cdnplan.whatif.size.sizing_problem import Counts, Relaxed, SizingProblem
from cdnplan.whatif.size.sizing_targets import Goal, Plan, Reached, measured, most, tolerance, without_site


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A set of additions with its plan.

    Parameters
    ----------
    counts : tuple of int
        Appliances added, by candidate.
    price : float
        Of the additions [currency].
    reached : tuple of Reached
        By goal; empty where no plan keeps the rules.
    cost : float
        Of the plan [currency per period]; inf without one.
    lower : float
        No plan with these additions costs less.
    offload_ratio : float
    why : str
        Why there is no plan.
    """

    counts: Counts
    price: float
    reached: tuple[Reached, ...] = ()
    cost: float = np.inf
    lower: float = np.inf
    offload_ratio: float = 0.0
    why: str = ""

    def reaches(self, goals: Sequence[Goal]) -> bool:
        """Whether it meets goals, which may ask for less or more than those it was measured by."""
        return bool(self.reached) and all(self.meets(goal) for goal in goals)

    def meets(self, goal: Goal) -> bool:
        """Whether it meets one goal."""
        found = self.value(goal)
        if found.goal == goal:
            return found.ok
        slack = 1e-9 * max(1.0, abs(goal.wanted))
        if goal.kind == "offload":
            return found.value >= goal.wanted - slack
        return found.value <= goal.wanted + slack

    def value(self, goal: Goal) -> Reached:
        """What it reaches of a goal, however much that asks for."""
        return next(item for item in self.reached if replace(item.goal, wanted=goal.wanted) == goal)


@dataclass(frozen=True, slots=True)
class Found:
    """Where a search ended.

    Parameters
    ----------
    best : Planned or None
        The cheapest set found that reaches the goals.
    lower : float
        No cheaper set can [currency]; inf where none can at all.
    proven : bool
        Whether `best` is the cheapest there is.
    closed : bool
        Whether it is if more hardware never reaches less.
    """

    best: Planned | None
    lower: float
    proven: bool
    closed: bool = False


@dataclass(slots=True)
class Options:
    """How sets are planned and when to end.

    Parameters
    ----------
    engine : {"auto", "exact", "fast"}
    gap_ratio, seed, threads
        As for plans.
    expired, asked : callable
        Whether the time is up; whether an end was asked for.
    parameters : Parameters
        The numbers that steer search and plans.
    """

    engine: EngineName = "auto"
    gap_ratio: float | None = None
    threads: int = 1
    seed: int = 0
    expired: Callable[[], bool] = never
    asked: Callable[[], bool] = never
    progress: Progress = no_progress
    parameters: Parameters = DEFAULTS


@dataclass(slots=True)
class SizingSearch:
    """Searches for cheapest sets; what is learnt for one goal serves the next.

    Parameters
    ----------
    problem : SizingProblem
    options : Options
    """

    problem: SizingProblem
    options: Options
    relaxed: Relaxed = field(init=False)
    planned: dict[Counts, Planned] = field(init=False, default_factory=dict)
    bounds: dict[Goal, GoalBounds] = field(init=False, default_factory=dict)
    looked_at: set[tuple[Goal, Counts]] = field(init=False, default_factory=set)
    _broken: dict[str, Relaxed] = field(init=False, default_factory=dict)
    _master: Master = field(init=False)

    def __post_init__(self) -> None:
        self.relaxed = self.problem.relaxed()
        self._master = Master(self.problem, self.relaxed)

    @property
    def exact(self) -> bool:
        """Whether the exact engine plans the sets: then only what is planned is known of a set."""
        options = self.options
        return choose_engine(self.relaxed.instance, options.engine, options.parameters)[0] == "exact"

    def nothing(self) -> Counts:
        """The set without additions."""
        return tuple(0 for _ in self.problem.sizing.candidates)

    def plan(self, counts: Counts) -> Planned:
        """Plan a set of additions, once."""
        if counts not in self.planned:
            self.planned[counts] = self._plan(counts)
        return self.planned[counts]

    def _plan(self, counts: Counts) -> Planned:
        price, options = self.problem.price(counts), self.options
        try:
            instance = self.problem.instance(counts)
            decided = decide(
                instance,
                engine=options.engine,
                stop=Stop(options.gap_ratio, None, never),
                threads=options.threads,
                seed=options.seed,
                watch=Watch(),
                parameters=options.parameters,
            )
        except (NoFeasiblePlanError, DeadlineError, InputError) as error:
            return Planned(counts, price, why=str(error))
        dealt = decided.dealt
        plan = Plan(instance, dealt.placement, dealt.serving)
        demand = float(instance.region_gb().sum())
        return Planned(
            counts=counts,
            price=price,
            reached=self.measure(counts, plan),
            cost=plan_cost(instance, dealt.placement.holds, dealt.serving),
            lower=decided.outcome.lower,
            offload_ratio=1.0 - float(dealt.serving.origin_gb(instance).sum()) / demand if demand else 1.0,
        )

    def measure(self, counts: Counts, plan: Plan) -> tuple[Reached, ...]:
        """What a plan of a set reaches, by goal."""
        problem = self.problem
        return measured(
            problem.sizing.goals, problem.network(counts), plan, lambda site: problem.broken(counts, site)
        )

    def search(
        self,
        goals: Sequence[Goal],
        rows: Sequence[Row] = (),
        allowed: Callable[[Counts], bool] = lambda _: True,
    ) -> Found:
        """Find the cheapest set that reaches goals.

        Parameters
        ----------
        goals : sequence of Goal
            Those of the problem, perhaps asking for another amount.
        rows : sequence of Row
            What else sets have to keep.
        allowed : callable
            The same as a question about a set.

        Returns
        -------
        Found
        """
        best = self._cheapest_known(goals, allowed)
        lower = self._root(goals, rows)
        if lower is None:
            return Found(best, np.inf, proven=True)
        while not self._ended():
            chosen = self._master.cheapest(self._needs(goals), [*rows, *self._facts(goals)])
            if chosen is None:
                return Found(best, np.inf if best is None else best.price, proven=True)
            lower = max(lower, chosen.price)
            self._tell(best, lower)
            if best is not None and _no_dearer(best.price, chosen.price):
                return Found(best, best.price, proven=True)
            counts = self.relaxed.counts(chosen.units)
            if self._cut_off(counts, goals):
                continue
            found = self.plan(counts)
            if found.reaches(goals):
                return Found(found, found.price, proven=True)
            if not self.exact:
                return self._descend(goals, rows, allowed, lower)
        return Found(best, lower, proven=False)

    def _root(self, goals: Sequence[Goal], rows: Sequence[Row]) -> float | None:
        """Make cuts with parts of units allowed; the price that is proven, None where nothing can reach."""
        price, numbers = -np.inf, self.options.parameters.sizing
        for _ in range(numbers.root_rounds):
            chosen = self._master.cheapest(self._needs(goals), rows, whole=False)
            if chosen is None:
                return None
            gained = chosen.price - price > numbers.root_gain * max(1.0, abs(price)) or not np.isfinite(price)
            price = max(price, chosen.price)
            if self._ended() or not (self._add_cuts(chosen.units, goals) and gained):
                break
        return max(price, 0.0)

    def _cut_off(self, counts: Counts, goals: Sequence[Goal]) -> bool:
        """Whether a bound made for this set shows that it cannot reach the goals."""
        fresh = [goal for goal in goals if (_plain(goal), counts) not in self.looked_at]
        self.looked_at.update((_plain(goal), counts) for goal in fresh)
        return self._add_cuts(self.relaxed.units(counts), fresh)

    def _add_cuts(self, units: np.ndarray[tuple[int], np.dtype[np.float64]], goals: Sequence[Goal]) -> bool:
        """Make cuts for a set; whether any rules it out."""
        ruled_out = False
        for goal in goals:
            bounds = self._bounds(goal)
            need = self._need(goal)
            if bounds.bound(units) > need.most:  # it is ruled out already
                ruled_out = True
                continue
            cut = bounds.add_cut(units)
            ruled_out |= cut is not None and cut.bound(units) > need.most
            if ruled_out and goal.failed is not None:
                break  # failures of other sites are looked at when this one is survived
        return ruled_out

    def _bounds(self, goal: Goal) -> GoalBounds:
        plain = _plain(goal)
        if plain not in self.bounds:
            network, relaxed = self.problem.topology, self.relaxed
            if goal.failed is not None:
                network, relaxed = without_site(network, goal.failed), self._left(goal.failed)
            self.bounds[plain] = GoalBounds(goal, relaxed, network, self.options.parameters)
        return self.bounds[plain]

    def _left(self, site: str) -> Relaxed:
        """The relaxed problem without a site, made once."""
        if site not in self._broken:
            self._broken[site] = self.problem.relaxed(site)
        return self._broken[site]

    def _need(self, goal: Goal, margin: float = 0.0) -> Need:
        """A goal as the program sees it; with a margin, it asks for that much more [sum]."""
        bounds = self._bounds(goal)
        instance = self.relaxed.instance if goal.failed is None else self._left(goal.failed).instance
        allowed = most(goal, instance) + tolerance(goal, instance)
        # The solver keeps rows to 1e-9 of their scale; so much more is let pass.
        scale = max((abs(cut.at_least) for cut in bounds.cuts), default=0.0)
        return Need(tuple(bounds.cuts), allowed - margin + 1e-8 * scale)

    def _needs(self, goals: Sequence[Goal]) -> list[Need]:
        return [self._need(goal) for goal in goals]

    def _facts(self, goals: Sequence[Goal]) -> list[Row]:
        """Sets that were planned and do not reach the goals."""
        return [self._master.not_this(c) for c, found in self.planned.items() if not found.reaches(goals)]

    def _descend(
        self, goals: Sequence[Goal], rows: Sequence[Row], allowed: Callable[[Counts], bool], lower: float
    ) -> Found:
        """Look for cheap sets where plans fall short of what bounds promise.

        First with a reserve: by how much plans have missed what bounds promised. Then without, until nothing
        cheaper is left. A set that misses rules out its parts, too: more hardware is taken to reach no less.
        """
        misses, closing = 0, False
        while not self._ended():
            best = self._cheapest_known(goals, allowed)
            cautious = misses >= self.options.parameters.sizing.misses
            reserve = [0.0 if closing else self._reserve(goal, cautious=cautious) for goal in goals]
            needs = [self._need(goal, margin) for goal, margin in zip(goals, reserve, strict=True)]
            failed = [c for c, found in self.planned.items() if not found.reaches(goals)]
            chosen = self._master.cheapest(needs, [*rows, *(self._ruled_out(counts) for counts in failed)])
            if chosen is None or (best is not None and _no_dearer(best.price, chosen.price)):
                if not closing:
                    closing = True
                    continue
                price = np.inf if best is None else best.price
                proven = _no_dearer(price, lower)
                return Found(best, min(lower, price), proven=proven, closed=True)
            counts = self.relaxed.counts(chosen.units)
            if self._cut_off(counts, goals) and closing:
                continue
            misses = 0 if self.plan(counts).reaches(goals) else misses + 1
            self._tell(self._cheapest_known(goals, allowed), lower)
        return Found(self._cheapest_known(goals, allowed), lower, proven=False)

    def _ruled_out(self, counts: Counts) -> Row:
        """A set that failed, with its parts; only the set itself where rules left it without a plan."""
        rule = self._master.more_than if self.planned[counts].reached else self._master.not_this
        return rule(counts)

    def _reserve(self, goal: Goal, *, cautious: bool) -> float:
        """By how much plans have missed what bounds promised: the least so far, or the most [sum]."""
        bounds = self._bounds(goal)
        gaps = [
            found.value(goal).raw - bounds.bound(self.relaxed.units(counts))
            for counts, found in self.planned.items()
            if found.reached
            and np.isfinite(bounds.bound(self.relaxed.units(counts)))
            and (_plain(goal), counts) in self.looked_at
        ]
        if not gaps:
            return 0.0
        return max(0.0, max(gaps) if cautious else min(gaps))

    def _cheapest_known(self, goals: Sequence[Goal], allowed: Callable[[Counts], bool]) -> Planned | None:
        known = [p for c, p in self.planned.items() if p.reaches(goals) and allowed(c)]
        return min(known, key=lambda p: (p.price, p.cost, p.counts), default=None)

    def runner_up(self, goals: Sequence[Goal], taken: Sequence[Planned]) -> Found:
        """Find the cheapest set that is none of some others with more added."""
        rows = [self._master.without_all_of(one.counts) for one in taken]

        def other(counts: Counts) -> bool:
            return not any(_contains(counts, one.counts) for one in taken)

        return self.search(goals, rows, other)

    def _ended(self) -> bool:
        return self.options.expired() or self.options.asked()

    def _tell(self, best: Planned | None, lower: float) -> None:
        text = f"{len(self.planned)} sets planned"
        self.options.progress(text, 0.0, max(lower, 0.0), None if best is None else best.price)


def _plain(goal: Goal) -> Goal:
    """A goal whatever it asks for."""
    return replace(goal, wanted=0.0)


def _no_dearer(price: float, lower: float) -> bool:
    return price <= lower + SAME_PRICE * max(1.0, abs(lower))


def _contains(counts: Counts, part: Counts) -> bool:
    return all(a >= b for a, b in zip(counts, part, strict=True))
