"""`cdnplan replay`: the plan against caches that fill themselves, on the demand that really came."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdnplan.cli.terminal.options import Quiet, taking, warn
from cdnplan.cli.terminal.progress import watched
from cdnplan.cli.terminal.tables import TableFormat
from cdnplan.commands.replay import replay_request

if TYPE_CHECKING:
    from cdnplan.replay import ReplayRequest

COLUMNS = (
    "policy",
    "kind",
    "planned_ratio",
    "parent",
    "byte_offload_ratio",
    "request_offload_ratio",
    "origin_peak_gbps",
    "origin_p95_gbps",
    "fill_window_gb",
    "fill_outside_gb",
    "fill_waste_gb",
)
"""Columns of the comparison."""


@taking(replay_request)
def replay(
    request: ReplayRequest,
    ctx: typer.Context,
    quiet: Quiet = False,
    fmt: Annotated[
        TableFormat, typer.Option("--format", help="json: print replay.json; csv: the comparison only.")
    ] = "table",
) -> None:
    """Serve what really came with a plan, beside caches that fill themselves on the same network.

    Without --plan, plans are made period by period from what was known before each, and then served.
    """
    from cdnplan.replay import replay as run

    with watched(ctx, quiet=quiet) as (progress, _):
        result = run(request, progress=progress)
    _print(result.record, request.out, fmt)


def _print(record: dict[str, Any], out: Path, fmt: TableFormat) -> None:
    import json

    from cdnplan.cli.terminal.tables import print_table

    if fmt == "json":
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        return
    rows = [[_rounded(way[name]) for name in COLUMNS] for way in record["policies"]]
    if fmt == "csv":
        print_table(COLUMNS, rows, fmt)
        return
    for name, value in _summary(record):
        sys.stdout.write(f"{name:<26}{value}\n")
    sys.stdout.write("\n")
    print_table(COLUMNS, rows, fmt)
    for warning in record["warnings"]:
        warn(warning)
    sys.stdout.write(f"\nwritten to {out}\n")


def _rounded(value: object) -> object:
    """Rates and volumes for people and tables: more digits would be noise of the sample."""
    return round(value, 5) if isinstance(value, float) else value


def _summary(record: dict[str, Any]) -> list[tuple[str, str]]:
    """What stands above the comparison."""
    from datetime import date

    from cdnplan.model.network.period import first_day, span_text

    names, days = [date.fromisoformat(name) for name in record["periods"]], record["period_days"]
    span = span_text(names[-1], days)
    if len(names) > 1:
        span = f"{len(names)} periods, {first_day(names[0], days)} to {names[-1]}"
    least, most = record["sample_ratio"]["least"], record["sample_ratio"]["most"]
    kept = f"{least:.4%}" if least == most else f"{least:.4%} to {most:.4%}"
    rows = [
        ("period", f"{span}, {record['hours']} hours each"),
        ("requests", f"{record['requests']:,} of {record['plays']:,.0f} plays ({kept})"),
    ]
    if record["best_planned_ratio"] is not None:
        found = record["best_planned_ratio"]
        for kind, text in (("alone", "best planned share"), ("with_parent", "  with a parent tier")):
            if kind in found:
                one = found[kind]
                share = f"{one['planned_ratio']:.0%}, the rest {found['policy']}"
                rows.append((text, f"{share}: {one['byte_offload_ratio']:.2%} of bytes offloaded"))
    if record["best_prefilled"] is not None:
        best = record["best_prefilled"]
        where = f"{best['policy']} after {best['planned_ratio']:.0%}{', parents' if best['parent'] else ''}"
        rows.append(("best prefilled", f"{where}: {best['byte_offload_ratio']:.2%} of bytes offloaded"))
    if record["regret"] is not None:
        parts = record["regret"]
        rows += [
            ("cost", f"{parts['cost']:,.2f}"),
            ("no plan costs less than", f"{parts['bound']:,.2f}"),
            ("regret", f"{parts['total']:,.2f}"),
            ("  forecast error", f"{parts['forecast_error']:,.2f}"),
            ("  fill limits", f"{parts['fill_limits']:,.2f}"),
            ("  optimisation gap", f"{parts['optimisation_gap']:,.2f}"),
        ]
    demand = record["policies"][0]["demand_gb"]
    for cause, gb in sorted(record["misses_gb"]["by_cause"].items(), key=lambda item: -item[1]):
        part = gb / demand if demand > 0 else 0.0
        rows.append((f"missed: {cause}", f"{gb:,.0f} GB ({part:.3%} of all)"))
    return rows
