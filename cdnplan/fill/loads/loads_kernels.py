"""Kernels behind `loads`: signatures of files by region, and loads of files on pools.

Threads write to disjoint outputs and every sum runs in one fixed order, so results do not depend on
the number of threads.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.optimize.serve.signature_kernels import row_of

Array = npt.NDArray[Any]

_TABLE_BITS = 12  # regions of so many bits at most look signatures up in a table of all


class Network(NamedTuple):
    """The arrays of `Instance` and `Serving` that loads depend on, under like names.

    `pool_entry` lists the candidate entries of each pool, cut by `pool_entry_ptr`; `entry_region` is
    the region of each entry.
    """

    cand_ptr: Array
    cand_pool: Array
    entry_region: Array
    pool_entry_ptr: Array
    pool_entry: Array
    region_row: Array
    region_share: Array
    gbps_per_gb: Array
    demand_ptr: Array
    demand_file: Array
    demand_gb: Array
    serving_ptr: Array
    serving_mask: Array
    share_ptr: Array
    share_slot: Array
    share_ratio: Array


@njit(cache=True)
def _looked_up(
    r: int,
    net: Network,
    start: int,
    width: int,
    bit_row: Array,
    holds: Array,
    table: Array,
    code: Array,
    rows: Array,
) -> int:
    """Rows of a region with few bits, by a table of all signatures; returns how many are unknown.

    `table` and `code` are scratch.
    """
    table[: 1 << width] = -1
    for row in range(net.serving_ptr[r], net.serving_ptr[r + 1]):
        table[np.int64(net.serving_mask[row, 0])] = row - net.serving_ptr[r]
    first = net.demand_ptr[net.region_row[r]]
    files = net.demand_file[first : net.demand_ptr[net.region_row[r] + 1]]
    code[: files.size] = 0
    for k in range(width):
        held, bit = holds[bit_row[start + k]], np.int32(1 << k)
        for n in range(files.size):
            if held[files[n]]:
                code[n] |= bit
    missing = 0
    for n in range(files.size):
        rows[n] = table[code[n]]
        missing += table[code[n]] < 0 < code[n]
    return missing if net.region_share[r] > 0.0 else 0


@njit(cache=True, nogil=True)
def signature_rows(
    regions: Array,
    net: Network,
    bit_ptr: Array,
    bit_row: Array,
    holds: Array,
    ptr: Array,
    rows: Array,
    unknown: Array,
) -> None:
    """Write the serving row of each file of its demand row into `rows`.

    Bits ``bit_ptr[r]:bit_ptr[r + 1]`` of signatures say what `bit_row` of `holds` says of a file.

    ``rows[ptr[r] + n]`` belongs to the n-th file of the demand row of region r: the serving row,
    counted from the region's first, or -1 where there is none. ``unknown[r]`` becomes the number of
    files with a holder and no row: not 0 where serving and placement disagree.
    """
    mask = np.zeros(net.serving_mask.shape[1], np.uint64)
    table, code = np.zeros(1 << _TABLE_BITS, np.int32), np.zeros(holds.shape[1], np.int32)
    for r in regions:
        first = net.demand_ptr[net.region_row[r]]
        start = bit_ptr[r]
        width = bit_ptr[r + 1] - start
        if width <= _TABLE_BITS:
            unknown[r] = _looked_up(
                r, net, start, width, bit_row, holds, table, code, rows[ptr[r] : ptr[r + 1]]
            )
            continue
        missing = 0
        for n in range(net.demand_ptr[net.region_row[r] + 1] - first):
            file = net.demand_file[first + n]
            mask[:] = np.uint64(0)
            for k in range(width):
                if holds[bit_row[start + k], file]:
                    mask[k // 64] |= np.uint64(1) << np.uint64(k % 64)
            row = row_of(mask, net.serving_mask, net.serving_ptr[r], net.serving_ptr[r + 1])
            rows[ptr[r] + n] = row
            if row < 0 and mask.any() and net.region_share[r] > 0.0:
                missing += 1
        unknown[r] = missing


@njit(cache=True)
def _shares(net: Network, r: int, k: int, share: Array) -> bool:
    """Write the share that each row of region r gets through its k-th candidate; whether any gets some."""
    some = False
    first = net.serving_ptr[r]
    for row in range(first, net.serving_ptr[r + 1]):
        share[row - first] = 0.0
        for n in range(net.share_ptr[row], net.share_ptr[row + 1]):
            if net.share_slot[n] == k:
                share[row - first] = net.share_ratio[n]
                some = some or net.share_ratio[n] > 0.0
    return some


@njit(cache=True)
def _add_entry(net: Network, j: int, place: Array, ptr: Array, rows: Array, share: Array, out: Array) -> None:
    """Add what a region gets through one of its candidate entries; `share` has room for its rows."""
    r = net.entry_region[j]
    if not _shares(net, r, j - net.cand_ptr[r], share):
        return
    first = net.demand_ptr[net.region_row[r]]
    for n in range(net.demand_ptr[net.region_row[r] + 1] - first):
        row = rows[ptr[r] + n]
        if row < 0 or share[row] <= 0.0:
            continue
        where = place[net.demand_file[first + n]]
        if where < 0:
            continue
        gb = net.region_share[r] * net.demand_gb[first + n] * share[row]
        for t in range(out.shape[1]):
            out[where, t] += gb * net.gbps_per_gb[r, t]


@njit(cache=True, nogil=True)
def slice_loads(
    pools: Array,
    net: Network,
    first_pool: int,
    held_ptr: Array,
    held_file: Array,
    n_files: int,
    most_rows: int,
    ptr: Array,
    rows: Array,
    out: Array,
) -> None:
    """Add to ``out[n, t]`` the load of held file n in slice t, for each of `pools`.

    `pools` counts from `first_pool`, and so does `held_ptr`: the pool counted p holds the files
    ``held_file[held_ptr[p]:held_ptr[p + 1]]``. `ptr` and `rows` are those of `signature_rows`; no region
    has more than `most_rows` rows.
    """
    share = np.zeros(most_rows)
    for p in pools:
        place = np.full(n_files, -1, dtype=np.int64)
        for n in range(held_ptr[p], held_ptr[p + 1]):
            place[held_file[n]] = n
        for e in range(net.pool_entry_ptr[first_pool + p], net.pool_entry_ptr[first_pool + p + 1]):
            _add_entry(net, net.pool_entry[e], place, ptr, rows, share, out)


@njit(cache=True, nogil=True)
def carry(
    regions: Array,
    net: Network,
    holds: Array,
    ptr: Array,
    rows: Array,
    new_rows: Array,
    new_ptr: Array,
    cell_ptr: Array,
    through: Array,
    lost: Array,
) -> None:
    """Add up, by new row and candidate, what files get through it in the old serving [GB].

    `ptr`, `rows` and `new_rows` are those of `signature_rows` for the old serving, in `net`, and the new one,
    whose rows of region r begin at ``new_ptr[r]``; ``cell_ptr[row]`` is where its candidates begin in
    `through`. What came through candidates that are no holders in `holds` is `lost`, by row.
    """
    for r in regions:
        first = net.demand_ptr[net.region_row[r]]
        for n in range(net.demand_ptr[net.region_row[r] + 1] - first):
            if new_rows[ptr[r] + n] < 0:
                continue
            file = net.demand_file[first + n]
            gb = net.region_share[r] * net.demand_gb[first + n]
            to = new_ptr[r] + new_rows[ptr[r] + n]
            row = rows[ptr[r] + n]
            if row < 0:
                lost[to] += gb
                continue
            at = net.serving_ptr[r] + row
            for i in range(net.share_ptr[at], net.share_ptr[at + 1]):
                k = net.share_slot[i]
                if holds[net.cand_pool[net.cand_ptr[r] + k], file]:
                    through[cell_ptr[to] + k] += gb * net.share_ratio[i]
                else:
                    lost[to] += gb * net.share_ratio[i]
