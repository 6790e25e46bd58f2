"""Damage to tables: columns, types, values, and how they are written."""

from __future__ import annotations

import datetime as dt
import io
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

NUMBERS = (
    0.0,
    -1.0,
    1e-300,
    1e300,
    -1e300,
    1e18,
    float("nan"),
    float("inf"),
    float("-inf"),
    2.0**31,
    2.0**63,
    0.5,
)
WHOLE = (0, -1, 1, 2, 255, 2**31 - 1, -(2**31), 2**31, 2**62, -(2**63), 2**63 - 1, 1_000_000)
TEXTS = (
    "",
    " ",
    "x",
    "\x00",
    "a/b",
    "origin",
    "../..",
    "\U0001f3ac",
    "a\nb",
    "a\rb",
    '"',
    ",",
    "x" * 3000,
    "NaN",
    "-1",
    "1e999",
    "1_000",
    "٣",
    "0001-01-01",
    "9999-12-31",
    "0000-00-00",
    "10000-01-01",
    "2026-03-08",
    "2026-03-08T00:00:00Z",
    "ams-ix/box/1",
    "ams-ix/box/0",
    "ams-ix/box/99999999999999999999",
    "A" * 3,
)
DAYS = (-719162, 2932896, 2**31 - 1, -(2**31), 0, 20520, -719163, 2932897, 106752, -106752)
"""Days since 1970: years 1 and 9999, and beyond."""
TYPES: tuple[Any, ...] = (
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.binary(),
    pa.bool_(),
    pa.int8(),
    pa.int16(),
    pa.int64(),
    pa.uint64(),
    pa.float16(),
    pa.float32(),
    pa.float64(),
    pa.decimal128(30, 5),
    pa.date32(),
    pa.date64(),
    pa.timestamp("s"),
    pa.timestamp("ns"),
    pa.timestamp("ms", "UTC"),
    pa.timestamp("us", "Europe/Amsterdam"),
    pa.time64("us"),
    pa.duration("s"),
    pa.null(),
    pa.list_(pa.string()),
    pa.large_list(pa.int64()),
    pa.list_(pa.float64(), 2),
    pa.struct([("a", pa.int64())]),
    pa.map_(pa.string(), pa.int64()),
    pa.dictionary(pa.int32(), pa.string()),
    pa.dictionary(pa.int8(), pa.float64()),
)


def _odd(rng: Random, kind: Any) -> Any:
    """An odd value that a type can hold, or None."""
    if rng.random() < 0.15:
        return None
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_floating(kind):
        return rng.choice(NUMBERS)
    if pa.types.is_integer(kind):
        return rng.choice(WHOLE)
    if pa.types.is_date(kind):
        return dt.date(1, 1, 1) + dt.timedelta(days=rng.randrange(3_652_058))
    if pa.types.is_timestamp(kind):
        return rng.choice(WHOLE)
    if pa.types.is_boolean(kind):
        return rng.random() < 0.5
    if pa.types.is_list(kind):
        return [_odd(rng, kind.value_type) for _ in range(rng.randrange(3))]
    return rng.choice(TEXTS)


def _array(values: list[Any], kind: Any) -> Any:
    """Values as a type, those that do not fit as null."""
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        found = []
        for value in values:
            try:
                found.append(pa.array([value], kind)[0].as_py())
            except (pa.ArrowException, OverflowError, TypeError, ValueError):
                found.append(None)
        return pa.array(found, kind)


def _retyped(rng: Random, table: Any, i: int) -> Any:
    kind = rng.choice(TYPES)
    column = table.column(i)
    try:
        array = column.cast(kind, safe=False)
    except (pa.ArrowException, NotImplementedError):
        array = _array([_odd(rng, kind) for _ in range(table.num_rows)], kind)
    return table.set_column(i, table.column_names[i], array)


def _revalued(rng: Random, table: Any, i: int) -> Any:
    column = table.column(i)
    values = (
        column.to_pylist() if not pa.types.is_timestamp(column.type) else column.cast("int64").to_pylist()
    )
    for _ in range(rng.choice((1, 1, 3, len(values)))):
        if values:
            values[rng.randrange(len(values))] = _odd(rng, column.type)
    return table.set_column(i, table.column_names[i], _array(values, column.type))


def _extreme_days(rng: Random, table: Any, i: int) -> Any:
    days = pa.array([rng.choice(DAYS) for _ in range(table.num_rows)], pa.int32())
    kind = rng.choice((pa.date32(), pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.date64()))
    if kind == pa.date32():
        array = days.cast(kind)
    else:
        array = pa.array([day.as_py() * 86_400 for day in days], pa.int64())
        array = array.view(kind)
    return table.set_column(i, table.column_names[i], array)


def _not_utf8(rng: Random, table: Any, i: int) -> Any:
    values = [rng.choice((b"\xff\xfe", b"a\xed\xa0\x80", b"caf\xe9", b"ok")) for _ in range(table.num_rows)]
    binary = pa.array(values, pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(values), binary.buffers())
    return table.set_column(i, table.column_names[i], text)


def _columns(rng: Random, table: Any, i: int) -> Any:
    kind = rng.choice(("drop", "twice", "rename", "order", "more", "none"))
    names = list(table.column_names)
    if kind == "drop":
        return table.remove_column(i)
    if kind == "twice":
        j = rng.randrange(len(names))
        return table.add_column(j, names[i], table.column(j))
    if kind == "rename":
        names[i] = rng.choice(
            ("", names[i].upper(), f" {names[i]}", "x", rng.choice(names), "\U0001f3ac", "a.b")
        )
        return table.rename_columns(names)
    if kind == "order":
        rng.shuffle(names)
        return table.select(names) if len(set(names)) == len(names) else table
    if kind == "more":
        return table.append_column("further", pa.array([[1]] * table.num_rows))
    return table.select([])


def _rows(rng: Random, table: Any, i: int) -> Any:
    kind = rng.choice(("none", "one", "twice", "order", "less"))
    n = table.num_rows
    if kind == "none" or not n:
        return table.slice(0, 0)
    if kind == "one":
        return table.slice(rng.randrange(n), 1)
    if kind == "twice":
        return table.take([*range(n), rng.randrange(n)])
    if kind == "order":
        return table.take(rng.sample(range(n), n))
    return table.take(sorted(rng.sample(range(n), n // 2)))


CHANGES = (
    _retyped,
    _retyped,
    _revalued,
    _revalued,
    _revalued,
    _extreme_days,
    _not_utf8,
    _columns,
    _columns,
    _rows,
)


def changed_table(rng: Random, table: Any) -> Any:
    """Change a table in one to three ways."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if not table.num_columns:
            return table
        try:
            table = rng.choice(CHANGES)(rng, table, rng.randrange(table.num_columns))
        except (pa.ArrowException, NotImplementedError, UnicodeDecodeError, OverflowError):
            continue  # what was changed before cannot be changed like that
    return table


def parquet_bytes(rng: Random, table: Any) -> bytes | None:
    """A table as Parquet, None where that is not possible."""
    if rng.random() < 0.1:
        odd = rng.choice((b"nan", b"0", b"-7", b"x", b"\xff", b"1e999", b"7"))
        table = table.replace_schema_metadata({b"period_days": odd, b"by": odd})
    stream = io.BytesIO()
    try:
        pq.write_table(table, stream, row_group_size=rng.choice((None, 2)), use_dictionary=rng.random() < 0.7)
    except (pa.ArrowException, NotImplementedError, OverflowError):
        return None
    return stream.getvalue()


def csv_bytes(table: Any) -> bytes | None:
    """A table as CSV, None where that is not possible."""
    stream = io.BytesIO()
    try:
        pacsv.write_csv(table, stream)
    except (pa.ArrowException, NotImplementedError):
        return None
    return stream.getvalue()


def changed_csv(rng: Random, data: bytes) -> bytes:
    """Change single values, rows and columns of a CSV text."""
    rows = [line.split(",") for line in data.decode().splitlines()]
    for _ in range(rng.choice((1, 1, 2, 4))):
        if not rows:
            break
        row = rng.randrange(len(rows)) if rng.random() < 0.8 else 0
        column = rng.randrange(len(rows[row])) if rows[row] else 0
        kind = rng.choice(("value", "value", "value", "drop", "add", "column", "rows", "none"))
        if kind == "value" and rows[row]:
            rows[row][column] = rng.choice((*TEXTS, *(str(number) for number in (*NUMBERS, *WHOLE))))
        elif kind == "drop":
            rows[row] = rows[row][:column]
        elif kind == "add":
            rows[row].append("x")
        elif kind == "column":
            value = rng.choice(TEXTS)
            rows[1:] = [[*line[:column], value, *line[column + 1 :]] for line in rows[1:]]
        elif kind == "rows":
            rows = [*rows, rows[row]]
        elif kind == "none" and rng.random() < 0.3:
            rows = rows[:1]
    return ("\n".join(",".join(row) for row in rows) + "\n").encode("utf-8", errors="surrogatepass")
