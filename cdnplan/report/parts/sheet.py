"""Tables of a report: columns of texts and numbers, as they are shown, sorted and downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn:
    """Texts; `code` picks each row's out of `names`, which are stored once.

    Parameters
    ----------
    name : str
        As in data files: ``site``.
    names : tuple of str
        Distinct texts.
    code : (n_rows,) integers
        Index into `names`; -1 where there is none.
    """

    name: str
    names: tuple[str, ...]
    code: npt.NDArray[Any]

    @classmethod
    def of(cls, name: str, texts: Sequence[str | None]) -> TextColumn:
        """Column of given texts, None where there is none."""
        names = tuple(dict.fromkeys(text for text in texts if text is not None))
        index: dict[str | None, int] = {text: i for i, text in enumerate(names)}
        return cls(name, names, np.array([index.get(text, -1) for text in texts], dtype=np.int64))

    def picked(self, rows: npt.NDArray[Any]) -> TextColumn:
        """Column of other rows: those given, in that order, repeated as often as they are named."""
        return TextColumn(self.name, self.names, self.code[rows])

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.code.size)

    def at(self, row: int) -> str | None:
        """Text of a row."""
        return None if self.code[row] < 0 else self.names[int(self.code[row])]


@dataclass(frozen=True, slots=True, eq=False)
class NumberColumn:
    """Numbers with their unit.

    Parameters
    ----------
    name : str
        As in data files, with the unit: ``stored_tb``; ratios end in ``_ratio``.
    values : (n_rows,) float64
        NaN where there is none.
    digits : int
        Decimals that are kept in the page: 2 keeps cents. Ratios are shown as percent, so two less.
    """

    name: str
    values: Floats
    digits: int = 0

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.values.size)

    def at(self, row: int) -> float | None:
        """Take the number of a row, in full; None where there is none."""
        value = float(self.values[row])
        return None if np.isnan(value) else value


Column = TextColumn | NumberColumn


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A table: what a picture is drawn from, or what readers search and sort.

    Parameters
    ----------
    name : str
        Short and unique within a report; names the file when the table is downloaded.
    columns : tuple of TextColumn or NumberColumn
        All with as many rows.

    Raises
    ------
    ValueError
        Columns of different lengths, or two of one name.
    """

    name: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if len({column.n_rows for column in self.columns}) > 1:
            raise ValueError(f"table {self.name}: columns of different lengths")
        if len({column.name for column in self.columns}) < len(self.columns):
            raise ValueError(f"table {self.name}: two columns of one name")

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.columns[0].n_rows if self.columns else 0

    def column(self, name: str) -> Column:
        """Find a column by name."""
        return next(column for column in self.columns if column.name == name)

    def numbers(self, name: str) -> Floats:
        """Take the numbers of a column, (n_rows,)."""
        column = self.column(name)
        if not isinstance(column, NumberColumn):
            raise TypeError(f"column {name} of table {self.name} holds texts")
        return column.values

    def texts(self, name: str) -> list[str | None]:
        """Take the texts of a column."""
        column = self.column(name)
        if not isinstance(column, TextColumn):
            raise TypeError(f"column {name} of table {self.name} holds numbers")
        return [column.at(i) for i in range(column.n_rows)]

    def rows(self) -> list[dict[str, str | float | None]]:
        """All rows by column name, numbers in full."""
        return [{column.name: column.at(i) for column in self.columns} for i in range(self.n_rows)]

    def first(self, n: int) -> Sheet:
        """Keep the first rows only."""
        return self.take(np.arange(min(n, self.n_rows)))

    def take(self, rows: npt.NDArray[Any]) -> Sheet:
        """Keep some rows, in the order given."""
        return Sheet(self.name, tuple(_take(column, rows) for column in self.columns))


def _take(column: Column, rows: npt.NDArray[Any]) -> Column:
    if isinstance(column, TextColumn):
        return column.picked(rows)
    return NumberColumn(column.name, column.values[rows], column.digits)


def packed(sheet: Sheet) -> dict[str, Any]:
    """Turn a table into compact columns for the page's script.

    Numbers become whole ones, multiples of 10 to the power of minus `digits`; texts that repeat become codes.

    Parameters
    ----------
    sheet : Sheet

    Returns
    -------
    dict
        ``name``, ``rows`` (how many), ``columns``: of each ``name`` and ``v`` (values, None where there is
        none), with ``d`` (digits) for numbers, ``t`` (distinct texts) where `v` are codes.

    Examples
    --------
    >>> sites = TextColumn.of("site", ["ams", "ams", "fra", "ams"])
    >>> packed(Sheet("demo", (sites, NumberColumn("gb", np.array([0.5, 2.0, np.nan, 0.0]), 1))))["columns"]
    [{'name': 'site', 't': ['ams', 'fra'], 'v': [0, 0, 1, 0]}, {'name': 'gb', 'd': 1, 'v': [5, 20, None, 0]}]
    """
    return {"name": sheet.name, "rows": sheet.n_rows, "columns": [_packed(c) for c in sheet.columns]}


def _packed(column: Column) -> dict[str, Any]:
    if isinstance(column, NumberColumn):
        return {"name": column.name, "d": column.digits, "v": _whole(column.values, column.digits)}
    used = np.unique(column.code[column.code >= 0])
    if used.size * 2 > column.n_rows:
        return {"name": column.name, "v": [column.at(i) for i in range(column.n_rows)]}
    index = {int(code): i for i, code in enumerate(used)}
    return {
        "name": column.name,
        "t": [column.names[code] for code in used],
        "v": [index.get(int(code)) for code in column.code],
    }


def _whole(values: Floats, digits: int) -> list[int | None]:
    scaled = np.round(values * 10.0**digits)
    return [None if np.isnan(value) else int(value) for value in scaled]
