"""Launches by genre and language: told where they tell, and no matter where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.forecast.base.known import known_at
from cdnplan.forecast.effects.attributes import Attributes, spread_over
from cdnplan.forecast.models.last_period import LastPeriod
from cdnplan.forecast.models.launches import WithLaunches
from cdnplan.inputs.demand.launch_reader import Launch
from tests.forecast.truth import Floats, Truth, drawn, tables

GENRES, LANGUAGES = ("crime", "drama", "kids"), ("en", "es")


def launched(seed: int, *, matters: bool) -> tuple[Truth, list[str], list[str]]:
    """Weekly history whose genres differ in size, and whose languages have regions of their own."""
    rng = np.random.default_rng(seed)
    n = 160
    truth = drawn(seed, n_periods=30, n_regions=8, n_titles=n, period_days=7, noise=0.2)
    genre, language = rng.integers(0, 3, n), rng.integers(0, 2, n)
    log = np.zeros((8, n))
    if matters:
        log += np.array([-1.0, 0.0, 1.5])[genre]
        log += np.where((np.arange(8) < 4)[:, None] == (language == 1), 1.5, -1.5)
    history = truth.history
    gb = np.zeros(truth.mean_gb.shape)
    gb[history.period, history.region, history.title] = history.gb
    launch = (truth.titles.launch_day - np.datetime64(history.first_day)).astype(int) // 7
    kind = np.array(truth.titles.kinds)[truth.titles.kind]
    found, titles = tables(gb * np.exp(log), launch, kind, 7)
    names = [GENRES[g] for g in genre], [LANGUAGES[k] for k in language]
    told = replace(titles, genre=tuple(names[0]), language=tuple(names[1]))
    return Truth(found, told, truth.mean_gb * np.exp(log), truth.taste), *names


def errors(truth: Truth, genre: list[str], language: list[str]) -> dict[str, float]:
    """Error of the logarithm of what launches of the last weeks had, region by region."""
    history, found = truth.history, {"told": [], "untold": []}
    first = np.argmax(truth.mean_gb.sum(axis=1) > 0, axis=0)
    for title in np.flatnonzero(first > 20).tolist():
        period = int(first[title])
        known, blind = known_at(history, truth.titles, history.day(period - 1))
        kind = truth.titles.kinds[truth.titles.kind[title]]
        line = Launch(history.titles[title], history.day(period), kind)
        lines = {"untold": line, "told": replace(line, genre=genre[title], language=language[title])}
        for name, own in lines.items():
            made = WithLaunches(LastPeriod(), (own,)).fit(known, blind).predict(1)
            rows = np.array(made.titles)[made.title] == own.title
            region = np.array([history.regions.index(x) for x in made.regions])[made.region[rows]]
            guess: Floats = np.full(8, 1e-3)
            guess[region] = made.gb[rows]
            found[name].append(np.abs(np.log(guess / truth.mean_gb[period, :, title])).mean())
    assert len(found["told"]) > 15
    return {name: float(np.mean(own)) for name, own in found.items()}


def test_genre_and_language_make_launches_surer() -> None:
    found = [errors(*launched(seed, matters=True)) for seed in range(3)]
    assert np.mean([x["told"] for x in found]) < 0.85 * np.mean([x["untold"] for x in found])


def test_attributes_that_tell_nothing_do_no_harm() -> None:
    found = [errors(*launched(seed, matters=False)) for seed in range(3)]
    assert np.mean([x["told"] for x in found]) < 1.05 * np.mean([x["untold"] for x in found])


def test_weights_sum_to_one_and_lean_on_what_is_alike() -> None:
    rng = np.random.default_rng(0)
    genre = tuple("crime" if i % 2 else "kids" for i in range(40))
    past = Attributes((genre, ("",) * 40))
    shares = np.where(np.array(genre) == "crime", 1.0, 8.0)[:, None] * rng.lognormal(0, 0.3, (40, 5))
    usable = np.arange(40) < 30
    weight = spread_over(past, ("crime", "en"), shares, usable)
    assert weight.sum() == pytest.approx(1)
    assert weight[30:].sum() == 0
    assert weight[1::2].sum() > 0.95
    even = spread_over(past, ("comedy", ""), shares, usable)
    np.testing.assert_allclose(even, usable / 30)
    assert spread_over(past, ("crime", ""), shares, np.zeros(40, dtype=bool)).sum() == 0
