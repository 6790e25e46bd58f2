"""Commands that make or forecast inputs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def new(folder: str | Path, *, csv: bool = False) -> Path:
    """Make a working project: a small network with its titles, history and demand.

    Returns
    -------
    Path
        The folder.
    """
    from cdnplan.synth.project import new as new_project

    new_project(Path(folder), csv=csv)
    return Path(folder)


def synth(
    out: str | Path,
    preset: str = "sample",
    seed: int = 1,
    regions: int | None = None,
    titles: int | None = None,
    weeks: int | None = None,
    *,
    noise_per_region: bool = False,
    last_week: dt.date | None = None,
    force: bool = False,
) -> Path:
    """Generate a network with catalogue, history and the week after it; its folder."""
    from cdnplan.errors import InputError, Problem, nearest
    from cdnplan.synth.generate import synth as generate
    from cdnplan.synth.presets import LAST_WEEK
    from cdnplan.synth.request import Request

    presets = ("sample", "country", "continent", "world")
    if preset not in presets:
        raise InputError(
            [Problem(f"unknown preset {preset!r}", path="preset", hint=nearest(preset, presets))]
        )
    ends = LAST_WEEK if last_week is None else last_week
    request = Request(preset, seed, regions, titles, weeks, noise_per_region, ends)
    generate(request, Path(out), force=force)
    return Path(out)


def forecast(
    history: str | Path,
    titles: str | Path,
    out: str | Path | None = None,
    as_of: dt.date | None = None,
    horizon: int = 1,
    model: str = "auto",
    quantiles: Sequence[float] = (),
    launches: str | Path | None = None,
    changes: str | Path | None = None,
    events: str | Path | None = None,
    files: str | Path | None = None,
) -> pd.DataFrame:
    """Forecast what every region will ask for.

    Parameters
    ----------
    history, titles, as_of, horizon, model, quantiles, launches, changes, events, files
        As for the command; `quantiles` as numbers.
    out : str or Path, optional
        Demand table to write.

    Returns
    -------
    DataFrame
        The demand table: date, region, title or file, gb, and quantile where there are any.
    """
    import tempfile

    import pandas as pd

    from cdnplan.forecast.demand_table import write_forecast
    from cdnplan.forecast.run import forecast_demand
    from cdnplan.inputs.catalog_reader import read_catalog
    from cdnplan.inputs.change_reader import read_changes
    from cdnplan.inputs.event_reader import read_events
    from cdnplan.inputs.history_reader import read_history
    from cdnplan.inputs.launch_reader import read_launches
    from cdnplan.inputs.table_writer import check_table_path
    from cdnplan.inputs.titles_reader import read_titles

    if out is not None:
        check_table_path(Path(out))
    made = forecast_demand(
        read_history(Path(history)),
        read_titles(Path(titles)),
        as_of,
        horizon,
        model,
        quantiles=tuple(sorted(set(quantiles))),
        launches=None if launches is None else read_launches(Path(launches)),
        changes=() if changes is None else read_changes(Path(changes)),
        events=() if events is None else read_events(Path(events)),
        files=None if files is None else read_catalog(Path(titles), Path(files)),
    )
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "demand.parquet" if out is None else Path(out)
        write_forecast(made, target)
        return pd.read_parquet(target) if target.suffix == ".parquet" else pd.read_csv(target)


def backtest(
    history: str | Path,
    titles: str | Path,
    cutoffs: int = 10,
    horizon: int = 1,
    model: Sequence[str] | None = None,
    cache_gb: float = 400.0,
    *,
    segments: bool = False,
    figure: str | Path | None = None,
    launches: str | Path | None = None,
    events: str | Path | None = None,
) -> pd.DataFrame:
    """Forecast from past cutoffs with several models, and compare with what came: a row by model and step."""
    from dataclasses import asdict

    import pandas as pd

    from cdnplan.forecast.backtest import backtest as run
    from cdnplan.forecast.figure import write_figure
    from cdnplan.forecast.models import make_models
    from cdnplan.inputs.event_reader import read_events
    from cdnplan.inputs.history_reader import read_history
    from cdnplan.inputs.launch_reader import read_launches
    from cdnplan.inputs.titles_reader import read_titles

    chosen = make_models(
        None if model is None else list(model),
        None if launches is None else read_launches(Path(launches)),
        () if events is None else read_events(Path(events)),
    )
    found = run(
        read_history(Path(history)),
        read_titles(Path(titles)),
        chosen,
        cutoffs=cutoffs,
        horizon=horizon,
        cache_gb=cache_gb,
    )
    if figure is not None:
        write_figure(found, Path(figure))
    rows = [asdict(score) for score in found.scores if segments or score.by == "all"]
    return pd.DataFrame(rows)
