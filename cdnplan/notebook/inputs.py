"""Commands that make or forecast inputs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cdnplan.commands.option import optional_path

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.inputs.logs.ingest.outcome import IngestResult


def new(folder: str | Path, *, csv: bool = False) -> Path:
    """Make a working project: a small network with its titles, history and demand.

    Returns
    -------
    Path
        The folder.
    """
    from cdnplan.synth.folder.project import new as new_project

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
    from cdnplan.synth.folder.generate import synth as generate
    from cdnplan.synth.folder.request import Request
    from cdnplan.synth.given.presets import LAST_WEEK

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

    from cdnplan.forecast.asked.demand_table import write_forecast
    from cdnplan.forecast.asked.run import forecast_demand
    from cdnplan.inputs.demand.catalog_reader import read_catalog
    from cdnplan.inputs.demand.change_reader import read_changes
    from cdnplan.inputs.demand.event_reader import read_events
    from cdnplan.inputs.demand.history_reader import read_history
    from cdnplan.inputs.demand.launch_reader import read_launches
    from cdnplan.inputs.demand.titles_reader import read_titles
    from cdnplan.inputs.tables.table_writer import check_table_path

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

    from cdnplan.forecast.backtest.backtest import backtest as run
    from cdnplan.forecast.backtest.figure import write_figure
    from cdnplan.forecast.models.models import make_models
    from cdnplan.inputs.demand.event_reader import read_events
    from cdnplan.inputs.demand.history_reader import read_history
    from cdnplan.inputs.demand.launch_reader import read_launches
    from cdnplan.inputs.demand.titles_reader import read_titles

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


def ingest(
    *logs: str | Path,
    out: str | Path,
    mapping: str | Path | None = None,
    region: str | None = None,
    prefixes: str | Path | None = None,
    pattern: str | None = None,
    by: Literal["title", "file"] | None = None,
    titles: str | Path | None = None,
    files: str | Path | None = None,
    known_only: bool = False,
    requests: str | Path | None = None,
    period: Literal["daily", "weekly"] = "daily",
    week_ends: str = "sunday",
    from_: dt.date | None = None,
    to: dt.date | None = None,
    whole_periods: bool = False,
    plays: Literal["requests", "sessions", "sizes"] | None = None,
    max_bad: int | str | None = None,
    examples: int = 3,
    bad_lines: str | Path | None = None,
    memory_gb: float = 1.0,
    threads: int = 0,
    temp: str | Path | None = None,
) -> Ingested:
    """Read what was really asked for: logs and tables become a history, and if wanted requests to replay.

    Parameters
    ----------
    *logs : str or Path
        Logs of one format.
    out : str or Path
        History to write.
    mapping, region, prefixes, …
        As for the command; `from_` is ``--from``, and `max_bad` a number, or a share as ``"0.1%"``.

    Returns
    -------
    Ingested
    """
    import warnings

    from cdnplan.inputs.logs.ingest.request import IngestRequest, bad_limit, with_options
    from cdnplan.inputs.logs.ingest.run import ingest as run_ingest
    from cdnplan.inputs.logs.meaning.mapping import LogMapping, read_mapping

    rules = LogMapping() if mapping is None else read_mapping(Path(mapping))
    allowed, allowed_ratio = bad_limit(None if max_bad is None else str(max_bad))
    request = IngestRequest(
        logs=tuple(Path(log) for log in logs),
        out=Path(out),
        mapping=with_options(rules, region, optional_path(prefixes), pattern),
        requests=optional_path(requests),
        titles=optional_path(titles),
        files=optional_path(files),
        known_only=known_only,
        by=by,
        weekly=period == "weekly",
        week_ends=week_ends.lower(),
        first_day=from_,
        last_day=to,
        whole_periods=whole_periods,
        plays=plays,
        max_bad=allowed,
        max_bad_ratio=allowed_ratio,
        examples=examples,
        bad_lines=optional_path(bad_lines),
        memory_gb=memory_gb,
        threads=threads,
        temporary=optional_path(temp),
    )
    made = Ingested(Path(out), run_ingest(request, lambda *_: None))
    for warning in made.result.warnings():
        warnings.warn(warning, stacklevel=2)
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Ingested:
    """A history that was written, and what became of the lines.

    Parameters
    ----------
    path : Path
    result : IngestResult
    """

    path: Path
    result: IngestResult

    @property
    def history(self) -> pd.DataFrame:
        """The history: date, region, title or file, gb, plays, and hit_gb where logs tell hits."""
        import pandas as pd

        return pd.read_parquet(self.path) if self.path.suffix == ".parquet" else pd.read_csv(self.path)

    @property
    def summary(self) -> pd.Series[Any]:
        """Figures: lines, what was left out and why, periods, volume."""
        import pandas as pd

        return pd.Series(dict(self.result.rows()), name=str(self.path))

    @property
    def examples(self) -> pd.DataFrame:
        """Malformed lines: file, line, kind, message, text."""
        import pandas as pd

        columns = ["file", "line", "kind", "message", "text"]
        rows = [[getattr(line, column) for column in columns] for line in self.result.examples]
        return pd.DataFrame(rows, columns=columns)

    @property
    def unknown(self) -> pd.DataFrame:
        """Names that the tables of titles and files lack: name, gb."""
        import pandas as pd

        return pd.DataFrame(self.result.unknown, columns=["name", "gb"])

    def _repr_html_(self) -> str:
        """Show the figures."""
        return str(self.summary.to_frame().to_html())
