"""What every forecast and every forecaster looks like."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.demand.history import History, names_in_use, rows_before
from cdnplan.inputs.demand.titles_reader import TitleTable
from cdnplan.model.network.period import span_text


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
    quantiles : tuple of float
        Levels in (0, 1), increasing; empty where none were asked for or the model knows none.
    quantile_gb : (n_rows, n_quantiles) float32 or None
        Volume [GB] that is exceeded with probability 1 − level.
    silent_ratio : (n_rows,) float32 or None
        Probability that nothing is asked for at all (or listed, where the history is a chart).
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
    quantiles: tuple[float, ...] = ()
    quantile_gb: npt.NDArray[np.float32] | None = None
    silent_ratio: npt.NDArray[np.float32] | None = None

    @classmethod
    def after(
        cls,
        history: History,
        model: str,
        horizon: int,
        *,
        step: npt.NDArray[np.int32],
        region: npt.NDArray[np.int32],
        title: npt.NDArray[np.int32],
        gb: npt.NDArray[np.float64],
    ) -> Forecast:
        """Forecast what comes after a history, whose regions and titles are numbered as there.

        Parameters
        ----------
        history : History
        model : str
        horizon : int
        step, region, title, gb : (n_rows,)
            Names that no row has are left out.
        """
        regions, region = names_in_use(history.regions, region)
        titles, title = names_in_use(history.titles, title)
        return cls(
            model=model,
            cutoff=history.last_day,
            period_days=history.period_days,
            horizon=horizon,
            regions=regions,
            titles=titles,
            by=history.by,
            step=step,
            region=region,
            title=title,
            gb=gb,
        )

    def day(self, step: int) -> dt.date:
        """The date that names the period `step` periods after the cutoff, its last day."""
        return self.cutoff + dt.timedelta(days=step * self.period_days)

    def span(self) -> str:
        """First and last day of all periods forecast, for people."""
        return span_text(self.day(self.horizon), self.horizon * self.period_days)

    def rows(self, step: int) -> slice:
        """Rows of one step."""
        first, last = rows_before(self.step, [step, step + 1])
        return slice(int(first), int(last))

    def quantile(self, level: float) -> npt.NDArray[np.float64]:
        """Volume at a level that was asked for, (n_rows,) [GB]; the expected value where there are none."""
        if self.quantile_gb is None:
            return self.gb
        return self.quantile_gb[:, self.quantiles.index(level)].astype(np.float64)

    def take(self, rows: npt.NDArray[np.bool_]) -> Forecast:
        """Keep some rows, and the names that these use; `rows` is (n_rows,) bool."""
        regions, region = names_in_use(self.regions, self.region[rows])
        titles, title = names_in_use(self.titles, self.title[rows])
        return replace(
            self,
            regions=regions,
            titles=titles,
            step=self.step[rows],
            region=region,
            title=title,
            gb=self.gb[rows],
            quantile_gb=None if self.quantile_gb is None else self.quantile_gb[rows],
            silent_ratio=None if self.silent_ratio is None else self.silent_ratio[rows],
        )


class Fitted(Protocol):
    """A forecaster that has seen a history."""

    def predict(self, horizon: int, quantiles: Sequence[float] = ()) -> Forecast:
        """Forecast the `horizon` periods that follow the last of the history it was fitted to.

        Parameters
        ----------
        horizon : int
            Number of periods, >= 1.
        quantiles : sequence of float
            Levels wanted besides the expected value; a model without a distribution leaves them out.
        """
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
