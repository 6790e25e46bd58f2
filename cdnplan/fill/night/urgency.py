"""In which order appliances fetch: by value per byte, and earlier what others wait for to go."""

from __future__ import annotations

import numpy as np

from cdnplan.fill.loads.loads import pointers
from cdnplan.fill.night.source_kernels import Network
from cdnplan.fill.night.urgency_kernels import inherit
from cdnplan.model.instance.instance import Floats, Ints


def fetching_order(
    network: Network,
    stored_gb: Floats,
    wanted: tuple[Ints, Ints, Floats],
    rank: Ints,
    leaving: tuple[Ints, Ints],
    kept_file: Ints,
    chain: int,
) -> Ints:
    """Order wanted copies by appliance and urgency, the most urgent first.

    Those of the highest rank come first, then what saves most per byte. Where the last copy of a file takes
    the space of something more urgent than the file itself, the file is as urgent as that, wherever it is
    wanted: the priority inheritance of real-time systems [1]_. Without it, full appliances that change places
    wait for one another.

    Parameters
    ----------
    network : Network
    stored_gb : (n_appliances,) float64
        What they hold at first [GB].
    wanted : tuple of (n_wanted,) arrays
        Appliance, file, value [currency per period].
    rank : (n_wanted,) int64
        Copies of a higher rank come first.
    leaving : tuple of (n_leaving,) arrays
        Appliance and file of what goes, by appliance, the first to go first.
    kept_file : (n_kept,) int64
        Files of the copies that stay.
    chain : int
        Times that urgency is handed on: along chains of so many appliances that wait for one another.

    Returns
    -------
    (n_wanted,) int64
        Positions in `wanted`.

    References
    ----------
    .. [1] L. Sha, R. Rajkumar and J. P. Lehoczky, "Priority inheritance protocols", IEEE Transactions on
       Computers 39(9), 1990.
    """
    appliance, file, value = wanted
    n_files, n_appliances = network.size_gb.size, network.site.size
    size = network.size_gb[file]
    own = value / size
    if rank.any():
        own = own + rank * (own.max() + 1.0)
    urgency = own
    order = np.lexsort((file, -urgency, appliance))
    holders = np.bincount(leaving[1], minlength=n_files)
    sought = np.zeros(n_files, dtype=np.bool_)
    sought[file] = True
    sought[kept_file] = False
    last = sought[leaving[1]] & (holders[leaving[1]] == 1)
    if not last.any():
        return order.astype(np.int64)
    by_file = np.zeros(n_files)
    ptr = pointers(np.bincount(appliance, minlength=n_appliances))
    leaving_ptr = pointers(np.bincount(leaving[0], minlength=n_appliances))
    for _ in range(chain):
        raised = inherit(
            ptr,
            size[order],
            urgency[order],
            leaving_ptr,
            leaving[1],
            network.size_gb[leaving[1]],
            last,
            network.limit_gb - stored_gb,
            by_file,
        )
        if not raised:
            break
        urgency = np.maximum(own, by_file[file])
        order = np.lexsort((file, -own, -urgency, appliance))
    return order.astype(np.int64)
