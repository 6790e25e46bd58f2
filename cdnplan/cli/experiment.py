"""`cdnplan experiment`: trials of two policies: power, design, assign, read, simulate."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cdnplan.cli.experiment_options import (
    Alpha,
    BaselineDays,
    BlockDays,
    ClusterTable,
    Format,
    Metric,
    OutcomesFile,
    ParentTable,
    Power,
    ServedBy,
    StratumSize,
    TopologyFile,
    Unit,
    WashoutDays,
    lengths,
    two_arms,
)

app = typer.Typer(
    help="Trials of two policies by clusters of sites or regions: design, assign, read.", no_args_is_help=True
)


@app.command()
def power(
    outcomes: OutcomesFile,
    metric: Metric,
    unit: Unit = "region",
    days: Annotated[str, typer.Option(metavar="N,…", help="Lengths of the trial [days].")] = "14,28,56",
    clusters: ClusterTable = None,
    parents: ParentTable = None,
    topology: TopologyFile = None,
    by_parent: Annotated[bool, typer.Option("--by-parent", help="Clusters by shared parents.")] = False,
    served_by: ServedBy = 2,
    stratum_size: StratumSize = 6,
    block_days: BlockDays = 1,
    washout_days: WashoutDays = 0,
    baseline_days: BaselineDays = None,
    alpha: Alpha = 0.05,
    target: Power = 0.8,
    fmt: Format = "table",
) -> None:
    """Say which effects trials of each design and length would find, from history."""
    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.experiment.asking import possible_designs, read_inputs
    from cdnplan.experiment.told import PROMISE, promise

    figures, groups, _ = read_inputs(
        outcomes, metric, unit, clusters, parents, topology, by_parent, served_by
    )
    made, refused = possible_designs(
        figures,
        groups,
        lengths(days),
        unit=unit,
        stratum_size=stratum_size,
        block_days=block_days,
        washout_days=washout_days,
        baseline_days=baseline_days,
        alpha=alpha,
        target=target,
    )
    for kind, length, error in refused:
        sys.stderr.write(f"{kind}, {length} days: {error}\n")
    rows = [(kind, length, *promise(found)) for kind, length, found in made]
    print_table(("design", "trial_days", *PROMISE), rows, fmt)


@app.command()
def design(
    outcomes: OutcomesFile,
    metric: Metric,
    out: Annotated[Path, typer.Option(metavar="D", help="Design to write (JSON); replaced if there.")],
    kind: Annotated[
        Literal["pairs", "strata", "switchback"],
        typer.Option(
            "--design", help="pairs: like clusters in twos; strata: in larger groups; switchback: in time."
        ),
    ] = "pairs",
    unit: Unit = "region",
    days: Annotated[int, typer.Option(metavar="N", min=1, help="Length of the trial [days].")] = 28,
    start: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="First day; default: after the outcomes."),
    ] = None,
    arms: Annotated[
        str, typer.Option(metavar="A,B", help="Names of control and treatment.")
    ] = "control,treatment",
    clusters: ClusterTable = None,
    parents: ParentTable = None,
    topology: TopologyFile = None,
    by_parent: Annotated[bool, typer.Option("--by-parent", help="Clusters by shared parents.")] = False,
    whole: Annotated[bool, typer.Option("--whole", help="One cluster of all, for a switchback.")] = False,
    served_by: ServedBy = 2,
    stratum_size: StratumSize = 6,
    block_days: BlockDays = 1,
    washout_days: WashoutDays = 0,
    baseline_days: BaselineDays = None,
    alpha: Alpha = 0.05,
    target: Power = 0.8,
    fmt: Format = "table",
) -> None:
    """Decide who is compared with whom, and what can be found, before the trial begins."""
    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.experiment.asking import read_inputs, wish_of
    from cdnplan.experiment.design import write_design
    from cdnplan.experiment.plan_trial import plan_trial
    from cdnplan.experiment.told import design_rows, left_out

    figures, groups, _ = read_inputs(
        outcomes, metric, unit, clusters, parents, topology, by_parent, served_by, whole=whole
    )
    first = start.date() if start else None
    wish = wish_of(
        kind,
        figures,
        unit,
        days,
        first,
        two_arms(arms),
        stratum_size,
        block_days,
        washout_days,
        baseline_days,
        alpha,
        target,
    )
    made = plan_trial(figures, groups, wish)
    write_design(made, out)
    if made.left_out:
        sys.stderr.write(f"{left_out(made)}\n")
    print_table(("figure", "value"), design_rows(made), fmt)
    sys.stderr.write(f"{out}: written\n")


@app.command()
def assign(
    design_file: Annotated[Path, typer.Argument(metavar="DESIGN", help="As design has written it.")],
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Recorded in every row; the same draws the same.")
    ],
    out: Annotated[Path, typer.Option(metavar="A", help="Assignment to write (CSV); replaced if there.")],
    parents: ParentTable = None,
    topology: TopologyFile = None,
    served_by: ServedBy = 2,
    fmt: Format = "table",
) -> None:
    """Draw arms from a seed, and write who has which when."""
    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.experiment.asking import shared_parents
    from cdnplan.experiment.assign import draw, write_assignment
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.interference import mixed_neighbours
    from cdnplan.experiment.told import assignment_rows, assignment_warnings

    read = read_design(design_file)
    shared = shared_parents(parents, topology, read.unit, served_by)
    count = write_assignment(read, seed, out)
    mixed = None if shared is None else mixed_neighbours(read, draw(read, seed), shared, None)
    for warning in assignment_warnings(mixed):
        sys.stderr.write(f"warning: {warning}\n")
    print_table(("figure", "value"), assignment_rows(read, seed, count, mixed), fmt)
    sys.stderr.write(f"{out}: {count:,} rows\n")


@app.command()
def read(
    design_file: Annotated[Path, typer.Argument(metavar="DESIGN", help="As design has written it.")],
    assignment: Annotated[Path, typer.Argument(metavar="ASSIGNMENT", help="As assign has written it.")],
    outcomes: OutcomesFile,
    parents: ParentTable = None,
    topology: TopologyFile = None,
    served_by: ServedBy = 2,
    fmt: Format = "table",
) -> None:
    """Read a trial: the effect with its interval, and whether neighbours disturb it."""
    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.experiment.asking import shared_parents
    from cdnplan.experiment.assign import read_assignment
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.interference import check_interference
    from cdnplan.experiment.outcomes import read_outcomes
    from cdnplan.experiment.told import reading_rows, reading_warnings
    from cdnplan.experiment.trial import read_trial

    made = read_design(design_file)
    seed, treated = read_assignment(made, assignment)
    figures = read_outcomes(outcomes, made.metric, made.unit)
    shared = shared_parents(parents, topology, made.unit, served_by)
    found = read_trial(made, figures, treated, seed)
    touch = None if shared is None else check_interference(made, treated, shared, figures, seed)
    for warning in reading_warnings(made, found, touch):
        sys.stderr.write(f"warning: {warning}\n")
    print_table(("figure", "value"), reading_rows(made, seed, found, touch), fmt)


@app.command()
def simulate(
    ctx: typer.Context,
    design_file: Annotated[Path, typer.Argument(metavar="DESIGN", help="As design has written it.")],
    outcomes: OutcomesFile,
    effect: Annotated[
        float | None, typer.Option(metavar="X", help="Effect put in; default: the minimum detectable one.")
    ] = None,
    trials: Annotated[int, typer.Option(metavar="N", min=1)] = 1000,
    seed: Annotated[int, typer.Option(metavar="N", min=0)] = 0,
    fmt: Format = "table",
) -> None:
    """Try a design on history, where policies did not differ, with no effect and with a known one."""
    from cdnplan.cli.terminal.progress import progress_on_stderr
    from cdnplan.cli.terminal.stopping import StopSignals
    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.outcomes import read_outcomes
    from cdnplan.experiment.told import SIMULATED, simulated_rows

    made = read_design(design_file)
    figures = read_outcomes(outcomes, made.metric, made.unit)
    stop = ctx.find_object(StopSignals) or StopSignals()
    with progress_on_stderr() as show:
        watched = stop.watching(show)
        rows = simulated_rows(
            made, figures, effect, trials, seed, lambda share: watched("trials", share, None, None)
        )
    print_table(SIMULATED, rows, fmt)
