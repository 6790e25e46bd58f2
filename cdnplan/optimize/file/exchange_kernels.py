"""Exchange pools of a single file under prices: one opens in the place of several."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.file.move_kernels import best_two, lost_by, saved_by
from cdnplan.order_kernels import increasing

Array = Any

NONE: Any = np.int64(0)
ONE: Any = np.int64(1)
"""Numbers of pools; plain ones would have numba compile callees once more for the literals."""

ROUNDS = 3
"""Closed pools are looked at so often at most, first all, then those whose regions others have changed; each
time, as many as pay open in the place of others."""


@njit(cache=True)
def two_nearest(
    active: Array, n_active: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    is_open: Array, first: Array, second: Array, worth: Array,
) -> None:  # fmt: skip
    """First and second open entry of each region that asks (see `best_two`), and what each pool is worth."""
    worth[:] = 0.0
    for i in range(n_active):
        r = active[i]
        a, b = best_two(r, ptr, pools, costs, is_open, origin[r])
        first[r], second[r] = a, b
        if a >= 0:
            worth[pools[a]] += v[r] * ((costs[b] if b >= 0 else origin[r]) - costs[a])


@njit(cache=True)
def weigh_exchanges(
    tried: Array, n_tried: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    pool_ptr: Array, pool_region: Array, opening: Array, fixed: Array, first: Array, second: Array,
    worth: Array, relief: Array, others: Array, changes: Array,
) -> int:  # fmt: skip
    """Change of cost if a closed pool opens and all close that it makes too dear, for each pool tried.

    Closing is weighed pool by pool, as if the others stayed, so the change is an estimate. `relief` is zero
    before and after; `others` gets the pools whose requests the last pool tried could serve. Returns how
    many these are.
    """
    n = 0
    for i in range(n_tried):
        p = tried[i]
        change = opening[p]
        n = 0
        for k in range(pool_ptr[p], pool_ptr[p + 1]):
            r = pool_region[k]
            if v[r] <= 0.0:
                continue
            a, b = first[r], second[r]
            now = costs[a] if a >= 0 else origin[r]
            then = costs[b] if b >= 0 else origin[r]
            for j in range(ptr[r], ptr[r + 1]):
                if costs[j] >= then:
                    break
                if pools[j] != p:
                    continue
                change -= v[r] * max(0.0, now - costs[j])
                if a >= 0:
                    q = pools[a]
                    if relief[q] == 0.0:
                        others[n] = q
                        n += 1
                    relief[q] += v[r] * (then - max(now, costs[j]))
                break
        for k in range(n):
            q = others[k]
            if not fixed[q]:
                change -= max(0.0, opening[q] - (worth[q] - relief[q]))
            relief[q] = 0.0
        changes[i] = change
    return n


@njit(cache=True)
def note_nearest(
    changed: Array, n_changed: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    pool_ptr: Array, pool_region: Array, is_open: Array, first: Array, second: Array, worth: Array,
    touched: Array,
) -> None:  # fmt: skip
    """Bring what `two_nearest` found up to date for the regions of pools that opened or closed.

    `touched` gets the pools that may serve these regions.
    """
    for n in range(n_changed):
        p = changed[n]
        for i in range(pool_ptr[p], pool_ptr[p + 1]):
            r = pool_region[i]
            if v[r] <= 0.0:
                continue
            for j in range(ptr[r], ptr[r + 1]):
                touched[pools[j]] = True
            a, b = first[r], second[r]
            if a >= 0:
                worth[pools[a]] -= v[r] * ((costs[b] if b >= 0 else origin[r]) - costs[a])
            a, b = best_two(r, ptr, pools, costs, is_open, origin[r])
            first[r], second[r] = a, b
            if a >= 0:
                worth[pools[a]] += v[r] * ((costs[b] if b >= 0 else origin[r]) - costs[a])


@njit(cache=True)
def open_in_place(
    p: int, n: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array, toll: Array,
    pool_ptr: Array, pool_region: Array, opening: Array, fixed: Array, is_open: Array, others: Array,
) -> int:  # fmt: skip
    """Open a pool and close those of the n `others` that are not worth their cost then.

    Returns how many closed, now first of `others`; -1: it did not pay, and all is as it was.
    """
    change = opening[p] - saved_by(
        p, v, ptr, pools, costs, origin, pool_ptr, pool_region, is_open, toll, 0.0
    )  # fmt: skip
    is_open[p] = True
    closed = 0
    for k in range(n):
        q = others[k]
        if fixed[q]:
            continue
        lost = lost_by(q, v, ptr, pools, costs, origin, pool_ptr, pool_region, is_open, toll, 0.0)
        if lost < opening[q]:
            is_open[q] = False
            change += lost - opening[q]
            others[closed] = q
            closed += 1
    if change < 0.0:
        return closed
    is_open[p] = False
    for k in range(closed):
        is_open[others[k]] = True
    return -1


@njit(cache=True)
def exchange_pools(
    active: Array, n_active: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    toll: Array, pool_ptr: Array, pool_region: Array, opening: Array, allowed: Array, fixed: Array,
    is_open: Array, first: Array, second: Array, worth: Array, relief: Array, others: Array,
) -> None:  # fmt: skip
    """Open pools in the place of others, those that seem to pay most first, as long as that pays.

    Opening alone need not pay while the others are there, nor closing any of them while it is not: two
    exchange points that share the regions one could serve are left only so.
    """
    two_nearest(active, n_active, v, ptr, pools, costs, origin, is_open, first, second, worth)
    tried, changes = np.empty(is_open.size, np.int64), np.empty(is_open.size)
    one, change = np.empty(1, np.int64), np.empty(1)
    touched = np.ones(is_open.size, np.bool_)
    for _ in range(ROUNDS):
        n = NONE
        for p in range(is_open.size):
            if touched[p] and allowed[p] and not is_open[p]:
                tried[n] = p
                n += 1
        touched[:] = False
        weigh_exchanges(
            tried, n, v, ptr, pools, costs, origin, pool_ptr, pool_region, opening, fixed, first, second,
            worth, relief, others, changes,
        )  # fmt: skip
        better = np.flatnonzero(changes[:n] < 0.0)
        for p in tried[better[increasing(changes[better])]]:
            one[0] = p
            n = weigh_exchanges(
                one, ONE, v, ptr, pools, costs, origin, pool_ptr, pool_region, opening, fixed, first, second,
                worth, relief, others, change,
            )  # fmt: skip
            if change[0] >= 0.0:
                continue
            closed = open_in_place(
                p, n, v, ptr, pools, costs, origin, toll, pool_ptr, pool_region, opening, fixed, is_open,
                others,
            )  # fmt: skip
            if closed < 0:
                continue
            others[closed] = p
            note_nearest(
                others, closed + 1, v, ptr, pools, costs, origin, pool_ptr, pool_region, is_open, first,
                second, worth, touched,
            )  # fmt: skip
