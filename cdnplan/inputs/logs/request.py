"""What to ingest, and how."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cdnplan.inputs.logs.mapping import LogMapping
from cdnplan.inputs.logs.object_names import By

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
