"""Dates of a table: how long one period is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem

Days = npt.NDArray[np.datetime64]

DEFAULT_DAYS = 7.0
"""Length of a period that nothing tells [days]."""

YEARS = (1900, 2199)
"""Years that a period may lie in; others are mistakes, and dates around them may not exist."""

MOST_DAYS = 36_525
"""Longest period, and longest history [days]."""

_COUNTED_DAYS = 1_000_000


def strange_period(day: dt.date, days: float) -> str:
    """Say what is wrong with a period: where it lies, or how long it is.

    Parameters
    ----------
    day : datetime.date
        Its date.
    days : float
        Its length [days].

    Returns
    -------
    str
        Empty where nothing is.

    Examples
    --------
    >>> strange_period(dt.date(9999, 12, 31), 7.0)
    'found 9999-12-31, expected a date in the years 1900 to 2199'
    """
    if not YEARS[0] <= day.year <= YEARS[1]:
        return f"found {day}, expected a date in the years {YEARS[0]} to {YEARS[1]}"
    return "" if days <= MOST_DAYS else f"a period of {days:g} days, expected at most {MOST_DAYS:,}"


def distinct_days(days: Days) -> Days:
    """Distinct dates, increasing, without NaT: by counting, for tables have many rows and few dates."""
    number = days[~np.isnat(days)].astype(np.int64)
    if number.size == 0 or number.max() - number.min() > _COUNTED_DAYS:
        return np.unique(number).astype("datetime64[D]")
    first = number.min()
    found: Days = (np.flatnonzero(np.bincount(number - first)) + first).astype("datetime64[D]")
    return found


def usual_spacing(days: Days) -> float | None:
    """Most frequent distance between dates that follow each other.

    Parameters
    ----------
    days : (n,) datetime64[D]
        Increasing, each once.

    Returns
    -------
    float or None
        [days], the shortest where several are equally frequent; None with fewer than two dates.

    Examples
    --------
    >>> usual_spacing(np.array(["2021-07-04", "2021-07-11", "2021-07-25", "2021-08-01"], "datetime64[D]"))
    7.0
    """
    if days.size < 2:
        return None
    gaps, counts = np.unique(np.diff(days).astype(np.int64), return_counts=True)
    return float(gaps[np.argmax(counts)])


def stated_period(metadata: Mapping[str, str], file: str) -> float | None:
    """Length of a period as a Parquet file's schema metadata states it under ``period_days``.

    Raises
    ------
    InputError
        It is stated, but not a number > 0.

    Examples
    --------
    >>> stated_period({"period_days": "7"}, "demand.parquet")
    7.0
    """
    text = metadata.get("period_days")
    if text is None:
        return None
    try:
        period = float(text)
    except ValueError:
        period = 0.0
    if not 0 < period < np.inf:
        message = f"the schema metadata has period_days {text!r}, expected a number > 0"
        raise InputError([Problem(message, file=file)])
    return period
