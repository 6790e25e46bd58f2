"""From outcomes to the observations that a design compares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.experiment.design import Block, Design
from cdnplan.experiment.effect import Observations
from cdnplan.experiment.outcomes import Outcomes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def adjusted(outcomes: Outcomes, first: int, n_rows: int, baseline_rows: int, theta: float) -> Floats:
    """Figure of each cluster over a time, less `theta` times that before it, (n_clusters,).

    Parameters
    ----------
    outcomes : Outcomes
        By cluster.
    first, n_rows : int
        Rows of the time.
    baseline_rows : int
        Rows before it.
    theta : float
    """
    figure = outcomes.mean(first, first + n_rows)
    if theta == 0.0:
        return figure
    return np.asarray(figure - theta * outcomes.mean(first - baseline_rows, first))


def block_figures(
    outcomes: Outcomes,
    first: int,
    blocks: tuple[Block, ...],
    washout_rows: int,
    weekday: tuple[float, ...],
) -> Floats:
    """Figure of each block and cluster without its washout and usual weekdays, (n_blocks, n_clusters)."""
    figures = []
    for block in blocks:
        begin, end = first + block.first + washout_rows, first + block.last
        figure = outcomes.mean(begin, end)
        if weekday:
            days = [outcomes.day(row).weekday() for row in range(begin, end)]
            figure = figure - float(np.mean([weekday[day] for day in days]))
        figures.append(figure)
    return np.array(figures).reshape(len(blocks), len(outcomes.units))


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Observations of a trial, and where they come from.

    Parameters
    ----------
    seen : Observations
    cluster : (n,) int64
    dropped : tuple of str
        Clusters without a figure, whose pair or place in a stratum is left out.
    """

    seen: Observations
    cluster: Ints
    dropped: tuple[str, ...] = ()


def observe(design: Design, outcomes: Outcomes, treated: Bools, first: int | None = None) -> Observed:
    """Make the observations of a trial.

    Parameters
    ----------
    design : Design
    outcomes : Outcomes
        By cluster, in the order of the design.
    treated : (n_entries,) bool
        Arms of the entries of `Design.draw_strata`.
    first : int or None
        Row at which the trial begins; None: that of the design's start.

    Returns
    -------
    Observed
        Of a crossed switchback, an observation is half the difference between the two blocks of a cluster,
        so that the difference of the means of those that began with the treatment and of the others is the
        effect.
    """
    start = outcomes.row_of(design.start) if first is None else first
    stratum, cluster, block, _ = design.draw_strata()
    if design.kind == "switchback":
        figures = block_figures(outcomes, start, design.blocks, design.washout_rows, design.weekday)
        if design.crossed:
            value = (figures[block, cluster] - figures[block + 1, cluster]) / 2.0
        else:
            value = figures[block, cluster]
    else:
        value = adjusted(outcomes, start, design.n_rows, design.baseline_rows, design.theta)[cluster]
    return _complete(design, Observations(stratum, treated, value), cluster)


def _complete(design: Design, seen: Observations, cluster: Ints) -> Observed:
    """Leave out what has no figure, and strata that have no comparison left."""
    there = ~np.isnan(seen.value)
    if there.all():
        return Observed(seen, cluster)
    dropped = tuple(sorted({design.clusters[c].name for c in cluster[~there].tolist()}))
    _, both = seen.counts()
    least = np.where(both == 2, 1, 2)[seen.stratum]
    size = seen.n_strata
    enough = np.ones(seen.value.size, dtype=bool)
    for arm in (True, False):
        count = np.bincount(seen.stratum[there & (seen.treated == arm)], minlength=size)
        enough &= count[seen.stratum] >= least
    kept = there & enough
    if not kept.any():
        empty = Observations(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool), np.zeros(0))
        return Observed(empty, cluster[kept], dropped)
    _, stratum = np.unique(seen.stratum[kept], return_inverse=True)
    return Observed(Observations(stratum, seen.treated[kept], seen.value[kept]), cluster[kept], dropped)
