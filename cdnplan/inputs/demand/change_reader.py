"""Known changes: what people know of the future, or of the past, that a history does not tell."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cdnplan.errors import nearest
from cdnplan.inputs.tables.tables import Column, Table

_CONTRACT = (
    Column("change", "text"),
    Column("region", "text", required=False, empty=True),
    Column("title", "text", required=False, empty=True),
    Column("start", "date", required=False, empty=True),
    Column("end", "date", required=False, empty=True),
    Column("factor", "number", required=False, empty=True, minimum=0),
    Column("like", "text", required=False, empty=True),
)

NEEDED = {
    "scale": ("region", "factor"),
    "new-region": ("region", "like"),
    "withdraw": ("title",),
    "ban": ("region", "title"),
    "promote": ("title", "factor"),
}
"""Kinds of change, and the columns each needs."""


@dataclass(frozen=True, slots=True)
class Change:
    """One known change.

    Parameters
    ----------
    change : str
        ``scale``: the region's demand is multiplied; ``new-region``: a region appears that is like others;
        ``withdraw``: a title leaves; ``ban``: it may not be shown in a region; ``promote``: more is asked
        for a title, in one region or in all.
    region, title : str
        Empty: all.
    start, end : datetime.date
        First and last day on which it holds.
    factor : float
    like : tuple of str
        Regions that a new one is like; its demand is their mean times the factor.
    """

    change: str
    region: str
    title: str
    start: dt.date
    end: dt.date
    factor: float
    like: tuple[str, ...]

    def holds(self, day: dt.date) -> bool:
        """Whether it holds on a day."""
        return self.start <= day <= self.end


Changes = tuple[Change, ...]


def read_changes(path: Path) -> Changes:
    """Read known changes.

    Parameters
    ----------
    path : Path
        Columns ``change`` (a key of `NEEDED`) and, as each kind needs them, ``region``, ``title``, ``start``
        and ``end`` (empty: always), ``factor``, ``like`` (regions separated by ``;``).

    Returns
    -------
    tuple of Change
        In the order of the table.

    Raises
    ------
    InputError
        All problems of the table: an unknown kind, a column that a kind needs and that is empty, an end
        before the start.
    """
    table = Table(path, _CONTRACT)
    values = table.read()
    found = []

    def text(name: str, row: int) -> str:
        code = int(values[name][row]) if name in values else -1
        return table.names[name].list[code] if code >= 0 else ""

    def day(name: str, row: int, otherwise: dt.date) -> dt.date:
        value = values[name][row] if name in values else np.datetime64("NaT", "D")
        return otherwise if np.isnat(value) else value.astype(object)

    for row in range(values["change"].size):
        kind = text("change", row)
        if kind and kind not in NEEDED:
            message = f"unknown change {kind!r}, expected one of {', '.join(NEEDED)}"
            hint = nearest(kind, NEEDED)
            table.problems.add("kind", message, row=row + 1, column="change", hint=lambda hint=hint: hint)  # type: ignore[misc]
            continue
        factor = float(values["factor"][row]) if "factor" in values else float("nan")
        given = {
            "region": text("region", row),
            "title": text("title", row),
            "like": text("like", row),
            "factor": "" if np.isnan(factor) else f"{factor:g}",
        }
        for name in NEEDED.get(kind, ()):
            if not given[name]:
                table.problems.add("needed", f"{kind} needs a value here", row=row + 1, column=name)
        start, end = day("start", row, dt.date.min), day("end", row, dt.date.max)
        if end < start:
            table.problems.add("order", f"ends on {end}, before its start {start}", row=row + 1, column="end")
        like = tuple(part.strip() for part in given["like"].split(";") if part.strip())
        factor = 1.0 if np.isnan(factor) else factor
        found.append(Change(kind, given["region"], given["title"], start, end, factor, like))
    table.problems.raise_if_any()
    return tuple(found)
