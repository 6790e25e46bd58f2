"""Which of each file's columns are the cheapest, and which have the largest share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints, Ints32

Bools = npt.NDArray[np.bool_]


def ranked(file: Ints32, value: Floats, n_files: int) -> tuple[Floats, Floats, Ints]:
    """Find the cheapest column of each file.

    Parameters
    ----------
    file, value : (n_columns,) int32, (n_columns,) float64
        The file of each column, at least one for each, and what it costs.
    n_files : int

    Returns
    -------
    lowest, second : (n_files,) float64
        The two lowest values of each file's columns; inf where there is one column only.
    pick : (n_files,) int64
        The column of the lowest.

    Examples
    --------
    >>> lowest, second, pick = ranked(np.array([0, 1, 0], dtype=np.int32), np.array([3.0, 2.0, 1.0]), 2)
    >>> lowest.tolist(), second.tolist(), pick.tolist()
    ([1.0, 2.0], [3.0, inf], [2, 1])
    """
    order = np.lexsort((value, file))
    first = np.searchsorted(file[order], np.arange(n_files))
    counts = np.bincount(file, minlength=n_files)
    pick = order[first]
    second = np.full(n_files, np.inf)
    several = counts > 1
    second[several] = value[order[first[several] + 1]]
    return value[pick], second, pick


def nearest(file: Ints32, value: Floats, count: int) -> Bools:
    """Say which columns are among so many cheapest ones of their file.

    Examples
    --------
    >>> nearest(np.array([0, 1, 0, 0], dtype=np.int32), np.array([3.0, 9.0, 1.0, 2.0]), 2).tolist()
    [False, True, True, True]
    """
    order = np.lexsort((value, file))
    begin = np.searchsorted(file[order], file[order])
    near = np.zeros(file.size, dtype=np.bool_)
    near[order[np.arange(file.size) - begin < count]] = True
    return near


def largest(file: Ints32, share: Floats, n_files: int) -> Ints:
    """Find the column with the largest share of each file, ties to the one found last.

    Examples
    --------
    >>> largest(np.array([0, 0, 1], dtype=np.int32), np.array([0.5, 0.5, 1.0]), 2).tolist()
    [1, 2]
    """
    pick = np.zeros(n_files, dtype=np.int64)
    order = np.argsort(share, kind="stable")
    pick[file[order]] = order
    return pick


def least(value: Floats, count: int) -> Bools:
    """Say which values are finite and among so many least ones.

    Examples
    --------
    >>> least(np.array([2.0, np.inf, 1.0, 3.0]), 2).tolist()
    [True, False, True, False]
    """
    chosen = np.zeros(value.size, dtype=np.bool_)
    order = np.argsort(value, kind="stable")[:count]
    chosen[order] = np.isfinite(value[order])
    return chosen
