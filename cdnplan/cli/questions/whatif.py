"""`cdnplan whatif`: what would be if scenarios came true, as differences to a plan."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cdnplan.cli.terminal.tables import TableFormat

if TYPE_CHECKING:
    from cdnplan.whatif.ask.run import ScenarioResult, WhatifResult
    from cdnplan.whatif.base.difference import Difference

Table = Literal["summary", "figures", "full", "regions", "files", "sites"]
DETAILED_UP_TO = 3
"""So many scenarios are shown in detail; of more there is a line each."""


def whatif(
    ctx: typer.Context,
    base: Annotated[
        Path, typer.Option(metavar="PLAN", help="Plan folder to compare with.", show_default=False)
    ],
    scenarios: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[SCENARIO.yaml...]", help="Scenario files.", show_default=False),
    ] = None,
    n_1: Annotated[
        Literal["sites", "links", "all"] | None,
        typer.Option("--n-1", help="In place of scenarios: each of these fails, one at a time, at once."),
    ] = None,
    n_2: Annotated[
        Literal["city"] | None, typer.Option("--n-2", help="The same for every two sites of one city.")
    ] = None,
    within_km: Annotated[
        float, typer.Option("--within-km", metavar="KM", min=0.0, help="How near sites of one city are.")
    ] = 25.0,
    combine: Annotated[
        bool, typer.Option("--combine", help="All files as one scenario, in the order given.")
    ] = False,
    grid: Annotated[
        bool, typer.Option("--grid", help="Every combination of the files, each with and without the others.")
    ] = False,
    answers: Annotated[
        Literal["both", "at_once", "after_fill"],
        typer.Option("--answer", help="at_once: placement as it is; after_fill: planned anew."),
    ] = "both",
    fills: Annotated[
        Literal["base", "free", "limited"],
        typer.Option(help="Whether filling limits and costs plans; base: as in the base."),
    ] = "base",
    top: Annotated[
        int, typer.Option(metavar="N", min=0, help="Regions, files and sites listed; 0: all.")
    ] = 10,
    engine: Annotated[Literal["auto", "exact", "fast"], typer.Option(help="As for plan.")] = "auto",
    gap: Annotated[
        float | None, typer.Option(metavar="G", min=0.0, help="Stop plans at this gap_ratio.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", min=0.0, help="Stop each plan after so many seconds.")
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=0, help="0: all cores.")] = 0,
    seed: Annotated[int, typer.Option(metavar="N")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write everything there as JSON and CSV.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace earlier results at DIR.")] = False,
    fmt: Annotated[
        TableFormat, typer.Option("--format", help="json: everything, in full. csv: one of the tables.")
    ] = "table",
    table: Annotated[Table, typer.Option("--table", help="Which table as csv.")] = "summary",
    quiet: Annotated[bool, typer.Option(help="No progress on stderr.")] = False,
) -> None:
    """Show what scenarios change: at once, with the placement as it is, and after the next fill.

    Exit code 0, whatever changes. 2: bad input. 3: no scenario has an answer.
    """
    import os
    from contextlib import ExitStack

    from cdnplan.cli.terminal.progress import progress_on_stderr
    from cdnplan.cli.terminal.stopping import StopSignals
    from cdnplan.errors import InputError, NoFeasiblePlanError, Problem
    from cdnplan.folders import claimed
    from cdnplan.whatif.ask.output import WHATIF, write_results
    from cdnplan.whatif.ask.run import BOTH, WhatifRequest
    from cdnplan.whatif.ask.run import whatif as ask

    files = tuple(scenarios or ())
    stop = ctx.find_object(StopSignals) or StopSignals()
    if sum((bool(files), n_1 is not None, n_2 is not None)) != 1:
        raise InputError([Problem("expected one of scenario files, --n-1 and --n-2")])
    level = n_1 or n_2
    if level is not None:
        if out is not None:
            raise InputError([Problem("--out is for scenarios; sweeps print with --format csv or json")])
        from cdnplan.cli.questions.sweep import run_sweep
        from cdnplan.whatif.ask.sweep import SweepRequest

        swept = SweepRequest(base, level, within_km, threads=threads or os.cpu_count() or 1)
        run_sweep(swept, stop, fmt, top, quiet=quiet)
        return
    if combine and grid:
        raise InputError([Problem("expected one of --combine and --grid, found both")])
    request = WhatifRequest(
        base=base,
        scenarios=files,
        mode="combine" if combine else "grid" if grid else "each",
        answers=BOTH if answers == "both" else (answers,),
        fills=None if fills == "base" else fills,
        top=top,
        engine=engine,
        gap_ratio=gap,
        time_limit_s=time_limit,
        threads=threads or os.cpu_count() or 1,
        seed=seed,
    )
    with ExitStack() as stack:
        place = None if out is None else stack.enter_context(claimed(out, WHATIF, replace=force))
        with progress_on_stderr(quiet=quiet) as progress:
            result = ask(request, progress=stop.watching(progress), asked=stop.asked)
        if place is not None:
            write_results(result, place)
    _print(result, fmt, table, top)
    for item in result.scenarios:
        for text in (*item.warnings, *item.failed.values()):
            sys.stderr.write(f"warning: {item.scenario.name}: {text}\n")
    if not any(item.answers for item in result.scenarios):
        raise NoFeasiblePlanError("no scenario has an answer")


def _print(result: WhatifResult, fmt: TableFormat, table: Table, top: int) -> None:
    import json

    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.whatif.ask.tables import as_dict, table_rows

    if fmt == "json":
        sys.stdout.write(json.dumps(as_dict(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        return
    if fmt == "csv":
        rows = table_rows(result, table)
        columns = list(rows[0]) if rows else []
        print_table(columns, [list(row.values()) for row in rows], "csv")
        return
    plan, total = result.base.plan, result.figures.total
    name = result.base.inputs.topology.name
    sys.stdout.write(f"base: {result.base.folder}: {name}, {plan.period}, filling {result.base.fills}\n")
    sys.stdout.write(
        f"      cost {total['cost']:,.2f}, offload {total['offload_byte_ratio']:.3%},"
        f" {total['mean_km']:,.0f} km, gap {plan.numbers['gap_ratio']:.3%}\n\n"
    )
    print_table(_COLUMNS, [_line(row) for row in table_rows(result, "summary")])
    if len(result.scenarios) <= DETAILED_UP_TO:
        for item in result.scenarios:
            for answer, difference in item.answers.items():
                _detail(item, answer, difference, top)


_COLUMNS = (
    *("scenario", "answer", "cost", "offload", "overload_gbps", "distance_km", "fill_tb", "nights"),
    *("newly full", "gap"),
)


def _line(row: dict[str, Any]) -> tuple[object, ...]:
    return (
        row["scenario"],
        row["answer"],
        f"{row['cost_change']:+,.2f}",
        f"{row['offload_change'] * 100:+.3f} points",
        round(row["overload_gbps"], 1),
        f"{row['mean_change_km']:+,.1f}",
        None if row["to_fill_tb"] is None else round(row["to_fill_tb"], 1),
        None if row["nights"] is None else round(row["nights"], 1),
        row["newly_full"],
        None if row["gap_ratio"] is None else f"{row['gap_ratio']:.3%}",
    )


def _detail(item: ScenarioResult, answer: str, difference: Difference, top: int) -> None:
    """One answer, from the whole to the parts."""
    from cdnplan.cli.terminal.tables import print_table

    sys.stdout.write(f"\n{item.scenario.name}, {answer.replace('_', ' ')}\n")
    rows = [
        (
            f.figure.replace("_", " "),
            _shown(f.base, f.unit),
            _shown(f.value, f.unit),
            _change(f.base, f.value, f.unit),
        )
        for f in difference.figures
    ]
    print_table(("figure", "base", "then", "change"), rows)
    if difference.certificate is not None:
        c = difference.certificate
        sys.stdout.write(
            f"no plan costs less than {c.lower:,.2f}; gap {c.gap_ratio:.3%} of cost above ideal\n"
        )
    if difference.fill is not None and difference.fill.gb > 0:
        need = difference.fill
        sys.stdout.write(
            f"to fill: {need.gb / 1000:,.1f} TB; {need.slowest} takes {need.nights:,.1f} nights\n"
        )
    shown = top or None
    if difference.newly_full:
        sys.stdout.write(f"\nnewly full ({len(difference.newly_full):,}):\n")
        full = difference.newly_full[:shown]
        columns = ("limit", "name", "used", "allowed", "unit", "price")
        print_table(columns, [(f.limit, f.name, f.used, f.allowed, f.unit, f.price) for f in full])
    if difference.regions:
        sys.stdout.write("\nregions that changed most:\n")
        print_table(
            ("region", "cost", "change", "from origin_gb", "distance_km", "before_km"),
            [
                (
                    r.region,
                    round(r.cost, 2),
                    f"{r.cost - r.cost_base:+,.2f}",
                    round(r.origin_gb),
                    round(r.km),
                    round(r.km_base),
                )
                for r in difference.regions[:shown]
            ],
        )
    if difference.files:
        sys.stdout.write("\nfiles that changed most:\n")
        print_table(
            ("file", "cost", "change", "from origin_gb", "pools", "before"),
            [
                (
                    f.file,
                    round(f.cost, 2),
                    f"{f.cost - f.cost_base:+,.2f}",
                    round(f.origin_gb),
                    f.pools,
                    f.pools_base,
                )
                for f in difference.files[:shown]
            ],
        )
    for text in difference.broken[:10]:
        sys.stdout.write(f"does not hold: {text}\n")
    if len(difference.broken) > 10:
        sys.stdout.write(f"does not hold: {len(difference.broken) - 10:,} more\n")


def _shown(value: float, unit: str) -> str:
    if unit == "ratio":
        return f"{value:.3%}"
    if unit == "currency":
        return f"{value:,.2f}"
    return f"{value:,.1f} {unit}" if unit in ("km", "Gbps") else f"{value:,.0f} {unit}"


def _change(before: float, after: float, unit: str) -> str:
    change = after - before
    if unit == "ratio":
        return f"{change * 100:+.3f} points"
    ratio = f" ({change / abs(before):+.2%})" if before else ""
    return f"{change:+,.2f}{ratio}" if unit in ("currency", "km", "Gbps") else f"{change:+,.0f}{ratio}"
