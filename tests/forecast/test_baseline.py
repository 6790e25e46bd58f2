"""Weighted recent × decay, and the last period."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cdnplan.forecast.backtest.losses import wape
from cdnplan.forecast.base.base import Forecast, Forecaster
from cdnplan.forecast.models.auto import Auto
from cdnplan.forecast.models.baseline import WeightedRecent
from cdnplan.forecast.models.last_period import LastPeriod
from cdnplan.forecast.models.seasonal import SeasonalNaive
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.demand.titles_reader import TitleTable, read_titles
from tests.forecast.histories import actual_and_predicted, drawn_history, make_history, make_titles

MODELS: list[Forecaster] = [WeightedRecent(), LastPeriod(), SeasonalNaive(), Auto()]


def table(forecast: Forecast, step: int = 1) -> dict[tuple[str, str], float]:
    rows = forecast.rows(step)
    return {
        (forecast.regions[r], forecast.titles[t]): float(gb)
        for r, t, gb in zip(forecast.region[rows], forecast.title[rows], forecast.gb[rows], strict=True)
    }


def mean_wape(model: Forecaster, history: History, titles: TitleTable, n: int) -> float:
    """Mean over the last n cutoffs, all pairs counted."""
    found = []
    for period in range(history.n_periods - 1 - n, history.n_periods - 1):
        known = history.until(history.day(period))
        found.append(wape(*actual_and_predicted(history, model.fit(known, titles).predict(1))))
    return float(np.mean(found))


def test_weighted_mean_by_hand() -> None:
    """Old titles, decay 1: the mean of 8 and 2 with weights 1 and 0.5, of 6 and nothing likewise."""
    history = make_history(
        [(p, "r", t, gb) for p, t, gb in [(0, "x", 2.0), (0, "gone", 6.0), (1, "x", 8.0)]]
        + [(p, f"s{i:02d}", "z", 100.0) for p in (0, 1) for i in range(80)]
    )
    titles = make_titles({"x": "2001-01-01", "gone": "2001-01-01", "z": "2001-01-01"})
    found = table(WeightedRecent(weights=(0.5,)).fit(history, titles).predict(1))
    ratio = WeightedRecent().fit(history, titles).aged.curve.ratio[0, -1]
    assert found["r", "x"] == pytest.approx((8 + 0.5 * 2 * ratio) / 1.5 * ratio)
    assert found["r", "gone"] == pytest.approx(0.5 * 6 * ratio / 1.5 * ratio)


def test_a_title_counts_from_the_week_it_is_first_seen() -> None:
    rows = [(p, "r", "old", 10.0) for p in range(4)] + [(3, "r", "new", 6.0)]
    titles = make_titles({"old": "2001-01-01", "new": "2001-01-01"})
    found = table(WeightedRecent(weights=(0.8,)).fit(make_history(rows), titles).predict(1))
    assert found["r", "new"] / found["r", "old"] == pytest.approx(0.6)


def test_a_week_without_reports_does_not_count() -> None:
    rows = [(p, "r", "x", 10.0) for p in (0, 1, 3)] + [(p, "s", "x", 10.0) for p in range(4)]
    titles = make_titles({"x": "2001-01-01"})
    found = table(WeightedRecent(weights=(0.8,)).fit(make_history(rows), titles).predict(1))
    assert found["r", "x"] == pytest.approx(found["s", "x"])


def test_age_brings_demand_down_step_by_step() -> None:
    history, titles = drawn_history(3, noise=0.1)
    forecast = WeightedRecent().fit(history, titles).predict(3)
    first, second, third = (table(forecast, step)["r0", "t29-0"] for step in (1, 2, 3))
    assert second / first == pytest.approx(0.7, abs=0.05)
    assert third / second == pytest.approx(0.8, abs=0.05)
    assert forecast.day(3) == history.day(history.n_periods + 2)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_forecasts_are_sorted_and_positive(model: Forecaster) -> None:
    forecast = model.fit(*drawn_history(4)).predict(2)
    key = (forecast.step.astype(np.int64) * 1000 + forecast.region) * 1000 + forecast.title
    assert (np.diff(key) > 0).all()
    assert (forecast.gb > 0).all()
    assert sorted(set(forecast.title.tolist())) == list(range(len(forecast.titles)))
    assert np.unique(forecast.step).tolist() == [1, 2]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_future_changes_nothing(model: Forecaster) -> None:
    """Rows after the cutoff, and launch dates after it, leave every bit of a forecast as it is."""
    history, titles = drawn_history(5)
    cutoff = history.day(12)
    known = history.until(cutoff)
    assert known.n_periods == 13
    late = [i for i, day in enumerate(titles.launch_day) if day > np.datetime64(cutoff)]
    assert late
    blind = TitleTable(
        titles.titles,
        titles.kinds,
        titles.kind,
        np.where(np.isin(np.arange(titles.n_titles), late), np.datetime64("NaT"), titles.launch_day),
        titles.runtime_min,
        titles.size_gb,
    )
    cut = make_history(
        (int(p), history.regions[r], history.titles[t], float(gb))
        for p, r, t, gb in zip(history.period, history.region, history.title, history.gb, strict=True)
        if p <= 12
    )
    full, alone = model.fit(known, titles).predict(2), model.fit(cut, blind).predict(2)
    assert (full.regions, full.titles, full.cutoff) == (alone.regions, alone.titles, alone.cutoff)
    for name in ("step", "region", "title", "gb"):
        assert getattr(full, name).tobytes() == getattr(alone, name).tobytes()
    assert not any(title in full.titles for title in (titles.titles[i] for i in late))


def test_last_period_repeats_the_last_period() -> None:
    history = make_history([(0, "a", "x", 1.0), (1, "b", "y", 2.0), (1, "a", "y", 3.0)])
    forecast = LastPeriod().fit(history, make_titles({})).predict(2)
    assert table(forecast, 1) == table(forecast, 2) == {("a", "y"): 3.0, ("b", "y"): 2.0}


def test_baseline_beats_the_last_period_where_titles_age_and_weeks_vary() -> None:
    history, titles = drawn_history(6)
    recent, last = (mean_wape(model, history, titles, 6) for model in MODELS[:2])
    assert recent < 0.85 * last


def test_the_weight_follows_the_noise() -> None:
    """Where weeks vary much, more of them count than where they do not."""
    noisy, calm = (
        WeightedRecent().fit(*drawn_history(7, noise=noise)).weight  # type: ignore[attr-defined]
        for noise in (0.8, 0.0)
    )
    assert noisy >= 0.6
    assert calm < noisy


@pytest.mark.realdata
def test_baseline_beats_last_week_on_real_charts(realdata: Path) -> None:
    """Four cutoffs; titles that had not charted by a cutoff are unknown to both models."""
    history = read_history(realdata / "real_week" / "history.parquet")
    titles = read_titles(realdata / "real_week" / "titles.parquet")
    recent, last = (mean_wape(model, history, titles, 4) for model in MODELS[:2])
    assert recent < 0.8 * last
