"""The whole model straight to HiGHS, as a linear program and as an integer one.

The arrays are those of the exact engine's formulation (`exact_variables.py`, `exact_constraints.py`); PuLP,
which needs a Python object for every entry, is left out, so that only HiGHS is timed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import highspy
import numpy as np

from benchmarks.traces import Trace
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.optimize.exact.exact_constraints import Rows, all_rows, lower_bounds, objective, upper_bounds
from cdnplan.optimize.exact.exact_variables import Variables
from cdnplan.optimize.lp.highs import QuietHighs

LARGEST_COST = 1e4
"""Coefficients of the objective are scaled to at most this, as in the exact engine."""
LOOSE_TOLERANCE = 1e-2
"""Relative gap at which the first-order method may stop."""
MIP_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Answer:
    """What HiGHS made of it.

    Parameters
    ----------
    status : str
        HiGHS's own words.
    value : float or None
        Of the relaxation, where it ended, or of the integer plan found; above the ideal [currency].
    lower : float or None
        Proven lower side, above the ideal [currency].
    holds : (n_pools, n_files) bool or None
        Placement of the integer program.
    build_s, solve_s : float
    columns, rows : int
    """

    status: str
    value: float | None
    lower: float | None
    holds: np.ndarray | None
    build_s: float
    solve_s: float
    columns: int
    rows: int


def solve_lp(instance: Instance, solver: str, limit_s: float, threads: int) -> Answer:
    """Solve the relaxation.

    Parameters
    ----------
    instance : Instance
    solver : {"choose", "ipm", "pdlp"}
        HiGHS's own choice (dual simplex); the interior point method without crossover; the first-order
        method, to a relative gap of 1% only, whose value is near the optimum but proves nothing.
    limit_s : float
    threads : int

    Returns
    -------
    Answer
    """
    begun = time.perf_counter()
    variables, model, scale = _model(instance, integer=False)
    highs = _highs(limit_s, threads)
    highs.setOptionValue("solver", solver)
    if solver == "ipm":
        highs.setOptionValue("run_crossover", "off")
    if solver == "pdlp":
        highs.setOptionValue("kkt_tolerance", LOOSE_TOLERANCE)
    highs.passModel(model)
    built = time.perf_counter()
    highs.run()
    solve_s = time.perf_counter() - built
    optimal = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    value = float(highs.getInfo().objective_function_value) * scale if optimal else None
    return Answer(
        status=_status(highs),
        value=value,
        lower=None if solver == "pdlp" else value,
        holds=None,
        build_s=built - begun,
        solve_s=solve_s,
        columns=variables.n_columns,
        rows=int(model.num_row_),
    )


def solve_mip(instance: Instance, limit_s: float, threads: int, trace: Trace) -> Answer:
    """Solve the integer program; `trace` hears of its bounds, which are absolute.

    Parameters
    ----------
    instance : Instance
    limit_s : float
    threads : int
    trace : Trace

    Returns
    -------
    Answer
    """
    begun = time.perf_counter()
    variables, model, scale = _model(instance, integer=True)
    highs = _highs(limit_s, threads)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_feasibility_tolerance", MIP_TOLERANCE)
    highs.setOptionValue("primal_feasibility_tolerance", MIP_TOLERANCE)

    def watch(event: highspy.HighsCallbackEvent) -> None:
        found = event.data_out
        bounds = (found.mip_dual_bound * scale, found.mip_primal_bound * scale)
        lower, upper = (trace.ideal + bound if np.isfinite(bound) else None for bound in bounds)
        trace("search", 0.0, lower, upper)

    highs.cbMipInterrupt += watch
    highs.passModel(model)
    built = time.perf_counter()
    highs.run()
    solve_s = time.perf_counter() - built
    info = highs.getInfo()
    feasible = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    holds = None
    if feasible:
        x = np.asarray(highs.getSolution().col_value)[: variables.n_holds] > 0.5
        holds = np.zeros((instance.n_pools, instance.n_files), dtype=np.bool_)
        holds[variables.hold_pool[x], variables.hold_file[x]] = True
    return Answer(
        status=_status(highs),
        value=float(info.objective_function_value) * scale if feasible else None,
        lower=max(0.0, float(info.mip_dual_bound) * scale) if np.isfinite(info.mip_dual_bound) else None,
        holds=holds,
        build_s=built - begun,
        solve_s=solve_s,
        columns=variables.n_columns,
        rows=int(model.num_row_),
    )


def _model(instance: Instance, *, integer: bool) -> tuple[Variables, highspy.HighsLp, float]:
    """Model, its variables, and what one unit of its objective is [currency]."""
    variables = Variables.of(instance)
    rows = all_rows(instance, variables)
    cost = objective(instance, variables)
    largest = float(np.abs(cost).max(initial=0.0))
    scale = largest / LARGEST_COST if largest > 0 else 1.0
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = variables.n_columns, sum(part.lower.size for part in rows)
    model.col_cost_ = cost / scale
    model.col_lower_ = lower_bounds(variables)
    model.col_upper_ = upper_bounds(variables, integer=integer)
    model.row_lower_ = np.concatenate([part.lower for part in rows])
    model.row_upper_ = np.concatenate([part.upper for part in rows])
    _set_matrix(model.a_matrix_, rows)
    if integer:
        kinds = [highspy.HighsVarType.kInteger] * variables.n_holds
        kinds += [highspy.HighsVarType.kContinuous] * (variables.n_columns - variables.n_holds)
        model.integrality_ = kinds
    return variables, model, scale


def _set_matrix(matrix: highspy.HighsSparseMatrix, rows: tuple[Rows, ...]) -> None:
    counts: Floats = np.concatenate([np.diff(part.ptr) for part in rows])
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    matrix.index_ = np.concatenate([part.column for part in rows]).astype(np.int32)
    matrix.value_ = np.concatenate([part.value for part in rows])


def _highs(limit_s: float, threads: int) -> QuietHighs:
    highs = QuietHighs()
    highs.setOptionValue("time_limit", limit_s)
    highs.setOptionValue("threads", threads)
    return highs


def _status(highs: QuietHighs) -> str:
    return str(highs.modelStatusToString(highs.getModelStatus()))
