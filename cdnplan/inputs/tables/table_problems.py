"""Problems of one table, collected as it streams by: the first rows of each kind, and how many more."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem

LISTED = 20
"""Problems of one kind in one column that are listed; the rest are counted."""


class TableProblems:
    """Collects what is wrong with a table; reads like a list when done.

    Parameters
    ----------
    file : str
        The table as the user named it; empty when it came from a function call.

    Examples
    --------
    >>> problems = TableProblems("demand.csv")
    >>> problems.add("negative", "found -3, expected a number >= 0", row=2, column="gb")
    >>> [str(problem) for problem in problems.all()]
    ['demand.csv: row 2: gb: found -3, expected a number >= 0']
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._listed: dict[tuple[str, str], list[tuple[str, int | None, str]]] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._skipped: list[int] = []
        self._rows: dict[str, list[npt.NDArray[np.int64]]] = {}

    def __len__(self) -> int:
        return sum(self._counts.values())

    def add(
        self,
        kind: str,
        message: str,
        *,
        row: int | None = None,
        column: str = "",
        hint: Callable[[], str] | None = None,
    ) -> None:
        """Add one problem.

        Parameters
        ----------
        kind : str
            Problems of the same kind and column count together.
        message : str
            What was found and what was expected.
        row : int or None
            Data row, from 1, as the rows reached the reader.
        column : str
            Name of the column.
        hint : callable or None
            Makes the suggestion; only called when the problem is listed, for it may be slow.
        """
        key = (kind, column)
        self._counts[key] = self._counts.get(key, 0) + 1
        listed = self._listed.setdefault(key, [])
        if len(listed) < LISTED:
            listed.append((message, row, hint() if hint is not None else ""))

    def add_rows(
        self, kind: str, rows: npt.NDArray[np.int64], describe: Callable[[int], str], column: str
    ) -> None:
        """Add a problem of the same kind in each of some rows.

        Parameters
        ----------
        kind, column : str
        rows : (n,) int64
            Data rows, from 1.
        describe : callable
            Message for position i in `rows`; called for those listed.
        """
        if rows.size == 0:
            return
        self._rows.setdefault(column, []).append(rows)
        key = (kind, column)
        self._counts[key] = self._counts.get(key, 0) + rows.size
        listed = self._listed.setdefault(key, [])
        for i in range(min(rows.size, LISTED - len(listed))):
            listed.append((describe(i), int(rows[i]), ""))

    def rows_of(self, column: str) -> npt.NDArray[np.int64]:
        """Rows that `add_rows` was told of for a column, sorted: what else is wrong there is no news."""
        return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *self._rows.get(column, [])]))

    def skip_row(self, row: int, message: str) -> None:
        """Add a problem of a row that never reaches the reader: later rows are counted one further.

        `row` counts as in the file.
        """
        insort(self._skipped, row)
        key = ("shape", "")
        self._counts[key] = self._counts.get(key, 0) + 1
        listed = self._listed.setdefault(key, [])
        if len(listed) < LISTED:
            # Stored as the others are: as if skipped rows did not exist.
            listed.append((message, -row, ""))

    def all(self) -> list[Problem]:
        """List the problems, those of a kind together in the order of their rows."""
        found = []
        for (kind, column), listed in self._listed.items():
            found += [
                Problem(message, file=self.file, row=self._row_in_file(row), path=column, hint=hint)
                for message, row, hint in listed
            ]
            more = self._counts[(kind, column)] - len(listed)
            if more:
                found.append(Problem(f"… and {more:,} more like the last", file=self.file, path=column))
        return found

    def raise_if_any(self) -> None:
        """Raise what was collected.

        Raises
        ------
        InputError
            There is at least one problem.
        """
        if self._counts:
            raise InputError(self.all())

    def _row_in_file(self, row: int | None) -> int | None:
        if row is None:
            return None
        if row < 0:
            return -row
        for skipped in self._skipped:
            if skipped > row:
                break
            row += 1
        return row
