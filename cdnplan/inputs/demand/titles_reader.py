"""The titles table: what is known of each title, for the catalogue and for forecasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.tables.table_problems import TableProblems
from cdnplan.inputs.tables.tables import Column, Table

_CONTRACT = (
    Column("title", "text"),
    Column("kind", "text", required=False, empty=True),
    Column("launch_date", "date", required=False, empty=True),
    Column("runtime_min", "number", required=False, empty=True, above=0),
    Column("size_gb", "number", required=False, empty=True, above=0),
    Column("genre", "text", required=False, empty=True),
    Column("language", "text", required=False, empty=True),
)


@dataclass(frozen=True, slots=True, eq=False)
class TitleTable:
    """Titles sorted by name, with what the table says of them.

    Parameters
    ----------
    titles : tuple of str
        Names, sorted, each once.
    kinds : tuple of str
        Kinds that occur (films, series, …), sorted.
    kind : (n_titles,) int32
        Index into `kinds`, -1 where unknown.
    launch_day : (n_titles,) datetime64[D]
        NaT where unknown. May lie in the future: a forecast must not use it before it has come.
    runtime_min : (n_titles,) float64
        [min], NaN where unknown.
    size_gb : (n_titles,) float64
        Stored size of all its files together [GB], NaN where unknown.
    genre, language : tuple of str
        Of each title, empty where unknown; no title at all where the table has no such column.
    """

    titles: tuple[str, ...]
    kinds: tuple[str, ...]
    kind: npt.NDArray[np.int32]
    launch_day: npt.NDArray[np.datetime64]
    runtime_min: npt.NDArray[np.float64]
    size_gb: npt.NDArray[np.float64]
    genre: tuple[str, ...] = ()
    language: tuple[str, ...] = ()

    @property
    def n_titles(self) -> int:
        """Number of titles."""
        return len(self.titles)


def read_titles(path: Path) -> TitleTable:
    """Read a titles table.

    Parameters
    ----------
    path : Path
        Columns ``title`` and, where known, ``kind``, ``launch_date``, ``runtime_min``, ``size_gb``,
        ``genre``, ``language``.

    Returns
    -------
    TitleTable

    Raises
    ------
    InputError
        All problems of the table: a title that is there twice, a size that is not > 0, and so on.
    """
    listed = list_titles(path)
    listed.problems.raise_if_any()
    return listed.titles


@dataclass(frozen=True, slots=True, eq=False)
class ListedTitles:
    """A titles table as read, before its problems are raised.

    Parameters
    ----------
    titles : TitleTable
    row : (n_titles,) int64
        Row of each title, from 1.
    problems : TableProblems
        What is wrong so far; for the caller to add to and to raise.
    """

    titles: TitleTable
    row: npt.NDArray[np.int64]
    problems: TableProblems


def list_titles(path: Path, *, sizes: bool = False) -> ListedTitles:
    """Read a titles table without raising what is wrong with its rows.

    Parameters
    ----------
    path : Path
    sizes : bool
        Whether there must be a column ``size_gb``.

    Raises
    ------
    InputError
        The file cannot be read, or a column is missing or of another type.
    """
    contract = [
        replace(column, required=sizes) if column.name == "size_gb" else column for column in _CONTRACT
    ]
    table = Table(path, contract)
    values = table.read()
    names = table.names["title"].list
    code = values["title"].astype(np.int64)
    first = report_twins(table, code, lambda row: f"the title {names[code[row]]!r} is there already")
    order = first[np.argsort(np.array([names[code[row]] for row in first], dtype=object), kind="stable")]
    kinds = sorted(table.names["kind"].list)
    rank = np.array([kinds.index(kind) for kind in table.names["kind"].list] + [-1], dtype=np.int32)
    n = order.size

    def text(name: str) -> tuple[str, ...]:
        if name not in values:
            return ()
        texts = [*table.names[name].list, ""]
        return tuple(texts[code] for code in values[name][order].tolist())

    none, day = np.full(n, np.nan), np.full(n, "NaT", dtype="datetime64[D]")
    titles = TitleTable(
        titles=tuple(names[code[row]] for row in order),
        kinds=tuple(kinds),
        kind=rank[values["kind"][order]] if "kind" in values else np.full(n, -1, dtype=np.int32),
        launch_day=values["launch_date"][order] if "launch_date" in values else day,
        runtime_min=values["runtime_min"][order] if "runtime_min" in values else none,
        size_gb=values["size_gb"][order] if "size_gb" in values else none,
        genre=text("genre"),
        language=text("language"),
    )
    return ListedTitles(titles, order + 1, table.problems)


def report_twins(
    table: Table, key: npt.NDArray[np.int64], describe: Callable[[int], str]
) -> npt.NDArray[np.int64]:
    """Report rows whose key an earlier row has; return the first row of each key, counted from 0.

    Parameters
    ----------
    table : Table
    key : (n_rows,) int64
        Negative keys (of rows with problems of their own) are left out.
    describe : callable
        Message for a row counted from 0.
    """
    rows = np.flatnonzero(key >= 0)
    first = rows[np.unique(key[rows], return_index=True)[1]]
    twins = np.setdiff1d(rows, first, assume_unique=True)
    if twins.size:
        table.problems.add_rows("twin", twins + 1, lambda i: describe(int(twins[i])), "")
    return np.sort(first)
