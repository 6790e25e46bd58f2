"""`cdnplan export`: the fills of a plan for systems of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cdnplan.cli.terminal.options import warn


def export(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan folder.", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write; new or empty.")],
    content_url: Annotated[
        str, typer.Option(metavar="URL", help="URL of a file, with {file} and perhaps {title} in it.")
    ],
    cdn_path: Annotated[
        str, typer.Option(metavar="AS64496:1", help="Id of this CDN; several, separated by commas, in order.")
    ],
    fmt: Annotated[
        Literal["rfc8007"], typer.Option("--format", help="rfc8007: commands of the CDNI interface CI/T.")
    ] = "rfc8007",
    metadata_url: Annotated[
        str, typer.Option(metavar="URL", help="URL of metadata to fetch too, with {file} or {title} in it.")
    ] = "",
    per: Annotated[Literal["site", "appliance"], typer.Option(help="Who gets commands of its own.")] = "site",
    purge: Annotated[bool, typer.Option("--purge", help="What is evicted becomes commands, too.")] = False,
    max_urls: Annotated[int, typer.Option(metavar="N", help="Content URLs in one command.")] = 1000,
) -> None:
    """Write what a plan fetches as commands that other CDNs understand.

    Each is a file of JSON to POST; index.json lists them, and the time before which each should not be sent.
    """
    import sys

    from cdnplan.fill.export.rfc8007 import Style
    from cdnplan.planner.folder.export import export_rfc8007

    del fmt  # there is one so far
    ids = tuple(part.strip() for part in cdn_path.split(",") if part.strip())
    style = Style(content_url, ids, metadata_url, per, max_urls)
    found = export_rfc8007(plan, out, style, purge=purge)
    if found.commands == 0:
        warn(f"{plan} plans no fills, so there are no commands")
    sys.stdout.write(
        f"{out}: {found.commands:,} commands for {found.receivers:,} {per}s,"
        f" {found.urls:,} URLs, {found.gb:,.1f} GB\n"
    )
