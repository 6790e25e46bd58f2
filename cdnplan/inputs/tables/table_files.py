"""Table files, Parquet or CSV, opened as a stream of record batches, with clean problems for broken ones."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.tables.broken_files import clean_errors, no_twins
from cdnplan.inputs.tables.table_problems import TableProblems

BATCH_ROWS = 1 << 20
"""Rows of a Parquet file that are in memory at a time."""

CSV_BLOCK_BYTES = 8 << 20
"""Bytes of a CSV file that are in memory at a time."""

MOST_COLUMNS = 10_000
"""A CSV file with more is no table."""

TABLE_SUFFIXES = (".parquet", ".csv", ".csv.gz")
"""Endings of the files that are read and written as tables."""


class TableFile(Protocol):
    """A table on disk: its columns with their Arrow types, and its rows batch by batch."""

    types: Mapping[str, Any]
    metadata: Mapping[str, str]

    def batches(self, columns: Sequence[str], problems: TableProblems) -> Iterator[Any]:
        """Yield `pyarrow.RecordBatch` with these columns."""
        ...


def is_table(path: Path) -> bool:
    """Whether the name ends like a table's."""
    return path.name.lower().endswith(TABLE_SUFFIXES)


def open_table_file(path: Path) -> TableFile:
    """Open a table and read its header.

    Parameters
    ----------
    path : Path
        Ends in ``.parquet``, ``.csv`` or ``.csv.gz``.

    Returns
    -------
    TableFile

    Raises
    ------
    InputError
        No such file, another ending, an empty file, one cut short, or a column name that is there twice.
    """
    file = str(path)
    if not is_table(path):
        expected = "a name that ends in .parquet, .csv or .csv.gz"
        raise InputError([Problem(f"not a table, expected {expected}", file=file)])
    if not path.exists():
        raise InputError([Problem("no such file", file=file)])
    if path.is_dir():
        raise InputError([Problem("a folder, expected a file", file=file)])
    with clean_errors(file):
        if path.stat().st_size == 0:
            raise InputError([Problem("the file is empty", file=file)])
        return _ParquetTable(path) if path.name.lower().endswith(".parquet") else _CsvTable(path)


class _ParquetTable:
    """A Parquet file; text columns come as dictionaries, whatever they were written as."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
        no_twins(schema.names, str(path))
        self.types: Mapping[str, Any] = {field.name: field.type for field in schema}
        self.metadata: Mapping[str, str] = {
            key.decode(errors="replace"): value.decode(errors="replace")
            for key, value in (schema.metadata or {}).items()
        }

    def batches(self, columns: Sequence[str], problems: TableProblems) -> Iterator[Any]:
        """Yield record batches of at most `BATCH_ROWS` rows."""
        texts = [name for name in columns if is_text(self.types[name])]
        with clean_errors(problems.file), pq.ParquetFile(self._path, read_dictionary=texts) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
                batch.validate(full=True)  # codes within the dictionary, text in UTF-8
                yield batch


def _opened(path: Path) -> BinaryIO:
    """Open a text, compressed or not, to read its bytes."""
    return cast("BinaryIO", gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb"))


class _Utf8Text(io.RawIOBase):
    """A stream of bytes that are UTF-8.

    pyarrow takes other bytes for text where a row has too few or too many values, and prints a traceback.
    """

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self._stream, self._file = stream, file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._lines = 0

    def readable(self) -> bool:
        """Whether it can be read from."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or what is left."""
        piece = self._stream.read(size)
        try:
            self._decoder.decode(piece, final=not piece and size != 0)
        except UnicodeDecodeError as error:
            row = self._lines + error.object[: error.start].count(b"\n")
            raise InputError([Problem("not UTF-8 text", file=self._file, row=row or None)]) from None
        self._lines += piece.count(b"\n")
        return piece


class _CsvTable:
    """A CSV file with a header, commas and UTF-8; every column comes as text, an empty value as null."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Rows that are not UTF-8 are found when they are read, with their number.
        with (
            _opened(path) as stream,
            io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
        ):
            header = next((line for line in csv.reader(text) if line), None)
        if header is None:
            raise InputError([Problem("the file is empty", file=str(path))])
        if re.search("[\ud800-\udfff]", "".join(header)):
            raise InputError([Problem("the header is not UTF-8 text", file=str(path))])
        if len(header) > MOST_COLUMNS:
            message = f"the header has {len(header):,} columns, expected at most {MOST_COLUMNS:,}"
            raise InputError([Problem(message, file=str(path))])
        no_twins(header, str(path))
        self.types: Mapping[str, Any] = {name: pa.string() for name in header}
        self.metadata: Mapping[str, str] = {}

    def batches(self, columns: Sequence[str], problems: TableProblems) -> Iterator[Any]:
        """Yield record batches of about `CSV_BLOCK_BYTES`; rows of another width become problems."""

        def wrong_width(row: Any) -> str:
            found = f"{row.actual_columns} value{'s' if row.actual_columns != 1 else ''}"
            problems.skip_row(
                row.number - 1, f"found {found}, expected {row.expected_columns} as in the header"
            )
            return "skip"

        with clean_errors(problems.file), _opened(self._path) as stream:
            text = _Utf8Text(stream, problems.file)
            reader = self._open(text, columns, wrong_width)
            if reader is not None:
                yield from reader

    def _open(self, text: _Utf8Text, columns: Sequence[str], wrong_width: Callable[[Any], str]) -> Any:
        try:
            return pacsv.open_csv(
                pa.PythonFile(text, "r"),
                # One thread: only then do rows of the wrong width know their number.
                read_options=pacsv.ReadOptions(use_threads=False, block_size=CSV_BLOCK_BYTES),
                parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=wrong_width),
                convert_options=pacsv.ConvertOptions(
                    column_types=self.types,
                    include_columns=list(columns),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):  # a header without a line end
                return None
            raise


def is_text(kind: Any) -> bool:
    """Whether an Arrow type, or a dictionary's values, are text."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner)
    )
