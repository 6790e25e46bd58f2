"""The yearly season of regions, where the history is longer than a year and shows that it helps.

The logarithm of a region's weekly volume is a random walk plus a season of a few harmonics. Its differences
are then harmonics plus noise, so that the season is found by least squares [1]_, for all regions together and
for each, which is drawn towards all as far as chance tells. It is used only if forecasts from within the
history would have been better with it.

References
----------
.. [1] A. C. Harvey, "Forecasting, structural time series models and the Kalman filter", chapter 2.3, 1989.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.levels import region_totals
from cdnplan.inputs.demand.history import History

Floats = npt.NDArray[np.float64]

WEEKS = 365.25 / 7
"""Length of a year [weeks]."""

HARMONICS = 3
MORE_THAN_YEAR = 60
"""Weeks of history from which on there may be a season to see: a year, and some that repeat it."""

TRIED_AHEAD = 4
"""Weeks ahead for which forecasts with and without the season are compared."""

SIGMAS = 2.0
"""A season is used if errors fall by so many times their own uncertainty."""

SLIP_DEVIATIONS = 4.0
"""Differences further off than so many usual deviations count as so far off."""


@dataclass(frozen=True, slots=True, eq=False)
class Year:
    """A season by region: harmonics of the year, of the logarithm of volume.

    Parameters
    ----------
    coefficients : (2 * HARMONICS, n_regions) float64
    period_days : int
    """

    coefficients: Floats
    period_days: int

    def at(self, periods: Floats) -> Floats:
        """Season of some periods, counted from the history's first, (n_periods, n_regions)."""
        return np.asarray(harmonics(periods * self.period_days / 7) @ self.coefficients)


def harmonics(week: Floats) -> Floats:
    """Cosines and sines of the year at some times, counted in weeks, (n, 2 * HARMONICS)."""
    angle = 2 * np.pi * np.outer(week / WEEKS, np.arange(1, HARMONICS + 1))
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


def find_year(history: History) -> Year | None:
    """Find the season of a history, or None where there is none that helps.

    Parameters
    ----------
    history : History
        Days are added up to the weeks that end with the last one.
    """
    span = 7 // history.period_days
    n_weeks = history.n_periods // span
    if n_weeks < MORE_THAN_YEAR:
        return None
    first = history.n_periods - n_weeks * span
    total = region_totals(history)[first:].reshape(n_weeks, span, -1)
    measured = (total > 0).all(axis=1)
    logs = np.full(measured.shape, np.nan)
    logs[measured] = np.log(total.sum(axis=1)[measured])
    # Weeks are counted from the history's first period, a week of days from its middle.
    week = (first + np.arange(n_weeks) * span + (span - 1) / 2) / span
    if not _helps(logs, week):
        return None
    return Year(fitted(logs, week), history.period_days)


def fitted(logs: Floats, week: Floats) -> Floats:
    """Fit harmonics to the differences of weekly logarithms.

    Parameters
    ----------
    logs : (n_weeks, n_regions) float64
        NaN where a region was not measured.
    week : (n_weeks,) float64
        Time of each [weeks].

    Returns
    -------
    (2 * HARMONICS, n_regions) float64
    """
    steps, basis = _steps(logs, week)
    known = ~np.isnan(steps)
    # All regions together: the mean of those that are measured, week by week.
    count = known.sum(axis=1)
    some = count > 0
    everyone = np.where(known, steps, 0.0).sum(axis=1)[some] / count[some]
    together, together_noise = _least_squares(basis[some], everyone)
    common = together * _shrinkage(together, together_noise)
    found = np.repeat(common[:, None], logs.shape[1], axis=1)
    enough = known.sum(axis=0) >= MORE_THAN_YEAR - 1
    own = np.zeros_like(found)
    noise = np.zeros_like(found)
    # Regions that were measured in the same weeks, mostly all, are solved for together.
    _, pattern = np.unique(known, axis=1, return_inverse=True)
    for alike in range(int(pattern.max()) + 1):
        regions = np.flatnonzero((pattern == alike) & enough)
        if regions.size:
            use = known[:, regions[0]]
            own[:, regions], noise[:, regions] = _least_squares(basis[use], steps[np.ix_(use, regions)])
    if enough.sum() < 2:
        return found
    # How far regions truly differ: what their estimates differ by beyond chance, over all harmonics.
    off, chance = own[:, enough] - common[:, None], noise[:, enough]
    between = max(0.0, float(np.mean(off**2 - chance)))
    found[:, enough] += off * between / (between + chance)
    return found


def _steps(logs: Floats, week: Floats) -> tuple[Floats, Floats]:
    """Differences of neighbouring weeks without slips, and those of the harmonics with a column for drift."""
    steps = np.diff(logs, axis=0)
    some = ~np.isnan(steps).all(axis=0)
    values = steps[:, some]
    middle = np.nanmedian(values, axis=0)
    limit = SLIP_DEVIATIONS * 1.4826 * np.nanmedian(np.abs(values - middle), axis=0)
    steps[:, some] = np.clip(values, middle - limit, middle + limit)
    return steps, np.column_stack([np.diff(harmonics(week), axis=0), np.ones(week.size - 1)])


def _least_squares(basis: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Coefficients of the harmonics and their variances, for one or several columns of values."""
    inverse = np.linalg.pinv(basis.T @ basis)
    found = inverse @ basis.T @ values
    free = max(1, values.shape[0] - basis.shape[1])
    noise = ((values - basis @ found) ** 2).sum(axis=0) / free
    return found[:-1], np.multiply.outer(np.diag(inverse)[:-1], noise)


def _shrinkage(found: Floats, variance: Floats) -> float:
    """Positive-part James–Stein factor of a vector of coefficients."""
    strength = float((found**2 / np.maximum(variance, 1e-300)).sum())
    return max(0.0, 1 - (found.size - 2) / strength) if strength > 0 else 0.0


def _helps(logs: Floats, week: Floats) -> bool:
    """Whether the season known at the time would have made forecasts better, origin by origin."""
    gains = []
    for origin in range(MORE_THAN_YEAR - 1, logs.shape[0] - TRIED_AHEAD):
        season = harmonics(week[[origin, origin + TRIED_AHEAD]])
        coefficients = fitted(logs[: origin + 1], week[: origin + 1])
        change = logs[origin + TRIED_AHEAD] - logs[origin]
        expected = (season[1] - season[0]) @ coefficients
        gain = np.abs(change) - np.abs(change - expected)
        if not np.isnan(gain).all():
            gains.append(float(np.nanmean(gain)))
    if len(gains) < 2 * TRIED_AHEAD:
        return False
    # Forecasts from neighbouring weeks share most of what came: so many fewer are independent.
    error = float(np.std(gains, ddof=1)) * np.sqrt(TRIED_AHEAD / len(gains))
    return bool(np.mean(gains) > SIGMAS * error)
