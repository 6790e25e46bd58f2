"""Holidays, events and the year: effects that were put in are found, and nothing where there is nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.forecast.base.base import Forecast, Forecaster
from cdnplan.forecast.base.known import known_at
from cdnplan.forecast.effects.event_effects import Members, learn_effects, off_neighbours
from cdnplan.forecast.effects.pooling import Seen, pooled
from cdnplan.forecast.effects.public_holidays import public_holidays
from cdnplan.forecast.effects.year import find_year
from cdnplan.forecast.models.auto import Auto
from cdnplan.forecast.models.baseline import WeightedRecent
from cdnplan.forecast.models.calendar import WithCalendar
from cdnplan.forecast.models.models import make_models
from cdnplan.inputs.demand.event_reader import Event, read_events
from cdnplan.inputs.demand.history import History
from tests.forecast.histories import actual_and_predicted
from tests.forecast.truth import Floats, Truth, drawn, tables

COUNTRIES = ("BE", "DE", "ES", "FR", "IT", "NL", "PL", "PT")
HOLIDAY = 0.4


def named(truth: Truth, regions: tuple[str, ...] = COUNTRIES) -> Truth:
    """With countries as regions."""
    return replace(truth, history=replace(truth.history, regions=regions))


def times(truth: Truth, log: Floats) -> Truth:
    """Multiplied by the exponential of an effect, which broadcasts to (n_periods, n_regions, n_titles)."""
    history = truth.history
    shape = (history.n_periods, len(history.regions), len(history.titles))
    factor = np.exp(np.broadcast_to(log, shape))
    gb = history.gb * factor[history.period, history.region, history.title]
    return replace(truth, history=replace(history, gb=gb), mean_gb=truth.mean_gb * factor)


def on_holidays(history: History, effect: float) -> Floats:
    """An effect on public holidays, (n_periods, n_regions, 1)."""
    table = np.zeros((history.n_periods, len(history.regions), 1))
    for event in public_holidays(history.regions, history.first_day, history.last_day):
        if "the day before" not in event.name:
            table[(event.start - history.first_day).days, history.regions.index(event.region)] = effect
    return table


def with_holidays(seed: int, effect: float = HOLIDAY) -> Truth:
    truth = named(drawn(seed, n_periods=150, n_regions=8, n_titles=40))
    return times(truth, on_holidays(truth.history, effect))


def made_at(truth: Truth, period: int, model: Forecaster, horizon: int = 1) -> Forecast:
    known, blind = known_at(truth.history, truth.titles, truth.history.day(period))
    return model.fit(known, blind).predict(horizon, (0.5,))


def wape(truth: Truth, made: Forecast, step: int = 1) -> float:
    actual, expected = actual_and_predicted(truth.history, made, step)
    return float(np.abs(actual - expected).sum() / actual.sum())


def total_error(truth: Truth, made: Forecast, step: int) -> float:
    """Mean error of regions' totals, over titles that had been seen by the cutoff."""
    period = (made.day(step) - truth.history.first_day).days // truth.history.period_days
    seen = np.isin(truth.history.titles, made.titles)
    came = truth.mean_gb[period][:, seen].sum(axis=1)
    rows = made.rows(step)
    forecast = np.bincount(made.region[rows], made.gb[rows])
    return float(np.abs(forecast / came - 1).mean())


def test_holidays_are_found_and_forecast() -> None:
    """Ascension Day is a holiday of some countries only; what holidays do was seen on earlier, other ones."""
    truth = with_holidays(1)
    day = dt.date(2024, 5, 9)
    cutoff = (day - truth.history.first_day).days - 1
    known = truth.history.until(truth.history.day(cutoff))
    listed = public_holidays(COUNTRIES, known.first_day, day)
    found = learn_effects(known, listed, ()).of_regions(range(cutoff + 1, cutoff + 2))[0]
    real = on_holidays(truth.history, HOLIDAY)[cutoff + 1, :, 0]
    assert 0 < np.count_nonzero(real) < len(COUNTRIES)
    np.testing.assert_allclose(found, real, atol=0.15)
    with_, without = (made_at(truth, cutoff, model) for model in (WithCalendar(Auto()), Auto()))
    assert wape(truth, with_) < wape(truth, without)
    assert total_error(truth, with_, 1) < 0.6 * total_error(truth, without, 1)
    assert with_.quantile_gb is not None
    assert with_.quantile_gb.sum() > made_at(truth, cutoff, Auto()).quantile(0.5).sum()
    # After the holiday, too: the level is not taken to have risen.
    with_, without = (made_at(truth, cutoff + 1, model) for model in (WithCalendar(Auto()), Auto()))
    assert wape(truth, with_) < wape(truth, without)


def test_nothing_is_found_where_nothing_is() -> None:
    found = []
    for seed in range(12):
        history = named(drawn(seed, n_periods=100, n_regions=8, n_titles=40)).history
        listed = public_holidays(COUNTRIES, history.first_day, history.last_day)
        found.append(learn_effects(history, listed, ()).of_regions(range(history.n_periods)))
    assert sum(np.any(table) for table in found) <= 3
    assert max(float(np.abs(table).max()) for table in found) < 0.3
    quiet = next(seed for seed, table in enumerate(found) if not np.any(table))
    truth = named(drawn(quiet, n_periods=100, n_regions=8, n_titles=40))
    with_, without = (made_at(truth, 99, model, 3) for model in (WithCalendar(Auto()), Auto()))
    assert with_.gb.tobytes() == without.gb.tobytes()
    assert with_.quantile_gb is not None
    assert without.quantile_gb is not None
    assert with_.quantile_gb.tobytes() == without.quantile_gb.tobytes()


def finales(truth: Truth, effect: float) -> tuple[Truth, tuple[Event, ...]]:
    """Finales of the largest titles, two days each, ten days apart."""
    history = truth.history
    largest = np.argsort(-truth.mean_gb.min(axis=0).sum(axis=0))[:8]
    log = np.zeros(truth.mean_gb.shape)
    events = []
    for i, title in enumerate(largest.tolist()):
        first = 10 + 10 * i
        log[first : first + 2, :, title] = effect
        events.append(Event("finale", history.day(first), history.day(first + 1), "", history.titles[title]))
    return times(truth, log), tuple(events)


def test_events_of_titles_are_learned_from_earlier_ones_of_their_name() -> None:
    truth, events = finales(drawn(4, n_periods=90, n_regions=6, n_titles=40), 0.9)
    cutoff = (events[-1].start - truth.history.first_day).days - 1
    known = truth.history.until(truth.history.day(cutoff))
    (first, second) = learn_effects(known, (), events).of_titles(range(cutoff + 1, cutoff + 10))
    assert known.titles[first[2]] == known.titles[second[2]] == events[-1].title
    assert first[3] == pytest.approx(0.9, abs=0.2)
    with_, without = (made_at(truth, cutoff, model) for model in (WithCalendar(Auto(), events), Auto()))
    own = truth.history.titles.index(events[-1].title)

    def error(made: Forecast) -> float:
        gb = made.gb[np.array([name == events[-1].title for name in made.titles])[made.title]].sum()
        came = truth.history.gb[(truth.history.period == cutoff + 1) & (truth.history.title == own)].sum()
        return float(abs(gb / came - 1))

    assert error(with_) < 0.5 * error(without)
    assert wape(truth, with_) < wape(truth, without)
    assert with_.warnings == ()


def test_events_of_regions_and_weeks() -> None:
    """A festival of one country, in weekly data."""
    truth = named(drawn(5, n_periods=60, n_regions=8, n_titles=60, period_days=7))
    history = truth.history
    log = np.zeros((60, 8, 1))
    log[[10, 22, 34, 46, 58], 2] = 0.5
    truth = times(truth, log)
    # A day within the week that ends with the period's date belongs to it.
    events = tuple(
        Event("festival", history.day(t) - dt.timedelta(days=3), history.day(t), "Spain")
        for t in (10, 22, 34, 46, 58)
    )
    known = truth.history.until(history.day(57))
    effect = learn_effects(known, (), events).of_regions(range(58, 60))
    assert effect[0, 2] == pytest.approx(0.5, abs=0.15)
    assert np.count_nonzero(effect) == 1
    with_, without = (made_at(truth, 57, model) for model in (WithCalendar(Auto(), events), Auto()))
    assert wape(truth, with_) < wape(truth, without)


def test_unknown_events_and_places_are_warned_of() -> None:
    truth = drawn(4, n_periods=30, n_regions=4, n_titles=20)
    events = (
        Event(
            "new", truth.history.day(29) + dt.timedelta(days=2), truth.history.day(29) + dt.timedelta(days=2)
        ),
        Event("old", truth.history.day(10), truth.history.day(10), "Atlantis"),
    )
    made = made_at(truth, 29, WithCalendar(Auto(), events), 3)
    assert made.warnings == (
        "no event 'new' lies behind: no effect is expected of it",
        "events: no region of the history lies in 'Atlantis'",
    )
    assert made.gb.tobytes() == made_at(truth, 29, Auto(), 3).gb.tobytes()


def test_the_future_tells_nothing() -> None:
    """Whatever events and holidays will do after the cutoff, the forecast is the same, to the byte."""
    truth, events = finales(with_holidays(3), 0.8)
    cutoff = 70
    later = np.zeros((truth.history.n_periods, 1, 1))
    later[cutoff + 1 :] = 2 + np.sin(np.arange(truth.history.n_periods - cutoff - 1))[:, None, None]
    (model,) = make_models(["auto"], None, events)
    made = [made_at(one, cutoff, model, 14) for one in (truth, times(truth, later))]
    assert made[0].gb.tobytes() == made[1].gb.tobytes()
    # A line that became known after the cutoff is as good as none.
    late = Event("finale", truth.history.day(72), truth.history.day(75), known_from=truth.history.day(71))
    assert (
        made_at(truth, cutoff, WithCalendar(Auto(), (*events, late)), 14).gb.tobytes() == made[0].gb.tobytes()
    )
    told = replace(late, known_from=truth.history.day(70))
    assert made_at(truth, cutoff, WithCalendar(Auto(), (*events, told)), 14).gb.sum() > made[0].gb.sum()


def seasonal(seed: int, amplitude: float, period_days: int = 7) -> Truth:
    """130 weeks of old titles; regions wander by 3% a week besides the season."""
    n = 130 * 7 // period_days
    rng = np.random.default_rng(seed)
    strength = rng.lognormal(3, 1, 40) * rng.lognormal(0, 0.5, (6, 40))
    wander = np.cumsum(rng.normal(0, 0.03 * np.sqrt(period_days / 7), (n, 6)), axis=0)
    mean = np.exp(wander + season(n, period_days, amplitude))[:, :, None] * strength
    launch, kind = np.full(40, -1000 // period_days), np.full(40, "film")
    return Truth(*tables(mean * rng.lognormal(0, 0.2, mean.shape), launch, kind, period_days), mean, strength)


def season(n: int, period_days: int, amplitude: float) -> Floats:
    """Logarithm, (n_periods, 6)."""
    week = np.arange(n) * period_days / 7
    return np.asarray(np.outer(np.cos(2 * np.pi * week / 52.18), amplitude * np.linspace(0.8, 1.2, 6)))


@pytest.mark.parametrize("period_days", [1, 7])
def test_the_year_is_found(period_days: int) -> None:
    truth = seasonal(6, 0.4, period_days)
    year = find_year(truth.history)
    assert year is not None
    at = np.arange(truth.history.n_periods, dtype=np.float64)
    found = year.at(at)
    error = found - season(at.size, period_days, 0.4)
    assert float(np.std(error - error.mean(axis=0))) < 0.1


def test_the_year_makes_forecasts_better_and_is_not_found_where_it_is_not() -> None:
    truth = seasonal(7, 0.4)
    errors = [
        [total_error(truth, made_at(truth, t, model, 8), 8) for t in range(90, 122, 4)]
        for model in (WithCalendar(WeightedRecent()), WeightedRecent())
    ]
    assert np.mean(errors[0]) < 0.8 * np.mean(errors[1])
    assert [find_year(seasonal(seed, 0.0).history) for seed in range(8)].count(None) >= 7
    assert find_year(truth.history.until(truth.history.day(50))) is None


def test_off_neighbours_needs_both_sides_of_a_title() -> None:
    series = np.array([1.0, 2.0, 0.0, 8.0])
    none = np.zeros(4, dtype=bool)
    both = off_neighbours(series, none, 1, both_sides=True)
    assert np.isnan(both[[0, 2, 3]]).all()
    assert both[1] == pytest.approx(np.log(2) - (0 + np.log(8)) / 2)
    one = off_neighbours(series, none, 1, both_sides=False)
    assert one[0] == pytest.approx(-np.log(2))
    special = np.array([False, True, False, False])
    assert np.isnan(off_neighbours(np.ones(4), special, 1, both_sides=True)[3])


def test_pooling_keeps_names_apart_that_differ() -> None:
    """Two names with sure, different effects keep them; a new one gets what they have in common."""
    seen = [
        Seen("x", name, place, (name, day), value + 0.01 * day, 0.0004)
        for name, value in (("a", 0.2), ("b", 0.6), ("c", 0.4))
        for place in ("BE", "NL")
        for day in range(4)
    ]
    found = pooled(seen)
    assert found.effect("x", "a", "BE") == pytest.approx(0.215, abs=0.02)
    assert found.effect("x", "b", "FR") == pytest.approx(0.615, abs=0.02)
    assert found.effect("x", "d", "BE") == pytest.approx(0.415, abs=0.02)
    assert found.effect("y", "a", "BE") == 0
    # One noisy observation is no effect.
    for value in (0.3, 0.5812307169484235):
        assert pooled([Seen("x", "a", "BE", 1, value, 0.2)]).effect("x", "a", "BE") == 0


def test_regions_of_an_event() -> None:
    members = Members(("Belgium", "nl-kpn", "nl-ziggo", "r7"))
    assert members.of("").all()
    assert members.of("nl").tolist() == [False, True, True, False]
    assert members.of("nl-kpn").tolist() == [False, True, False, False]
    assert members.of("BE").tolist() == [True, False, False, False]
    assert not members.of("r8").any()


def test_events_are_read(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(
        "event,start,end,region,title,known_from\n"
        "finale,2024-03-01,2024-03-03,,Alpha,2024-01-01\n"
        "festival,2024-05-05,,Spain,,\n"
    )
    first, second = read_events(path)
    days = [dt.date(2024, 3, 1), dt.date(2024, 3, 3)]
    assert first == Event("finale", *days, "", "Alpha", dt.date(2024, 1, 1))
    assert second == Event("festival", dt.date(2024, 5, 5), dt.date(2024, 5, 5), "Spain")
    path.write_text("event,start\nfinale,2024-03-01\n")
    assert read_events(path) == (Event("finale", days[0], days[0]),)


def test_bad_events_are_all_reported(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("event,start,end\nfinale,2024-03-02,2024-03-01\n,2024-03-02,\nfinale,soon,\nfinale,,\n")
    with pytest.raises(InputError) as caught:
        read_events(path)
    text = "\n".join(map(str, caught.value.problems))
    assert "row 1: end: ends on 2024-03-01, before its start 2024-03-02" in text
    assert all(f"row {row}: " in text for row in (2, 3, 4)), text
