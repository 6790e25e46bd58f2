"""When appliances may fill: local windows and maintenance as instants, with all rules of time zones.

Instants are milliseconds since 1970-01-01 UTC, as int64.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.network.topology import Site, Topology
from cdnplan.units import SECONDS_PER_HOUR

MS_PER_SECOND = 1000
MS_PER_HOUR = int(SECONDS_PER_HOUR) * MS_PER_SECOND
_UTC = dt.UTC
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_DAYS_AHEAD = 4
"""A zone is at most a day off UTC, and a window begins every day."""

Span = tuple[int, int]
"""From the first instant to the second, which is no more part of it [ms]."""


def to_ms(moment: dt.datetime) -> int:
    """Milliseconds since 1970 of a moment that knows its offset.

    Examples
    --------
    >>> to_ms(dt.datetime(1970, 1, 1, 0, 1, tzinfo=dt.UTC))
    60000
    """
    return (moment - _EPOCH) // dt.timedelta(milliseconds=1)


def from_ms(instant: int) -> dt.datetime:
    """Moment of an instant, in UTC."""
    return _EPOCH + dt.timedelta(milliseconds=instant)


def zone_of(site: Site) -> dt.tzinfo:
    """Time zone of a site; one without gets whole hours by longitude, 15 degrees each."""
    if site.timezone is not None:
        return ZoneInfo(site.timezone)
    return dt.timezone(dt.timedelta(hours=round(site.location[1] / 15.0)))


@lru_cache(maxsize=65536)
def instant_of(local: dt.datetime, zone: dt.tzinfo) -> int:
    """First instant at which clocks of a zone show a local time, or a later one where it is skipped.

    Parameters
    ----------
    local : datetime.datetime
        Without a zone. A time that comes twice, when clocks go back, means its first occurrence.
    zone : datetime.tzinfo

    Returns
    -------
    int
        Instant [ms].

    Examples
    --------
    Clocks of Amsterdam went from 02:00 straight to 03:00 on 29 March 2026:

    >>> print(from_ms(instant_of(dt.datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Amsterdam"))))
    2026-03-29 01:00:00+00:00
    """
    first = local.replace(tzinfo=zone, fold=0).astimezone(_UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return to_ms(first)
    # Skipped: the clock jumps past it between the two readings of the offset.
    other = local.replace(tzinfo=zone, fold=1).astimezone(_UTC)
    before, after = sorted((to_ms(first), to_ms(other)))
    while after - before > 1:
        middle = (before + after) // 2
        if from_ms(middle).astimezone(zone).replace(tzinfo=None) >= local:
            after = middle
        else:
            before = middle
    return after


def first_window(site: Site, after: int) -> Span:
    """First fill window of a site that begins at or after an instant.

    Parameters
    ----------
    site : Site
    after : int
        [ms]

    Returns
    -------
    (int, int)
        Begin and end [ms]. It lasts the window's hours whatever clocks do meanwhile.
    """
    zone = zone_of(site)
    start = dt.time.fromisoformat(site.fill_window.start)
    day = from_ms(after).astimezone(zone).date() - dt.timedelta(days=1)
    length = round(site.fill_window.hours * MS_PER_HOUR)
    for ahead in range(_DAYS_AHEAD + 1):
        begin = instant_of(dt.datetime.combine(day + dt.timedelta(days=ahead), start), zone)
        if begin >= after:
            return begin, begin + length
    message = f"no window of {site.name!r} begins within {_DAYS_AHEAD} days"
    raise RuntimeError(message)


def maintenance_of(site: Site, model: str, number: int) -> list[Span]:
    """Maintenance of one appliance of a site, in order; the site's own included."""
    zone = zone_of(site)
    spans = []
    for item in site.maintenance:
        if item.concerns(model, number):
            begin = instant_of(dt.datetime.fromisoformat(item.start), zone)
            spans.append((begin, begin + round(item.hours * MS_PER_HOUR)))
    return sorted(spans)


def without(window: Span, taken: Sequence[Span]) -> list[Span]:
    """Parts of a window outside other spans, which are sorted.

    Examples
    --------
    >>> without((0, 10), [(2, 3), (3, 5), (9, 20)])
    [(0, 2), (5, 9)]
    """
    left, begin = [], window[0]
    for first, last in taken:
        if first > begin:
            left.append((begin, min(first, window[1])))
        begin = max(begin, last)
        if begin >= window[1]:
            break
    if begin < window[1]:
        left.append((begin, window[1]))
    return [span for span in left if span[0] < span[1]]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """When each appliance may fill, and when it is under maintenance.

    Parameters
    ----------
    open_ptr : (n_appliances + 1,) int64
        Spans of appliance a are ``open_ptr[a]:open_ptr[a + 1]`` of the next two.
    open_begin, open_end : (n,) int64
        Parts of its window outside maintenance, in order [ms].
    closed_ptr, closed_begin, closed_end
        The same of its maintenance, also outside its window: then it gives nothing to others either.
    until : int
        End of the last window [ms].
    """

    open_ptr: Ints
    open_begin: Ints
    open_end: Ints
    closed_ptr: Ints
    closed_begin: Ints
    closed_end: Ints
    until: int


def night_windows(topology: Topology, instance: Instance, after: int) -> Windows:
    """Windows of one night: of each appliance the first that begins at or after an instant.

    Parameters
    ----------
    topology, instance : Topology, Instance
        Must belong together; the result numbers appliances by pool, then within it.
    after : int
        Begin of the night [ms].

    Returns
    -------
    Windows
    """
    sites = {site.name: site for site in topology.sites}
    window_of: dict[str, Span] = {}
    opened: list[list[Span]] = []
    closed: list[list[Span]] = []
    for p, count in enumerate(instance.pool_appliances.tolist()):
        name, model = instance.sites[instance.pool_site[p]], instance.models[instance.pool_model[p]]
        site = sites[name]
        window = window_of.get(name) or first_window(site, after)
        window_of[name] = window
        for number in range(1, count + 1):
            spans = maintenance_of(site, model, number) if site.maintenance else []
            closed.append(spans)
            opened.append(without(window, spans) if spans else [window])
    until = max((end for _, end in window_of.values()), default=after)
    return Windows(*_spans(opened), *_spans(closed), until)


def _spans(listed: Sequence[Sequence[Span]]) -> tuple[Ints, Ints, Ints]:
    """Pointers, begins and ends of lists of spans."""
    ptr = np.cumsum([0, *map(len, listed)]).astype(np.int64)
    begins = np.array([begin for spans in listed for begin, _ in spans], dtype=np.int64)
    ends = np.array([end for spans in listed for _, end in spans], dtype=np.int64)
    return ptr, begins, ends
