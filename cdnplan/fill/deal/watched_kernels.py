"""Kernel that tells how much of each row of demand some appliances serve."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.fill.loads.loads_kernels import Network

Array = npt.NDArray[Any]


class WatchedCopies(NamedTuple):
    """Copies on watched appliances: those of pool p are ``ptr[p]:ptr[p + 1]``, sorted by file.

    `appliance` counts the pool's watched appliances from 0, of which it has ``number[p]``; `part` of the
    file's load in the pool is on this copy.
    """

    ptr: Array
    file: Array
    appliance: Array
    part: Array
    number: Array


@njit(cache=True)
def _served_gb(r: int, net: Network, copies: WatchedCopies, ptr: Array, rows: Array) -> tuple[Array, Array]:
    """What watched appliances would serve of each row, were it served by their pools alone [GB]; all of it.

    Appliances come entry by entry.
    """
    n_rows, width = net.serving_ptr[r + 1] - net.serving_ptr[r], 0
    for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
        width += copies.number[net.cand_pool[j]]
    served, gb = np.zeros((n_rows, width)), np.zeros(n_rows)
    first = net.demand_ptr[net.region_row[r]]
    n_files = net.demand_ptr[net.region_row[r] + 1] - first
    for n in range(n_files):
        if rows[ptr[r] + n] >= 0:
            gb[rows[ptr[r] + n]] += net.region_share[r] * net.demand_gb[first + n]
    offset = 0
    for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
        p = net.cand_pool[j]
        i = copies.ptr[p]
        for n in range(n_files):
            # Both are sorted by file.
            file = net.demand_file[first + n]
            while i < copies.ptr[p + 1] and copies.file[i] < file:
                i += 1
            row = rows[ptr[r] + n]
            while i < copies.ptr[p + 1] and copies.file[i] == file:
                if row >= 0:
                    each = net.region_share[r] * net.demand_gb[first + n]
                    served[row, offset + copies.appliance[i]] += each * copies.part[i]
                i += 1
        offset += copies.number[p]
    return served, gb


@njit(cache=True, nogil=True)
def watched_parts(
    regions: Array,
    net: Network,
    copies: WatchedCopies,
    ptr: Array,
    rows: Array,
    start: Array,
    count: Array,
    row_of: Array,
    entry: Array,
    appliance: Array,
    part: Array,
) -> None:
    """Count what `start` has no room for yet, or write: row, entry, appliance of the pool, part of the row.

    `ptr` and `rows` are those of `signature_rows`; entries of region r are written from ``start[r]`` on.
    """
    for r in regions:
        served, gb = _served_gb(r, net, copies, ptr, rows)
        n = 0
        for row in range(gb.size):
            offset = 0
            for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
                width = copies.number[net.cand_pool[j]]
                for a in range(width):
                    if served[row, offset + a] > 0.0:
                        if start.size:
                            at = start[r] + n
                            row_of[at], entry[at], appliance[at] = net.serving_ptr[r] + row, j, a
                            part[at] = served[row, offset + a] / gb[row]
                        n += 1
                offset += width
        count[r] = n
