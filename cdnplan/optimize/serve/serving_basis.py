"""Where a serving program ended, for the next one of more rows to begin there."""

from __future__ import annotations

import highspy
import numpy as np

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.lp.highs import BASIC, LOWER, UPPER, Statuses, basis_of, statuses


class Basis:
    """What is basic in a series of programs, each with the columns and rows of the one before and more.

    A row of demand that enters keeps what it has, so a plan within all limits stays one, and the primal
    simplex method goes on from it [1]_.

    References
    ----------
    .. [1] P. C. Gilmore, R. E. Gomory, "A linear programming approach to the cutting-stock problem",
       Operations Research 9(6), 1961.
    """

    def __init__(self) -> None:
        none = np.zeros(0, dtype=np.int64)
        self._columns, self._rows = (none, none), (none, none)

    def begin(
        self, columns: Ints, rows: Ints, n_demands: int, stay: Ints, row: Ints, share: Floats
    ) -> highspy.HighsBasis | None:
        """Begin a program; None where that does not fit the last one.

        Parameters
        ----------
        columns, rows : (n_columns,), (n_rows,) int64
            Keys by which they are known from program to program.
        n_demands : int
            The first rows of the program are those of demand, the others limits.
        stay : (n_stay,) int64
            Columns that stand for what rows have now.
        row, share : (n_stay,) int64, float64
            Row of demand of each of these, and how much of it.

        Returns
        -------
        highspy.HighsBasis or None
        """
        of_column = np.full(columns.size, LOWER)
        of_column[stay] = UPPER
        # Of each new row what it has most of is basic.
        most = np.lexsort((-share, row))
        of_column[stay[most[np.flatnonzero(np.diff(row[most], prepend=-1))]]] = BASIC
        of_row = np.full(rows.size, BASIC)
        of_row[:n_demands] = LOWER
        for keys, known, status in ((columns, self._columns, of_column), (rows, self._rows, of_row)):
            if known[0].size:
                at = np.minimum(np.searchsorted(known[0], keys), known[0].size - 1)
                hit = known[0][at] == keys
                status[hit] = known[1][at[hit]]
        if int((of_column == BASIC).sum() + (of_row == BASIC).sum()) != rows.size:
            return None
        return basis_of(of_column, of_row)

    def end(self, basis: highspy.HighsBasis, columns: Ints, rows: Ints) -> None:
        """Remember how a program of these columns and rows ended."""
        of_column, of_row = statuses(basis)
        self._columns, self._rows = _by_key(columns, of_column), _by_key(rows, of_row)


def _by_key(keys: Ints, status: Statuses) -> tuple[Ints, Statuses]:
    order = np.argsort(keys)
    return keys[order], status[order]
