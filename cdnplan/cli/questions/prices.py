"""`cdnplan prices`: what one more TB or Gbps is worth, and whether that is true."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cdnplan.cli.terminal.options import Quiet, taking
from cdnplan.cli.terminal.progress import watched
from cdnplan.cli.terminal.tables import TableFormat
from cdnplan.commands.prices import prices_request

if TYPE_CHECKING:
    from cdnplan.whatif.ask.price_check import PricesRequest, PricesResult


@taking(prices_request)
def prices(
    request: PricesRequest,
    ctx: typer.Context,
    fmt: Annotated[
        TableFormat, typer.Option("--format", help="json, csv: every limit that has a price.")
    ] = "table",
    quiet: Quiet = False,
) -> None:
    """Show what more storage, throughput or link capacity is worth, the highest price first.

    The price is that of the first unit. What an increment saves is the integral of its price, and with
    --check what planning again with it saves.
    """
    from cdnplan.whatif.ask.price_check import prices as ask

    with watched(ctx, quiet=quiet) as (progress, asked):
        result = ask(request, progress=progress, asked=asked)
    _print(result, fmt)


def _print(result: PricesResult, fmt: TableFormat) -> None:
    from cdnplan.cli.terminal.tables import print_table

    table = result.table()
    if fmt != "table":
        print_table(_ALL, [[row[column] for column in _ALL] for row in table], fmt)
        return
    if not table:
        sys.stdout.write("no limit has a price: more of none would save anything\n")
        return
    shown = [row for row in table if row["predicted"] is not None]
    ratio = f"+{result.more_ratio:.3g}" if result.more_ratio > 1 else f"+{100 * result.more_ratio:.3g}%"
    sys.stdout.write(f"limits with a price, dearest first ({len(shown):,} of {len(table):,}):\n")
    columns = ["limit", "name", "allowed", "unit", "price of one more", "price then", f"{ratio} saves"]
    rows = [
        [
            row["limit"],
            row["name"],
            round(row["allowed"], 2),
            row["unit"],
            row["price"],
            row["price_then"],
            round(row["predicted"], 2),
        ]
        for row in shown
    ]
    checked = any(row["replanned"] is not None for row in shown)
    if checked:
        columns += ["replanned saves", "proven at least", "at most"]
        for line, row in zip(rows, shown, strict=True):
            figures = (row["replanned"], row["proven_least"], row["proven_most"])
            line += [None if value is None else round(value, 2) for value in figures]
    print_table(columns, rows)
    if checked:
        sys.stdout.write(
            "replanned: what the plan with the increment saves against planning again without it;"
            " proven: what the best plans save\n"
        )


_ALL = (
    *("limit", "name", "allowed", "unit", "price", "more", "first_order", "predicted", "price_then"),
    *("replanned", "replanned_bound", "proven_least", "proven_most"),
)
