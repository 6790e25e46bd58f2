"""What could be known on a date: the one gate through which backtests and commands reach a model."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable


def known_at(history: History, titles: TitleTable, date: dt.date | None) -> tuple[History, TitleTable]:
    """Cut off everything that became known after a date.

    Of the history the periods named by the date or an earlier one stay. Of the titles table those stay
    that the remaining history has; a launch after the last known period is blanked, and so are runtimes
    and sizes, which are often filled in later and then tell which titles did well.

    Parameters
    ----------
    history : History
    titles : TitleTable
    date : datetime.date or None
        None: the history's end.

    Returns
    -------
    History
    TitleTable

    Raises
    ------
    InputError
        The history begins after the date.
    """
    past = history if date is None else history.until(date)
    names = frozenset(past.titles)
    kept = np.array([past.by == "title" and name in names for name in titles.titles], dtype=bool)
    late = titles.launch_day > np.datetime64(past.last_day, "D")
    launch_day = np.where(late, np.datetime64("NaT", "D"), titles.launch_day)[kept]
    unknown = np.full(int(kept.sum()), np.nan)

    def known(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name, keep in zip(names, kept, strict=True) if keep) if names else ()

    return past, replace(
        titles,
        titles=known(titles.titles),
        kind=titles.kind[kept],
        launch_day=launch_day,
        runtime_min=unknown,
        size_gb=unknown,
        genre=known(titles.genre),
        language=known(titles.language),
    )
