"""Student's t: distribution, quantiles, and the power of a t test, without further libraries.

The distribution function is a regularised incomplete beta function [1]_, evaluated by its continued
fraction [2]_ with the modified Lentz algorithm [3]_; quantiles by bisection of it. The power of a two-sided
t test is an integral over the distribution of the estimated standard deviation.

References
----------
.. [1] NIST Digital Library of Mathematical Functions, 8.17.
.. [2] The same, 8.17.22.
.. [3] W. H. Press et al.: Numerical Recipes, 3rd edition, 2007, sections 5.2 and 6.4.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

_STEPS = 500
_TINY = 1e-300
_GRID = 800


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function; converges fast for x < (a + 1) / (a + b + 2)."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _STEPS):
        for even in (True, False):
            if even:
                term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            else:
                term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + term / c
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    front = math.exp(log_front)
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, 1.0 - x) / b


def t_cdf(t: float, df: float) -> float:
    """Probability that a t variable is at most `t`.

    Parameters
    ----------
    t : float
    df : float
        Degrees of freedom, > 0; need not be whole.

    Examples
    --------
    >>> round(t_cdf(2.0, 10.0), 6)
    0.963306
    """
    if math.isinf(t):
        return float(t > 0)
    tail = 0.5 * _incomplete_beta(0.5 * df, 0.5, df / (df + t * t))
    return 1.0 - tail if t > 0 else tail


@lru_cache(maxsize=256)
def t_quantile(probability: float, df: float) -> float:
    """Value that a t variable is below with a probability.

    Parameters
    ----------
    probability : float
        Between 0 and 1.
    df : float
        Degrees of freedom, > 0.

    Examples
    --------
    >>> [round(t_quantile(0.975, df), 4) for df in (1, 5, 30)]
    [12.7062, 2.5706, 2.0423]
    """
    if probability == 0.5:
        return 0.0
    if probability < 0.5:
        return -t_quantile(1.0 - probability, df)
    low, high = 0.0, 1.0
    while t_cdf(high, df) < probability:
        low, high = high, 2.0 * high
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if t_cdf(middle, df) < probability else (low, middle)
    return 0.5 * (low + high)


def t_power(shift: float, df: float, alpha: float) -> float:
    """Probability that a two-sided t test at level `alpha` rejects zero.

    Parameters
    ----------
    shift : float
        True effect over the standard error of its estimate.
    df : float
        Degrees of freedom of the estimated standard error.
    alpha : float

    Returns
    -------
    float

    Notes
    -----
    The estimate over its estimated error is (Z + shift) / sqrt(V / df), with Z normal and V chi-squared of
    df degrees, independent. Given V the probability is normal; it is averaged over the quantiles of V,
    whose density is integrated on a grid of their logarithms.

    Examples
    --------
    >>> round(t_power(0.0, 7.0, 0.05), 4)
    0.05
    """
    critical = t_quantile(1.0 - alpha / 2.0, df)
    # The logarithm of sqrt(V / df) has its mode at 0 and a standard deviation near 1 / sqrt(2 df); below, its
    # density falls no faster than exp(df * logarithm), which is long for few degrees.
    spread = 1.0 / math.sqrt(2.0 * df)
    log_scale = np.linspace(-36.0 / df - 9.0 * spread, 9.0 * spread, _GRID + 1)
    scale = np.exp(log_scale)
    log_density = df * log_scale - 0.5 * df * scale**2
    density = np.exp(log_density - log_density.max())
    normal = NormalDist()
    reject = np.array(
        [normal.cdf(shift - critical * s) + normal.cdf(-shift - critical * s) for s in scale.tolist()]
    )
    return float(np.trapezoid(density * reject, log_scale) / np.trapezoid(density, log_scale))


@lru_cache(maxsize=256)
def detectable_shift(df: float, alpha: float, power: float) -> float:
    """Smallest effect, in standard errors, that a t test finds with a probability.

    Parameters
    ----------
    df : float
    alpha, power : float

    Examples
    --------
    >>> round(detectable_shift(1e6, 0.05, 0.8), 3)
    2.802
    """
    low, high = 0.0, 1.0
    while t_power(high, df, alpha) < power:
        low, high = high, 2.0 * high
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if t_power(middle, df, alpha) < power else (low, middle)
    return 0.5 * (low + high)
