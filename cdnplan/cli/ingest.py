"""`cdnplan ingest`: from access logs or tables to a history."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from cdnplan.inputs.logs.ingest.outcome import IngestResult


def ingest(
    ctx: typer.Context,
    logs: Annotated[
        list[Path],
        typer.Argument(
            metavar="LOG…",
            help="Logs of one format: combined, common, CSV, W3C extended, JSON lines; plain, gz, bz2, xz or "
            "zst; or Parquet tables. - is standard input.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="H", help="History to write: .parquet, .csv or .csv.gz; replaced if there."),
    ],
    mapping: Annotated[
        Path | None, typer.Option(metavar="MAP", help="What the fields mean (YAML); see docs/ingest.md.")
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="NAME", help="One region for all lines.")] = None,
    prefixes: Annotated[
        Path | None, typer.Option(metavar="TABLE", help="Regions of addresses: prefix, region.")
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="RE", help="Regular expression with the groups title, file or both, for objects."
        ),
    ] = None,
    by: Annotated[
        Literal["title", "file"] | None,
        typer.Option(help="What the history is by; default: files where the mapping tells them."),
    ] = None,
    titles: Annotated[
        Path | None, typer.Option(metavar="F", help="Titles: title, size_gb. Others are told, with their GB.")
    ] = None,
    files: Annotated[Path | None, typer.Option(metavar="FILES", help="Files: file, size_gb.")] = None,
    known_only: Annotated[
        bool, typer.Option("--known-only", help="Leave out what titles and files do not name.")
    ] = False,
    requests: Annotated[
        Path | None,
        typer.Option(
            metavar="R", help="Also write every request, for replay: time, region, object, bytes, size."
        ),
    ] = None,
    period: Annotated[Literal["daily", "weekly"], typer.Option(help="Length of a period.")] = "daily",
    week_ends: Annotated[
        str, typer.Option(metavar="DAY", help="Weekday that ends and names a week.")
    ] = "sunday",
    first: Annotated[
        datetime | None,
        typer.Option("--from", metavar="DATE", formats=["%Y-%m-%d"], help="First day that counts."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", metavar="DATE", formats=["%Y-%m-%d"], help="Last day that counts."),
    ] = None,
    whole_periods: Annotated[
        bool, typer.Option("--whole-periods", help="Leave out periods that the logs do not span.")
    ] = False,
    plays: Annotated[
        Literal["requests", "sessions", "sizes"] | None,
        typer.Option(
            help="What a play is: a request, a session, or as many bytes as the size; default: "
            "sessions where the mapping has them, else requests."
        ),
    ] = None,
    max_bad: Annotated[
        str | None,
        typer.Option(metavar="N|P%", help="Malformed lines allowed, or their share; default: any number."),
    ] = None,
    examples: Annotated[
        int, typer.Option(metavar="N", min=0, help="Malformed lines shown of each kind.")
    ] = 3,
    bad_lines: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Write all malformed lines: file, line, kind, message, text."),
    ] = None,
    memory_gb: Annotated[
        float, typer.Option(metavar="GB", min=0.1, help="Memory that DuckDB may take; the rest goes to disk.")
    ] = 1.0,
    threads: Annotated[int, typer.Option(metavar="N", min=0, help="0: all processors.")] = 0,
    temporary: Annotated[
        Path | None,
        typer.Option("--temp", metavar="DIR", help="Folder for that; default: that of the history."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    fmt: Annotated[
        Literal["table", "json", "csv"], typer.Option("--format", help="Format of the summary.")
    ] = "table",
) -> None:
    """Read what was really asked for: logs and tables become a history, and if wanted requests to replay."""
    from cdnplan.cli.terminal.progress import progress_on_stderr
    from cdnplan.cli.terminal.stopping import StopSignals
    from cdnplan.inputs.logs.ingest.request import IngestRequest, bad_limit, with_options
    from cdnplan.inputs.logs.ingest.run import ingest as run_ingest
    from cdnplan.inputs.logs.meaning.mapping import LogMapping, read_mapping

    rules = with_options(read_mapping(mapping) if mapping else LogMapping(), region, prefixes, pattern)
    allowed, allowed_ratio = bad_limit(max_bad)
    request = IngestRequest(
        logs=tuple(logs),
        out=out,
        mapping=rules,
        requests=requests,
        titles=titles,
        files=files,
        known_only=known_only,
        by=by,
        weekly=period == "weekly",
        week_ends=week_ends.lower(),
        first_day=first.date() if first else None,
        last_day=last.date() if last else None,
        whole_periods=whole_periods,
        plays=plays,
        max_bad=allowed,
        max_bad_ratio=allowed_ratio,
        examples=examples,
        bad_lines=bad_lines,
        memory_gb=memory_gb,
        threads=threads,
        temporary=temporary,
    )
    stop = ctx.find_object(StopSignals) or StopSignals()
    with progress_on_stderr(quiet=quiet) as show:
        result = run_ingest(request, stop.watching(show))
    _tell(result, out)
    _print(result, fmt)


def _tell(result: IngestResult, out: Path) -> None:
    """Write warnings and what was written on stderr."""
    for line in result.examples:
        sys.stderr.write(f"malformed: {line.file}:{line.line}: {line.message}: {line.text}\n")
    for warning in result.warnings():
        sys.stderr.write(f"warning: {warning}\n")
    sys.stderr.write(f"{out}: {result.figures.rows:,} rows\n")


def _print(result: IngestResult, fmt: Literal["table", "json", "csv"]) -> None:
    from cdnplan.cli.terminal.tables import print_table

    rows = result.rows()
    if fmt == "json":
        import json

        sys.stdout.write(json.dumps(dict(rows), indent=2, ensure_ascii=False) + "\n")
        return
    print_table(("figure", "value"), rows, fmt)
