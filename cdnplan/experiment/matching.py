"""Clusters that are alike put together: pairs, and strata."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def make_pairs(features: Floats) -> Ints:
    """Pair clusters so that the sum of squared distances within pairs is small.

    Nearest ones first, then partners are exchanged between two pairs as long as that helps. Of an odd
    number the one that costs most is left out.

    Parameters
    ----------
    features : (n, k) float64
        What makes clusters alike.

    Returns
    -------
    (n_pairs, 2) int64
        Clusters of each pair.

    Examples
    --------
    >>> make_pairs(np.array([[0.0], [9.0], [1.0], [8.0], [40.0]])).tolist()
    [[0, 2], [1, 3]]
    """
    n = features.shape[0]
    distance = np.square(features[:, None, :] - features[None, :, :]).sum(axis=2)
    first = distance
    if n % 2:  # a partner that is as near to all: who gets it, at first the last one, is left out
        distance = np.pad(distance, (0, 1))
        first = np.pad(first, (0, 1), constant_values=2.0 * float(first.max()) + 1.0)
    pairs = _improved(_nearest_first(first), distance)
    pairs = np.sort(pairs[(pairs < n).all(axis=1)], axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _nearest_first(distance: Floats) -> Ints:
    left = distance.astype(np.float64)
    np.fill_diagonal(left, np.inf)
    found = []
    for _ in range(distance.shape[0] // 2):
        i, j = divmod(int(np.argmin(left)), left.shape[1])
        found.append((min(i, j), max(i, j)))
        for k in (i, j):
            left[k, :] = left[:, k] = np.inf
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _improved(pairs: Ints, distance: Floats) -> Ints:
    """Exchange partners between two pairs, the best exchange first, until none helps."""
    made = pairs.copy()
    rows, columns = np.triu_indices(len(made), k=1)
    for _ in range(10 * len(made) + 1):
        if not rows.size:
            break
        a, b = made[rows, 0], made[rows, 1]
        c, d = made[columns, 0], made[columns, 1]
        now = distance[a, b] + distance[c, d]
        crossed, straight = distance[a, c] + distance[b, d], distance[a, d] + distance[c, b]
        gain = now - np.minimum(crossed, straight)
        best = int(np.argmax(gain))
        if gain[best] <= 1e-12 * max(1.0, float(now[best])):
            break
        i, j = rows[best], columns[best]
        if crossed[best] <= straight[best]:
            made[i], made[j] = (a[best], c[best]), (b[best], d[best])
        else:
            made[i], made[j] = (a[best], d[best]), (c[best], b[best])
    return made


def make_strata(level: Floats, size: int) -> list[Ints]:
    """Put clusters of about the same level together.

    Parameters
    ----------
    level : (n,) float64
    size : int
        Clusters of a stratum, at least 4; the last strata may have more.

    Returns
    -------
    list of (n_s,) int64
        Clusters of each stratum, from the lowest level.

    Examples
    --------
    >>> [part.tolist() for part in make_strata(np.array([5.0, 1, 4, 2, 3, 9, 8, 7, 6]), 4)]
    [[1, 3, 4, 2], [0, 8, 7, 6, 5]]
    """
    order = np.argsort(level, kind="stable")
    count = max(1, level.size // size)
    return [np.asarray(part) for part in np.split(order, [level.size * k // count for k in range(1, count)])]
