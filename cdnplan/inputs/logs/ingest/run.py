"""Access logs and tables → history, and the requests themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from cdnplan.errors import InputError, Problem
from cdnplan.folders import real_path
from cdnplan.inputs.logs.ingest.finish import Ending
from cdnplan.inputs.logs.ingest.outcome import IngestResult
from cdnplan.inputs.logs.ingest.request import WEEKDAYS, IngestRequest, Plays, Progress
from cdnplan.inputs.logs.lines.blocks import check_files
from cdnplan.inputs.logs.lines.formats import check_headers, find_format, read_parts
from cdnplan.inputs.logs.meaning.mapping import LogMapping, ObjectRule, complete
from cdnplan.inputs.logs.meaning.object_names import By, ObjectNames, group_of, read_object_table
from cdnplan.inputs.logs.records.records import Reader
from cdnplan.inputs.logs.records.regions import RegionCodes, read_prefixes, read_region_table
from cdnplan.inputs.logs.records.store import Store, Wanted, open_store, usual_threads
from cdnplan.inputs.logs.records.tally import Tally, bad_line_writer
from cdnplan.inputs.tables.table_writer import check_table_path, whole_file
from cdnplan.inputs.tables.tables import Column, Table
from cdnplan.inputs.tables.together import both

_EPOCH = dt.date(1970, 1, 1)
MOST_GB = 1e9
"""Size of a title or file [GB]; sizes are counted in bytes as whole numbers of 64 bits."""


def ingest(request: IngestRequest, progress: Progress = lambda *_: None) -> IngestResult:
    """Read logs, and write a history, and if wanted the requests.

    Malformed lines are counted and shown by example; they stop nothing unless a limit says so.

    Parameters
    ----------
    request : IngestRequest
    progress : callable
        Called with (phase, share done, None, None); what it raises ends the work.

    Returns
    -------
    IngestResult

    Raises
    ------
    InputError
        Bad mapping or tables, fields that logs lack, more malformed lines than allowed, or no line that
        counts. Nothing was written.
    """
    _check(request)
    mapping = complete(request.mapping, find_format(request.logs, request.mapping))
    chosen = check_headers(request.logs, mapping)
    if mapping.format == "json":
        chosen = {role: names[0] for role, names in (mapping.field_of or {}).items()}
    mapping = _fitted(mapping, chosen)
    (names, objects), (regions, (prefixes, known)) = both(
        lambda: _object_names(mapping, chosen, request.by),
        lambda: both(
            lambda: _regions(mapping),
            lambda: both(
                lambda: (
                    None
                    if mapping.region is None or mapping.region.prefixes is None
                    else read_prefixes(mapping.region.prefixes)
                ),
                lambda: read_sizes(request.titles, request.files),
            ),
        ),
    )
    plays: Plays = request.plays or ("sessions" if "session" in (mapping.field_of or {}) else "requests")
    _check_plays(plays, mapping, known)
    reader = Reader(mapping, names, regions, prefixes, _days(request))
    wanted = Wanted(
        requests=request.requests is not None,
        sessions=plays == "sessions",
        keep_unknown=mapping.object.keep_unknown,
    )
    with ExitStack() as stack:
        folder = request.temporary or request.out.parent
        folder.mkdir(parents=True, exist_ok=True)
        threads = request.threads or usual_threads()
        store = stack.enter_context(open_store(wanted, request.memory_gb, threads, folder, objects))
        tally = Tally([str(path) for path in request.logs], request.examples, request.max_bad)
        if request.bad_lines is not None:
            part = stack.enter_context(whole_file(request.bad_lines))
            stream = stack.enter_context(part.open("w", encoding="utf-8", newline=""))
            tally.writer = bad_line_writer(stream)
        span = _stream(request, mapping, reader, store, tally, progress)
        tally.check_share(request.max_bad_ratio)
        ends = Ending(request, mapping, names.by, plays, store, tally)
        return ends.finish(reader.regions.names, known, (span.first, span.last), progress)


def _check(request: IngestRequest) -> None:
    problems: list[Problem] = []
    try:
        both(lambda: check_files(request.logs), lambda: check_table_path(request.out))
    except InputError as error:
        problems += error.problems
    if request.requests is not None and request.requests.suffix != ".parquet":
        problems.append(Problem("expected a name that ends in .parquet", file=str(request.requests)))
    if request.week_ends not in WEEKDAYS:
        problems.append(Problem(f"found {request.week_ends!r}, expected a weekday", path="week_ends"))
    if request.weekly and request.week_ends == "monday" and request.out.suffix != ".parquet":
        message = "a CSV file cannot say that weeks end on Mondays: they would be taken for first days"
        problems.append(Problem(message, file=str(request.out), hint="write Parquet"))
    outputs = {real_path(path) for path in (request.out, request.requests, request.bad_lines) if path}
    for path in request.logs:
        if real_path(path) in outputs:
            problems.append(Problem("is to be read and to be written", file=str(path)))
    if problems:
        raise InputError(problems)


def _check_plays(plays: Plays, mapping: LogMapping, known: Any) -> None:
    if plays == "sessions" and "session" not in (mapping.field_of or {}):
        raise InputError([Problem("plays by sessions need session: in the mapping", file=mapping.file)])
    if plays == "sizes" and known is None:
        raise InputError([Problem("plays by sizes need a titles or files table with size_gb", path="plays")])


def _fitted(mapping: LogMapping, chosen: dict[str, str]) -> LogMapping:
    """Mapping with what follows from the fields that were found."""
    made = mapping
    if "bytes" not in mapping.told and chosen.get("bytes") == "gb":
        made = replace(made, bytes_unit=10**9)
    rule = mapping.object
    if mapping.format in ("csv", "json", "parquet") and chosen.get("object") in ("title", "file"):
        made = replace(made, object=replace(rule, part="whole"))
    roles = dict(made.field_of or {})
    if mapping.region is not None and mapping.region.name is not None:
        roles.pop("region", None)
    if chosen and "cache" not in chosen:
        roles.pop("cache", None)
    return replace(made, field_of=roles)


def _object_names(mapping: LogMapping, chosen: dict[str, str], by: By | None) -> tuple[ObjectNames, Any]:
    """Rules from objects to names, and the table of objects if there is one."""
    rule: ObjectRule = mapping.object
    kind: By = by or "file"
    objects = None
    if rule.table is not None:
        kind, objects = read_object_table(rule.table, by)
    group = ""
    if rule.pattern is not None:
        if objects is None:
            kind, group = group_of(rule.pattern, by)
        else:
            _, group = group_of(rule.pattern, None)
    elif objects is None and by is None and chosen.get("object") == "title":
        kind = "title"
    return ObjectNames(
        kind, rule.decode, rule.pattern, group, rule.keep_unknown or objects is not None
    ), objects


def _regions(mapping: LogMapping) -> RegionCodes:
    rule = mapping.region
    assert rule is not None
    return RegionCodes(None if rule.table is None else read_region_table(rule.table), rule.unknown)


def read_sizes(titles: Path | None, files: Path | None) -> Any:
    """Names of titles and files with their sizes in bytes; None without tables.

    Returns
    -------
    pyarrow.Table or None
        ``by``, ``name``, ``size`` (null where it is not told).
    """
    columns: dict[str, list[Any]] = {"by": [], "name": [], "size": []}
    for by, path in (("title", titles), ("file", files)):
        if path is None:
            continue
        table = Table(
            path,
            (
                Column(by, "text"),
                Column("size_gb", "number", required=False, empty=True, above=0, maximum=MOST_GB),
            ),
        )
        values = table.read()
        table.problems.raise_if_any()
        sizes = values.get("size_gb", np.full(values[by].size, np.nan))
        seen: set[int] = set()
        for code, size in zip(values[by].tolist(), sizes.tolist(), strict=True):
            if code not in seen:
                seen.add(code)
                columns["by"].append(by)
                columns["name"].append(table.names[by].list[code])
                columns["size"].append(None if np.isnan(size) else round(size * 1e9))
    if titles is None and files is None:
        return None
    kinds = [("by", pa.string()), ("name", pa.string()), ("size", pa.int64())]
    return pa.table({name: pa.array(columns[name], kind) for name, kind in kinds})


def _days(request: IngestRequest) -> tuple[int, int] | None:
    if request.first_day is None and request.last_day is None:
        return None
    first = request.first_day or dt.date.min
    last = request.last_day or dt.date.max
    return (first - _EPOCH).days, (last - _EPOCH).days


@dataclass(slots=True)
class _Span:
    """First and last time of a record [ms since 1970]."""

    first: int = 2**62
    last: int = -(2**62)


def _stream(
    request: IngestRequest,
    mapping: LogMapping,
    reader: Reader,
    store: Store,
    tally: Tally,
    progress: Progress,
) -> _Span:
    """Read all parts into the store."""
    span = _Span()
    failed: list[BaseException] = []

    def batches() -> Iterator[Any]:
        try:
            for part in read_parts(request.logs, mapping):
                first_seq = tally.lines
                records = reader.read(part)
                tally.add(part, records.line.size)
                progress(f"reading, {tally.lines:,} lines", part.read_ratio, None, None)
                if records.line.size:
                    span.first = min(span.first, int(records.ms.min()))
                    span.last = max(span.last, int(records.ms.max()))
                    yield store.batch(records, first_seq)
        except BaseException as error:
            failed.append(error)  # DuckDB would make another error of it
            raise

    try:
        store.fill(batches())
    except (duckdb.Error, pa.ArrowException, RuntimeError) as error:
        if failed:
            raise failed[0] from None
        if isinstance(error, duckdb.OutOfMemoryException):
            message = f"{request.memory_gb:g} GB are not enough for DuckDB: {str(error).splitlines()[0]}"
            raise InputError([Problem(message, path="memory")]) from None
        raise
    if failed:
        raise failed[0]
    return span
