"""Intervals from quantiles, where much of the chance may lie on nothing at all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.base import Forecast

Floats = npt.NDArray[np.float64]

INTERVALS = (0.8, 0.95)
"""Levels of the intervals that backtests check."""


def levels_for(intervals: tuple[float, ...] = INTERVALS) -> tuple[float, ...]:
    """Quantile levels that the intervals and the median need, increasing.

    Examples
    --------
    >>> levels_for((0.8,))
    (0.1, 0.5, 0.8, 0.9)
    """
    wanted = {0.5, *intervals, *(_lower(c) for c in intervals), *(_upper(c) for c in intervals)}
    return tuple(sorted(wanted))


def interval(forecast: Forecast, level: float) -> tuple[Floats, Floats]:
    """Interval that holds what comes with probability `level`, by row of a forecast.

    Between the quantiles (1 − level) / 2 and (1 + level) / 2. Where nothing at all is more likely than the
    lower one, that interval would hold more than `level`: then from 0 to the quantile `level`. A pair that
    is silent with more than `level` has the interval 0 to 0, which holds more than was asked for: no
    interval holds less of it [1]_.

    Parameters
    ----------
    forecast : Forecast
        With the quantiles of `levels_for`.
    level : float

    Returns
    -------
    lower, upper : (n_rows,) float64
        [GB]

    References
    ----------
    .. [1] C. Czado, T. Gneiting and L. Held, "Predictive model assessment for count data", Biometrics
       65(4), 2009.
    """
    if forecast.silent_ratio is None:
        raise ValueError("the forecast has no distribution")
    open_below = forecast.silent_ratio > (1 - level) / 2
    lower = np.where(open_below, 0.0, forecast.quantile(_lower(level)))
    upper = np.where(open_below, forecast.quantile(level), forecast.quantile(_upper(level)))
    return lower, upper


def _lower(level: float) -> float:
    return round((1 - level) / 2, 6)


def _upper(level: float) -> float:
    return round((1 + level) / 2, 6)
