"""Sweeps of `cdnplan whatif`: what is worst when anything fails."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from cdnplan.cli.terminal.progress import watched
from cdnplan.cli.terminal.tables import TableFormat
from cdnplan.commands.sweep import SweepOptions

if TYPE_CHECKING:
    from cdnplan.whatif.ask.sweep import SweepResult

STRANDED_SHOWN = 10


def run_sweep(options: SweepOptions, ctx: typer.Context, fmt: TableFormat, top: int, *, quiet: bool) -> None:
    """Let everything fail and print what is worst.

    Parameters
    ----------
    options : SweepOptions
    ctx : typer.Context
        Of the command.
    fmt : {"table", "json", "csv"}
    top : int
        Failures and regions shown in a table; 0: all. Programs get all.
    quiet : bool
        No progress.
    """
    from cdnplan.commands.sweep import sweep

    with watched(ctx, quiet=quiet) as (progress, _):
        result = sweep(options, progress)
    _print(result, fmt, top)


def _print(result: SweepResult, fmt: TableFormat, top: int) -> None:
    import json

    from cdnplan.cli.terminal.tables import print_table

    if fmt == "json":
        text = json.dumps(result.as_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        sys.stdout.write(text + "\n")
        return
    rows = result.rows()
    if fmt == "csv":
        print_table(list(rows[0]), [list(row.values()) for row in rows], "csv")
        return
    sys.stdout.write(
        f"base: {result.base.folder}: {result.base.inputs.topology.name},"
        f" cost {result.cost:,.2f}, offload {result.offload_byte_ratio:.3%}\n"
    )
    shown = rows[: top or None]
    what = {"sites": "sites", "links": "links", "all": "sites and links", "city": "pairs of sites"}
    sys.stdout.write(
        f"{len(rows):,} {what[result.level]}, one at a time, at once; worst first"
        f" ({len(shown):,} of {len(rows):,}):\n"
    )
    print_table(_COLUMNS, [_line(row) for row in shown])
    _print_stranded(result, top)


_COLUMNS = (
    *("failure", "cost", "offload", "moved_tb", "from origin_gbps", "overload_gbps", "worst limit"),
    *("newly full", "regions without source", "their_tb"),
)


def _line(row: dict[str, object]) -> tuple[object, ...]:
    def number(column: str) -> float:
        value = row[column]
        return float(value) if isinstance(value, int | float) else 0.0

    return (
        row["failure"],
        f"{number('cost_change'):+,.2f}",
        f"{100 * number('offload_change_ratio'):+.3f} points",
        round(number("moved_gb") / 1000, 1),
        round(number("origin_gbps"), 1),
        round(number("overload_gbps"), 1),
        row["worst_limit"],
        row["newly_full"],
        row["stranded_regions"],
        round(number("stranded_gb") / 1000, 1),
    )


def _print_stranded(result: SweepResult, top: int) -> None:
    """Regions left without an alternate source, over all failures."""
    from cdnplan.cli.terminal.tables import print_table

    found = [(s.gb, s.region, s.reason, i.failure.name) for i in result.impacts for s in i.stranded]
    if not found:
        sys.stdout.write("\nevery region keeps a source other than the origin for all it asks for\n")
        return
    found.sort(key=lambda item: (-item[0], item[1], item[3]))
    shown = found[: top or None]
    regions = len({region for _, region, _, _ in found})
    sys.stdout.write(
        f"\nregions left without another source than the origin, most demand first ({len(shown):,} of"
        f" {len(found):,}; {regions:,} regions):\n"
    )
    print_table(
        ("region", "when this fails", "because", "tb"),
        [(region, name, reason, round(gb / 1000, 1)) for gb, region, reason, name in shown],
    )
