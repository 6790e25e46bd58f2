"""Whether appliances have room for what their pools hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.fill.shelves.whole_kernels import pack_pools
from cdnplan.lanes import in_lanes
from cdnplan.model.instance.instance import Instance

Bools = npt.NDArray[np.bool_]

_ROUNDING = 1e-9


def packs(instance: Instance, holds: Bools) -> Bools:
    """Look for an arrangement of each pool's files within the storage of its appliances.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool

    Returns
    -------
    (n_pools,) bool
        Whether there is one, each copy of a file on an appliance of its own. False also where none was found
        in a bounded search. Time to fetch and loads are not looked at.

    Examples
    --------
    >>> from tests.fill.pools import Pool
    >>> instance, placement, _ = Pool([6.0, 6.0, 6.0], [1.0, 1.0, 1.0], appliances=2, storage_gb=10.0).case()
    >>> packs(instance, placement.holds).tolist()
    [False]
    """
    packed = np.ones(instance.n_pools, dtype=np.bool_)
    in_lanes(
        pack_pools,
        np.arange(instance.n_pools),
        holds.sum(axis=1) + 1.0,
        holds,
        np.argsort(-instance.size_gb, kind="stable"),
        instance.size_gb,
        instance.copies,
        instance.pool_appliances.astype(np.int64),
        instance.appliance_storage_gb * (1 + _ROUNDING),
        packed,
    )
    return packed
