"""Designs made from history: who is compared, what is taken off, and what can be found.

What a trial would have seen is looked up in the history: in each of its windows as long as the trial,
clusters are put together by what was known before it, exactly as for the trial itself [1]_, what they had
before is taken off as it is there [2]_, and the figures of two policies that do not differ are compared. The
spread of these differences is the standard error to expect; the smallest effect found with the wanted power
follows from the t distribution. Switchbacks leave out a washout after every change, for what one arm left in
the caches (carryover, [3]_); two blocks that follow each other are compared, with arms in random order, so
that errors that last (autocorrelation) do not bias the interval.

References
----------
.. [1] K. Imai, G. King, C. Nall: The Essential Role of Pair Matching in Cluster-Randomized Experiments,
   Statistical Science 24(1), 2009.
.. [2] A. Deng, Y. Xu, R. Kohavi, T. Walker: Improving the Sensitivity of Online Controlled Experiments by
   Utilizing Pre-Experiment Data, WSDM 2013.
.. [3] I. Bojinov, D. Simchi-Levi, J. Zhao: Design and Analysis of Switchback Experiments, Management
   Science 69(7), 2023.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.experiment.design import Block, Cluster, Design, Kind
from cdnplan.experiment.effect import degrees_of_freedom
from cdnplan.experiment.matching import make_pairs, make_strata
from cdnplan.experiment.observe import adjusted, block_figures
from cdnplan.experiment.outcomes import Outcomes
from cdnplan.experiment.student import detectable_shift

Floats = npt.NDArray[np.float64]

MOST_WINDOWS = 20
"""Windows of the history that are looked at, the latest ones."""
_SEGMENTS = 8
"""Parts of the baseline by which clusters are matched."""
_WEEKS_FOR_WEEKDAYS = 8
"""Weeks of history from which usual weekdays can be told."""


@dataclass(frozen=True, slots=True)
class TrialWish:
    """What is wanted of a trial.

    Parameters
    ----------
    kind : {"pairs", "strata", "switchback"}
    unit : str
        Column that names sites or regions.
    n_rows : int
        Dates that it takes.
    start : datetime.date or None
        None: the date after the history.
    arms : (str, str)
        Names of control and treatment.
    stratum_size : int
        Clusters of a stratum.
    block_rows, washout_rows : int
        Dates of a block of a switchback, and of those left out at its beginning.
    baseline_rows : int or None
        Dates before the trial that figures are compared with; None: as many as the trial has, four weeks at
        least, as far as the history goes.
    alpha, power : float
    """

    kind: Kind
    unit: str = "region"
    n_rows: int = 28
    start: dt.date | None = None
    arms: tuple[str, str] = ("control", "treatment")
    stratum_size: int = 6
    block_rows: int = 1
    washout_rows: int = 0
    baseline_rows: int | None = None
    alpha: float = 0.05
    power: float = 0.8


def plan_trial(outcomes: Outcomes, clusters: Sequence[Cluster], wish: TrialWish) -> Design:
    """Make a design from history.

    Parameters
    ----------
    outcomes : Outcomes
        By unit; only dates before the start are looked at.
    clusters : sequence of Cluster
    wish : TrialWish

    Returns
    -------
    Design

    Raises
    ------
    InputError
        The history is too short, or there are too few clusters.
    """
    _check(wish)
    start = wish.start or outcomes.day(outcomes.n_dates)
    known = outcomes.row_of(start)
    known_outcomes = replace(
        outcomes, above=outcomes.above[: max(0, known)], below=outcomes.below[: max(0, known)]
    )
    baseline = _baseline_rows(known_outcomes, wish)
    kept, figures, left_out = _with_figures(known_outcomes, clusters, baseline, wish)
    design = Design(
        kind=wish.kind,
        unit=wish.unit,
        metric=outcomes.metric,
        arms=wish.arms,
        start=start,
        period_days=outcomes.period_days,
        n_rows=wish.n_rows,
        baseline_rows=baseline,
        theta=0.0,
        weekday=(),
        clusters=kept,
        strata=(),
        blocks=(),
        washout_rows=wish.washout_rows if wish.kind == "switchback" else 0,
        alpha=wish.alpha,
        power=wish.power,
        standard_error=0.0,
        df=1.0,
        minimum_detectable=0.0,
        level=float(np.nanmean(figures.mean(figures.n_dates - baseline, figures.n_dates))),
        left_out=left_out,
    )
    made = (
        _switchback(design, figures, wish) if wish.kind == "switchback" else _parallel(design, figures, wish)
    )
    least = detectable_shift(made.df, wish.alpha, wish.power) * made.standard_error
    return replace(made, minimum_detectable=float(least))


def _check(wish: TrialWish) -> None:
    problems = []
    if wish.kind == "strata" and wish.stratum_size < 4:
        problems.append(Problem(f"found {wish.stratum_size}, expected at least 4", path="stratum size"))
    if wish.kind == "switchback":
        if wish.washout_rows >= wish.block_rows:
            message = f"a washout of {wish.washout_rows} leaves nothing of blocks of {wish.block_rows} dates"
            problems.append(Problem(message, path="washout"))
        if wish.n_rows < 4 * wish.block_rows:
            message = f"{wish.n_rows} dates are fewer than four blocks of {wish.block_rows}"
            problems.append(Problem(message, path="days"))
    if wish.n_rows < 1:
        problems.append(Problem("a trial takes at least one date of the outcomes", path="days"))
    if problems:
        raise InputError(problems)


def _baseline_rows(outcomes: Outcomes, wish: TrialWish) -> int:
    least = max(wish.n_rows, 28 // outcomes.period_days)
    rows = wish.baseline_rows or min(least, outcomes.n_dates - wish.n_rows)
    if rows < 1 or rows + wish.n_rows > outcomes.n_dates:
        needed = wish.n_rows + (wish.baseline_rows or 1)
        message = (
            f"the history has {max(0, outcomes.n_dates)} dates before the start, expected at least {needed}: "
            "as many as the trial takes, and some before them"
        )
        raise InputError([Problem(message)])
    return rows


def _with_figures(
    outcomes: Outcomes, clusters: Sequence[Cluster], baseline: int, wish: TrialWish
) -> tuple[tuple[Cluster, ...], Outcomes, tuple[str, ...]]:
    """Clusters that have figures in all windows, their outcomes, and who is left out."""
    place = {name: i for i, cluster in enumerate(clusters) for name in cluster.units}
    index = np.array([place.get(name, -1) for name in outcomes.units], dtype=np.int64)
    by_cluster = outcomes.by_cluster(index, len(clusters))
    good = np.ones(len(clusters), dtype=bool)
    for first in _windows(outcomes.n_dates, baseline, wish.n_rows):
        good &= ~np.isnan(by_cluster.mean(first, first + wish.n_rows))
        good &= ~np.isnan(by_cluster.mean(first - baseline, first))
    good &= ~np.isnan(by_cluster.mean(outcomes.n_dates - baseline, outcomes.n_dates))
    least = {"pairs": 4, "strata": 4, "switchback": 1}[wish.kind]
    if good.sum() < least:
        message = f"{int(good.sum())} clusters have outcomes throughout, expected at least {least}"
        raise InputError([Problem(message)])
    kept = tuple(cluster for cluster, is_good in zip(clusters, good.tolist(), strict=True) if is_good)
    left_out = tuple(c.name for c, is_good in zip(clusters, good.tolist(), strict=True) if not is_good)
    names = tuple(cluster.name for cluster in kept)
    figures = replace(
        by_cluster, units=names, above=by_cluster.above[:, good], below=by_cluster.below[:, good]
    )
    return kept, figures, left_out


def _windows(n_dates: int, baseline: int, n_rows: int) -> list[int]:
    """First rows of the windows of a history, the latest first; they do not overlap."""
    return list(range(n_dates - n_rows, baseline - 1, -n_rows))[:MOST_WINDOWS]


def _features(outcomes: Outcomes, first: int, baseline: int) -> Floats:
    """What clusters are matched by: their figure in the parts of the baseline, (n_clusters, n_parts)."""
    edges = np.linspace(first - baseline, first, min(_SEGMENTS, baseline) + 1).astype(int)
    whole = outcomes.mean(first - baseline, first)
    parts = [outcomes.mean(a, b) for a, b in pairwise(edges.tolist())]
    return np.array([np.where(np.isnan(part), whole, part) for part in parts]).T


def together_at(
    outcomes: Outcomes, first: int, design: Design, stratum_size: int
) -> tuple[tuple[int, ...], ...]:
    """Put clusters together by what is known before a row.

    Parameters
    ----------
    outcomes : Outcomes
        By cluster.
    first : int
        Row at which a trial would begin.
    design : Design
        Of pairs or strata.
    stratum_size : int
        Clusters of a stratum.

    Returns
    -------
    tuple of tuple of int
        Pairs, or strata.
    """
    features = _features(outcomes, first, design.baseline_rows)
    if design.kind == "pairs":
        return tuple((int(a), int(b)) for a, b in make_pairs(features))
    strata = make_strata(features.mean(axis=1), stratum_size)
    return tuple(tuple(sorted(part.tolist())) for part in strata)


def _parallel(design: Design, outcomes: Outcomes, wish: TrialWish) -> Design:
    """Design of a trial in which arms hold all the time."""
    windows = _windows(outcomes.n_dates, design.baseline_rows, design.n_rows)
    theta = _theta(outcomes, windows, design)
    strata = together_at(outcomes, outcomes.n_dates, design, wish.stratum_size)
    treated = np.array([len(members) // 2 for members in strata])
    both = np.array([len(members) for members in strata])
    weight = both / both.sum()
    variances = []
    for first in windows:
        value = adjusted(outcomes, first, design.n_rows, design.baseline_rows, theta)
        groups = together_at(outcomes, first, design, wish.stratum_size)
        variances.append([np.var(value[list(members)], ddof=1) for members in groups])
    # A pair's difference has twice the variance within it: the same formula as for strata.
    within = np.mean(variances, axis=0)
    error = float(np.sqrt(np.sum(weight**2 * within * (1 / treated + 1 / (both - treated)))))
    df = degrees_of_freedom(treated, both)
    used = {c for members in strata for c in members}
    lost = tuple(c.name for i, c in enumerate(design.clusters) if i not in used)
    clusters = tuple(c for i, c in enumerate(design.clusters) if i in used)
    order = {old: new for new, old in enumerate(sorted(used))}
    return replace(
        design,
        theta=theta,
        clusters=clusters,
        strata=tuple(tuple(order[c] for c in members) for members in strata),
        standard_error=error,
        df=df,
        left_out=(*design.left_out, *lost),
    )


def _theta(outcomes: Outcomes, windows: Sequence[int], design: Design) -> float:
    """Slope of figures on those of the baseline, pooled over windows."""
    product, square = 0.0, 0.0
    for first in windows:
        figure = outcomes.mean(first, first + design.n_rows)
        before = outcomes.mean(first - design.baseline_rows, first)
        centred = before - before.mean()
        product += float(centred @ figure)
        square += float(centred @ centred)
    return product / square if square > 0 else 0.0


def _switchback(design: Design, outcomes: Outcomes, wish: TrialWish) -> Design:
    """Design of a trial in which arms change in time."""
    n_pairs = wish.n_rows // (2 * wish.block_rows)
    blocks = tuple(Block(k * wish.block_rows, (k + 1) * wish.block_rows) for k in range(2 * n_pairs))
    used = 2 * n_pairs * wish.block_rows
    weekday = _weekdays(outcomes, wish)
    made = replace(design, blocks=blocks, n_rows=used, weekday=weekday, baseline_rows=0)
    squares = []
    for first in _windows(outcomes.n_dates, 0, used):
        figures = block_figures(outcomes, first, blocks, wish.washout_rows, weekday)
        gap = figures[0::2] - figures[1::2]
        squares.append(np.nanvar(gap, axis=1, ddof=1).mean() if made.crossed else np.nanmean(gap**2))
    variance = float(np.mean(squares))
    if weekday:  # seven numbers were fitted to the days that the spread is measured on
        variance *= outcomes.n_dates / (outcomes.n_dates - 7)
    n_clusters = len(design.clusters)
    if made.crossed:
        treated = np.full(n_pairs, n_clusters // 2)
        both = np.full(n_pairs, n_clusters)
        # Halves of differences, so a quarter of their variance.
        share = 1 / treated[0] + 1 / (n_clusters - treated[0])
        error = float(np.sqrt(variance / 4 * share / n_pairs))
        df = degrees_of_freedom(treated, both)
    else:
        error = float(np.sqrt(variance / (n_pairs * n_clusters)))
        df = n_pairs * n_clusters - 1.0
    return replace(made, standard_error=error, df=df)


def _weekdays(outcomes: Outcomes, wish: TrialWish) -> tuple[float, ...]:
    """Usual deviation of each weekday, the same for all clusters; none where blocks are whole weeks."""
    daily = outcomes.period_days == 1
    if not daily or wish.block_rows % 7 == 0 or outcomes.n_dates < 7 * _WEEKS_FOR_WEEKDAYS:
        return ()
    figure = np.array([outcomes.mean(row, row + 1) for row in range(outcomes.n_dates)])
    figure = figure - np.nanmean(figure, axis=0)
    day = np.array([outcomes.day(row).weekday() for row in range(outcomes.n_dates)])
    return tuple(float(np.nanmean(figure[day == k])) for k in range(7))
