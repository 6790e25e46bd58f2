"""What events did to demand, learned from those that lie behind; holidays are events too.

A day on which an event held is compared with the same weekday before and after; weeks are compared with the
weeks before and after. The same comparison on ordinary days tells how much of it is chance, and effects are
drawn together accordingly, see `pooling`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.levels import region_totals
from cdnplan.forecast.effects.pooling import Pooled, Seen, pooled
from cdnplan.forecast.effects.public_holidays import EVE, countries_of
from cdnplan.inputs.demand.event_reader import Event, Events
from cdnplan.inputs.demand.history import History

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Place = tuple[str, str]
"""Region and title of an event, empty for all."""

LOOKED_AROUND = 2
"""Weekdays (or weeks) on either side, of which the nearest ordinary one is taken."""

FEWEST_ORDINARY = 5
"""Ordinary periods of a place without which nothing is learned there."""

LARGEST_EFFECT = 1.5
"""Observations (of logarithms) beyond this count as so large: they are slips."""

LEAST_DEVIATION = 1e-3
SATURDAY = 5


@dataclass(frozen=True, slots=True, eq=False)
class EventEffects:
    """What events are expected to do.

    Parameters
    ----------
    regions, titles : tuple of str
        Those of the history.
    members : Members
    holidays, events : tuple of Event
    pooled : Pooled
        Effects on the logarithm of demand.
    first_day : datetime.date
        Of the history.
    period_days : int
    """

    regions: tuple[str, ...]
    titles: tuple[str, ...]
    members: Members
    holidays: Events
    events: Events
    pooled: Pooled
    first_day: dt.date
    period_days: int

    def of_regions(self, periods: range) -> Floats:
        """Effects on all titles of a region, (n_periods, n_regions), periods counted from the first day."""
        found = np.zeros((len(periods), len(self.regions)))
        for event, t, effect in self._holding(periods):
            if not event.title:
                found[t - periods.start, self.members.of(event.region)] += effect
        return found

    def of_titles(self, periods: range) -> Iterator[tuple[int, Bools, int, float]]:
        """Effects on single titles: period, regions as (n_regions,) bool, title, effect."""
        index = {name: i for i, name in enumerate(self.titles)}
        for event, t, effect in self._holding(periods):
            if event.title in index:
                yield t, self.members.of(event.region), index[event.title], effect

    def _holding(self, periods: range) -> Iterator[tuple[Event, int, float]]:
        for is_holiday, events in ((True, self.holidays), (False, self.events)):
            for event in events:
                for t in held(event, self.first_day, self.period_days, periods):
                    family = _family(event, self.first_day + dt.timedelta(days=t), is_holiday)
                    effect = self.pooled.effect(family, event.name, (event.region, event.title))
                    if effect:
                        yield event, t, effect


def learn_effects(history: History, holidays: Events, events: Events) -> EventEffects:
    """Learn what events did, from the history alone.

    Parameters
    ----------
    history : History
    holidays : tuple of Event
        Alike: what is not known of one is taken from the others, weekends and days before holidays apart.
    events : tuple of Event
        Alike where they have the same name.

    Returns
    -------
    EventEffects
    """
    by_place: dict[Place, list[tuple[Event, bool]]] = {}
    for is_holiday, some in ((True, holidays), (False, events)):
        for event in some:
            by_place.setdefault((event.region, event.title), []).append((event, is_holiday))
    periods = range(history.n_periods)
    seen: list[Seen] = []
    ordinary: list[Floats] = []
    members = Members(history.regions)
    series = _series(history, by_place, members)
    for place, own in by_place.items():
        when = [held(event, history.first_day, history.period_days, periods) for event, _ in own]
        special = np.zeros(history.n_periods, dtype=bool)
        special[[t for some in when for t in some]] = True
        lag = 7 if history.period_days == 1 else 1
        off = off_neighbours(series[place], special, lag, both_sides=bool(place[1]))
        usual = off[~special & ~np.isnan(off)]
        if usual.size < FEWEST_ORDINARY:
            continue
        if not place[1]:
            ordinary.append(np.where(special, np.nan, off))
        variance = max(_square(usual), LEAST_DEVIATION**2)
        for (event, is_holiday), found in zip(own, when, strict=True):
            for t in found:
                if not np.isnan(off[t]):
                    value = float(np.clip(off[t], -LARGEST_EFFECT, LARGEST_EFFECT))
                    family = _family(event, history.day(t), is_holiday)
                    seen.append(Seen(family, event.name, place, t, value, variance))
    learned = pooled(seen, _shared_variance(ordinary))
    return EventEffects(
        history.regions,
        history.titles,
        members,
        holidays,
        events,
        learned,
        history.first_day,
        history.period_days,
    )


def held(event: Event, first_day: dt.date, period_days: int, periods: range) -> range:
    """Periods, of some, of which a day lies within an event; `first_day` is the last day of period 0."""
    first = -((first_day - event.start).days // period_days)
    last = ((event.end - first_day).days + period_days - 1) // period_days
    return range(max(first, periods.start), min(last + 1, periods.stop))


class Members:
    """Looks up which regions an event's region stands for.

    Parameters
    ----------
    regions : tuple of str
    """

    def __init__(self, regions: tuple[str, ...]) -> None:
        self._index = {name: i for i, name in enumerate(regions)}
        self._countries = np.array([country or "" for country in countries_of(regions)], dtype=str)
        self._found: dict[str, Bools] = {"": np.ones(len(regions), dtype=bool)}

    def of(self, region: str) -> Bools:
        """Regions that a name stands for, (n_regions,): itself, a country's, or all where it is empty."""
        if region not in self._found:
            mask = np.zeros(len(self._index), dtype=bool)
            if region in self._index:
                mask[self._index[region]] = True
            else:
                (country,) = countries_of([region])
                mask = self._countries == country if country else mask
            self._found[region] = mask
        return self._found[region]


def off_neighbours(series: Floats, special: Bools, lag: int, *, both_sides: bool) -> Floats:
    """Logarithm of each period's volume over what its neighbours let expect.

    Parameters
    ----------
    series : (n_periods,) float64
        0: not measured.
    special : (n_periods,) bool
        Periods that are no neighbours to compare with.
    lag : int
        Distance of periods that compare.
    both_sides : bool
        Whether there must be neighbours before and after: a title's demand falls from week to week.

    Returns
    -------
    (n_periods,) float64
        NaN where it cannot be told.

    Examples
    --------
    >>> off_neighbours(np.array([1.0, 1, 2, 1, 1]), np.zeros(5, dtype=bool), 1, both_sides=True)[2].round(2)
    np.float64(0.69)
    """
    n = series.size
    logs = np.full(n, np.nan)
    logs[series > 0] = np.log(series[series > 0])
    usual = np.where(special, np.nan, logs)
    sides = []
    for sign in (-1, 1):
        side = np.full(n, np.nan)
        for times in range(LOOKED_AROUND, 0, -1):
            at = np.arange(n) + sign * times * lag
            inside = (at >= 0) & (at < n)
            found = np.full(n, np.nan)
            found[inside] = usual[at[inside]]
            side = np.where(np.isnan(found), side, found)
        sides.append(side)
    before, after = sides
    middle = (before + after) / 2
    if not both_sides:
        middle = np.where(np.isnan(before), after, np.where(np.isnan(after), before, middle))
    return np.asarray(logs - middle)


def _family(event: Event, day: dt.date, is_holiday: bool) -> Hashable:
    """Which effects are alike: holidays of all names, other events only those of one name."""
    if not is_holiday:
        return event.name, False
    return event.name.startswith(EVE), day.weekday() >= SATURDAY, True


def _series(history: History, places: Iterable[Place], members: Members) -> Mapping[Place, Floats]:
    """Volume of each place by period, (n_periods,) [GB]."""
    totals = region_totals(history)
    index = {name: i for i, name in enumerate(history.titles)}
    wanted = np.zeros(len(history.titles), dtype=bool)
    wanted[[index[title] for _, title in places if title in index]] = True
    rows = np.flatnonzero(wanted[history.title]) if wanted.any() else np.zeros(0, dtype=np.int64)
    found: dict[Place, Floats] = {}
    for region, title in places:
        mask = members.of(region)
        if title:
            own = rows[(history.title[rows] == index.get(title, -1)) & mask[history.region[rows]]]
            found[region, title] = np.bincount(
                history.period[own], history.gb[own], minlength=history.n_periods
            ).astype(np.float64)
        else:
            found[region, title] = totals[:, mask].sum(axis=1)
    return found


def _shared_variance(ordinary: list[Floats]) -> float:
    """Variance of what all places have in common on an ordinary day, beyond their own chance."""
    if len(ordinary) < 2:
        return 0.0
    table = np.stack(ordinary)
    days = table[:, np.sum(~np.isnan(table), axis=0) >= 2]
    if days.shape[1] < FEWEST_ORDINARY:
        return 0.0
    mean, count = np.nanmean(days, axis=0), np.sum(~np.isnan(days), axis=0)
    own = float(np.nanmean(np.nanvar(days, axis=0, ddof=1)) * np.mean(1 / count))
    return max(0.0, _square(mean) - own)


def _square(off: Floats) -> float:
    """Mean square, slips cut: launches of large titles are rare and large, a median would not see them."""
    return float(np.mean(np.clip(off, -LARGEST_EFFECT, LARGEST_EFFECT) ** 2))
