"""HiGHS without its banner and its process-wide thread count, for every module that solves something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import highspy
import numpy as np
import numpy.typing as npt

Statuses: TypeAlias = npt.NDArray[np.int64]

LOWER, BASIC, UPPER = (
    int(status)
    for status in (
        highspy.HighsBasisStatus.kLower,
        highspy.HighsBasisStatus.kBasic,
        highspy.HighsBasisStatus.kUpper,
    )
)
"""HiGHS's numbers for columns and rows at a bound, and in the basis."""
_STATUS = {int(status): status for status in highspy.HighsBasisStatus.__members__.values()}

ENDED = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)
"""Statuses of solved programs; an empty one has no row or column."""


class QuietHighs(highspy.Highs):
    """A HiGHS solver that writes nothing to stdout, not even its banner.

    HiGHS prints the banner at the first call of any method while its ``output_flag`` is on, and
    highspy's constructor already makes such a call (`enableCallbacks`); the flag is turned off before it.

    Examples
    --------
    >>> QuietHighs().getOptionValue("output_flag")[1]
    False
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        # Should highspy one day not enable callbacks in its constructor, the output is still off.
        self.setOptionValue("output_flag", False)

    def enableCallbacks(self) -> None:  # noqa: N802  # highspy's name
        """Turn the output off, then go on as highspy does."""
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]

    def run(self) -> highspy.HighsStatus:
        """Solve, with as many threads as this solver's options say.

        HiGHS fixes the number of threads of a whole process at its first run and refuses to run with any
        other number, until its scheduler is told to start anew.
        """
        self.resetGlobalScheduler(True)
        return super().run()

    def run_until_optimal(self, *others: Mapping[str, str | float]) -> highspy.HighsModelStatus:
        """Solve; where that does not end at an optimum, again from nothing with other options.

        Simplex may end as "unknown", most often from a basis of another program: what is left to gain is
        just above the tolerance, and no step takes it.

        Parameters
        ----------
        *others : mapping of str to str or float
            Options to change for each further try.

        Returns
        -------
        highspy.HighsModelStatus
            Of the last try.

        Examples
        --------
        >>> solver = QuietHighs()
        >>> _ = solver.setOptionValue("simplex_iteration_limit", 0)
        >>> _ = solver.addVars(2, [0.0, 0.0], [1.0, 1.0])
        >>> _ = solver.changeColsCost(2, [0, 1], [-1.0, -1.0])
        >>> _ = solver.addRow(-1.0, 1.0, 2, [0, 1], [1.0, 1.0])
        >>> solver.modelStatusToString(solver.run_until_optimal({"simplex_iteration_limit": 9}))
        'Optimal'
        """
        self.run()
        for options in others:
            if self.getModelStatus() in ENDED:
                break
            self.clearSolver()
            for name, value in options.items():
                self.setOptionValue(name, value)
            self.run()
        return self.getModelStatus()


def basis_of(columns: Statuses, rows: Statuses) -> highspy.HighsBasis:
    """Make a basis of the numbers of statuses; where too many or too few are basic, HiGHS chooses.

    Parameters
    ----------
    columns, rows : (n_columns,), (n_rows,) int64

    Returns
    -------
    highspy.HighsBasis

    Examples
    --------
    >>> statuses(basis_of(np.array([BASIC, LOWER]), np.array([UPPER])))[0].tolist() == [BASIC, LOWER]
    True
    """
    basis = highspy.HighsBasis()
    basis.col_status = [_STATUS[status] for status in columns.tolist()]
    basis.row_status = [_STATUS[status] for status in rows.tolist()]
    basis.valid = True
    return basis


def statuses(basis: highspy.HighsBasis) -> tuple[Statuses, Statuses]:
    """Tell the numbers of the statuses of columns and rows, as `basis_of` takes them."""
    columns, rows = (
        np.array([int(status) for status in of], dtype=np.int64)
        for of in (basis.col_status, basis.row_status)
    )
    return columns, rows
