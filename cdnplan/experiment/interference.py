"""Whether arms touch each other: neighbours that share a parent, and what their arms do to a unit's figure.

If a unit's figure depends on its own arm alone, the arms of its neighbours may be drawn again without
changing it. Units of some strata are looked at (focal), the arms of the other strata are drawn
again, and it is seen how unusual the slope of the focal figures on the share of treated neighbours is [1]_.

References
----------
.. [1] S. Athey, D. Eckles, G. W. Imbens: Exact p-Values for Network Interference, Journal of the American
   Statistical Association 113(521), 2018.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.experiment.assign import arm_by_cluster
from cdnplan.experiment.design import Design
from cdnplan.experiment.effect import draw_arms
from cdnplan.experiment.observe import adjusted
from cdnplan.experiment.outcomes import Outcomes
from cdnplan.experiment.sharing import Parents, neighbour_matrix

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DRAWS = 1_999


@dataclass(frozen=True, slots=True)
class Interference:
    """How arms may touch each other.

    Parameters
    ----------
    units : int
        Units of the trial.
    mixed : int
        Units with a neighbour of the other arm at the same time.
    mixed_ratio : float
        Their share of the denominator of the figure (bytes), or of the units where there is none.
    slope : float or None
        Change of a unit's figure from no to all neighbours treated; None where it cannot be told.
    p_value : float or None
        Of no such change.
    focal : int
        Units looked at.
    """

    units: int
    mixed: int
    mixed_ratio: float
    slope: float | None = None
    p_value: float | None = None
    focal: int = 0


def mixed_neighbours(design: Design, treated: Bools, parents: Parents, volume: Floats | None) -> Interference:
    """Count units with neighbours of the other arm.

    Parameters
    ----------
    design : Design
    treated : (n_entries,) bool
        Arms drawn.
    parents : mapping
    volume : (n_units,) float64 or None
        Weight of each unit, in the order of `design_units`; None: all the same.
    """
    units, cluster = design_units(design)
    together = neighbour_matrix(units, parents)
    arms = arm_by_cluster(design, treated)[cluster]
    other = np.zeros(len(units), dtype=bool)
    for k in range(arms.shape[1]):
        arm = arms[:, k].astype(np.float32)
        other |= np.where(arms[:, k], together @ (1 - arm) > 0, together @ arm > 0)
    weight = np.ones(len(units)) if volume is None else volume
    ratio = float(weight[other].sum() / weight.sum()) if weight.sum() > 0 else 0.0
    return Interference(len(units), int(other.sum()), ratio)


def design_units(design: Design) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Units of a trial by cluster, and the cluster of each."""
    pairs = [(unit, c) for c, cluster in enumerate(design.clusters) for unit in cluster.units]
    return tuple(unit for unit, _ in pairs), np.array([c for _, c in pairs], dtype=np.int64)


def check_interference(
    design: Design, treated: Bools, parents: Parents, outcomes: Outcomes, seed: int, draws: int = DRAWS
) -> Interference:
    """Count mixed neighbours, and test whether their arms matter.

    Parameters
    ----------
    design : Design
    treated : (n_entries,) bool
    parents : mapping
    outcomes : Outcomes
        By unit, with the trial.
    seed : int
        Of the draws, and of the choice of focal strata.
    draws : int

    Returns
    -------
    Interference
        Without a test for switchbacks, and where no focal unit has a neighbour whose arm is drawn again.
    """
    units, cluster = design_units(design)
    place = {name: i for i, name in enumerate(outcomes.units)}
    there = np.array([unit in place for unit in units])
    column = np.array([place.get(unit, 0) for unit in units])
    first = outcomes.row_of(design.start)
    below = np.nansum(outcomes.below[first : first + design.n_rows], axis=0)[column]
    mixed = mixed_neighbours(design, treated, parents, np.where(there, below, 0.0))
    if design.kind == "switchback":
        return mixed
    figure = adjusted(outcomes, first, design.n_rows, design.baseline_rows, design.theta)[column]
    figure = np.where(there, figure, np.nan)
    stratum, entry_cluster, _, counts = design.draw_strata()
    stratum_of_cluster = np.zeros(len(design.clusters), dtype=np.int64)
    stratum_of_cluster[entry_cluster] = stratum
    rng = np.random.default_rng(seed)
    fixed = np.zeros(counts.size, dtype=bool)
    fixed[rng.permutation(counts.size)[: max(1, counts.size // 2)]] = True
    together = neighbour_matrix(units, parents)
    free = ~fixed[stratum_of_cluster[cluster]]
    focal = ~free & ~np.isnan(figure) & (together[:, free].any(axis=1))
    links = together[focal].astype(np.float64)
    links /= links.sum(axis=1, keepdims=True)
    arm = arm_by_cluster(design, treated)[:, 0]
    rest = _within_arms(figure[focal], arm[cluster[focal]])
    if rest is None:
        return mixed

    def slope(arms: Bools) -> float:
        share = links @ arms[cluster].astype(np.float64)
        centred = _within_arms(share, arm[cluster[focal]])
        square = 0.0 if centred is None else float(centred @ centred)
        return float(centred @ rest) / square if centred is not None and square > 1e-12 else 0.0

    found = slope(arm)
    unusual = 0
    for _ in range(draws):
        drawn = np.zeros(len(design.clusters), dtype=bool)
        drawn[entry_cluster] = draw_arms(stratum, counts, rng)
        arms = np.where(fixed[stratum_of_cluster], arm, drawn)
        unusual += abs(slope(arms)) >= abs(found) * (1 - 1e-12)
    return Interference(
        mixed.units, mixed.mixed, mixed.mixed_ratio, found, (unusual + 1) / (draws + 1), int(focal.sum())
    )


def _within_arms(values: Floats, arm: Bools) -> Floats | None:
    """Values less the mean of their arm; None with fewer than four of them."""
    if values.size < 4:
        return None
    rest = values.astype(np.float64).copy()
    for side in (True, False):
        if np.any(arm == side):
            rest[arm == side] -= rest[arm == side].mean()
    return rest
