"""Losses against slow loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cdnplan.forecast.backtest.losses import wape
from cdnplan.forecast.models.last_period import LastPeriod
from tests.forecast.histories import actual_and_predicted, drawn_history, make_history, make_titles


def test_wape_by_hand() -> None:
    assert wape(np.array([2.0, 0.0, 2.0]), np.array([1.0, 1.0, 2.0])) == 0.5
    assert math.isnan(wape(np.zeros(2), np.ones(2)))


def test_all_pairs_are_counted() -> None:
    history = make_history([(0, "a", "x", 1.0), (0, "b", "x", 5.0), (1, "a", "x", 4.0), (1, "c", "w", 2.0)])
    forecast = LastPeriod().fit(history.until(history.day(0)), make_titles({})).predict(2)
    actual, predicted = actual_and_predicted(history, forecast)
    assert sorted(zip(actual.tolist(), predicted.tolist(), strict=True)) == [(0, 5), (2, 0), (4, 1)]
    actual, predicted = actual_and_predicted(history, forecast, 2)
    assert actual.sum() == 0
    assert predicted.sum() == 6


def test_against_a_loop() -> None:
    history, titles = drawn_history(2, n_periods=6, n_regions=3)
    forecast = LastPeriod().fit(history.until(history.day(4)), titles).predict(1)
    pairs: dict[tuple[str, str], list[float]] = {}
    for p, r, t, gb in zip(history.period, history.region, history.title, history.gb, strict=True):
        if p in (4, 5):
            pairs.setdefault((history.regions[r], history.titles[t]), [0.0, 0.0])[p - 4] = float(gb)
    wrong = sum(abs(now - then) for then, now in pairs.values())
    total = sum(now for _, now in pairs.values())
    assert wape(*actual_and_predicted(history, forecast)) == pytest.approx(wrong / total)
