"""Choose one of several known columns of every file, file after file, as total use moves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints, Ints32


class KnownColumns(NamedTuple):
    """Columns of all files, as many of each, those of a file together.

    Parameters
    ----------
    cost : (n_columns,) float64
        Without prices of limits.
    ptr : (n_columns + 1,) int64
    which, use : (n,) int32, float32
        Limits a column uses, and how much of them.
    """

    cost: Floats
    ptr: Ints
    which: Ints32
    use: npt.NDArray[np.float32]


@part
def charge(used: float, more: float, limit: float, price: float, stiffness: float) -> float:
    """What more of a limit costs where its price grows with use: price x max(0, 1 + stiffness x overuse)."""
    before = max(0.0, 1.0 + stiffness * (used / limit - 1.0))
    after = max(0.0, 1.0 + stiffness * ((used + more) / limit - 1.0))
    return price * limit / (2.0 * stiffness) * (after * after - before * before)


@njit(cache=True, allocates=False)
def choose_columns(
    order: Ints,
    n_known: int,
    columns: KnownColumns,
    limit: Floats,
    price: Floats,
    stiffness: float,
    total: Floats,
    pick: Ints,
) -> int:
    """Let each file take the column that costs least, given what all others use; in place.

    Parameters
    ----------
    order : (n_files,) int64
        Files, as they choose.
    n_known : int
        Columns of each file.
    columns : KnownColumns
    limit, price : (n_limits,) float64
        Limits, > 0, and their prices where all of them is used.
    stiffness : float
        See `charge`.
    total : (n_limits,) float64
        What all files use of each limit.
    pick : (n_files,) int64
        Each file's column.

    Returns
    -------
    int
        How many files changed.
    """
    cost, ptr, which, use = columns.cost, columns.ptr, columns.which, columns.use
    changes = 0
    for f in order:
        first = f * n_known
        for j in range(ptr[first + pick[f]], ptr[first + pick[f] + 1]):
            total[which[j]] -= use[j]
        best, least = pick[f], np.inf
        for k in range(n_known):
            value = cost[first + k]
            for j in range(ptr[first + k], ptr[first + k + 1]):
                i = which[j]
                value += charge(total[i], use[j], limit[i], price[i], stiffness)
            if value < least or (value == least and k == pick[f]):
                best, least = k, value
        changes += best != pick[f]
        pick[f] = best
        for j in range(ptr[first + best], ptr[first + best + 1]):
            total[which[j]] += use[j]
    return changes
