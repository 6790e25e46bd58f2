"""What the benchmark of consecutive nights calls wrong, and that its first night begins with empty caches."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from benchmarks.ten_nights import FIRST, OneNight, as_table, faults, run_nights


def night(day: int, cost: float, left_alone: float | None, to_fill: int | None) -> OneNight:
    date = FIRST + dt.timedelta(days=day)
    return OneNight(date, "published", 0, 1.0, float(day), cost, left_alone, to_fill, "")


def test_nights_that_do_as_they_said() -> None:
    nights = [night(0, 9.0, None, 2), night(1, 5.0, 8.0, 1), night(2, 4.0, 4.0, 0), night(3, 4.0, 4.0, 0)]
    assert faults(nights) == []
    assert faults([*nights[:2], night(2, 4.0, 4.0, 1), nights[3]]) == [], "one more"


@pytest.mark.parametrize(
    ("nights", "wrong"),
    [
        (
            [night(0, 9.0, None, 1), night(1, 5.1, 5.0, 0), night(2, 4.0, 4.0, 0)],
            "is dearer than leaving all as it was",
        ),
        (
            [night(0, 9.0, None, 1), night(1, 5.0, 8.0, 1), night(2, 4.0, 4.0, 1)],
            "a night after the 1 that the first one said, 1 are left",
        ),
        ([night(0, 9.0, None, 2), night(1, 5.0, 8.0, 1)], "too many for 2 nights"),
        ([night(0, 9.0, None, None)], "too many for 1 nights"),
    ],
)
def test_nights_that_do_not(nights: list[OneNight], wrong: str) -> None:
    (found,) = faults(nights)
    assert wrong in found


def test_the_first_night_of_the_demo(tmp_path: Path) -> None:
    (first,) = run_nights(tmp_path / "demo", 1, {"time_limit_s": 2.0, "threads": 1, "gap_ratio": 0.2})
    assert (first.state, first.exit_code, first.left_alone) == ("published", 0, None)
    assert 5_000 < first.fetched_gb == pytest.approx(first.held_gb)
    assert first.nights_to_fill in (2, 3)
    assert "2026-03-02" in as_table([first]).markdown()
