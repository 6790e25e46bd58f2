"""Round the master program's mixture to a placement: the largest files first, the smallest by a small MIP.

A mixture of columns leaves few files undecided, but where pools hold only dozens of files, each rounding
moves a pool by a large part of its room. So files are decided from the largest down: each takes the column
with the largest share, and the linear program, solved anew, lets all smaller files make good for it (diving,
[1]_). Hundreds of large files decided so cost next to nothing; in the end only the smallest are open. Where
files are few, an exact program over their near columns fits them into what room is left; and last, changes of
single files mend what is still too full. Throughput is soft in all that: the exact serving afterwards can
split requests, which columns cannot.

Nothing is guaranteed; what comes out is compared with what is there already.

References
----------
.. [1] T. Berthold, "Primal Heuristics for Mixed Integer Programs", Zuse Institute Berlin, 2006, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Ints
from cdnplan.model.placement import Prices
from cdnplan.optimize.bound import FileSolver
from cdnplan.optimize.file_columns import Columns, launch_use
from cdnplan.optimize.highs import QuietHighs
from cdnplan.optimize.limits import LimitVector
from cdnplan.optimize.master import SMALLEST_SCALE
from cdnplan.optimize.near_columns import near_columns

Bools = npt.NDArray[np.bool_]

SMALLEST = 100
"""Files left to the exact program."""
NEAR, NEAR_SMALL = 8, 20
"""Columns of each file, and of the smallest ones."""
EXTENDED, EXACT_UP_TO = 300, 1_000
"""Smallest files that get further columns, the others keep to those known; and up to so many files in all
there is an exact program: with more, what a few of them cost is lost among the others."""
SOFT, LEAST_SOFT = 1.5, 0.05
"""Throughput above its limit is charged this many times its price, and this part of the dearest limit."""
HARD = 100.0
"""Storage and new bytes above their limits are charged this many times the dearest limit."""
SPARE = 2e-6
"""Part of such limits left free: the exact program keeps its rows to a millionth only."""
NODES = 10
"""Of the exact program's search: a count, so that every run ends the same."""
CLOSE_RATIO = 0.02
"""The exact program may end so close to its bound, as a part of the gap."""
SHUFFLE = 0.3
"""Sizes vary at random up to so much in the order of later tries."""
WHOLE = 1e-6
LEAST_SAVED = 1e-9
"""Part of a column's usual cost that a change has to save."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Limits in the program as scaled rows, what a whole row of excess costs, and columns by file."""

    matrix: Floats
    room: Floats
    launch: Floats
    charge: Floats
    launch_min: Floats
    start: Ints


class Rounding:
    """Rounds mixtures of one instance under fixed prices, as often as asked.

    Parameters
    ----------
    solver : FileSolver
    limits : LimitVector
    prices : Prices
        The master program's last ones.
    known : Columns
        Its columns.
    """

    def __init__(self, solver: FileSolver, limits: LimitVector, prices: Prices, known: Columns) -> None:
        inst = solver.instance
        self._size = inst.size_gb
        smallest = np.argsort(self._size, kind="stable")
        most = np.full(inst.n_files, NEAR, dtype=np.int64)
        most[smallest[:SMALLEST]] = NEAR_SMALL
        extended = np.zeros(inst.n_files, dtype=np.bool_)
        extended[smallest[:EXTENDED]] = True
        self.columns = near_columns(solver, limits, prices, known, most, extended)
        self._rows = _rows(solver, limits, prices, self.columns)
        self._unit = max(float(np.abs(self.columns.cost).mean()), 1e-300)
        self._relaxed = self._program(np.arange(inst.n_files), self._rows.room, integer=False)
        self._relaxed.run()
        self._basis = self._relaxed.getBasis()

    def round(self, number: int, gap: float) -> Bools:
        """Make a placement.

        Parameters
        ----------
        number : int
            Of the try: 0 goes by size alone, others shuffle the order, each in its own way.
        gap : float
            Cost of the best placement above the bound, which says how exactly to solve the last program
            [currency].

        Returns
        -------
        (n_pools, n_files) bool
            May break storage or fill limits, where nothing near fits.
        """
        choice, rest = self._dive(number)
        if rest.size > 0 and choice.size <= EXACT_UP_TO:
            choice = self._finish(choice, rest, gap)
        return np.ascontiguousarray(self.columns.holds[self._settle(choice)].T)

    def _dive(self, number: int) -> tuple[Ints, Ints]:
        """Decide all but the smallest files; returns a column of each file, and the files still open."""
        n_files, n_cols = self._size.size, self.columns.file.size
        program = self._relaxed
        every = np.arange(n_cols, dtype=np.int32)
        program.changeColsBounds(n_cols, every, np.zeros(n_cols), np.ones(n_cols))
        program.setBasis(self._basis)
        program.run()
        noise = 0.0 if number == 0 else SHUFFLE
        size = self._size * (1.0 + noise * np.random.default_rng(number).random(n_files))
        waiting = np.argsort(-size, kind="stable")
        choice = np.zeros(n_files, dtype=np.int64)
        while True:
            share = np.asarray(program.getSolution().col_value)[:n_cols]
            top = self._largest(share)
            choice[waiting] = top[waiting]
            if waiting.size <= SMALLEST:
                return choice, np.sort(waiting)
            # All that are whole anyway, from the largest down, and the first one that is not.
            split = np.flatnonzero(share[top[waiting]] < 1.0 - WHOLE)
            count = min(int(split[0]) + 1 if split.size else waiting.size, waiting.size - SMALLEST)
            decided, waiting = waiting[:count], waiting[count:]
            self._decide(decided, choice)
            program.run()

    def _largest(self, share: Floats) -> Ints:
        """The column with the largest share of each file, the nearest of those that tie."""
        order = np.lexsort((-np.arange(share.size), share, self.columns.file))
        last = self._rows.start[1:] - 1
        return np.asarray(order[last], dtype=np.int64)

    def _decide(self, files: Ints, choice: Ints) -> None:
        start = self._rows.start
        mine = np.concatenate([np.arange(start[f], start[f + 1]) for f in files])
        fixed = np.zeros(self.columns.file.size)
        fixed[choice[files]] = 1.0
        self._relaxed.changeColsBounds(mine.size, mine.astype(np.int32), fixed[mine], fixed[mine])

    def _finish(self, choice: Ints, rest: Ints, gap: float) -> Ints:
        """Columns of the open files by an exact program, all others as chosen."""
        rows = self._rows
        decided = np.ones(choice.size, dtype=np.bool_)
        decided[rest] = False
        there = choice[decided]
        program = self._program(
            rest,
            rows.room - rows.matrix[there].sum(axis=0),
            integer=True,
            counted=rows.launch[there].sum(axis=0),
        )
        program.setOptionValue("mip_max_nodes", NODES)
        program.setOptionValue("mip_allow_restart", False)
        program.setOptionValue("mip_rel_gap", 0.0)
        program.setOptionValue("mip_abs_gap", CLOSE_RATIO * gap / self._unit)
        program.run()
        mine = self._of(rest)
        value = np.asarray(program.getSolution().col_value)
        result = choice.copy()
        if value.size:
            taken = mine[value[: mine.size] > 0.5]
            result[self.columns.file[taken]] = taken
        return result

    def _settle(self, choice: Ints) -> Ints:
        """Change one file's column at a time, the one that saves most, as long as any does."""
        rows, columns, choice = self._rows, self.columns, choice.copy()
        load = rows.matrix[choice].sum(axis=0)
        for _ in range(choice.size):
            now = choice[columns.file]
            after = load + rows.matrix - rows.matrix[now]
            charged = np.maximum(after - rows.room, 0.0) @ rows.charge
            change = columns.cost - columns.cost[now] + charged
            best = int(np.argmin(change))
            if change[best] >= np.maximum(load - rows.room, 0.0) @ rows.charge - LEAST_SAVED * self._unit:
                break
            choice[columns.file[best]], load = best, after[best]
        return choice

    def _of(self, files: Ints) -> Ints:
        start = self._rows.start
        return np.concatenate([np.arange(start[f], start[f + 1]) for f in files])

    def _program(
        self, files: Ints, room: Floats, *, integer: bool, counted: Floats | None = None
    ) -> QuietHighs:
        """One column of each file within what room there is; excess can be bought."""
        rows, columns, mine = self._rows, self.columns, self._of(files)
        number = np.zeros(self._size.size, dtype=np.int64)
        number[files] = np.arange(files.size)
        entries = np.concatenate([rows.matrix[mine], rows.launch[mine]], axis=1)
        at, which = np.nonzero(entries)
        starts = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=mine.size) + 1)])
        index, value = np.empty(starts[-1], dtype=np.int64), np.ones(starts[-1])
        first = np.zeros(starts[-1], dtype=np.bool_)
        first[starts[:-1]] = True
        index[first] = number[columns.file[mine]]
        index[~first], value[~first] = files.size + which, entries[at, which]
        n_rows, n_launches = rows.charge.size, rows.launch_min.size
        needed = rows.launch_min - (0.0 if counted is None else counted)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = mine.size + n_rows, files.size + n_rows + n_launches
        lp.col_cost_ = np.concatenate([columns.cost[mine], rows.charge]) / self._unit
        lp.col_lower_ = np.zeros(lp.num_col_)
        lp.col_upper_ = np.concatenate([np.ones(mine.size), np.full(n_rows, np.inf)])
        lp.row_lower_ = np.concatenate([np.ones(files.size), np.full(n_rows, -np.inf), needed])
        lp.row_upper_ = np.concatenate([np.ones(files.size), room, np.full(n_launches, np.inf)])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        bought = np.arange(n_rows)
        lp.a_matrix_.start_ = np.concatenate([starts, starts[-1] + 1 + bought]).astype(np.int32)
        lp.a_matrix_.index_ = np.concatenate([index, files.size + bought]).astype(np.int32)
        lp.a_matrix_.value_ = np.concatenate([value, np.full(n_rows, -1.0)])
        if integer:
            kinds = highspy.HighsVarType
            lp.integrality_ = [kinds.kInteger] * mine.size + [kinds.kContinuous] * n_rows
        solver = QuietHighs()
        solver.setOptionValue("threads", 1)
        if not integer:
            solver.setOptionValue("presolve", "off")
        solver.passModel(lp)
        return solver


def _rows(solver: FileSolver, limits: LimitVector, prices: Prices, columns: Columns) -> _Rows:
    """Limits that the columns could pass at all, and what excess costs."""
    inst = solver.instance
    start = np.searchsorted(columns.file, np.arange(inst.n_files + 1))
    most = np.maximum.reduceat(columns.use, start[:-1], axis=0).sum(axis=0)
    rows = np.flatnonzero(np.isfinite(limits.limit) & (most > limits.limit))
    # A limit of zero would divide by it: then what is asked of it sets the scale.
    scale = np.maximum(limits.limit[rows], SMALLEST_SCALE * most[rows])
    worth = limits.flat(prices)[rows] * scale
    dearest = max(float(worth.max(initial=0.0)), 1e-9 * float(np.abs(columns.cost).sum()))
    soft = (rows >= inst.n_pools) & (rows < limits.limit.size - inst.n_pools)
    charge = np.where(soft, SOFT * worth + LEAST_SOFT * dearest, HARD * dearest)
    # Excess of links is what the model prices: never dearer than that.
    charge = np.minimum(charge, np.where(np.isfinite(limits.cap[rows]), limits.cap[rows] * scale, np.inf))
    return _Rows(
        matrix=np.ascontiguousarray(columns.use[:, rows] / scale),
        room=limits.limit[rows] / scale * np.where(soft, 1.0, 1.0 - SPARE),
        launch=launch_use(inst, columns),
        charge=charge,
        launch_min=inst.launch_min.astype(np.float64),
        start=start,
    )
