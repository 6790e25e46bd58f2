"""`cdnplan report`: one HTML page of a plan, to look at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def report(
    subject: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan folder.", show_default=False)],
    previous: Annotated[
        Path | None, typer.Option(metavar="PLAN", help="The plan before, to tell what changed and why.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE.html", help="File to write; an earlier one is replaced.")
    ] = Path("report.html"),
) -> None:
    """Write one HTML page that opens without a network: figures, map, tables to search and download."""
    from cdnplan.report.report import report as make_report
    from cdnplan.report.report import write_report

    text = make_report(subject, previous)
    write_report(text, out)
    sys.stdout.write(f"written to {out}: {len(text.encode()) / 1e6:.2f} MB\n")
