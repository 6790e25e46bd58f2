"""The simplest plan with the same lag: each site filled with what was most asked for per GB stored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Instance
from cdnplan.replay.caches.warmup import site_gb
from cdnplan.replay.requests.places import Places


def most_popular(known: Instance, places: Places) -> npt.NDArray[np.bool_]:
    """Fill every site by itself with what the regions that come to it first asked for.

    Parameters
    ----------
    known : Instance
        Demand of the period before.
    places : Places

    Returns
    -------
    (n_pools, n_files) bool
        Files by bytes per GB stored, each into the first pool of the site that has room and may hold it.
    """
    asked = site_gb(known, places, None)
    holds = np.zeros((known.n_pools, known.n_files), dtype=np.bool_)
    for site in range(len(places.sites)):
        pools = np.flatnonzero(places.pool_site == site)
        files = np.flatnonzero(asked[site] > 0)
        order = files[np.lexsort((files, -asked[site, files] / known.size_gb[files]))]
        for pool in pools.tolist():
            ok = order[known.copies[pool, order] > 0]
            taken = known.size_gb[ok] * known.copies[pool, ok]
            # Whatever still fits comes in: in rank order, as far as there is room.
            left = known.storage_gb[pool]
            kept = np.zeros(ok.size, dtype=np.bool_)
            smallest = float(taken.min(initial=np.inf))
            for i, gb in enumerate(taken.tolist()):
                if left < smallest:
                    break
                if gb <= left:
                    kept[i] = True
                    left -= gb
            holds[pool, ok[kept]] = True
            order = order[~holds[pool, order]]
    return holds
