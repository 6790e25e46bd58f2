"""A forecaster that knows the calendar: public holidays, events, and the season of the year.

What they did is taken out of the history before the inner model sees it, and what they will do is put into
the forecast. Nothing changes where nothing is found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.base import Fitted, Forecast, Forecaster
from cdnplan.forecast.effects.event_effects import EventEffects, learn_effects
from cdnplan.forecast.effects.public_holidays import countries_of, public_holidays
from cdnplan.forecast.effects.year import Year, find_year
from cdnplan.inputs.demand.event_reader import Events
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable

Floats = npt.NDArray[np.float64]

FEWEST_DAYS = 21
"""Days of history from which on holidays are looked for: there must be a week before and one after."""

FURTHEST_DAYS = 400
"""Days beyond the history for which holidays are listed."""

ROWS_AT_ONCE = 4_000_000
"""Rows of a history that are divided at a time."""


@dataclass(frozen=True, slots=True)
class WithCalendar:
    """A forecaster that is told the calendar.

    Parameters
    ----------
    inner : Forecaster
    events : tuple of Event
        Past and future ones; what they do is learned from the past ones of the same name.
    """

    inner: Forecaster
    events: Events = ()

    @property
    def name(self) -> str:
        """The inner model's name."""
        return self.inner.name

    def fit(self, history: History, titles: TitleTable) -> Fitted:
        """Learn effects from the history, and fit the inner model to what is left without them."""
        last = history.last_day
        events = tuple(x for x in self.events if x.known_from is None or x.known_from <= last)
        effects = learn_effects(history, _holidays(history), events)
        plain = without_events(history, effects)
        year = find_year(plain)
        inner = self.inner.fit(without_season(plain, year), titles)
        return _FittedCalendar(
            inner, history.n_periods, history.titles, effects, year, _unknown(history, effects)
        )


def _unknown(history: History, effects: EventEffects) -> tuple[str, ...]:
    """Warn of events that nothing is known of."""
    behind = {event.name for event in effects.events if event.start <= history.last_day}
    ahead = sorted({event.name for event in effects.events if event.end > history.last_day} - behind)
    places = sorted({event.region for event in effects.events if not effects.members.of(event.region).any()})
    return (
        *(f"no event {name!r} lies behind: no effect is expected of it" for name in ahead),
        *(f"events: no region of the history lies in {name!r}" for name in places),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _FittedCalendar:
    inner: Fitted
    n_periods: int
    titles: tuple[str, ...]
    effects: EventEffects
    year: Year | None
    warnings: tuple[str, ...]

    def predict(self, horizon: int, quantiles: Sequence[float] = ()) -> Forecast:
        """Forecast, and put the calendar's effects in."""
        made = self.inner.predict(horizon, quantiles)
        ahead = range(self.n_periods, self.n_periods + horizon)
        effect = self.effects.of_regions(ahead)
        if self.year is not None:
            season = self.year.at(np.arange(self.n_periods - 1, ahead.stop, dtype=np.float64))
            effect = effect + season[1:] - season[0]
        place = {name: i for i, name in enumerate(made.titles)}
        single = [found for found in self.effects.of_titles(ahead) if self.titles[found[2]] in place]
        made = replace(made, warnings=(*made.warnings, *self.warnings))
        if not np.any(effect) and not single:
            return made
        index = {name: i for i, name in enumerate(self.effects.regions)}
        region = np.array([index.get(name, -1) for name in made.regions], dtype=np.int64)
        quantile = None if made.quantile_gb is None else made.quantile_gb.copy()
        changed = replace(made, gb=made.gb.copy(), quantile_gb=quantile)
        if np.any(effect):
            # A region that only the forecast has, without any history, has no effects either.
            table = np.exp(np.column_stack([effect, np.zeros(horizon)]))
            for first in range(0, made.gb.size, ROWS_AT_ONCE):
                rows = slice(first, first + ROWS_AT_ONCE)
                _multiply(changed, rows, table[made.step[rows] - 1, region[made.region[rows]]])
        for t, regions, title, own in single:
            part = made.rows(t - self.n_periods + 1)
            there = np.append(regions, False)[region[made.region[part]]]
            there &= made.title[part] == place[self.titles[title]]
            at = part.start + np.flatnonzero(there)
            _multiply(changed, at, np.full(at.size, np.exp(own)))
        return changed


def _multiply(forecast: Forecast, rows: slice | npt.NDArray[np.int64], factor: Floats) -> None:
    """Multiply some rows of a forecast that is being made."""
    forecast.gb[rows] *= factor
    if forecast.quantile_gb is not None:
        forecast.quantile_gb[rows] *= factor[:, None].astype(np.float32)


def _holidays(history: History) -> Events:
    """Holidays of the history's countries, where it is daily and long enough to learn from."""
    if history.period_days != 1 or history.n_periods < FEWEST_DAYS:
        return ()
    countries = sorted({country for country in countries_of(history.regions) if country is not None})
    last = history.last_day + dt.timedelta(days=FURTHEST_DAYS)
    return public_holidays(countries, history.first_day, last) if countries else ()


def without_events(history: History, effects: EventEffects) -> History:
    """Divide out what events did."""
    periods = range(history.n_periods)
    effect = effects.of_regions(periods)
    history = _divided(history, effect)
    single = list(effects.of_titles(periods))
    if not single:
        return history
    gb = history.gb.copy()
    bounds = np.searchsorted(history.period, np.arange(history.n_periods + 1))
    for t, regions, title, own in single:
        rows = np.arange(bounds[t], bounds[t + 1])
        rows = rows[(history.title[rows] == title) & regions[history.region[rows]]]
        gb[rows] *= np.exp(-own)
    return replace(history, gb=gb)


def without_season(history: History, year: Year | None) -> History:
    """Bring all periods to the season of the last one."""
    if year is None:
        return history
    season = year.at(np.arange(history.n_periods, dtype=np.float64))
    return _divided(history, season - season[-1])


def _divided(history: History, effect: Floats) -> History:
    """Divide volumes by the exponential of effects, (n_periods, n_regions)."""
    if not np.any(effect):
        return history
    table = np.exp(-effect)
    gb = history.gb.copy()
    for first in range(0, gb.size, ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        gb[rows] *= table[history.period[rows], history.region[rows]]
    return replace(history, gb=gb)
