"""Bounds of one large facility location problem by prices on its demand rows, at the nodes of a tree too.

Entries as in `one_file_kernels`. The demand rows are priced at u, one number for each region; what is left
falls apart by pool. Some pools may be decided (`state`): open ones cost what they cost and cap u at what
they serve for, closed ones are left out. The bound is valid at any u.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit

Array = Any

FREE, OPEN, CLOSED = 0, 1, 2
DEFLECTION = 0.7
"""Part of the last direction kept in the next one: without it steps go to and fro between two planes."""
LONGER, SHORTER = 1.2, 0.6
"""Steps get longer with each that raises the bound, and shorter once so many of them were in vain."""
SPARE, SPARE_RATIO = 5, 0.25
"""Entries above u that are kept for u to rise to: so many, and so many for each one below."""


@njit(cache=True, nogil=True)
def room_for(regions: int, pools: int, entries: int) -> Any:
    """Arrays that `gather`, the first six, and `climb` work in."""
    return (
        np.empty(regions), np.empty(pools + 1, np.int64), np.empty(entries, np.uint32), np.empty(entries),
        np.empty(regions, np.int64), np.empty(pools, np.int64),
        np.arange(pools), np.empty(pools), np.empty(regions), np.empty(regions), np.empty(regions),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def gather(
    ptr: Array, pools: Array, level: Array, cap: Array, state: Array, u: Array, most: Array, by_ptr: Array,
    by_region: Array, by_level: Array, end: Array, at: Array,
) -> None:  # fmt: skip
    """Copy the entries of undecided pools that u is above or may rise to, pool by pool.

    u stays at most `most`: what an open pool serves for, or the first entry that is left out. `end` and `at`
    are working space.
    """
    at[:] = 0
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


@njit(cache=True, nogil=True)
def offers(which: Array, by_ptr: Array, by_region: Array, by_level: Array, u: Array, paid: Array) -> None:
    """What regions offer some pools at u for opening: paid[p] becomes the sum of max(0, u[r] - level)."""
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


@njit(cache=True, nogil=True)
def lagrangian(
    live: Array, by_ptr: Array, by_region: Array, by_level: Array, opening: Array, u: Array, paid: Array,
    slope: Array,
) -> float:  # fmt: skip
    """Bound of the undecided part with its demand rows priced at u; `slope` becomes a supergradient.

    The sum of u, and for each pool what is left to pay for opening it where regions offer too much:
    min(0, opening[p] - paid[p]).
    """
    total = 0.0
    for r in range(u.size):
        total += u[r]
        slope[r] = 1.0
    offers(live, by_ptr, by_region, by_level, u, paid)
    for i in range(live.size):
        p = live[i]
        if paid[p] > opening[p]:
            total += opening[p] - paid[p]
            for k in range(np.uint64(by_ptr[p]), np.uint64(by_ptr[p + 1])):
                # Without a branch, which would be guessed wrong as often as not.
                slope[by_region[k]] -= 1.0 if u[by_region[k]] > by_level[k] else 0.0
    return total


@njit(cache=True, nogil=True)
def step_up(at: Array, way: Array, slope: Array, most: Array, rise: float) -> bool:
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


@njit(cache=True, nogil=True)
def climb(
    steps: int, patience: int, opening: Array, held: float, goal: float, length: float, u: Array,
    share: Array, slack: Array, room: Any,
) -> Any:  # fmt: skip
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
    most, by_ptr, by_region, by_level, _, _, every, paid = room[:8]
    offers(every, by_ptr, by_region, by_level, most, paid)
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
    offers(every, by_ptr, by_region, by_level, u, paid)
    for p in range(opening.size):
        slack[p] = opening[p] - paid[p]
    return best, length, 2 * by_ptr[opening.size] + steps * entries


@njit(cache=True, nogil=True)
def take_steps(
    steps: int, patience: int, live: Array, opening: Array, held: float, goal: float, length: float, u: Array,
    share: Array, room: Any,
) -> Any:  # fmt: skip
    """Take the steps of `climb`, in which only the pools of `live` can open."""
    most, by_ptr, by_region, by_level, _, _, _, paid, slope, way, at = room
    at[:] = u
    way[:] = 0.0
    best, vain = held + lagrangian(live, by_ptr, by_region, by_level, opening, at, paid, slope), 0
    for _ in range(steps):
        rise = length * max(goal - best, 1e-6 * abs(goal))
        if best >= goal:
            return best, 0.0
        if not step_up(at, way, slope, most, rise):
            return best, SHORTER * length
        bound = held + lagrangian(live, by_ptr, by_region, by_level, opening, at, paid, slope)
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
            lagrangian(live, by_ptr, by_region, by_level, opening, at, paid, slope)
    return best, length


@njit(cache=True, nogil=True)
def raise_bound(
    steps: int, patience: int, ptr: Array, pools: Array, level: Array, cap: Array, opening: Array,
    state: Array, goal: float, length: float, u: Array, share: Array, slack: Array, room: Any,
) -> Any:  # fmt: skip
    """Raise the bound of a problem of which some pools are decided; see `climb`."""
    most, by_ptr, by_region, by_level, end, place = room[:6]
    gather(ptr, pools, level, cap, state, u, most, by_ptr, by_region, by_level, end, place)
    return climb(
        steps, patience, opening, opening[state == OPEN].sum(), goal, length, u, share, slack, room
    )[:2]  # fmt: skip
