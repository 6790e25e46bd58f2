"""Options of `cdnplan experiment`, and what is read by them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from cdnplan.experiment.design import Cluster
    from cdnplan.experiment.outcomes import Outcomes
    from cdnplan.experiment.plan_trial import TrialWish
    from cdnplan.experiment.sharing import Parents

OutcomesFile = Annotated[
    Path,
    typer.Option(
        "--outcomes", metavar="O", help="Table: date, the unit, and the metric's columns; a history does."
    ),
]
Metric = Annotated[
    str, typer.Option(metavar="M", help="A column, or the quotient of the sums of two, as hit_gb/gb.")
]
Unit = Annotated[str, typer.Option(metavar="COLUMN", help="Column that names units: region or site.")]
ClusterTable = Annotated[
    Path | None, typer.Option("--clusters", metavar="TABLE", help="Units with the same arm: unit, cluster.")
]
ParentTable = Annotated[
    Path | None, typer.Option("--parents", metavar="TABLE", help="Who shares a parent: unit, parent.")
]
TopologyFile = Annotated[
    Path | None, typer.Option("--topology", metavar="T", help="Network, for who shares a parent.")
]
ServedBy = Annotated[
    int,
    typer.Option(metavar="N", min=1, help="Of a region's candidate sites in the topology the first N count."),
]
Format = Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="Format of the output.")]
Alpha = Annotated[float, typer.Option(min=0.0001, max=0.5, help="One less the confidence of intervals.")]
Power = Annotated[
    float, typer.Option("--power", min=0.5, max=0.999, help="Chance to find the smallest effect.")
]
StratumSize = Annotated[int, typer.Option(metavar="N", min=4, help="Clusters of a stratum.")]
BlockDays = Annotated[int, typer.Option(metavar="N", min=1, help="Days of a block of a switchback.")]
WashoutDays = Annotated[
    int, typer.Option(metavar="N", min=0, help="Days left out at the beginning of each block.")
]
BaselineDays = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Days before the trial to compare with; default: as many."),
]


def option_problem(message: str, path: str = "") -> Any:
    """Problem of an option."""
    from cdnplan.errors import Problem

    return Problem(message, path=path)


def lengths(text: str) -> tuple[int, ...]:
    """Lengths of trials [days]."""
    from cdnplan.errors import InputError

    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise InputError([option_problem(f"found {text!r}, expected days as 14,28", "--days")])
    return found


def two_arms(text: str) -> tuple[str, str]:
    """Names of control and treatment."""
    from cdnplan.errors import InputError

    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise InputError([option_problem(f"found {text!r}, expected two names as lru,plan", "--arms")])
    return names[0], names[1]


def shared_parents(table: Path | None, topology: Path | None, unit: str, served_by: int) -> Parents | None:
    """Who shares a parent, by a table or a topology; None without either."""
    from cdnplan.errors import InputError

    if table is not None and topology is not None:
        raise InputError([option_problem("expected --parents or --topology, not both")])
    if table is not None:
        from cdnplan.experiment.sharing import read_parents

        return read_parents(table, unit)
    if topology is None:
        return None
    from cdnplan.experiment.sharing import parents_of
    from cdnplan.inputs.topology_reader import read_topology

    if unit not in ("region", "site"):
        raise InputError([option_problem(f"a topology knows regions and sites, not {unit!r}", "--unit")])
    return parents_of(read_topology(topology), unit, served_by)


def read_inputs(
    outcomes: Path,
    metric: str,
    unit: str,
    clusters: Path | None,
    parents: Path | None,
    topology: Path | None,
    by_parent: bool,
    served_by: int,
    *,
    whole: bool = False,
) -> tuple[Outcomes, tuple[Cluster, ...], Parents | None]:
    """Outcomes, clusters and who shares a parent."""
    from cdnplan.experiment.clusters import make_clusters
    from cdnplan.experiment.outcomes import read_outcomes
    from cdnplan.inputs.together import both

    figures, shared = both(
        lambda: read_outcomes(outcomes, metric, unit),
        lambda: shared_parents(parents, topology, unit, served_by),
    )
    groups = make_clusters(
        figures.units, unit, table=clusters, parents=shared, together=by_parent, whole=whole
    )
    return figures, groups, shared


def wish_of(
    kind: Any,
    figures: Outcomes,
    unit: str,
    days: int,
    start: date | None,
    arms: tuple[str, str],
    stratum_size: int,
    block_days: int,
    washout_days: int,
    baseline_days: int | None,
    alpha: float,
    target: float,
) -> TrialWish:
    """Wish with days turned into dates of the outcomes."""
    from cdnplan.errors import InputError
    from cdnplan.experiment.plan_trial import TrialWish

    step = figures.period_days
    block = max(block_days, step) if block_days == 1 else block_days
    wrong = [
        option_problem(f"found {value}, expected whole weeks: the outcomes are weekly", name)
        for name, value in (("--days", days), ("--block-days", block), ("--washout-days", washout_days))
        if value % step
    ]
    if wrong:
        raise InputError(wrong)
    return TrialWish(
        kind=kind,
        unit=unit,
        n_rows=days // step,
        start=start,
        arms=arms,
        stratum_size=stratum_size,
        block_rows=block // step,
        washout_rows=washout_days // step,
        baseline_rows=None if baseline_days is None else max(1, baseline_days // step),
        alpha=alpha,
        power=target,
    )
