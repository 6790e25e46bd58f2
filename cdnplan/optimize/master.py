"""The restricted master program: mix known columns of every file so that all limits hold [1]_.

Its duals are prices of the limits. Prices may be kept in a box: what lies outside can be bought above, and
sold below, the prices at the box's edges, so the program always has a solution.

References
----------
.. [1] G. B. Dantzig, P. Wolfe, "Decomposition Principle for Linear Programs",
   Operations Research 8(1), 1960.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.optimize.file_columns import Columns, launch_use
from cdnplan.optimize.highs import QuietHighs
from cdnplan.optimize.limits import LimitVector

SMALLEST_SCALE = 1e-6
"""Limits near zero are divided by this part of what is asked of them instead."""

AMOUNT = 1e-9
"""Less than this bought or sold counts as nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Limits in the program, divisors of their rows, and which of them may be bought and sold."""

    rows: Ints
    scale: Floats
    buy: Ints
    sell: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """A solution of the restricted master.

    Parameters
    ----------
    value : float
        Cost of the mixture, with what was bought and sold at the box's edges [currency].
    share : (n_columns,) float64
        Of the columns; those of one file add up to 1.
    price : (n_limits,) float64
        Duals of the limits [currency per GB or Gbit/s].
    launch : (n_launches,) float64
        Duals of the launch rules [currency].
    worth : (n_files,) float64
        Duals of the files' convexity rows [currency].
    boxed : (n_limits,) bool
        Limits where something was bought or sold at the box's edges, so the box is too small.
    """

    value: float
    share: Floats
    price: Floats
    launch: Floats
    boxed: npt.NDArray[np.bool_]


class Master:
    """Solves restricted masters of one instance, each from the basis of the one before."""

    def __init__(self, instance: Instance, limits: LimitVector) -> None:
        self._instance = instance
        self._limits = limits
        self._exists = np.isfinite(limits.limit)
        self._cols: dict[int, highspy.HighsBasisStatus] = {}
        self._rows: dict[int, highspy.HighsBasisStatus] = {}

    def solve(self, columns: Columns, names: Ints, low: Floats, high: Floats) -> Mixed:
        """Mix columns at least cost.

        Parameters
        ----------
        columns : Columns
            At least one for each file.
        names : (n_columns,) int64
            A number for each column that never changes, not negative: how a basis finds it again.
        low, high : (n_limits,) float64
            Box of prices [currency per GB or Gbit/s]; 0 and inf (for links: the overload cost) where there
            is none.

        Returns
        -------
        Mixed

        Raises
        ------
        RuntimeError
            HiGHS did not solve the program.
        """
        limits = self._limits
        shape = self._shape(columns, low, high)
        unit = max(float(np.abs(columns.cost).mean()) if columns.file.size else 0.0, 1e-300)
        solver = QuietHighs()
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("presolve", "off")
        solver.setOptionValue("dual_feasibility_tolerance", 1e-9)
        solver.passModel(self._program(columns, shape, low, high, unit))
        keys = np.concatenate([names, -1 - 2 * shape.rows[shape.buy], -2 - 2 * shape.rows[shape.sell]])
        n_files, n_rows = self._instance.n_files, shape.rows.size
        row_keys = np.concatenate(
            [np.arange(n_files), n_files + shape.rows, -1 - np.arange(self._instance.n_launches)]
        )
        if self._cols:
            solver.setOptionValue("simplex_strategy", 4)
            solver.setBasis(self._start(keys, row_keys))
        solver.run()
        status = solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            message = f"the master program ended as {solver.modelStatusToString(status)}"
            raise RuntimeError(message)
        self._remember(solver, keys, row_keys)
        solution = solver.getSolution()
        x = np.asarray(solution.col_value)
        dual = np.asarray(solution.row_dual) * unit
        price = np.zeros(limits.limit.size)
        price[shape.rows] = np.maximum(0.0, -dual[n_files : n_files + n_rows] / shape.scale)
        bought, sold = shape.rows[shape.buy], shape.rows[shape.sell]
        boxed = np.zeros(limits.limit.size, dtype=np.bool_)
        n = columns.file.size
        boxed[bought] |= (x[n : n + bought.size] > AMOUNT) & (high[bought] < limits.cap[bought])
        boxed[sold] |= x[n + bought.size :] > AMOUNT
        return Mixed(
            value=float(solver.getObjectiveValue()) * unit,
            share=x[:n],
            price=np.minimum(price, limits.cap),
            launch=np.maximum(0.0, dual[n_files + n_rows :]),
            boxed=boxed,
        )

    def _shape(self, columns: Columns, low: Floats, high: Floats) -> _Shape:
        """Limits that can matter, what to divide them by, and where the box has edges."""
        limits = self._limits
        most = _most_use(columns, self._instance.n_files)
        rows = np.flatnonzero(self._exists & ((most.sum(axis=0) > limits.limit) | (low > 0)))
        scale = np.maximum(limits.limit[rows], SMALLEST_SCALE * most[:, rows].sum(axis=0))
        scale[scale <= 0.0] = 1.0
        return _Shape(rows, scale, np.flatnonzero(np.isfinite(high[rows])), np.flatnonzero(low[rows] > 0))

    def _program(
        self, columns: Columns, shape: _Shape, low: Floats, high: Floats, unit: float
    ) -> highspy.HighsLp:
        """Columns, then what may be bought and sold; files' convexity rows, limits, launch rules."""
        inst, limits, rows, scale = self._instance, self._limits, shape.rows, shape.scale
        buy, sell, n_files = shape.buy, shape.sell, inst.n_files
        starts, index, value = _entries(
            columns, columns.use[:, rows] / scale, launch_use(inst, columns), n_files
        )
        program = highspy.HighsLp()
        program.num_col_ = columns.file.size + buy.size + sell.size
        program.num_row_ = n_files + rows.size + inst.n_launches
        edges = [(high[rows] * scale)[buy], -(low[rows] * scale)[sell]]
        program.col_cost_ = np.concatenate([columns.cost, *edges]) / unit
        program.col_lower_ = np.zeros(program.num_col_)
        program.col_upper_ = np.full(program.num_col_, np.inf)
        program.row_lower_ = np.concatenate(
            [np.ones(n_files), np.full(rows.size, -np.inf), inst.launch_min.astype(np.float64)]
        )
        program.row_upper_ = np.concatenate(
            [np.ones(n_files), limits.limit[rows] / scale, np.full(inst.n_launches, np.inf)]
        )
        program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        extra = np.arange(1, buy.size + sell.size + 1)
        program.a_matrix_.start_ = np.concatenate([starts, starts[-1] + extra]).astype(np.int32)
        program.a_matrix_.index_ = np.concatenate([index, n_files + buy, n_files + sell]).astype(np.int32)
        program.a_matrix_.value_ = np.concatenate([value, -np.ones(buy.size), np.ones(sell.size)])
        return program

    def _start(self, keys: Ints, row_keys: Ints) -> highspy.HighsBasis:
        """The last basis on these columns and rows; new columns start at zero, new rows basic."""
        basis = highspy.HighsBasis()
        lower, basic = highspy.HighsBasisStatus.kLower, highspy.HighsBasisStatus.kBasic
        basis.col_status = [self._cols.get(key, lower) for key in keys.tolist()]
        basis.row_status = [self._rows.get(key, basic) for key in row_keys.tolist()]
        basis.valid = True
        basis.alien = True
        return basis

    def _remember(self, solver: QuietHighs, keys: Ints, row_keys: Ints) -> None:
        basis = solver.getBasis()
        self._cols = dict(zip(keys.tolist(), basis.col_status, strict=True))
        self._rows = dict(zip(row_keys.tolist(), basis.row_status, strict=True))


def _most_use(columns: Columns, n_files: int) -> Floats:
    """Most that any column of each file uses of each limit, (n_files, n_limits) [GB or Gbit/s]."""
    most = np.zeros((n_files, columns.use.shape[1]))
    order = np.argsort(columns.file, kind="stable")
    file = columns.file[order]
    first = np.flatnonzero(np.diff(file, prepend=-1))
    if first.size:
        most[file[first]] = np.maximum.reduceat(columns.use[order], first, axis=0)
    return most


def _entries(columns: Columns, used: Floats, pools_held: Floats, n_files: int) -> tuple[Ints, Ints, Floats]:
    """Matrix entries column by column: starts, rows and values."""
    matrix = np.concatenate([used, pools_held], axis=1)
    at, which = np.nonzero(matrix)
    counts = np.bincount(at, minlength=columns.file.size) + 1
    starts = np.concatenate([[0], np.cumsum(counts)])
    index = np.empty(starts[-1], dtype=np.int64)
    value = np.empty(starts[-1])
    index[starts[:-1]], value[starts[:-1]] = columns.file, 1.0
    rest = np.ones(starts[-1], dtype=np.bool_)
    rest[starts[:-1]] = False
    index[rest], value[rest] = n_files + which, matrix[at, which]
    return starts, index, value
