"""Dates of a table: how long a period is, and which days a date stands for.

A period is named by its last day. Weeks that a table names by Mondays are known for what they are, Monday to
Sunday.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.model.network.period import last_day, span_text

Days = npt.NDArray[np.datetime64]

DEFAULT_DAYS = 7.0
"""Length of a period that nothing tells [days]."""

NAMED_BY = "named_by"
"""Key of a Parquet file's schema metadata: whether the ``first`` or ``last`` day of a period names it."""

YEARS = (1900, 2199)
"""Years that a period may lie in; others are mistakes, and dates around them may not exist."""

MOST_DAYS = 36_525
"""Longest period, and longest history [days]."""

_COUNTED_DAYS = 1_000_000
_WEEK, _SUNDAY = 7, 6
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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


def named_by_first(
    days: Days, period_days: float, metadata: Mapping[str, str], file: str
) -> tuple[bool, str]:
    """Whether a table names periods by their first days, and what to tell of it.

    Dates name last days, unless the table says otherwise, or they are the Mondays of a weekly table: hardly
    anybody ends weeks on Mondays, and ISO weeks begin on them.

    Parameters
    ----------
    days : (n,) datetime64[D]
        Dates of the table, increasing.
    period_days : float
        Length of a period [days].
    metadata : mapping of str to str
        Of the file's schema; `NAMED_BY` may say which day names a period.
    file : str
        The table as the user named it, for messages.

    Returns
    -------
    bool
    str
        A warning where weeks are named by another day than the Sunday that ends them; else empty.

    Raises
    ------
    InputError
        The metadata say something else than ``first`` or ``last``.

    Examples
    --------
    >>> mondays = np.array(["2026-03-02", "2026-03-09"], "datetime64[D]")
    >>> first, told = named_by_first(mondays, 7.0, {}, "d.csv")
    >>> first, told.partition(";")[0]
    (True, 'd.csv: dates are Mondays, taken for first days of weeks: 2026-03-09 is 2026-03-09 to 2026-03-15')
    >>> named_by_first(mondays, 7.0, {"named_by": "last"}, "demand.parquet")
    (False, '')
    """
    stated = metadata.get(NAMED_BY)
    if stated not in (None, "first", "last"):
        message = f"the schema metadata has {NAMED_BY} {stated!r}, expected 'first' or 'last'"
        raise InputError([Problem(message, file=file)])
    if stated is not None:
        return stated == "first", ""
    # 1970-01-01 was a Thursday.
    weekdays = np.unique((days.astype(np.int64) + 3) % _WEEK)
    if period_days != _WEEK or weekdays.size != 1 or weekdays[0] == _SUNDAY:
        return False, ""
    weekday, last = int(weekdays[0]), days[-1].astype(dt.date)
    name = f"{_WEEKDAYS[weekday]}s"
    by_first = weekday == 0
    ends = last_day(last, period_days) if by_first else last
    which, other = ("first", "end") if by_first else ("last", "begin")
    week_ends = _WEEKDAYS[weekday if by_first else weekday - 1].lower()
    span = span_text(ends, period_days)
    return by_first, (
        f"{file}: dates are {name}, taken for {which} days of weeks: {last} is {span}; where weeks {other}"
        f" on {name}, make the table with: cdnplan ingest --period weekly --week-ends {week_ends}"
    )
