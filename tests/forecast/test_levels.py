"""Weekdays, breaks, slips and gaps of whole regions; caches filled by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.forecast.backtest.losses import filled, pinball
from cdnplan.forecast.base.compare import side_by_side
from cdnplan.forecast.base.intervals import interval, levels_for
from cdnplan.forecast.base.levels import find_breaks, find_levels, smoothed, weekday_factors
from cdnplan.forecast.base.panel import LONGEST_GAP, without_gaps
from cdnplan.forecast.models.hurdle import fit_hurdle
from cdnplan.forecast.models.last_period import LastPeriod
from tests.forecast.histories import make_history, make_titles
from tests.forecast.truth import WEEKDAY, drawn


def test_weekday_factors_are_found_and_shrunk() -> None:
    days = np.arange(35)
    total = 100 * WEEKDAY[days % 7][:, None] * np.ones(3)
    found = weekday_factors(total)
    truth = WEEKDAY / np.exp(np.log(WEEKDAY).mean())
    np.testing.assert_allclose(found, truth[:, None] * np.ones(3), rtol=1e-9)
    shifted = weekday_factors(total[3:])
    np.testing.assert_allclose(np.roll(found, -3, axis=0), shifted, rtol=1e-9)
    total[:, 2] = 100
    own = weekday_factors(total)[:, 2]
    assert (np.abs(own - 1) < np.abs(truth - 1)).all()


def test_a_slip_is_no_break() -> None:
    calm = np.full(20, 10.0)
    slip, step = calm.copy(), calm.copy()
    slip[12] = 80
    step[12:] = 30
    assert find_breaks(calm) == []
    assert find_breaks(slip) == []
    assert find_breaks(step) == [(12, pytest.approx(3.0))]
    level = smoothed(slip[:, None])[:, 0]
    assert level[12] < 20
    assert level[-1] == pytest.approx(10, rel=0.15)


def test_a_region_that_was_not_measured_goes_on() -> None:
    rows = [(p, "a", "x", 5.0) for p in range(6)] + [(p, "b", "x", 7.0) for p in (0, 2, 5)]
    filled_up = without_gaps(make_history(rows))
    measured = {int(p) for p, r in zip(filled_up.period, filled_up.region, strict=True) if r == 1}
    assert measured == {0, 1, 2, 3, 4, 5}
    assert LONGEST_GAP == 2
    gone = without_gaps(make_history([*rows[:6], (0, "b", "x", 7.0)]))
    assert (gone.region == 1).sum() == 1


def test_levels_of_a_drawn_history() -> None:
    truth = drawn(1, n_periods=40, n_titles=80, noise=0.2, doubled=(2, 30))
    levels = find_levels(truth.history)
    assert [(period, region) for period, region, _ in levels.breaks] == [(30, 2)]
    assert levels.breaks[0][2] == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize("seed", range(5))
def test_caches_are_filled_as_by_a_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gb, size = rng.lognormal(0, 1, 30) * (rng.random(30) < 0.8), rng.lognormal(1, 1, 30)
    held, left = [], 25.0
    for i in sorted(range(30), key=lambda i: -gb[i] / size[i]):
        if gb[i] > 0 and size[i] <= left:
            held.append(i)
            left -= size[i]
    assert filled(gb, size, 25.0).tolist() == held


def test_pinball_is_least_at_the_quantile() -> None:
    actual = np.random.default_rng(0).lognormal(0, 1, 2000)
    for level in (0.1, 0.5, 0.9):
        best = float(np.quantile(actual, level))
        losses = [pinball(actual, np.full(2000, best * factor), level) for factor in (0.7, 1.0, 1.4)]
        assert losses[1] == min(losses)


def test_a_hurdle_finds_chance_and_size_again() -> None:
    rng = np.random.default_rng(1)
    n = 20_000
    x = rng.standard_normal((n, 2)).astype(np.float32)
    chance = 1 / (1 + np.exp(-(0.5 + x[:, 0])))
    target = np.where(rng.random(n) < chance, np.exp(0.3 * x[:, 1] + 0.4 * rng.standard_normal(n)), 0.0)
    base, group = np.ones(n, dtype=np.float32), np.zeros(n, dtype=np.int64)
    hurdle = fit_hurdle(x, base, group, target.astype(np.float32), np.ones(n), 1)
    made = hurdle.of(x, base, group)
    assert float(np.abs(made.chance - chance).mean()) < 0.02
    assert hurdle.expected(made).sum() == pytest.approx(target.sum(), rel=0.02)
    for level in (0.5, 0.8, 0.95):
        below = float(np.mean(target <= hurdle.quantile(made, level) + 1e-9))
        assert below == pytest.approx(level, abs=0.02) or below > level


def test_intervals_need_a_distribution() -> None:
    history = make_history([(0, "a", "x", 1.0), (1, "a", "x", 1.0)])
    made = LastPeriod().fit(history, make_titles({})).predict(1, levels_for())
    with pytest.raises(ValueError, match="no distribution"):
        interval(made, 0.8)
    assert side_by_side(history, made).row.tolist() == [0]
