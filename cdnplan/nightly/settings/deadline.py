"""Until when a new plan has to be in force, and how long the search may take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cdnplan.nightly.settings.wire import DeadlineWire

LEAST_RESERVE_S = 20.0
RESERVE_FACTOR = 2.0
"""What follows the search is given this many times what it took the last time."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment, kept by a stopwatch: a wall clock that is set meanwhile does not move it.

    Parameters
    ----------
    at : datetime
        In UTC, as the wall clock said at the start.
    ends : float
        The same by `monotonic` [s].
    reserve_s : float
        Kept for what follows the search [s].
    monotonic : callable
    """

    at: dt.datetime
    ends: float
    reserve_s: float
    monotonic: Callable[[], float]

    def left_s(self) -> float:
        """Time left [s]; negative once it has passed."""
        return self.ends - self.monotonic()

    def search_s(self) -> float:
        """Time left for the search [s]."""
        return self.left_s() - self.reserve_s

    def search_is_over(self) -> bool:
        """Whether a search has to end with what it has."""
        return self.search_s() <= 0


def deadline_of(
    wire: DeadlineWire, now: dt.datetime, monotonic: Callable[[], float], last_tail_s: float | None
) -> Deadline:
    """Set the deadline of a run that begins now.

    Parameters
    ----------
    wire : DeadlineWire
    now : datetime
    monotonic : callable
    last_tail_s : float or None
        What followed the search took the last time [s].

    Returns
    -------
    Deadline
    """
    at = next_time(wire, now)
    reserve = wire.reserve_s
    if reserve is None:
        reserve = max(LEAST_RESERVE_S, RESERVE_FACTOR * (last_tail_s or 0.0))
    return Deadline(at, monotonic() + (at - now).total_seconds(), reserve, monotonic)


def next_time(wire: DeadlineWire, now: dt.datetime) -> dt.datetime:
    """Find the first such moment after now, in UTC; a skipped hour counts as the one after the gap.

    Examples
    --------
    >>> wire = DeadlineWire(at="05:30", timezone="Europe/Brussels")
    >>> next_time(wire, dt.datetime(2026, 3, 28, 23, 0, tzinfo=dt.UTC)).isoformat()
    '2026-03-29T03:30:00+00:00'
    """
    if wire.minutes is not None:
        return now + dt.timedelta(minutes=wire.minutes)
    zone = ZoneInfo(wire.timezone)
    clock = dt.time.fromisoformat(wire.at or "00:00")
    day = now.astimezone(zone).date() - dt.timedelta(days=1)
    while True:
        moment = dt.datetime.combine(day, clock, tzinfo=zone).astimezone(dt.UTC)
        if moment > now:
            return moment
        day += dt.timedelta(days=1)
