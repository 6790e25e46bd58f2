"""A trial that has run: read, or simulated with a known effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.experiment.assign import arm_by_cluster, draw
from cdnplan.experiment.design import Design
from cdnplan.experiment.effect import Effect, by_randomisation, estimate
from cdnplan.experiment.observe import Observed, observe
from cdnplan.experiment.outcomes import Outcomes
from cdnplan.experiment.plan_trial import together_at
from cdnplan.experiment.student import t_power

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a trial says.

    Parameters
    ----------
    effect : Effect
        With its t interval.
    randomised : Effect
        With the interval by randomisation inference.
    control, treatment : float
        Means of the figure by arm, without adjustment.
    observations, strata : int
    dropped : tuple of str
        Clusters without a figure.
    """

    effect: Effect
    randomised: Effect
    control: float
    treatment: float
    observations: int
    strata: int
    dropped: tuple[str, ...]


def read_trial(design: Design, outcomes: Outcomes, treated: Bools, seed: int) -> Reading:
    """Read a trial.

    Parameters
    ----------
    design : Design
    outcomes : Outcomes
        By unit, with the trial and the baseline before it.
    treated : (n_entries,) bool
        Arms as drawn.
    seed : int
        Of randomisation inference.

    Returns
    -------
    Reading

    Raises
    ------
    InputError
        The outcomes do not reach from the baseline to the end of the trial, or too little is left.
    """
    first = outcomes.row_of(design.start)
    if first - design.baseline_rows < 0 or first + design.n_rows > outcomes.n_dates:
        begin = design.day(-design.baseline_rows)
        message = (
            f"the outcomes go from {outcomes.first_day} to {outcomes.last_day}, expected from {begin} "
            f"to {design.day(design.n_rows - 1)}"
        )
        raise InputError([Problem(message)])
    if outcomes.period_days != design.period_days:
        message = (
            f"the outcomes are every {outcomes.period_days} days, those of the design {design.period_days}"
        )
        raise InputError([Problem(message)])
    by_cluster = outcomes.by_cluster(design.cluster_of(outcomes.units), len(design.clusters))
    observed = observe(design, by_cluster, treated)
    if not observed.seen.value.size:
        raise InputError([Problem("no pair or stratum has figures of both arms")])
    control, treatment = _arm_means(design, by_cluster, treated, first)
    return Reading(
        effect=estimate(observed.seen, design.alpha),
        randomised=by_randomisation(observed.seen, seed, design.alpha),
        control=control,
        treatment=treatment,
        observations=int(observed.seen.value.size),
        strata=observed.seen.n_strata,
        dropped=observed.dropped,
    )


def _arm_means(design: Design, outcomes: Outcomes, treated: Bools, first: int) -> tuple[float, float]:
    arms = arm_by_cluster(design, treated)
    spans = [(b.first + design.washout_rows, b.last) for b in design.blocks] or [(0, design.n_rows)]
    figures: tuple[list[float], list[float]] = ([], [])
    for k, (begin, end) in enumerate(spans):
        figure = outcomes.mean(first + begin, first + end)
        for side in (0, 1):
            own = figure[arms[:, k] == bool(side)]
            figures[side].extend(own[~np.isnan(own)].tolist())
    means = [float(np.mean(side)) if side else float("nan") for side in figures]
    return means[0], means[1]


@dataclass(frozen=True, slots=True)
class Simulated:
    """Many simulated trials with a known effect.

    Parameters
    ----------
    trials : int
    covered_ratio, randomised_covered_ratio : float
        Share of trials whose interval holds the effect; by randomisation inference NaN where it was not made.
    found_ratio : float
        Share whose interval does not hold zero: with an effect the power, without one the false alarms.
    promised_power : float
        By the t distribution for this effect.
    mean_estimate, spread : float
        Of the estimates.
    """

    trials: int
    covered_ratio: float
    randomised_covered_ratio: float
    found_ratio: float
    promised_power: float
    mean_estimate: float
    spread: float


def simulate_trials(
    design: Design,
    outcomes: Outcomes,
    effect: float,
    trials: int,
    seed: int,
    *,
    randomised: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> Simulated:
    """Run a design many times on the history, where nothing differed, with an effect put in.

    Every trial lies at a random place of the history. Clusters are put together by what was known there
    before, arms are drawn anew, and the effect is added to the figure of those treated.

    Parameters
    ----------
    design : Design
    outcomes : Outcomes
        By unit, the history.
    effect : float
    trials, seed : int
    randomised : bool
        Whether the interval by randomisation inference is made, too, which takes longer.
    progress : callable
        Called with the share done.

    Returns
    -------
    Simulated

    Raises
    ------
    InputError
        The history is shorter than baseline and trial together.
    """
    by_cluster = outcomes.by_cluster(design.cluster_of(outcomes.units), len(design.clusters))
    last = by_cluster.n_dates - design.n_rows
    if last < design.baseline_rows:
        needed = design.baseline_rows + design.n_rows
        message = f"the history has {by_cluster.n_dates} dates, expected at least {needed}"
        raise InputError([Problem(message)])
    rng = np.random.default_rng(seed)
    covered = found = covered_randomised = 0
    estimates = []
    for i in range(trials):
        start = int(rng.integers(design.baseline_rows, last + 1))
        there = design
        if design.kind != "switchback":
            size = len(design.clusters) // len(design.strata)
            there = replace(design, strata=together_at(by_cluster, start, design, size))
        treated = draw(there, int(rng.integers(2**62)))
        observed = with_effect(observe(there, by_cluster, treated, start), effect, crossed=there.crossed)
        if not observed.seen.value.size:
            message = f"no pair or stratum has figures of both arms in a trial from {by_cluster.day(start)}"
            raise InputError([Problem(message)])
        result = estimate(observed.seen, design.alpha)
        estimates.append(result.estimate)
        covered += result.low <= effect <= result.high
        found += not result.low <= 0.0 <= result.high
        if randomised:
            by_draws = by_randomisation(observed.seen, int(rng.integers(2**62)), design.alpha, 999)
            covered_randomised += by_draws.low <= effect <= by_draws.high
        progress((i + 1) / trials)
    shift = abs(effect) / design.standard_error if design.standard_error > 0 else np.inf
    return Simulated(
        trials,
        covered / trials,
        covered_randomised / trials if randomised else float("nan"),
        found / trials,
        t_power(shift, design.df, design.alpha),
        float(np.mean(estimates)),
        float(np.std(estimates)),
    )


def with_effect(observed: Observed, effect: float, *, crossed: bool) -> Observed:
    """Observations as an effect would have made them: the same for all that are treated."""
    seen = observed.seen
    # Half the difference between two blocks: up by half the effect, or down by half.
    added = effect * (seen.treated - 0.5) if crossed else effect * seen.treated
    return Observed(
        type(seen)(seen.stratum, seen.treated, seen.value + added), observed.cluster, observed.dropped
    )
