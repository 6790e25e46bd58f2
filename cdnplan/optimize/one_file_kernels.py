"""One large facility location problem on its own: local search for its holders, subgradient for its bound.

Regions have their entries by increasing cost; `level` of an entry is what serving all of a region's demand
through it costs, `cap` the same from what is there in any case: the origin and pools held to be open, which
are no part of the problem any more. `opening` is inf for them, and for pools that may not hold the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = Any

NO_SAVING = 1e-12
"""A move that saves no more than this part of the cost saves nothing."""
NEIGHBOURS = 4
"""Pools near a region are drawn among so many times as many as change sides."""
IN_VAIN, MEMORY = 5, 0.05
"""At nodes of a tree: steps in vain before they get shorter, and the weight of a step in means."""


@njit(cache=True)
def two_nearest(ptr: Array, pools: Array, is_open: Array, first: Array, second: Array) -> None:
    """Entries of each region's cheapest and second cheapest open pool; -1: the origin."""
    for r in range(ptr.size - 1):
        first[r] = second[r] = -1
        for j in range(ptr[r], ptr[r + 1]):
            if is_open[pools[j]]:
                if first[r] >= 0:
                    second[r] = j
                    break
                first[r] = j


@njit(cache=True)
def weigh_moves(
    ptr: Array, pools: Array, level: Array, cap: Array, is_open: Array, first: Array, second: Array,
    gain: Array, loss: Array, both: Array,
) -> float:  # fmt: skip
    """Cost of serving; what opening saves on it (`gain`), closing costs, and both together save besides.

    Closing q and opening p changes the cost of serving by loss[q] - gain[p] - both[q, p] [1]_.

    References
    ----------
    .. [1] M. G. C. Resende, R. F. Werneck, "A Hybrid Multistart Heuristic for the Uncapacitated Facility
       Location Problem", European Journal of Operational Research 174(1), 2006.
    """
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
def descend(
    ptr: Array, pools: Array, level: Array, cap: Array, opening: Array,
    is_open: Array, first: Array, second: Array, gain: Array, loss: Array, both: Array,
) -> float:  # fmt: skip
    """Open, close or exchange the pools that save most, as long as any saves; returns the cost."""
    n = is_open.size
    while True:
        two_nearest(ptr, pools, is_open, first, second)
        cost = weigh_moves(ptr, pools, level, cap, is_open, first, second, gain, loss, both)
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


@njit(cache=True)
def draw(state: Array, count: int) -> np.int64:
    """A number below `count` by xorshift64; `state[0]` moves on."""
    state[0] ^= state[0] << np.uint64(13)
    state[0] ^= state[0] >> np.uint64(7)
    state[0] ^= state[0] << np.uint64(17)
    return np.int64(state[0] % np.uint64(count))


@njit(cache=True)
def kick_and_descend(
    kicks: int, state: Array, best: float, ptr: Array, pools: Array, level: Array, cap: Array,
    opening: Array, holds: Array,
) -> float:  # fmt: skip
    """Better a set of holders, a local optimum, by changing a few pools at random and descending again.

    `state` is that of xorshift64 (positive), and the number of kicks in vain so far: with them grows how
    many pools are changed. `holds` becomes the best set seen; returns its cost.
    """
    n = holds.size
    first, second = np.empty(cap.size, np.int64), np.empty(cap.size, np.int64)
    gain, loss, both = np.zeros(n), np.zeros(n), np.zeros((n, n))
    is_open = holds.copy()
    for _ in range(kicks):
        is_open[:] = holds
        strength = 2 + np.int64(state[1] // np.uint64(8)) % 8
        # Every other time pools that are near to the same region: far ones rarely stand for each other.
        r = draw(state, cap.size)
        near = min(ptr[r + 1] - ptr[r], NEIGHBOURS * strength) if state[1] % np.uint64(2) == 0 else 0
        for _ in range(strength):
            p = pools[ptr[r] + draw(state, near)] if near > 0 else draw(state, n)
            if opening[p] < np.inf:
                is_open[p] = not is_open[p]
        cost = descend(ptr, pools, level, cap, opening, is_open, first, second, gain, loss, both)
        state[1] += np.uint64(1)
        if cost < best * (1.0 - NO_SAVING):
            best = cost
            holds[:] = is_open
            state[1] = np.uint64(0)
    return best


@njit(cache=True)
def lagrangian(
    ptr: Array, pools: Array, level: Array, opening: Array, u: Array, paid: Array, slope: Array
) -> float:  # fmt: skip
    """Bound of the problem with its demand rows priced at u; `slope` becomes a supergradient.

    The sum of u, and for each pool what is left to pay for opening it where regions offer too much:
    min(0, opening[p] - sum of max(0, u[r] - level)).
    """
    paid[:] = 0.0
    total = 0.0
    for r in range(u.size):
        total += u[r]
        slope[r] = 1.0
        for j in range(ptr[r], ptr[r + 1]):
            if level[j] >= u[r]:
                break
            paid[pools[j]] += u[r] - level[j]
    for p in range(opening.size):
        if paid[p] > opening[p]:
            total += opening[p] - paid[p]
    for r in range(u.size):
        for j in range(ptr[r], ptr[r + 1]):
            if level[j] >= u[r]:
                break
            p = pools[j]
            if paid[p] > opening[p]:
                slope[r] -= 1.0
    return total


@njit(cache=True)
def step_up(at: Array, slope: Array, most: Array, rise: float) -> bool:
    """Go along a supergradient as far as a plane of that slope rises by `rise`; no u goes beyond `most`.

    Changes `at` and `slope`; False where no direction is left.
    """
    squared = 0.0
    for r in range(at.size):
        if slope[r] > 0.0 and at[r] >= most[r]:
            slope[r] = 0.0
        squared += slope[r] * slope[r]
    if squared == 0.0:
        return False
    step = rise / squared
    for r in range(at.size):
        at[r] = min(most[r], at[r] + step * slope[r])
    return True


@njit(cache=True)
def raise_bound(
    steps: int, patience: int, ptr: Array, pools: Array, level: Array, cap: Array, opening: Array,
    upper: float, length: float, u: Array,
) -> Any:  # fmt: skip
    """Subgradient steps from u towards a higher bound; u becomes the best seen.

    A step goes `length` x (upper - bound) / |slope|^2 along the supergradient (Polyak's rule [1]_); after
    `patience` steps in vain the length is cut by 0.7, and the search goes on from the best u. u stays at
    most `cap`, as the origin has no limit. Returns bound and length.

    References
    ----------
    .. [1] M. Held, P. Wolfe, H. P. Crowder, "Validation of Subgradient Optimization", Mathematical
       Programming 6, 1974.
    """
    slope, paid, at = np.empty(u.size), np.empty(opening.size), u.copy()
    best = lagrangian(ptr, pools, level, opening, at, paid, slope)
    vain = 0
    for _ in range(steps):
        if best >= upper or not step_up(at, slope, cap, length * max(upper - best, 1e-6 * abs(upper))):
            return best, 0.0
        bound = lagrangian(ptr, pools, level, opening, at, paid, slope)
        if bound > best:
            best = bound
            u[:] = at
            vain = 0
            continue
        vain += 1
        if vain == patience:
            length *= 0.7
            vain = 0
            at[:] = u
            lagrangian(ptr, pools, level, opening, at, paid, slope)
    return best, length


@njit(cache=True)
def bound_node(
    steps: int, ptr: Array, pools: Array, level: Array, cap: Array, opening: Array, state: Array,
    goal: float, u: Array, mean: Array, slack: Array,
) -> float:  # fmt: skip
    """Raise the bound of a problem in which some pools are open (`state` 1) and others closed (2).

    As `raise_bound`, for a few steps from u, which becomes the best seen; ends at `goal`. `mean` becomes the
    share of the last steps in which a pool would open, `slack` what at the best u is missing for it to.
    """
    n = opening.size
    asked, held = opening.copy(), 0.0
    for p in range(n):
        if state[p] == 1:
            held += opening[p]
            asked[p] = np.inf
        elif state[p] == 2:
            asked[p] = np.inf
    # Nobody pays more than what an open pool costs: beyond, u would be paid back.
    most = cap.copy()
    for r in range(u.size):
        for j in range(ptr[r], ptr[r + 1]):
            if level[j] >= most[r]:
                break
            if state[pools[j]] == 1:
                most[r] = level[j]
                break
        u[r] = min(u[r], most[r])
    slope, paid, at = np.empty(u.size), np.empty(n), u.copy()
    best = held + lagrangian(ptr, pools, level, asked, at, paid, slope)
    length, vain = 1.0, 0
    for _ in range(steps):
        if best >= goal or not step_up(at, slope, most, length * max(goal - best, 1e-6 * abs(goal))):
            break
        bound = held + lagrangian(ptr, pools, level, asked, at, paid, slope)
        for p in range(n):
            mean[p] += MEMORY * ((1.0 if paid[p] > asked[p] else 0.0) - mean[p])
        if bound > best:
            best = bound
            u[:] = at
            vain = 0
            continue
        vain += 1
        if vain == IN_VAIN:
            length *= 0.6
            vain = 0
            at[:] = u
            lagrangian(ptr, pools, level, asked, at, paid, slope)
    lagrangian(ptr, pools, level, asked, u, paid, slope)
    for p in range(n):
        slack[p] = opening[p] - paid[p]
    return best
