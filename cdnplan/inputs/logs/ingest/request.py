"""What to ingest, and how; and options that say more than one thing, or go before a mapping file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.logs.meaning.mapping import LogMapping, RegionRule
from cdnplan.inputs.logs.meaning.object_names import By, pattern_problem

Plays = Literal["requests", "sessions", "sizes"]
Progress = Callable[[str, float, float | None, float | None], None]
"""Called with (phase, share done, None, None)."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to ingest, and how.

    Parameters
    ----------
    logs : tuple of Path
        Logs or tables of one format.
    out : Path
        History table to write.
    mapping : LogMapping
    requests : Path or None
        Parquet file for the request stream.
    titles, files : Path or None
        Tables with the names and sizes that are known.
    known_only : bool
        Leave out names that `titles` and `files` lack.
    by : {"title", "file"} or None
        What the history is by; None: files where the mapping tells them, else titles.
    weekly : bool
        Weeks instead of days.
    week_ends : str
        Weekday that ends, and names, a week.
    first_day, last_day : date or None
        Only lines of these days count.
    whole_periods : bool
        Leave out the first and the last period where the logs do not span them.
    plays : {"requests", "sessions", "sizes"} or None
        What counts as a play; None: sessions where the mapping has them, else requests.
    max_bad, max_bad_ratio : int or None, float or None
        Malformed lines that are allowed, as a number and as a share of all lines.
    examples : int
        Malformed lines of each kind that are shown.
    bad_lines : Path or None
        CSV file for all malformed lines.
    memory_gb : float
        Memory that DuckDB may take [GB].
    threads : int
        0: all processors.
    temporary : Path or None
        Folder for what does not fit into memory; None: that of `out`.
    """

    logs: tuple[Path, ...]
    out: Path
    mapping: LogMapping = field(default_factory=LogMapping)
    requests: Path | None = None
    titles: Path | None = None
    files: Path | None = None
    known_only: bool = False
    by: By | None = None
    weekly: bool = False
    week_ends: str = "sunday"
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    whole_periods: bool = False
    plays: Plays | None = None
    max_bad: int | None = None
    max_bad_ratio: float | None = None
    examples: int = 3
    bad_lines: Path | None = None
    memory_gb: float = 1.0
    threads: int = 0
    temporary: Path | None = None


def with_options(
    mapping: LogMapping, region: str | None, prefixes: Path | None, pattern: str | None
) -> LogMapping:
    """Mapping with what options say, which goes before what the file says.

    Parameters
    ----------
    mapping : LogMapping
    region : str or None
        One region for all lines.
    prefixes : Path or None
        Regions of addresses.
    pattern : str or None
        Regular expression for objects.

    Raises
    ------
    InputError
        Both of `region` and `prefixes`, or a bad pattern.
    """
    problems = []
    if region is not None and prefixes is not None:
        problems.append(Problem("expected --region or --prefixes, not both"))
    if pattern is not None and pattern_problem(pattern):
        problems.append(Problem(pattern_problem(pattern), path="--pattern"))
    if problems:
        raise InputError(problems)
    made = mapping
    if region is not None:
        made = replace(made, region=RegionRule(name=region))
    if prefixes is not None:
        unknown = None if made.region is None else made.region.unknown
        made = replace(made, region=RegionRule(prefixes=prefixes, unknown=unknown))
    if pattern is not None:
        made = replace(made, object=replace(made.object, pattern=pattern))
    return made


def bad_limit(text: str | None) -> tuple[int | None, float | None]:
    """Number, or share, of malformed lines allowed.

    Examples
    --------
    >>> bad_limit("100"), bad_limit("25%"), bad_limit(None)
    ((100, None), (None, 0.25), (None, None))
    """
    if text is None:
        return None, None
    try:
        if text.endswith("%"):
            share = float(text[:-1]) / 100
            if 0 <= share <= 1:
                return None, share
        elif int(text) >= 0:
            return int(text), None
    except ValueError:
        pass
    raise InputError(
        [Problem(f"found {text!r}, expected a number as 100 or a share as 0.1%", path="--max-bad")]
    )
