"""The restricted master program: mix known columns of every file so that all limits hold [1]_.

Its duals are prices of the limits. Prices may be kept in a box: what lies outside can be bought above, and
sold below, the prices at the box's edges, so the program always has a solution.

Most files take one column whole, and which one is plain from prices nearly right. Only files about which
prices leave doubt enter the program, and only columns nearly as cheap as the cheapest; those that turn out
otherwise under its duals follow, until there are none, and then the solution is that of the whole program
(sifting [2]_).

References
----------
.. [1] G. B. Dantzig, P. Wolfe, "Decomposition Principle for Linear Programs",
   Operations Research 8(1), 1960.
.. [2] R. E. Bixby, J. W. Gregory, I. J. Lustig, R. E. Marsten, D. F. Shanno, "Very Large-Scale Linear
   Programming: A Case Study in Combining Interior Point and Simplex Methods", Operations Research 40(5),
   1992.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.lp.highs import ENDED, QuietHighs
from cdnplan.optimize.master.column_ranks import largest, least, nearest, ranked
from cdnplan.optimize.master.file_columns import Columns, launch_use
from cdnplan.optimize.master.master_program import Basis, Layout, Shape, program
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.parameters.closing import MasterParameters
from cdnplan.parameters.parameters import DEFAULTS

Bools = npt.NDArray[np.bool_]

SMALLEST_SCALE = 1e-6
"""Limits near zero are divided by this part of what is asked of them instead."""

AMOUNT = 1e-9
"""Less than this bought or sold counts as nothing."""
OTHERWISE: tuple[dict[str, str | float], ...] = (
    {"solver": "choose", "simplex_strategy": 1, "presolve": "off"},
    {"presolve": "on", "dual_feasibility_tolerance": 1e-7},
)
"""Options of further tries, where HiGHS does not solve a program: the dual simplex from nothing, then with a
tolerance that prices can live with."""
SAME = 1e-8
"""Columns that differ by less than this part of the mean cost of columns, prices included, are as good."""


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
    boxed : (n_limits,) bool
        Limits where something was bought or sold at the box's edges, so the box is too small.
    """

    value: float
    share: Floats
    price: Floats
    launch: Floats
    boxed: Bools


class Master:
    """Solves restricted masters of one instance, each from the basis of the one before.

    Parameters
    ----------
    instance : Instance
    limits : LimitVector
    prices : Prices
        Perhaps near those of the first master: they tell which files are in doubt.
    span : float
        Cost to be explained: masters are solved to a small part of it [currency].
    parameters : MasterParameters
    """

    def __init__(
        self,
        instance: Instance,
        limits: LimitVector,
        prices: Prices,
        span: float,
        parameters: MasterParameters = DEFAULTS.master,
    ) -> None:
        self._instance, self._numbers = instance, parameters
        self._limits = limits
        self._span = span
        self._exists = np.isfinite(limits.limit)
        self._existing = np.flatnonzero(self._exists)
        self._price = np.where(self._exists, limits.flat(prices), 0.0)
        self._launch = prices.launch
        self._most = np.zeros((instance.n_files, self._existing.size))
        self._counted = 0
        self._pick: Ints | None = None
        self._basis: Basis | None = None

    def solve(self, columns: Columns, names: Ints, low: Floats, high: Floats) -> Mixed:
        """Mix columns at least cost.

        Parameters
        ----------
        columns : Columns
            At least one for each file; those of the last call come first.
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
        shape, numbers = self._shape(columns, low), self._numbers
        unit = max(float(np.abs(columns.cost).mean()) if columns.file.size else 0.0, 1e-300)
        # Even without a box: the first columns may come from a placement that breaks limits.
        dear = numbers.dear * max(float(np.abs(columns.cost).max(initial=0.0)), unit)
        high = high.copy()
        high[shape.rows] = np.where(np.isinf(high[shape.rows]), dear / shape.scale, high[shape.rows])
        held = launch_use(self._instance, columns)
        reduced = self._reduced(columns, held)
        best, second, pick = ranked(columns.file, reduced, self._instance.n_files)
        most = numbers.undecided + numbers.undecided_per_limit * shape.rows.size
        undecided = least(second - best, most)
        if self._pick is not None:
            pick = self._pick
            undecided |= reduced[pick] > best + SAME * unit
        undecided[self._instance.launch_file] = True  # else their rules might be out of reach
        few = self._instance.n_files <= most
        near = np.ones(reduced.size, dtype=np.bool_) if few else self._near(columns, names, reduced, pick)
        while True:
            mixed = self._mix(columns, names, held, shape, low, high, unit, undecided, pick, near)
            self._price, self._launch = mixed.price, mixed.launch
            reduced = self._reduced(columns, held)
            best, _, _ = ranked(columns.file, reduced, self._instance.n_files)
            known, _, _ = ranked(columns.file, np.where(near, reduced, np.inf), self._instance.n_files)
            dearer = np.where(undecided, known, reduced[pick]) - best
            wrong = dearer > SAME * unit
            # What all of them lack in reduced cost is how far the program may be above the whole one.
            if dearer.sum() <= numbers.exact_to * self._span or not wrong.any():
                self._pick = largest(columns.file, mixed.share, self._instance.n_files)
                return mixed
            undecided |= wrong
            near |= nearest(columns.file, reduced, numbers.nearest) & wrong[columns.file]

    def _near(self, columns: Columns, names: Ints, reduced: Floats, pick: Ints) -> Bools:
        """Columns that the program begins with: the nearest, those picked and those in the last basis."""
        near = nearest(columns.file, reduced, self._numbers.nearest)
        near[pick] = True
        near |= np.isin(columns.file, self._instance.launch_file)  # else their rules might be out of reach
        if self._basis is not None:
            known = np.flatnonzero(names < self._basis.basic.size)
            near[known] |= self._basis.basic[names[known]]
        return near

    def _reduced(self, columns: Columns, held: Floats) -> Floats:
        """Cost of columns, prices included."""
        return np.asarray(columns.cost + columns.use @ self._price - held @ self._launch)

    def _mix(
        self,
        columns: Columns,
        names: Ints,
        held: Floats,
        shape: Shape,
        low: Floats,
        high: Floats,
        unit: float,
        undecided: Bools,
        pick: Ints,
        near: Bools,
    ) -> Mixed:
        """Solve the program of undecided files and near columns; other files take the column picked."""
        limits, rows = self._limits, shape.rows
        layout = Layout.of(columns, pick, undecided[columns.file] & near)
        left = limits.limit[rows] - columns.use[pick][:, rows].sum(axis=0)
        lacking = self._instance.launch_min - held[pick].sum(axis=0)
        solver = QuietHighs()
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("presolve", "off")
        solver.setOptionValue("dual_feasibility_tolerance", 1e-9)
        solver.passModel(program(columns, held, layout, shape, left, lacking, low, high, unit))
        known = 0 if self._basis is None else self._basis.basic.size
        many = rows.size > self._numbers.many_limits
        if many and (names[layout.inside] >= known).sum() > self._numbers.many_new:
            solver.setOptionValue("solver", "ipm")
            solver.setOptionValue("presolve", "on")
        elif self._basis is not None:
            solver.setOptionValue("simplex_strategy", 4)
            solver.setBasis(self._basis.carried(layout, names, shape))
        status = solver.run_until_optimal(*OTHERWISE)
        # Empty: every file is plain, and no limit is in reach.
        if status not in ENDED:
            message = f"the master program ended as {solver.modelStatusToString(status)}"
            raise RuntimeError(message)
        self._basis = Basis.of(solver.getBasis(), layout, names, limits.limit.size, shape)
        solution = solver.getSolution()
        x, dual = np.asarray(solution.col_value), np.asarray(solution.row_dual) * unit
        n, k = layout.inside.size, layout.rows.size
        price = np.zeros(limits.limit.size)
        price[rows] = np.maximum(0.0, -dual[k : k + rows.size] / shape.scale)
        boxed = np.zeros(limits.limit.size, dtype=np.bool_)
        boxed[rows] = (x[n : n + rows.size] > AMOUNT) & (high[rows] < limits.cap[rows])
        boxed[rows[shape.sell]] |= x[n + rows.size :] > AMOUNT
        return Mixed(
            value=float(solver.getObjectiveValue()) * unit + float(columns.cost[pick].sum()),
            share=layout.shares(x[:n], columns.file.size),
            price=np.minimum(price, limits.cap),
            launch=np.maximum(0.0, dual[k + rows.size :]),
            boxed=boxed,
        )

    def _shape(self, columns: Columns, low: Floats) -> Shape:
        """Limits that can matter, what to divide them by, and where the box has edges."""
        limits = self._limits
        order = self._counted + np.argsort(columns.file[self._counted :], kind="stable")
        self._counted = columns.file.size
        file = columns.file[order]
        first = np.flatnonzero(np.diff(file, prepend=-1))
        if first.size:
            use = columns.use[order[:, None], self._existing]
            highest = np.maximum.reduceat(use, first, axis=0)
            self._most[file[first]] = np.maximum(self._most[file[first]], highest)
        most = np.zeros(limits.limit.size)
        most[self._existing] = self._most.sum(axis=0)
        rows = np.flatnonzero(self._exists & ((most > limits.limit) | (low > 0)))
        scale = np.maximum(limits.limit[rows], SMALLEST_SCALE * most[rows])
        scale[scale <= 0.0] = 1.0
        return Shape(rows, scale, np.flatnonzero(low[rows] > 0))
