"""Use of all limits as plans are counted, for tests."""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.optimize.problem.limits import volume_use
from cdnplan.optimize.problem.objective import rate_loads


def rates_used(instance: Instance, served: Floats) -> Floats:
    """Use of rate rows by slice; `served` is GB by candidate entry, then by region from the origin."""
    n_cand = instance.cand_pool.size
    return rate_loads(instance, served[:n_cand], served[n_cand:]).ravel()


def limit_use(instance: Instance, stored: Floats, fresh: Floats, served: Floats) -> Floats:
    """The same after stored and new GB of pools, in the order of `LimitVector`."""
    volumes = volume_use(instance, np.concatenate([stored, fresh]))
    return np.concatenate([volumes, rates_used(instance, served)])
