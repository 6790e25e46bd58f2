"""Two regressions and a spread of errors: whether anything is asked for at all, and if so, how much.

A hurdle model [1]_: P(anything) by logistic regression, the logarithm of what is asked for by ridge
regression [2]_, and the errors of the latter kept as they are, by group, so that quantiles and expected
values need no assumption of normality [3]_.

References
----------
.. [1] J. G. Cragg, "Some statistical models for limited dependent variables", Econometrica 39(5), 1971.
.. [2] A. E. Hoerl and R. W. Kennard, "Ridge regression", Technometrics 12(1), 1970.
.. [3] N. Duan, "Smearing estimate: a nonparametric retransformation method", JASA 78, 1983.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

RIDGE = 30.0
"""Shrinkage: a coefficient costs as much as so many observations of average weight."""

GRID = 201
"""Points at which distributions of errors are kept."""

LARGEST_ERROR = 3.0
"""Errors (of logarithms) beyond this count as so large in expected values, for they are slips."""

GROUP_PRIOR = 300.0
"""A group's spread of errors counts as much as that of all when it rests on so many."""

LARGEST_LOG = 6.0
"""Forecasts stay within this of the base's logarithm: no extrapolation beyond a factor of 400."""

FEWEST = 30
"""Observations of either outcome without which the probability is the same for all."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a hurdle forecasts of some pairs.

    Parameters
    ----------
    chance : (n,) float32
        Probability that anything is asked for.
    middle : (n,) float32
        Share that the ridge regression gives: base × exp(…).
    group : (n,) int64
    """

    chance: Floats32
    middle: Floats32
    group: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Hurdle:
    """A fitted hurdle.

    Parameters
    ----------
    mean, spread : (n_traits,) float64
        By which traits are standardised.
    chance, size : (n_traits + 1,) float64
        Coefficients of standardised traits, intercept last.
    errors : (n_groups, GRID) float64
        Quantiles of the errors of the logarithm, at equal distances from 0 to 1.
    smear : (n_groups,) float64
        What middles are multiplied by to give expected values.
    """

    mean: Floats
    spread: Floats
    chance: Floats
    size: Floats
    errors: Floats
    smear: Floats

    def of(self, x: Floats32, base: Floats32, group: Ints) -> Outcome:
        """Forecast pairs from their traits."""
        factors = np.stack([self.chance[:-1] / self.spread, self.size[:-1] / self.spread], axis=1)
        shift = np.array([self.chance[-1], self.size[-1]]) - self.mean @ factors
        logit, log = factors.T.astype(np.float32) @ x.T + shift.astype(np.float32)[:, None]
        chance = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
        least = np.where(base == 1, np.float32(-10 * LARGEST_LOG), np.float32(-LARGEST_LOG))
        middle = base * np.exp(np.clip(log, least, np.float32(LARGEST_LOG)))
        return Outcome(chance.astype(np.float32), middle.astype(np.float32), group)

    def expected(self, outcome: Outcome) -> Floats32:
        """Expected share, (n,)."""
        return np.asarray(outcome.chance * outcome.middle * self.smear[outcome.group].astype(np.float32))

    def quantile(self, outcome: Outcome, level: float) -> Floats32:
        """Share that is exceeded with probability 1 − level, (n,): 0 where silence is as likely as that."""
        above = outcome.chance - np.float32(1 - level)
        found = np.zeros(above.size, dtype=np.float32)
        some = np.flatnonzero(above > 0)
        place = above[some] / outcome.chance[some] * (GRID - 1)
        low = np.minimum(place.astype(np.int64), GRID - 2)
        part = place - low
        group = outcome.group[some]
        error = self.errors[group, low] * (1 - part) + self.errors[group, low + 1] * part
        found[some] = outcome.middle[some] * np.exp(error)
        return found


def fit_hurdle(
    x: Floats32, base: Floats32, group: Ints, target: Floats32, weight: Floats, n_groups: int
) -> Hurdle:
    """Fit both regressions and the errors.

    Parameters
    ----------
    x : (n, n_traits) float32
    base, target : (n,) float32
        Share that a forecast is a multiple of, and the share that came, 0 for none.
    group : (n,) int64
    weight : (n,) float64
        Influence of each observation, > 0.
    n_groups : int

    Returns
    -------
    Hurdle
        One that forecasts nothing where there are fewer than `FEWEST` observations.
    """
    if base.size < FEWEST:
        return _silent(x.shape[1], n_groups)
    weight = weight / weight.mean()
    mean = x.mean(axis=0, dtype=np.float64)
    spread = x.std(axis=0, dtype=np.float64)
    spread = np.where(spread > 1e-6, spread, 1.0)
    a = np.ones((x.shape[0], x.shape[1] + 1))
    a[:, :-1] = (x - mean) / spread
    some = target > 0
    chance = _logistic(a, some, weight)
    b, own = a[some], weight[some]
    logs = np.log(target[some].astype(np.float64)) - np.log(base[some].astype(np.float64))
    penalty = np.append(np.full(x.shape[1], RIDGE), 1e-9)
    size = np.linalg.solve(_gram(b, own) + np.diag(penalty), b.T @ (own * logs))
    middle = b @ size
    errors, smear = _errors(logs - middle, middle + np.log(base[some]), own, group[some], n_groups)
    return Hurdle(mean, spread, chance, size, errors, smear)


def _silent(n_traits: int, n_groups: int) -> Hurdle:
    """Build a hurdle that nothing gets over."""
    nothing, ones = np.zeros(n_traits + 1), np.ones(n_groups)
    never = np.append(np.zeros(n_traits), -30.0)
    return Hurdle(np.zeros(n_traits), np.ones(n_traits), never, nothing, np.zeros((n_groups, GRID)), ones)


def _logistic(a: Floats, some: npt.NDArray[np.bool_], weight: Floats) -> Floats:
    """Coefficients by Newton's method, shrunk, the intercept free."""
    n = a.shape[1]
    found = np.zeros(n)
    hits = int(some.sum())
    rate = (float(weight[some].sum()) + 0.5) / (float(weight.sum()) + 1.0)
    found[-1] = np.log(rate / (1 - rate))
    if min(hits, some.size - hits) < FEWEST:
        return found
    penalty = np.append(np.full(n - 1, RIDGE), 1e-9)
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(a @ found, -30, 30)))
        curve = weight * np.maximum(p * (1 - p), 1e-6)
        hessian = _gram(a, curve) + np.diag(penalty)
        step = np.linalg.solve(hessian, a.T @ (weight * (some - p)) - penalty * found)
        # Far from the optimum Newton's step overshoots: nobody's logit moves by more than 4 at once.
        furthest = float(np.abs(a @ step).max())
        found += step * min(1.0, 4.0 / max(furthest, 1e-12))
        if furthest < 1e-3:
            break
    return found


def _gram(a: Floats, weight: Floats) -> Floats:
    """Weighted sums of products of all pairs of columns: of one matrix with itself takes half the work."""
    root = a * np.sqrt(weight)[:, None]
    return np.asarray(root.T @ root)


def _errors(
    error: Floats, middle: Floats, weight: Floats, group: Ints, n_groups: int
) -> tuple[Floats, Floats]:
    """Distribution of errors by group, drawn towards that of all groups, and smearing factors."""
    levels = np.linspace(0, 1, GRID)
    everyone = _quantiles(error, weight, levels) if error.size else np.zeros(GRID)
    table = np.empty((n_groups, GRID))
    smear = np.empty(n_groups)
    tame = np.clip(error, -LARGEST_ERROR, LARGEST_ERROR)
    all_real = float((weight * np.exp(middle + tame)).sum())
    all_guess = float((weight * np.exp(middle)).sum())
    ratio = all_real / all_guess if all_guess > 0 else 1.0
    for g in range(n_groups):
        own = group == g
        trust = own.sum() / (own.sum() + GROUP_PRIOR)
        mine = _quantiles(error[own], weight[own], levels) if own.any() else everyone
        table[g] = trust * mine + (1 - trust) * everyone
        guess = float((weight[own] * np.exp(middle[own])).sum())
        real = float((weight[own] * np.exp(middle[own] + tame[own])).sum())
        smear[g] = trust * (real / guess if guess > 0 else ratio) + (1 - trust) * ratio
    return table, smear


def _quantiles(values: Floats, weight: Floats, levels: Floats) -> Floats:
    """Weighted quantiles, linear between observations."""
    order = np.argsort(values, kind="stable")
    heights = np.cumsum(weight[order]) - weight[order] / 2
    return np.asarray(np.interp(levels * weight.sum(), heights, values[order]))
