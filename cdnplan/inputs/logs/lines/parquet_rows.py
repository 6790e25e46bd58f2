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
from cdnplan.inputs.logs.lines.delimited import bind
from cdnplan.inputs.logs.lines.fields import Fields, Span, span_of
from cdnplan.inputs.logs.meaning.mapping import LogMapping
from cdnplan.inputs.tables.broken_files import BROKEN, clean_errors, no_twins, reason_of

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
                with clean_errors(str(path), "no Parquet file, or cut short"):
                    names = pq.read_schema(path).names
                fields = bind(self.mapping, names, str(path))
                no_twins([name for name in names if name in fields.values()], str(path))
                chosen.append(fields)
            except InputError as error:
                problems += error.problems
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
            except BROKEN as error:
                broken = reason_of(error)
            done += path.stat().st_size
            if broken:
                nothing = np.zeros(0, dtype=np.uint8)
                yield Fields(i, row, {}, nothing, np.zeros(0, np.int32), str, broken=broken)


def _shown(value: Any) -> str:
    """A text for people, also one that is not UTF-8."""
    raw = value.as_buffer()
    return "None" if raw is None else raw.to_pybytes().decode(errors="backslashreplace")


def _fields(file: int, row: int, batch: Any, chosen: dict[str, str], ratio: float) -> Fields:
    spans: dict[str, Span] = {}
    as_text: dict[str, Any] = {}
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
        as_text[name] = texts
    return Fields(
        file=file,
        first_line=row,
        spans=spans,
        fault=fault,
        detail=np.zeros(fault.size, dtype=np.int32),
        text=lambda i: ", ".join(f"{name}={_shown(texts[i])}" for name, texts in as_text.items()),
        read_ratio=min(1.0, ratio),
    )
