"""What to buy: the cheapest hardware that reaches a target."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cdnplan.notebook.figures import Figure
from cdnplan.notebook.network import Network
from cdnplan.notebook.plans import Plan, folder_of, optional_path

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.optimize.engine import EngineName
    from cdnplan.whatif.size.size import SizingResult


@dataclass(frozen=True, slots=True, eq=False)
class Sizing:
    """The answer to a sizing question as tables.

    Parameters
    ----------
    result : SizingResult
    """

    result: SizingResult

    def table(self, name: Literal["options", "curve", "candidates", "goals"]) -> pd.DataFrame:
        """One of its tables."""
        import pandas as pd

        from cdnplan.whatif.size.sizing_tables import table_rows

        return pd.DataFrame(table_rows(self.result, name))

    @property
    def options(self) -> pd.DataFrame:
        """What there is now, the cheapest set that reaches the target, and the next dearer ones."""
        return self.table("options")

    @property
    def curve(self) -> pd.DataFrame:
        """Price by what is wanted."""
        return self.table("curve")

    @property
    def candidates(self) -> pd.DataFrame:
        """What may be bought, by what it saves at most."""
        return self.table("candidates")

    @property
    def goals(self) -> pd.DataFrame:
        """Each goal: wanted, now, and reached by the full plan."""
        return self.table("goals")

    @property
    def record(self) -> dict[str, Any]:
        """Everything, as `size.json` has it."""
        from cdnplan.whatif.size.sizing_tables import as_dict

        return as_dict(self.result)

    @property
    def ok(self) -> bool:
        """Whether a set was found in time whose full plan reaches the target."""
        return self.result.verified is not None and self.result.verified.ok

    def figure(self) -> Figure:
        """Draw price over what is wanted."""
        from cdnplan.whatif.size.sizing_figure import figure

        return Figure(figure(self.result))

    def _repr_html_(self) -> str:
        """Show the ways, and draw the curve where there is one."""
        drawn = self.figure().svg if self.result.curve else ""
        return f"{self.options.to_html(index=False)}{drawn}"


def size(
    sizing: str | Path,
    base: str | Path | Plan | None = None,
    topology: str | Path | Network | None = None,
    titles: str | Path | None = None,
    demand: str | Path | None = None,
    files: str | Path | None = None,
    countries: Iterable[str] = (),
    date: dt.date | None = None,
    env: str | None = None,
    engine: EngineName = "auto",
    gap: float | None = None,
    time_limit: float = 300.0,
    threads: int = 0,
    seed: int = 0,
    out: str | Path | None = None,
    *,
    force: bool = False,
) -> Sizing:
    """Find the cheapest hardware additions that reach a target, proven by bounds and confirmed by plans.

    Parameters
    ----------
    sizing : str or Path
        What may be bought, and the target.
    base, topology, titles, …
        As for the command; `base` may be a `Plan`.
    out : str or Path, optional
        Folder for data, tables, picture and plan.

    Returns
    -------
    Sizing
        Its `.ok` is False where the time was up before an answer was found and confirmed.

    Raises
    ------
    NoFeasiblePlanError
        Nothing that may be bought reaches the target.
    """
    import os
    import tempfile
    import warnings
    from contextlib import ExitStack

    from cdnplan.folders import claimed
    from cdnplan.whatif.size.size import size as find
    from cdnplan.whatif.size.sizing_inputs import SizingInputs, read_question
    from cdnplan.whatif.size.sizing_output import SIZING, write_answer

    folder = optional_path(out)
    if isinstance(topology, Network):
        env = env or topology.env
        topology = topology.path_alone()
    given = SizingInputs(
        base=None if base is None else folder_of(base),
        topology=optional_path(topology),
        titles=optional_path(titles),
        demand=optional_path(demand),
        files=optional_path(files),
        countries=frozenset(countries),
        date=date,
        env=env,
    )
    question = read_question(Path(sizing), given)
    for warning in question.warnings:
        warnings.warn(warning, stacklevel=2)
    # The plan is made where it can be moved from, if that folder is there already.
    beside = folder.absolute().parent if folder is not None and folder.absolute().parent.is_dir() else None
    with tempfile.TemporaryDirectory(dir=beside) as scratch, ExitStack() as stack:
        place = None if folder is None else stack.enter_context(claimed(folder, SIZING, replace=force))
        plan_folder = Path(scratch) / "plan"
        result = find(
            question.topology,
            question.catalog,
            question.demand,
            question.sizing,
            plan_out=plan_folder,
            engine=engine,
            gap_ratio=gap,
            time_limit_s=time_limit,
            threads=threads or os.cpu_count() or 1,
            seed=seed,
        )
        if place is not None:
            write_answer(result, place, plan_folder)
    return Sizing(result)
