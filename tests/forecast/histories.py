"""Small histories: written out, or drawn with launches, decay and noise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import numpy as np

from cdnplan.forecast.base.base import Forecast
from cdnplan.forecast.base.compare import side_by_side
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable

FIRST = dt.date(2024, 1, 7)
Row = tuple[int, str, str, float]


def actual_and_predicted(
    history: History, forecast: Forecast, step: int = 1
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]:
    """What came and what was expected of all pairs that are in either."""
    pairs = side_by_side(history, forecast, step)
    return pairs.actual, pairs.expected


def make_history(rows: Iterable[Row], period_days: int = 7) -> History:
    """History of rows (period, region, title, GB)."""
    ordered = sorted(rows)
    regions = tuple(sorted({row[1] for row in ordered}))
    titles = tuple(sorted({row[2] for row in ordered}))
    return History(
        FIRST,
        period_days,
        regions,
        titles,
        "title",
        np.array([row[0] for row in ordered], dtype=np.int32),
        np.array([regions.index(row[1]) for row in ordered], dtype=np.int32),
        np.array([titles.index(row[2]) for row in ordered], dtype=np.int32),
        np.array([row[3] for row in ordered]),
    )


def make_titles(launches: dict[str, str | None], kinds: dict[str, str] | None = None) -> TitleTable:
    """Titles with launch dates, all of the same kind unless told."""
    names = tuple(sorted(launches))
    found = [(kinds or {}).get(name, "film") for name in names]
    listed = tuple(sorted(set(found)))
    return TitleTable(
        names,
        listed,
        np.array([listed.index(kind) for kind in found], dtype=np.int32),
        np.array([launches[name] or "NaT" for name in names], dtype="datetime64[D]"),
        np.full(len(names), 90.0),
        np.ones(len(names)),
    )


def drawn_history(
    seed: int, n_periods: int = 20, n_regions: int = 6, noise: float = 0.6
) -> tuple[History, TitleTable]:
    """Five titles launched a week; demand falls by 0.6, 0.7, 0.8, … a week, with noise by pair and week."""
    rng = np.random.default_rng(seed)
    ratio = [0.6, 0.7, 0.8] + [0.9] * n_periods
    rows: list[Row] = []
    launches: dict[str, str | None] = {}
    for launched in range(-10, n_periods):
        for i in range(5):
            title = f"t{launched + 10:02d}-{i}"
            launches[title] = str(FIRST + dt.timedelta(weeks=launched))
            size = rng.lognormal(4, 1)
            taste = rng.lognormal(0, 0.5, n_regions)
            for period in range(max(0, launched), n_periods):
                level = size * np.prod(ratio[: period - launched])
                gb = level * taste * rng.lognormal(0, noise, n_regions)
                rows += [(period, f"r{r}", title, float(gb[r])) for r in range(n_regions)]
    return make_history(rows), make_titles(launches)
