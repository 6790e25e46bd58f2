"""Options of `cdnplan experiment`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

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
