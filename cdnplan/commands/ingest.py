"""`ingest`: from access logs or tables to a history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cdnplan.commands.option import AnyPath, Day, Option, Switch, Threads, optional_path

if TYPE_CHECKING:
    from cdnplan.inputs.logs.ingest.request import IngestRequest


def ingest_request(
    *logs: Annotated[AnyPath, Option("LOG…", argument=True, required=True)],
    out: Annotated[AnyPath, Option("H")],
    mapping: Annotated[AnyPath | None, Option("MAP")] = None,
    region: Annotated[str | None, Option("NAME")] = None,
    prefixes: Annotated[AnyPath | None, Option("TABLE")] = None,
    pattern: Annotated[str | None, Option("RE")] = None,
    by: Literal["title", "file"] | None = None,
    titles: Annotated[AnyPath | None, Option("F")] = None,
    files: Annotated[AnyPath | None, Option("FILES")] = None,
    known_only: Switch = False,
    requests: Annotated[AnyPath | None, Option("R")] = None,
    period: Literal["daily", "weekly"] = "daily",
    week_ends: Annotated[str, Option("DAY")] = "sunday",
    from_: Annotated[dt.date | None, Option("DATE", flag="--from")] = None,
    to: Day = None,
    whole_periods: Switch = False,
    plays: Literal["requests", "sessions", "sizes"] | None = None,
    max_bad: Annotated[int | str | None, Option("N|P%")] = None,
    examples: Annotated[int, Option("N", least=0)] = 3,
    bad_lines: Annotated[AnyPath | None, Option("CSV")] = None,
    memory_gb: Annotated[float, Option("GB", least=0.1)] = 1.0,
    threads: Threads = 0,
    temp: Annotated[AnyPath | None, Option("DIR")] = None,
) -> IngestRequest:
    """What to ingest, and how.

    Parameters
    ----------
    *logs : path
        Logs of one format: combined, common, CSV, W3C extended, JSON lines; plain, gz, bz2, xz or zst; or
        Parquet tables. - is standard input.
    out : path
        History to write: .parquet, .csv or .csv.gz; replaced if there.
    mapping : path or None
        What the fields mean (YAML); see docs/ingest.md.
    region : str or None
        One region for all lines.
    prefixes : path or None
        Regions of addresses: prefix, region.
    pattern : str or None
        Regular expression with the groups title, file or both, for objects.
    by : {"title", "file"} or None
        What the history is by; default: files where the mapping tells them.
    titles : path or None
        Titles: title, size_gb. Others are told, with their GB.
    files : path or None
        Files: file, size_gb.
    known_only : bool
        Leave out what titles and files do not name.
    requests : path or None
        Also write every request, for replay: time, region, object, bytes, size.
    period : {"daily", "weekly"}
        Length of a period.
    week_ends : str
        Weekday that ends and names a week.
    from_ : datetime.date or None
        First day that counts.
    to : datetime.date or None
        Last day that counts.
    whole_periods : bool
        Leave out periods that the logs do not span.
    plays : {"requests", "sessions", "sizes"} or None
        What a play is: a request, a session, or as many bytes as the size; default: sessions where the
        mapping has them, else requests.
    max_bad : int, str or None
        Malformed lines allowed, or their share; default: any number.
    examples : int
        Malformed lines shown of each kind.
    bad_lines : path or None
        Write all malformed lines: file, line, kind, message, text.
    memory_gb : float
        Memory that DuckDB may take; the rest goes to disk.
    threads : int
        0: all processors.
    temp : path or None
        Folder for that; default: that of the history.
    """
    from cdnplan.inputs.logs.ingest.request import IngestRequest, bad_limit, with_options
    from cdnplan.inputs.logs.meaning.mapping import LogMapping, read_mapping

    rules = with_options(
        LogMapping() if mapping is None else read_mapping(Path(mapping)),
        region,
        optional_path(prefixes),
        pattern,
    )
    allowed, allowed_ratio = bad_limit(None if max_bad is None else str(max_bad))
    return IngestRequest(
        logs=tuple(Path(log) for log in logs),
        out=Path(out),
        mapping=rules,
        requests=optional_path(requests),
        titles=optional_path(titles),
        files=optional_path(files),
        known_only=known_only,
        by=by,
        weekly=period == "weekly",
        week_ends=week_ends.lower(),
        first_day=from_,
        last_day=to,
        whole_periods=whole_periods,
        plays=plays,
        max_bad=allowed,
        max_bad_ratio=allowed_ratio,
        examples=examples,
        bad_lines=optional_path(bad_lines),
        memory_gb=memory_gb,
        threads=threads,
        temporary=optional_path(temp),
    )
