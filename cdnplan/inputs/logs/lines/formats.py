"""Which format a log has, seen from its first lines; and the reader for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.logs.lines.blocks import STDIN, peek, read_blocks
from cdnplan.inputs.logs.lines.delimited import DelimitedLines, bind, seen_separator
from cdnplan.inputs.logs.lines.fields import Fields
from cdnplan.inputs.logs.lines.json_lines import JsonLines, check_json_keys
from cdnplan.inputs.logs.lines.parquet_rows import ParquetRows
from cdnplan.inputs.logs.meaning.mapping import LogMapping
from cdnplan.inputs.logs.meaning.mapping_wire import LogFormat

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_COMMON = re.compile(rf"\S+ \S+ .*?\[[^\]]*\] {_QUOTED} \S+ \S+( {_QUOTED} {_QUOTED})?")
_LOOKED_AT = 50


def seen_format(text: bytes) -> LogFormat | None:
    """Format of a log by its first bytes; None: not known.

    Examples
    --------
    >>> seen_format(b'{"time": 1}')
    'json'
    >>> seen_format(b"date,region,title,gb")
    'csv'
    """
    if text[:4] == b"PAR1":
        return "parquet"
    lines = [line for line in text.decode("utf-8", errors="replace").splitlines() if line.strip()]
    for line in lines[:_LOOKED_AT]:
        if line.startswith("{"):
            return "json"
        if re.match(r"#(Version|Fields|Software|Date|Start-Date|Remark):", line, re.IGNORECASE):
            return "w3c"
        match = _COMMON.match(line)
        if match is not None:
            return "common" if match[1] is None else "combined"
    if lines and re.search(r"[,;\t|]", lines[0]):
        return "csv"
    return None


def find_format(paths: Sequence[Path], mapping: LogMapping) -> LogFormat:
    """Format of all files: that of the mapping, or what they look like.

    Raises
    ------
    InputError
        A file looks like nothing known, like another format than the first, or is standard input.
    """
    if mapping.format is not None:
        return mapping.format
    problems = []
    seen: dict[str, LogFormat] = {}
    for path in paths:
        known = None if path == STDIN else seen_format(peek(path))
        if known is None:
            hint = "write format: combined, common, csv, w3c, json or parquet in the mapping"
            what = "standard input has no known format" if path == STDIN else "the format is not known"
            problems.append(Problem(what, file="" if path == STDIN else str(path), hint=hint))
        elif known not in seen.values() and seen:
            first = next(iter(seen))
            message = f"looks like {known}, but {first} like {seen[first]}: expected one format"
            problems.append(Problem(message, file=str(path)))
        else:
            seen[str(path)] = known
    if problems:
        raise InputError(problems)
    return next(iter(seen.values()))


def check_headers(paths: Sequence[Path], mapping: LogMapping) -> dict[str, str]:
    """Check that every file has the fields it needs, as far as its head tells.

    Parameters
    ----------
    paths : sequence of Path
    mapping : LogMapping
        Completed.

    Returns
    -------
    dict of role to str
        The fields of the first file that tells.

    Raises
    ------
    InputError
        Problems of all files.
    """
    if mapping.format == "parquet":
        return ParquetRows(mapping, paths).check()[0]
    problems: list[Problem] = []
    chosen: dict[str, str] = {}
    if mapping.format == "json":
        check_json_keys(paths, mapping)
        return chosen
    for path in paths:
        names, line = _names(path, mapping)
        if names:
            try:
                chosen = chosen or bind(mapping, names, str(path), line)
                bind(mapping, names, str(path), line)
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)
    return chosen


def _names(path: Path, mapping: LogMapping) -> tuple[Sequence[str], int | None]:
    """Names of a file's fields and the line they stand in; none where its head does not tell."""
    if mapping.fields is not None:
        return mapping.fields, None
    if path == STDIN:
        return (), None
    for i, line in enumerate(peek(path).decode("utf-8", errors="replace").splitlines()):
        if mapping.format == "w3c" and line.lower().startswith("#fields:"):
            return line[len("#fields:") :].split(), i + 1
        if mapping.format == "csv" and line.strip():
            import csv

            separator = mapping.separator or seen_separator(line)
            return [name.strip() for name in next(csv.reader([line], delimiter=separator))], i + 1
    return (), None


def read_parts(paths: Sequence[Path], mapping: LogMapping) -> Iterator[Fields]:
    """Read files in order; `mapping` is complete.

    Yields
    ------
    Fields
        Parts of the files, with consecutive lines.
    """
    if mapping.format == "parquet":
        yield from ParquetRows(mapping, paths).read()
        return
    files = ["standard input" if path == STDIN else str(path) for path in paths]
    lines: JsonLines | DelimitedLines
    lines = JsonLines(mapping, files) if mapping.format == "json" else DelimitedLines(mapping, files)
    with read_blocks(paths) as blocks:
        for block in blocks:
            yield from lines.read(block)
