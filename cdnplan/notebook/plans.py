"""Commands that make plans and judge them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdnplan.commands.option import AnyPath
from cdnplan.commands.plan import PlanOptions
from cdnplan.notebook.asking import taking, warn
from cdnplan.notebook.figures import Figure, bars
from cdnplan.notebook.network import Network

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.evaluate.verdict.report import Report
    from cdnplan.fill.diff.difference import Difference


class Plan:
    """A plan folder with its tables.

    Parameters
    ----------
    folder : str or Path
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def __fspath__(self) -> str:
        """Its folder, wherever one is asked for."""
        return str(self.folder)

    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of plan.json."""
        import json

        found: dict[str, Any] = json.loads((self.folder / "plan.json").read_text(encoding="utf-8"))
        return found

    @property
    def network(self) -> Network:
        """The network it was made for."""
        return Network(self.folder / "inputs" / "topology.yaml")

    @property
    def summary(self) -> pd.Series[Any]:
        """Cost, bounds, gap and offload."""
        import pandas as pd

        names = ("upper", "lower", "ideal", "gap_ratio", "offload_byte_ratio")
        return pd.Series({name: self.record[name] for name in names}, name=str(self.folder))

    def table(self, name: str) -> pd.DataFrame:
        """One of its tables by name, as ``placement``; see docs/plan-folder.md."""
        import pandas as pd

        return pd.read_parquet(self.folder / f"{name}.parquet")

    @property
    def placement(self) -> pd.DataFrame:
        """Copies: appliance, file, action, size_gb."""
        return self.table("placement")

    @property
    def serving(self) -> pd.DataFrame:
        """Who serves whom: region, pool, gb, peak_gbps."""
        return self.table("serving")

    @property
    def appliances(self) -> pd.DataFrame:
        """What each appliance stores and serves."""
        return self.table("appliances")

    @property
    def prices(self) -> pd.DataFrame:
        """What one more of each limit is worth."""
        return self.table("prices")

    @property
    def fills(self) -> pd.DataFrame:
        """What is fetched, from whom and when."""
        return self.table("fills")

    def figure(self, top: int = 15) -> Figure:
        """Draw the sites that serve most."""
        serving = self.serving
        site = serving["pool"].astype(str).str.rpartition("/")[0].replace("", "origin")
        most = serving.groupby(site)["peak_gbps"].sum().sort_values(ascending=False).head(top)
        return bars(f"{self.folder.name}: peak by site", list(most.index), list(most), "Gbps")

    def __repr__(self) -> str:
        """One line."""
        r = self.record
        return (
            f"Plan {str(self.folder)!r}: cost {r['upper']:,.2f}, at least {r['lower']:,.2f},"
            f" offload {r['offload_byte_ratio']:.2%}"
        )

    def _repr_html_(self) -> str:
        """Say what it is and draw who serves."""
        return f"<p>{self!r}</p>{self.figure().svg}"


@taking(PlanOptions)
def plan(options: PlanOptions) -> Plan:
    """Decide which files every appliance holds, and write it with a proof of how good it is.

    Returns
    -------
    Plan
    """
    from cdnplan.commands.plan import plan as make_plan

    return Plan(make_plan(options, warn).folder)


def verify(folder: AnyPath) -> Report:
    """Recompute limits, costs and the bound from a plan's files alone.

    `.ok` tells whether all holds, `.outcome` whether the bound is ``proven`` as well or in part only claimed
    (``unproven``), and `.proven_gap_ratio` how far the plan is from the best at most.
    """
    from cdnplan.evaluate.verify import verify as verify_folder

    return verify_folder(Path(folder))


@dataclass(frozen=True, slots=True, eq=False)
class PlanDifference:
    """What changed between two plans, as tables.

    Parameters
    ----------
    difference : Difference
    """

    difference: Difference

    @property
    def figures(self) -> pd.DataFrame:
        """Numbers of both plans."""
        return self._table("figures")

    @property
    def effects(self) -> pd.DataFrame:
        """What makes the cost differ; they add up."""
        return self._table("effects")

    @property
    def sites(self) -> pd.DataFrame:
        """Bytes in and out by site."""
        return self._table("sites")

    @property
    def reasons(self) -> pd.DataFrame:
        """Why copies come and go."""
        return self._table("reasons")

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(self.difference.as_dict()[name])

    def _repr_html_(self) -> str:
        """Show the figures."""
        return str(self.figures.to_html(index=False))


def diff(a: AnyPath, b: AnyPath) -> PlanDifference:
    """Show what changed between two plans: cost, bytes in and out by site, and why."""
    from cdnplan.fill.diff.difference import diff as compare

    return PlanDifference(compare(Path(a), Path(b)))


def export(
    plan: AnyPath,
    out: AnyPath,
    content_url: str,
    cdn_path: str,
    metadata_url: str = "",
    per: str = "site",
    *,
    purge: bool = False,
    max_urls: int = 1000,
) -> Path:
    """Write what a plan fetches as commands of RFC 8007; the folder."""
    from cdnplan.fill.export.rfc8007 import Style
    from cdnplan.planner.folder.export import export_rfc8007

    ids = tuple(part.strip() for part in cdn_path.split(",") if part.strip())
    style = Style(content_url, ids, metadata_url, per, max_urls)  # type: ignore[arg-type]
    export_rfc8007(Path(plan), Path(out), style, purge=purge)
    return Path(out)


def nightly(config: AnyPath, *, dry_run: bool = False, date: dt.date | None = None) -> dict[str, Any]:
    """Plan a night as a job; its status, with `exit_code` and `problems`."""
    from cdnplan.nightly import nightly as run_night
    from cdnplan.nightly import read_config

    result = run_night(read_config(Path(config)), dry_run=dry_run, date=date)
    return dict(result.status) | {
        "exit_code": result.exit_code,
        "problems": [str(problem) for problem in result.problems],
    }
