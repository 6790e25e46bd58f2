"""`cdnplan experiment`: trials of two policies: power, design, assign, read, simulate."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cdnplan.cli.terminal.options import taking, warn
from cdnplan.cli.terminal.progress import watched
from cdnplan.cli.terminal.tables import TableFormat, print_table
from cdnplan.commands import experiment
from cdnplan.commands.experiment import (
    AssignOptions,
    DesignOptions,
    PowerOptions,
    ReadOptions,
    SimulateOptions,
)

app = typer.Typer(
    help="Trials of two policies by clusters of sites or regions: design, assign, read.", no_args_is_help=True
)
Format = Annotated[TableFormat, typer.Option("--format", help="Format of the output.")]


@app.command()
@taking(PowerOptions)
def power(options: PowerOptions, fmt: Format = "table") -> None:
    """Say which effects trials of each design and length would find, from history."""
    from cdnplan.experiment.told import PROMISE, promise

    made, refused = experiment.power(options)
    for kind, length, error in refused:
        sys.stderr.write(f"{kind}, {length} days: {error}\n")
    rows = [(kind, length, *promise(found)) for kind, length, found in made]
    print_table(("design", "trial_days", *PROMISE), rows, fmt)


@app.command()
@taking(DesignOptions)
def design(options: DesignOptions, fmt: Format = "table") -> None:
    """Decide who is compared with whom, and what can be found, before the trial begins."""
    from cdnplan.experiment.told import design_rows, left_out

    made = experiment.design(options)
    if made.left_out:
        sys.stderr.write(f"{left_out(made)}\n")
    print_table(("figure", "value"), design_rows(made), fmt)
    sys.stderr.write(f"{options.out}: written\n")


@app.command()
@taking(AssignOptions)
def assign(options: AssignOptions, fmt: Format = "table") -> None:
    """Draw arms from a seed, and write who has which when."""
    rows, count = experiment.assign(options, warn)
    print_table(("figure", "value"), rows, fmt)
    sys.stderr.write(f"{options.out}: {count:,} rows\n")


@app.command()
@taking(ReadOptions)
def read(options: ReadOptions, fmt: Format = "table") -> None:
    """Read a trial: the effect with its interval, and whether neighbours disturb it."""
    rows, _ = experiment.read(options, warn)
    print_table(("figure", "value"), rows, fmt)


@app.command()
@taking(SimulateOptions)
def simulate(options: SimulateOptions, ctx: typer.Context, fmt: Format = "table") -> None:
    """Try a design on history, where policies did not differ, with no effect and with a known one."""
    from cdnplan.experiment.told import SIMULATED

    with watched(ctx) as (progress, _):
        rows = experiment.simulate(options, lambda share: progress("trials", share, None, None))
    print_table(SIMULATED, rows, fmt)
