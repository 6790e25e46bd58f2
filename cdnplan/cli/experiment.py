"""`cdnplan experiment`: trials of two policies: power, design, assign, read, simulate."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    option_problem,
    read_inputs,
    shared_parents,
    two_arms,
    wish_of,
)

if TYPE_CHECKING:
    from cdnplan.experiment.design import Design

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
    from cdnplan.cli.tables import print_table
    from cdnplan.errors import InputError
    from cdnplan.experiment.plan_trial import plan_trial

    figures, groups, _ = read_inputs(
        outcomes, metric, unit, clusters, parents, topology, by_parent, served_by
    )
    rows = []
    for length in lengths(days):
        for kind in ("pairs", "strata", "switchback"):
            try:
                wish = wish_of(
                    kind,
                    figures,
                    unit,
                    length,
                    None,
                    ("control", "treatment"),
                    stratum_size,
                    block_days,
                    washout_days,
                    baseline_days,
                    alpha,
                    target,
                )
                made = plan_trial(figures, groups, wish)
            except InputError as error:
                sys.stderr.write(f"{kind}, {length} days: {error}\n")
                continue
            rows.append((kind, length, *_promise(made)))
    if not rows:
        raise InputError([option_problem("no design is possible with this history")])
    print_table(("design", "trial_days", *_PROMISE), rows, fmt)


_PROMISE = (
    "clusters",
    "comparisons",
    "df",
    "standard_error",
    "minimum_detectable",
    "minimum_detectable_ratio",
)


def _promise(made: Design) -> tuple[Any, ...]:
    comparisons = len(made.blocks) // 2 * (1 if made.crossed else len(made.clusters)) or len(made.strata)
    share = made.minimum_detectable / abs(made.level) if made.level else None
    return (
        len(made.clusters),
        comparisons,
        made.df,
        made.standard_error,
        made.minimum_detectable,
        share,
    )


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
    import json

    from cdnplan.cli.tables import print_table
    from cdnplan.experiment.plan_trial import plan_trial
    from cdnplan.inputs.table_writer import whole_file

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
    with whole_file(out) as part:
        part.write_text(json.dumps(made.as_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if made.left_out:
        shown = ", ".join(made.left_out[:5]) + (", …" if len(made.left_out) > 5 else "")
        sys.stderr.write(f"left out, without outcomes or partner: {len(made.left_out)} ({shown})\n")
    last = made.day(made.n_rows).toordinal() - 1
    rows = [
        ("design", f"{made.kind}, {made.digest()}"),
        ("first day", str(made.start)),
        ("last day", str(date.fromordinal(last))),
        *zip(_PROMISE, _promise(made), strict=True),
        ("level", made.level),
        ("confidence", 1 - made.alpha),
        ("power", made.power),
    ]
    print_table(("figure", "value"), rows, fmt)
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
    from cdnplan.cli.tables import print_table
    from cdnplan.experiment.assign import draw, write_assignment
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.interference import mixed_neighbours

    read = read_design(design_file)
    shared = shared_parents(parents, topology, read.unit, served_by)
    count = write_assignment(read, seed, out)
    rows: list[tuple[str, Any]] = [
        ("design", read.digest()),
        ("seed", seed),
        ("units", sum(len(cluster.units) for cluster in read.clusters)),
        ("rows", count),
    ]
    if shared is not None:
        mixed = mixed_neighbours(read, draw(read, seed), shared, None)
        rows += [("units with neighbours of the other arm", mixed.mixed), ("their share", mixed.mixed_ratio)]
        if mixed.mixed:
            sys.stderr.write("warning: arms share parents; see --by-parent of design, or a switchback\n")
    print_table(("figure", "value"), rows, fmt)
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
    from cdnplan.cli.tables import print_table
    from cdnplan.experiment.assign import read_assignment
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.interference import check_interference
    from cdnplan.experiment.outcomes import read_outcomes
    from cdnplan.experiment.trial import read_trial

    made = read_design(design_file)
    seed, treated = read_assignment(made, assignment)
    figures = read_outcomes(outcomes, made.metric, made.unit)
    shared = shared_parents(parents, topology, made.unit, served_by)
    found = read_trial(made, figures, treated, seed)
    effect, drawn = found.effect, found.randomised
    control, treatment = made.arms
    rows: list[tuple[str, Any]] = [
        (f"{made.metric}, {control}", found.control),
        (f"{made.metric}, {treatment}", found.treatment),
        (f"effect of {treatment}", effect.estimate),
        (f"low, {1 - made.alpha:.0%} confidence", effect.low),
        (f"high, {1 - made.alpha:.0%} confidence", effect.high),
        ("p value", effect.p_value),
        ("standard error", effect.standard_error),
        ("degrees of freedom", effect.df),
        ("low, by randomisation", drawn.low),
        ("high, by randomisation", drawn.high),
        ("p value, by randomisation", drawn.p_value),
        ("minimum detectable, as promised", made.minimum_detectable),
        ("observations", found.observations),
        ("pairs or strata", found.strata),
        ("seed", seed),
    ]
    if shared is not None:
        touch = check_interference(made, treated, shared, figures, seed)
        rows += [
            ("units with neighbours of the other arm", touch.mixed),
            ("their share", touch.mixed_ratio),
            ("change by treated neighbours", touch.slope),
            ("p value, of no interference", touch.p_value),
        ]
        if touch.p_value is not None and touch.p_value < made.alpha:
            sys.stderr.write(
                "warning: neighbours' arms change the figure: the effect is not that of a whole network\n"
            )
    if found.dropped:
        sys.stderr.write(
            f"warning: {len(found.dropped)} clusters have no figure: {', '.join(found.dropped[:5])}\n"
        )
    print_table(("figure", "value"), rows, fmt)


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
    from cdnplan.cli.progress import progress_on_stderr
    from cdnplan.cli.stopping import StopSignals
    from cdnplan.cli.tables import print_table
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.outcomes import read_outcomes
    from cdnplan.experiment.trial import simulate_trials

    made = read_design(design_file)
    figures = read_outcomes(outcomes, made.metric, made.unit)
    stop = ctx.find_object(StopSignals) or StopSignals()
    rows = []
    with progress_on_stderr() as show:
        watched = stop.watching(show)
        for size in (0.0, made.minimum_detectable if effect is None else effect):
            done = simulate_trials(
                made, figures, size, trials, seed, progress=lambda share: watched("trials", share, None, None)
            )
            rows.append(
                (
                    size,
                    trials,
                    done.covered_ratio,
                    done.found_ratio,
                    done.promised_power,
                    done.mean_estimate,
                    done.spread,
                )
            )
    columns = (
        "effect",
        "trials",
        "covered_ratio",
        "found_ratio",
        "promised_ratio",
        "mean_estimate",
        "spread",
    )
    print_table(columns, rows, fmt)
