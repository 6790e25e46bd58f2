"""Exchange pools of a single file under prices: one opens in the place of several."""

from __future__ import annotations

from typing import Any

from numba import njit

from cdnplan.optimize.move_kernels import best_two, lost_by, saved_by

Array = Any

EXCHANGES = 4
"""A file's pools are exchanged so often in one visit at most."""


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
def replaced_by(
    p: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, opening: Array, fixed: Array, first: Array, second: Array, worth: Array,
    relief: Array, others: Array,
) -> Any:  # fmt: skip
    """Change of cost if a closed pool opens and all close that it makes too dear; and how many it touches.

    `others` gets those whose requests it could serve. Closing is weighed pool by pool, as if the others
    stayed, so the change is an estimate. `relief` is zero before and after.
    """
    change = opening[p]
    n = 0
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
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
    return change, n


@njit(cache=True)
def exchange_pools(
    active: Array, n_active: int, v: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    toll: Array, pool_ptr: Array, pool_region: Array, opening: Array, allowed: Array, fixed: Array,
    is_open: Array, first: Array, second: Array, worth: Array, relief: Array, others: Array,
) -> None:  # fmt: skip
    """Open one pool in the place of others, as long as that pays.

    Opening alone need not pay while the others are there, nor closing any of them while it is not: two
    exchange points that share the regions one could serve are left only so.
    """
    for _ in range(EXCHANGES):
        two_nearest(active, n_active, v, ptr, pools, costs, origin, is_open, first, second, worth)
        best, least = -1, 0.0
        for p in range(is_open.size):
            if not allowed[p] or is_open[p]:
                continue
            change, _ = replaced_by(
                p, v, ptr, pools, costs, origin, pool_ptr, pool_region, opening, fixed, first, second,
                worth, relief, others,
            )  # fmt: skip
            if change < least:
                best, least = p, change
        if best < 0:
            return
        _, n = replaced_by(
            best, v, ptr, pools, costs, origin, pool_ptr, pool_region, opening, fixed, first, second,
            worth, relief, others,
        )  # fmt: skip
        change = opening[best] - saved_by(
            best, v, ptr, pools, costs, origin, pool_ptr, pool_region, is_open, toll, 0.0
        )  # fmt: skip
        is_open[best] = True
        closed = 0
        for k in range(n):
            q = others[k]
            if fixed[q]:
                continue
            lost = lost_by(
                q, v, ptr, pools, costs, origin, pool_ptr, pool_region, is_open, toll, 0.0
            )  # fmt: skip
            if lost < opening[q]:
                is_open[q] = False
                change += lost - opening[q]
                others[closed] = q
                closed += 1
        if change >= 0.0:
            is_open[best] = False
            for k in range(closed):
                is_open[others[k]] = True
            return
