"""`cdnplan ingest`: from access logs or tables to a history."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdnplan.cli.terminal.options import taking, warn
from cdnplan.cli.terminal.progress import watched
from cdnplan.cli.terminal.tables import TableFormat
from cdnplan.commands.ingest import ingest_request

if TYPE_CHECKING:
    from cdnplan.inputs.logs.ingest.outcome import IngestResult
    from cdnplan.inputs.logs.ingest.request import IngestRequest


@taking(ingest_request)
def ingest(
    request: IngestRequest,
    ctx: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    fmt: Annotated[TableFormat, typer.Option("--format", help="Format of the summary.")] = "table",
) -> None:
    """Read what was really asked for: logs and tables become a history, and if wanted requests to replay."""
    from cdnplan.inputs.logs.ingest.run import ingest as run_ingest

    with watched(ctx, quiet=quiet) as (progress, _):
        result = run_ingest(request, progress)
    _tell(result, request.out)
    _print(result, fmt)


def _tell(result: IngestResult, out: Path) -> None:
    """Write warnings and what was written on stderr."""
    for line in result.examples:
        sys.stderr.write(f"malformed: {line.file}:{line.line}: {line.message}: {line.text}\n")
    for warning in result.warnings():
        warn(warning)
    sys.stderr.write(f"{out}: {result.figures.rows:,} rows\n")


def _print(result: IngestResult, fmt: TableFormat) -> None:
    from cdnplan.cli.terminal.tables import print_table

    rows = result.rows()
    if fmt == "json":
        import json

        sys.stdout.write(json.dumps(dict(rows), indent=2, ensure_ascii=False) + "\n")
        return
    print_table(("figure", "value"), rows, fmt)
