"""One large facility location problem on its own: local search for its holders.

Regions have their entries by increasing cost; `level` of an entry is what serving all of a region's demand
through it costs, `cap` the same from what is there in any case: the origin and pools held to be open, which
are no part of the problem any more. `opening` is inf for them, and for pools that may not hold the file.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.optimize.problem.arrays import Bools

State = npt.NDArray[np.uint64]

NO_SAVING = 1e-12
"""A move that saves no more than this part of the cost saves nothing."""
NEIGHBOURS = 4
"""Pools near a region are drawn among so many times as many as change sides."""


class Entries(NamedTuple):
    """Entries that can matter, by region, and what opening pools costs; see `Facility`."""

    ptr: Ints
    pools: Ints32
    level: Floats
    cap: Floats
    opening: Floats


class Exchanges(NamedTuple):
    """Scratch of `descend`.

    Parameters
    ----------
    first, second : (n_regions,) int64
        Entries of each region's cheapest and second cheapest open pool; -1: the origin.
    gain, loss : (n_pools,) float64
        What opening saves on serving, and what closing costs [currency].
    both : (n_pools, n_pools) float64
        What closing the first and opening the second saves besides [currency].
    """

    first: Ints
    second: Ints
    gain: Floats
    loss: Floats
    both: Floats


@part
def room_for_exchanges(n_regions: int, n_pools: int) -> Exchanges:
    """Arrays that `descend` works in."""
    first, second = np.empty(n_regions, np.int64), np.empty(n_regions, np.int64)
    return Exchanges(first, second, np.zeros(n_pools), np.zeros(n_pools), np.zeros((n_pools, n_pools)))


@part
def two_nearest(ptr: Ints, pools: Ints32, is_open: Bools, first: Ints, second: Ints) -> None:
    """Entries of each region's cheapest and second cheapest open pool; -1: the origin."""
    for r in range(ptr.size - 1):
        first[r] = second[r] = -1
        for j in range(ptr[r], ptr[r + 1]):
            if is_open[pools[j]]:
                if first[r] >= 0:
                    second[r] = j
                    break
                first[r] = j


@part
def weigh_moves(entries: Entries, is_open: Bools, room: Exchanges) -> float:
    """Cost of serving; what opening saves on it (`gain`), closing costs, and both together save besides.

    Closing q and opening p changes the cost of serving by loss[q] - gain[p] - both[q, p] [1]_.

    References
    ----------
    .. [1] M. G. C. Resende, R. F. Werneck, "A Hybrid Multistart Heuristic for the Uncapacitated Facility
       Location Problem", European Journal of Operational Research 174(1), 2006.
    """
    ptr, pools, level, cap = entries.ptr, entries.pools, entries.level, entries.cap
    first, second, gain, loss, both = room.first, room.second, room.gain, room.loss, room.both
    gain[:] = 0.0
    loss[:] = 0.0
    for q in range(is_open.size):
        if is_open[q]:
            both[q] = 0.0
    total = 0.0
    for r in range(ptr.size - 1):
        near = level[first[r]] if first[r] >= 0 else cap[r]
        far = level[second[r]] if second[r] >= 0 else cap[r]
        q = pools[first[r]] if first[r] >= 0 else -1
        total += near
        if q >= 0:
            loss[q] += far - near
        for j in range(ptr[r], ptr[r + 1]):
            if level[j] >= far:
                break
            if j == first[r]:
                continue
            gain[pools[j]] += max(0.0, near - level[j])
            if q >= 0:
                both[q, pools[j]] += far - max(near, level[j])
    return total


@njit(cache=True)
def descend(entries: Entries, is_open: Bools, room: Exchanges) -> float:
    """Open, close or exchange the pools that save most, as long as any saves; returns the cost."""
    n, opening = is_open.size, entries.opening
    gain, loss, both = room.gain, room.loss, room.both
    while True:
        two_nearest(entries.ptr, entries.pools, is_open, room.first, room.second)
        cost = weigh_moves(entries, is_open, room)
        for p in range(n):
            if is_open[p]:
                cost += opening[p]
        best, opens, closes = NO_SAVING * cost, -1, -1
        for p in range(n):
            if not is_open[p] and gain[p] - opening[p] > best:
                best, opens, closes = gain[p] - opening[p], p, -1
        for q in range(n):
            if not is_open[q]:
                continue
            saved = opening[q] - loss[q]
            if saved > best:
                best, opens, closes = saved, -1, q
            for p in range(n):
                if not is_open[p] and saved + gain[p] - opening[p] + both[q, p] > best:
                    best, opens, closes = saved + gain[p] - opening[p] + both[q, p], p, q
        if opens < 0 and closes < 0:
            return cost
        if opens >= 0:
            is_open[opens] = True
        if closes >= 0:
            is_open[closes] = False


@part
def draw(state: State, count: int) -> np.int64:
    """A number below `count` by xorshift64; `state[0]` moves on."""
    state[0] ^= state[0] << np.uint64(13)
    state[0] ^= state[0] >> np.uint64(7)
    state[0] ^= state[0] << np.uint64(17)
    return np.int64(state[0] % np.uint64(count))


@njit(cache=True)
def kick_and_descend(kicks: int, state: State, best: float, entries: Entries, holds: Bools) -> float:
    """Better a set of holders, a local optimum, by changing a few pools at random and descending again.

    `state` is that of xorshift64 (positive), and the number of kicks in vain so far: with them grows how
    many pools are changed. `holds` becomes the best set seen; returns its cost.
    """
    n, ptr, pools, regions = holds.size, entries.ptr, entries.pools, entries.cap.size
    room = room_for_exchanges(regions, n)
    is_open = holds.copy()
    for _ in range(kicks):
        is_open[:] = holds
        strength = 2 + np.int64(state[1] // np.uint64(8)) % 8
        # Every other time pools that are near to the same region: far ones rarely stand for each other.
        r = draw(state, regions)
        near = min(ptr[r + 1] - ptr[r], NEIGHBOURS * strength) if state[1] % np.uint64(2) == 0 else 0
        for _ in range(strength):
            p = pools[ptr[r] + draw(state, near)] if near > 0 else draw(state, n)
            if entries.opening[p] < np.inf:
                is_open[p] = not is_open[p]
        cost = descend(entries, is_open, room)
        state[1] += np.uint64(1)
        if cost < best * (1.0 - NO_SAVING):
            best = cost
            holds[:] = is_open
            state[1] = np.uint64(0)
    return best
