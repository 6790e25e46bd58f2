"""Kernel that counts into small integers: there are many cells, and few of anything in each."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from cdnplan.compiled import njit

Array = npt.NDArray[Any]


@njit(cache=True)
def count(found: Array, cells: Array) -> None:
    """Add 1 to ``found[c]`` for each c in `cells`, as often as it is there.

    Parameters
    ----------
    found : (n_cells,)
        Of any type of integers that is wide enough.
    cells : (n,) int64
    """
    for c in cells:
        found[c] += 1
