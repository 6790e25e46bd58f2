"""Rows of Parquet tables, read like lines of a log: every column as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.logs.delimited import bind
from cdnplan.inputs.logs.fields import Fields, Span, span_of
from cdnplan.inputs.logs.mapping import LogMapping

_ROWS = 1 << 16


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """Reads Parquet tables.

    Parameters
    ----------
    mapping : LogMapping
        Completed.
    paths : sequence of Path
    """

    mapping: LogMapping
    paths: Sequence[Path]

    def check(self) -> list[dict[str, str]]:
        """Columns by role for every file.

        Raises
        ------
        InputError
            A file is no Parquet, or lacks a column.
        """
        chosen: list[dict[str, str]] = []
        problems: list[Problem] = []
        for path in self.paths:
            try:
                chosen.append(bind(self.mapping, pq.read_schema(path).names, str(path)))
            except InputError as error:
                problems += error.problems
            except (pa.ArrowException, OSError) as error:
                reason = str(error).splitlines()[0]
                problems.append(Problem(f"no Parquet file, or cut short: {reason}", file=str(path)))
        if problems:
            raise InputError(problems)
        return chosen

    def read(self) -> Iterator[Fields]:
        """Yield the rows of all files."""
        total = sum(path.stat().st_size for path in self.paths) or 1
        done = 0
        for i, (path, chosen) in enumerate(zip(self.paths, self.check(), strict=True)):
            row, broken = 1, ""
            try:
                with pq.ParquetFile(path) as file:
                    for batch in file.iter_batches(_ROWS, columns=sorted(set(chosen.values()))):
                        share = row / max(1, file.metadata.num_rows) * path.stat().st_size
                        yield _fields(i, row, batch, chosen, (done + share) / total)
                        row += batch.num_rows
            except (pa.ArrowException, OSError) as error:
                broken = str(error).splitlines()[0]
            done += path.stat().st_size
            if broken:
                nothing = np.zeros(0, dtype=np.uint8)
                yield Fields(i, row, {}, nothing, np.zeros(0, np.int32), str, broken=broken)


def _fields(file: int, row: int, batch: Any, chosen: dict[str, str], ratio: float) -> Fields:
    spans: dict[str, Span] = {}
    fault = np.zeros(batch.num_rows, dtype=np.uint8)
    for role, name in chosen.items():
        column = batch.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_timestamp(column.type) and column.type.tz is not None:
            column = column.cast(pa.timestamp(column.type.unit))  # what is stored is UTC
            texts = pa.compute.binary_join_element_wise(column.cast(pa.string()), "Z", "")
        else:
            texts = column.cast(pa.string())
        spans[role] = span_of(texts)
    names = list(chosen.values())
    return Fields(
        file=file,
        first_line=row,
        spans=spans,
        fault=fault,
        detail=np.zeros(fault.size, dtype=np.int32),
        text=lambda i: ", ".join(f"{name}={batch.column(name)[i].as_py()}" for name in dict.fromkeys(names)),
        read_ratio=min(1.0, ratio),
    )
