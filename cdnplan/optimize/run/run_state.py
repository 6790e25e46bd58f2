"""One run of the fast engine: the best bound and the best plan so far, and what may end it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Prices
from cdnplan.model.plan.proof import Proof
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.place.local_search import Incumbent, LocalSearch
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.objective import gap_ratio, ideal_cost
from cdnplan.optimize.problem.outcome import BoundProof, Fits, Outcome, Progress, Status, StepRecord, Stop
from cdnplan.optimize.run.phase_clock import PhaseClock
from cdnplan.parameters.parameters import DEFAULTS, Parameters

OPTIMAL_RATIO = 1e-9
"""A gap of no more than this one counts as none."""


class RunState:
    """What the parts of the engine share, and add to.

    Parameters
    ----------
    instance : Instance
    stop : Stop
    progress : Progress
    clock : PhaseClock
    enough_gap : float
        Where no gap is asked for, the run may end at this one.
    threads : int
        At most so many where a part takes long, small networks included.
    fits : callable or None
        Tells which placements appliances can carry out; all of them where it is not given.
    parameters : Parameters

    Attributes
    ----------
    instance, columns, solver, local
        The problem, and what solves parts of it.
    clock, threads, parameters
        As given.
    parts : Parts
        Those of the parameters.
    ideal : float
        See `ideal_cost` [currency].
    bound, prices : float, Prices
        The best bound that prices prove, and those prices.
    beyond : float
        The best bound that a search proves of which nothing is stored, -inf while there is none.
    decided : float
        The best bound that a tree of decisions with prices proves, see `take_tree`; -inf while there is none.
    wanted_gap : float
        The run ends once the gap is no larger.
    steps : list of StepRecord
        What was done so far.
    """

    def __init__(
        self,
        instance: Instance,
        stop: Stop,
        progress: Progress,
        clock: PhaseClock,
        enough_gap: float,
        threads: int,
        fits: Fits | None = None,
        parameters: Parameters = DEFAULTS,
    ) -> None:
        self.instance, self.clock, self.threads = instance, clock, threads
        self.parameters, self.parts = parameters, parameters.parts
        self.columns = Columns.of(instance)
        self.solver = FileSolver.of(instance, self.columns)
        self.local = LocalSearch(instance, self.columns, parameters)
        self.ideal = ideal_cost(instance)
        self.bound, self.prices, self.beyond = -np.inf, Prices.zero(instance), -np.inf
        self.decided = -np.inf
        self._proof: Callable[[], Proof] | None = None
        self.wanted_gap = enough_gap if stop.gap_ratio is None else max(stop.gap_ratio, OPTIMAL_RATIO)
        self._stop, self._progress, self._asked = stop, progress, False
        self._incumbent: Incumbent | None = None
        self._fits, self._fit = fits, True
        self.steps: list[StepRecord] = []

    @property
    def by_appliance(self) -> bool:
        """Whether plans are for appliances to carry out, and not for pools alone."""
        return self._fits is not None

    @property
    def planned(self) -> bool:
        """Whether there is a plan."""
        return self._incumbent is not None

    @property
    def best(self) -> Incumbent:
        """The best plan.

        Raises
        ------
        ValueError
            There is none yet.
        """
        if self._incumbent is None:
            raise ValueError("a run makes a plan before it ends")
        return self._incumbent

    @property
    def upper(self) -> float:
        """What the best plan costs, as it is weighed (`weigh`) [currency]; inf while there is none."""
        if self._incumbent is None:
            return np.inf
        return self._incumbent.cost if self._fit else self._more(self._incumbent)

    @property
    def lower(self) -> float:
        """The best bound of any kind [currency]."""
        return max(self.bound, self.beyond, self.decided)

    def gap(self) -> float:
        """Gap of the best plan as it is weighed (`weigh`); inf while there is none."""
        if self._incumbent is None or not np.isfinite(self.lower):
            return np.inf
        return gap_ratio(self.lower, self.upper, self.ideal)

    def weigh(self, plan: Incumbent) -> float:
        """What a plan costs, and more where appliances cannot carry it out [currency]."""
        return plan.cost if self._can(plan) else self._more(plan)

    def _can(self, plan: Incumbent) -> bool:
        """Whether appliances can carry a plan out."""
        return self._fits is None or self._fits(plan.holds)

    def _more(self, plan: Incumbent) -> float:
        """What counts where they cannot: no less than the bound, and more by `RunParameters.unfit`."""
        return max(plan.cost, self.lower) + self.parameters.run.unfit * (plan.cost - self.ideal)

    def ended(self) -> bool:
        """Whether the clock or the caller ends the run."""
        self._asked = self._asked or self._stop.asked()
        return self._asked or self.clock.expired()

    def closed(self) -> bool:
        """Whether the run may end, for whatever reason."""
        return self.ended() or self.gap() <= self.wanted_gap

    def take_bound(self, bound: float, prices: Prices) -> None:
        """Keep a bound if it is the best, and the prices that prove it."""
        if bound > self.bound:
            self.bound, self.prices = bound, prices

    def take_tree(self, bound: float, proof: Callable[[], Proof]) -> None:
        """Keep the bound of a tree of decisions if it is the best such, and what proves it.

        Parameters
        ----------
        bound : float
            No plan costs less, or than the best plan [currency].
        proof : callable
            Gives the tree, at the end: it may prove more by then.
        """
        if self._fit or not np.isfinite(bound):
            bound = min(bound, self.best.cost)
        if bound > self.decided:
            self.decided, self._proof = bound, proof

    def take_plan(self, plan: Incumbent) -> None:
        """Keep a plan if it weighs least."""
        upper = self.upper
        if plan.cost < upper:
            fit = self._can(plan)
            if (plan.cost if fit else self._more(plan)) < upper:
                self._incumbent, self._fit = plan, fit

    def report(self, phase: str, done: float) -> None:
        """Tell how far a phase is, and the bound and the plan so far."""
        lower = self.lower if np.isfinite(self.lower) else None
        self._progress(phase, done, lower, None if self._incumbent is None else self._incumbent.cost)

    def outcome(self) -> Outcome:
        """The best plan and bound, and why the run ended."""
        plan = self.best
        gap = gap_ratio(self.lower, plan.cost, self.ideal)
        status: Status = "feasible"
        if gap <= OPTIMAL_RATIO:
            status = "optimal"
        elif self._stop.gap_ratio is not None and gap <= self._stop.gap_ratio:
            status = "within-gap"
        elif self._asked:
            status = "interrupted"
        elif self.clock.expired():
            status = "time-limit"
        by: BoundProof = "prices"
        proof: Proof | None = None
        if self.beyond > max(self.bound, self.decided):
            by = "branch-and-bound"
        elif self._proof is not None and self.decided > self.bound:
            by, proof = "tree", self._proof()
        return Outcome(
            placement=Placement(plan.holds),
            serving=plan.serving,
            prices=self.prices,
            upper=plan.cost,
            lower=min(self.lower, plan.cost),
            lower_priced=self.bound,
            status=status,
            bound_proof=by,
            engine="fast",
            seconds=dict(self.clock.seconds),
            warnings=(),
            proof=proof,
            steps=tuple(self.steps),
        )
