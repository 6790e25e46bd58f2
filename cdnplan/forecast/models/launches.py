"""Titles that nobody has seen yet: what launches like theirs did, with wide intervals.

As soon as a title has been seen anywhere, the model itself forecasts it, and what it did in its first periods
weighs more than any calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.base import Fitted, Forecast, Forecaster
from cdnplan.forecast.base.decay import launch_periods
from cdnplan.forecast.base.merge import merged
from cdnplan.forecast.base.panel import Panel
from cdnplan.forecast.effects.attributes import ATTRIBUTES, Attributes, spread_over
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.launch_reader import Launch, Launches
from cdnplan.inputs.demand.titles_reader import TitleTable
from cdnplan.inputs.places.countries import country_code

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LIKE_PRIOR = 1.0
"""The titles a launch is said to be like count as much as all launches of its kind when they are so many."""

RATE_PRIOR = 10.0
"""How many of the calendar's past launches were seen counts as much as "all" when they are so many."""


@dataclass(frozen=True, slots=True)
class WithLaunches:
    """A forecaster that is told a launch calendar.

    Parameters
    ----------
    inner : Forecaster
    launches : tuple of Launch
        Lines that were not yet known at the cutoff (`Launch.known_from`) are not looked at.
    """

    inner: Forecaster
    launches: Launches

    @property
    def name(self) -> str:
        """The inner model's name."""
        return self.inner.name

    def fit(self, history: History, titles: TitleTable) -> Fitted:
        """Fit the inner model, and learn what past launches did."""
        last = history.last_day
        known = tuple(x for x in self.launches if x.known_from is None or x.known_from <= last)
        return _FittedLaunches(self.inner.fit(history, titles), history, titles, known)


@dataclass(frozen=True, slots=True, eq=False)
class _FittedLaunches:
    inner: Fitted
    history: History
    titles: TitleTable
    launches: Launches

    def predict(self, horizon: int, quantiles: Sequence[float] = ()) -> Forecast:
        """The inner forecast and the launches within the horizon."""
        base = self.inner.predict(horizon, quantiles)
        history = self.history
        seen = {*history.titles, *base.titles}
        last = history.n_periods - 1
        coming = [(launch, self._period(launch)) for launch in self.launches if launch.title not in seen]
        coming = [(launch, at) for launch, at in coming if last < at <= last + horizon]
        if not coming or history.by != "title":
            return base
        past = PastLaunches.of(history, self.titles, self.launches)
        return merged(base, past.forecast(coming, base))

    def _period(self, launch: Launch) -> int:
        """Period in which a launch falls; a period may be named by its last day."""
        return -(-(launch.day - self.history.first_day).days // self.history.period_days)


@dataclass(frozen=True, slots=True, eq=False)
class PastLaunches:
    """What launches within the history did.

    Parameters
    ----------
    history : History
    panel : Panel
    launch : (n_titles,) int64
    kind : (n_titles,) int64
        Index into `kinds`, -1 where unknown.
    kinds : tuple of str
    attributes : Attributes
        Genre and language of each title.
    seen_ratio : float
        Share of past launches that were seen at all, as far as a calendar tells.
    """

    history: History
    panel: Panel
    launch: Ints
    kind: Ints
    kinds: tuple[str, ...]
    attributes: Attributes
    seen_ratio: float

    @classmethod
    def of(cls, history: History, titles: TitleTable, launches: Launches) -> PastLaunches:
        """Find them."""
        index = {name: i for i, name in enumerate(titles.titles)}
        row = np.array([index.get(name, -1) for name in history.titles], dtype=np.int64)
        kind = np.append(titles.kind, np.int32(-1))[row].astype(np.int64)
        names = frozenset(history.titles)
        past = [x.title in names for x in launches if history.first_day < x.day <= history.last_day]
        ratio = (sum(past) + RATE_PRIOR) / (len(past) + RATE_PRIOR)
        launch = launch_periods(history, titles)
        attributes = Attributes.of(history.titles, titles, launches)
        return cls(history, Panel.of(history), launch, kind, titles.kinds, attributes, ratio)

    def forecast(self, coming: list[tuple[Launch, int]], like: Forecast) -> Forecast:
        """Forecast launches, in the form of another forecast (its cutoff, horizon, quantiles)."""
        panel = self.panel
        last = panel.n_periods - 1
        step, region, title, gb, quantile, silent = [], [], [], [], [], []
        names = tuple(sorted({launch.title for launch, _ in coming}))
        for launch, at in coming:
            where = self._regions(launch)
            for ahead in range(at - last, like.horizon + 1):
                shares, weight = self.shares(launch, ahead + last - at)
                level = panel.levels.level[last] * panel.levels.season(last + ahead) * launch.promotion
                expected = (weight[:, None] * shares).sum(axis=0) * level
                kept = where & (expected > 0)
                n = int(kept.sum())
                step.append(np.full(n, ahead, dtype=np.int32))
                region.append(np.flatnonzero(kept).astype(np.int32))
                title.append(np.full(n, names.index(launch.title), dtype=np.int32))
                gb.append(expected[kept])
                chance = weight @ (shares > 0)
                silent.append((1 - chance[kept]).astype(np.float32))
                tables = [_quantile(shares, weight, level_) * level for level_ in like.quantiles]
                quantile.append(np.stack(tables, axis=1)[kept] if tables else np.zeros((n, 0)))
        return Forecast(
            like.model,
            like.cutoff,
            like.period_days,
            like.horizon,
            self.history.regions,
            names,
            like.by,
            np.concatenate(step),
            np.concatenate(region),
            np.concatenate(title),
            np.concatenate(gb),
            quantiles=like.quantiles,
            quantile_gb=np.concatenate(quantile).astype(np.float32) if like.quantiles else None,
            silent_ratio=np.concatenate(silent) if like.quantiles else None,
        )

    def shares(self, launch: Launch, age: int) -> tuple[Floats, Floats]:
        """What past launches had in each region at an age, and how much each counts for a launch.

        Parameters
        ----------
        launch : Launch
        age : int
            Periods after the launch.

        Returns
        -------
        shares : (n_past, n_regions) float64
            Of the region's level; a last row of zeros stands for launches that were never seen.
        weight : (n_past,) float64
            Sum 1.
        """
        panel = self.panel
        usable = (self.launch > 0) & (self.launch + age < panel.n_periods)
        kind = self.kinds.index(launch.kind) if launch.kind in self.kinds else -2
        same = usable & (self.kind == kind) if (usable & (self.kind == kind)).sum() >= 10 else usable
        alike = np.flatnonzero(
            usable & np.isin(np.array(self.history.titles), np.array(launch.like, dtype=str))
        )
        titles = np.union1d(np.flatnonzero(same), alike)
        shares = np.zeros((titles.size + 1, panel.n_regions))
        for i, t in enumerate(titles):
            period = int(self.launch[t]) + age
            rows = panel.rows(period)
            own = rows.start + np.flatnonzero(panel.title[rows] == t)
            shares[i, np.searchsorted(panel.start[period], own, side="right") - 1] = panel.share[own]
        trust = alike.size / (alike.size + LIKE_PRIOR)
        weight = np.zeros(titles.size + 1)
        alike_in_kind = np.isin(titles, np.flatnonzero(same))
        wanted = tuple(getattr(launch, name) for name in ATTRIBUTES)
        by_attribute = spread_over(self.attributes.take(titles), wanted, shares[:-1], alike_in_kind)
        weight[:-1] = by_attribute * (1 - trust) * self.seen_ratio
        weight[-1] = (1 - trust) * (1 - self.seen_ratio)
        if alike.size:
            weight[:-1] += np.isin(titles, alike) * trust / alike.size
        return shares, weight / max(float(weight.sum()), 1e-12)

    def _regions(self, launch: Launch) -> npt.NDArray[np.bool_]:
        """Regions where a title comes."""
        if not launch.countries:
            return np.ones(len(self.history.regions), dtype=bool)
        codes = {country_code(name) for name in launch.countries} - {None}
        return np.array(
            [name in launch.countries or country_code(name) in codes for name in self.history.regions],
            dtype=bool,
        )


def _quantile(shares: Floats, weight: Floats, level: float) -> Floats:
    """Weighted quantile of each column, (n_regions,)."""
    order = np.argsort(shares, axis=0, kind="stable")
    reached = np.cumsum(weight[order], axis=0) >= level - 1e-12
    first = np.argmax(reached, axis=0)
    columns = np.arange(shares.shape[1])
    return np.asarray(shares[order[first, columns], columns])
