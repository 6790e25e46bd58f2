"""Kernel that sorts, for other kernels of all floors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit

Array = npt.NDArray[Any]

RUN = 16
"""So many values in a row are sorted by insertion before they are merged."""


@njit(cache=True)
def increasing(values: Array) -> Array:
    """Indices of values in increasing order, equal ones as they stand; none may be NaN.

    The same as ``np.argsort(values, kind="mergesort")``, which numba compiles anew in every process.

    Examples
    --------
    >>> increasing(np.array([2.0, 1.0, 2.0, 0.0])).tolist()
    [3, 1, 0, 2]
    """
    n = values.size
    order, merged = np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(n):
        at = i
        while at % RUN > 0 and values[i] < values[order[at - 1]]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = i
    width = RUN
    while width < n:
        for first in range(0, n, 2 * width):
            middle, last = min(first + width, n), min(first + 2 * width, n)
            a, b = first, middle
            for k in range(first, last):
                if b == last or (a < middle and not values[order[b]] < values[order[a]]):
                    merged[k] = order[a]
                    a += 1
                else:
                    merged[k] = order[b]
                    b += 1
        order, merged = merged, order
        width *= 2
    return order
