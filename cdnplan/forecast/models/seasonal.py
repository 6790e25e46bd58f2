"""The seasonal baseline: the same weekday again, or the same week of last year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.forecast.base.base import Forecast
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable

SEASON = {1: 7, 7: 52}
"""Periods of a season by length of period [days]: a week of days, a year of weeks."""


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """Repeats the period one season before; the last period where the history is shorter than a season."""

    name: str = "seasonal"

    def fit(self, history: History, titles: TitleTable) -> _FittedSeasonal:  # noqa: ARG002
        """Keep the history."""
        return _FittedSeasonal(self.name, history)


@dataclass(frozen=True, slots=True, eq=False)
class _FittedSeasonal:
    name: str
    history: History

    def predict(self, horizon: int, quantiles: Sequence[float] = ()) -> Forecast:  # noqa: ARG002
        """Repeat, for each step, the latest period that is whole seasons before it."""
        history = self.history
        season = SEASON[history.period_days]
        last = history.n_periods - 1
        steps, picked = [], []
        for step in range(1, horizon + 1):
            back = last + step - season * -(-step // season)
            own = history.rows(back)
            if back < 0 or own.start == own.stop:
                own = history.rows(last)
            picked.append(np.arange(own.start, own.stop))
            steps.append(np.full(own.stop - own.start, step, dtype=np.int32))
        rows = np.concatenate(picked)
        return Forecast.after(
            history,
            self.name,
            horizon,
            step=np.concatenate(steps),
            region=history.region[rows],
            title=history.title[rows],
            gb=history.gb[rows],
        )
