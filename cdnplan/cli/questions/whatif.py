"""`cdnplan whatif`: what would be if scenarios came true, as differences to a plan."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cdnplan.cli.questions.sweep import run_sweep
from cdnplan.cli.terminal.options import Quiet, taking, warn
from cdnplan.cli.terminal.progress import watched
from cdnplan.cli.terminal.tables import TableFormat
from cdnplan.commands.option import declared
from cdnplan.commands.sweep import SweepOptions
from cdnplan.commands.whatif import WhatifQuestion, whatif_question

if TYPE_CHECKING:
    from cdnplan.whatif.ask.run import ScenarioResult, WhatifResult
    from cdnplan.whatif.base.difference import Difference

Table = Literal["summary", "figures", "full", "regions", "files", "sites"]
DETAILED_UP_TO = 3
"""So many scenarios are shown in detail; of more there is a line each."""


SWEEP = [one for one in declared(SweepOptions) if one.parameter.name in ("n_1", "n_2", "within_km")]
"""Options that make a sweep of it."""


@taking(whatif_question, also=SWEEP, before="combine")
def whatif(
    question: WhatifQuestion,
    ctx: typer.Context,
    n_1: Literal["sites", "links", "all"] | None,
    n_2: Literal["city"] | None,
    within_km: float,
    fmt: Annotated[
        TableFormat, typer.Option("--format", help="json: everything, in full. csv: one of the tables.")
    ] = "table",
    table: Annotated[Table, typer.Option("--table", help="Which table as csv.")] = "summary",
    quiet: Quiet = False,
) -> None:
    """Show what scenarios change: at once, with the placement as it is, and after the next fill.

    Exit code 0, whatever changes. 2: bad input. 3: no scenario has an answer.
    """
    from cdnplan.commands.whatif import whatif as ask
    from cdnplan.errors import InputError, NoFeasiblePlanError, Problem

    request = question.request
    if sum((bool(request.scenarios), n_1 is not None, n_2 is not None)) != 1:
        raise InputError([Problem("expected one of scenario files, --n-1 and --n-2")])
    if not request.scenarios:
        if question.out is not None:
            raise InputError([Problem("--out is for scenarios; sweeps print with --format csv or json")])
        swept = SweepOptions(request.base, n_1, n_2, within_km, request.threads)
        run_sweep(swept, ctx, fmt, request.top, quiet=quiet)
        return
    with watched(ctx, quiet=quiet) as (progress, asked):
        result = ask(question, progress, asked)
    _print(result, fmt, table, request.top)
    for item in result.scenarios:
        for text in (*item.warnings, *item.failed.values()):
            warn(f"{item.scenario.name}: {text}")
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
    _changed_most(difference, top or None)
    for text in difference.broken[:10]:
        sys.stdout.write(f"does not hold: {text}\n")
    if len(difference.broken) > 10:
        sys.stdout.write(f"does not hold: {len(difference.broken) - 10:,} more\n")


def _changed_most(difference: Difference, shown: int | None) -> None:
    """Limits, regions and files, so many of each; None: all."""
    from cdnplan.cli.terminal.tables import print_table

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
