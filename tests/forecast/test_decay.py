"""Launches and the decay curve."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from cdnplan.forecast.base.decay import OLDEST, DecayCurve, estimate_decay, launch_periods
from tests.forecast.histories import FIRST, drawn_history, make_history, make_titles


def launch_of(launch_date: str | None, seen: tuple[int, ...], last: int = 5) -> int:
    rows = [(period, "r", "x", 1.0) for period in seen] + [(p, "r", "other", 1.0) for p in (0, last)]
    titles = make_titles({"other": None, "x": launch_date})
    return int(launch_periods(make_history(rows), titles)[1])


@pytest.mark.parametrize(
    ("launch_date", "seen", "expected"),
    [
        (None, (2, 3), 2),
        (None, (0, 3), -OLDEST[7]),
        ("2024-01-07", (0, 1), 0),
        ("2023-12-24", (3,), -2),
        # Within the week that the date it was first seen ends, or begins.
        ("2024-01-17", (2,), 2),
        ("2024-01-24", (2,), 2),
        # Not after the week it was first seen in; a date after the history's end is not looked at.
        ("2024-02-04", (2,), 2),
        ("2024-02-11", (2,), 2),
        ("2025-01-01", (0,), -OLDEST[7]),
    ],
)
def test_launch_periods(launch_date: str | None, seen: tuple[int, ...], expected: int) -> None:
    assert launch_of(launch_date, seen) == expected


def test_titles_that_the_table_lacks() -> None:
    history = make_history([(0, "r", "a", 1.0), (1, "r", "b", 1.0)])
    assert launch_periods(history, make_titles({"z": "2024-01-01"})).tolist() == [-OLDEST[7], 1]


def test_curve_is_found_again() -> None:
    """Estimated on clean data, ratios by age are those the data were made with, but for shrinkage."""
    history, titles = drawn_history(1, noise=0.0)
    launch = launch_periods(history, titles)
    curve = estimate_decay(history, launch, np.zeros(len(history.titles), dtype=np.int32), 1)
    np.testing.assert_allclose(curve.ratio[0, :5], [0.6, 0.7, 0.8, 0.9, 0.9], atol=0.02)


def test_few_pairs_say_little() -> None:
    """One pair that vanished hardly moves the ratio of its age from that of all."""
    rows = [(p, f"r{r}", f"old{i}", 10.0) for p in (0, 1, 2) for r in range(10) for i in range(10)]
    history = make_history([*rows, (1, "r0", "new", 10.0)])
    launch = launch_periods(history, make_titles({}))
    curve = estimate_decay(history, launch, np.zeros(len(history.titles), dtype=np.int32), 1)
    overall = 200 / 201
    assert curve.ratio[0, 0] == pytest.approx(overall * 50 / 51, rel=0.03)
    assert curve.ratio[0, OLDEST[7]] == pytest.approx(1.0, rel=0.01)


def test_kinds_differ_and_unknown_kinds_follow_all() -> None:
    rows = []
    for p in range(4):
        for r in range(40):
            rows += [(p, f"r{r:02d}", "film", 64.0 * 0.25**p), (p, f"r{r:02d}", "show", 64.0)]
    history = make_history(rows)
    launch = np.array([0, 0])
    curve = estimate_decay(history, launch, np.array([0, 1], dtype=np.int32), 2)
    film, show, unknown = curve.ratio[:, 0]
    assert film < unknown < show


def test_a_region_without_a_report_is_not_silent() -> None:
    both = [(p, "a", "x", 10.0) for p in range(3)] + [(p, "b", "x", 10.0) for p in (0, 2)]
    history = make_history(both)
    curve = estimate_decay(history, np.array([-50]), np.zeros(1, dtype=np.int32), 1)
    assert curve.ratio[0, -1] == pytest.approx(1.0)


def test_one_period_changes_nothing() -> None:
    history = make_history([(0, "a", "x", 10.0)])
    curve = estimate_decay(history, np.array([0]), np.zeros(1, dtype=np.int32), 1)
    assert (curve.ratio == 1.0).all()


def test_factors_multiply_beyond_the_last_age() -> None:
    curve = DecayCurve(np.array([[0.5, 0.8, 0.9]]))
    kind = np.zeros(5, dtype=np.int32)
    factors = np.exp(curve.log_factor(kind, np.array([0, 1, 2, 3, 5])))
    np.testing.assert_allclose(factors, [1, 0.5, 0.4, 0.36, 0.4 * 0.9**3])


def test_daily_histories_have_their_own_oldest_age() -> None:
    history = make_history([(0, "a", "x", 1.0), (3, "a", "y", 1.0)], period_days=1)
    titles = make_titles({"y": str(FIRST + dt.timedelta(days=2)), "x": None})
    assert launch_periods(history, titles).tolist() == [-OLDEST[1], 2]
