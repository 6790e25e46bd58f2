"""How many new bytes each pool may have, where pools share limits on these, too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance
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
    shared = instance.volumes.fresh[2 * instance.n_pools :].any()
    return room_beside(instance, new_gb(instance, holds)) if shared else instance.new_limit_gb


def room_beside(instance: Instance, taken_gb: Floats) -> Floats:
    """The same, given what each pool takes in, (n_pools,) [GB]."""
    rows, n = instance.volumes, instance.n_pools
    room = instance.new_limit_gb.copy()
    for row in (2 * n + np.flatnonzero(rows.fresh[2 * n :])).tolist():
        pools = rows.pools_of(row)
        left = rows.capacity_gb[row] - taken_gb[pools].sum()
        room[pools] = np.minimum(room[pools], np.maximum(0.0, taken_gb[pools] + left))
    return room
