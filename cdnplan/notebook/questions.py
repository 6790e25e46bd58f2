"""What would be if: scenarios, sweeps, prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cdnplan.notebook.figures import Figure, bars
from cdnplan.notebook.plans import Plan, folder_of

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.optimize.engine import EngineName
    from cdnplan.whatif.ask.price_check import PricesResult
    from cdnplan.whatif.ask.run import WhatifResult
    from cdnplan.whatif.ask.sweep import SweepResult


@dataclass(frozen=True, slots=True, eq=False)
class Whatif:
    """Answers to scenarios as tables.

    Parameters
    ----------
    result : WhatifResult
    """

    result: WhatifResult

    def table(self, name: Literal["summary", "figures", "full", "regions", "files", "sites"]) -> pd.DataFrame:
        """One table over all scenarios and answers."""
        import pandas as pd

        from cdnplan.whatif.ask.tables import table_rows

        return pd.DataFrame(table_rows(self.result, name))

    @property
    def summary(self) -> pd.DataFrame:
        """A row for each scenario and answer: changes of cost by part, offload, overload, distance."""
        return self.table("summary")

    @property
    def figures(self) -> pd.DataFrame:
        """All figures: base, value, change."""
        return self.table("figures")

    @property
    def regions(self) -> pd.DataFrame:
        """Regions that changed most."""
        return self.table("regions")

    @property
    def files(self) -> pd.DataFrame:
        """Files that changed most."""
        return self.table("files")

    def figure(self) -> Figure:
        """Draw what each scenario and answer costs more."""
        from cdnplan.whatif.ask.tables import table_rows

        rows = table_rows(self.result, "summary")
        labels = [f"{row['scenario']}, {str(row['answer']).replace('_', ' ')}" for row in rows]
        return bars("change of cost", labels, [float(row["cost_change"]) for row in rows])

    def _repr_html_(self) -> str:
        """Show the summary and draw it."""
        return f"{self.summary.to_html(index=False)}{self.figure().svg}"


def whatif(
    base: str | Path | Plan,
    *scenarios: str | Path,
    combine: bool = False,
    grid: bool = False,
    answer: Literal["both", "at_once", "after_fill"] = "both",
    fills: Literal["base", "free", "limited"] = "base",
    top: int = 10,
    engine: EngineName = "auto",
    gap: float | None = None,
    time_limit: float | None = None,
    threads: int = 0,
    seed: int = 0,
    out: str | Path | None = None,
    force: bool = False,
) -> Whatif:
    """Show what scenarios change: at once, with the placement as it is, and after the next fill.

    Parameters
    ----------
    base : str, Path or Plan
    *scenarios : str or Path
        Scenario files.
    combine, grid, answer, fills, top, engine, gap, time_limit, threads, seed
        As for the command.
    out, force
        Folder to write results to as well, and whether earlier ones there are replaced.
    """
    import os
    from contextlib import ExitStack

    from cdnplan.errors import InputError, Problem
    from cdnplan.folders import claimed
    from cdnplan.whatif.ask.output import WHATIF, write_results
    from cdnplan.whatif.ask.run import BOTH, WhatifRequest
    from cdnplan.whatif.ask.run import whatif as ask

    if combine and grid:
        raise InputError([Problem("expected one of combine and grid, found both")])
    request = WhatifRequest(
        base=folder_of(base),
        scenarios=tuple(Path(item) for item in scenarios),
        mode="combine" if combine else "grid" if grid else "each",
        answers=BOTH if answer == "both" else (answer,),
        fills=None if fills == "base" else fills,
        top=top,
        engine=engine,
        gap_ratio=gap,
        time_limit_s=time_limit,
        threads=threads or os.cpu_count() or 1,
        seed=seed,
    )
    with ExitStack() as stack:
        place = None if out is None else stack.enter_context(claimed(Path(out), WHATIF, replace=force))
        result = ask(request)
        if place is not None:
            write_results(result, place)
    return Whatif(result)


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What is worst when anything fails, as tables.

    Parameters
    ----------
    result : SweepResult
    """

    result: SweepResult

    @property
    def table(self) -> pd.DataFrame:
        """A row for each failure, worst first."""
        import pandas as pd

        return pd.DataFrame(self.result.rows()).set_index("failure")

    @property
    def stranded(self) -> pd.DataFrame:
        """Regions left without another source than the origin: failure, region, reason, gb."""
        import pandas as pd

        rows = [(i.failure.name, s.region, s.reason, s.gb) for i in self.result.impacts for s in i.stranded]
        return pd.DataFrame(rows, columns=["failure", "region", "reason", "gb"])

    def figure(self, top: int = 15) -> Figure:
        """Draw the worst failures by what they cost."""
        worst = self.table.head(top)
        return bars("cost of a failure, at once", list(worst.index), list(worst["cost_change"]))

    def _repr_html_(self) -> str:
        """Show the worst ten and draw them."""
        return f"{self.table.head(10).to_html()}{self.figure(10).svg}"


def sweep(
    base: str | Path | Plan,
    n_1: Literal["sites", "links", "all"] | None = None,
    n_2: Literal["city"] | None = None,
    within_km: float = 25.0,
    threads: int = 0,
) -> Sweep:
    """Let each site or link fail, or each pair of sites of one city: `cdnplan whatif` with --n-1 or --n-2."""
    import os

    from cdnplan.errors import InputError, Problem
    from cdnplan.whatif.ask.sweep import SweepRequest
    from cdnplan.whatif.ask.sweep import sweep as run

    if (n_1 is None) == (n_2 is None):
        raise InputError([Problem("expected one of n_1 and n_2")])
    level = n_1 if n_1 is not None else "city"
    threads = threads or os.cpu_count() or 1
    return Sweep(run(SweepRequest(folder_of(base), level, within_km, threads=threads)))


@dataclass(frozen=True, slots=True, eq=False)
class LimitPrices:
    """What more of each limit is worth, as a table.

    Parameters
    ----------
    result : PricesResult
    """

    result: PricesResult

    @property
    def table(self) -> pd.DataFrame:
        """A row for each limit that has a price, the dearest first."""
        import pandas as pd

        return pd.DataFrame(self.result.table())

    def figure(self) -> Figure:
        """Draw what the increment saves by the prices."""
        rows = [row for row in self.result.table() if row["predicted"] is not None]
        labels = [f"{row['limit']} {row['name']}" for row in rows]
        title = f"{100 * self.result.more_ratio:g}% more saves"
        return bars(title, labels, [float(row["predicted"]) for row in rows])

    def _repr_html_(self) -> str:
        """Show the table and draw it."""
        return f"{self.table.head(20).to_html(index=False)}{self.figure().svg}"


def prices(
    folder: str | Path | Plan,
    limit: str | Sequence[str] | None = None,
    more: float = 0.1,
    top: int = 10,
    check: int = 0,
    engine: EngineName = "auto",
    time_limit: float | None = None,
    threads: int = 0,
    seed: int = 0,
) -> LimitPrices:
    """Show what more storage, throughput or link capacity is worth, and check it by planning again."""
    import os

    from cdnplan.whatif.ask.limit_prices import KINDS
    from cdnplan.whatif.ask.price_check import PricesRequest
    from cdnplan.whatif.ask.price_check import prices as ask

    wanted = KINDS if limit is None else (limit,) if isinstance(limit, str) else tuple(limit)
    request = PricesRequest(
        base=folder_of(folder),
        kinds=wanted,
        more_ratio=more,
        forecasts=top,
        checks=check,
        engine=engine,
        threads=threads or os.cpu_count() or 1,
        seed=seed,
        time_limit_s=time_limit,
    )
    return LimitPrices(ask(request))
