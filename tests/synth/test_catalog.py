"""The catalogue: sizes, ages and the skew of popularity."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from cdnplan.synth.audience.catalog import Titles, make_titles
from cdnplan.synth.given.decay import FIRST_RATIOS, decay
from tests.synth.measures import storage_ratio

WEEK = dt.date(2026, 3, 8)


@pytest.fixture(scope="module")
def full() -> Titles:
    return make_titles(20_000, WEEK, seed=1)


def test_same_seed_same_titles_other_seed_others() -> None:
    first, again, other = (make_titles(200, WEEK, seed) for seed in (1, 1, 2))
    assert first.name == again.name
    assert np.array_equal(first.weekly_ratio, again.weekly_ratio)
    assert first.name != other.name


def test_names_are_sorted_and_unique(full: Titles) -> None:
    assert list(full.name) == sorted(set(full.name))
    assert len(full.name) == 20_000


def test_size_follows_runtime(full: Titles) -> None:
    assert np.allclose(full.size_gb, full.runtime_min / 60 * 12, atol=0.051)
    assert 700e3 < full.size_gb.sum() < 1_100e3
    assert 95 < np.median(full.runtime_min[full.kind == "film"]) < 115


def test_later_seasons_launch_later(full: Titles) -> None:
    launch = dict(zip(full.name, full.launch_day.tolist(), strict=True))
    pairs = [(name, f"{name[:-1]}2") for name in full.name if name.endswith(": Season 1")]
    seconds = [(a, b) for a, b in pairs if b in launch]
    assert len(seconds) > 1_000
    assert all(launch[a] < launch[b] for a, b in seconds)


def test_launch_days_are_in_the_week_of_their_age(full: Titles) -> None:
    days_before = (np.datetime64(WEEK) - full.launch_day).astype(int)
    assert np.array_equal(days_before // 7, full.age_weeks)
    assert (full.age_weeks == 0).sum() >= 10


@pytest.mark.parametrize(("count", "lowest", "highest"), [(20_000, 15, 30), (300, 3, 8), (60, 1, 3)])
def test_launches_per_week(count: int, lowest: int, highest: int) -> None:
    titles = make_titles(count, WEEK, seed=3)
    recent = (titles.age_weeks < 12).sum() / 12
    assert lowest <= recent <= highest


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_skew(seed: int) -> None:
    """Half of what is watched in about 11% of the stored bytes, nine tenths in about 48%."""
    titles = make_titles(20_000, WEEK, seed)
    assert 0.08 < storage_ratio(titles.weekly_ratio, titles.size_gb, 0.5) < 0.13
    assert 0.45 < storage_ratio(titles.weekly_ratio, titles.size_gb, 0.9) < 0.53


@pytest.mark.parametrize("count", [300, 3_000])
def test_skew_is_the_same_in_small_catalogues(count: int) -> None:
    ratios = np.array(
        [
            [storage_ratio(t.weekly_ratio, t.size_gb, ratio) for ratio in (0.5, 0.9)]
            for t in (make_titles(count, WEEK, seed) for seed in range(8))
        ]
    ).mean(axis=0)
    assert 0.07 < ratios[0] < 0.13
    assert 0.45 < ratios[1] < 0.55


def test_decay_has_the_ratios_of_the_charts_and_flattens() -> None:
    level = decay(np.arange(200))
    ratios = level[1:] / level[:-1]
    assert np.allclose(ratios[:6], FIRST_RATIOS)
    assert (np.diff(ratios[5:]) > 0).all()
    assert ratios[-1] < 1.0
    assert decay([-3]).tolist() == [0.0]
