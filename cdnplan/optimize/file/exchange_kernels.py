"""Exchange pools of a single file under prices: one opens in the place of several."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import inlined, part
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.file.move_kernels import best_two, lost_by, saved_by
from cdnplan.optimize.file.problem_kernels import File, Moves
from cdnplan.optimize.problem.arrays import Bools, Network
from cdnplan.order_kernels import increasing

NONE: Any = np.int64(0)
ONE: Any = np.int64(1)
"""Numbers of pools; plain ones would have numba compile callees once more for the literals."""

ROUNDS = 3
"""Closed pools are looked at so often at most, first all, then those whose regions others have changed; each
time, as many as pay open in the place of others."""


@inlined
def two_nearest(net: Network, file: File, is_open: Bools, moves: Moves) -> None:
    """First and second open entry of each region that asks (see `best_two`), and what each pool is worth."""
    ptr, pools, costs, origin, v = net.ptr, net.pools, net.costs, net.origin, file.v
    worth, first, second = moves.worth, moves.first, moves.second
    worth[:] = 0.0
    for r in file.active:
        a, b = best_two(r, ptr, pools, costs, is_open, origin[r])
        first[r], second[r] = a, b
        if a >= 0:
            worth[pools[a]] += v[r] * ((costs[b] if b >= 0 else origin[r]) - costs[a])


@part
def weigh_exchanges(
    tried: Ints, n_tried: int, net: Network, file: File, moves: Moves, changes: Floats
) -> int:
    """Change of cost if a closed pool opens and all close that it makes too dear, for each pool tried.

    Closing is weighed pool by pool, as if the others stayed, so the change is an estimate. `moves.listed`
    gets the pools whose requests the last pool tried could serve. Returns how many these are.
    """
    ptr, pools, costs, origin = net.ptr, net.pools, net.costs, net.origin
    pool_ptr, pool_region, v, opening, fixed = net.pool_ptr, net.pool_region, file.v, file.opening, file.fixed
    first, second, worth, relief, others = moves.first, moves.second, moves.worth, moves.relief, moves.listed
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


@inlined
def note_nearest(
    n_changed: int, net: Network, file: File, is_open: Bools, moves: Moves, touched: Bools
) -> None:
    """Bring what `two_nearest` found up to date for the regions of pools that opened or closed.

    These are the first `n_changed` of `moves.listed`; `touched` gets the pools that may serve their regions.
    """
    ptr, pools, costs, origin, v = net.ptr, net.pools, net.costs, net.origin, file.v
    worth, first, second = moves.worth, moves.first, moves.second
    for n in range(n_changed):
        p = moves.listed[n]
        for i in range(net.pool_ptr[p], net.pool_ptr[p + 1]):
            r = net.pool_region[i]
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


@inlined
def open_in_place(p: int, n: int, net: Network, file: File, is_open: Bools, others: Ints) -> int:
    """Open a pool and close those of the n `others` that are not worth their cost then.

    Returns how many closed, now first of `others`; -1: it did not pay, and all is as it was.
    """
    v, opening = file.v, file.opening
    change = opening[p] - saved_by(p, net, v, is_open, 0.0)
    is_open[p] = True
    closed = 0
    for k in range(n):
        q = others[k]
        if file.fixed[q]:
            continue
        lost = lost_by(q, net, v, is_open, 0.0)
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


@part
def exchange_pools(net: Network, file: File, is_open: Bools, moves: Moves) -> None:
    """Open pools in the place of others, those that seem to pay most first, as long as that pays.

    Opening alone need not pay while the others are there, nor closing any of them while it is not: two
    exchange points that share the regions one could serve are left only so.
    """
    two_nearest(net, file, is_open, moves)
    tried, changes = np.empty(is_open.size, np.int64), np.empty(is_open.size)
    one, change = np.empty(1, np.int64), np.empty(1)
    touched = np.ones(is_open.size, np.bool_)
    for _ in range(ROUNDS):
        n = NONE
        for p in range(is_open.size):
            if touched[p] and file.allowed[p] and not is_open[p]:
                tried[n] = p
                n += 1
        touched[:] = False
        weigh_exchanges(tried, n, net, file, moves, changes)
        better = np.flatnonzero(changes[:n] < 0.0)
        for p in tried[better[increasing(changes[better])]]:
            one[0] = p
            n = weigh_exchanges(one, ONE, net, file, moves, change)
            if change[0] >= 0.0:
                continue
            closed = open_in_place(p, n, net, file, is_open, moves.listed)
            if closed < 0:
                continue
            moves.listed[closed] = p
            note_nearest(closed + 1, net, file, is_open, moves, touched)
