"""What a sizing question is asked of: a plan folder's inputs, or a network with titles and demand."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.planner.inputs.load import load
from cdnplan.planner.inputs.request import PlanRequest
from cdnplan.whatif.base.base import read_inputs
from cdnplan.whatif.size.sizing_file import Sizing, read_sizing


@dataclass(frozen=True, slots=True)
class SizingInputs:
    """Where the network and its demand come from.

    Parameters
    ----------
    base : Path or None
        Plan folder whose inputs are taken; all else is left out then.
    topology, titles, demand : Path or None
        In place of `base`: all three.
    files : Path or None
    countries : frozenset of str
        ISO codes; empty: all.
    date : datetime.date or None
        Period of the demand table.
    env : str or None
    """

    base: Path | None = None
    topology: Path | None = None
    titles: Path | None = None
    demand: Path | None = None
    files: Path | None = None
    countries: frozenset[str] = frozenset()
    date: dt.date | None = None
    env: str | None = None

    def problems(self) -> list[Problem]:
        """What is wrong with the choice itself."""
        tables = (self.topology, self.titles, self.demand)
        found: list[Problem] = []
        if self.base is not None and any((*tables, self.files, self.countries, self.date, self.env)):
            found.append(Problem("a plan folder has its inputs in it: give --base alone, or no --base"))
        if self.base is None and any(path is None for path in tables):
            found.append(Problem("give --base, or --topology, --titles and --demand"))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A sizing file that was read for its network.

    Parameters
    ----------
    sizing : Sizing
    topology : Topology
    catalog : Catalog
    demand : Demand
    warnings : tuple of str
        What looks wrong with the inputs.
    """

    sizing: Sizing
    topology: Topology
    catalog: Catalog
    demand: Demand
    warnings: tuple[str, ...] = ()


def read_question(sizing: Path, given: SizingInputs) -> Question:
    """Read the network with its demand, then the question about it.

    Parameters
    ----------
    sizing : Path
    given : SizingInputs

    Returns
    -------
    Question

    Raises
    ------
    InputError
        All problems of the choice, of the inputs, or of the sizing file.
    """
    problems = given.problems()
    if problems:
        raise InputError(problems)
    if given.base is not None:
        inputs = read_inputs(given.base).inputs
        asked = read_sizing(sizing, inputs.topology)
        return Question(asked, inputs.topology, inputs.catalog, inputs.demand)
    if given.topology is None or given.titles is None:
        raise InputError([Problem("give --base, or --topology, --titles and --demand")])
    loaded = load(
        PlanRequest(
            topology=given.topology,
            titles=given.titles,
            demand=given.demand,
            files=given.files,
            out=Path(),
            countries=given.countries,
            date=given.date,
            environment=given.env,
        )
    )
    asked = read_sizing(sizing, loaded.topology)
    return Question(asked, loaded.topology, loaded.catalog, loaded.demand, tuple(loaded.warnings))
