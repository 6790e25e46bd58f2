"""`experiment`: trials of two policies: power, design, assign, read, simulate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cdnplan.commands.option import AnyPath, Day, Option, Switch, optional_path
from cdnplan.errors import InputError, Problem

if TYPE_CHECKING:
    from cdnplan.experiment.design import Design, Kind


def lengths(text: str) -> tuple[int, ...]:
    """Lengths of trials [days]."""
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise InputError([Problem(f"found {text!r}, expected days as 14,28", path="--days")])
    return found


def two_arms(text: str) -> tuple[str, str]:
    """Names of control and treatment."""
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise InputError([Problem(f"found {text!r}, expected two names as lru,plan", path="--arms")])
    return names[0], names[1]


Outcomes = Annotated[AnyPath, Option("O")]
Unit = Annotated[str, Option("COLUMN")]
Table = Annotated[AnyPath | None, Option("TABLE")]
Topology = Annotated[AnyPath | None, Option("T")]
ServedBy = Annotated[int, Option("N", least=1)]
StratumSize = Annotated[int, Option("N", least=4)]
BlockDays = Annotated[int, Option("N", least=1)]
WashoutDays = Annotated[int, Option("N", least=0)]
BaselineDays = Annotated[int | None, Option("N", least=1)]
Alpha = Annotated[float, Option(least=0.0001, most=0.5)]
Power = Annotated[float, Option(least=0.5, most=0.999)]
DesignFile = Annotated[AnyPath, Option("DESIGN", argument=True)]
Seed = Annotated[int, Option("N", least=0)]


@dataclass(frozen=True, slots=True)
class PowerOptions:
    """Which trials to try on history.

    Parameters
    ----------
    outcomes : path
        Table: date, the unit, and the metric's columns; a history does.
    metric : str
        A column, or the quotient of the sums of two, as hit_gb/gb.
    unit : str
        Column that names units: region or site.
    days : sequence of int
        Lengths of the trial [days].
    clusters : path or None
        Units with the same arm: unit, cluster.
    parents : path or None
        Who shares a parent: unit, parent.
    topology : path or None
        Network, for who shares a parent.
    by_parent : bool
        Clusters by shared parents.
    served_by : int
        Of a region's candidate sites in the topology the first N count.
    stratum_size : int
        Clusters of a stratum.
    block_days : int
        Days of a block of a switchback.
    washout_days : int
        Days left out at the beginning of each block.
    baseline_days : int or None
        Days before the trial to compare with; default: as many.
    alpha : float
        One less the confidence of intervals.
    power : float
        Chance to find the smallest effect.
    """

    outcomes: Outcomes
    metric: Annotated[str, Option("M")]
    unit: Unit = "region"
    days: Annotated[Sequence[int], Option("N,…", read=lengths)] = (14, 28, 56)
    clusters: Table = None
    parents: Table = None
    topology: Topology = None
    by_parent: Switch = field(default=False, kw_only=True)
    served_by: ServedBy = 2
    stratum_size: StratumSize = 6
    block_days: BlockDays = 1
    washout_days: WashoutDays = 0
    baseline_days: BaselineDays = None
    alpha: Alpha = 0.05
    power: Power = 0.8


@dataclass(frozen=True, slots=True)
class DesignOptions:
    """Which trial to design.

    Parameters
    ----------
    outcomes : path
        Table: date, the unit, and the metric's columns; a history does.
    metric : str
        A column, or the quotient of the sums of two, as hit_gb/gb.
    out : path
        Design to write (JSON); replaced if there.
    design : {"pairs", "strata", "switchback"}
        pairs: like clusters in twos; strata: in larger groups; switchback: in time.
    unit : str
        Column that names units: region or site.
    days : int
        Length of the trial [days].
    start : datetime.date or None
        First day; default: after the outcomes.
    arms : (str, str)
        Names of control and treatment.
    clusters : path or None
        Units with the same arm: unit, cluster.
    parents : path or None
        Who shares a parent: unit, parent.
    topology : path or None
        Network, for who shares a parent.
    by_parent : bool
        Clusters by shared parents.
    whole : bool
        One cluster of all, for a switchback.
    served_by : int
        Of a region's candidate sites in the topology the first N count.
    stratum_size : int
        Clusters of a stratum.
    block_days : int
        Days of a block of a switchback.
    washout_days : int
        Days left out at the beginning of each block.
    baseline_days : int or None
        Days before the trial to compare with; default: as many.
    alpha : float
        One less the confidence of intervals.
    power : float
        Chance to find the smallest effect.
    """

    outcomes: Outcomes
    metric: Annotated[str, Option("M")]
    out: Annotated[AnyPath, Option("D")]
    design: Literal["pairs", "strata", "switchback"] = "pairs"
    unit: Unit = "region"
    days: Annotated[int, Option("N", least=1)] = 28
    start: Day = None
    arms: Annotated[tuple[str, str], Option("A,B", read=two_arms)] = ("control", "treatment")
    clusters: Table = None
    parents: Table = None
    topology: Topology = None
    by_parent: Switch = field(default=False, kw_only=True)
    whole: Switch = field(default=False, kw_only=True)
    served_by: ServedBy = 2
    stratum_size: StratumSize = 6
    block_days: BlockDays = 1
    washout_days: WashoutDays = 0
    baseline_days: BaselineDays = None
    alpha: Alpha = 0.05
    power: Power = 0.8


@dataclass(frozen=True, slots=True)
class AssignOptions:
    """Which design gets arms.

    Parameters
    ----------
    design_file : path
        As design has written it.
    seed : int
        Recorded in every row; the same draws the same.
    out : path
        Assignment to write (CSV); replaced if there.
    parents : path or None
        Who shares a parent: unit, parent.
    topology : path or None
        Network, for who shares a parent.
    served_by : int
        Of a region's candidate sites in the topology the first N count.
    """

    design_file: DesignFile
    seed: Seed
    out: Annotated[AnyPath, Option("A")]
    parents: Table = None
    topology: Topology = None
    served_by: ServedBy = 2


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Which trial to read.

    Parameters
    ----------
    design_file : path
        As design has written it.
    assignment : path
        As assign has written it.
    outcomes : path
        Table: date, the unit, and the metric's columns; a history does.
    parents : path or None
        Who shares a parent: unit, parent.
    topology : path or None
        Network, for who shares a parent.
    served_by : int
        Of a region's candidate sites in the topology the first N count.
    """

    design_file: DesignFile
    assignment: Annotated[AnyPath, Option("ASSIGNMENT", argument=True)]
    outcomes: Outcomes
    parents: Table = None
    topology: Topology = None
    served_by: ServedBy = 2


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """Which design to try on history.

    Parameters
    ----------
    design_file : path
        As design has written it.
    outcomes : path
        Table: date, the unit, and the metric's columns; a history does.
    effect : float or None
        Effect put in; default: the minimum detectable one.
    trials : int
    seed : int
    """

    design_file: DesignFile
    outcomes: Outcomes
    effect: Annotated[float | None, Option("X")] = None
    trials: Annotated[int, Option("N", least=1)] = 1000
    seed: Seed = 0


Rows = Sequence[tuple[str, Any]]
"""Figures: names and values."""


def power(options: PowerOptions) -> tuple[list[tuple[Kind, int, Design]], list[tuple[Kind, int, InputError]]]:
    """Design trials of each kind and length: those that are possible, and why others are not."""
    from cdnplan.experiment.asking import possible_designs, read_inputs

    figures, groups, _ = read_inputs(
        Path(options.outcomes),
        options.metric,
        options.unit,
        optional_path(options.clusters),
        optional_path(options.parents),
        optional_path(options.topology),
        options.by_parent,
        options.served_by,
    )
    return possible_designs(
        figures,
        groups,
        options.days,
        unit=options.unit,
        stratum_size=options.stratum_size,
        block_days=options.block_days,
        washout_days=options.washout_days,
        baseline_days=options.baseline_days,
        alpha=options.alpha,
        target=options.power,
    )


def design(options: DesignOptions) -> Design:
    """Design a trial, and write the design."""
    from cdnplan.experiment.asking import read_inputs, wish_of
    from cdnplan.experiment.design import write_design
    from cdnplan.experiment.plan_trial import plan_trial

    figures, groups, _ = read_inputs(
        Path(options.outcomes),
        options.metric,
        options.unit,
        optional_path(options.clusters),
        optional_path(options.parents),
        optional_path(options.topology),
        options.by_parent,
        options.served_by,
        whole=options.whole,
    )
    wish = wish_of(
        options.design,
        figures,
        options.unit,
        options.days,
        options.start,
        options.arms,
        options.stratum_size,
        options.block_days,
        options.washout_days,
        options.baseline_days,
        options.alpha,
        options.power,
    )
    made = plan_trial(figures, groups, wish)
    write_design(made, Path(options.out))
    return made


def assign(options: AssignOptions, warn: Callable[[str], None]) -> tuple[Rows, int]:
    """Draw arms, and write who has which when: figures, and how many rows were written."""
    from cdnplan.experiment.asking import shared_parents
    from cdnplan.experiment.assign import draw, write_assignment
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.interference import mixed_neighbours
    from cdnplan.experiment.told import assignment_rows, assignment_warnings

    made, seed = read_design(Path(options.design_file)), options.seed
    table, topology = optional_path(options.parents), optional_path(options.topology)
    shared = shared_parents(table, topology, made.unit, options.served_by)
    count = write_assignment(made, seed, Path(options.out))
    mixed = None if shared is None else mixed_neighbours(made, draw(made, seed), shared, None)
    for warning in assignment_warnings(mixed):
        warn(warning)
    return assignment_rows(made, seed, count, mixed), count


def read(options: ReadOptions, warn: Callable[[str], None]) -> tuple[Rows, str]:
    """Read a trial: figures, and what its metric is."""
    from cdnplan.experiment.asking import shared_parents
    from cdnplan.experiment.assign import read_assignment
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.interference import check_interference
    from cdnplan.experiment.outcomes import read_outcomes
    from cdnplan.experiment.told import reading_rows, reading_warnings
    from cdnplan.experiment.trial import read_trial

    made = read_design(Path(options.design_file))
    seed, treated = read_assignment(made, Path(options.assignment))
    figures = read_outcomes(Path(options.outcomes), made.metric, made.unit)
    table, topology = optional_path(options.parents), optional_path(options.topology)
    shared = shared_parents(table, topology, made.unit, options.served_by)
    found = read_trial(made, figures, treated, seed)
    touch = None if shared is None else check_interference(made, treated, shared, figures, seed)
    for warning in reading_warnings(made, found, touch):
        warn(warning)
    return reading_rows(made, seed, found, touch), made.metric


def simulate(
    options: SimulateOptions, progress: Callable[[float], None] = lambda _: None
) -> list[tuple[Any, ...]]:
    """Try a design on history: a row by effect, as `cdnplan.experiment.told.SIMULATED` names its columns."""
    from cdnplan.experiment.design import read_design
    from cdnplan.experiment.outcomes import read_outcomes
    from cdnplan.experiment.told import simulated_rows

    made = read_design(Path(options.design_file))
    figures = read_outcomes(Path(options.outcomes), made.metric, made.unit)
    return simulated_rows(made, figures, options.effect, options.trials, options.seed, progress)
