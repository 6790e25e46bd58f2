"""The launch calendar: titles that will come, what they are like, and how they are promoted."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path

from cdnplan.inputs.tables.tables import Column, Table

_CONTRACT = (
    Column("title", "text"),
    Column("launch_date", "date"),
    Column("kind", "text", required=False, empty=True),
    Column("like", "text", required=False, empty=True),
    Column("promotion", "number", required=False, empty=True, above=0),
    Column("countries", "text", required=False, empty=True),
    Column("known_from", "date", required=False, empty=True),
    Column("genre", "text", required=False, empty=True),
    Column("language", "text", required=False, empty=True),
)


@dataclass(frozen=True, slots=True)
class Launch:
    """One line of the calendar.

    Parameters
    ----------
    title : str
    day : datetime.date
        Day of launch.
    kind : str
        As in the titles table; empty: unknown.
    like : tuple of str
        Titles it is expected to do like.
    promotion : float
        Factor on what is expected, 1 for none.
    countries : tuple of str
        Regions or countries where it comes; empty: everywhere.
    known_from : datetime.date or None
        Day from which on the line was known; None: always.
    genre, language : str
        As in the titles table; empty: unknown.
    """

    title: str
    day: dt.date
    kind: str = ""
    like: tuple[str, ...] = ()
    promotion: float = 1.0
    countries: tuple[str, ...] = ()
    known_from: dt.date | None = None
    genre: str = ""
    language: str = ""


Launches = tuple[Launch, ...]


def read_launches(path: Path) -> Launches:
    """Read a launch calendar.

    Parameters
    ----------
    path : Path
        Columns ``title``, ``launch_date`` and optionally ``kind``, ``like`` and ``countries`` (several,
        separated by ``;``), ``promotion`` (factor), ``known_from``, ``genre`` and ``language``. Past launches
        may stay in it: how many of them were seen later tells how much to expect of those to come.

    Returns
    -------
    tuple of Launch
        In the order of the table.

    Raises
    ------
    InputError
        All problems of the table; among them a title that is there twice.
    """
    table = Table(path, _CONTRACT)
    values = table.read()
    first: dict[int, int] = {}
    titles = table.names["title"].list
    for row, code in enumerate(values["title"].tolist()):
        if code >= 0 and first.setdefault(code, row) != row:
            table.problems.add(
                "twin",
                f"{titles[code]!r} is there already, in row {first[code] + 1}",
                row=row + 1,
                column="title",
            )
    table.problems.raise_if_any()

    def text(name: str, row: int) -> str:
        code = int(values[name][row]) if name in values else -1
        return table.names[name].list[code] if code >= 0 else ""

    def several(name: str, row: int) -> tuple[str, ...]:
        return tuple(part.strip() for part in text(name, row).split(";") if part.strip())

    found = []
    for row in range(values["title"].size):
        promotion = float(values["promotion"][row]) if "promotion" in values else 1.0
        known = values["known_from"][row].astype(object) if "known_from" in values else None
        found.append(
            Launch(
                title=text("title", row),
                day=values["launch_date"][row].astype(object),
                kind=text("kind", row),
                like=several("like", row),
                promotion=1.0 if math.isnan(promotion) else promotion,
                countries=several("countries", row),
                known_from=known,
                genre=text("genre", row),
                language=text("language", row),
            )
        )
    return tuple(found)
