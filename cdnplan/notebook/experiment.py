"""`cdnplan experiment` for notebooks: trials of two policies by clusters of sites or regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdnplan.commands import experiment
from cdnplan.commands.experiment import (
    AssignOptions,
    DesignOptions,
    PowerOptions,
    ReadOptions,
    SimulateOptions,
)
from cdnplan.notebook.asking import taking, warn

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.experiment.design import Design


@taking(PowerOptions)
def power(options: PowerOptions) -> pd.DataFrame:
    """Say which effects trials of each design and length would find, from history.

    Returns
    -------
    DataFrame
        A row by design and length; designs that are not possible are left out with a warning.
    """
    import pandas as pd

    from cdnplan.experiment.told import PROMISE, promise

    made, refused = experiment.power(options)
    for kind, length, error in refused:
        warn(f"{kind}, {length} days: {error}")
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

    def __fspath__(self) -> str:
        """Its file, wherever one is asked for."""
        return str(self.path)

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


@taking(DesignOptions)
def design(options: DesignOptions) -> TrialDesign:
    """Decide who is compared with whom, and what can be found, before the trial begins.

    Returns
    -------
    TrialDesign
    """
    from cdnplan.experiment.told import left_out

    made = experiment.design(options)
    if made.left_out:
        warn(left_out(made))
    return TrialDesign(Path(options.out), made)


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

    def __fspath__(self) -> str:
        """Its file, wherever one is asked for."""
        return str(self.path)

    @property
    def table(self) -> pd.DataFrame:
        """Who has which arm when."""
        import pandas as pd

        return pd.read_csv(self.path)

    def _repr_html_(self) -> str:
        """Show its figures."""
        return str(self.summary.to_frame().to_html())


@taking(AssignOptions)
def assign(options: AssignOptions) -> Assignment:
    """Draw arms from a seed, and write who has which when.

    Returns
    -------
    Assignment
    """
    rows, _ = experiment.assign(options, warn)
    return Assignment(Path(options.out), _series(rows, str(options.out)))


@taking(ReadOptions)
def read(options: ReadOptions) -> pd.Series[Any]:
    """Read a trial: the effect with its interval, and whether neighbours disturb it.

    Returns
    -------
    Series
        Figures by name.
    """
    rows, metric = experiment.read(options, warn)
    return _series(rows, metric)


@taking(SimulateOptions)
def simulate(options: SimulateOptions) -> pd.DataFrame:
    """Try a design on history, where policies did not differ, with no effect and with a known one.

    Returns
    -------
    DataFrame
        A row for each effect: how often its interval covered it, and how often one was found.
    """
    import pandas as pd

    from cdnplan.experiment.told import SIMULATED

    return pd.DataFrame(experiment.simulate(options), columns=list(SIMULATED))


def _series(rows: Sequence[tuple[str, Any]], name: str) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series(dict(rows), name=name, dtype=object)
