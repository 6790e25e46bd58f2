"""Demand by country and week: volumes, decay, charts, likeness of countries."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from cdnplan.synth.audience.catalog import make_titles
from cdnplan.synth.audience.demand import DemandModel, make_demand, region_taste
from cdnplan.synth.given.cities import all_cities
from cdnplan.synth.given.countries import continent_of
from cdnplan.synth.given.decay import FIRST_RATIOS
from tests.synth.measures import Array, kept_ratio, shared_ratio

WEEK = dt.date(2026, 3, 8)
COUNTRIES = ("AR", "BE", "BR", "DE", "FR", "GB", "ID", "IN", "JP", "KR", "MX", "NG", "NL", "TR", "US", "ZA")


def model(n_titles: int, seed: int, countries: tuple[str, ...] = COUNTRIES) -> DemandModel:
    audience = {code: sum(c.weight for c in all_cities() if c.country == code) for code in countries}
    titles = make_titles(n_titles, WEEK, seed)
    return make_demand(countries, [1e6 * audience[code] for code in countries], titles, seed)


@pytest.fixture(scope="module")
def full() -> DemandModel:
    return model(20_000, seed=1)


@pytest.fixture(scope="module")
def weeks(full: DemandModel) -> list[Array]:
    return [full.week_gb(back) for back in range(12, -1, -1)]


def test_margins_hold(full: DemandModel) -> None:
    audience = [1e6 * sum(c.weight for c in all_cities() if c.country == code) for code in full.countries]
    assert np.allclose(full.expected_gb.sum(axis=1), audience, rtol=1e-6)
    ratio = full.expected_gb.sum(axis=0) / full.expected_gb.sum()
    assert np.allclose(ratio, full.titles.weekly_ratio, rtol=1e-3)


def test_order_of_countries_changes_nothing() -> None:
    titles = make_titles(100, WEEK, seed=1)
    first = make_demand(["BE", "NL"], [1e6, 2e6], titles, seed=1)
    other = make_demand(["NL", "BE"], [2e6, 1e6], titles, seed=1)
    assert first.countries == other.countries
    assert np.array_equal(first.expected_gb, other.expected_gb)


def test_a_week_does_not_depend_on_how_many_are_made(full: DemandModel, weeks: list[Array]) -> None:
    assert np.array_equal(full.week_gb(3), weeks[-4])
    assert not np.array_equal(weeks[-1], weeks[-2])


def test_nothing_is_watched_before_its_launch(full: DemandModel, weeks: list[Array]) -> None:
    for back, week in zip(range(12, -1, -1), weeks, strict=True):
        assert ((week > 0) == (full.titles.age_weeks >= back)).all()


def test_titles_fall_with_age_as_charts_do(full: DemandModel, weeks: list[Array]) -> None:
    """Bytes of all titles of one age, against the same titles a week before."""
    later, before = np.zeros(7), np.zeros(7)
    for i in range(len(weeks) - 1):
        age = full.titles.age_weeks - (len(weeks) - 2 - i)
        for k in range(1, 7):
            later[k] += weeks[i + 1][:, age == k].sum()
            before[k] += weeks[i][:, age == k].sum()
    assert later[1:] / before[1:] == pytest.approx(FIRST_RATIOS, rel=0.1)


def test_volume_is_steady(weeks: list[Array]) -> None:
    totals = np.array([week.sum() for week in weeks])
    assert totals.max() / totals.min() < 1.3


@pytest.mark.parametrize(
    ("n_titles", "lowest", "highest"), [(20_000, 0.53, 0.65), (3_000, 0.53, 0.65), (300, 0.55, 0.75)]
)
def test_charts_turn_over(n_titles: int, lowest: float, highest: float) -> None:
    """A country's top 10 keeps about 0.59 of its titles; more in one of 300, with few new ones."""
    kept: list[float] = []
    for seed in (1, 2, 3):
        demand = model(n_titles, seed, ("GB", "DE", "NL", "BE", "FR", "ES"))
        kept.append(kept_ratio([demand.week_gb(back) for back in range(6, -1, -1)], demand.titles.kind))
    assert lowest < np.mean(kept) < highest


def test_countries_share_part_of_their_charts() -> None:
    shared = [shared_ratio(m.week_gb(0), m.titles.kind) for m in (model(20_000, seed) for seed in (1, 2, 3))]
    assert 0.3 < np.mean(shared) < 0.6


def test_countries_of_one_language_are_more_alike(full: DemandModel) -> None:
    share = np.log(full.expected_gb / full.titles.weekly_ratio)
    like = np.corrcoef(share)
    at = {code: i for i, code in enumerate(full.countries)}
    assert like[at["AR"], at["MX"]] > like[at["AR"], at["JP"]]
    assert like[at["NL"], at["BE"]] > like[at["NL"], at["BR"]]
    same = [continent_of(a) == continent_of(b) for a in full.countries for b in full.countries if a < b]
    pairs = [like[at[a], at[b]] for a in full.countries for b in full.countries if a < b]
    assert np.mean(np.array(pairs)[same]) > np.mean(np.array(pairs)[~np.array(same)])


def test_regions_differ_within_their_country() -> None:
    a, b, again = (
        region_taste(1, "nl-a", 5_000),
        region_taste(1, "nl-b", 5_000),
        region_taste(1, "nl-a", 5_000),
    )
    assert np.array_equal(a, again)
    assert (a != b).all()
    assert a.mean() == pytest.approx(1.0, abs=0.03)
