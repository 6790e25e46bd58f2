"""`cdnplan verify`: recompute a plan from its folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from cdnplan.evaluate.verdict.report import Report

EXIT_CODES = {"proven": 0, "unproven": 6, "false": 2}


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Plan folder.", show_default=False)],
    fmt: Annotated[
        Literal["table", "json"], typer.Option("--format", help="How the result is printed.")
    ] = "table",
) -> None:
    """Recompute limits, costs and the bound from a plan's files alone, and compare with its claims.

    Exit code 0: everything holds and the bound is proven. 6: everything holds, but part of the bound is only
    claimed. 2: a check fails, or the folder cannot be read.
    """
    import json
    import sys

    from cdnplan.evaluate.verify import verify as verify_folder

    report = verify_folder(folder)
    if fmt == "json":
        text = json.dumps(report.as_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        sys.stdout.write(text + "\n")
    else:
        _print(folder, report)
    code = EXIT_CODES[report.outcome]
    if code:
        raise typer.Exit(code)


def _print(folder: Path, report: Report) -> None:
    """Numbers first, then every failed check, then one line that says it all."""
    import sys

    from cdnplan.cli.terminal.tables import print_table

    found = report.verdict
    if found is not None:
        print_table(
            ["figure", "claimed", "recomputed"],
            [
                ["cost", report.upper, found.cost.total],
                ["  delivery", None, found.cost.delivery],
                ["  fill", None, found.cost.fill],
                ["  overload", None, found.cost.overload],
                ["lower bound", report.lower_claimed, report.lower_recomputed],
                ["ideal", None, found.ideal],
                ["gap ratio", report.gap_ratio, report.proven_gap_ratio],
                ["offload byte ratio", None, found.offload_byte_ratio],
            ],
        )
        sys.stdout.write(f"{report.proof}\n")
    for check in report.failed:
        sys.stdout.write(f"FAILED {check}\n")
    for said in report.unchecked:
        sys.stdout.write(f"not checked: {said}\n")
    sys.stdout.write(f"{folder}: {_in_one_line(report)}\n")


def _in_one_line(report: Report) -> str:
    """What all of it comes to."""
    count = len(report.checks)
    if report.outcome == "false":
        return f"{len(report.failed)} of {count} checks fail"
    if report.outcome == "proven":
        return f"ok: all {count} checks hold"
    return (
        f"all {count} checks hold, but {report.only_claimed:,.9g} of the bound is only claimed:"
        f" proven is a gap of {report.proven_gap_ratio:.3%}, claimed {report.gap_ratio:.3%}"
    )
