"""The real model against known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.forecast.backtest.backtest import Backtest, backtest
from cdnplan.forecast.base.base import Forecast
from cdnplan.forecast.base.known import known_at
from cdnplan.forecast.models.auto import Auto
from cdnplan.forecast.models.launches import WithLaunches
from cdnplan.forecast.models.models import make_models
from cdnplan.inputs.demand.launch_reader import Launch
from tests.forecast.histories import drawn_history, make_history, make_titles
from tests.forecast.truth import Floats, Truth, drawn


def at(truth: Truth, period: int, horizon: int = 1) -> Forecast:
    """Forecast from what was known at a period."""
    known, blind = known_at(truth.history, truth.titles, truth.history.day(period))
    return Auto().fit(known, blind).predict(horizon)


def cube(truth: Truth, made: Forecast, step: int = 1) -> Floats:
    """A step as (n_regions, n_titles) by the names of the whole history."""
    table = np.zeros(truth.mean_gb.shape[1:])
    rows = made.rows(step)
    region = [truth.history.regions.index(name) for name in made.regions]
    title = [truth.history.titles.index(name) for name in made.titles]
    table[np.array(region)[made.region[rows]], np.array(title)[made.title[rows]]] = made.gb[rows]
    return table


def wapes(found: Backtest, step: int) -> dict[str, float]:
    return {score.model: score.wape for score in found.scores if score.by == "all" and score.step == step}


@pytest.mark.parametrize(("period_days", "n_periods", "horizon"), [(1, 63, 5), (7, 36, 4)])
def test_better_than_every_baseline_at_every_step(period_days: int, n_periods: int, horizon: int) -> None:
    truth = drawn(1, n_periods=n_periods, period_days=period_days)
    found = backtest(truth.history, truth.titles, make_models(), cutoffs=4, horizon=horizon)
    for step in range(1, horizon + 1):
        by_model = wapes(found, step)
        oracle = by_model.pop("oracle")
        assert oracle == 0
        assert min(by_model, key=by_model.__getitem__) == "auto", (step, by_model)
    assert {score.model for score in found.scores} == {"auto", "recent", "last", "seasonal", "oracle"}


@pytest.mark.parametrize("period_days", [1, 7])
def test_intervals_cover_what_they_say(period_days: int) -> None:
    truth = drawn(2, n_periods=50, period_days=period_days)
    found = backtest(truth.history, truth.titles, [Auto()], cutoffs=8)
    (whole,) = [score for score in found.scores if score.by == "all" and score.model == "auto"]
    assert 0.77 <= whole.coverage_80 <= 0.83
    assert 0.93 <= whole.coverage_95 <= 0.97


def test_expected_values_have_no_bias_where_nothing_is_new() -> None:
    truth = drawn(3, n_periods=50)
    found = backtest(truth.history, truth.titles, [Auto()], cutoffs=6)
    known = [score for score in found.scores if score.by == "rank" and score.model == "auto"]
    whole = sum(score.actual_gb for score in known if "not in" not in score.segment)
    off = sum(score.actual_gb * score.bias for score in known if "not in" not in score.segment)
    assert abs(off / whole) < 0.05


def error_of(truth: Truth, period: int, part: str) -> float:
    """Error of the forecast's decay or taste factors against the truth, as mean distance of logarithms."""
    made = cube(truth, at(truth, period))
    good = (made > 0).all(axis=0) & (truth.mean_gb[period] > 0).all(axis=0)
    guess, real = np.log(made[:, good]), np.log(truth.mean_gb[period + 1][:, good])
    if part == "decay":
        return float(np.abs((guess - real).mean(axis=0) - (guess - real).mean()).mean())
    centred = [x - x.mean(axis=0) - x.mean(axis=1, keepdims=True) + x.mean() for x in (guess, real)]
    return float(np.abs(centred[0] - centred[1]).mean())


@pytest.mark.parametrize("part", ["decay", "taste"])
def test_factors_come_nearer_to_the_truth_as_data_grow(part: str) -> None:
    """Factors of the forecast: title by title over all regions, and region by region within a title."""
    few, many = (
        np.mean(
            [error_of(drawn(seed, n_periods=n, n_regions=r, noise=0.5), n - 2, part) for seed in range(3)]
        )
        for n, r in ((9, 8), (40, 24))
    )
    assert many < few
    assert many < 0.25


def test_weekdays_are_found() -> None:
    truth = drawn(4, n_periods=63, noise=0.2)
    made = at(truth, 55, 7)
    seen = truth.mean_gb[55] > 0
    totals = [cube(truth, made, step)[seen].sum() for step in range(1, 8)]
    came = [truth.mean_gb[55 + step][seen].sum() for step in range(1, 8)]
    np.testing.assert_allclose(totals, came, rtol=0.08)


def test_a_break_is_followed_within_two_periods() -> None:
    """A region doubles: from its second period on the forecast is at the new level."""
    truth = drawn(5, n_periods=60, noise=0.3, doubled=(4, 50))
    ratio = []
    for period in (49, 50, 51):
        made, real = cube(truth, at(truth, period))[4], truth.mean_gb[period + 1, 4]
        seen = truth.mean_gb[period, 4] > 0
        ratio.append(made[seen].sum() / real[seen].sum())
    assert ratio[0] < 0.6
    assert ratio[2] == pytest.approx(1.0, abs=0.12)


def test_the_error_of_a_launch_halves_by_the_third_day() -> None:
    """From the calendar's guess, before anybody has seen the title, to the forecast of its third day."""
    error: dict[int, list[float]] = {0: [], 2: []}
    for seed in range(2):
        truth = drawn(10 + seed, n_periods=60, n_titles=120)
        first = np.argmax(truth.mean_gb.sum(axis=1) > 0, axis=0)
        new = np.flatnonzero((first > 45) & (first < 55))
        kinds = truth.titles.kinds
        calendar = tuple(
            Launch(truth.titles.titles[t], truth.history.day(int(first[t])), kinds[truth.titles.kind[t]])
            for t in new
        )
        for period in range(45, 56):
            of_day = {days: new[first[new] + days - 1 == period] for days in error}
            if not any(titles.size for titles in of_day.values()):
                continue
            known, blind = known_at(truth.history, truth.titles, truth.history.day(period))
            made = cube(truth, WithLaunches(Auto(), calendar).fit(known, blind).predict(1))
            for days, titles in of_day.items():
                for title in titles:
                    real = truth.mean_gb[period + 1, :, title]
                    error[days].append(float(np.abs(made[:, title] - real).sum() / real.sum()))
    assert len(error[0]) > 10
    assert np.mean(error[2]) < 0.5 * np.mean(error[0])


def test_a_title_strong_elsewhere_is_expected_here() -> None:
    """Half the regions get titles one period later: what the others have is expected there, not certain."""
    rng = np.random.default_rng(0)
    rows = []
    for period in range(20):
        for r in range(10):
            rows += [(period, f"r{r}", f"old{i}", float(rng.lognormal(2, 0.2))) for i in range(10)]
            rows += [
                (period, f"r{r}", f"new{i:02d}", float(rng.lognormal(3, 0.2)))
                for i in range(20)
                if i + (r >= 5) <= period < i + 4
            ]
    made = Auto().fit(make_history(rows), make_titles({})).predict(1, (0.5,))
    assert made.silent_ratio is not None
    here = np.flatnonzero(np.array(made.titles)[made.title] == "new19")
    late = [i for i in here if made.regions[made.region[i]] >= "r5"]
    assert len(late) == 5
    assert (made.silent_ratio[late] < 0.5).all()
    assert made.gb[late].mean() > 5


def test_absent_is_not_nothing_where_lists_are_cut() -> None:
    """On a list of the top few, a pair just below the cut keeps an expected value."""
    history, titles = drawn_history(8, n_periods=24, n_regions=8)
    order = np.lexsort((-history.gb, history.region, history.period))
    cell = history.period[order] * 100 + history.region[order]
    rank = np.arange(order.size) - np.searchsorted(cell, cell)
    kept = np.zeros(order.size, dtype=bool)
    kept[order[rank < 6]] = True
    chart = replace(
        history,
        period=history.period[kept],
        region=history.region[kept],
        title=history.title[kept],
        gb=history.gb[kept],
    )
    known, blind = known_at(chart, titles, None)
    made = Auto().fit(known, blind).predict(1)
    last = chart.period == chart.n_periods - 1
    listed = set(zip(chart.region[last].tolist(), chart.title[last].tolist(), strict=True))
    absent = [
        i
        for i, (r, t) in enumerate(zip(made.region.tolist(), made.title.tolist(), strict=True))
        if (chart.regions.index(made.regions[r]), chart.titles.index(made.titles[t])) not in listed
    ]
    assert len(absent) > 10
    assert 0 < made.gb[absent].sum() < made.gb.sum() / 2


def test_scale_and_names_do_not_matter() -> None:
    truth = drawn(6, n_periods=30, n_titles=60)
    base = cube(truth, at(truth, 28))
    larger = replace(truth, history=replace(truth.history, gb=truth.history.gb * 1024))
    np.testing.assert_allclose(cube(larger, at(larger, 28)), base * 1024, rtol=1e-4, atol=1e-3)


def test_same_history_same_bytes() -> None:
    truth = drawn(7, n_periods=30, n_titles=60)
    first, second = at(truth, 28, 2), at(truth, 28, 2)
    assert first.gb.tobytes() == second.gb.tobytes()


def test_quantiles_rise_and_silence_is_their_zero() -> None:
    history, titles = drawn_history(9, n_periods=24, n_regions=8)
    made = Auto().fit(history, titles).predict(2, (0.1, 0.5, 0.9))
    assert made.quantile_gb is not None
    assert made.silent_ratio is not None
    assert (np.diff(made.quantile_gb, axis=1) >= 0).all()
    assert (made.quantile(0.5)[made.silent_ratio > 0.5] == 0).all()
