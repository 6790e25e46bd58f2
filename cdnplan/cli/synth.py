"""`cdnplan synth`: a seeded network with catalogue, history and demand."""

from __future__ import annotations

import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class PresetName(StrEnum):
    """Size of what is generated."""

    SAMPLE = "sample"
    COUNTRY = "country"
    CONTINENT = "continent"
    WORLD = "world"


def synth(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to make.")],
    preset: Annotated[
        PresetName,
        typer.Option(
            help="sample: 14 regions, 300 titles; country: 40, 3,000; continent: 600, 4,000;"
            " world: 6,000, 20,000."
        ),
    ] = PresetName.SAMPLE,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed makes the same files.")] = 1,
    regions: Annotated[
        int | None,
        typer.Option(metavar="N", help="Other number of regions; sites and appliances follow."),
    ] = None,
    titles: Annotated[
        int | None,
        typer.Option(metavar="N", help="Other number of titles; storage follows."),
    ] = None,
    weeks: Annotated[
        int | None,
        typer.Option(metavar="N", help="Weeks of history; default 12, 16, 12, 8 by preset."),
    ] = None,
    noise_per_region: Annotated[
        bool,
        typer.Option(
            "--noise-per-region",
            help="Every region has demand of its own, not a share of its country's. World: 120 million rows"
            " a week, and one week of history.",
        ),
    ] = False,
    last_week: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Sunday that ends the last week of the history; default 2026-03-01.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a folder that was generated before.")
    ] = False,
) -> None:
    """Generate a network with catalogue, history and the week after it, from a few sites to the world.

    Writes topology.yaml, titles.parquet, history.parquet, demand.parquet and README.md. Volumes follow the
    public facts of the field: how popularity is spread, how titles age, how countries resemble each other.
    """
    from cdnplan.synth.folder.generate import synth as generate
    from cdnplan.synth.folder.request import Request
    from cdnplan.synth.given.presets import LAST_WEEK

    ends: date = LAST_WEEK if last_week is None else last_week.date()
    request = Request(preset.value, seed, regions, titles, weeks, noise_per_region, ends)
    summary = generate(request, out, force=force, progress=_progress)
    sys.stdout.write(
        f"{out}: {summary.sites:,} sites, {summary.appliances:,} appliances, {summary.regions:,} regions,"
        f" {summary.titles:,} titles\n"
        f"history {summary.history_rows:,} rows; demand {summary.demand_rows:,} rows,"
        f" {summary.demand_gb / 1e6:,.1f} PB\n"
    )


def _progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")
