"""What would be if: scenarios, sweeps, prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cdnplan.commands.prices import prices_request
from cdnplan.commands.sweep import SweepOptions
from cdnplan.commands.whatif import WhatifQuestion, whatif_question
from cdnplan.notebook.asking import taking
from cdnplan.notebook.figures import Figure, bars

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.whatif.ask.price_check import PricesRequest, PricesResult
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


@taking(whatif_question)
def whatif(question: WhatifQuestion) -> Whatif:
    """Show what scenarios change: at once, with the placement as it is, and after the next fill.

    Returns
    -------
    Whatif
    """
    from cdnplan.commands.whatif import whatif as ask

    return Whatif(ask(question))


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


@taking(SweepOptions)
def sweep(options: SweepOptions) -> Sweep:
    """Let each site or link fail, or each pair of sites of one city: `cdnplan whatif` with --n-1 or --n-2.

    Returns
    -------
    Sweep
    """
    from cdnplan.commands.sweep import sweep as run

    return Sweep(run(options))


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


@taking(prices_request)
def prices(request: PricesRequest) -> LimitPrices:
    """Show what more storage, throughput or link capacity is worth, and check it by planning again.

    Returns
    -------
    LimitPrices
    """
    from cdnplan.whatif.ask.price_check import prices as ask

    return LimitPrices(ask(request))
