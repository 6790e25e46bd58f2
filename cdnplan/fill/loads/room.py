"""How many new bytes each pool may have, where pools share limits on these, too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.optimize.problem.limits import volume_use
from cdnplan.optimize.problem.objective import new_gb


def new_room_gb(instance: Instance, holds: npt.NDArray[np.bool_]) -> Floats:
    """How many new bytes each pool may have, given what all others hold.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool

    Returns
    -------
    (n_pools,) float64
        No less than what a pool has itself where no limit is passed; inf where there is no limit [GB].
    """
    row, _ = instance.volumes.shared(instance.n_pools)
    shared = instance.volumes.fresh[row].any()
    return room_beside(instance, new_gb(instance, holds)) if shared else instance.new_limit_gb


def room_beside(instance: Instance, taken_gb: Floats) -> Floats:
    """The same, given what each pool takes in, (n_pools,) [GB]."""
    rows = instance.volumes
    room = instance.new_limit_gb.copy()
    row, pool = rows.shared(instance.n_pools)
    row, pool = row[rows.fresh[row]], pool[rows.fresh[row]]
    left = rows.capacity_gb - volume_use(instance, np.append(np.zeros(instance.n_pools), taken_gb))
    np.minimum.at(room, pool, np.maximum(0.0, taken_gb[pool] + left[row]))
    return room
