"""A small integer program in arrays, solved by HiGHS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.lp.highs import QuietHighs
from cdnplan.optimize.lp.linear_program import Matrix, linear_program

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One constraint: lower ≤ Σ coefficient · column ≤ upper.

    Parameters
    ----------
    columns : (n,) int64
        Those that take part, each once.
    coefficients : (n,) float64
    lower, upper : float
    """

    columns: Ints
    coefficients: Floats
    lower: float = -np.inf
    upper: float = np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """An optimum: the columns, and the objective."""

    columns: Floats
    objective: float


def solve_integer_program(
    cost: Floats,
    upper: Floats,
    integer: npt.NDArray[np.bool_],
    rows: Sequence[Row],
    *,
    seed: int = 0,
) -> Solved | None:
    """Minimise cost · x, 0 ≤ x ≤ upper, by branch and bound [1]_, to proven optimality.

    Parameters
    ----------
    cost, upper : (n_columns,) float64
    integer : (n_columns,) bool
        Which columns are whole numbers; none makes it a linear program.
    rows : sequence of Row
    seed : int

    Returns
    -------
    Solved or None
        None where nothing keeps all rows.

    Raises
    ------
    RuntimeError
        The solver ended in another way.

    References
    ----------
    .. [1] Q. Huangfu, J. A. J. Hall, "Parallelizing the dual revised simplex method", Mathematical
       Programming Computation 10(1), 2018.

    Examples
    --------
    >>> row = Row(np.array([0, 1]), np.array([3.0, 2.0]), lower=4.0)
    >>> both = np.array([True, True])
    >>> found = solve_integer_program(np.array([5.0, 4.0]), np.array([9.0, 9.0]), both, [row])
    >>> found.columns.tolist(), found.objective
    ([0.0, 2.0], 8.0)
    """
    unit = max(float(np.abs(cost).max(initial=0.0)), 1e-300)
    # Each row is divided by its largest coefficient.
    scale = np.array([np.abs(row.coefficients).max(initial=0.0) or 1.0 for row in rows])
    size = np.array([row.columns.size for row in rows], dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    lp = linear_program(
        cost / unit,
        (np.zeros(cost.size), upper),
        (np.array([row.lower for row in rows]) / scale, np.array([row.upper for row in rows]) / scale),
        Matrix(
            np.concatenate([[0], np.cumsum(size)]),
            np.concatenate([none, *(row.columns for row in rows)]),
            np.concatenate([none, *(row.coefficients for row in rows)]) / np.repeat(scale, size),
            by_row=True,
        ),
    )
    if integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in integer]
    solver = QuietHighs()
    for option, value in (
        ("threads", 1),
        ("random_seed", seed % 2**31),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", TOLERANCE),
        ("primal_feasibility_tolerance", TOLERANCE),
        ("mip_feasibility_tolerance", TOLERANCE),
    ):
        solver.setOptionValue(option, value)
    solver.passModel(lp)
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    if status != highspy.HighsModelStatus.kOptimal:
        message = f"the integer program ended as {solver.modelStatusToString(status)}"
        raise RuntimeError(message)
    columns = np.asarray(solver.getSolution().col_value, dtype=np.float64)
    columns = np.where(integer, np.round(columns), columns) + 0.0  # no negative zeros
    return Solved(columns, float(cost @ columns))
