"""Round the master program's mixture to a placement: the largest files first, then repairs of what is there.

A mixture of columns leaves few files undecided, but where pools hold only dozens of files, each rounding
moves a pool by a large part of its room. So files are decided from the largest down: each takes the column
with the largest share, and the linear program, solved anew, lets all smaller files make good for it (diving,
[1]_). Hundreds of large files decided so cost next to nothing; in the end only the smallest are open, and
limits are missed a little in both directions. Changes of one or two files' columns mend that: excess is
charged little at first and ever more [2]_, so that no wall stands between a placement and a better one.

The best placement so found is then torn up and repaired many times (large neighbourhood search, [3]_): some
files, drawn at random, are decided anew by diving, all others keep their columns, and changes follow.

Throughput is soft to the end: the exact serving afterwards can split requests, which columns cannot. Nothing
is guaranteed; what comes out is compared with what is there already.

References
----------
.. [1] T. Berthold, "Primal Heuristics for Mixed Integer Programs", Zuse Institute Berlin, 2006, chapter 3.
.. [2] F. Glover, "Heuristics for Integer Programming Using Surrogate Constraints", Decision Sciences 8(1),
   1977.
.. [3] P. Shaw, "Using Constraint Programming and Local Search Methods to Solve Vehicle Routing Problems",
   Principles and Practice of Constraint Programming, LNCS 1520, 1998.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from cdnplan.lanes import in_lanes, lanes
from cdnplan.model.instance import Floats, Ints
from cdnplan.model.placement import Prices
from cdnplan.optimize.bound import FileSolver
from cdnplan.optimize.file_columns import Columns, launch_use
from cdnplan.optimize.highs import QuietHighs
from cdnplan.optimize.limits import LimitVector
from cdnplan.optimize.master import SMALLEST_SCALE
from cdnplan.optimize.near_columns import near_columns
from cdnplan.optimize.settle_kernels import settle

Bools = npt.NDArray[np.bool_]

SMALLEST = 20
"""Files that diving leaves open."""
NEAR, NEAR_SMALL = 8, 20
"""Columns of each file, and of the smallest ones."""
EXTENDED, PAIRS_UP_TO = 300, 1_000
"""Smallest files that get further columns, the others keep to those known; and up to so many files in all
pairs change together: with more, what two of them cost is lost among the others."""
SOFT, LEAST_SOFT = 1.5, 0.05
"""Throughput above its limit is charged this many times its price, and this part of the dearest limit."""
HARD = 100.0
"""Storage and new bytes above their limits are charged this many times the dearest limit."""
SPARE = 2e-6
"""Part of such limits left free: linear programs keep their rows to a millionth only."""
STAGES, LATE_STAGES = (1.5, 2.5, 4.0, 10.0, 40.0, 1e9), (4.0, 10.0, 40.0, 1e9)
"""Excess is charged so many times its price at most, after a dive and after a repair."""
SIDE_BY_SIDE = 2
"""Placements that are repaired side by side, each from a dive of its own."""
REPAIRS = 60
"""Repairs of each at most."""
TORN, TORN_FROM = 60, 300
"""Files that a repair decides anew, and among how many of those whose next column is nearest."""
STEPS = 100
"""A dive solves its program about so often at most."""
OUT_OF_REACH = 10.0
"""So many gaps above the bound a placement of columns is not repaired: what it lacks, such as requests split
among pools, columns cannot express."""
SHUFFLE = 0.3
"""Sizes vary at random up to so much in the order of later dives."""
WHOLE = 1e-6
LEAST_SAVED = 1e-7
"""Part of the gap that a change has to save."""
EXACT_TO = 1e-12
"""And part of what all files could cost."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Limits as scaled rows, what a whole row is worth and its excess costs, and columns by file.

    The last rows are launches: files held less than they need are excess.
    """

    matrix: Floats
    room: Floats
    price: Floats
    charge: Floats
    start: Ints


class Rounding:
    """Rounds the mixture of one instance under fixed prices.

    Parameters
    ----------
    solver : FileSolver
    limits : LimitVector
    prices : Prices
        The master program's last ones.
    known : Columns
        Its columns.
    threads : int
        What comes out does not depend on it.
    """

    def __init__(
        self, solver: FileSolver, limits: LimitVector, prices: Prices, known: Columns, threads: int
    ) -> None:
        inst = solver.instance
        self._threads = threads
        self._size = inst.size_gb
        smallest = np.argsort(self._size, kind="stable")
        most = np.full(inst.n_files, NEAR, dtype=np.int64)
        most[smallest[:SMALLEST]] = NEAR_SMALL
        extended = np.zeros(inst.n_files, dtype=np.bool_)
        extended[smallest[:EXTENDED]] = True
        self.columns = near_columns(solver, limits, prices, known, most, extended)
        self._rows = _rows(solver, limits, prices, self.columns)
        self._open = _nearly_alike(self.columns, self._rows)
        self._unit = max(float(np.abs(self.columns.cost).mean()), 1e-300)
        self._relaxed = self._program()
        self._relaxed.run()
        self._basis = self._relaxed.getBasis()

    def placements(self, gap: float, lower: float) -> Iterator[list[Bools]]:
        """Placements from dives, then better ones from repairs.

        Parameters
        ----------
        gap : float
            Cost of the best placement above the bound: changes are to save a part of it [currency].
        lower : float
            The bound [currency].

        Yields
        ------
        list of (n_pools, n_files) bool
            First `SIDE_BY_SIDE` of them, then `REPAIRS` times those that a repair has made better, often
            none. They may break storage, fill or launch limits, where nothing near fits.
        """
        # Not below what sums of costs are exact to: else rounding errors would look like savings for ever.
        exact_to = EXACT_TO * float(np.abs(self.columns.cost).max() * self._size.size)
        worth = max(LEAST_SAVED * gap, exact_to)
        every = np.ones(self._size.size, dtype=np.bool_)
        nothing = np.zeros(self._size.size, dtype=np.int64)
        best = np.array([self._dive(every, nothing, number) for number in range(SIDE_BY_SIDE)])
        self._settle_all(best, STAGES, np.ones((SIDE_BY_SIDE, every.size), dtype=np.bool_), worth)
        value = np.array([self._value(choice) for choice in best])
        yield [self._placement(choice) for choice in best]
        if value.min() > lower + OUT_OF_REACH * gap:
            return
        for repair in range(1, REPAIRS + 1):
            numbers = range(repair * SIDE_BY_SIDE, (repair + 1) * SIDE_BY_SIDE)
            tried = np.array([self._dive(self._torn(n), best[k], n) for k, n in enumerate(numbers)])
            self._settle_all(tried, LATE_STAGES, tried != best, worth)
            now = np.array([self._value(choice) for choice in tried])
            better = np.flatnonzero(now < value)
            # Of equals the new one: where nothing is gained, repairs drift on.
            level = now <= value
            best[level], value[level] = tried[level], now[level]
            yield [self._placement(best[k]) for k in better]

    def _placement(self, choice: Ints) -> Bools:
        return np.ascontiguousarray(self.columns.holds[choice].T)

    def _value(self, choice: Ints) -> float:
        """What columns cost, with excess of limits charged in full."""
        rows = self._rows
        excess = np.maximum(rows.matrix[choice].sum(axis=0) - rows.room, 0.0)
        return float(self.columns.cost[choice].sum() + excess @ rows.charge)

    def _torn(self, number: int) -> Bools:
        """Files that a repair decides anew."""
        torn = np.zeros(self._size.size, dtype=np.bool_)
        some = np.random.default_rng(number).permutation(self._open)[:TORN]
        torn[some] = True
        return torn

    def _dive(self, free: Bools, choice: Ints, number: int) -> Ints:
        """Decide free files from the largest down; the smallest, at last, all at once. Returns the columns.

        Others keep the column of `choice`. Number 0 goes by size alone, others shuffle sizes a little.
        """
        n_files, n_cols = self._size.size, self.columns.file.size
        program, choice = self._relaxed, choice.copy()
        open_columns = free[self.columns.file]
        low = np.zeros(n_cols)
        low[choice[~free]] = 1.0
        high = np.where(open_columns, 1.0, low)
        program.changeColsBounds(n_cols, np.arange(n_cols, dtype=np.int32), low, high)
        program.setBasis(self._basis)
        program.run()
        noise = 0.0 if number == 0 else SHUFFLE
        size = self._size * (1.0 + noise * np.random.default_rng(number).random(n_files))
        waiting = np.argsort(-size, kind="stable")
        waiting = waiting[free[waiting]]
        step = 1 + waiting.size // STEPS
        while True:
            share = np.asarray(program.getSolution().col_value)[:n_cols]
            top = self._largest(share)
            choice[waiting] = top[waiting]
            if waiting.size <= SMALLEST:
                return choice
            # All that are whole anyway, from the largest down, and the next few.
            split = np.flatnonzero(share[top[waiting]] < 1.0 - WHOLE)
            count = min(int(split[0]) + step if split.size else waiting.size, waiting.size - SMALLEST)
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

    def _settle_all(self, choices: Ints, stages: tuple[float, ...], begin: Bools, worth: float) -> None:
        """Mend choices in place, by changes of one or two files' columns at a time, the first as told."""
        which = np.arange(choices.shape[0])
        with lanes(self._threads):
            in_lanes(self._settle, which, np.ones(which.size), choices, stages, begin, worth)

    def _settle(
        self, which: Ints, choices: Ints, stages: tuple[float, ...], begin: Bools, worth: float
    ) -> None:
        rows, columns = self._rows, self.columns
        reduced = columns.cost + rows.matrix @ rows.price
        floor = LEAST_SOFT * float(rows.price.max(initial=0.0))
        for k in which:
            for most in stages:
                charge = np.minimum(rows.charge, most * np.maximum(rows.price, floor))
                settle(
                    reduced, rows.matrix, columns.file, rows.start, rows.room, rows.price, charge,
                    choices[k], begin[k], self._size.size <= PAIRS_UP_TO, worth,
                )  # fmt: skip

    def _program(self) -> QuietHighs:
        """One column of each file within all limits, in parts; excess can be bought."""
        rows, columns, n_files = self._rows, self.columns, self._size.size
        at, which = np.nonzero(rows.matrix)
        n_cols, n_rows = columns.file.size, rows.charge.size
        starts = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=n_cols) + 1)])
        index, value = np.empty(starts[-1], dtype=np.int64), np.ones(starts[-1])
        first = np.zeros(starts[-1], dtype=np.bool_)
        first[starts[:-1]] = True
        index[first] = columns.file
        index[~first], value[~first] = n_files + which, rows.matrix[at, which]
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = n_cols + n_rows, n_files + n_rows
        lp.col_cost_ = np.concatenate([columns.cost, rows.charge]) / self._unit
        lp.col_lower_ = np.zeros(lp.num_col_)
        lp.col_upper_ = np.concatenate([np.ones(n_cols), np.full(n_rows, np.inf)])
        lp.row_lower_ = np.concatenate([np.ones(n_files), np.full(n_rows, -np.inf)])
        lp.row_upper_ = np.concatenate([np.ones(n_files), rows.room])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        bought = np.arange(n_rows)
        lp.a_matrix_.start_ = np.concatenate([starts, starts[-1] + 1 + bought]).astype(np.int32)
        lp.a_matrix_.index_ = np.concatenate([index, n_files + bought]).astype(np.int32)
        lp.a_matrix_.value_ = np.concatenate([value, np.full(n_rows, -1.0)])
        solver = QuietHighs()
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("presolve", "off")
        solver.passModel(lp)
        return solver


def _nearly_alike(columns: Columns, rows: _Rows) -> Ints:
    """The files whose second column costs least more than their first, prices included."""
    reduced = columns.cost + rows.matrix @ rows.price
    order = np.lexsort((reduced, columns.file))
    first, several = rows.start[:-1], np.diff(rows.start) > 1
    more = np.full(first.size, np.inf)
    more[several] = reduced[order[first[several] + 1]] - reduced[order[first[several]]]
    return np.sort(np.argsort(more, kind="stable")[:TORN_FROM])


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
    least = inst.launch_min.astype(np.float64)
    matrix = np.concatenate([columns.use[:, rows] / scale, -launch_use(inst, columns)], axis=1)
    room = np.concatenate([limits.limit[rows] / scale * np.where(soft, 1.0, 1.0 - SPARE), -least])
    price = np.concatenate([worth, prices.launch])
    charge = np.concatenate([charge, np.full(least.size, HARD * dearest)])
    # Where room is dear, a change that does not fit shows first.
    order = np.argsort(-price, kind="stable")
    return _Rows(
        matrix=np.ascontiguousarray(matrix[:, order]),
        room=room[order],
        price=np.minimum(price, charge)[order],
        charge=charge[order],
        start=start,
    )
