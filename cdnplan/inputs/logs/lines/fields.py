"""Fields of some lines, wherever they come from: what every format is turned into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cdnplan.inputs.logs.lines.line_kernels import copy_texts
from cdnplan.inputs.logs.meaning import faults
from cdnplan.inputs.tables.arrow_arrays import from_numpy, missing, to_numpy

Ints32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """One field of every line: line i has ``data[start[i]:stop[i]]``.

    `doubled` tells whether two quotes stand for one. `there`, (n_lines,) bool, tells where the field is;
    None: everywhere.
    """

    data: npt.NDArray[np.uint8]
    start: Ints32
    stop: Ints32
    doubled: bool = False
    there: npt.NDArray[np.bool_] | None = None

    def text(self, i: int) -> str:
        """Field of line i."""
        raw = self.data[self.start[i] : self.stop[i]].tobytes()
        return raw.decode("utf-8", errors="backslashreplace")


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """Lines, or rows of a table, with the fields that play a role.

    Parameters
    ----------
    file : int
        Index of the file.
    first_line : int
        Number of the first line, from 1.
    spans : mapping of role to Span
        Also ``request``, where method and object are parts of it.
    fault, detail : (n_lines,)
        What is wrong with a line so far, and the number of fields found.
    text : callable
        The whole line with an index, for examples.
    expected : int
        Number of fields that a line has.
    broken : str
        Why nothing of the file follows; empty for no reason.
    read_ratio : float
        Share of all files that has been read.
    """

    file: int
    first_line: int
    spans: Mapping[str, Span]
    fault: npt.NDArray[np.uint8]
    detail: Ints32
    text: Callable[[int], str]
    expected: int = 0
    broken: str = ""
    read_ratio: float = 0.0

    @property
    def n_lines(self) -> int:
        """Number of lines."""
        return int(self.fault.size)


def span_of(texts: Any) -> Span:
    """Take an Arrow array of texts as a field; null is an empty text that is not there."""
    if texts.offset:
        texts = pa.concat_arrays([texts])
    _, offset_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int32)[: len(texts) + 1]
    raw = b" " if data_buffer is None else data_buffer
    there = None
    if texts.null_count:
        there = ~missing(texts)
    return Span(np.frombuffer(raw, dtype=np.uint8), offsets[:-1].copy(), offsets[1:].copy(), there=there)


def require(fault: npt.NDArray[np.uint8], span: Span) -> None:
    """Fault lines without a field."""
    if span.there is not None:
        fault[~span.there & (fault == faults.OK)] = faults.NO_VALUE


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Texts of some lines, each distinct one once: line ``rows[k]`` has ``distinct[code[k]]``."""

    rows: Ints32
    code: Ints32
    distinct: Any

    def of(self, lines: Ints32) -> Any:
        """Texts of some of these lines, each distinct one once."""
        code = from_numpy(self.code[np.searchsorted(self.rows, lines)])
        return pa.DictionaryArray.from_arrays(code, self.distinct)


def raw_of(span: Span, rows: Ints32) -> Any:
    """Field of some lines, as an Arrow array of bytes that may be no UTF-8."""
    length = int((span.stop[rows] - span.start[rows]).sum())
    offsets = np.zeros(rows.size + 1, dtype=np.int32)
    copied = np.zeros(max(1, length), dtype=np.uint8)
    copy_texts(span.data, span.start, span.stop, rows, span.doubled, offsets, copied)
    return pa.Array.from_buffers(pa.binary(), rows.size, [None, pa.py_buffer(offsets), pa.py_buffer(copied)])


def code_of(span: Span, fault: npt.NDArray[np.uint8]) -> Coded:
    """Distinct contents of a field over the good lines that have it, as bytes."""
    good = fault == faults.OK
    rows = np.flatnonzero(good if span.there is None else good & span.there).astype(np.int32)
    encoded = raw_of(span, rows).dictionary_encode()
    return Coded(rows, to_numpy(encoded.indices).astype(np.int32), encoded.dictionary)


def as_text(raw: Any) -> Any:
    """Texts of bytes; what is not UTF-8 in them becomes the sign for that, which no value has."""
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([found.decode(errors="replace") for found in raw.to_pylist()], pa.string())
