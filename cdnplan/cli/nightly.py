"""`cdnplan nightly`: plan as a job, unattended: fetch, forecast, plan, verify, guard, publish."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer


def nightly(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Config file of the job (YAML).")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do everything but publish; tell what would happen.")
    ] = False,
    date: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="Day of the run; default: today."),
    ] = None,
    quiet: Annotated[bool, typer.Option(help="No log on stderr; the log file has it.")] = False,
    fmt: Annotated[
        Literal["table", "json"], typer.Option("--format", help="json: print the status on stdout.")
    ] = "table",
) -> None:
    """Plan a night and publish the plan, or leave the plan in force and say why."""
    from cdnplan.cli.terminal.stopping import StopSignals
    from cdnplan.nightly import nightly as run_night
    from cdnplan.nightly import read_config

    read = read_config(config)
    stop = ctx.find_object(StopSignals) or StopSignals()
    result = run_night(
        read,
        progress=stop.watching(lambda *_: None),
        asked=stop.asked,
        write_log=None if quiet else _to_stderr,
        dry_run=dry_run,
        date=date.date() if date else None,
    )
    for problem in result.problems:
        sys.stderr.write(f"error: {problem}\n")
    _print(result.status, fmt)
    raise typer.Exit(result.exit_code)


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _to_come(to_fill: dict[str, Any]) -> str:
    """What the night leaves to later ones."""
    if not to_fill["gb"]:
        return "caches are full"
    count = "at most " if to_fill["at_most"] else ""
    nights = "nobody can tell how many"
    if to_fill["nights"] is not None:
        nights = f"{count or 'about '}{to_fill['nights']}"
    return f"{count}{to_fill['gb']:,.0f} GB still to fetch, nights: {nights}"


def _span(status: dict[str, Any]) -> str:
    """Both ends of the period that was planned for."""
    first, last = status.get("planned_from"), status["planned_for"]
    return f"{first} to {last}" if first and first != last else last or ""


def _print(status: dict[str, Any], fmt: str) -> None:
    import json

    if fmt == "json":
        sys.stdout.write(json.dumps(status, indent=2, ensure_ascii=False) + "\n")
        return
    plan = status["plan"] or {}
    rows = [
        ("run", status["run_id"]),
        ("state", status["state"] + (f" ({status['reason']})" if status["reason"] else "")),
        ("planned for", _span(status) or "-"),
        ("plan in force", status["in_force"] or "none"),
    ]
    if plan:
        rows += [
            ("gap", f"{plan['gap_ratio']:.3%}"),
            ("offload (bytes)", f"{plan['offload_byte_ratio']:.2%}"),
            ("to fill", f"{plan['fill_gb']:,.1f} GB"),
            ("after that", _to_come(plan["to_fill"])),
        ]
    for figure, value in rows:
        sys.stdout.write(f"{figure:<18}{value}\n")
