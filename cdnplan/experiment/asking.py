"""What a trial is asked with: tables and networks read, days turned into dates of the outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from cdnplan.errors import InputError, Problem
from cdnplan.experiment.clusters import make_clusters
from cdnplan.experiment.design import Cluster, Design, Kind
from cdnplan.experiment.outcomes import Outcomes, read_outcomes
from cdnplan.experiment.plan_trial import TrialWish, plan_trial
from cdnplan.experiment.sharing import Parents, parents_of, read_parents
from cdnplan.inputs.tables.together import both
from cdnplan.inputs.topology.topology_reader import read_topology

KINDS: tuple[Kind, ...] = ("pairs", "strata", "switchback")
ARMS = ("control", "treatment")


def shared_parents(table: Path | None, topology: Path | None, unit: str, served_by: int) -> Parents | None:
    """Who shares a parent, by a table or a topology; None without either."""
    if table is not None and topology is not None:
        raise InputError([_option("expected --parents or --topology, not both")])
    if table is not None:
        return read_parents(table, unit)
    if topology is None:
        return None
    if unit not in ("region", "site"):
        raise InputError([_option(f"a topology knows regions and sites, not {unit!r}", "--unit")])
    return parents_of(read_topology(topology), unit, served_by)


def read_inputs(
    outcomes: Path,
    metric: str,
    unit: str,
    clusters: Path | None,
    parents: Path | None,
    topology: Path | None,
    by_parent: bool,
    served_by: int,
    *,
    whole: bool = False,
) -> tuple[Outcomes, tuple[Cluster, ...], Parents | None]:
    """Outcomes, clusters and who shares a parent."""
    figures, shared = both(
        lambda: read_outcomes(outcomes, metric, unit),
        lambda: shared_parents(parents, topology, unit, served_by),
    )
    groups = make_clusters(
        figures.units, unit, table=clusters, parents=shared, together=by_parent, whole=whole
    )
    return figures, groups, shared


def wish_of(
    kind: Kind,
    figures: Outcomes,
    unit: str,
    days: int,
    start: date | None,
    arms: tuple[str, str],
    stratum_size: int,
    block_days: int,
    washout_days: int,
    baseline_days: int | None,
    alpha: float,
    target: float,
) -> TrialWish:
    """Wish with days turned into dates of the outcomes."""
    step = figures.period_days
    block = max(block_days, step) if block_days == 1 else block_days
    wrong = [
        _option(f"found {value}, expected whole weeks: the outcomes are weekly", name)
        for name, value in (("--days", days), ("--block-days", block), ("--washout-days", washout_days))
        if value % step
    ]
    if wrong:
        raise InputError(wrong)
    return TrialWish(
        kind=kind,
        unit=unit,
        n_rows=days // step,
        start=start,
        arms=arms,
        stratum_size=stratum_size,
        block_rows=block // step,
        washout_rows=washout_days // step,
        baseline_rows=None if baseline_days is None else max(1, baseline_days // step),
        alpha=alpha,
        power=target,
    )


def possible_designs(
    figures: Outcomes, groups: Sequence[Cluster], days: Sequence[int], **wanted: Any
) -> tuple[list[tuple[Kind, int, Design]], list[tuple[Kind, int, InputError]]]:
    """Designs of each kind and length, and why others are not possible.

    Parameters
    ----------
    figures : Outcomes
    groups : sequence of Cluster
    days : sequence of int
        Lengths of trials.
    **wanted
        The rest of `wish_of`.

    Raises
    ------
    InputError
        None is possible.
    """
    made: list[tuple[Kind, int, Design]] = []
    refused: list[tuple[Kind, int, InputError]] = []
    for length in days:
        for kind in KINDS:
            try:
                wish = wish_of(kind, figures, days=length, start=None, arms=ARMS, **wanted)
                made.append((kind, length, plan_trial(figures, groups, wish)))
            except InputError as error:
                refused.append((kind, length, error))
    if not made:
        reasons = [_option(str(error), f"{kind}, {length} days") for kind, length, error in refused]
        raise InputError([*reasons, _option("no design is possible with this history")])
    return made, refused


def _option(message: str, path: str = "") -> Problem:
    return Problem(message, path=path)
