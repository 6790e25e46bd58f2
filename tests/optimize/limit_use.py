"""Use of all limits as plans are counted, for tests."""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance import Floats, Instance
from cdnplan.optimize.objective import link_loads, pool_loads


def gbps_used(instance: Instance, served: Floats) -> Floats:
    """Use of limits of Gbit/s: of pools by slice, then of links by slice.

    `served` is GB by candidate entry, then by region from the origin.
    """
    n_cand = instance.cand_pool.size
    pools = pool_loads(instance, served[:n_cand])
    links = link_loads(instance, served[:n_cand], served[n_cand:])
    return np.concatenate([pools.ravel(), links.ravel()])


def limit_use(instance: Instance, stored: Floats, fresh: Floats, served: Floats) -> Floats:
    """The same with stored and new GB of pools, in the order of `LimitVector`."""
    return np.concatenate([stored, gbps_used(instance, served), fresh])
