"""The baseline: a weighted mean of recent periods, times what titles lose as they age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.base import Forecast
from cdnplan.forecast.base.decay import DecayCurve, estimate_decay, launch_periods
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SMALLEST_GB = 1e-3
"""Forecasts below this are left out [GB]."""


@dataclass(frozen=True, slots=True)
class WeightedRecent:
    """Exponential smoothing of demand corrected for age, region by region and title by title [1]_.

    The demand of each of the last `window` periods is brought forward to the next period along the decay
    curve; the mean of these gives a period that is one further back `weight` times the influence. The
    weight is the one of `weights` that would have forecast the last `trials` known periods best (WAPE).
    A pair counts from the period it is first seen in the window; from then on a period without it counts
    with 0 GB, a period without any row of its region does not count.

    What it does not do: it forecasts nothing for a title that was never seen in a region, so that new
    titles are missing; it knows no seasons and no weekdays.

    Parameters
    ----------
    window, trials : int
        [periods]
    weights : tuple of float
        In (0, 1]; near 0 the last period alone counts.

    References
    ----------
    .. [1] R. G. Brown, "Smoothing, Forecasting and Prediction of Discrete Time Series", 1963.
    """

    window: int = 8
    trials: int = 4
    weights: tuple[float, ...] = (1e-12, 0.2, 0.4, 0.6, 0.8)
    name: str = "recent"

    def fit(self, history: History, titles: TitleTable) -> FittedRecent:
        """Estimate the decay curve and choose the weight, from this history alone."""
        launch = launch_periods(history, titles)
        index = {name: i for i, name in enumerate(titles.titles)}
        row = np.array([index.get(name, -1) for name in history.titles], dtype=np.int64)
        kind = np.append(titles.kind, np.int32(-1))[row]
        n_kinds = len(titles.kinds)
        curve = estimate_decay(history, launch, kind, n_kinds)
        aged = _Aged(history, launch, np.where(kind < 0, n_kinds, kind), curve)
        last = history.n_periods - 1
        return FittedRecent(self.name, aged, self.window, self._best_weight(aged, last), last)

    def _best_weight(self, aged: _Aged, last: int) -> float:
        """Weight whose forecasts of the last known periods were least wrong in sum."""
        wrong = np.zeros(len(self.weights))
        for end in range(max(0, last - self.trials), last):
            recent = _Recent.of(aged, end, self.window)
            actual_pair, actual = aged.period(end + 1)
            pairs, code = np.unique(np.concatenate([actual_pair, recent.pair]), return_inverse=True)
            came = np.bincount(code[: actual.size], actual, minlength=pairs.size)
            for i, weight in enumerate(self.weights):
                guess = recent.level(weight) * aged.growth(recent.pair, end, end + 1)
                wrong[i] += np.abs(came - np.bincount(code[actual.size :], guess, minlength=pairs.size)).sum()
        return self.weights[int(np.argmin(wrong))]


@dataclass(frozen=True, slots=True, eq=False)
class FittedRecent:
    """A `WeightedRecent` fitted to a history: `weight` is the one chosen, `last` its last period."""

    name: str
    aged: _Aged
    window: int
    weight: float
    last: int

    def predict(self, horizon: int, quantiles: Sequence[float] = ()) -> Forecast:  # noqa: ARG002
        """Bring the level of the last period forward along the decay curve."""
        history = self.aged.history
        recent = _Recent.of(self.aged, self.last, self.window)
        level = recent.level(self.weight)
        steps, pairs, volumes = [], [], []
        for step in range(1, horizon + 1):
            gb = level * self.aged.growth(recent.pair, self.last, self.last + step)
            kept = gb >= SMALLEST_GB
            steps.append(np.full(np.count_nonzero(kept), step, dtype=np.int32))
            pairs.append(recent.pair[kept])
            volumes.append(gb[kept])
        pair = np.concatenate(pairs)
        n_titles = len(history.titles)
        return Forecast.after(
            history,
            self.name,
            horizon,
            step=np.concatenate(steps),
            region=(pair // n_titles).astype(np.int32),
            title=(pair % n_titles).astype(np.int32),
            gb=np.concatenate(volumes),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Aged:
    """A history with what age does to its titles; a pair is ``region * n_titles + title``."""

    history: History
    launch: Ints
    kind: npt.NDArray[np.int32]
    curve: DecayCurve

    def rows(self, first: int, last: int) -> slice:
        """Rows of periods `first` to `last`."""
        return self.history.rows(first, last)

    def pairs(self, rows: slice) -> Ints:
        """Pair of each row."""
        history = self.history
        return history.region[rows].astype(np.int64) * len(history.titles) + history.title[rows]

    def period(self, period: int) -> tuple[Ints, Floats]:
        """Pairs and GB of one period."""
        rows = self.rows(period, period)
        return self.pairs(rows), self.history.gb[rows]

    def growth(self, pair: Ints, start: Ints | int, end: int) -> Floats:
        """Factor by which ageing changes the demand of pairs from one period to another."""
        title = pair % len(self.history.titles)
        kind, launch = self.kind[title], self.launch[title]
        logs = self.curve.log_factor(kind, end - launch) - self.curve.log_factor(kind, start - launch)
        return np.exp(logs)


@dataclass(frozen=True, slots=True, eq=False)
class _Recent:
    """The periods of a window, brought forward to its last period.

    Parameters
    ----------
    pair : (n_pairs,) int64
        Pairs seen in the window, sorted.
    row_pair, row_back, row_gb : (n_rows,)
        Of each row of the window: index into `pair`, periods before the last, GB brought forward.
    first_back : (n_pairs,) int64
        Periods from the pair's first in the window to the last.
    measured : (window, n_regions) bool
        Whether a region has any row, by periods before the last.
    region : (n_pairs,) int64
    """

    pair: Ints
    row_pair: Ints
    row_back: Ints
    row_gb: Floats
    first_back: Ints
    measured: npt.NDArray[np.bool_]
    region: Ints

    @classmethod
    def of(cls, aged: _Aged, end: int, window: int) -> _Recent:
        rows = aged.rows(end - window + 1, end)
        history = aged.history
        pair, first, code = np.unique(aged.pairs(rows), return_index=True, return_inverse=True)
        back = end - history.period[rows].astype(np.int64)
        measured = np.zeros((window, len(history.regions)), dtype=bool)
        measured[back, history.region[rows]] = True
        gb = history.gb[rows] * aged.growth(pair[code], history.period[rows].astype(np.int64), end)
        return cls(pair, code, back, gb, back[first], measured, pair // len(history.titles))

    def level(self, weight: float) -> Floats:
        """Weighted mean of each pair, (n_pairs,) [GB in the last period]."""
        influence = weight ** np.arange(self.measured.shape[0])
        total = np.bincount(self.row_pair, self.row_gb * influence[self.row_back], minlength=self.pair.size)
        upto = np.cumsum(influence[:, None] * self.measured, axis=0)
        return np.asarray(total / upto[self.first_back, self.region])
