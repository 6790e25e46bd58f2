"""`cdnplan experiment` for notebooks: trials of two policies by clusters of sites or regions."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cdnplan.commands.option import optional_path

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.experiment.design import Design


def power(
    outcomes: str | Path,
    metric: str,
    unit: str = "region",
    days: Sequence[int] = (14, 28, 56),
    clusters: str | Path | None = None,
    parents: str | Path | None = None,
    topology: str | Path | None = None,
    served_by: int = 2,
    stratum_size: int = 6,
    block_days: int = 1,
    washout_days: int = 0,
    baseline_days: int | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    by_parent: bool = False,
) -> pd.DataFrame:
    """Say which effects trials of each design and length would find, from history.

    Parameters
    ----------
    outcomes, metric, unit, …
        As for the command; `days` as numbers.

    Returns
    -------
    DataFrame
        A row by design and length; designs that are not possible are left out with a warning.
    """
    import pandas as pd

    from cdnplan.experiment.asking import possible_designs, read_inputs
    from cdnplan.experiment.told import PROMISE, promise

    figures, groups, _ = read_inputs(
        Path(outcomes),
        metric,
        unit,
        optional_path(clusters),
        optional_path(parents),
        optional_path(topology),
        by_parent,
        served_by,
    )
    made, refused = possible_designs(
        figures,
        groups,
        days,
        unit=unit,
        stratum_size=stratum_size,
        block_days=block_days,
        washout_days=washout_days,
        baseline_days=baseline_days,
        alpha=alpha,
        target=power,
    )
    for kind, length, error in refused:
        warnings.warn(f"{kind}, {length} days: {error}", stacklevel=2)
    rows = [(kind, length, *promise(found)) for kind, length, found in made]
    return pd.DataFrame(rows, columns=["design", "trial_days", *PROMISE])


@dataclass(frozen=True, slots=True, eq=False)
class TrialDesign:
    """A design that was written.

    Parameters
    ----------
    path : Path
    design : Design
    """

    path: Path
    design: Design

    @property
    def summary(self) -> pd.Series[Any]:
        """Its figures: days, clusters, the smallest effect that it would find."""
        from cdnplan.experiment.told import design_rows

        return _series(design_rows(self.design), str(self.path))

    @property
    def clusters(self) -> pd.DataFrame:
        """Who belongs to which cluster: unit, cluster."""
        import pandas as pd

        rows = [(unit, cluster.name) for cluster in self.design.clusters for unit in cluster.units]
        return pd.DataFrame(rows, columns=["unit", "cluster"])

    def _repr_html_(self) -> str:
        """Show its figures."""
        return str(self.summary.to_frame().to_html())


def design(
    outcomes: str | Path,
    metric: str,
    out: str | Path,
    design: Literal["pairs", "strata", "switchback"] = "pairs",
    unit: str = "region",
    days: int = 28,
    start: dt.date | None = None,
    arms: tuple[str, str] = ("control", "treatment"),
    clusters: str | Path | None = None,
    parents: str | Path | None = None,
    topology: str | Path | None = None,
    served_by: int = 2,
    stratum_size: int = 6,
    block_days: int = 1,
    washout_days: int = 0,
    baseline_days: int | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    by_parent: bool = False,
    whole: bool = False,
) -> TrialDesign:
    """Decide who is compared with whom, and what can be found, before the trial begins.

    Parameters
    ----------
    outcomes, metric, …
        As for the command; `arms` as two names.
    out : str or Path
        Design to write.

    Returns
    -------
    TrialDesign
    """
    from cdnplan.experiment.asking import read_inputs, wish_of
    from cdnplan.experiment.design import write_design
    from cdnplan.experiment.plan_trial import plan_trial
    from cdnplan.experiment.told import left_out

    figures, groups, _ = read_inputs(
        Path(outcomes),
        metric,
        unit,
        optional_path(clusters),
        optional_path(parents),
        optional_path(topology),
        by_parent,
        served_by,
        whole=whole,
    )
    wish = wish_of(
        design,
        figures,
        unit,
        days,
        start,
        arms,
        stratum_size,
        block_days,
        washout_days,
        baseline_days,
        alpha,
        power,
    )
    made = plan_trial(figures, groups, wish)
    write_design(made, Path(out))
    if made.left_out:
        warnings.warn(left_out(made), stacklevel=2)
    return TrialDesign(Path(out), made)


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """An assignment that was written.

    Parameters
    ----------
    path : Path
    summary : Series
        Its figures.
    """

    path: Path
    summary: pd.Series[Any]

    @property
    def table(self) -> pd.DataFrame:
        """Who has which arm when."""
        import pandas as pd

        return pd.read_csv(self.path)

    def _repr_html_(self) -> str:
        """Show its figures."""
        return str(self.summary.to_frame().to_html())


def assign(
    design_file: str | Path | TrialDesign,
    seed: int,
    out: str | Path,
    parents: str | Path | None = None,
    topology: str | Path | None = None,
    served_by: int = 2,
) -> Assignment:
    """Draw arms from a seed, and write who has which when.

    Parameters
    ----------
    design_file : str, Path or TrialDesign
    seed, out, parents, topology, served_by
        As for the command.
    """
    from cdnplan.experiment.asking import shared_parents
    from cdnplan.experiment.assign import draw, write_assignment
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.interference import mixed_neighbours
    from cdnplan.experiment.told import assignment_rows, assignment_warnings

    made = read_design(_file(design_file))
    shared = shared_parents(optional_path(parents), optional_path(topology), made.unit, served_by)
    count = write_assignment(made, seed, Path(out))
    mixed = None if shared is None else mixed_neighbours(made, draw(made, seed), shared, None)
    for warning in assignment_warnings(mixed):
        warnings.warn(warning, stacklevel=2)
    return Assignment(Path(out), _series(assignment_rows(made, seed, count, mixed), str(out)))


def read(
    design_file: str | Path | TrialDesign,
    assignment: str | Path | Assignment,
    outcomes: str | Path,
    parents: str | Path | None = None,
    topology: str | Path | None = None,
    served_by: int = 2,
) -> pd.Series[Any]:
    """Read a trial: the effect with its interval, and whether neighbours disturb it.

    Parameters
    ----------
    design_file : str, Path or TrialDesign
    assignment : str, Path or Assignment
    outcomes, parents, topology, served_by
        As for the command.

    Returns
    -------
    Series
        Figures by name.
    """
    from cdnplan.experiment.asking import shared_parents
    from cdnplan.experiment.assign import read_assignment
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.interference import check_interference
    from cdnplan.experiment.outcomes import read_outcomes
    from cdnplan.experiment.told import reading_rows, reading_warnings
    from cdnplan.experiment.trial import read_trial

    made = read_design(_file(design_file))
    seed, treated = read_assignment(made, _file(assignment))
    figures = read_outcomes(Path(outcomes), made.metric, made.unit)
    shared = shared_parents(optional_path(parents), optional_path(topology), made.unit, served_by)
    found = read_trial(made, figures, treated, seed)
    touch = None if shared is None else check_interference(made, treated, shared, figures, seed)
    for warning in reading_warnings(made, found, touch):
        warnings.warn(warning, stacklevel=2)
    return _series(reading_rows(made, seed, found, touch), made.metric)


def simulate(
    design_file: str | Path | TrialDesign,
    outcomes: str | Path,
    effect: float | None = None,
    trials: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Try a design on history, where policies did not differ, with no effect and with a known one.

    Returns
    -------
    DataFrame
        A row for each effect: how often its interval covered it, and how often one was found.
    """
    import pandas as pd

    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.outcomes import read_outcomes
    from cdnplan.experiment.told import SIMULATED, simulated_rows

    made = read_design(_file(design_file))
    figures = read_outcomes(Path(outcomes), made.metric, made.unit)
    return pd.DataFrame(simulated_rows(made, figures, effect, trials, seed), columns=list(SIMULATED))


def _file(given: str | Path | TrialDesign | Assignment) -> Path:
    return given.path if isinstance(given, TrialDesign | Assignment) else Path(given)


def _series(rows: Sequence[tuple[str, Any]], name: str) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series(dict(rows), name=name, dtype=object)
