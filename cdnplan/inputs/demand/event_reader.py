"""Events: days on which people may watch otherwise, and of which a history shows earlier ones."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cdnplan.inputs.tables.tables import Column, Table

_CONTRACT = (
    Column("event", "text"),
    Column("start", "date"),
    Column("end", "date", required=False, empty=True),
    Column("region", "text", required=False, empty=True),
    Column("title", "text", required=False, empty=True),
    Column("known_from", "date", required=False, empty=True),
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Parameters
    ----------
    name : str
        Events of one name are expected to have the same effect, as ``season finale``.
    start, end : datetime.date
        First and last day.
    region, title : str
        Where it holds, and for what; empty: everywhere, for everything. A country stands for its regions.
    known_from : datetime.date or None
        Day from which on it was known; None: always.
    """

    name: str
    start: dt.date
    end: dt.date
    region: str = ""
    title: str = ""
    known_from: dt.date | None = None


Events = tuple[Event, ...]


def read_events(path: Path) -> Events:
    """Read events, past and future ones.

    Parameters
    ----------
    path : Path
        Columns ``event`` (its name), ``start`` and, optionally, ``end`` (empty: one day), ``region`` and
        ``title`` (empty: all), and ``known_from`` (empty: always).

    Returns
    -------
    tuple of Event
        In the order of the table.

    Raises
    ------
    InputError
        All problems of the table, an end before the start among them.
    """
    table = Table(path, _CONTRACT)
    values = table.read()
    found = []

    def text(name: str, row: int) -> str:
        code = int(values[name][row]) if name in values else -1
        return table.names[name].list[code] if code >= 0 else ""

    for row in range(values["event"].size):
        first = values["start"][row]
        last = values["end"][row] if "end" in values else np.datetime64("NaT", "D")
        last = first if np.isnat(last) else last
        if last < first:
            message = f"ends on {last}, before its start {first}"
            table.problems.add("order", message, row=row + 1, column="end")
        elif not np.isnat(first):
            start, end = first.astype(object), last.astype(object)
            known = values["known_from"][row].astype(object) if "known_from" in values else None
            place = text("region", row), text("title", row)
            found.append(Event(text("event", row), start, end, *place, known))
    table.problems.raise_if_any()
    return tuple(found)
