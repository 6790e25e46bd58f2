"""A cache that begins with the plan and corrects the plan's forecast by its own counts.

A file is worth the bytes it is expected to be asked for per byte it takes, as in GDSF [1]_; but how often it
will be asked for is not how often it was: it is the mean of a Dirichlet distribution whose prior is the
forecast, (α·forecast share + requests counted) / (α + all requests counted). Early in a period the forecast
decides, later the counts do, and the further off forecasts have been, the sooner. A missed file is let in
where those worth less make room for it.

References
----------
.. [1] L. Cherkasova, "Improving WWW proxies performance with greedy-dual-size-frequency caching policy",
   HP Labs, 1998.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.replay.caches import corrected_kernels as kernels
from cdnplan.replay.caches.caches import CacheRun
from cdnplan.replay.caches.prefill import Plays

CORRECTED = "corrected"
"""Name of the policy."""
COUNTS = "counts"
"""Name of the same cache without plan and forecast: what the counts do by themselves."""


def run_corrected(
    storage: int,
    sizes: Ints,
    stock: Ints,
    files: Ints,
    marks: Sequence[int],
    *,
    given: Sequence[Ints],
    expected: Plays,
    strength: Floats,
    play_gb: Floats,
) -> CacheRun:
    """Run the requests of some periods through one such cache.

    Parameters
    ----------
    storage, sizes
        As in `cdnplan.replay.caches.caches.run_cache`.
    stock : (n,) int64
        What it starts with.
    files : (n,) int64
        Requests.
    marks : sequence of int
        Place at which each period begins.
    given : sequence of (n,) int64
        What it is given then.
    expected : (n_periods, n_files) float32
        Plays that are forecast.
    strength : (n_periods,) float64
        Requests that a whole forecast is worth; nan: as many as files are given, one for each.
    play_gb : (n_files,) float64
        Bytes of a play [GB].

    Returns
    -------
    CacheRun
    """
    hit = np.zeros(files.size, dtype=np.bool_)
    held = np.zeros((len(given), sizes.size), dtype=np.bool_)
    if storage <= 0:
        return CacheRun(hit, held)
    fitting = [_fitting(file, sizes, storage) for file in given]
    held[0, _fitting(stock, sizes, storage)] = True
    total = expected.sum(axis=1, keepdims=True, dtype=np.float64)
    share = np.divide(expected, total, out=np.zeros(expected.shape), where=total > 0)
    weight = np.where(np.isnan(strength), [float(file.size) for file in given], strength)
    kernels.run(
        storage,
        sizes,
        play_gb,
        files,
        np.append(np.asarray(marks, dtype=np.int64), files.size),
        kernels.Gifts(np.cumsum([0, *(file.size for file in fitting)]), np.concatenate(fitting)),
        share * weight[:, None],
        hit,
        held,
    )
    return CacheRun(hit, held)


def _fitting(files: Ints, sizes: Ints, storage: int) -> Ints:
    """The most valuable of some files that fit together; the last come first, rounding may lose one."""
    there = np.cumsum(sizes[files[::-1]]) <= storage
    return files[::-1][there]
