"""The days of a period. Its last day names it: in tables, folders, messages and reports."""

from __future__ import annotations

import datetime as dt
import math


def first_day(last: dt.date, days: float) -> dt.date:
    """First day of a period that ends with a day.

    Examples
    --------
    >>> first_day(dt.date(2026, 3, 8), 7.0)
    datetime.date(2026, 3, 2)
    """
    return _later(last, 1 - max(1, math.ceil(days)))


def last_day(first: dt.date, days: float) -> dt.date:
    """Last day of a period that begins with a day, which names it.

    Examples
    --------
    >>> last_day(dt.date(2026, 3, 2), 7.0)
    datetime.date(2026, 3, 8)
    """
    return _later(first, max(1, math.ceil(days)) - 1)


def _later(day: dt.date, days: int) -> dt.date:
    """A day some days later, within the years that a calendar has."""
    return dt.date.fromordinal(min(max(day.toordinal() + days, 1), dt.date.max.toordinal()))


def span_text(last: dt.date, days: float) -> str:
    """Both ends of a period, for people: every message and report names periods in this way.

    Parameters
    ----------
    last : datetime.date
        The day that names it.
    days : float
        Its length [days].

    Examples
    --------
    >>> span_text(dt.date(2026, 3, 8), 7.0)
    '2026-03-02 to 2026-03-08'
    >>> span_text(dt.date(2026, 3, 8), 1.0)
    '2026-03-08'
    """
    first = first_day(last, days)
    return str(last) if first == last else f"{first} to {last}"
