"""`cdnplan prices`: what one more TB or Gbps is worth, and whether that is true."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cdnplan.cli.terminal.tables import TableFormat

if TYPE_CHECKING:
    from cdnplan.whatif.ask.price_check import PricesResult


def prices(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Plan folder.", show_default=False)],
    limit: Annotated[
        str | None,
        typer.Option(
            metavar="KIND", help="Only prices of this kind of limit: storage, throughput, link, ..."
        ),
    ] = None,
    more: Annotated[
        float, typer.Option("--more", metavar="RATIO", min=0.0, help="Increment, as a part of the limit.")
    ] = 0.1,
    top: Annotated[
        int, typer.Option(metavar="N", min=0, help="Limits whose price is integrated; 0: all.")
    ] = 10,
    check: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of these, so many are planned again with the increment.")
    ] = 0,
    engine: Annotated[Literal["auto", "exact", "fast"], typer.Option(help="As for plan.")] = "auto",
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", min=0.0, help="Stop each plan after so many seconds.")
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=0, help="0: all cores.")] = 0,
    seed: Annotated[int, typer.Option(metavar="N")] = 0,
    fmt: Annotated[
        TableFormat, typer.Option("--format", help="json, csv: every limit that has a price.")
    ] = "table",
    quiet: Annotated[bool, typer.Option(help="No progress on stderr.")] = False,
) -> None:
    """Show what more storage, throughput or link capacity is worth, the highest price first.

    The price is that of the first unit. What an increment saves is the integral of its price, and with
    --check what planning again with it saves.
    """
    import os

    from cdnplan.cli.terminal.progress import progress_on_stderr
    from cdnplan.cli.terminal.stopping import StopSignals
    from cdnplan.whatif.ask.limit_prices import KINDS
    from cdnplan.whatif.ask.price_check import PricesRequest
    from cdnplan.whatif.ask.price_check import prices as ask

    request = PricesRequest(
        base=folder,
        kinds=KINDS if limit is None else (limit,),
        more_ratio=more,
        forecasts=top,
        checks=check,
        engine=engine,
        threads=threads or os.cpu_count() or 1,
        seed=seed,
        time_limit_s=time_limit,
    )
    stop = ctx.find_object(StopSignals) or StopSignals()
    with progress_on_stderr(quiet=quiet) as progress:
        result = ask(request, progress=stop.watching(progress), asked=stop.asked)
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
