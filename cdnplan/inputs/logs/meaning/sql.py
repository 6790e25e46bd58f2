"""Texts put through SQL expressions by DuckDB: its strptime, casts, regular expressions and JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cdnplan.inputs.tables.arrow_arrays import to_numpy


def literal(text: str) -> str:
    """Text as it stands in SQL.

    Examples
    --------
    >>> literal("o'clock")
    "'o''clock'"
    """
    return "'" + text.replace("'", "''") + "'"


def matches(texts: Any, pattern: str) -> npt.NDArray[np.bool_]:
    """Whether a regular expression (RE2) is found in each text, (n,); Arrow is faster at it than DuckDB.

    Examples
    --------
    >>> matches(pa.array(["a1", "b"]), "^[a-z][0-9]$").tolist()
    [True, False]
    """
    return np.asarray(to_numpy(pc.match_substring_regex(texts, pattern).cast(pa.uint8())) != 0)


@dataclass(slots=True)
class Sql:
    """A database without tables, opened with the first question; points in time are shown in UTC."""

    _connection: Any = field(default=None)

    def over(self, texts: Any, query: str) -> Any:
        """Rows of a query, one for each text in order, as an Arrow table.

        Parameters
        ----------
        texts : pyarrow.Array of text
        query : str
            A query of the table ``texts`` with the column ``text``.
        """
        if self._connection is None:
            self._connection = duckdb.connect(config={"threads": 1})
            self._connection.execute("SET enable_progress_bar = false").fetchall()
            self._connection.execute("SET TimeZone = 'UTC'").fetchall()
        self._connection.register("texts", pa.table({"text": texts}))
        try:
            return self._connection.sql(query).to_arrow_table()
        finally:
            self._connection.unregister("texts")
