"""Demand by region and signature: which of a region's candidates hold a file.

A signature has one bit per candidate, in as many words of 64 as the region needs; the words of a wider
region's signatures that a region does not need stay 0. Appliances told apart have bits like candidates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.lanes import in_lanes
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.plan.apart import Apart, mask_words, signature_holders
from cdnplan.optimize.problem.arrays import RowDemand
from cdnplan.order_kernels import increasing

Bools = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]

DENSE_BITS = 12
"""Up to so many candidates, signatures are counted in a table of 2^bits; above, by sorting."""


class Bits(NamedTuple):
    """As `cdnplan.model.plan.apart.Holders`: bits of each region, the row of `holds` of each bit."""

    ptr: Ints
    row: Ints32
    holds: Bools


class Table(NamedTuple):
    """Where signatures of each region go: from which row on, how many they are, themselves and their GB."""

    start: Ints
    length: Ints
    mask: Words
    gb: Floats


@njit(cache=True, nogil=True)
def _signatures(regions: Ints, demand: RowDemand, bits: Bits, table: Table) -> None:
    """Sum up the signatures of some regions."""
    demand_file, demand_gb, ptr, holds = demand.file, demand.gb, bits.ptr, bits.holds
    mask_out, gb_out = table.mask, table.gb
    for r in regions:
        lo, hi = demand.ptr[demand.region_row[r]], demand.ptr[demand.region_row[r] + 1]
        share, start = demand.region_share[r], table.start[r]
        width = ptr[r + 1] - ptr[r]
        words = max(1, (width + 63) // 64)
        masks = np.zeros((words, hi - lo), np.uint64)
        for k in range(width):
            p = bits.row[ptr[r] + k]
            bit = np.uint64(1) << np.uint64(k % 64)
            word = masks[k // 64]
            for i in range(lo, hi):
                if holds[p, demand_file[i]]:
                    word[i - lo] |= bit
        n = 0
        if width <= DENSE_BITS:
            sums = np.zeros(1 << width)
            for i in range(lo, hi):
                sums[np.int64(masks[0, i - lo])] += np.float64(demand_gb[i])
            for m in range(sums.size):
                if sums[m] > 0.0:
                    mask_out[start + n, 0] = np.uint64(m)
                    gb_out[start + n] = sums[m] * share
                    n += 1
        else:
            # Stable sorts by each word, the last one last: increasing as one long number.
            order = increasing(masks[0])
            for w in range(1, words):
                order = order[increasing(masks[w][order])]
            for i in order:
                gb = np.float64(demand_gb[lo + i]) * share
                at = start + n - 1
                same = n > 0
                for w in range(words):
                    same = same and mask_out[at, w] == masks[w, i]
                if not same:
                    at += 1
                    n += 1
                    for w in range(words):
                        mask_out[at, w] = masks[w, i]
                    gb_out[at] = 0.0
                gb_out[at] += gb
        table.length[r] = n


@njit(cache=True, allocates=False)
def _compare(mask: Words, other: Words) -> int:
    """Below, at or above 0 as the first signature is less, equal or more: the last word counts most."""
    for w in range(mask.size - 1, -1, -1):
        if mask[w] != other[w]:
            return -1 if mask[w] < other[w] else 1
    return 0


@njit(cache=True, allocates=False)
def row_of(mask: Words, masks: Words, first: int, last: int) -> int:
    """Position of a signature in an increasing list, counted from `first`, or -1.

    Examples
    --------
    >>> masks = np.array([[1], [4], [6]], dtype=np.uint64)
    >>> row_of(masks[2], masks, 1, 3), row_of(masks[0], masks, 1, 3)
    (1, -1)
    """
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if _compare(masks[middle], mask) < 0:
            low = middle + 1
        else:
            high = middle
    if low < last and _compare(masks[low], mask) == 0:
        return low - first
    return -1


def signature_table(
    instance: Instance, holds: Bools, apart: Apart | None = None
) -> tuple[Ints, Words, Floats]:
    """Sum each region's demand over files that the same candidates hold.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
    apart : Apart, optional
        Appliances that have bits, too.

    Returns
    -------
    ptr : (n_regions + 1,) int64
    mask : (n_rows, n_words) uint64
    gb : (n_rows,) float64
        As in `Serving`.
    """
    bits = signature_holders(instance, holds, apart)
    width = np.diff(bits.ptr)
    entries = np.diff(instance.demand_ptr)[instance.region_row]
    room = np.where(width <= DENSE_BITS, np.minimum(1 << np.minimum(width, DENSE_BITS), entries), entries)
    start = np.concatenate([[0], np.cumsum(room)]).astype(np.int64)
    count = np.zeros(instance.n_regions, dtype=np.int64)
    mask = np.zeros((start[-1], mask_words(bits.ptr)), dtype=np.uint64)
    gb = np.zeros(start[-1])
    in_lanes(
        _signatures,
        np.arange(instance.n_regions),
        entries,
        RowDemand.of(instance),
        Bits(bits.ptr, bits.row, bits.holds),
        Table(start, count, mask, gb),
    )
    used = np.arange(start[-1]) < np.repeat(start[:-1] + count, room)
    ptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return ptr, mask[used], gb[used]


def first_slots(mask: Words) -> Ints:
    """Find the first holder of each signature, the cheapest one, as candidates are sorted.

    Parameters
    ----------
    mask : (n_rows, n_words) uint64

    Returns
    -------
    (n_rows,) int64
        Its number within the region; -1 where no candidate holds these files.

    Examples
    --------
    >>> first_slots(np.array([[0, 0], [12, 1], [0, 1]], dtype=np.uint64)).tolist()
    [-1, 2, 64]
    """
    slot = np.full(mask.shape[0], -1, dtype=np.int64)
    for word in reversed(range(mask.shape[1])):
        some = np.flatnonzero(mask[:, word])
        bits = mask[some, word]
        lowest = bits & (~bits + np.uint64(1))
        slot[some] = 64 * word + np.frexp(lowest.astype(np.float64))[1] - 1
    return slot


def held_slots(mask: Words) -> tuple[Ints, Ints]:
    """List the holders of signatures.

    Parameters
    ----------
    mask : (n_rows, n_words) uint64

    Returns
    -------
    row, slot : (n_held,) int64
        Numbers of the row and of the holder within its region, increasing.

    Examples
    --------
    >>> row, slot = held_slots(np.array([[0, 0], [12, 1], [0, 1]], dtype=np.uint64))
    >>> row.tolist(), slot.tolist()
    ([1, 1, 1, 2], [2, 3, 64, 64])
    """
    octets = np.ascontiguousarray(mask.astype("<u8")).view(np.uint8)
    row, slot = np.nonzero(np.unpackbits(octets, axis=1, bitorder="little"))
    return row.astype(np.int64), slot.astype(np.int64)
