"""When a deadline is, and how long the search may take."""

from __future__ import annotations

import datetime as dt

import pytest

from cdnplan.nightly.settings.deadline import deadline_of, next_time
from cdnplan.nightly.settings.wire import DeadlineWire


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("UTC", "2026-03-05T02:00", "2026-03-05T05:30"),
        ("UTC", "2026-03-05T05:30", "2026-03-06T05:30"),
        ("Europe/Brussels", "2026-01-05T02:00", "2026-01-05T04:30"),
        ("Europe/Brussels", "2026-07-05T02:00", "2026-07-05T03:30"),
        ("Pacific/Auckland", "2026-03-05T02:00", "2026-03-05T16:30"),
        ("Pacific/Pago_Pago", "2026-03-05T02:00", "2026-03-05T16:30"),
    ],
)
def test_the_next_half_past_five(zone: str, now: str, expected: str) -> None:
    assert next_time(DeadlineWire(at="05:30", timezone=zone), utc(now)) == utc(expected)


def test_an_hour_that_is_skipped_and_one_that_comes_twice() -> None:
    wire = DeadlineWire(at="02:30", timezone="Europe/Brussels")
    assert next_time(wire, utc("2026-03-28T23:00")) == utc("2026-03-29T01:30")
    assert next_time(wire, utc("2026-10-24T23:00")) == utc("2026-10-25T00:30")


def test_the_reserve_follows_the_last_run() -> None:
    now = utc("2026-03-05T02:00")
    wire = DeadlineWire(minutes=10.0)
    assert deadline_of(wire, now, lambda: 0.0, None).search_s() == 580.0
    assert deadline_of(wire, now, lambda: 0.0, 60.0).search_s() == 480.0
    assert deadline_of(DeadlineWire(minutes=10.0, reserve_s=5.0), now, lambda: 0.0, 60.0).search_s() == 595.0


def test_the_stopwatch_counts_not_the_clock() -> None:
    seconds = [100.0]
    deadline = deadline_of(DeadlineWire(minutes=10.0), utc("2026-03-05T02:00"), lambda: seconds[0], None)
    seconds[0] += 590.0
    assert deadline.left_s() == 10.0
    assert deadline.search_is_over()
