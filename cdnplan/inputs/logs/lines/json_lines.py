"""JSON lines: one object a line, read by DuckDB; keys may be nested, as ``request.url``.

Logs whose first lines never have a key that they need are refused.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.logs.lines.blocks import STDIN, Block, peek
from cdnplan.inputs.logs.lines.fields import Fields, Span, span_of
from cdnplan.inputs.logs.meaning import faults
from cdnplan.inputs.logs.meaning.mapping import LogMapping, Role, is_needed, must_be_there
from cdnplan.inputs.logs.meaning.sql import Sql, literal
from cdnplan.inputs.tables.arrow_arrays import from_numpy, missing, to_numpy

_SHOWN = 12


def _path(key: str) -> str:
    """JSON path of a key with dots for nesting."""
    return "$" + "".join('."' + part.replace('"', '\\"') + '"' for part in key.split("."))


@dataclass(slots=True)
class JsonLines:
    """Reads blocks of JSON lines.

    Parameters
    ----------
    mapping : LogMapping
        Completed. Of several fields for a role the first that a line has is taken; a key with dots is looked
        for as it is first, then nested.
    files : sequence of str
        Names of the files; not needed here.
    """

    mapping: LogMapping
    files: Sequence[str]
    _sql: Sql = field(default_factory=Sql)

    def read(self, block: Block) -> Iterator[Fields]:
        """Yield the fields of a block."""
        fault = np.zeros(block.begin.size, dtype=np.uint8)
        fault[block.begin == block.end] = faults.SKIPPED_BLANK
        fault[list(block.too_long)] = faults.TOO_LONG
        for i in _not_utf8(block):
            fault[i] = faults.UTF8
        spans: dict[str, Span] = {}
        if block.begin.size:
            values, valid = self._values(block, fault)
            fault[~valid & (fault == faults.OK)] = faults.NOT_JSON
            spans = {role: span_of(array) for role, array in values.items()}
        yield Fields(
            file=block.file,
            first_line=block.first_line,
            spans=spans,
            fault=fault,
            detail=np.zeros(fault.size, dtype=np.int32),
            text=lambda i: (
                block.data[block.begin[i] : block.end[i]][:4096]
                .tobytes()
                .decode("utf-8", errors="backslashreplace")
            ),
            broken=block.broken,
            read_ratio=block.read_ratio,
        )

    def _values(self, block: Block, fault: np.ndarray) -> tuple[Mapping[str, Any], np.ndarray]:
        """Texts by role, and whether each line is a JSON object."""
        good = fault == faults.OK
        rows = np.flatnonzero(good)
        offsets = np.append(block.begin[rows], np.int32(0))
        # Texts are contiguous in Arrow: a line reaches to the next good one, so bad ones are cut out.
        if rows.size == block.begin.size:
            data: Any = block.data
            offsets[-1] = block.end[-1]
        else:
            pieces = [block.data[block.begin[i] : block.end[i]].tobytes() for i in rows]
            data = np.frombuffer(b"".join(pieces) or b" ", dtype=np.uint8)
            offsets = np.cumsum([0, *(len(piece) for piece in pieces)]).astype(np.int32)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
        texts = pa.Array.from_buffers(pa.string(), rows.size, buffers)
        found = self._sql.over(texts, self._query())
        valid = np.zeros(block.begin.size, dtype=bool)
        valid[rows] = to_numpy(found.column("valid").combine_chunks().cast(pa.uint8())) != 0
        place = np.zeros(block.begin.size, dtype=np.int64)
        place[rows] = np.arange(rows.size)
        values: dict[str, Any] = {}
        for role in self.mapping.field_of or {}:
            array = found.column(role).combine_chunks()
            whole = array
            if rows.size < block.begin.size:
                index = np.where(good, place, 0)
                nothing = ~good
                if rows.size:
                    nothing |= missing(array)[index]
                    whole = array.take(from_numpy(index))
                else:
                    whole = pa.nulls(block.begin.size, pa.string())
                whole = pa.array(
                    [None if none else text for text, none in zip(whole.to_pylist(), nothing, strict=True)],
                    pa.string(),
                )
            values[role] = whole
        return values, valid

    def _query(self) -> str:
        """Select whether a line is an object, and the text of each role's field."""
        keys: list[str] = []
        columns = []
        for role, names in (self.mapping.field_of or {}).items():
            paths = [path for name in names for path in dict.fromkeys((f'$."{name}"', _path(name)))]
            places = []
            for path in paths:
                if path not in keys:
                    keys.append(path)
                places.append(f"v[{keys.index(path) + 1}]")
            columns.append(f'coalesce({", ".join(places)}) AS "{role}"')
        listed = ", ".join(literal(path) for path in keys)
        return (
            f"SELECT valid, {', '.join(columns)} FROM (SELECT valid, CASE WHEN valid THEN "
            f"json_extract_string(text, [{listed}]) END AS v FROM (SELECT text, "
            "coalesce(json_valid(text) AND starts_with(ltrim(text), '{'), false) AS valid FROM texts))"
        )


def _not_utf8(block: Block) -> list[int]:
    """Lines that are not UTF-8 text."""
    try:
        block.data.tobytes().decode("utf-8")
    except UnicodeDecodeError:
        bad = []
        for i in range(block.begin.size):
            try:
                block.data[block.begin[i] : block.end[i]].tobytes().decode("utf-8")
            except UnicodeDecodeError:
                bad.append(i)
        return bad
    return []


def check_json_keys(paths: Sequence[Path], mapping: LogMapping) -> None:
    """Refuse logs whose first lines never have a key that they need.

    A key that only a mapping asks for may be rare: it is refused where the head has one that is spelt nearly
    the same. Lines that are no objects are left to the reader.

    Parameters
    ----------
    paths : sequence of Path
    mapping : LogMapping
        Completed.

    Raises
    ------
    InputError
        All roles without a key, by file, with the nearest names.
    """
    problems: list[Problem] = []
    for path in paths:
        known = () if path == STDIN else seen_keys(peek(path))
        for role, names in (mapping.field_of or {}).items() if known else ():
            if not is_needed(mapping, role) or any(name in known for name in names):
                continue
            if must_be_there(role) or difflib.get_close_matches(names[0], known, n=1):
                problems.append(_lacking(path, role, names, known))
    if problems:
        raise InputError(problems)


def _lacking(path: Path, role: Role, names: Sequence[str], known: Sequence[str]) -> Problem:
    wanted = " or ".join(repr(name) for name in names)
    near = next((hint for name in names if (hint := nearest(name, known)).startswith("did you")), "")
    hint = near or "found: " + ", ".join(repr(name) for name in known[:_SHOWN])
    return Problem(f"no key {wanted} for the {role} in the first lines", file=str(path), hint=hint)


def seen_keys(text: bytes) -> tuple[str, ...]:
    """Keys of the objects in some lines, nested ones with dots, as they come.

    Examples
    --------
    >>> seen_keys(b'{"time": 1, "request": {"url": "/"}} ')
    ('time', 'request', 'request.url')
    """
    found: dict[str, None] = {}
    for line in text.decode("utf-8", errors="replace").splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            _add(value, "", found)
    return tuple(found)


def _add(value: Mapping[str, Any], above: str, found: dict[str, None]) -> None:
    for key, inner in value.items():
        found[above + key] = None
        if isinstance(inner, dict):
            _add(inner, f"{above}{key}.", found)
