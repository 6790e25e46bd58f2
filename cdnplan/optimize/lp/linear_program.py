"""Linear programs in arrays, as HiGHS takes them."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from cdnplan.model.instance.instance import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A sparse matrix, line by line: entries of line i are ``start[i]:start[i + 1]``.

    Parameters
    ----------
    start : (n_lines + 1,) int64
    index, value : (n_entries,) int64, float64
    by_row : bool
        Whether lines are rows; else columns.
    """

    start: Ints
    index: Ints
    value: Floats
    by_row: bool = False

    @classmethod
    def of_entries(cls, rows: Ints, columns: Ints, values: Floats, n_columns: int) -> Matrix:
        """Sort entries by column, then row; without those that are 0.

        Examples
        --------
        >>> one = Matrix.of_entries(np.array([1, 0, 0]), np.array([0, 2, 0]), np.array([3.0, 0.0, 5.0]), 3)
        >>> one.start.tolist(), one.index.tolist(), one.value.tolist()
        ([0, 2, 2, 2], [0, 1], [5.0, 3.0])
        """
        keep = values != 0.0
        rows, columns, values = rows[keep], columns[keep], values[keep]
        order = np.lexsort((rows, columns))
        start = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=n_columns))])
        return cls(start, rows[order], values[order])


def linear_program(
    cost: Floats, columns: tuple[Floats, Floats], rows: tuple[Floats, Floats], matrix: Matrix
) -> highspy.HighsLp:
    """Write a program: minimise cost · x with x, and A x, between bounds.

    Parameters
    ----------
    cost : (n_columns,) float64
    columns, rows : pair of (n,) float64
        Lower and upper bounds.
    matrix : Matrix
        A.

    Returns
    -------
    highspy.HighsLp

    Examples
    --------
    >>> one = Matrix(np.array([0, 1, 2]), np.array([0, 0]), np.ones(2))
    >>> bounds = np.zeros(2), np.full(2, 4.0)
    >>> made = linear_program(np.array([1.0, 2.0]), bounds, (np.array([5.0]), np.array([np.inf])), one)
    >>> made.num_col_, made.num_row_
    (2, 1)
    """
    made = highspy.HighsLp()
    made.col_cost_ = cost
    made.col_lower_, made.col_upper_ = columns
    made.row_lower_, made.row_upper_ = rows
    made.num_col_, made.num_row_ = cost.size, rows[0].size
    formats = highspy.MatrixFormat
    made.a_matrix_.format_ = formats.kRowwise if matrix.by_row else formats.kColwise
    made.a_matrix_.start_ = matrix.start.astype(np.int32)
    made.a_matrix_.index_ = matrix.index.astype(np.int32)
    made.a_matrix_.value_ = matrix.value
    return made
