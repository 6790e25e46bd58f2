"""`cdnplan plan`: decide what every appliance holds, prove how good that is, write the plan folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cdnplan.cli.terminal.options import Quiet, taking, warn
from cdnplan.cli.terminal.progress import watched
from cdnplan.commands.plan import PlanOptions


@taking(PlanOptions)
def plan(
    options: PlanOptions,
    ctx: typer.Context,
    quiet: Quiet = False,
    fmt: Annotated[
        Literal["table", "json"], typer.Option("--format", help="json: print plan.json instead of a summary.")
    ] = "table",
) -> None:
    """Decide which files every appliance holds, and write it with a proof of how good it is."""
    from cdnplan.cli.terminal.ahead import compiling_ahead
    from cdnplan.commands.plan import plan as make_plan

    if options.of_sample and Path("topology.yaml").is_file():
        warn(
            "this plans the embedded sample, not topology.yaml of this folder: for that, give"
            " --topology topology.yaml, --titles and --demand or --history"
        )
    with compiling_ahead() as waiting, watched(ctx, quiet=quiet) as (progress, asked):
        result = make_plan(options, warn, waiting(progress), asked)
    _print(result.folder, result.record, fmt)


def _print(out: Path, record: dict[str, Any], fmt: str) -> None:
    import json

    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.planner.folder.summary import full_rows, summary_rows

    if fmt == "json":
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        return
    for figure, value in summary_rows(record):
        sys.stdout.write(f"{figure:<26}{value}\n")
    rows = full_rows(record)
    if rows:
        listed, total = len(rows), len(record["full"])
        sys.stdout.write(f"\nwhat binds, dearest first ({listed} of {total}):\n")
        print_table(("limit", "name", "used", "allowed", "unit", "price", "price per"), rows)
    for warning in record["warnings"]:
        warn(warning)
    sys.stdout.write(f"\nwritten to {out}; check it with: cdnplan verify {out}\n")
