"""Sets as sorted numbers: copies by the million, one number each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Ints


def sorted_distinct(numbers: Ints) -> Ints:
    """Sort, and leave out repetitions: for many and nearly sorted numbers far faster than `numpy.unique`.

    Parameters
    ----------
    numbers : (n,) int64

    Returns
    -------
    (n_distinct,) int64

    Examples
    --------
    >>> sorted_distinct(np.array([5, 2, 5])).tolist()
    [2, 5]
    """
    ordered: Ints = np.sort(numbers, kind="stable")
    first = np.append(True, np.diff(ordered) > 0)[: ordered.size]
    return np.asarray(ordered[first])


def contains(numbers: Ints, wanted: Ints) -> npt.NDArray[np.bool_]:
    """Tell which of some numbers are among sorted ones.

    Parameters
    ----------
    numbers : (n,) int64
        Increasing.
    wanted : (n_wanted,) int64
        In any order.

    Returns
    -------
    (n_wanted,) bool

    Examples
    --------
    >>> contains(np.array([2, 5]), np.array([5, 3, 2])).tolist()
    [True, False, True]
    """
    if numbers.size == 0:
        return np.zeros(wanted.size, dtype=np.bool_)
    at = np.minimum(np.searchsorted(numbers, wanted), numbers.size - 1)
    return np.asarray(numbers[at] == wanted)
