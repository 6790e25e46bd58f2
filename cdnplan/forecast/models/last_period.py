"""The forecast that anything has to beat: the next periods are like the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.forecast.base.base import Forecast
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable


@dataclass(frozen=True, slots=True)
class LastPeriod:
    """Repeats the last period; knows nothing else."""

    name: str = "last"

    def fit(self, history: History, titles: TitleTable) -> _FittedLast:  # noqa: ARG002
        """Keep the history's last period."""
        return _FittedLast(self.name, history)


@dataclass(frozen=True, slots=True, eq=False)
class _FittedLast:
    name: str
    history: History

    def predict(self, horizon: int, quantiles: Sequence[float] = ()) -> Forecast:  # noqa: ARG002
        """Repeat it `horizon` times."""
        history = self.history
        last = history.rows(history.n_periods - 1)
        size = last.stop - last.start
        return Forecast.after(
            history,
            self.name,
            horizon,
            step=np.repeat(np.arange(1, horizon + 1, dtype=np.int32), size),
            region=np.tile(history.region[last], horizon),
            title=np.tile(history.title[last], horizon),
            gb=np.tile(history.gb[last], horizon),
        )
