"""How wrong a forecast was."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base import Forecast
from cdnplan.inputs.history import History

Floats = npt.NDArray[np.float64]


def wape(actual: Floats, predicted: Floats) -> float:
    """Weighted absolute percentage error: Σ |actual − predicted| / Σ actual.

    Parameters
    ----------
    actual, predicted : (n,) float64
        For the same pairs, >= 0 [GB].

    Returns
    -------
    float
        0 for a perfect forecast, 1 for a forecast of nothing; NaN where nothing was asked for.

    Examples
    --------
    >>> wape(np.array([4.0, 0.0]), np.array([3.0, 1.0]))
    0.5
    """
    total = float(actual.sum())
    return float(np.abs(actual - predicted).sum()) / total if total > 0 else float("nan")


def actual_and_predicted(history: History, forecast: Forecast, step: int = 1) -> tuple[Floats, Floats]:
    """Put what came and what was forecast side by side, for all pairs that are in either.

    Parameters
    ----------
    history : History
        One that goes beyond the forecast's cutoff.
    forecast : Forecast
    step : int
        Which period after the cutoff.

    Returns
    -------
    actual, predicted : (n_pairs,) float64
        [GB], 0 where a pair was absent or not forecast.
    """
    period = (forecast.day(step) - history.first_day).days // history.period_days
    first, last = np.searchsorted(history.period, [period, period + 1])
    came, guess = slice(int(first), int(last)), forecast.rows(step)
    region = _joint(history.regions, history.region[came], forecast.regions, forecast.region[guess])
    title = _joint(history.titles, history.title[came], forecast.titles, forecast.title[guess])
    pair = region * (int(title.max(initial=0)) + 1) + title
    pairs, code = np.unique(pair, return_inverse=True)
    n_came = int(last - first)
    actual = np.zeros(pairs.size)
    predicted = np.zeros(pairs.size)
    actual[code[:n_came]] = history.gb[came]
    predicted[code[n_came:]] = forecast.gb[guess]
    return actual, predicted


def _joint(
    names: tuple[str, ...],
    code: npt.NDArray[np.int32],
    other_names: tuple[str, ...],
    other_code: npt.NDArray[np.int32],
) -> npt.NDArray[np.int64]:
    """Codes of two lists of names as codes of one, one after the other."""
    index = {name: i for i, name in enumerate(sorted({*names, *other_names}))}
    table = np.array([index[name] for name in names], dtype=np.int64)
    other_table = np.array([index[name] for name in other_names], dtype=np.int64)
    return np.concatenate([table[code], other_table[other_code]])
