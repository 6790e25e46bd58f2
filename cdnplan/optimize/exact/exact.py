"""The exact engine: the whole model as one integer program, in PuLP, solved by HiGHS.

For small problems, and as the oracle that tests the other engine. It is the one module that touches PuLP,
and the one place that reads a solver's status. It always minimises, and the objective carries no constant.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np
import pulp

from cdnplan.errors import CdnplanError, DeadlineError, NoFeasiblePlanError
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.placement import Placement, Prices
from cdnplan.optimize.exact.exact_constraints import Rows, all_rows, lower_bounds, objective, upper_bounds
from cdnplan.optimize.exact.exact_decode import (
    broken_covers,
    decode_holds,
    decode_prices,
    rounded_holds,
    saving_density,
)
from cdnplan.optimize.exact.exact_run import Run
from cdnplan.optimize.exact.exact_variables import Variables
from cdnplan.optimize.file.bound import priced_bound
from cdnplan.optimize.lp.highs import QuietHighs
from cdnplan.optimize.problem.objective import ideal_cost, plan_cost
from cdnplan.optimize.problem.outcome import BoundProof, Outcome, Progress, Status, Stop, no_progress
from cdnplan.optimize.problem.rules import Bools, broken_rules
from cdnplan.optimize.serve.serving import best_serving

LARGEST_COST = 1e4
"""Objective coefficients are scaled to at most this: a solver's absolute tolerance of 1e-7 then means
1e-11 of the largest request, and the long tail of small ones still counts."""

FEASIBILITY_TOLERANCE = 1e-9
BOUND_SAFETY_RATIO = 1e-9
"""A bound that rests on a solver's floats is lowered by this ratio."""

PROVEN_RATIO = 1e-6
"""Cost and bound that agree to this ratio count as equal: the solver's tolerances explain the rest."""

MAX_COVER_ROUNDS = 50

STOPPED = {
    highspy.HighsModelStatus.kTimeLimit: "time-limit",
    highspy.HighsModelStatus.kInterrupt: "interrupted",
}
"""How a search ended that was stopped from outside, by the solver's status."""


def solve_exact(
    instance: Instance,
    *,
    stop: Stop | None = None,
    threads: int = 1,
    seed: int = 0,
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.perf_counter,
) -> Outcome:
    """Solve an instance by branch and bound [1]_.

    First the linear relaxation, whose duals are the prices of the certificate; then the integer model; then
    the best serving of the placement found, as a program of its own. When time runs out, or an end is asked
    for, before the search has a plan, the relaxation rounded serves instead.

    Parameters
    ----------
    instance : Instance
    stop : Stop or None
        Gap, time or wish at which to stop; None or no gap: proven optimal.
    threads : int
        Threads of the solver. The same number gives the same plan, unless a time limit or a wish ends the
        search.
    seed : int
        Seed of the solver.
    progress : Progress
        Called at the start and end of each phase.
    clock : callable
        Seconds on a clock that only goes forward.

    Returns
    -------
    Outcome

    Raises
    ------
    NoFeasiblePlanError
        Pins, launch rules and limits contradict each other.
    DeadlineError
        The time limit passed, or an end was asked for, before a plan was found.

    References
    ----------
    .. [1] Q. Huangfu, J. A. J. Hall, "Parallelizing the dual revised simplex method", Mathematical
       Programming Computation 10(1), 2018.
    """
    run = Run(stop if stop is not None else Stop(), threads, seed, progress, clock)
    if problems := broken_rules(instance):
        raise NoFeasiblePlanError("\n".join(problems))
    with run.phase("build"):
        variables = Variables.of(instance)
        rows = all_rows(instance, variables)
        model = _Model(objective(instance, variables), variables, rows)
    with run.phase("relaxation"):
        relaxed = _relax(instance, variables, model, rows, run)
    with run.phase("search"):
        found = _search(instance, variables, model, run, relaxed)
    with run.phase("serving"):
        serving = best_serving(instance, found.holds).serving
    with run.phase("certificate"):
        lower_priced = priced_bound(instance, relaxed.prices)

    upper, ideal = plan_cost(instance, found.holds, serving), ideal_cost(instance)
    above = max(found.bound, relaxed.bound)
    bound = ideal + above - BOUND_SAFETY_RATIO * (abs(ideal) + above)
    proven = max(bound, lower_priced)
    lower = min(proven, upper)
    status = _status(run.stop, found.ended, lower, upper)
    proof: BoundProof = "prices" if lower_priced >= lower else "branch-and-bound"
    return Outcome(
        placement=Placement(found.holds),
        serving=serving,
        prices=relaxed.prices,
        upper=upper,
        lower=lower,
        lower_priced=min(lower_priced, lower),
        status=status,
        bound_proof=proof,
        engine="exact",
        seconds=dict(run.seconds),
        warnings=_warnings(status, proven, upper),
    )


@dataclass(frozen=True, slots=True)
class _Relaxed:
    """Prices, the bound above the ideal [currency], and a placement by rounding, where one was found."""

    prices: Prices
    bound: float
    holds: Bools | None


def _relax(
    instance: Instance, variables: Variables, model: _Model, rows: tuple[Rows, ...], run: Run
) -> _Relaxed:
    """Solve the relaxation in at most half of the time left.

    Without an answer in that time the prices are zero, which is valid and weak.
    """
    ended = model.solve(run, 0.5, integer=False)
    if ended == "infeasible":
        raise NoFeasiblePlanError(CONTRADICTION)
    density = saving_density(instance, variables)
    if ended != "optimal":
        return _Relaxed(Prices.zero(instance), 0.0, rounded_holds(instance, variables, density))
    # Most of x is 0 or 1; the density decides among equals, and fills what room is left.
    tie = 1e-3 * density / max(float(density.max(initial=0.0)), 1e-300)
    return _Relaxed(
        prices=decode_prices(instance, rows, model.duals),
        bound=model.bound(integer=False),
        holds=rounded_holds(instance, variables, model.values()[: variables.n_holds] + tie),
    )


def _search(instance: Instance, variables: Variables, model: _Model, run: Run, relaxed: _Relaxed) -> _Found:
    """Branch and bound; where rounding to integers breaks a limit, forbid that set of files and go on."""
    ideal = ideal_cost(instance)

    def watch(lower: float, upper: float) -> None:
        run.report("search", ideal + lower, ideal + upper)

    model.narrow(upper_bounds(variables, integer=True))
    for attempt in range(MAX_COVER_ROUNDS):
        ended = model.solve(run, 1.0, integer=True, watch=watch)
        if ended == "infeasible":
            raise NoFeasiblePlanError(CONTRADICTION)
        if not model.has_solution():
            if ended in STOPPED.values() and relaxed.holds is not None:
                return _Found(relaxed.holds, model.bound(integer=True), ended)
            if ended == "interrupted":
                raise DeadlineError("no plan was found before the search was asked to end")
            if ended == "time-limit":
                raise DeadlineError(f"no plan was found within {run.stop.time_limit_s:g} s")
            raise CdnplanError(f"the solver ended without a plan: {model.report()}")
        holds = decode_holds(instance, variables, model.values())
        covers = broken_covers(instance, variables, holds)
        if not covers:
            return _Found(holds, model.bound(integer=True), ended)
        for number, cover in enumerate(covers):
            name = f"cover_{attempt}_{number}"
            model.add(name, cover, np.ones(cover.size), pulp.LpConstraintLE, cover.size - 1.0)
    raise CdnplanError(f"no placement within the limits after {MAX_COVER_ROUNDS} rounds of cuts")


def _status(stop: Stop, ended: str, lower: float, upper: float) -> Status:
    if ended == "time-limit":
        return "time-limit"
    if ended == "interrupted":
        return "interrupted"
    if upper - lower <= PROVEN_RATIO * max(1.0, abs(upper)):
        return "optimal"
    return "within-gap" if stop.gap_ratio else "feasible"


def _warnings(status: Status, proven: float, upper: float) -> tuple[str, ...]:
    texts = []
    if status == "feasible":
        texts.append("the solver ended before its own gap was closed: the data may be badly scaled")
    # Rounding explains a little; more would mean that cost or bound is computed wrongly.
    if proven > upper + PROVEN_RATIO * max(1.0, abs(upper)):
        texts.append(f"the bound {proven:.9g} exceeds the cost {upper:.9g} of the plan: do not trust either")
    return tuple(texts)


CONTRADICTION = "no placement keeps all pins and launch rules within storage, fill and churn limits"


@dataclass(frozen=True, slots=True)
class _Found:
    """What the search ended with: a placement, the bound above the ideal [currency], and how it ended."""

    holds: Bools
    bound: float
    ended: str


class _Solver(pulp.HiGHS):  # type: ignore[misc]  # PuLP is untyped here
    """PuLP's HiGHS, silent from the first moment; `watch` is called while it works, and may interrupt."""

    watch: Callable[[highspy.HighsCallbackEvent], None] | None = None
    time_limit_s: Callable[[], float | None] | None = None

    def createAndConfigureSolver(self, lp: pulp.LpProblem) -> None:  # noqa: N802  # PuLP's name
        """Make a silent solver with the options that PuLP collected."""
        lp.solverModel = QuietHighs()
        for option, value in (
            ("threads", self.threads),
            ("mip_rel_gap", self.gapRel),
            *self.optionsDict.items(),
        ):
            if value is not None:
                lp.solverModel.setOptionValue(option, value)
        if self.watch is not None:
            solver = lp.solverModel
            (solver.cbMipInterrupt if self.mip else solver.cbSimplexInterrupt).subscribe(self.watch)

    def callSolver(self, lp: pulp.LpProblem) -> None:  # noqa: N802  # PuLP's name
        """Run; the time limit is read now, after PuLP has handed the model over."""
        limit = None if self.time_limit_s is None else self.time_limit_s()
        if limit is not None:
            lp.solverModel.setOptionValue("time_limit", limit)
        lp.solverModel.run()


class _Model:
    """The PuLP problem, its variables by column and its constraints by family."""

    def __init__(self, cost: Floats, variables: Variables, rows: tuple[Rows, ...]) -> None:
        largest = float(np.abs(cost).max(initial=0.0))
        self.scale = largest / LARGEST_COST if largest > 0 else 1.0
        self.problem = pulp.LpProblem("cdnplan", pulp.LpMinimize)
        self.has_integers = variables.n_holds > 0
        low, high = lower_bounds(variables), upper_bounds(variables, integer=False)
        self.columns = [
            self.problem.add_variable(
                f"v{column:09d}",
                low[column],
                None if np.isinf(high[column]) else high[column],
                pulp.LpInteger if column < variables.n_holds else pulp.LpContinuous,
            )
            for column in range(variables.n_columns)
        ]
        scaled = (cost / self.scale).tolist()
        self.problem.setObjective(pulp.LpAffineExpression(zip(self.columns, scaled, strict=True)))
        self.constraints = {part.family: self._add(part) for part in rows}

    def _add(self, rows: Rows) -> list[pulp.LpConstraint]:
        added = []
        for row in range(rows.lower.size):
            entries = slice(int(rows.ptr[row]), int(rows.ptr[row + 1]))
            if rows.lower[row] == rows.upper[row]:
                sense, side = pulp.LpConstraintEQ, rows.upper[row]
            elif np.isfinite(rows.upper[row]):
                sense, side = pulp.LpConstraintLE, rows.upper[row]
            else:
                sense, side = pulp.LpConstraintGE, rows.lower[row]
            name = f"{rows.family}_{rows.at[row]}"
            added.append(self.add(name, rows.column[entries], rows.value[entries], sense, float(side)))
        return added

    def add(self, name: str, columns: Ints, values: Floats, sense: int, side: float) -> pulp.LpConstraint:
        """Add one constraint."""
        terms = zip((self.columns[c] for c in columns.tolist()), values.tolist(), strict=True)
        constraint = pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, name, side)
        self.problem.addConstraint(constraint)
        return constraint

    def solve(
        self,
        run: Run,
        time_ratio: float,
        *,
        integer: bool,
        watch: Callable[[float, float], None] | None = None,
    ) -> str:
        """Solve in a part of the time left; ``optimal``, ``infeasible``, one of `STOPPED` or ``failed``."""
        solver = _Solver(
            mip=integer,
            threads=run.threads,
            gapRel=run.stop.gap_ratio or 0.0,
            random_seed=run.seed % 2**31,
            primal_feasibility_tolerance=FEASIBILITY_TOLERANCE,
            dual_feasibility_tolerance=FEASIBILITY_TOLERANCE,
            mip_feasibility_tolerance=FEASIBILITY_TOLERANCE,
        )
        solver.time_limit_s = lambda: run.remaining(time_ratio)

        def on_event(event: highspy.HighsCallbackEvent) -> None:
            if watch is not None:
                found = event.data_out
                watch(found.mip_dual_bound * self.scale, found.mip_primal_bound * self.scale)
            if run.stop.asked():
                event.interrupt()

        solver.watch = on_event
        self.problem.solve(solver)
        if self.problem.sol_status == pulp.LpSolutionOptimal:
            return "optimal"
        if self.problem.status == pulp.LpStatusInfeasible:
            return "infeasible"
        return STOPPED.get(self.problem.solverModel.getModelStatus(), "failed")

    def has_solution(self) -> bool:
        """Whether the solver holds a feasible point; without one its variables still read 0."""
        status = self.problem.solverModel.getInfo().primal_solution_status
        return bool(status == int(highspy.SolutionStatus.kSolutionStatusFeasible))

    def values(self) -> Floats:
        """Value of each column."""
        return np.array([column.varValue for column in self.columns])

    def narrow(self, upper: Floats) -> None:
        """Set the upper side of every column."""
        for column, side in zip(self.columns, upper.tolist(), strict=True):
            column.upBound = None if side == np.inf else side

    def report(self) -> str:
        """The solver's own words for how it ended."""
        solver = self.problem.solverModel
        return str(solver.modelStatusToString(solver.getModelStatus()))

    def bound(self, *, integer: bool) -> float:
        """Proven lower side of the objective [currency], from the solver's own account."""
        info = self.problem.solverModel.getInfo()
        proven = info.mip_dual_bound if integer and self.has_integers else info.objective_function_value
        # Every cost above the ideal is at least 0, whatever the solver had time to prove.
        return max(0.0, float(proven) * self.scale)

    def duals(self, family: str) -> Floats:
        """Dual of each row of a family [currency per unit of the row]."""
        return np.array([row.pi for row in self.constraints[family]]) * self.scale
