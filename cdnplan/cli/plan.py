"""`cdnplan plan`: decide what every appliance holds, prove how good that is, write the plan folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

if TYPE_CHECKING:
    from cdnplan.planner.inputs.request import PlanRequest


def plan(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Plan folder to write.")],
    topology: Annotated[
        Path | None,
        typer.Option(metavar="T", help="Topology YAML. Without it the embedded sample is planned."),
    ] = None,
    titles: Annotated[Path | None, typer.Option(metavar="F", help="Titles: title, size_gb, …")] = None,
    demand: Annotated[Path | None, typer.Option(metavar="D", help="Demand of the planned period.")] = None,
    history: Annotated[
        Path | None, typer.Option(metavar="H", help="History to forecast from, in place of a demand table.")
    ] = None,
    files: Annotated[
        Path | None, typer.Option(metavar="F", help="Files of titles; without it a title is one file.")
    ] = None,
    countries: Annotated[
        str, typer.Option(metavar="BE,NL", help="Plan only the regions of these countries (ISO codes).")
    ] = "",
    previous: Annotated[
        Path | None, typer.Option(metavar="PLAN", help="Plan folder that says what appliances hold now.")
    ] = None,
    holdings: Annotated[
        Path | None,
        typer.Option(metavar="H", help="Copies read from the field (appliance, file): believed most."),
    ] = None,
    cold_start: Annotated[
        Literal["free", "limited"] | None,
        typer.Option(
            help="In place of the policy's: appliances of which nothing is known are stocked, or empty.",
            show_default=False,
        ),
    ] = None,
    rules_wait: Annotated[
        bool, typer.Option("--rules-wait", help="Let pins and launches wait that one night cannot bring.")
    ] = False,
    allow_lost_appliances: Annotated[
        bool,
        typer.Option(
            "--allow-lost-appliances",
            help="Though most appliances that --previous or --holdings name are not in the network.",
        ),
    ] = False,
    fill_from: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Windows from then on are filled, as 2026-03-08T00:00Z."),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(metavar="PLAN", help="Plan of nearly the same inputs to start from: takes less time."),
    ] = None,
    date: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE", formats=["%Y-%m-%d"], help="Period of the demand table, or forecast as of."
        ),
    ] = None,
    engine: Annotated[
        Literal["auto", "exact", "fast"], typer.Option(help="auto: exact where it is quick.")
    ] = "auto",
    gap: Annotated[
        float | None, typer.Option(metavar="G", min=0.0, help="Stop at this gap_ratio, as 0.005.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", min=0.0, help="Stop the optimisation after so many seconds.")
    ] = None,
    threads: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="0: all cores. The plan does not depend on it."),
    ] = 0,
    seed: Annotated[int, typer.Option(metavar="N")] = 0,
    env: Annotated[str | None, typer.Option(metavar="E", help="Overrides of this environment apply.")] = None,
    override: Annotated[
        list[Path] | None, typer.Option(metavar="F", help="Further topology override files.")
    ] = None,
    report: Annotated[
        bool | None,
        typer.Option(
            "--report/--no-report",
            help="Put report.html into the folder, or not; else up to a million copies.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace an earlier plan at DIR.")] = False,
    quiet: Annotated[bool, typer.Option(help="No progress on stderr.")] = False,
    fmt: Annotated[
        Literal["table", "json"], typer.Option("--format", help="json: print plan.json instead of a summary.")
    ] = "table",
) -> None:
    """Decide which files every appliance holds, and write it with a proof of how good it is."""
    import os

    from cdnplan.cli.terminal.ahead import compiling_ahead
    from cdnplan.cli.terminal.progress import progress_on_stderr
    from cdnplan.cli.terminal.stopping import StopSignals
    from cdnplan.planner import PlanRequest
    from cdnplan.planner import plan as make_plan

    inputs = _inputs(topology, titles, demand, history, files)
    chosen = _countries(countries)
    request = PlanRequest(
        topology=inputs.topology,
        titles=inputs.titles,
        demand=inputs.demand,
        history=inputs.history,
        files=inputs.files,
        out=out,
        countries=chosen,
        previous=previous,
        holdings=holdings,
        cold_start=cold_start,
        rules_wait=rules_wait,
        allow_lost_appliances=allow_lost_appliances,
        fill_from=_moment(fill_from),
        start=start,
        date=date.date() if date else None,
        engine=engine,
        gap_ratio=gap,
        time_limit_s=time_limit,
        threads=threads or os.cpu_count() or 1,
        seed=seed,
        environment=env,
        overrides=tuple(override or ()),
        replace=force,
    )
    stop = ctx.find_object(StopSignals) or StopSignals()
    with compiling_ahead() as waiting, progress_on_stderr(quiet=quiet) as progress:
        more = _reporting(previous, report)
        result = make_plan(request, progress=waiting(stop.watching(progress)), asked=stop.asked, more=more)
    _print(request, result.record, fmt)


def _reporting(previous: Path | None, asked: bool | None) -> Callable[[Path], Sequence[str]] | None:
    """What puts a report into the plan folder; None where none is wanted."""
    if asked is False:
        return None
    from cdnplan.report.pages.report import report_of_plan

    def warn(text: str) -> None:
        sys.stderr.write(f"warning: {text}\n")

    return report_of_plan(previous, always=asked is True, warn=warn)


class _Inputs(NamedTuple):
    topology: Path
    titles: Path
    demand: Path | None
    history: Path | None
    files: Path | None


def _inputs(
    topology: Path | None, titles: Path | None, demand: Path | None, history: Path | None, files: Path | None
) -> _Inputs:
    """Inputs given, or all of the embedded sample when none is."""
    from cdnplan.errors import InputError, Problem

    if topology is None and titles is None and demand is None and history is None and files is None:
        from cdnplan.sample import sample_folder

        if Path("topology.yaml").is_file():
            sys.stderr.write(
                "warning: this plans the embedded sample, not topology.yaml of this folder: for that, give"
                " --topology topology.yaml, --titles and --demand or --history\n"
            )
        folder = sample_folder()
        return _Inputs(
            folder / "topology.yaml", folder / "titles.parquet", folder / "demand.parquet", None, None
        )
    missing = [name for name, value in (("--topology", topology), ("--titles", titles)) if value is None]
    problems = [
        Problem(f"{name} is missing (with no input at all the sample is planned)") for name in missing
    ]
    if (demand is None) == (history is None):
        problems.append(Problem("give one of --demand and --history"))
    if problems or topology is None or titles is None:
        raise InputError(problems)
    return _Inputs(topology, titles, demand, history, files)


def _moment(text: str | None) -> datetime | None:
    """Moment given as ISO 8601, in UTC where it names no offset."""
    from datetime import UTC

    from cdnplan.errors import InputError, Problem

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        # Windows are looked for some days on, in any zone.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"expected a time as 2026-03-08T00:00Z, found {text!r}"
        raise InputError([Problem(message, path="--fill-from")]) from None


def _countries(text: str) -> frozenset[str]:
    """Codes of the countries asked for."""
    from cdnplan.cli.terminal.countries import country_codes
    from cdnplan.errors import InputError, Problem

    problems: list[Problem] = []
    codes = country_codes(text, problems)
    if problems:
        raise InputError(problems)
    return codes


def _print(request: PlanRequest, record: dict[str, Any], fmt: str) -> None:
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
        sys.stderr.write(f"warning: {warning}\n")
    sys.stdout.write(f"\nwritten to {request.out}; check it with: cdnplan verify {request.out}\n")
