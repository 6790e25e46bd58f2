"""Known changes, applied to the history before a model sees it and to the forecast after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.forecast.base.base import Fitted, Forecast, Forecaster
from cdnplan.forecast.base.merge import merged
from cdnplan.inputs.demand.change_reader import Change, Changes
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable
from cdnplan.inputs.places.countries import country_code

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class WithChanges:
    """A forecaster that is told known changes.

    What lies behind is taken out of the history: a region that was scaled had that size all along, a past
    promotion is divided out. What holds in a forecast period is applied to the forecast.

    Parameters
    ----------
    inner : Forecaster
    changes : tuple of Change
    """

    inner: Forecaster
    changes: Changes

    @property
    def name(self) -> str:
        """The inner model's name."""
        return self.inner.name

    def fit(self, history: History, titles: TitleTable) -> Fitted:
        """Fit the inner model to the history without what is known of it."""
        return _FittedChanges(self.inner.fit(levelled(history, self.changes), titles), self.changes)


@dataclass(frozen=True, slots=True, eq=False)
class _FittedChanges:
    inner: Fitted
    changes: Changes

    def predict(self, horizon: int, quantiles: Sequence[float] = ()) -> Forecast:
        """Forecast, and apply what holds then."""
        return changed(self.inner.predict(horizon, quantiles), self.changes)


def levelled(history: History, changes: Changes) -> History:
    """Take past changes out of a history.

    Parameters
    ----------
    history : History
    changes : tuple of Change

    Returns
    -------
    History
        The same rows, comparable with its last period as far as the changes tell.
    """
    gb = history.gb.copy()
    days = np.array([history.day(t) for t in range(history.n_periods)], dtype="datetime64[D]")[history.period]
    last = history.last_day
    for change in changes:
        if change.change not in {"scale", "promote"} or change.start > last or change.factor <= 0:
            continue
        rows = _rows(history.regions, history.region, change.region)
        rows &= _rows(history.titles, history.title, change.title)
        inside = (days >= np.datetime64(change.start)) & (days <= np.datetime64(change.end))
        if change.change == "promote":
            gb[rows & inside] /= change.factor
        elif change.holds(last):
            gb[rows & ~inside] *= change.factor
        else:
            gb[rows & inside] /= change.factor
    return replace(history, gb=gb)


def changed(forecast: Forecast, changes: Changes) -> Forecast:
    """Apply what holds in the periods of a forecast.

    Parameters
    ----------
    forecast : Forecast
        Made from the `levelled` history.
    changes : tuple of Change
        New regions appear first; then titles leave; then factors are applied.

    Raises
    ------
    InputError
        A new region is like one that is not forecast.
    """
    problems = []
    for change in (c for c in changes if c.change == "new-region"):
        unknown = [name for name in change.like if name not in forecast.regions]
        problems += [
            Problem(
                f"{change.region!r} is like {name!r}, which is not forecast",
                hint=nearest(name, forecast.regions),
            )
            for name in unknown
        ]
        if not unknown and change.region not in forecast.regions:
            forecast = merged(forecast, _new_region(forecast, change))
    if problems:
        raise InputError(problems)
    for change in (c for c in changes if c.change in {"withdraw", "ban"}):
        gone = _rows(forecast.regions, forecast.region, change.region)
        gone &= _rows(forecast.titles, forecast.title, change.title) & _holding(forecast, change)
        if gone.any():
            forecast = forecast.take(~gone)
    return _scaled(forecast, changes)


def _scaled(forecast: Forecast, changes: Changes) -> Forecast:
    """Apply factors of regions and of titles."""
    factor = np.ones(forecast.gb.size)
    for change in (c for c in changes if c.change in {"scale", "promote"}):
        rows = _rows(forecast.regions, forecast.region, change.region)
        rows &= _rows(forecast.titles, forecast.title, change.title)
        holding = _holding(forecast, change)
        if change.change == "scale" and change.holds(forecast.cutoff) and change.factor > 0:
            factor[rows & ~holding] /= change.factor  # the history was levelled to it; it ends in the horizon
        else:
            factor[rows & holding] *= change.factor
    if np.all(factor == 1):
        return forecast
    quantile = forecast.quantile_gb
    scaled = replace(
        forecast,
        gb=forecast.gb * factor,
        quantile_gb=None if quantile is None else (quantile * factor[:, None]).astype(np.float32),
    )
    return scaled.take(scaled.gb > 0) if np.any(factor == 0) else scaled


def _new_region(forecast: Forecast, change: Change) -> Forecast:
    """Mean of the regions that a new one is like, times the factor."""
    like = np.isin(np.array(forecast.regions)[forecast.region], np.array(change.like))
    like &= _holding(forecast, change)
    key = forecast.step[like].astype(np.int64) * len(forecast.titles) + forecast.title[like]
    keys, code = np.unique(key, return_inverse=True)
    part = change.factor / len(change.like)

    def mean(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        return np.bincount(code, values[like], minlength=keys.size).astype(np.float64)

    quantile, silent = forecast.quantile_gb, forecast.silent_ratio
    columns = [] if quantile is None else [mean(column) * part for column in quantile.T]
    share = mean(np.ones(forecast.gb.size)) / len(change.like)
    return replace(
        forecast,
        regions=(change.region,),
        step=(keys // len(forecast.titles)).astype(np.int32),
        region=np.zeros(keys.size, dtype=np.int32),
        title=(keys % len(forecast.titles)).astype(np.int32),
        gb=mean(forecast.gb) * part,
        quantile_gb=np.stack(columns, axis=1).astype(np.float32) if columns else quantile,
        silent_ratio=None
        if silent is None
        else (1 - share + mean(silent) / len(change.like)).astype(np.float32),
    )


def _rows(names: tuple[str, ...], code: npt.NDArray[np.int32], wanted: str) -> Bools:
    """Rows of a name, or of a country it stands for; all rows where it is empty."""
    if not wanted:
        return np.ones(code.size, dtype=bool)
    if wanted in names:
        match = np.array([name == wanted for name in names], dtype=bool)
    else:
        country = country_code(wanted)
        match = np.array(
            [country is not None and country_code(name) == country for name in names], dtype=bool
        )
    return np.asarray(match[code]) if match.size else np.zeros(code.size, dtype=bool)


def _holding(forecast: Forecast, change: Change) -> Bools:
    """Rows of periods that a change holds in."""
    steps = np.array([change.holds(forecast.day(step)) for step in range(forecast.horizon + 1)], dtype=bool)
    return np.asarray(steps[forecast.step])
