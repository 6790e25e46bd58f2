"""The two nearest holders of every file for every region that asks for it, kept as holders change.

With them the value of a file in a pool costs one look, and a change of few files a few.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.problem.arrays import Bools, Network, RowDemand

Slots = npt.NDArray[np.uint16]


class Nearest(NamedTuple):
    """The two nearest holders of all that regions ask for.

    Parameters
    ----------
    start : (n_regions + 1,) int64
        Where a region's entries begin in the others, in the order of its row of demand.
    first, second : (.,) uint16
        Slots: places in the region's list of candidates by cost, or the list's length for the origin.
    """

    start: Ints
    first: Slots
    second: Slots


@njit(cache=True, allocates=False)
def nearest(r: int, f: int, net: Network, holds: Bools) -> tuple[int, int]:
    """Slots of the nearest and second nearest holder of a file; beyond the last slot: the origin."""
    width = net.ptr[r + 1] - net.ptr[r]
    first = width
    for slot in range(width):
        j = net.ptr[r] + slot
        if net.costs[j] >= net.origin[r]:
            break
        if holds[net.pools[j], f]:
            if first < width:
                return first, slot
            first = slot
    return first, width


@njit(cache=True, nogil=True, allocates=False)
def nearest_holders(regions: Ints, demand: RowDemand, net: Network, holds: Bools, found: Nearest) -> None:
    """Note the two nearest holders of all that the listed regions ask for."""
    file, first, second = demand.file, found.first, found.second
    for r in regions:
        lo, hi = demand.ptr[demand.region_row[r]], demand.ptr[demand.region_row[r] + 1]
        start, width = found.start[r], net.ptr[r + 1] - net.ptr[r]
        for k in range(hi - lo):
            first[start + k] = second[start + k] = width
        for slot in range(width - 1, -1, -1):
            j = net.ptr[r] + slot
            if net.costs[j] >= net.origin[r]:
                continue
            held = holds[net.pools[j]]
            for k in range(hi - lo):
                if held[file[lo + k]]:
                    second[start + k] = first[start + k]
                    first[start + k] = slot


@njit(cache=True, allocates=False)
def pool_values(p: int, demand: RowDemand, net: Network, found: Nearest, value: Floats) -> None:
    """What each file saves in pool p, given all other pools."""
    for f in range(value.size):
        value[f] = 0.0
    for i in range(net.pool_ptr[p], net.pool_ptr[p + 1]):
        r = net.pool_region[i]
        begin = net.ptr[r]
        width = net.ptr[r + 1] - begin
        own = 0
        while net.pools[begin + own] != p:
            own += 1
        mine = net.costs[begin + own]
        if mine >= net.origin[r]:
            continue
        lo, hi = demand.ptr[demand.region_row[r]], demand.ptr[demand.region_row[r] + 1]
        for k in range(hi - lo):
            other = np.int64(found.first[found.start[r] + k])
            if other < own:
                continue
            if other == own:
                other = np.int64(found.second[found.start[r] + k])
            dearer = net.origin[r] if other == width else net.costs[begin + other]
            value[demand.file[lo + k]] += demand.region_share[r] * demand.gb[lo + k] * (dearer - mine)


@njit(cache=True, allocates=False)
def note_changes(
    p: int, changed: Ints, demand: RowDemand, net: Network, holds: Bools, found: Nearest
) -> None:
    """Note anew the nearest holders of the changed files in the regions of pool p."""
    for i in range(net.pool_ptr[p], net.pool_ptr[p + 1]):
        r = net.pool_region[i]
        lo, hi = demand.ptr[demand.region_row[r]], demand.ptr[demand.region_row[r] + 1]
        for f in changed:
            k = lo + f
            if hi - lo != holds.shape[1]:  # not every file is asked for: look it up
                k = lo + np.searchsorted(demand.file[lo:hi], f)
                if k == hi or demand.file[k] != f:
                    continue
            one, two = nearest(r, f, net, holds)
            found.first[found.start[r] + k - lo] = one
            found.second[found.start[r] + k - lo] = two
