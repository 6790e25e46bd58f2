"""Independent items dealt out to threads.

Kernels that release the interpreter and write to disjoint outputs run in plain threads: the same result
for any number of threads, and a third of the compilation time of numba's own parallel loops.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import get_num_threads


def in_lanes(
    kernel: Callable[..., None], items: npt.NDArray[Any], work: npt.NDArray[Any], *args: Any
) -> None:
    """Call ``kernel(part, *args)`` for parts of `items` of about the same work, one part per thread.

    Parameters
    ----------
    kernel : callable
        Works on each item of its first argument on its own; the order must not matter.
    items : (n,) integer array
    work : (n,) array
        Estimated effort of each item.
    args
        Further arguments, the same for all parts.

    Notes
    -----
    The number of threads is numba's (``numba.set_num_threads``, ``NUMBA_NUM_THREADS``).

    Examples
    --------
    >>> seen = []
    >>> in_lanes(lambda part, out: out.extend(part.tolist()), np.arange(3), np.array([1, 5, 2]), seen)
    >>> sorted(seen)
    [0, 1, 2]
    """
    if not items.size:
        return
    lanes = min(get_num_threads(), items.size)
    ordered = items[np.argsort(-work.astype(np.float64), kind="stable")].astype(np.int64)
    if lanes == 1:
        kernel(ordered, *args)
        return
    with ThreadPoolExecutor(lanes) as pool:
        parts = [ordered[lane::lanes].copy() for lane in range(lanes)]
        for done in [pool.submit(kernel, part, *args) for part in parts]:
            done.result()
