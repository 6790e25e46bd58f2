"""Holders of single files under prices, and what they use: the inner step of the price search.

A file is looked at anew, from the tight pools of dual ascent, once in `REFRESH` visits. In between it
keeps its holders and changes only what pays beyond a band around ties. Without this inertia all files
would change sides together wherever a price crosses a tie, and the prices would swing for ever.

Requests are spread over open pools by a softmin of cost, so that what a pool serves changes steadily with
its price; how fast is returned as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.file.ascent_kernels import ascend, start_duals
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.file.exchange_kernels import exchange_pools
from cdnplan.optimize.file.file_kernels import ask_for_file, open_tight, opening_costs
from cdnplan.optimize.file.move_kernels import move_pools
from cdnplan.optimize.file.thorough_kernels import seek_holders

Array = Any

SEARCH_CHUNKS = 8
"""Chunks of files; a constant, so that sums do not depend on the number of threads."""
REFRESH = 8
"""A file starts from nothing once in so many visits."""
SOFT_RANGE = 7.0
"""Pools dearer than the cheapest by so many times the heat serve nothing."""
MOST_OPTIONS = 64
"""At most so many pools share a region's demand for a file."""


@njit(cache=True)
def dither(f: int, p: int) -> float:
    """A number within [-1, 1) that looks random and is always the same for a file and a pool."""
    x = np.uint64(f) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(p) * np.uint64(0xC2B2AE3D27D4EB4F)
    x ^= x >> np.uint64(31)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(29)
    return 2.0 * float(x >> np.uint64(11)) / 9007199254740992.0 - 1.0


@njit(cache=True)
def dearer_by(
    p: int, q: int, v: Array, ptr: Array, pools: Array, costs: Array, pool_ptr: Array, pool_region: Array,
    is_open: Array,
) -> float:  # fmt: skip
    """What more it costs that a closed pool serves what an open one of the same regions serves."""
    total = 0.0
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        if v[r] <= 0.0:
            continue
        mine, other = -1, -1
        for j in range(ptr[r], ptr[r + 1]):
            if pools[j] == p:
                mine = j
            elif pools[j] == q:
                other = j
            elif is_open[pools[j]] and mine < 0:
                break
            if mine >= 0 and other >= 0:
                total += v[r] * (costs[other] - costs[mine])
                break
    return total


@njit(cache=True)
def swap_twins(
    f: int, v: Array, ptr: Array, pools: Array, costs: Array, pool_ptr: Array, pool_region: Array,
    twin: Array, tolled: Array, opening: Array, allowed: Array, fixed: Array, jitter: float, is_open: Array,
) -> None:  # fmt: skip
    """Move a file between pools that cost the same for all regions, to where storing it costs less.

    At a tie all files would change sides together: so what each thinks of a pool is off by a little.
    Serving costs the same as long as the throughput of neither has a price (`tolled`).
    """
    for p in range(is_open.size):
        if not is_open[p] or fixed[p] or twin[p] == p:
            continue
        best, least = -1, 0.0
        mine = opening[p] * (1.0 + jitter * dither(f, p))
        q = twin[p]
        while q != p:
            if allowed[q] and not is_open[q]:
                change = opening[q] * (1.0 + jitter * dither(f, q)) - mine
                if tolled[p] or tolled[q]:
                    change += dearer_by(p, q, v, ptr, pools, costs, pool_ptr, pool_region, is_open)
                if change < least:
                    best, least = q, change
            q = twin[q]
        if best >= 0:
            is_open[p] = False
            is_open[best] = True


@njit(cache=True)
def spread_requests(
    active: Array, n_active: int, weight: float, v: Array, ptr: Array, pools: Array, slots: Array,
    costs: Array, origin: Array, heat: float, is_open: Array, soft: Array, response_ptr: Array,
    share: Array, slot: Array, served: Array, response: Array,
) -> None:  # fmt: skip
    """Add demand for a file to `served` by softmin, and its derivative to `response`.

    `served` is by entry in the instance's order, then by region from the origin. `response` is a matrix
    over a region's slots (the origin last), or its diagonal alone: GB by which the share of one falls,
    times heat, for a rise in the cost of the other. Regions that are not `soft` are served by their cheapest
    open pool, and respond to nothing. `share` and `slot` are scratch.
    """
    n_cand = pools.size
    for i in range(n_active):
        r = active[i]
        gb, here, end = weight * v[r], ptr[r], ptr[r + 1]
        width = end - here
        n = 0
        low, total = origin[r], 0.0
        most = low
        for j in range(here, end):
            if costs[j] >= most:
                break
            if is_open[pools[j]]:
                slot[n] = slots[j]
                if n == 0:
                    low = costs[j]
                    share[0] = 1.0
                    if not soft[r]:
                        n = 1
                        break
                    most = min(origin[r], low + SOFT_RANGE * heat)
                else:
                    share[n] = np.exp((low - costs[j]) / heat)
                total += share[n]
                n += 1
                if n == MOST_OPTIONS:
                    break
        if n == 0:
            served[n_cand + r] += gb
            continue
        if soft[r] and n < MOST_OPTIONS and origin[r] <= low + SOFT_RANGE * heat:
            share[n] = np.exp((low - origin[r]) / heat)
            slot[n] = width
            total += share[n]
            n += 1
        if n == 1:
            served[here + slot[0]] += gb
            continue
        begin = response_ptr[r]
        diagonal = response_ptr[r + 1] - begin == width + 1
        for a in range(n):
            part = gb * share[a] / total
            served[n_cand + r if slot[a] == width else here + slot[a]] += part
            if diagonal:
                response[begin + slot[a]] += part * (1.0 - share[a] / total)
                continue
            row = begin + slot[a] * (width + 1)
            response[row + slot[a]] += part
            for b in range(n):
                response[row + slot[b]] -= part * share[b] / total


@njit(cache=True, nogil=True)
def search_files(
    chunks: Array, files: Array, weights: Array, turn: int, steps: int, seen: Array, heat: float, band: float,
    region_row: Array, region_share: Array, file_ptr: Array, file_row: Array, file_gb: Array,
    n_rows: int, ptr: Array,
    pools: Array, slots: Array, costs: Array, origin: Array, toll: Array, pool_ptr: Array,
    pool_region: Array, size: Array, store: Array, new: Array, copies: Array, held: Array, pinned: Array,
    reward_ptr: Array, reward_pool: Array, reward: Array, response_ptr: Array, holds: Array, twin: Array,
    tolled: Array, soft: Array, jitter: float, stored: Array, fresh: Array, served: Array, response: Array,
) -> None:  # fmt: skip
    """Find holders of the listed files and add up what they use, times their weights.

    Requests of regions that are not `soft` all go to the cheapest pool, and respond to nothing.

    `holds[f]` is where the search starts and what it finds; `stored`, `fresh`, `served` and `response` are
    by chunk (first index) and added to. A file that was not `seen` yet starts from nothing.
    """
    n_regions, n_pools = region_row.size, store.size
    for chunk in chunks:
        row_gb = np.zeros(n_rows)
        active = np.empty(n_regions, np.int64)
        todo = np.empty(n_regions, np.int64)
        v = np.zeros(n_regions)
        cap = np.zeros(n_regions)
        u = np.zeros(n_regions)
        pos = np.zeros(n_regions, np.int64)
        opening = np.zeros(n_pools)
        slack = np.zeros(n_pools)
        gift = np.zeros(n_pools)
        gain = np.zeros(n_pools)
        worth = np.zeros(n_pools)
        allowed = np.zeros(n_pools, np.bool_)
        fixed = np.zeros(n_pools, np.bool_)
        is_open = np.zeros(n_pools, np.bool_)
        order = np.empty(n_pools, np.int64)
        first = np.empty(n_regions, np.int64)
        second = np.empty(n_regions, np.int64)
        relief = np.zeros(n_pools)
        share = np.zeros(MOST_OPTIONS + 1)
        slot = np.zeros(MOST_OPTIONS + 1, np.int64)
        for i in range(chunk, files.size, SEARCH_CHUNKS):
            f, weight = files[i], weights[i]
            n_active = ask_for_file(
                f, region_row, region_share, file_ptr, file_row, file_gb, origin, row_gb, v, cap, active
            )  # fmt: skip
            opening_costs(
                f, size[f], store, new, copies, held, pinned, reward_ptr, reward_pool, reward, gift,
                opening, allowed, fixed,
            )  # fmt: skip
            before = holds[f]
            anew = not seen[f] or (f + turn) % REFRESH == 0
            seen[f] = True
            for p in range(n_pools):
                is_open[p] = fixed[p] or (before[p] and allowed[p] and not anew)
            if steps > 0:
                seek_holders(
                    steps, active, n_active, v, cap, ptr, pools, costs, origin, toll, pool_ptr, pool_region,
                    opening, allowed, fixed, before, is_open,
                )  # fmt: skip
            else:
                if anew:
                    copy(opening, n_pools, slack)
                    start_duals(active, n_active, v, cap, ptr, pools, costs, allowed, u, pos)
                    copy(active, n_active, todo)
                    ascend(todo, n_active, v, cap, ptr, pools, costs, allowed, slack, u, pos)
                    open_tight(active, n_active, pos, ptr, pools, allowed, slack, opening, is_open)
                move_pools(
                    active, n_active, v, ptr, pools, costs, origin, pool_ptr, pool_region, opening, allowed,
                    fixed, toll, 0.0 if anew else band, is_open, before, gain, worth, order, first, second,
                )  # fmt: skip
                if anew:
                    exchange_pools(
                        active, n_active, v, ptr, pools, costs, origin, toll, pool_ptr, pool_region, opening,
                        allowed, fixed, is_open, first, second, worth, relief, order,
                    )  # fmt: skip
            swap_twins(
                f, v, ptr, pools, costs, pool_ptr, pool_region, twin, tolled, opening, allowed, fixed, jitter,
                is_open,
            )  # fmt: skip
            for p in range(n_pools):
                before[p] = is_open[p]
                if is_open[p]:
                    wanted = np.int64(copies[f, p])
                    stored[chunk, p] += weight * size[f] * wanted
                    fresh[chunk, p] += weight * size[f] * max(0, wanted - np.int64(held[f, p]))
            spread_requests(
                active, n_active, weight, v, ptr, pools, slots, costs, origin, heat, is_open, soft,
                response_ptr, share, slot, served[chunk], response[chunk],
            )  # fmt: skip
