"""When appliances may fill, as spans of time: windows and maintenance are given in local time.

Nothing here knows rules of daylight saving by heart. The clock on the wall of a place is followed through
time, from one change of its offset to the next, until it first shows what a window asks for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from cdnplan.model.network.topology import Site

MS_PER_HOUR = 3_600_000
MS_PER_DAY = 24 * MS_PER_HOUR
FIRST_WINDOW_WITHIN_MS = 48 * MS_PER_HOUR
"""An appliance uses its first window that begins at most so long after the night's beginning."""

_EPOCH = dt.datetime(1970, 1, 1)
_LOOK_BACK_MS = 48 * MS_PER_HOUR
"""No clock is further from UTC than this, not even where a day was left out."""
_STEP_MS = MS_PER_HOUR
"""Offsets are looked up so often; no place changed its clocks twice within that time."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A time from `begin` to before `end`, milliseconds since 1970 in UTC."""

    begin: int
    end: int


def to_ms(moment: dt.datetime) -> int:
    """Milliseconds since 1970 of a date and time without a zone: of UTC, or of a clock on a wall.

    Examples
    --------
    >>> to_ms(dt.datetime(1970, 1, 2, 0, 0, 1))
    86401000
    """
    return (moment - _EPOCH) // dt.timedelta(milliseconds=1)


def in_words(instant: int) -> str:
    """Write milliseconds since 1970 as a time in UTC.

    Examples
    --------
    >>> in_words(86401000)
    '1970-01-02T00:00:01.000Z'
    """
    return (_EPOCH + dt.timedelta(milliseconds=instant)).isoformat(timespec="milliseconds") + "Z"


def fill_window(site: Site, night: int) -> Span | None:
    """First window of a site that begins in a night.

    Parameters
    ----------
    site : Site
    night : int
        Where the night begins [ms since 1970 in UTC].

    Returns
    -------
    Span or None
        None when none begins within `FIRST_WINDOW_WITHIN_MS`.

    Examples
    --------
    On the night to 29 March 2026 clocks in Amsterdam went from 02:00 to 03:00: a window from 02:30 begins
    at 03:00, which is 01:00 UTC.

    >>> from cdnplan.model.network.topology import FillWindow
    >>> window = FillWindow("02:30", 4.0)
    >>> ams = Site("ams", "ixp", (52.3, 4.9), (), timezone="Europe/Amsterdam", fill_window=window)
    >>> found = fill_window(ams, to_ms(dt.datetime(2026, 3, 28, 12)))
    >>> in_words(found.begin), in_words(found.end)
    ('2026-03-29T01:00:00.000Z', '2026-03-29T05:00:00.000Z')
    """
    clock = _clock(site)
    hour, minute = (int(part) for part in site.fill_window.start.split(":"))
    today = (_EPOCH + dt.timedelta(milliseconds=night + _offset_ms(clock, night))).date()
    begins = [
        first_instant(
            clock, to_ms(dt.datetime.combine(today + dt.timedelta(days=day), dt.time(hour, minute)))
        )
        for day in range(-1, 4)
    ]
    begin = min((instant for instant in begins if instant >= night), default=None)
    if begin is None or begin > night + FIRST_WINDOW_WITHIN_MS:
        return None
    return Span(begin, begin + round(site.fill_window.hours * MS_PER_HOUR))


def local_span(site: Site, start: str, hours: float) -> Span:
    """Time that begins when clocks at a site first show `start`, and lasts some hours.

    Parameters
    ----------
    site : Site
    start : str
        Date and time as ``2026-03-09T01:00``.
    hours : float
        Time that passes until the end, whatever clocks do meanwhile [h].
    """
    begin = first_instant(_clock(site), to_ms(dt.datetime.fromisoformat(start)))
    return Span(begin, begin + round(hours * MS_PER_HOUR))


Clock = str | int
"""A zone's name, or a fixed distance from UTC [ms]."""


def _clock(site: Site) -> Clock:
    """Clock of a site; without a time zone by longitude: whole hours, 15 degrees each."""
    return site.timezone or round(site.location[1] / 15.0) * MS_PER_HOUR


@lru_cache(maxsize=100_000)
def first_instant(clock: Clock, wall: int) -> int:
    """First instant at which a clock shows some time or a later one.

    Where clocks skip that time it is the moment they do; where they show it twice, the first time.

    Parameters
    ----------
    clock : str or int
    wall : int
        Local date and time, as by `to_ms`.

    Returns
    -------
    int
        [ms since 1970 in UTC]

    Examples
    --------
    On 25 October 2026 clocks in Amsterdam showed 02:30 at 00:30 UTC and again an hour later.

    >>> in_words(first_instant("Europe/Amsterdam", to_ms(dt.datetime(2026, 10, 25, 2, 30))))
    '2026-10-25T00:30:00.000Z'
    """
    if isinstance(clock, int):
        return wall - clock
    for begin, end, offset in _even_stretches(clock, wall - _LOOK_BACK_MS):
        instant = max(begin, wall - offset)
        if instant < end:
            return instant
    raise AssertionError("time goes on forever")


def _even_stretches(zone: str, begin: int) -> Iterator[tuple[int, int, int]]:
    """Stretches of time, one after the other, within which the offset from UTC stays the same [ms]."""
    offset = _offset_ms(zone, begin)
    while True:
        end = begin + _STEP_MS
        after = _offset_ms(zone, end)
        if after != offset:
            low, high = begin, end
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset_ms(zone, middle) == offset else (low, middle)
            yield begin, high, offset
            begin = high
        if begin < end:
            yield begin, end, after
        begin, offset = end, after


def _offset_ms(clock: Clock, instant: int) -> int:
    """How far a clock is ahead of UTC at an instant [ms]."""
    if isinstance(clock, int):
        return clock
    moment = (_EPOCH + dt.timedelta(milliseconds=instant)).replace(tzinfo=dt.UTC)
    offset = moment.astimezone(_zone(clock)).utcoffset()
    assert offset is not None
    return offset // dt.timedelta(milliseconds=1)


@lru_cache(maxsize=1000)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
