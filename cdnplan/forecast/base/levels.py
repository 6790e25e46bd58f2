"""What a region asks for in all: its level, its weekdays, and breaks in either."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.demand.history import History

Floats = npt.NDArray[np.float64]

SMOOTHING = 0.3
"""Weight of the newest period in a region's level."""

BREAK_LOG, BREAK_SIGMAS = 0.4, 5.0
"""A break is two periods in a row further off than this (logarithm), and than so many usual deviations."""

SLIP = 4.0
"""Factor by which a single period may be off to count in full."""

WEEKDAY_PRIOR = 4.0
"""A region's own weekday factor counts as much as everyone's when it was seen on so many weeks."""

FEWEST_DAYS = 14
"""Weekdays are looked at from so many days of history on."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Volumes of regions, period by period, freed of weekdays and of breaks.

    Parameters
    ----------
    factor : (n_periods, n_regions) float64
        What demand of a period is multiplied by to be comparable with the last period's.
    total : (n_periods, n_regions) float64
        Volumes after that [GB]; 0 where a region was not measured.
    level : (n_periods, n_regions) float64
        Their smoothed course [GB], > 0 once a region has been measured.
    weekday : (7, n_regions) float64
        Factor of each weekday, counted on from the history's first day; ones for weekly histories.
    breaks : tuple of (int, int, float)
        Period from which on a region is another, the region, and by which factor.
    """

    factor: Floats
    total: Floats
    level: Floats
    weekday: Floats
    breaks: tuple[tuple[int, int, float], ...]

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Whether a region has any row in a period, (n_periods, n_regions)."""
        return self.total > 0

    def season(self, period: int) -> Floats:
        """Factor of a period, also a future one, that forecasts are multiplied by, (n_regions,)."""
        return np.asarray(self.weekday[period % 7])


def region_totals(history: History) -> Floats:
    """Volume of each region in each period, (n_periods, n_regions) [GB]."""
    n_regions = len(history.regions)
    totals = np.zeros((history.n_periods, n_regions))
    bounds = history.bounds
    for t in range(history.n_periods):
        rows = slice(bounds[t], bounds[t + 1])
        totals[t] = np.bincount(history.region[rows], history.gb[rows], minlength=n_regions)
    return totals


def find_levels(history: History) -> Levels:
    """Weekday factors first, then breaks, then the level by exponential smoothing.

    Parameters
    ----------
    history : History

    Returns
    -------
    Levels
    """
    raw = region_totals(history)
    daily = history.period_days == 1 and history.n_periods >= FEWEST_DAYS
    weekday = weekday_factors(raw) if daily else np.ones((7, raw.shape[1]))
    factor = 1.0 / weekday[np.arange(raw.shape[0]) % 7]
    total = raw * factor
    breaks = []
    for region in range(total.shape[1]):
        for period, ratio in find_breaks(total[:, region]):
            factor[:period, region] *= ratio
            total[:period, region] *= ratio
            breaks.append((period, region, ratio))
    return Levels(factor, total, smoothed(total), weekday, tuple(sorted(breaks)))


def weekday_factors(total: Floats) -> Floats:
    """Factors of weekdays by region, drawn towards those of all regions, geometric mean 1.

    Parameters
    ----------
    total : (n_days, n_regions) float64

    Returns
    -------
    (7, n_regions) float64
        Row d is for the days d, d + 7, …
    """
    n_days = total.shape[0] // 7 * 7
    weeks_of = total[-n_days:].reshape(n_days // 7, 7, -1)
    whole = np.all(weeks_of > 0, axis=1, keepdims=True)
    logs = np.log(np.where(whole, weeks_of, 1.0))
    off = logs - logs.mean(axis=1, keepdims=True)
    weeks = whole[:, 0].sum(axis=0)
    own = off.sum(axis=0)
    everyone = own.sum(axis=1, keepdims=True) / max(1, int(weeks.sum()))
    shrunk = (own + WEEKDAY_PRIOR * everyone) / (weeks + WEEKDAY_PRIOR)
    start = total.shape[0] - n_days
    return np.asarray(np.roll(np.exp(shrunk - shrunk.mean(axis=0)), start % 7, axis=0))


def smoothed(total: Floats) -> Floats:
    """Exponential smoothing down the periods; a period without a measurement leaves the level as it is.

    A period that is off by more than `SLIP` counts as if it were off by that: it may be a slip, and if it is
    not, `find_breaks` sees it with the next.
    """
    level = np.zeros_like(total)
    now = np.zeros(total.shape[1])
    for t in range(total.shape[0]):
        seen = total[t] > 0
        fresh = seen & (now == 0)
        taken = np.clip(total[t], now / SLIP, now * SLIP)
        now = np.where(fresh, total[t], np.where(seen, now + SMOOTHING * (taken - now), now))
        level[t] = now
    return level


def find_breaks(total: Floats) -> list[tuple[int, float]]:
    """Find periods from which on a region's volume is another: two periods in a row far off the level.

    Parameters
    ----------
    total : (n_periods,) float64
        0 where it was not measured.

    Returns
    -------
    list of (int, float)
        Period and factor, in order.

    Examples
    --------
    >>> found = find_breaks(np.array([9.9, 10, 10.1, 10, 9.9, 21, 20]))
    >>> [(period, round(ratio, 1)) for period, ratio in found]
    [(5, 2.1)]
    """
    periods = np.flatnonzero(total > 0)
    logs = np.log(total[periods])
    if logs.size < 5:
        return []
    steps = np.diff(logs)
    usual = 1.4826 * float(np.median(np.abs(steps - np.median(steps))))
    limit = max(BREAK_LOG, BREAK_SIGMAS * usual)
    found: list[tuple[int, float]] = []
    course: list[float] = logs.tolist()
    level, seen = course[0], 1
    for i in range(1, len(course)):
        before, now = course[i - 1] - level, course[i] - level
        if seen > 3 and i >= 2 and abs(before) > limit and abs(now) > limit and before * now > 0:
            found.append((int(periods[i - 1]), round(float(np.exp((before + now) / 2)), 9)))
            level, seen = (course[i - 1] + course[i]) / 2, 2
        elif abs(now) <= limit:
            # A period that is far off waits for the next one to tell whether it was a slip.
            level += max(SMOOTHING, 1 / (seen + 1)) * now
            seen += 1
    return found
