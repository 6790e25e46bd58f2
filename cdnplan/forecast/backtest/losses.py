"""How wrong a forecast was: pure functions of what came and what was forecast.

Which forecast is best depends on the loss. WAPE and pinball loss at 0.5 want the median, which is nothing
for a title that is more likely gone than not; squared error, bias and the filling of a cache want the
expected value. A median forecast would leave the tail to nobody, although together it is worth storing.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def wape(actual: Floats, predicted: Floats) -> float:
    """Weighted absolute percentage error: Σ |actual − predicted| / Σ actual. Best for it: the median.

    Parameters
    ----------
    actual, predicted : (n,) float64
        For the same pairs, >= 0 [GB].

    Returns
    -------
    float
        0 for a perfect forecast, 1 for a forecast of nothing; NaN where nothing was asked for.

    Examples
    --------
    >>> wape(np.array([4.0, 0.0]), np.array([3.0, 1.0]))
    0.5
    """
    return _ratio(float(np.abs(actual - predicted).sum()), float(actual.sum()))


def bias(actual: Floats, predicted: Floats) -> float:
    """Σ (predicted − actual) / Σ actual: above 0 where too much was forecast. Best: the expected value.

    Examples
    --------
    >>> bias(np.array([4.0, 0.0]), np.array([3.0, 2.0]))
    0.25
    """
    return _ratio(float((predicted - actual).sum()), float(actual.sum()))


def pinball(actual: Floats, predicted: Floats, level: float) -> float:
    """Pinball loss of a quantile, 2 Σ max(q·d, (q − 1)·d) / Σ actual with d = actual − predicted [1]_.

    Best for it: the quantile of that level. At 0.5 it is WAPE.

    Parameters
    ----------
    actual, predicted : (n,) float64
    level : float
        In (0, 1).

    References
    ----------
    .. [1] R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46(1), 1978.

    Examples
    --------
    >>> pinball(np.array([4.0, 0.0]), np.array([3.0, 1.0]), 0.75)
    0.5
    """
    late = actual - predicted
    return _ratio(2 * float(np.maximum(level * late, (level - 1) * late).sum()), float(actual.sum()))


def coverage(actual: Floats, lower: Floats, upper: Floats) -> float:
    """Share of pairs with lower <= actual <= upper; NaN without pairs.

    Examples
    --------
    >>> coverage(np.array([1.0, 5.0]), np.array([0.0, 0.0]), np.array([2.0, 2.0]))
    0.5
    """
    if actual.size == 0:
        return float("nan")
    # Volumes are kept with 24 binary digits; a bound must not miss the value it was made from.
    slack = 1e-6 * np.maximum(np.abs(actual), 1e-9)
    return float(np.mean((lower - slack <= actual) & (actual <= upper + slack)))


def filled(gb: Floats, size_gb: Floats, cache_gb: float) -> npt.NDArray[np.int64]:
    """Titles a cache holds, filled by forecast GB per stored GB; what does not fit is skipped.

    Parameters
    ----------
    gb, size_gb : (n,) float64
        What each title is forecast to bring, and takes to store [GB].
    cache_gb : float

    Returns
    -------
    (n_held,) int64
        Positions, in the order of filling. Titles that are forecast to bring nothing are never held.

    Examples
    --------
    >>> filled(np.array([9.0, 8.0, 3.0]), np.array([4.0, 8.0, 3.0]), 8.0).tolist()
    [0, 2]
    """
    wanted = np.flatnonzero((gb > 0) & (size_gb <= cache_gb))
    order = wanted[np.argsort(-gb[wanted] / size_gb[wanted], kind="stable")]
    sizes = size_gb[order]
    smallest = np.minimum.accumulate(sizes[::-1])[::-1]
    fits = int(np.searchsorted(np.cumsum(sizes), cache_gb, side="right"))
    left = cache_gb - float(sizes[:fits].sum())
    held = list(order[:fits])
    for i in range(fits, order.size):
        if left < smallest[i]:
            break
        if sizes[i] <= left:
            held.append(order[i])
            left -= float(sizes[i])
    return np.array(held, dtype=np.int64)


def held(
    region: npt.NDArray[np.int64], predicted: Floats, size_gb: Floats, cache_gb: float
) -> npt.NDArray[np.bool_]:
    """Which pairs caches hold, one cache per region, filled with what was forecast.

    Parameters
    ----------
    region : (n,) int64
        Of each pair, in any order.
    predicted, size_gb : (n,) float64
        Of each pair [GB]; a title whose size is NaN is never held.
    cache_gb : float
        Size of each region's cache [GB].

    Returns
    -------
    (n,) bool
        The byte hit ratio is the share of what came that these pairs have.

    Examples
    --------
    >>> one = np.array([1.0, 1.0, 1.0])
    >>> held(np.array([0, 0, 1]), np.array([2.0, 5.0, 1.0]), one, 1.0).tolist()
    [False, True, True]
    """
    kept = np.zeros(region.size, dtype=bool)
    order = np.argsort(region, kind="stable")
    bounds = np.flatnonzero(np.diff(region[order], prepend=-1, append=-1))
    known = np.where(np.isnan(size_gb), np.inf, size_gb)
    for first, last in pairwise(bounds):
        own = order[first:last]
        kept[own[filled(predicted[own], known[own], cache_gb)]] = True
    return kept


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")
