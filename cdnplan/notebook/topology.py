"""`cdnplan topology` for notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdnplan.notebook.network import Network

if TYPE_CHECKING:
    import pandas as pd


def check(file: str | Path, env: str | None = None, override: list[str | Path] | None = None) -> list[str]:
    """Read a topology; warnings about what is allowed but looks wrong.

    Raises
    ------
    InputError
        All its problems, with file, line and column.
    """
    from cdnplan.inputs.topology_warnings import topology_warnings

    return list(topology_warnings(Network(file, env, override or []).topology))


def show(
    file: str | Path, env: str | None = None, override: list[str | Path] | None = None, *, tree: bool = False
) -> pd.DataFrame:
    """Totals by kind of site, country and hardware; with `tree`, every site."""
    import pandas as pd

    from cdnplan.inputs.topology_summary import SITE_COLUMNS, TOTAL_COLUMNS, site_rows, totals

    topology = Network(file, env, override or []).topology
    if tree:
        return pd.DataFrame(site_rows(topology), columns=list(SITE_COLUMNS))
    return pd.DataFrame(totals(topology), columns=list(TOTAL_COLUMNS))


def schema() -> dict[str, Any]:
    """JSON Schema of topology files."""
    from cdnplan.inputs.topology_schema import topology_schema

    return dict(topology_schema())
