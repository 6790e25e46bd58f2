"""`cdnplan verify`: recompute a plan from its folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from cdnplan.evaluate.report import Report


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Plan folder.", show_default=False)],
    fmt: Annotated[
        Literal["table", "json"], typer.Option("--format", help="How the result is printed.")
    ] = "table",
) -> None:
    """Recompute limits, costs and the bound from a plan's files alone, and compare with its claims.

    Exit code 0: everything holds. 2: a check fails, or the folder cannot be read.
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
    if not report.ok:
        raise typer.Exit(2)


def _print(folder: Path, report: Report) -> None:
    """Numbers first, then every failed check, then one line that says it all."""
    import sys

    from cdnplan.cli.tables import print_table

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
                ["gap ratio", None, report.gap_ratio],
                ["offload byte ratio", None, found.offload_byte_ratio],
            ],
        )
        sys.stdout.write(f"{report.proof}\n")
    for check in report.failed:
        sys.stdout.write(f"FAILED {check}\n")
    count = len(report.checks)
    verdict = f"ok: all {count} checks hold" if report.ok else f"{len(report.failed)} of {count} checks fail"
    sys.stdout.write(f"{folder}: {verdict}\n")
