"""The history table: GB per date, region and title or file, in any order → `History`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.history import History, names_in_use
from cdnplan.inputs.periods import DEFAULT_DAYS, distinct_days, stated_period, usual_spacing
from cdnplan.inputs.tables import Column, Names, Table

_CONTRACT = (
    Column("date", "date"),
    Column("region", "text"),
    Column("title", "text"),
    Column("file", "text"),
    Column("gb", "number", minimum=0),
)
_SPACINGS = {1.0: "daily", 7.0: "weekly"}


def read_history(path: Path) -> History:
    """Read what was asked for in the past.

    Parameters
    ----------
    path : Path
        Columns ``date`` (of a day, or any day that names a week), ``region``, ``title`` or ``file``
        (which goes first) and ``gb``; others are ignored. Dates are daily or weekly, which is found from
        them; periods may be missing, and rows may come in any order.

    Returns
    -------
    History

    Raises
    ------
    InputError
        All problems of the table; among them dates at other distances than a day or a week, and the same
        date, region and title twice.
    """
    table = Table(path, _CONTRACT, one_of=("file", "title"))
    by: Literal["title", "file"] = "file" if "file" in table.columns else "title"
    values = table.read(("date", "region", by, "gb"))
    table.problems.raise_if_any()
    day, region, title, gb = values["date"], values["region"], values[by], values["gb"]
    first_day, period_days = _periods(table, day)
    period = ((day - first_day).astype(np.int64) // period_days).astype(np.int32)
    regions, region = _sorted(table.names["region"], region)
    titles, title = _sorted(table.names[by], title)
    key = (period.astype(np.int64) * len(regions) + region) * len(titles) + title
    order = np.arange(key.size) if np.all(key[1:] > key[:-1]) else np.argsort(key, kind="stable")
    twin = np.flatnonzero(key[order][1:] == key[order][:-1]) + 1
    table.problems.add_rows(
        "twin",
        order[twin] + 1,
        lambda i: (
            f"{regions[region[order[twin[i]]]]!r} and {titles[title[order[twin[i]]]]!r} are there already, "
            f"on the same date in row {order[twin[i] - 1] + 1}"
        ),
        "",
    )
    kept = order[gb[order] > 0]
    if kept.size == 0:
        table.problems.add("zero", "no row has more than 0 GB", column="gb")
    table.problems.raise_if_any()
    regions, region = names_in_use(regions, region[kept])
    titles, title = names_in_use(titles, title[kept])
    return History(
        first_day.astype(dt.date), period_days, regions, titles, by, period[kept], region, title, gb[kept]
    )


def _periods(table: Table, day: npt.NDArray[np.datetime64]) -> tuple[np.datetime64, int]:
    """First date and distance of periods; a date between two periods is a problem."""
    days = distinct_days(day)
    spacing = usual_spacing(days) or stated_period(table.metadata, table.problems.file) or DEFAULT_DAYS
    if spacing not in _SPACINGS:
        message = f"dates are usually {spacing:g} days apart, expected 1 (daily) or 7 (weekly)"
        table.problems.add("spacing", message, column="date")
        table.problems.raise_if_any()
    offset = (days - days[0]).astype(np.int64) % int(spacing)
    for odd in days[offset != 0]:
        message = f"found {odd}, expected whole weeks from {days[0]}: dates are usually 7 days apart"
        table.problems.add("spacing", message, row=int(np.argmax(day == odd)) + 1, column="date")
    table.problems.raise_if_any()
    return days[0], int(spacing)


def _sorted(names: Names, code: npt.NDArray[np.int32]) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    """Names in order, and codes into them."""
    order = sorted(range(len(names)), key=names.list.__getitem__)
    rank = np.empty(len(names), dtype=np.int32)
    rank[order] = np.arange(len(names), dtype=np.int32)
    return tuple(names.list[i] for i in order), rank[code]
