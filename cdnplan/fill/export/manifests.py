"""Manifests: for each appliance one file with what it fetches, from whom, when, and what it removes.

Lines are made for many appliances at once, as Arrow texts; a manifest is then a piece of that memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cdnplan.inputs.plans.manifest_files import INDEX, MANIFEST_FORMAT, manifest_path
from cdnplan.inputs.plans.plan_folder import (
    ADD,
    APPLIANCES,
    EVICT,
    EVICTIONS,
    FILLS,
    KEEP,
    PLACEMENT,
    TABLES,
)
from cdnplan.inputs.tables.arrow_arrays import from_numpy, from_texts
from cdnplan.inputs.tables.parquet_columns import Columns, Kind, TextLists, Texts, read_columns
from cdnplan.model.instance.instance import Floats, Ints

ROWS_AT_ONCE = 500_000
"""Lines made at once: bounds memory; what is written does not depend on it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Rows of a table, sorted by appliance: those of appliance i are ``order[ptr[i]:ptr[i + 1]]``.

    `json` has the distinct texts and sizes of some columns as JSON, each with the codes of the rows.
    """

    table: Columns
    order: Ints
    ptr: Ints
    gb: Floats
    json: Mapping[str, tuple[Any, npt.NDArray[Any]]]

    def rows(self, first: int, last: int) -> Ints:
        """Rows of a range of appliances."""
        return self.order[self.ptr[first] : self.ptr[last]]

    def shown(self, column: str, rows: Ints) -> Any:
        """JSON of a column in some rows."""
        names, code = self.json[column]
        return names.take(from_numpy(code[rows]))


def write_manifests(folder: Path, plan: str) -> None:
    """Write a manifest for every appliance, and their index, from the tables of a plan folder.

    Parameters
    ----------
    folder : Path
        Has the tables of placement, appliances, fills and evictions.
    plan : str
        The plan's id, see `cdnplan.inputs.plans.manifest_files.plan_id`.

    Raises
    ------
    InputError
        A table is missing or is none.
    """
    tables = {
        name: read_columns(folder / name, _columns(name))
        for name in (APPLIANCES, PLACEMENT, FILLS, EVICTIONS)
    }
    names = sorted({name for table in tables.values() for name in table.texts["appliance"].names})
    number = {name: i for i, name in enumerate(names)}
    fills = _by_appliance(tables[FILLS], number, tables[FILLS].values["priority"])
    evictions = _by_appliance(tables[EVICTIONS], number, tables[EVICTIONS].values["at"])
    placed = _placed(tables[PLACEMENT], number)
    rows: list[str] = []
    made: set[Path] = set()
    for first, last in _parts(fills.ptr, evictions.ptr):
        fetch, evict = _fetch_lines(fills, first, last), _evict_lines(evictions, first, last)
        for i in range(first, last):
            body = fetch[i - first] + evict[i - first]
            header = _header(names[i], plan, i, fills, evictions, placed, body)
            content = header + body
            path = manifest_path(names[i])
            target = folder / path
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            target.write_bytes(content)
            entry = {"appliance": names[i], "path": path, "sha256": hashlib.sha256(content).hexdigest()}
            rows.append(_json(entry | _counts(i, fills, evictions)))
    _write_index(folder / INDEX, plan, rows)


def _columns(name: str) -> dict[str, Kind]:
    """Columns that are needed: which files a placement keeps is of no interest here, and they are many."""
    return {column: kind for column, kind in TABLES[name].items() if (name, column) != (PLACEMENT, "file")}


def _write_index(path: Path, plan: str, rows: Sequence[str]) -> None:
    """One manifest a line, so that the index can be searched and compared line by line."""
    path.parent.mkdir(exist_ok=True)
    start = f'{{"format":{MANIFEST_FORMAT},"plan":{_json(plan)},"manifests":[\n'
    path.write_text(start + ",\n".join(rows) + "\n]}\n", encoding="utf-8")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _by_appliance(table: Columns, number: Mapping[str, int], rank: npt.NDArray[Any]) -> _Lines:
    """Sort the rows of a table by appliance, then by rank, then by file; make its distinct texts once."""
    place = table.texts["appliance"].positions(number)
    order = np.lexsort((table.texts["file"].code, rank, place))
    counts = np.bincount(place, minlength=len(number))
    size = table.values["size_gb"]
    gb = _sums(place, size, len(number))
    shown = {name: _quoted(table.texts[name]) for name in ("file", "source") if name in table.texts}
    distinct, code = np.unique(size, return_inverse=True)
    shown["size_gb"] = from_texts([_json(value) for value in distinct.tolist()]), code.astype(np.int32)
    if "alternates" in table.lists:
        shown["alternates"] = _quoted(table.lists["alternates"].items, before=",")
    return _Lines(table, order, np.concatenate([[0], np.cumsum(counts)]), gb, shown)


def _quoted(texts: Texts, before: str = "") -> tuple[Any, npt.NDArray[Any]]:
    """Distinct texts as JSON, with the codes of all rows."""
    return from_texts([before + _json(name) for name in texts.names]), texts.code


def _placed(table: Columns, number: Mapping[str, int]) -> Mapping[str, tuple[Ints, Floats]]:
    """Copies, and their GB, of each appliance that the placement keeps, and that it adds."""
    place = table.texts["appliance"].positions(number)
    action = table.texts["action"].positions({KEEP: 0, ADD: 1, EVICT: 2})
    found = {}
    for name, code in ((KEEP, 0), (ADD, 1)):
        rows = np.flatnonzero(action == code)
        counts = np.bincount(place[rows], minlength=len(number)).astype(np.int64)
        found[name] = counts, _sums(place[rows], table.values["size_gb"][rows], len(number))
    return found


def _sums(place: Ints, values: Floats, n: int) -> Floats:
    """Sum of values by place, (n,)."""
    return np.asarray(np.bincount(place, values, minlength=n), dtype=np.float64)


def _counts(i: int, fills: _Lines, evictions: _Lines) -> dict[str, int | float]:
    return {
        "fetch": int(fills.ptr[i + 1] - fills.ptr[i]),
        "fetch_gb": float(fills.gb[i]),
        "evict": int(evictions.ptr[i + 1] - evictions.ptr[i]),
        "evict_gb": float(evictions.gb[i]),
    }


def _header(
    name: str,
    plan: str,
    i: int,
    fills: _Lines,
    evictions: _Lines,
    placed: Mapping[str, tuple[Ints, Floats]],
    body: bytes,
) -> bytes:
    """The first line of the manifest of appliance i."""
    counts = _counts(i, fills, evictions)
    header = {
        "manifest": MANIFEST_FORMAT,
        "appliance": name,
        "plan": plan,
        "keep": int(placed[KEEP][0][i]),
        "keep_gb": float(placed[KEEP][1][i]),
        **counts,
        "unscheduled": max(0, int(placed[ADD][0][i]) - int(counts["fetch"])),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return _json(header).encode() + b"\n"


def _parts(*ptrs: Ints) -> Iterator[tuple[int, int]]:
    """Ranges of appliances with at most `ROWS_AT_ONCE` rows, or of one appliance with more."""
    rows = np.sum(ptrs, axis=0)
    first, n = 0, rows.size - 1
    while first < n:
        last = int(np.searchsorted(rows, rows[first] + ROWS_AT_ONCE, side="right")) - 1
        last = min(n, max(first + 1, last))
        yield first, last
        first = last


def _fetch_lines(fills: _Lines, first: int, last: int) -> list[bytes]:
    """Lines of the copies that each appliance of a range fetches."""
    rows, values = fills.rows(first, last), fills.table.values
    return _pieces(
        fills.ptr[first : last + 1],
        '{"do":"fetch","priority":',
        pc.cast(from_numpy(values["priority"][rows]), pa.string()),
        ',"file":',
        fills.shown("file", rows),
        ',"size_gb":',
        fills.shown("size_gb", rows),
        ',"sources":[',
        fills.shown("source", rows),
        _joined(fills.table.lists["alternates"], fills, rows),
        '],"start":"',
        _instants(values["start"][rows]),
        'Z","end":"',
        _instants(values["end"][rows]),
        'Z"}\n',
    )


def _evict_lines(evictions: _Lines, first: int, last: int) -> list[bytes]:
    """Lines of the copies that each appliance of a range removes."""
    rows = evictions.rows(first, last)
    return _pieces(
        evictions.ptr[first : last + 1],
        '{"do":"evict","file":',
        evictions.shown("file", rows),
        ',"size_gb":',
        evictions.shown("size_gb", rows),
        ',"at":"',
        _instants(evictions.table.values["at"][rows]),
        'Z"}\n',
    )


def _pieces(ptr: Ints, *parts: Any) -> list[bytes]:
    """Join columns and constants to one text a row, and cut what comes out at the rows of `ptr`."""
    if ptr[-1] == ptr[0]:
        return [b""] * (ptr.size - 1)
    # Python texts as arguments would make Arrow load pandas.
    columns = [from_texts([part])[0] if isinstance(part, str) else part for part in (*parts, "")]
    lines = pc.binary_join_element_wise(*columns)
    _, offsets, data = lines.buffers()
    at = np.frombuffer(offsets, dtype=np.int32)[lines.offset :][ptr - ptr[0]]
    text = memoryview(data)
    return [bytes(text[a:b]) for a, b in pairwise(at)]


def _joined(lists: TextLists, fills: _Lines, rows: Ints) -> Any:
    """Lists of sources in some rows, joined."""
    size = np.diff(lists.ptr)[rows]
    ptr = np.concatenate([[0], np.cumsum(size)])
    items = np.arange(ptr[-1]) + np.repeat(lists.ptr[rows] - ptr[:-1], size)
    named = fills.shown("alternates", items)
    # Texts lie one after the other, so those of a list, joined, are a piece of the same memory.
    _, offsets, data = named.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[named.offset :][ptr] if len(named) else np.zeros_like(ptr)
    buffers = [None, pa.py_buffer(np.ascontiguousarray(ends, dtype=np.int32)), data]
    return pa.Array.from_buffers(pa.string(), rows.size, buffers)


def _instants(values: Ints) -> Any:
    """Milliseconds since 1970 as ``2026-03-08T01:00:00.000``."""
    shown = pc.cast(from_numpy(values).view(pa.timestamp("ms")), pa.string())
    return pc.binary_replace_slice(shown, start=10, stop=11, replacement="T")
