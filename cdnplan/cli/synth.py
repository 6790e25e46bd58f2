"""`cdnplan synth`: a seeded network with catalogue, history and demand."""

from __future__ import annotations

import sys

from cdnplan.cli.terminal.options import taking
from cdnplan.commands.synth import SynthOptions


@taking(SynthOptions)
def synth(options: SynthOptions) -> None:
    """Generate a network with catalogue, history and the week after it, from a few sites to the world.

    Writes topology.yaml, titles.parquet, history.parquet, demand.parquet and README.md. Volumes follow the
    public facts of the field: how popularity is spread, how titles age, how countries resemble each other.
    """
    from cdnplan.commands.synth import synth as generate

    summary = generate(options, _progress)
    sys.stdout.write(
        f"{options.out}: {summary.sites:,} sites, {summary.appliances:,} appliances,"
        f" {summary.regions:,} regions, {summary.titles:,} titles\n"
        f"history {summary.history_rows:,} rows; demand {summary.demand_rows:,} rows,"
        f" {summary.demand_gb / 1e6:,.1f} PB\n"
    )


def _progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")
