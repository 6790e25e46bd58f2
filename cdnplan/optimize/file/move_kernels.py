"""Open and close pools for a single file under prices, one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit

Array = Any


@njit(cache=True)
def best_two(r: int, ptr: Array, pools: Array, costs: Array, is_open: Array, origin: float) -> Any:
    """First and second open entry of a region by cost (-1: none cheaper than the origin)."""
    first = -1
    for j in range(ptr[r], ptr[r + 1]):
        if costs[j] >= origin:
            break
        if is_open[pools[j]]:
            if first >= 0:
                return first, j
            first = j
    return first, -1


@njit(cache=True)
def add_worth(
    gb: float, first: int, second: int, pools: Array, costs: Array, origin: float, toll: Array,
    band: float, before: Array, worth: Array,
) -> None:  # fmt: skip
    """Add what a region's first open entry saves it over the second, the band on top if open before."""
    if first >= 0:
        then = costs[second] if second >= 0 else origin
        extra = min(band, max(toll[first], toll[second])) if before[pools[first]] else 0.0
        worth[pools[first]] += gb * (then - costs[first] + extra)


@njit(cache=True)
def rank_moves(
    active: Array, n_active: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    toll: Array, band: float, is_open: Array, before: Array, gain: Array, worth: Array, first: Array,
    second: Array,
) -> None:  # fmt: skip
    """What opening each closed pool would save, and what closing each open one would cost.

    Where prices are part of a cost (`toll`, by entry, 0 at the end for the origin), savings count beyond
    the band only, and closing a pool that was open before costs the band on top. `first` and `second` get
    each region's open entries by cost.
    """
    gain[:] = 0.0
    worth[:] = 0.0
    for i in range(n_active):
        r = active[i]
        a, b = best_two(r, ptr, pools, costs, is_open, origin[r])
        first[r], second[r] = a, b
        now, stop = origin[r], ptr[r + 1]
        if a >= 0:
            # As in `add_worth`: a call for each region would take as long as all the rest.
            now, stop = costs[a], a
            then = costs[b] if b >= 0 else origin[r]
            p = pools[a]
            extra = min(band, max(toll[a], toll[b])) if before[p] else 0.0
            worth[p] += v[r] * (then - now + extra)
        for j in range(ptr[r], stop):
            saving = now - costs[j] - min(band, max(toll[a], toll[j]))
            if saving > 0.0:
                gain[pools[j]] += v[r] * saving


@njit(cache=True)
def note_opened(
    p: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, toll: Array, band: float, is_open: Array, before: Array, worth: Array, first: Array,
    second: Array,
) -> None:  # fmt: skip
    """Bring `worth`, `first` and `second` of `rank_moves` up to date after a pool has opened."""
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        if v[r] <= 0.0:
            continue
        a, b = best_two(r, ptr, pools, costs, is_open, origin[r])
        if a == first[r] and b == second[r]:
            continue
        add_worth(-v[r], first[r], second[r], pools, costs, origin[r], toll, band, before, worth)
        add_worth(v[r], a, b, pools, costs, origin[r], toll, band, before, worth)
        first[r], second[r] = a, b


@njit(cache=True)
def saved_by(
    p: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, is_open: Array, toll: Array, band: float,
) -> float:  # fmt: skip
    """What opening a closed pool saves beyond the band."""
    total = 0.0
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        if v[r] <= 0.0:
            continue
        mine, other = -1, -1
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= origin[r]:
                break
            if pools[j] == p:
                mine = j
            elif is_open[pools[j]]:
                other = j
                break
        if mine >= 0:
            now = costs[other] if other >= 0 else origin[r]
            total += v[r] * max(0.0, now - costs[mine] - min(band, max(toll[mine], toll[other])))
    return total


@njit(cache=True)
def lost_by(
    p: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, is_open: Array, toll: Array, band: float,
) -> float:  # fmt: skip
    """What closing an open pool costs, the band on top."""
    total = 0.0
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        if v[r] <= 0.0:
            continue
        first, second = best_two(r, ptr, pools, costs, is_open, origin[r])
        if first >= 0 and pools[first] == p:
            then = costs[second] if second >= 0 else origin[r]
            total += v[r] * (then - costs[first] + min(band, max(toll[first], toll[second])))
    return total


@njit(cache=True)
def move_pools(
    active: Array, n_active: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    pool_ptr: Array, pool_region: Array, opening: Array, allowed: Array, fixed: Array, toll: Array,
    band: float, is_open: Array, before: Array, gain: Array, worth: Array, order: Array, first: Array,
    second: Array,
) -> None:  # fmt: skip
    """Open pools by decreasing net gain, then close by increasing worth; the last three are scratch.

    What a pool saves only shrinks as others open, and what it is worth only grows as others close, so one
    look at those that seem to pay is enough.
    """
    rank_moves(
        active, n_active, v, ptr, pools, costs, origin, toll, band, is_open, before, gain, worth, first,
        second,
    )  # fmt: skip
    n = 0
    for p in range(is_open.size):
        if allowed[p] and not is_open[p] and gain[p] > opening[p]:
            order[n] = p
            n += 1
    if n > 0:
        found = order[:n].copy()
        for p in found[np.argsort(opening[found] - gain[found])]:
            saved = saved_by(
                p, v, ptr, pools, costs, origin, pool_ptr, pool_region, is_open, toll, band
            )  # fmt: skip
            if saved > opening[p]:
                is_open[p] = True
                note_opened(
                    p, v, ptr, pools, costs, origin, pool_ptr, pool_region, toll, band, is_open, before,
                    worth, first, second,
                )  # fmt: skip
    n = 0
    for p in range(is_open.size):
        if is_open[p] and not fixed[p] and worth[p] < opening[p]:
            order[n] = p
            n += 1
    if n > 0:
        poor = order[:n].copy()
        for p in poor[np.argsort(worth[poor] - opening[poor])]:
            extra = band if before[p] else 0.0
            lost = lost_by(
                p, v, ptr, pools, costs, origin, pool_ptr, pool_region, is_open, toll, extra
            )  # fmt: skip
            if lost < opening[p]:
                is_open[p] = False
