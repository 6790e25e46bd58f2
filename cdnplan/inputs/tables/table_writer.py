"""Tables written batch by batch, whole or not at all."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.tables.table_files import is_table


def check_table_path(path: Path) -> None:
    """Check that a table can be written under this name, before time is spent on its content.

    Raises
    ------
    InputError
        It has another ending than tables have, or is a folder.
    """
    if path.is_dir():
        raise InputError([Problem("a folder, expected the name of a file to write", file=str(path))])
    if not is_table(path):
        expected = "a name that ends in .parquet, .csv or .csv.gz"
        raise InputError([Problem(f"not the name of a table, expected {expected}", file=str(path))])


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Within it, a file is written under another name; it gets its own when all went well.

    Parameters
    ----------
    path : Path
        Replaced if there; missing folders are made.

    Yields
    ------
    Path
        To write to, beside the other.

    Raises
    ------
    InputError
        The file cannot be written there.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        raise InputError([Problem(message, file=str(path))]) from None


def write_batches(
    schema: Any, batches: Iterable[Any], part: Path, name: str, *, statistics: Sequence[str] = ()
) -> None:
    """Write tables or record batches one after the other, so that memory does not grow with the table.

    Parameters
    ----------
    schema : pyarrow.Schema
        With metadata, which a CSV file lacks.
    batches : iterable of pyarrow.Table or pyarrow.RecordBatch
        With that schema.
    part : Path
        Where to.
    name : str
        Name that the file will have: its ending says what is written.
    statistics : sequence of str
        Columns of which a Parquet file keeps the first and last of each row group.
    """
    lower = name.lower()
    with ExitStack() as stack:
        writer: Any
        if lower.endswith(".parquet"):
            # Half the time without what nobody gains from: a dictionary of volumes, all different, and the
            # first and last of names, which each row group has almost all of.
            dictionary = [column for column in schema.names if column != "gb"]
            writer = stack.enter_context(
                pq.ParquetWriter(part, schema, use_dictionary=dictionary, write_statistics=list(statistics))
            )
        elif lower.endswith(".gz"):
            # No name and no time in the header: the same table gives the same bytes.
            raw = stack.enter_context(part.open("wb"))
            stream = stack.enter_context(gzip.GzipFile("", "wb", fileobj=raw, mtime=0))
            writer = stack.enter_context(pacsv.CSVWriter(stream, schema))
        else:
            writer = stack.enter_context(pacsv.CSVWriter(str(part), schema))
        for batch in batches:
            writer.write(batch)
