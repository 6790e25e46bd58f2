"""Bounds of one large facility location problem by prices on its demand rows, at the nodes of a tree too.

Entries as in `one_file_kernels`. The demand rows are priced at u, one number for each region; what is left
falls apart by pool. Some pools may be decided (`state`): open ones cost what they cost and cap u at what
they serve for, closed ones are left out. The bound is valid at any u.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.one_file.one_file_kernels import Entries

States = npt.NDArray[np.int8]
Uints = npt.NDArray[np.uint32]

FREE, OPEN, CLOSED = 0, 1, 2
DEFLECTION = 0.7
"""Part of the last direction kept in the next one: without it steps go to and fro between two planes."""
LONGER, SHORTER = 1.2, 0.6
"""Steps get longer with each that raises the bound, and shorter once so many of them were in vain."""
SPARE, SPARE_RATIO = 5, 0.25
"""Entries above u that are kept for u to rise to: so many, and so many for each one below."""


class ByPool(NamedTuple):
    """Entries pool by pool.

    Parameters
    ----------
    ptr, region, level : (n_pools + 1,) int64, (n,) uint32, (n,) float64
        Entries of pool p are ``ptr[p]:ptr[p + 1]``.
    """

    ptr: Ints
    region: Uints
    level: Floats


class Room(NamedTuple):
    """Entries of a node's undecided pools, and what `climb` works in.

    Parameters
    ----------
    by_pool : ByPool
        Entries that u is above or may rise to.
    most : (n_regions,) float64
        What u stays at most: what an open pool serves for, or the first entry that is left out.
    every : (n_pools,) int64
        All pools.
    paid : (n_pools,) float64
        What regions offer.
    slope, way, at : (n_regions,) float64
        Supergradient, direction, and where the steps are.
    """

    by_pool: ByPool
    most: Floats
    every: Ints
    paid: Floats
    slope: Floats
    way: Floats
    at: Floats


@part
def room_for(regions: int, pools: int, entries: int) -> Room:
    """Arrays that `gather` and `climb` work in."""
    return Room(
        ByPool(np.empty(pools + 1, np.int64), np.empty(entries, np.uint32), np.empty(entries)),
        np.empty(regions),
        np.arange(pools),
        np.empty(pools),
        np.empty(regions),
        np.empty(regions),
        np.empty(regions),
    )


@part
def gather(entries: Entries, state: States, u: Floats, room: Room) -> None:
    """Copy the entries of undecided pools that u is above or may rise to, pool by pool."""
    ptr, pools, level, cap, most = entries.ptr, entries.pools, entries.level, entries.cap, room.most
    by_ptr, by_region, by_level = room.by_pool.ptr, room.by_pool.region, room.by_pool.level
    end, at = np.empty(u.size, np.int64), np.zeros(state.size, np.int64)
    for r in range(u.size):
        most[r] = cap[r]
        spare, j, last = float(SPARE), ptr[r], ptr[r + 1]
        while j < last and level[j] < most[r]:
            p = np.uint32(pools[j])  # never negative: the compiler need not care
            if state[p] == OPEN:
                most[r] = level[j]
                break
            if state[p] == FREE:
                spare += SPARE_RATIO if level[j] < u[r] else -1.0
                if spare < 0.0:
                    most[r] = level[j]
                    break
                at[p] += 1
            j += 1
        end[r] = j
        u[r] = min(u[r], most[r])
    by_ptr[0] = 0
    for q in range(state.size):
        by_ptr[q + 1] = by_ptr[q] + at[q]
        at[q] = by_ptr[q]
    for r in range(u.size):
        for j in range(ptr[r], end[r]):
            p = np.uint32(pools[j])
            if state[p] == FREE:
                k = at[p]
                by_region[k] = r
                by_level[k] = level[j]
                at[p] = k + 1


@part
def offers(which: Ints, by_pool: ByPool, u: Floats, paid: Floats) -> None:
    """What regions offer some pools at u for opening: paid[p] becomes the sum of max(0, u[r] - level)."""
    by_ptr, by_region, by_level = by_pool.ptr, by_pool.region, by_pool.level
    for i in range(which.size):
        p = which[i]
        start, stop = by_ptr[p], by_ptr[p + 1]
        # Two sums: the processor adds to one while it waits for the other. No slices, which take longer to
        # make than many a pool has entries for; never negative, so that the compiler need not care.
        one, two, half = 0.0, 0.0, np.uint64((stop - start) >> 1)
        for k in range(np.uint64(start), np.uint64(start) + half):
            one += max(0.0, u[by_region[k]] - by_level[k])
            two += max(0.0, u[by_region[k + half]] - by_level[k + half])
        if (stop - start) & 1:
            one += max(0.0, u[by_region[stop - 1]] - by_level[stop - 1])
        paid[p] = one + two


@part
def lagrangian(live: Ints, by_pool: ByPool, opening: Floats, u: Floats, paid: Floats, slope: Floats) -> float:
    """Bound of the undecided part with its demand rows priced at u; `slope` becomes a supergradient.

    The sum of u, and for each pool what is left to pay for opening it where regions offer too much:
    min(0, opening[p] - paid[p]).
    """
    by_ptr, by_region, by_level = by_pool.ptr, by_pool.region, by_pool.level
    total = 0.0
    for r in range(u.size):
        total += u[r]
        slope[r] = 1.0
    offers(live, by_pool, u, paid)
    for i in range(live.size):
        p = live[i]
        if paid[p] > opening[p]:
            total += opening[p] - paid[p]
            for k in range(np.uint64(by_ptr[p]), np.uint64(by_ptr[p + 1])):
                # Without a branch, which would be guessed wrong as often as not.
                slope[by_region[k]] -= 1.0 if u[by_region[k]] > by_level[k] else 0.0
    return total


@part
def step_up(at: Floats, way: Floats, slope: Floats, most: Floats, rise: float) -> bool:
    """Go along a supergradient and part of the way before; no u goes beyond `most`.

    The step is as long as a plane of slope `way` takes to rise by `rise`. False where no way is left.
    """
    squared = 0.0
    for r in range(at.size):
        way[r] = slope[r] + DEFLECTION * way[r]
        if way[r] > 0.0 and at[r] >= most[r]:
            way[r] = 0.0
        squared += way[r] * way[r]
    if squared == 0.0:
        return False
    step = rise / squared
    for r in range(at.size):
        at[r] = min(most[r], at[r] + step * way[r])
    return True


@part
def climb(
    steps: int,
    patience: int,
    opening: Floats,
    held: float,
    goal: float,
    length: float,
    u: Floats,
    share: Floats,
    slack: Floats,
    room: Room,
) -> tuple[float, float, int]:
    """Subgradient steps from u towards a higher bound; u becomes the best seen.

    A step goes `length` x (goal - bound) / |way|^2 (Polyak's rule [1]_), along supergradients of which each
    keeps part of those before [2]_. After `patience` steps in vain the length is cut, and the search goes on
    from the best u; it grows with each that was not, up to 1. `held` is what decided pools cost. `share`
    becomes the part of the steps in which a pool would open, `slack` what at the best u is missing for it
    to. Returns the bound, the length to go on with (0 at the goal), and how many entries that looked at.

    References
    ----------
    .. [1] M. Held, P. Wolfe, H. P. Crowder, "Validation of Subgradient Optimization", Mathematical
       Programming 6, 1974.
    .. [2] P. M. Camerini, L. Fratta, F. Maffioli, "On Improving Relaxation Methods by Modified Gradient
       Techniques", Mathematical Programming Study 3, 1975.
    """
    by_ptr, paid = room.by_pool.ptr, room.paid
    offers(room.every, room.by_pool, room.most, paid)
    # No other pool can change the bound: u stays where it would not open.
    live, count, entries = np.empty(opening.size, np.int64), 0, 0
    for p in range(opening.size):
        if paid[p] > opening[p]:
            live[count] = p
            count += 1
            entries += by_ptr[p + 1] - by_ptr[p]
    live = live[:count]
    share[:] = 0.0
    best, length = take_steps(steps, patience, live, opening, held, goal, length, u, share, room)
    offers(room.every, room.by_pool, u, paid)
    for p in range(opening.size):
        slack[p] = opening[p] - paid[p]
    return best, length, 2 * by_ptr[opening.size] + steps * entries


@part
def take_steps(
    steps: int,
    patience: int,
    live: Ints,
    opening: Floats,
    held: float,
    goal: float,
    length: float,
    u: Floats,
    share: Floats,
    room: Room,
) -> tuple[float, float]:
    """Take the steps of `climb`, in which only the pools of `live` can open."""
    by_pool, paid, slope, way, at = room.by_pool, room.paid, room.slope, room.way, room.at
    at[:] = u
    way[:] = 0.0
    best, vain = held + lagrangian(live, by_pool, opening, at, paid, slope), 0
    for _ in range(steps):
        rise = length * max(goal - best, 1e-6 * abs(goal))
        if best >= goal:
            return best, 0.0
        if not step_up(at, way, slope, room.most, rise):
            return best, SHORTER * length
        bound = held + lagrangian(live, by_pool, opening, at, paid, slope)
        for i in range(live.size):
            p = live[i]
            share[p] += 1.0 / steps if paid[p] > opening[p] else 0.0
        if bound > best:
            best, vain, length = bound, 0, min(1.0, LONGER * length)
            u[:] = at
            continue
        vain += 1
        if vain == patience:
            length *= SHORTER
            vain = 0
            at[:] = u
            way[:] = 0.0
            lagrangian(live, by_pool, opening, at, paid, slope)
    return best, length


@njit(cache=True, nogil=True)
def raise_bound(
    steps: int,
    patience: int,
    entries: Entries,
    state: States,
    goal: float,
    length: float,
    u: Floats,
    share: Floats,
    slack: Floats,
    room: Room,
) -> tuple[float, float]:
    """Raise the bound of a problem of which some pools are decided; see `climb`."""
    gather(entries, state, u, room)
    opening = entries.opening
    held = opening[state == OPEN].sum()
    bound, length, _ = climb(steps, patience, opening, held, goal, length, u, share, slack, room)
    return bound, length
