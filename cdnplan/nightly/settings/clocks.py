"""Time, passed in: what a test sets, and what a machine may have wrong."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall clock, stopwatch and patience.

    Parameters
    ----------
    now : callable
        Date and time in UTC; may jump, in either direction.
    monotonic : callable
        Seconds that only grow.
    sleep : callable
        Wait for so many seconds.
    """

    now: Callable[[], dt.datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
