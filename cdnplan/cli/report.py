"""`cdnplan report`: one HTML page of a plan, a replay or a what-if, to look at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cdnplan.cli.terminal.tables import TableFormat, print_table


def report(
    subject: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Plan, replay or what-if.", show_default=False)
    ],
    previous: Annotated[
        Path | None, typer.Option(metavar="PLAN", help="The plan before, to tell what changed and why.")
    ] = None,
    actual: Annotated[
        Path | None,
        typer.Option(metavar="H", help="History table of what came, to set the forecast beside it."),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE.html", help="File to write; an earlier one is replaced.")
    ] = Path("report.html"),
    fmt: Annotated[TableFormat, typer.Option("--format", help="How what was written is told.")] = "table",
) -> None:
    """Write one HTML page that opens without a network: figures, map, tables to search and download."""
    from cdnplan.report.pages.report import report as make_report
    from cdnplan.report.pages.report import write_report

    text = make_report(subject, previous, actual)
    write_report(text, out)
    size_mb = len(text.encode()) / 1e6
    if fmt != "table":
        print_table(("file", "size_mb"), [(str(out), size_mb)], fmt)
        return
    sys.stdout.write(f"written to {out}: {size_mb:.2f} MB\n")
