"""`backtest`: models compared on what came after past cutoffs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cdnplan.commands.option import AnyPath, Option, Switch
from cdnplan.errors import InputError, Problem

if TYPE_CHECKING:
    from cdnplan.forecast.backtest.backtest import Backtest


@dataclass(frozen=True, slots=True)
class BacktestOptions:
    """Which models to compare, and on what.

    Parameters
    ----------
    history : path
        What was asked for: date, region, title or file, gb.
    titles : path
        Titles: title, kind, launch_date, size_gb.
    cutoffs : int
        Number of cutoffs, the latest ones.
    horizon : int
        Periods forecast from each cutoff.
    model : sequence of str or None
        Model to compare, may be repeated; default: all of them.
    cache_gb : float
        Cache of each region that is filled by the forecast.
    segments : bool
        Also by age, by rank and by size of region.
    figure : path or None
        Draw forecast against actual, and errors, by cutoff.
    launches : path or None
        Launch calendar; of each cutoff, what it lists ahead.
    events : path or None
        Events; of each cutoff, what they did until then.

    Raises
    ------
    InputError
        The cache has no size, or the figure is no SVG file.
    """

    history: Annotated[AnyPath, Option("H")]
    titles: Annotated[AnyPath, Option("F")]
    cutoffs: Annotated[int, Option("N", least=1)] = 10
    horizon: Annotated[int, Option("N", least=1)] = 1
    model: Annotated[Sequence[str] | None, Option("M")] = None
    cache_gb: Annotated[float, Option("GB")] = 400.0
    segments: Switch = field(default=False, kw_only=True)
    figure: Annotated[AnyPath | None, Option("SVG")] = field(default=None, kw_only=True)
    launches: Annotated[AnyPath | None, Option("L")] = field(default=None, kw_only=True)
    events: Annotated[AnyPath | None, Option("E")] = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not self.cache_gb > 0:
            raise InputError([Problem(f"found {self.cache_gb:g}, expected a number > 0", path="cache-gb")])
        if self.figure is not None and Path(self.figure).suffix.lower() != ".svg":
            raise InputError([Problem("expected a name that ends in .svg", file=str(Path(self.figure)))])


def backtest(
    options: BacktestOptions, warn: Callable[[str], None], progress: Callable[[str], None] = lambda _: None
) -> Backtest:
    """Compare models, and draw the figure where that is wanted.

    Parameters
    ----------
    options : BacktestOptions
    warn : callable
        Told what looks wrong with the history.
    progress : callable
        Told what is being done.

    Returns
    -------
    Backtest

    Raises
    ------
    InputError
        All problems of the tables, or of the options.
    """
    from cdnplan.forecast.backtest.backtest import backtest as run
    from cdnplan.forecast.backtest.figure import write_figure
    from cdnplan.forecast.models.models import make_models
    from cdnplan.inputs.demand.event_reader import read_events
    from cdnplan.inputs.demand.history_reader import read_history
    from cdnplan.inputs.demand.launch_reader import read_launches
    from cdnplan.inputs.demand.titles_reader import read_titles
    from cdnplan.inputs.tables.together import both

    (past, listed), (calendar, days) = both(
        lambda: both(lambda: read_history(Path(options.history)), lambda: read_titles(Path(options.titles))),
        lambda: both(
            lambda: read_launches(Path(options.launches)) if options.launches else None,
            lambda: read_events(Path(options.events)) if options.events else (),
        ),
    )
    for warning in past.warnings:
        warn(warning)
    found = run(
        past,
        listed,
        make_models(options.model, calendar, days),
        cutoffs=options.cutoffs,
        horizon=options.horizon,
        cache_gb=options.cache_gb,
        progress=progress,
    )
    if options.figure is not None:
        write_figure(found, Path(options.figure))
    return found
