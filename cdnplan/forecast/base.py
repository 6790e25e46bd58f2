"""What every forecast and every forecaster looks like."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.history import History
from cdnplan.inputs.titles_reader import TitleTable


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Expected GB of the periods after a cutoff, sorted by step, region and title.

    Parameters
    ----------
    model : str
        Name of the forecaster.
    cutoff : datetime.date
        Names the last period that was known.
    period_days : int
        Length of a period [days].
    horizon : int
        Number of periods forecast: steps 1 to `horizon`.
    regions, titles : tuple of str
        Names, sorted.
    by : {"title", "file"}
        What `titles` are the names of.
    step, region, title : (n_rows,) int32
        Periods after the cutoff (from 1), indices of region and title.
    gb : (n_rows,) float64
        Expected volume [GB], > 0; pairs that are not listed are expected to ask for nothing.
    history_hash : str
        `History.digest` of what was known; empty where nobody asked for it.
    warnings : tuple of str
    """

    model: str
    cutoff: dt.date
    period_days: int
    horizon: int
    regions: tuple[str, ...]
    titles: tuple[str, ...]
    by: Literal["title", "file"]
    step: npt.NDArray[np.int32]
    region: npt.NDArray[np.int32]
    title: npt.NDArray[np.int32]
    gb: npt.NDArray[np.float64]
    history_hash: str = ""
    warnings: tuple[str, ...] = ()

    def day(self, step: int) -> dt.date:
        """The date that names the period `step` periods after the cutoff."""
        return self.cutoff + dt.timedelta(days=step * self.period_days)

    def rows(self, step: int) -> slice:
        """Rows of one step."""
        first, last = np.searchsorted(self.step, [step, step + 1])
        return slice(int(first), int(last))


class Fitted(Protocol):
    """A forecaster that has seen a history."""

    def predict(self, horizon: int) -> Forecast:
        """Forecast the `horizon` periods that follow the last of the history it was fitted to."""
        ...


class Forecaster(Protocol):
    """A way to forecast. It never sees more than the periods of the history it is fitted to.

    Attributes
    ----------
    name : str
        As in commands and in written tables.
    """

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    def fit(self, history: History, titles: TitleTable) -> Fitted:
        """Learn from a history that ends at the cutoff (`History.until`).

        The titles table may know the future: a `launch_day` after the cutoff must not be used.
        """
        ...
