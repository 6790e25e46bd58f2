"""The program that mixes columns of each file within all limits, and where it ended, to begin there again.

Dives solve it again and again: for one plan after the other, with most columns the same, and for each dive of
the same plan. From where another one ended, simplex takes far fewer steps than from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.lp.highs import BASIC, LOWER, QuietHighs, Statuses, basis_of, statuses
from cdnplan.optimize.lp.linear_program import Matrix, linear_program


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """By what columns and limits are known from program to program.

    Parameters
    ----------
    column, limit : (n_columns,), (n_rows,) int64
    n_columns, n_limits : int
        Names there are.
    """

    column: Ints
    limit: Ints
    n_columns: int
    n_limits: int


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """How a program ended: statuses of columns and what is bought, then of the rows of files and limits."""

    column: Statuses
    bought: Statuses
    file: Statuses
    limit: Statuses

    @classmethod
    def of(cls, basis: highspy.HighsBasis, names: Names) -> Ended:
        """Note a basis by name."""
        columns, rows = statuses(basis)
        n_columns, n_files = names.column.size, rows.size - names.limit.size
        column = np.full(names.n_columns, LOWER)
        bought, limit = np.full(names.n_limits, LOWER), np.full(names.n_limits, BASIC)
        column[names.column] = columns[:n_columns]
        bought[names.limit], limit[names.limit] = columns[n_columns:], rows[n_files:]
        return cls(column, bought, rows[:n_files], limit)

    def on(self, names: Names) -> highspy.HighsBasis:
        """The same on a program of other columns and limits: new columns start at zero, new rows basic.

        Where too many or too few are basic by that, HiGHS chooses.
        """
        columns = np.concatenate([self.column[names.column], self.bought[names.limit]])
        return basis_of(columns, np.concatenate([self.file, self.limit[names.limit]]))


class Mixture:
    """A program that mixes columns of each file within all limits at least cost; excess can be bought.

    Parameters
    ----------
    cost : (n_columns,) float64
        [currency]
    use : (n_columns, n_rows) float64
    first : (n_files + 1,) int64
        First column of each file.
    room, charge : (n_rows,) float64
        Limits, and what excess costs [currency].

    Attributes
    ----------
    unit : float
        By which costs are divided in the program [currency].
    """

    def __init__(self, cost: Floats, use: Floats, first: Ints, room: Floats, charge: Floats) -> None:
        at, which = np.nonzero(use)
        n_files, (n_columns, n_rows) = first.size - 1, use.shape
        starts = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=n_columns) + 1)])
        index, value = np.empty(starts[-1], dtype=np.int64), np.ones(starts[-1])
        own = np.zeros(starts[-1], dtype=np.bool_)
        own[starts[:-1]] = True
        index[own] = np.repeat(np.arange(n_files), np.diff(first))
        index[~own], value[~own] = n_files + which, use[at, which]
        self.unit = max(float(np.abs(cost).mean()), 1e-300)
        bought = np.arange(n_rows)
        self._lp = linear_program(
            np.concatenate([cost, charge]) / self.unit,
            (np.zeros(n_columns + n_rows), np.append(np.ones(n_columns), np.full(n_rows, np.inf))),
            (np.append(np.ones(n_files), np.full(n_rows, -np.inf)), np.append(np.ones(n_files), room)),
            Matrix(
                np.concatenate([starts, starts[-1] + 1 + bought]),
                np.concatenate([index, n_files + bought]),
                np.concatenate([value, np.full(n_rows, -1.0)]),
            ),
        )
        self._basis: highspy.HighsBasis | None = None

    def begin_from(self, ended: Ended | None, names: Names) -> Ended | None:
        """Solve it once, so that all programs begin at the optimum.

        Parameters
        ----------
        ended : Ended or None
            Where a program of nearly the same columns ended.
        names : Names
            Of this program's columns and limits.

        Returns
        -------
        Ended or None
            Where this one does; None where HiGHS found no basis, and programs begin from nothing.
        """
        self._basis = None if ended is None else ended.on(names)
        basis = self.program().getBasis()
        self._basis = basis if basis.valid else None
        return Ended.of(basis, names) if basis.valid else None

    def program(self) -> QuietHighs:
        """A program of its own, solved.

        Rows of files come before those of limits, shares of columns before what is bought of limits.
        """
        solver = QuietHighs()
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("presolve", "off")
        solver.passModel(self._lp)
        if self._basis is not None:
            solver.setBasis(self._basis)
        # From a basis of another program simplex may end without an optimum; then again from nothing.
        solver.run_until_optimal({})
        return solver


def largest_shares(share: Floats, first: Ints) -> Ints:
    """Find the column with the largest share of each file, the first of those that tie.

    Parameters
    ----------
    share : (n_columns,) float64
    first : (n_files + 1,) int64
        First column of each file.

    Returns
    -------
    (n_files,) int64

    Examples
    --------
    >>> largest_shares(np.array([0.2, 0.8, 0.5, 0.5]), np.array([0, 2, 4])).tolist()
    [1, 2]
    """
    file = np.repeat(np.arange(first.size - 1), np.diff(first))
    order = np.lexsort((-np.arange(share.size), share, file))
    return np.asarray(order[first[1:] - 1], dtype=np.int64)
