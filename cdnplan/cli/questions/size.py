"""`cdnplan size`: the cheapest hardware to add so that a target is reached."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cdnplan.cli.terminal.options import Quiet, taking, warn
from cdnplan.cli.terminal.progress import watched
from cdnplan.cli.terminal.tables import TableFormat
from cdnplan.commands.size import SizeOptions

if TYPE_CHECKING:
    from cdnplan.whatif.size.size import SizingResult

Table = Literal["options", "curve", "candidates", "goals"]
CANDIDATES_SHOWN = 10


@taking(SizeOptions)
def size(
    options: SizeOptions,
    ctx: typer.Context,
    fmt: Annotated[
        TableFormat, typer.Option("--format", help="json: everything, in full. csv: one of the tables.")
    ] = "table",
    table: Annotated[Table, typer.Option("--table", help="Which table as csv.")] = "options",
    quiet: Quiet = False,
) -> None:
    """Find the cheapest hardware additions that reach a target, proven by bounds and confirmed by plans.

    Exit code 2: bad input. 3: nothing that may be bought reaches the target. 4: the time was up before
    anything was found that does.
    """
    from cdnplan.commands.size import size as find
    from cdnplan.errors import DeadlineError

    with watched(ctx, quiet=quiet) as (progress, asked):
        result = find(options, warn, progress, asked)
    _print(result, fmt, table)
    if options.out is not None and fmt == "table":
        out = Path(options.out)
        sys.stdout.write(f"\nwritten to {out}; its plan is {out / 'plan'}\n")
    if result.verified is None or not result.verified.ok:
        raise DeadlineError("the time was up before a set was found whose full plan reaches the target")


def _print(result: SizingResult, fmt: TableFormat, table: Table) -> None:
    import json

    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.whatif.size.sizing_tables import as_dict, table_rows

    if fmt == "json":
        sys.stdout.write(json.dumps(as_dict(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    elif fmt == "csv":
        rows = table_rows(result, table)
        print_table(list(rows[0]) if rows else [], [list(row.values()) for row in rows], "csv")
    else:
        _print_text(result)


def _print_text(result: SizingResult) -> None:
    """From the answer to its proof, the other ways, and the curve."""
    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.whatif.size.size import curve_goals
    from cdnplan.whatif.size.sizing_tables import additions, table_rows

    best, problem = result.best.best, result.problem
    seconds = f"{result.seconds:.1f}"
    for name, value in (
        ("question", problem.sizing.name),
        ("answer", "none found in time" if best is None else additions(problem, best.counts)),
        ("price", "-" if best is None else f"{best.price:,.2f}"),
        ("proof", _proof(result)),
        ("verified", _verified(result)),
        (
            "work",
            f"{result.planned} sets planned ({result.engine}), {result.cuts} bounds, {seconds} s",
        ),
    ):
        sys.stdout.write(f"{name:<10}{value}\n")
    sys.stdout.write("\ngoals:\n")
    columns = ("goal", "unit", "wanted", "now", "reached", "ok")
    goals = table_rows(result, "goals")
    shown = goals[:1] + sorted(goals[1:], key=lambda row: row["ok"])[: CANDIDATES_SHOWN - 1]
    print_table(columns, [[row[column] for column in columns] for row in shown])
    if len(goals) > len(shown):
        sys.stdout.write(f"and {len(goals) - len(shown)} more\n")
    sys.stdout.write("\noptions:\n")
    _print_columns(
        ("option", "price", "reached", "plan_cost", "saved_per_period", "paid_back_periods", "added"),
        table_rows(result, "options"),
    )
    if result.curve:
        goal = curve_goals(problem.sizing)[0]
        what = goal.label if goal.failed is None else f"{goal.kind}, any one site failed"
        sys.stdout.write(f"\nprice by {what} [{goal.unit}]:\n")
        _print_columns(
            ("wanted", "price", "price_at_least", "proven", "reached", "added"), table_rows(result, "curve")
        )


def _print_columns(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    from cdnplan.cli.terminal.tables import print_table

    print_table(columns, [[_cell(row[column], column) for column in columns] for row in rows])


def _cell(value: object, column: str) -> object:
    """Money to the cent, what is reached to six digits."""
    if isinstance(value, float):
        return round(value, 6 if column in ("wanted", "reached") else 2)
    return value


def _proof(result: SizingResult) -> str:
    best, lower = result.best.best, result.best.lower
    if best is not None and result.best.proven:
        return "no cheaper set reaches the target"
    below = (
        f"no set under {lower:,.2f} does, whatever its plan" if lower > 0 else "nothing proven without that"
    )
    if result.best.closed:
        return f"no cheaper set reaches the target, if more hardware never reaches less; {below}"
    return f"cheapest found in time; {below}"


def _verified(result: SizingResult) -> str:
    verified = result.verified
    if verified is None:
        return "-"
    record = verified.record
    reached = "reaches the target" if verified.ok else "MISSES THE TARGET"
    return (
        f"full plan {reached}: cost {verified.record['cost']['total']:,.2f}, gap {record['gap_ratio']:.3%},"
        f" offload {record['offload_byte_ratio']:.3%}; {verified.checks} checks hold"
    )
