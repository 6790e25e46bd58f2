"""What copies are worth: the order in which they are fetched, and what is lost where they are not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.fill.loads import value_kernels as kernels
from cdnplan.fill.loads.loads import network, region_rows
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Placement, Serving


def file_values(
    instance: Instance, placement: Placement, serving: Serving, more: npt.NDArray[np.bool_]
) -> Floats:
    """What it saves that a pool holds a file, given what all others hold and who serves whom.

    Bytes the pool serves times how much dearer they would come from the next site that holds the file, or
    from the origin. Pools of one site share this by what they serve; what a copy takes off crowded
    appliances is not counted.

    Parameters
    ----------
    instance : Instance
    placement, serving : Placement, Serving
        Must belong together.
    more : (n_pools, n_files) bool
        Files that pools do not hold in this placement; what their regions would save if one of them did.

    Returns
    -------
    (n_pools, n_files) float64
        [currency per period], 0 for all other pairs.
    """
    net = network(instance, serving)
    ptr, rows = region_rows(instance, net, placement, serving.apart)
    out = np.zeros((instance.n_pools, instance.n_files))
    kernels.savings(
        net,
        np.ascontiguousarray(placement.holds),
        more,
        instance.cand_cost,
        instance.origin_cost,
        instance.pool_site.astype(np.int64),
        ptr,
        rows,
        out,
    )
    return out
