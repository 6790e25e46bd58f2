"""Forecasters by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.forecast.base.base import Forecaster
from cdnplan.forecast.models.auto import Auto
from cdnplan.forecast.models.baseline import WeightedRecent
from cdnplan.forecast.models.calendar import WithCalendar
from cdnplan.forecast.models.last_period import LastPeriod
from cdnplan.forecast.models.launches import WithLaunches
from cdnplan.forecast.models.seasonal import SeasonalNaive
from cdnplan.inputs.demand.event_reader import Events
from cdnplan.inputs.demand.launch_reader import Launches

MODELS: Mapping[str, Callable[[], Forecaster]] = {
    "auto": Auto,
    "recent": WeightedRecent,
    "last": LastPeriod,
    "seasonal": SeasonalNaive,
}
"""Forecasters by name, the one that plans use first."""


def make_models(
    names: Sequence[str] | None = None, launches: Launches | None = None, events: Events = ()
) -> list[Forecaster]:
    """Make forecasters.

    Parameters
    ----------
    names : sequence of str or None
        Keys of `MODELS`, each once; None: all.
    launches : Launches or None
        A calendar of launches.
    events : tuple of Event
        Like launches, these are told to ``auto`` only, which knows public holidays and the year as well: the
        baselines know nothing.

    Raises
    ------
    InputError
        A name that is not there, or there twice.

    Examples
    --------
    >>> [model.name for model in make_models(["last", "auto"])]
    ['last', 'auto']
    """
    wanted = list(MODELS) if names is None or len(names) == 0 else list(names)
    problems = [
        Problem(f"unknown model {name!r}", path="model", hint=nearest(name, MODELS))
        for name in wanted
        if name not in MODELS
    ]
    problems += [
        Problem(f"{name!r} is there twice", path="model")
        for i, name in enumerate(wanted)
        if name in wanted[:i]
    ]
    if problems:
        raise InputError(problems)
    return [_informed(launches, events) if name == "auto" else MODELS[name]() for name in wanted]


def _informed(launches: Launches | None, events: Events) -> Forecaster:
    """`Auto` with all that calendars tell."""
    inner: Forecaster = Auto() if launches is None else WithLaunches(Auto(), launches)
    return WithCalendar(inner, events)
