"""Columns of a Parquet file as arrays, checked against what they must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.tables.arrow_arrays import beyond_the_calendar, missing, to_numpy
from cdnplan.inputs.tables.broken_files import clean_errors, no_twins
from cdnplan.model.instance.instance import Ints, Ints32

Kind = Literal["text", "number", "float32", "integer", "long", "flag", "date", "instant", "time", "texts"]
"""What a column holds; ``date`` may be null, the others may not. A ``long`` is an integer of 64 bits.

An ``instant`` is a point in time in UTC, to the millisecond, a ``time`` one in any unit;
``texts`` are lists of texts.
"""

MOST = 1e30
"""A larger number is a mistake, and a few of them multiplied are infinite."""


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A column of texts, each distinct text once.

    Parameters
    ----------
    names : tuple of str
        Distinct texts, sorted.
    code : (n_rows,) int32
        Index into `names`.
    """

    names: tuple[str, ...]
    code: Ints32

    def at(self, row: int) -> str:
        """Text of a row counted from 0."""
        return self.names[int(self.code[row])]

    def positions(self, known: Mapping[str, int]) -> Ints:
        """Replace each text by a number, -1 where it is not known, (n_rows,)."""
        table = np.array([known.get(name, -1) for name in self.names], dtype=np.int64)
        return table[self.code] if table.size else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class TextLists:
    """A column of lists of texts.

    Parameters
    ----------
    ptr : (n_rows + 1,) int64
        The list of row i is ``ptr[i]:ptr[i + 1]`` of `items`.
    items : Texts
        All items, list after list.
    """

    ptr: Ints
    items: Texts

    def row(self) -> Ints:
        """Row of each item, (n_items,)."""
        return np.repeat(np.arange(self.ptr.size - 1), np.diff(self.ptr))


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A table's columns by name: `texts`, `lists`, and arrays of numbers, dates or instants in `values`.

    Instants are milliseconds since 1970 in UTC, int64. `file` is the table's path as the user named it, for
    messages.
    """

    file: str
    n_rows: int
    texts: Mapping[str, Texts]
    values: Mapping[str, npt.NDArray[Any]]
    lists: Mapping[str, TextLists] = field(default_factory=dict)


def read_columns(path: Path, kinds: Mapping[str, Kind]) -> Columns:
    """Read some columns of a Parquet file.

    Parameters
    ----------
    path : Path
    kinds : mapping
        Columns that must be there, and what they hold; others are ignored.

    Returns
    -------
    Columns

    Raises
    ------
    InputError
        The file is missing, cut short or no Parquet; columns are missing or of another type; values are
        null or not finite (with the row). All problems at once.
    """
    file = str(path)
    if not path.exists():
        raise InputError([Problem("missing", file=file)])
    with clean_errors(file, "no Parquet file, or cut short"):
        schema = pq.read_schema(path)
        names = schema.names
        found = [name for name in kinds if name in names]
        no_twins([name for name in names if name in kinds], file)
        texts_found = [name for name in found if kinds[name] == "text" and _is_text(schema.field(name).type)]
        # Not `pq.read_table`: it loads pyarrow.dataset, which takes longer than reading small tables.
        with pq.ParquetFile(path, read_dictionary=texts_found) as parquet:
            table = parquet.read(columns=found)
        table.validate(full=True)  # codes within the dictionary, text in UTF-8
    problems = [
        Problem("missing column", file=file, path=name, hint=nearest(name, names))
        for name in kinds
        if name not in names
    ]
    texts: dict[str, Texts] = {}
    values: dict[str, npt.NDArray[Any]] = {}
    lists: dict[str, TextLists] = {}
    for name in found:
        column = table.column(name)
        fault = _fault(column, kinds[name])
        if fault is not None:
            problems.append(Problem(fault[0], file=file, path=name, row=fault[1]))
        elif kinds[name] == "text":
            texts[name] = _texts(column)
        elif kinds[name] == "texts":
            lists[name] = _text_lists(column)
        else:
            values[name] = _values(column, kinds[name])
    if problems:
        raise InputError(problems)
    return Columns(file, table.num_rows, texts, values, lists)


def _fault(column: Any, kind: Kind) -> tuple[str, int | None] | None:
    """What is wrong with a column, and in which row."""
    dtype = column.type
    right = {
        "text": _is_text(dtype),
        "number": pa.types.is_floating(dtype) or pa.types.is_integer(dtype),
        "float32": pa.types.is_floating(dtype) or pa.types.is_integer(dtype),
        "integer": pa.types.is_integer(dtype),
        "long": pa.types.is_integer(dtype) and dtype != pa.uint64(),
        "time": pa.types.is_timestamp(dtype),
        "flag": pa.types.is_boolean(dtype),
        "date": pa.types.is_date(dtype) or pa.types.is_timestamp(dtype),
        "instant": pa.types.is_timestamp(dtype) and dtype.unit in ("s", "ms") and dtype.tz == "UTC",
        "texts": pa.types.is_list(dtype) and _is_text(dtype.value_type),
    }[kind]
    if not right:
        expected = {
            "number": "numbers",
            "float32": "numbers",
            "integer": "whole numbers",
            "long": "whole numbers",
            "time": "times",
            "flag": "true or false",
            "date": "dates",
            "instant": "instants in UTC to the millisecond",
            "texts": "lists of texts",
        }
        return f"expected {expected.get(kind, 'texts')}, found {dtype}", None
    if kind in ("date", "instant", "time") and column.length():
        strange = _no_date(column)
        if strange.any():
            return "a date outside the years 1 to 9999", int(np.argmax(strange)) + 1
    if kind != "date" and column.null_count:
        return "no value", int(np.argmax(_array(column.is_null().cast(pa.uint8())))) + 1
    if pa.types.is_floating(dtype):
        strange = ~(np.abs(_array(column).astype(np.float64, copy=False)) <= MOST)
        if strange.any():
            row = int(np.argmax(strange))
            return f"{column[row].as_py()} is not a number one can use", row + 1
    if kind == "integer" and column.length():
        numbers = _array(column)
        if numbers.min() < -(2**31) or numbers.max() >= 2**31:
            return "a whole number of more than 32 bits", None
    if kind == "texts" and _joined(column).flatten().null_count:
        return "a list with an item of no value", None
    return None


def _no_date(column: Any) -> npt.NDArray[np.bool_]:
    """Which dates or instants no calendar has, (n_rows,)."""
    array = _joined(column)
    days = to_numpy(array).astype("datetime64[D]").astype(np.int64)
    return beyond_the_calendar(days) & ~missing(array)


def _is_text(dtype: Any) -> bool:
    """Whether a type is that of texts, each distinct one stored once or not."""
    inner = dtype.value_type if pa.types.is_dictionary(dtype) else dtype
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


def _texts(column: Any) -> Texts:
    """Distinct texts in order, and codes into them."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    array = _joined(encoded.unify_dictionaries())
    code = np.array(np.from_dlpack(array.indices), dtype=np.int32)
    names: list[str] = array.dictionary.to_pylist()
    used = np.flatnonzero(np.bincount(code, minlength=len(names)))
    ordered = sorted({names[i] for i in used})
    index = {name: i for i, name in enumerate(ordered)}
    table = np.array([index.get(name, 0) for name in names], dtype=np.int32)
    return Texts(tuple(ordered), table[code])


def _text_lists(column: Any) -> TextLists:
    """Lists as one column of their items, and where each begins."""
    array = _joined(column)
    ptr = np.from_dlpack(array.offsets).astype(np.int64) if len(array) else np.zeros(1, dtype=np.int64)
    items = array.flatten()
    return TextLists(ptr - ptr[0], _texts(pa.chunked_array([items], type=items.type)))


def _values(column: Any, kind: Kind) -> npt.NDArray[Any]:
    """Numbers, dates or instants as one array of the kind's type; null dates become NaT."""
    if kind == "date":
        found = np.full(column.length(), np.datetime64("NaT"), dtype="datetime64[D]")
        days = column.drop_null().cast(pa.date32(), safe=False).cast(pa.int32())
        found[_array(column.is_valid().cast(pa.uint8())) == 1] = _array(days).astype("datetime64[D]")
        return found
    if kind == "time":
        return to_numpy(_joined(column)).astype("datetime64[ms]").astype(np.int64)
    if kind == "instant":
        return np.array(_array(column.cast(pa.timestamp("ms", "UTC")).cast(pa.int64())))
    if kind == "flag":
        return np.asarray(_array(column.cast(pa.uint8())) == 1)
    dtype = {"number": np.float64, "float32": np.float32, "integer": np.int32, "long": np.int64}[kind]
    return np.array(_array(column), dtype=dtype)


def _array(column: Any) -> npt.NDArray[Any]:
    """Values of a column without nulls; by DLPack, as pyarrow's own `to_numpy` loads pandas."""
    array: npt.NDArray[Any] = np.from_dlpack(_joined(column))
    return array


def _joined(column: Any) -> Any:
    """A column's chunks as one array."""
    if not column.num_chunks:
        return pa.nulls(0, column.type)  # joining no chunks at all loads pandas
    array = column.combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
