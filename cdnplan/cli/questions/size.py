"""`cdnplan size`: the cheapest hardware to add so that a target is reached."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cdnplan.cli.terminal.tables import TableFormat

if TYPE_CHECKING:
    from cdnplan.errors import Problem
    from cdnplan.whatif.size.size import SizingResult

Table = Literal["options", "curve", "candidates", "goals"]
CANDIDATES_SHOWN = 10


def size(
    ctx: typer.Context,
    sizing: Annotated[
        Path, typer.Argument(metavar="SIZING.yaml", help="What may be bought, and the target.")
    ],
    base: Annotated[
        Path | None, typer.Option(metavar="PLAN", help="Plan folder whose inputs are taken.")
    ] = None,
    topology: Annotated[
        Path | None, typer.Option(metavar="T", help="Topology YAML, in place of --base.")
    ] = None,
    titles: Annotated[Path | None, typer.Option(metavar="F", help="Titles: title, size_gb, …")] = None,
    demand: Annotated[Path | None, typer.Option(metavar="D", help="Demand of the planned period.")] = None,
    files: Annotated[
        Path | None, typer.Option(metavar="F", help="Files of titles; without it a title is one file.")
    ] = None,
    countries: Annotated[
        str, typer.Option(metavar="BE,NL", help="Only the regions of these countries (ISO codes).")
    ] = "",
    date: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="Period of the demand table."),
    ] = None,
    env: Annotated[str | None, typer.Option(metavar="E", help="Overrides of this environment apply.")] = None,
    engine: Annotated[Literal["auto", "exact", "fast"], typer.Option(help="As for plan.")] = "auto",
    gap: Annotated[
        float | None, typer.Option(metavar="G", min=0.0, help="Stop plans of the search at this gap_ratio.")
    ] = None,
    time_limit: Annotated[
        float, typer.Option(metavar="S", min=0.0, help="End the search after so many seconds.")
    ] = 300.0,
    threads: Annotated[int, typer.Option(metavar="N", min=0, help="0: all cores.")] = 0,
    seed: Annotated[int, typer.Option(metavar="N")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write data, tables, picture and plan there.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace an earlier answer at DIR.")] = False,
    fmt: Annotated[
        TableFormat, typer.Option("--format", help="json: everything, in full. csv: one of the tables.")
    ] = "table",
    table: Annotated[Table, typer.Option("--table", help="Which table as csv.")] = "options",
    quiet: Annotated[bool, typer.Option(help="No progress on stderr.")] = False,
) -> None:
    """Find the cheapest hardware additions that reach a target, proven by bounds and confirmed by plans.

    Exit code 2: bad input. 3: nothing that may be bought reaches the target. 4: the time was up before
    anything was found that does.
    """
    import os
    import tempfile
    from contextlib import ExitStack

    from cdnplan.cli.terminal.countries import country_codes
    from cdnplan.cli.terminal.progress import progress_on_stderr
    from cdnplan.cli.terminal.stopping import StopSignals
    from cdnplan.errors import DeadlineError, InputError
    from cdnplan.folders import claimed
    from cdnplan.whatif.size.size import size as find
    from cdnplan.whatif.size.sizing_inputs import SizingInputs, read_question
    from cdnplan.whatif.size.sizing_output import SIZING, write_answer

    problems: list[Problem] = []
    codes = country_codes(countries, problems)
    period = date.date() if date else None
    given = SizingInputs(base, topology, titles, demand, files, codes, period, env)
    problems = [*given.problems(), *problems]
    if problems:
        raise InputError(problems)
    question = read_question(sizing, given)
    for warning in question.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    stop = ctx.find_object(StopSignals) or StopSignals()
    # The plan is made where it can be moved from, if that folder is there already.
    beside = out.absolute().parent if out is not None and out.absolute().parent.is_dir() else None
    with (
        progress_on_stderr(quiet=quiet) as progress,
        tempfile.TemporaryDirectory(dir=beside) as scratch,
        ExitStack() as stack,
    ):
        place = None if out is None else stack.enter_context(claimed(out, SIZING, replace=force))
        plan_folder = Path(scratch) / "plan"
        result = find(
            question.topology,
            question.catalog,
            question.demand,
            question.sizing,
            plan_out=plan_folder,
            engine=engine,
            gap_ratio=gap,
            time_limit_s=time_limit,
            threads=threads or os.cpu_count() or 1,
            seed=seed,
            progress=stop.watching(progress),
            asked=stop.asked,
        )
        if place is not None:
            write_answer(result, place, plan_folder)
    _print(result, fmt, table)
    if out is not None and fmt == "table":
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
