"""Effects and how sure they are: pairs, strata and clusters, t intervals and randomisation.

An observation is one figure of a cluster, in a stratum within which arms were drawn. Pairs are strata of one
treated and one control observation.

- Pairs: the mean of the K differences, and the variance between pairs [1]_, t with K - 1 degrees of freedom.
- Strata: the mean of the differences of means, each with the sum of the two arms' variances (Neyman; the HC2,
  for clusters CR2, estimator of the regression with stratum effects [2]_), t with the degrees of freedom of
  Bell and McCaffrey [3]_ under equal variances, which depend on the design alone.
- Randomisation: the arms are drawn again by the same rule; the interval holds the effects that, taken off,
  leave a difference that is not unusual [4]_. Exact for any number of clusters and any shape of errors, when
  the effect is the same for all.

References
----------
.. [1] K. Imai, G. King, C. Nall: The Essential Role of Pair Matching in Cluster-Randomized Experiments,
   Statistical Science 24(1), 2009.
.. [2] A. C. Cameron, D. L. Miller: A Practitioner's Guide to Cluster-Robust Inference, Journal of Human
   Resources 50(2), 2015.
.. [3] R. M. Bell, D. F. McCaffrey: Bias Reduction in Standard Errors for Linear Regression with Multi-Stage
   Samples, Survey Methodology 28(2), 2002; G. W. Imbens, M. Kolesár: Robust Standard Errors in Small Samples,
   Review of Economics and Statistics 98(4), 2016.
.. [4] P. R. Rosenbaum: Observational Studies, 2nd edition, 2002, chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.experiment.student import t_cdf, t_quantile

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DRAWS = 9_999
"""Draws of arms for randomisation inference, where there are too many to take all."""
_ALL_UP_TO = 13
"""So many pairs have few enough assignments, 2^13, to take all."""


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Figures of a trial.

    Parameters
    ----------
    stratum : (n,) int64
        Stratum, or pair, from 0 without gaps.
    treated : (n,) bool
    value : (n,) float64
    """

    stratum: Ints
    treated: Bools
    value: Floats

    @property
    def n_strata(self) -> int:
        """Number of strata."""
        return int(self.stratum.max()) + 1

    @property
    def paired(self) -> bool:
        """Whether every stratum has one observation of each arm."""
        ones, both = self.counts()
        return bool(np.all(both == 2) and np.all(ones == 1))

    def counts(self) -> tuple[Ints, Ints]:
        """Treated and all observations of each stratum."""
        size = self.n_strata
        treated = np.bincount(self.stratum[self.treated], minlength=size)
        return treated, np.bincount(self.stratum, minlength=size)


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimated difference, treated less control.

    Parameters
    ----------
    estimate, standard_error : float
    df : float
        Degrees of freedom of the t distribution.
    low, high : float
        Interval.
    p_value : float
        Two-sided, of no effect.
    """

    estimate: float
    standard_error: float
    df: float
    low: float
    high: float
    p_value: float


def differences(seen: Observations) -> Floats:
    """Difference of the means of the arms in each stratum, (n_strata,)."""
    size = seen.n_strata
    treated, both = seen.counts()
    above = np.bincount(seen.stratum[seen.treated], seen.value[seen.treated], minlength=size)
    below = np.bincount(seen.stratum[~seen.treated], seen.value[~seen.treated], minlength=size)
    return np.asarray(above / treated - below / (both - treated))


def stratum_weights(seen: Observations) -> Floats:
    """Weight of each stratum in the effect: its share of the observations, (n_strata,)."""
    _, both = seen.counts()
    return np.asarray(both / both.sum())


def estimate(seen: Observations, alpha: float = 0.05) -> Effect:
    """Estimate an effect with its t interval.

    Parameters
    ----------
    seen : Observations
    alpha : float
        One less the confidence.

    Returns
    -------
    Effect

    Raises
    ------
    InputError
        Fewer than two pairs; or a stratum with fewer than two observations of an arm.

    Examples
    --------
    >>> pairs = Observations(np.array([0, 0, 1, 1]), np.array([True, False] * 2), np.array([3.0, 1, 4, 1]))
    >>> found = estimate(pairs)
    >>> (found.estimate, found.standard_error, found.df)
    (2.5, 0.5, 1.0)
    """
    gaps, weight = differences(seen), stratum_weights(seen)
    found = float(gaps @ weight)
    if seen.paired:
        if gaps.size < 2:
            raise InputError([Problem("one pair cannot tell chance from effect: expected at least two")])
        error = float(np.sqrt(np.sum((gaps - found) ** 2) / (gaps.size * (gaps.size - 1))))
        df = gaps.size - 1.0
    else:
        error, df = _within_strata(seen, weight)
    if error == 0.0:
        return Effect(found, 0.0, df, found, found, float(found == 0.0))
    half = t_quantile(1.0 - alpha / 2.0, df) * error
    p_value = 2.0 * t_cdf(-abs(found) / error, df)
    return Effect(found, error, df, found - half, found + half, p_value)


def _within_strata(seen: Observations, weight: Floats) -> tuple[float, float]:
    """Standard error from the variances within strata and arms, and its degrees of freedom."""
    treated, both = seen.counts()
    variance, squares, fourth = 0.0, 0.0, 0.0
    for arm, counts in ((True, treated), (False, both - treated)):
        if np.any(counts < 2):
            few = int(np.argmin(counts))
            message = f"stratum {few + 1} has {counts[few]} of an arm, expected at least two of each"
            raise InputError([Problem(message)])
        own = seen.treated == arm
        sums = np.bincount(seen.stratum[own], seen.value[own], minlength=weight.size)
        rest = seen.value[own] - (sums / counts)[seen.stratum[own]]
        within = np.bincount(seen.stratum[own], rest**2, minlength=weight.size) / (counts - 1)
        share = weight**2 / counts
        variance += float(share @ within)
        squares += float(share.sum())
        fourth += float((share**2 / (counts - 1)).sum())
    return float(np.sqrt(variance)), squares**2 / fourth


def degrees_of_freedom(treated: Ints, both: Ints) -> float:
    """Degrees of freedom of a design: pairs less one, or those of Bell and McCaffrey.

    Parameters
    ----------
    treated, both : (n_strata,) int64
        Treated and all observations of each stratum.
    """
    if np.all(both == 2):
        return both.size - 1.0
    weight = both / both.sum()
    squares, fourth = 0.0, 0.0
    for counts in (treated, both - treated):
        share = weight**2 / counts
        squares += float(share.sum())
        fourth += float((share**2 / (counts - 1)).sum())
    return squares**2 / fourth


def draw_arms(stratum: Ints, treated: Ints, rng: np.random.Generator) -> Bools:
    """Draw which observations are treated: so many of each stratum, each with the same chance.

    Parameters
    ----------
    stratum : (n,) int64
    treated : (n_strata,) int64
        Treated observations of each stratum.
    rng : numpy Generator

    Returns
    -------
    (n,) bool
    """
    return np.asarray(draw_many(stratum, treated, rng, 1)[0])


def draw_many(stratum: Ints, treated: Ints, rng: np.random.Generator, draws: int) -> Bools:
    """Draw arms many times, (draws, n); see `draw_arms`."""
    # Whole parts sort by stratum, the rest at random within it.
    order = np.argsort(stratum + rng.random((draws, stratum.size)), axis=1, kind="stable")
    size = np.bincount(stratum, minlength=treated.size)
    rank = np.arange(stratum.size) - np.repeat(np.cumsum(size) - size, size)
    first = rank < np.repeat(treated, size)
    found = np.zeros(order.shape, dtype=bool)
    np.put_along_axis(found, order, np.broadcast_to(first, order.shape), axis=1)
    return found


def by_randomisation(seen: Observations, seed: int, alpha: float = 0.05, draws: int = DRAWS) -> Effect:
    """Estimate an effect with its interval by randomisation inference.

    Parameters
    ----------
    seen : Observations
    seed : int
        Of the draws; few pairs have all their assignments taken instead.
    alpha : float
    draws : int

    Returns
    -------
    Effect
        The interval is infinite where there are too few assignments for the confidence; `standard_error`
        is that of the estimate over all draws with no effect, `df` is infinite.
    """
    weight = stratum_weights(seen)
    found = float(differences(seen) @ weight)
    base, slope = _drawn(seen, weight, seed, draws)

    def p_value(effect: float) -> float:
        unusual = np.abs(base - effect * slope) >= abs(found - effect) * (1 - 1e-12)
        return float((unusual.sum() + 1) / (unusual.size + 1))

    bounds = []
    spread = float(np.std(base - found * slope)) or abs(found) or 1.0
    for side in (-1.0, 1.0):
        step = spread
        while p_value(found + side * step) > alpha and step < 1e6 * spread:
            step *= 2.0
        if step >= 1e6 * spread:
            bounds.append(side * np.inf)
            continue
        inside, outside = 0.0, step
        for _ in range(50):
            middle = 0.5 * (inside + outside)
            inside, outside = (
                (middle, outside) if p_value(found + side * middle) > alpha else (inside, middle)
            )
        bounds.append(found + side * outside)
    return Effect(found, spread, np.inf, bounds[0], bounds[1], p_value(0.0))


def _drawn(seen: Observations, weight: Floats, seed: int, draws: int) -> tuple[Floats, Floats]:
    """For each other assignment: the difference of the values, and that of the real arms' indicator."""
    rng = np.random.default_rng(seed)
    if seen.paired:
        gaps = differences(seen)
        if gaps.size <= _ALL_UP_TO:
            signs = 1.0 - 2.0 * ((np.arange(1, 2**gaps.size)[:, None] >> np.arange(gaps.size)) & 1)
        else:
            signs = rng.choice([-1.0, 1.0], size=(draws, gaps.size))
        return signs @ (gaps * weight), signs @ weight
    treated, both = seen.counts()
    per_treated = (weight / treated)[seen.stratum]
    per_control = (weight / (both - treated))[seen.stratum]
    arms = draw_many(seen.stratum, treated, rng, draws)
    signed = np.where(arms, per_treated, -per_control)
    return signed @ seen.value, signed @ seen.treated.astype(np.float64)
