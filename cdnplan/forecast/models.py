"""Forecasters by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.forecast.auto import Auto
from cdnplan.forecast.base import Forecaster
from cdnplan.forecast.baseline import WeightedRecent
from cdnplan.forecast.last_period import LastPeriod
from cdnplan.forecast.launches import WithLaunches
from cdnplan.forecast.seasonal import SeasonalNaive
from cdnplan.inputs.launch_reader import Launches

MODELS: Mapping[str, Callable[[], Forecaster]] = {
    "auto": Auto,
    "recent": WeightedRecent,
    "last": LastPeriod,
    "seasonal": SeasonalNaive,
}
"""Forecasters by name, the one that plans use first."""


def make_models(names: Sequence[str] | None = None, launches: Launches | None = None) -> list[Forecaster]:
    """Make forecasters.

    Parameters
    ----------
    names : sequence of str or None
        Keys of `MODELS`, each once; None: all.
    launches : Launches or None
        A calendar that all models but the baselines that know nothing are told.

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
    made = [MODELS[name]() for name in wanted]
    if launches is None:
        return made
    return [WithLaunches(model, launches) if model.name == "auto" else model for model in made]
