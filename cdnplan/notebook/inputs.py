"""Commands that make or forecast inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdnplan.commands.backtest import BacktestOptions
from cdnplan.commands.forecast import ForecastOptions
from cdnplan.commands.ingest import ingest_request
from cdnplan.commands.option import silent
from cdnplan.commands.synth import SynthOptions
from cdnplan.notebook.asking import taking, warn

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.inputs.logs.ingest.outcome import IngestResult
    from cdnplan.inputs.logs.ingest.request import IngestRequest


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


@taking(SynthOptions)
def synth(options: SynthOptions) -> Path:
    """Generate a network with catalogue, history and the week after it; its folder.

    Returns
    -------
    Path
        The folder.
    """
    from cdnplan.commands.synth import synth as generate

    generate(options)
    return Path(options.out)


@taking(ForecastOptions)
def forecast(options: ForecastOptions) -> pd.DataFrame:
    """Forecast what every region will ask for.

    Returns
    -------
    DataFrame
        The demand table: date, region, title or file, gb, and quantile where there are any.
    """
    import tempfile

    import pandas as pd

    from cdnplan.commands.forecast import forecast as run

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "demand.parquet" if options.out is None else Path(options.out)
        run(replace(options, out=out))
        return pd.read_parquet(out) if out.suffix == ".parquet" else pd.read_csv(out)


@taking(BacktestOptions)
def backtest(options: BacktestOptions) -> pd.DataFrame:
    """Forecast from past cutoffs with several models, and compare with what came: a row by model and step.

    Returns
    -------
    DataFrame
    """
    from dataclasses import asdict

    import pandas as pd

    from cdnplan.commands.backtest import backtest as run

    found = run(options, warn)
    return pd.DataFrame([asdict(score) for score in found.scores if options.segments or score.by == "all"])


@taking(ingest_request)
def ingest(request: IngestRequest) -> Ingested:
    """Read what was really asked for: logs and tables become a history, and if wanted requests to replay.

    Returns
    -------
    Ingested
    """
    from cdnplan.inputs.logs.ingest.run import ingest as run_ingest

    made = Ingested(request.out, run_ingest(request, silent))
    for warning in made.result.warnings():
        warn(warning)
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
