"""Holders of single files under prices, and what they use: the inner step of the price search.

A file is looked at anew, from the tight pools of dual ascent, once in `REFRESH` visits. In between it
keeps its holders and changes only what pays beyond a band around ties. Without this inertia all files
would change sides together wherever a price crosses a tie, and the prices would swing for ever.

Requests are spread over open pools by a softmin of cost, so that what a pool serves changes steadily with
its price; how fast is returned as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdnplan.compiled import inlined, njit, part
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.optimize.file.ascent_kernels import find_duals
from cdnplan.optimize.file.exchange_kernels import exchange_pools
from cdnplan.optimize.file.move_kernels import move_pools, open_tight
from cdnplan.optimize.file.problem_kernels import (
    File,
    ask_for_file,
    opening_costs,
    room_for_duals,
    room_for_file,
    room_for_moves,
)
from cdnplan.optimize.file.thorough_kernels import seek_holders
from cdnplan.optimize.price.totals import CHUNKS, Batch, Totals, add_stored
from cdnplan.optimize.problem.arrays import Bools, Demand, Holding, Network

REFRESH = 8
"""A file starts from nothing once in so many visits."""
SOFT_RANGE = 7.0
"""Pools dearer than the cheapest by so many times the heat serve nothing."""
MOST_OPTIONS = 64
"""At most so many pools share a region's demand for a file."""


class Pass(NamedTuple):
    """What is the same for all batches of a pass.

    Parameters
    ----------
    number : int
    heat : float
        [currency/GB]
    soft : (n_regions,) bool
        Regions whose requests are spread; those of others all go to their cheapest pool.
    jitter : float
        By how much files differ in what they think of alike pools.
    """

    number: int
    heat: float
    soft: Bools
    jitter: float


class Search(NamedTuple):
    """Where the search for holders of files is, and how it goes on.

    Parameters
    ----------
    holds : (n_files, n_pools) bool
        Where a file's search starts, and what it finds.
    seen : (n_files,) bool
        Files not seen yet start from nothing.
    steps : int
        Steps of the volume algorithm by which holders are sought anew; 0: by dual ascent, and only now and
        then.
    band : float
        Holders change only for what pays beyond that [currency/GB].
    twin : (n_pools,) int32
        See `twin_pools`.
    tolled : (n_pools,) bool
        Pools whose throughput has a price.
    """

    holds: Bools
    seen: Bools
    steps: int
    band: float
    twin: Ints32
    tolled: Bools


@part
def dither(f: int, p: int) -> float:
    """A number within [-1, 1) that looks random and is always the same for a file and a pool."""
    x = np.uint64(f) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(p) * np.uint64(0xC2B2AE3D27D4EB4F)
    x ^= x >> np.uint64(31)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(29)
    return 2.0 * float(x >> np.uint64(11)) / 9007199254740992.0 - 1.0


@inlined
def dearer_by(p: int, q: int, net: Network, v: Floats, is_open: Bools) -> float:
    """What more it costs that a closed pool serves what an open one of the same regions serves."""
    ptr, pools, costs, pool_ptr, pool_region = net.ptr, net.pools, net.costs, net.pool_ptr, net.pool_region
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


@inlined
def swap_twins(
    f: int, net: Network, file: File, twin: Ints32, tolled: Bools, jitter: float, is_open: Bools
) -> None:
    """Move a file between pools that cost the same for all regions, to where storing it costs less.

    At a tie all files would change sides together: so what each thinks of a pool is off by a little.
    Serving costs the same as long as the throughput of neither has a price (`tolled`).
    """
    opening, allowed, fixed = file.opening, file.allowed, file.fixed
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
                    change += dearer_by(p, q, net, file.v, is_open)
                if change < least:
                    best, least = q, change
            q = twin[q]
        if best >= 0:
            is_open[p] = False
            is_open[best] = True


@inlined
def spread_requests(
    weight: float,
    net: Network,
    file: File,
    is_open: Bools,
    heat: float,
    soft: Bools,
    response_ptr: Ints,
    served: Floats,
    response: Floats,
) -> None:
    """Add demand for a file to `served` by softmin, and its derivative to `response`.

    `served` is by entry in the instance's order, then by region from the origin. `response` is a matrix
    over a region's candidates (the origin last), or its diagonal alone: GB by which the share of one falls,
    times heat, for a rise in the cost of the other. Regions that are not `soft` are served by their cheapest
    open pool, and respond to nothing.
    """
    ptr, pools, entry, costs, origin, v = net.ptr, net.pools, net.entry, net.costs, net.origin, file.v
    share, slot = np.empty(MOST_OPTIONS + 1), np.empty(MOST_OPTIONS + 1, np.int64)
    n_cand = pools.size
    for r in file.active:
        gb, here, end = weight * v[r], ptr[r], ptr[r + 1]
        width, n, total = end - here, 0, 0.0
        low = most = origin[r]
        for j in range(here, end):
            if costs[j] >= most:
                break
            if is_open[pools[j]]:
                slot[n] = entry[j] - here
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
    chunks: Ints,
    batch: Batch,
    search: Search,
    at: Pass,
    demand: Demand,
    net: Network,
    holding: Holding,
    response_ptr: Ints,
    totals: Totals,
    response: Floats,
) -> None:
    """Find holders of the files of a batch and add up what they use, times their weights.

    `response` is by chunk and added to, as totals are, see `spread_requests`.
    """
    n_regions, n_pools = net.origin.size, holding.store.size
    row_gb, gift = np.zeros(demand.n_rows), np.zeros(n_pools)
    room, duals = room_for_file(n_regions, n_pools), room_for_duals(n_regions, n_pools)
    moves, is_open = room_for_moves(n_regions, n_pools), np.zeros(n_pools, np.bool_)
    for chunk in chunks:
        for i in range(chunk, batch.files.size, CHUNKS):
            f, weight = batch.files[i], batch.weights[i]
            file = ask_for_file(f, demand, net.origin, row_gb, room)
            opening_costs(f, holding, gift, file)
            before = search.holds[f]
            anew = not search.seen[f] or (f + at.number) % REFRESH == 0
            search.seen[f] = True
            for p in range(n_pools):
                is_open[p] = file.fixed[p] or (before[p] and file.allowed[p] and not anew)
            if search.steps > 0:
                seek_holders(search.steps, net, file, duals, moves, before, is_open)
            else:
                if anew:
                    find_duals(net, file, duals, 0, 0.0)
                    open_tight(net, file, duals.pos, duals.slack, is_open)
                move_pools(net, file, 0.0 if anew else search.band, is_open, before, moves)
                if anew:
                    exchange_pools(net, file, is_open, moves)
            swap_twins(f, net, file, search.twin, search.tolled, at.jitter, is_open)
            for p in range(n_pools):
                before[p] = is_open[p]
                if is_open[p]:
                    add_stored(p, f, weight, holding, totals.stored[chunk], totals.fresh[chunk])
            spread_requests(
                weight,
                net,
                file,
                is_open,
                at.heat,
                at.soft,
                response_ptr,
                totals.served[chunk],
                response[chunk],
            )
