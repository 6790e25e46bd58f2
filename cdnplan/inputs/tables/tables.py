"""Tables at the edge: columns checked against a contract and handed on as arrays, batch by batch.

Texts become codes, so that a table of many millions of rows streams through little memory.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cdnplan.errors import nearest
from cdnplan.inputs.tables.arrow_arrays import beyond_the_calendar, from_numpy, from_texts, missing, to_numpy
from cdnplan.inputs.tables.parquet_columns import MOST
from cdnplan.inputs.tables.table_files import is_text, open_table_file
from cdnplan.inputs.tables.table_problems import LISTED, TableProblems

Values = npt.NDArray[Any]

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})([T ].*)?")
_ISO_WEEK = re.compile(r"(\d{4})-[Ww](\d{2})")

_OF_DEMAND = frozenset(("date", "gb", "region"))
_OF_LOGS = frozenset(
    (
        *(
            "bytes",
            "time",
            "timestamp",
            "url",
            "uri",
            "status",
            "method",
            "client",
            "client_ip",
            "remote_addr",
        ),
        *("sc-bytes", "c-ip", "cs-uri-stem", "week", "mb", "kb", "tb"),
    )
)
"""Columns that demand and histories need, and others that tell of a log or of other units."""

MANY_TEXTS = 256
"""From so many distinct texts of a batch on they are looked up together."""

_NOTHING: Mapping[str, Values] = {
    "text": np.zeros(0, dtype=np.int32),
    "number": np.zeros(0),
    "date": np.zeros(0, dtype="datetime64[D]"),
}
"""No values of each kind."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of a table must hold.

    Parameters
    ----------
    name : str
    kind : {"text", "number", "date"}
    required : bool
        Whether the column must be there.
    empty : bool
        Whether single values may be missing.
    minimum, above, maximum : float or None
        Limits of a number: >= minimum, > above, <= maximum.
    periods : bool
        Whether dates name periods: then an ISO week such as 2026-W10 stands for its last day, the Sunday.
    """

    name: str
    kind: Literal["text", "number", "date"]
    required: bool = True
    empty: bool = False
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    periods: bool = False

    @property
    def expected(self) -> str:
        """What a value must be, for messages.

        Examples
        --------
        >>> Column("gb", "number", minimum=0).expected
        'expected a number >= 0'
        """
        if self.kind != "number":
            dates = "expected a date as 2021-07-04" + (" or a week as 2021-W26" if self.periods else "")
            return "expected a name" if self.kind == "text" else dates
        limits = [
            f"{sign} {limit:g}"
            for sign, limit in ((">=", self.minimum), (">", self.above), ("<=", self.maximum))
            if limit is not None
        ]
        return " ".join(["expected a number", " and ".join(limits)]).rstrip()


class Names:
    """The distinct texts that rows of a column hold, in no particular order; codes index `list`."""

    def __init__(self) -> None:
        self.list: list[str] = []
        self._code: dict[str, int] = {}
        self._met: Any = None

    def __len__(self) -> int:
        return len(self.list)

    def codes(self, texts: Iterable[str | None]) -> npt.NDArray[np.int32]:
        """Code of each text, (n,); -1 for None and blanks."""
        found = []
        for text in texts:
            if text is None or not text.strip():
                found.append(-1)
            else:
                code = self._code.setdefault(text, len(self.list))
                if code == len(self.list):
                    self.list.append(text)
                found.append(code)
        return np.array(found, dtype=np.int32)

    def codes_of(self, texts: Any) -> npt.NDArray[np.int32]:
        """Code of each text of an Arrow array, (n,): as `codes`, fast where most have been met before."""
        if len(texts) < MANY_TEXTS or not self.list:
            return self.codes(texts.to_pylist())
        from pyarrow.compute import index_in

        if self._met is None or len(self._met) != len(self.list):
            self._met = from_texts(self.list)
        place = index_in(texts.cast(pa.string()), value_set=self._met)
        codes: npt.NDArray[np.int32] = to_numpy(place).astype(np.int32)
        new = np.flatnonzero(missing(place))
        codes[new] = self.codes(texts.take(from_numpy(new)).to_pylist())
        return codes


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some consecutive rows of a table.

    Parameters
    ----------
    start : int
        Rows before the first one.
    size : int
        Number of rows.
    values : mapping of str to (size,) arrays
        By column: text as int32 codes into the table's names (-1: none), numbers as float64 (NaN: none),
        dates as datetime64[D] (NaT: none).
    """

    start: int
    size: int
    values: Mapping[str, Values]


class Table:
    """A table being read. Problems are collected in `problems`; `Table.chunks` may be run again.

    Parameters
    ----------
    path : Path
        Parquet, CSV or gzipped CSV.
    contract : sequence of Column
        Columns to read; others are ignored.
    one_of : sequence of str
        Columns of the contract of which at least one must be there.

    Attributes
    ----------
    columns : frozenset of str
        Columns of the contract that are there.
    names : mapping of str to Names
        Texts of each text column met so far.
    metadata : mapping of str to str
        Schema metadata of a Parquet file.
    problems : TableProblems

    Raises
    ------
    InputError
        The file cannot be read, a column is missing or holds another type.
    """

    def __init__(self, path: Path, contract: Sequence[Column], *, one_of: Sequence[str] = ()) -> None:
        self._file = open_table_file(path)
        types = self._file.types
        self.metadata: Mapping[str, str] = self._file.metadata
        self.problems = TableProblems(str(path))
        self._contract = {column.name: column for column in contract if column.name in types}
        self.columns = frozenset(self._contract)
        self.names = {column.name: Names() for column in contract if column.kind == "text"}
        self._checked: set[str] = set()
        for column in contract:
            if column.name in types:
                self._check_type(column, types[column.name])
            elif column.required and column.name not in one_of:
                self._missing(f"the column {column.name!r} is missing", column.name)
        if one_of and not self.columns.intersection(one_of):
            wanted = " or ".join(repr(name) for name in one_of)
            self._missing(f"the column {wanted} is missing", one_of[-1])
        self.problems.raise_if_any()

    def chunks(self, only: Iterable[str] | None = None) -> Iterator[Chunk]:
        """Read and check the rows.

        Values that break the contract are reported when their column is read for the first time, and
        come as if they were missing.

        Parameters
        ----------
        only : iterable of str or None
            Columns of the contract to read; None: all that are there. Names that are not there are
            ignored.

        Yields
        ------
        Chunk
        """
        wanted = self.columns if only is None else self.columns.intersection(only)
        columns = [column for name, column in self._contract.items() if name in wanted]
        first_time = not self._checked
        shape_problems = self.problems if first_time else TableProblems(self.problems.file)
        start = 0
        for batch in self._file.batches([column.name for column in columns], shape_problems):
            values = {
                column.name: self._values(column, batch.column(column.name), start) for column in columns
            }
            yield Chunk(start, batch.num_rows, values)
            start += batch.num_rows
        if first_time and start == 0 and not self.problems:
            self.problems.add("empty", "the table has no rows")
        self._checked.update(column.name for column in columns)

    def read(self, only: Collection[str] | None = None) -> dict[str, Values]:
        """Read all rows at once: whole arrays, as those of a `Chunk`, of columns as in `chunks`."""
        pieces = {
            name: [_NOTHING[column.kind]]
            for name, column in self._contract.items()
            if only is None or name in only
        }
        for chunk in self.chunks(pieces):
            for name, values in chunk.values.items():
                pieces[name].append(values)
        # One by one, so that the pieces of one column are gone before the next is put together.
        return {name: np.concatenate(pieces.pop(name)) for name in list(pieces)}

    def _missing(self, message: str, name: str) -> None:
        found = list(self._file.types)
        hint = "columns are separated by commas" if re.search(r"[;\t|]", "".join(found)) else ""
        if name in _OF_DEMAND and _OF_LOGS.intersection(other.casefold() for other in found):
            hint = "a log, or a table in bytes or with times, becomes one by: cdnplan ingest (docs/ingest.md)"
        self.problems.add("missing", message, column=name, hint=lambda: hint or nearest(name, found))

    def _check_type(self, column: Column, kind: Any) -> None:
        inner = kind.value_type if pa.types.is_dictionary(kind) else kind
        number = pa.types.is_integer(inner) or pa.types.is_floating(inner) or pa.types.is_decimal(inner)
        right = {
            "text": is_text(kind),
            "number": is_text(kind) or number,
            "date": is_text(kind) or pa.types.is_date(inner) or pa.types.is_timestamp(inner),
        }[column.kind]
        if not right and not pa.types.is_null(inner):
            expected = {"text": "text", "number": "numbers", "date": "dates"}[column.kind]
            self.problems.add("type", f"the column holds {kind}, expected {expected}", column=column.name)

    def _values(self, column: Column, array: Any, start: int) -> Values:
        read = {"text": self._texts, "number": self._numbers, "date": self._dates}[column.kind]
        values, nothing = read(column, array, start)
        if not column.empty and nothing.any():
            self._report("empty", column, nothing, start, lambda _: f"found nothing, {column.expected}")
        return values

    def _texts(self, column: Column, array: Any, start: int) -> tuple[Values, Values]:  # noqa: ARG002
        codes = _spread(array, self.names[column.name].codes_of)
        return codes, codes < 0

    def _numbers(self, column: Column, array: Any, start: int) -> tuple[Values, Values]:
        plain = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
        nothing = missing(plain)
        try:
            values = to_numpy(plain.cast(pa.float64(), safe=is_text(array.type)))
            values = np.where(nothing, np.nan, values) if nothing.any() else values
        except pa.ArrowInvalid:  # some text is no number: look at each
            values, nothing = self._parsed(column, array, start, _number, np.float64(np.nan))
        else:
            nan = np.isnan(values) & ~nothing
            if not column.empty:
                self._report("nan", column, nan, start, lambda _: f"found NaN, {column.expected}")
        wrong = np.abs(values) > MOST
        for limit, broken in (
            (column.minimum, np.less),
            (column.above, np.less_equal),
            (column.maximum, np.greater),
        ):
            if limit is not None:
                wrong |= broken(values, limit)
        found = values[wrong]
        self._report("range", column, wrong, start, lambda i: f"found {found[i]:.6g}, {column.expected}")
        return np.where(wrong, np.nan, values) if wrong.any() else values, nothing

    def _dates(self, column: Column, array: Any, start: int) -> tuple[Values, Values]:
        if is_text(array.type):
            parse = _day_of_period if column.periods else _day
            return self._parsed(column, array, start, parse, np.datetime64("NaT", "D"))
        plain = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
        nothing = missing(plain)
        if pa.types.is_null(plain.type):
            plain = plain.cast(pa.date32())
        days = to_numpy(plain).astype("datetime64[D]")
        beyond = beyond_the_calendar(days.astype(np.int64)) & ~nothing
        self._report("calendar", column, beyond, start, lambda _: f"found no date, {column.expected}")
        nothing_known = nothing | beyond
        days = np.where(nothing_known, np.datetime64("NaT", "D"), days) if nothing_known.any() else days
        return days, nothing

    def _parsed(
        self, column: Column, array: Any, start: int, parse: Callable[[str], Any], none: Any
    ) -> tuple[Values, Values]:
        """Parse texts, each distinct one once; report those that do not parse."""
        blank = Names()
        codes = _spread(array, blank.codes_of)
        parsed = [parse(text) for text in blank.list]
        bad = np.array([value is None for value in parsed] + [False], dtype=bool)[codes]
        texts = [blank.list[code] for code in codes[bad][:LISTED]]
        self._report("text", column, bad, start, lambda i: f"found {texts[i]!r}, {column.expected}")
        known = np.array([none if value is None else value for value in parsed] + [none], dtype=none.dtype)
        return known[codes], codes < 0

    def _report(
        self, kind: str, column: Column, wrong: Values, start: int, describe: Callable[[int], str]
    ) -> None:
        if column.name not in self._checked and wrong.any():
            rows = np.flatnonzero(wrong).astype(np.int64) + start + 1
            self.problems.add_rows(kind, rows, describe, column.name)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) or "_" in text else value


def _day(text: str) -> np.datetime64 | None:
    match = _DAY.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return np.datetime64(dt.date.fromisoformat(match[1]), "D")
    except ValueError:
        return None


def _day_of_period(text: str) -> np.datetime64 | None:
    """A day, or the last one of an ISO week."""
    week = _ISO_WEEK.fullmatch(text.strip())
    if week is None:
        return _day(text)
    try:
        return np.datetime64(dt.date.fromisocalendar(int(week[1]), int(week[2]), 7), "D")
    except ValueError:
        return None


def _spread(array: Any, code_of: Callable[[Any], npt.NDArray[np.int32]]) -> npt.NDArray[np.int32]:
    """Codes of an array of texts; only texts that some row holds are given a code."""
    if pa.types.is_null(array.type):
        array = array.cast(pa.string())
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    size = len(encoded.dictionary)
    index, nothing = to_numpy(encoded.indices.cast(pa.int32())), missing(encoded.indices)
    index = np.where(nothing, np.int32(size), index) if nothing.any() else index
    used = np.flatnonzero(np.bincount(index, minlength=size + 1)[:size])
    table = np.full(size + 1, -1, dtype=np.int32)
    table[used] = code_of(encoded.dictionary.take(from_numpy(used)))
    codes: npt.NDArray[np.int32] = table[index]
    return codes
