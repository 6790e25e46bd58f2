"""One broken table of the lists, and the valid ones they are made from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

Content = str | bytes | pa.Table


@dataclass(frozen=True)
class Cut:
    """A Parquet file of which only the first bytes are there."""

    table: pa.Table
    n_bytes: int


@dataclass(frozen=True)
class Case:
    """Files by name, the one under test first; `expected` has one entry per problem."""

    id: str
    reader: Literal["titles", "catalog", "demand", "history"]
    files: dict[str, Content | Cut]
    expected: tuple[str, ...]
    args: dict[str, Any] = field(default_factory=dict)


TITLES = "title,kind,launch_date,runtime_min,size_gb\nAlpha,film,2024-01-01,90,10\nBeta,tv,,600,20\n"
HISTORY = {
    "date": pa.array([dt.date(2024, 1, 7), dt.date(2024, 1, 14)]),
    "region": pa.array(["BE", "BE"]),
    "title": pa.array(["Alpha", "Alpha"]),
    "gb": pa.array([1.0, 2.0]),
}
GOOD = pa.table(HISTORY)
HEAD = "date,region,title,gb\n"
ROW = "2024-01-07,BE,Alpha,1\n"


def history(**columns: Any) -> pa.Table:
    """A history with other columns."""
    return pa.table({**HISTORY, **columns})


def shares(*rows: str) -> dict[str, Content | Cut]:
    """The valid titles and a files table."""
    header = "file,title,profile,size_gb,demand_ratio,region\n"
    return {"titles.csv": TITLES, "files.csv": header + "".join(f"{row}\n" for row in rows)}
