"""What to buy: the cheapest hardware that reaches a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cdnplan.commands.size import SizeOptions
from cdnplan.notebook.asking import taking, warn
from cdnplan.notebook.figures import Figure

if TYPE_CHECKING:
    import pandas as pd

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


@taking(SizeOptions)
def size(options: SizeOptions) -> Sizing:
    """Find the cheapest hardware additions that reach a target, proven by bounds and confirmed by plans.

    Returns
    -------
    Sizing
        Its `.ok` is False where the time was up before an answer was found and confirmed.

    Raises
    ------
    NoFeasiblePlanError
        Nothing that may be bought reaches the target.
    """
    from cdnplan.commands.size import size as find

    return Sizing(find(options, warn))
