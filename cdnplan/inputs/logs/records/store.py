"""Records put together by DuckDB, which spills to disk what does not fit into the memory it may take."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from cdnplan.inputs.logs.records.records import Records
from cdnplan.inputs.tables.arrow_arrays import from_numpy

_ROWS = 1 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is kept of records.

    Parameters
    ----------
    requests : bool
        Every single one, for a request stream.
    sessions : bool
        Who plays.
    keep_unknown : bool
        Whether objects that the table of objects lacks keep their own name.
    """

    requests: bool = False
    sessions: bool = False
    keep_unknown: bool = False


@contextmanager
def open_store(
    wanted: Wanted, memory_gb: float, threads: int, folder: Path, objects: Any = None
) -> Iterator[Store]:
    """Open a store; what it puts on disk is gone when the block ends.

    Parameters
    ----------
    wanted : Wanted
    memory_gb : float
        Limit of DuckDB's memory [GB]; what is beyond goes to disk.
    threads : int
    folder : Path
        Where a temporary folder may be made.
    objects : pyarrow.Table or None
        ``object`` and ``name``.

    Yields
    ------
    Store
    """
    with tempfile.TemporaryDirectory(prefix=".cdnplan-ingest-", dir=folder) as temporary:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_gb * 1e9:.0f}B",
            "threads": str(threads),
            "temp_directory": str(Path(temporary) / "spill"),
            "preserve_insertion_order": "false",
        }
        connection = duckdb.connect(str(Path(temporary) / "records.duckdb"), config=config)
        try:
            # Its bar would go to stdout, among the results.
            connection.execute("SET enable_progress_bar = false").fetchall()
            if objects is not None:
                connection.register("object_table", objects)
                connection.execute("CREATE TABLE objects AS SELECT * FROM object_table").fetchall()
                connection.unregister("object_table")
            yield Store(connection, wanted, objects is not None)
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Store:
    """Records in DuckDB; the table ``sums`` is by day, region and name."""

    connection: Any
    wanted: Wanted
    has_objects: bool

    def schema(self) -> Any:
        """Columns in which records come."""
        fields = [
            ("day", pa.int32()),
            ("region", pa.int32()),
            ("name", pa.dictionary(pa.int32(), pa.string())),
            ("sent", pa.int64()),
            ("hit", pa.bool_()),
            ("size", pa.int64()),
        ]
        if self.wanted.sessions:
            fields.append(("session", pa.dictionary(pa.int32(), pa.string())))
        if self.wanted.requests:
            fields += [("ms", pa.int64()), ("seq", pa.int64())]
        return pa.schema(fields)

    def batch(self, records: Records, first_seq: int) -> Any:
        """Records as a batch; `first_seq` is the number of the first line of their part."""
        n = records.line.size
        nothing = np.full(n, -1, dtype=np.int64)
        columns = [
            from_numpy(records.day),
            from_numpy(records.region),
            records.name,
            from_numpy(records.sent),
            pa.nulls(n, pa.bool_()) if records.hit is None else _bools(records.hit),
            from_numpy(nothing if records.size is None else records.size),
        ]
        if self.wanted.sessions:
            columns.append(records.session)
        if self.wanted.requests:
            columns += [from_numpy(records.ms), from_numpy(first_seq + records.line.astype(np.int64))]
        return pa.record_batch(columns, schema=self.schema())

    def fill(self, batches: Iterator[Any]) -> None:
        """Take all records in one stream."""
        reader = pa.RecordBatchReader.from_batches(self.schema(), batches)
        self.connection.register("stream", reader)
        source = "stream"
        if self.has_objects:
            name = "coalesce(o.name, s.name)" if self.wanted.keep_unknown else "o.name"
            source = (
                f"(SELECT s.* REPLACE ({name} AS name) FROM stream s "
                "LEFT JOIN objects o ON s.name = o.object)"
            )
        if self.wanted.requests:
            self._do(f"CREATE TABLE requests AS SELECT * FROM {source}")
            source = "requests"
        columns = (
            "day, region, name, sum(sent) AS sent, count(*) AS n, "
            "coalesce(sum(sent) FILTER (WHERE hit), 0) AS hit_sent, max(size) AS size, max(sent) AS largest"
        )
        if self.wanted.sessions:
            self._do(
                "CREATE TABLE sums AS SELECT day, region, name, sum(sent) AS sent, sum(n) AS n, "
                "sum(hit_sent) AS hit_sent, max(size) AS size, max(largest) AS largest, count(*) AS sessions "
                f"FROM (SELECT {columns}, session FROM {source} GROUP BY day, region, name, session) "
                "GROUP BY day, region, name"
            )
        else:
            self._do(
                f"CREATE TABLE sums AS SELECT {columns}, 0 AS sessions "
                f"FROM {source} GROUP BY day, region, name"
            )
        self.connection.unregister("stream")

    def drop(self, condition: str) -> int:
        """Drop records; the number of lines they came from."""
        (lines,) = self.one(f"SELECT coalesce(sum(n), 0) FROM sums WHERE {condition}")
        if lines:
            self._do(f"DELETE FROM sums WHERE {condition}")
            if self.wanted.requests:
                self._do(f"DELETE FROM requests WHERE {condition}")
        return int(lines)

    def known_by(self, by: str) -> str:
        """Condition on names in the table ``known``: a title without files is one file of its name."""
        if by == "title":
            return "\"by\" = 'title'"
        (n_files,) = self.one("SELECT count(*) FROM known WHERE \"by\" = 'file'")
        return "\"by\" = 'file'" if n_files else "true"

    def add_table(self, name: str, table: Any) -> None:
        """Add a table from Arrow."""
        self.connection.register("given", table)
        self._do(f"CREATE TABLE {name} AS SELECT * FROM given")
        self.connection.unregister("given")

    def _do(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query to its end."""
        found: list[tuple[Any, ...]] = self.connection.execute(query).fetchall()
        return found

    def one(self, query: str) -> tuple[Any, ...]:
        """The only row of a query."""
        return self._do(query)[0]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query with few of them."""
        return self._do(query)

    def batches(self, query: str) -> Any:
        """Stream the rows of a query as Arrow batches."""
        return self.connection.sql(query).to_arrow_reader(_ROWS)


def _bools(values: np.ndarray) -> Any:
    packed = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), values.size, [None, packed])


def usual_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))
