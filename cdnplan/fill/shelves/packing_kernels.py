"""Kernels: deal the files of one pool out to its appliances.

Keep what is there; give missing copies, by decreasing load, to the least loaded appliance with room
(longest processing time first); make room for what does not fit, or drop what is worth least; exchange
files until loads are even.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.fill.shelves.bench_kernels import (
    ANY,
    BEFORE,
    EPS,
    HERE,
    NONE,
    OLD,
    Bench,
    exchange,
    has_time,
    height,
    put,
    recount,
    room,
    take,
    take_all,
    worst,
)
from cdnplan.fill.shelves.exchange_kernels import NOT_ENOUGH, height_after, lower_load, pour, shift_bytes
from cdnplan.fill.shelves.set_kernels import even_sets
from cdnplan.fill.shelves.whole_kernels import pack_whole
from cdnplan.order_kernels import increasing

Array = npt.NDArray[Any]

_PARTNERS = 8  # appliances tried against the busiest (or fullest)
_FEW_PARTNERS = 3  # where no exchange with one of the idlest is enough, the best with these will do
_TARGETS = 4  # appliances on which room is made for one file
_ROUNDS = 4  # of exchanging and fitting in, each of which may open ways for the other
_MAX_STEPS = 100  # exchanges in one go, and 10 more per appliance


@part
def _heights(bench: Bench) -> Array:
    """Height of every appliance."""
    high = np.empty(bench.used.size)
    for a in range(high.size):
        high[a] = height(bench, a)
    return high


@part
def _choose(bench: Bench, i: int, slack: float) -> Any:
    """Appliance for a copy of file i: with room and time, least loaded up to `slack`, most free; or -1."""
    # Written out: calls that hand over a whole bench would take longer than all they do.
    on, used, busy, fetched, window = bench.on, bench.used, bench.busy, bench.fetched, bench.window
    size, limit, n_slices = bench.size[i], bench.limit[0], bench.load.shape[1]
    lowest = np.inf
    best, free = NONE, -np.inf
    for second in range(1 if slack == np.inf else 0, 2):
        for a in range(used.size):
            left = limit - used[a]
            code = on[a, i]
            if code & HERE or size > left or (not code & BEFORE and fetched[a] + size > window[a]):
                continue
            high = 0.0
            for t in range(n_slices):
                high = max(high, busy[a, t] + bench.load[i, t])
            if not second:
                lowest = min(lowest, high)
            elif high <= lowest + slack and left > free:
                best, free = a, left
    return best


@part
def _keep(bench: Bench, by_worth: Array) -> None:
    """Start from what is in place, or else was held: without copies not wanted, and what has no room."""
    empty = True
    for i in range(bench.size.size):
        empty &= bench.have[i] == 0
    for i in range(bench.size.size):
        for a in range(bench.used.size):
            if empty and bench.on[a, i] & BEFORE:
                put(bench, a, i)
    for i in range(bench.size.size):
        while bench.have[i] > bench.copies[i]:
            top = NONE
            for a in range(bench.used.size):
                if bench.on[a, i] & HERE and (top < 0 or height(bench, a) >= height(bench, top) - EPS):
                    top = a
            take(bench, top, i)
    for a in range(bench.used.size):
        for n in range(by_worth.size - 1, -1, -1):
            if bench.used[a] <= bench.limit[0]:
                break
            if bench.on[a, by_worth[n]] & HERE:
                take(bench, a, by_worth[n])


@part
def _deal(bench: Bench, slack: float, surplus: Array) -> None:
    """Give missing copies to appliances; the light end of the list in order of decreasing size."""
    n_files = bench.size.size
    weight = np.zeros(n_files)
    for i in range(n_files):
        weight[i] = bench.peak[i] * bench.copies[i]
    heavy = n_files
    rest = 0.0
    while heavy > 0 and rest + weight[heavy - 1] <= slack:
        heavy -= 1
        rest += weight[heavy]
    light = increasing(-bench.size[heavy:]) + heavy
    for n in range(n_files):
        i = n if n < heavy else light[n - heavy]
        while bench.have[i] < bench.copies[i] and not surplus[i]:
            a = _choose(bench, i, slack if n < heavy else np.inf)
            if a < 0:
                break
            put(bench, a, i)


@part
def _make_room(bench: Bench, u: int, a: int, ceiling: float) -> bool:
    """Gather free space on appliance a, by exchanges, until file u fits there; else undo them."""
    n_appliances = bench.used.size
    trail = np.empty((4 * n_appliances, 3), dtype=np.int64)
    steps = 0
    done = np.zeros(n_appliances, dtype=np.bool_)
    done[a] = True
    while steps < trail.shape[0]:
        missing = bench.size[u] - room(bench, a)
        if missing <= 0.0:
            if has_time(bench, a, u):
                return True
            break
        b = NONE
        for c in range(n_appliances):
            if not done[c] and (b < 0 or bench.used[c] < bench.used[b] - EPS):
                b = c
        if b < 0:
            break
        free = room(bench, b)
        wish = min(missing * (1 + EPS), free)
        freed, i, j = shift_bytes(bench, a, b, wish, free, ceiling, OLD, u)
        if freed < wish:
            more, k, m = shift_bytes(bench, a, b, wish, free, ceiling, ANY, u)
            if more > freed:
                freed, i, j = more, k, m
        if i < 0 or freed < 0.01 * wish:
            done[b] = True
            continue
        exchange(bench, a, b, i, j)
        trail[steps, 0], trail[steps, 1], trail[steps, 2] = b, i, j
        steps += 1
    for n in range(steps - 1, -1, -1):
        exchange(bench, trail[n, 0], a, trail[n, 1], trail[n, 2])
    return False


@part
def _squeeze(bench: Bench, u: int, ceiling: float) -> Any:
    """Appliance on which there is now room for file u, the emptiest tried first; NONE: no way found.

    Where it cannot be had otherwise, an appliance may rise above `ceiling`: a missing file costs more
    than an uneven pool.
    """
    free = 0.0
    for a in range(bench.used.size):
        free += room(bench, a)
    if free < bench.size[u]:
        return NONE
    order = increasing(bench.used)
    for limit in (ceiling, np.inf):
        for n in range(min(_TARGETS, order.size)):
            a = order[n]
            free_to_come = not bench.on[a, u] & HERE and has_time(bench, a, u)
            if free_to_come and _make_room(bench, u, a, limit):
                return a
    return NONE


@part
def _evict(bench: Bench, u: int, by_worth: Array, worth: Array) -> Any:
    """Drop files worth less than u in all until u fits on one appliance; -1: not worth it."""
    best, target = worth[u] * bench.size[u] * bench.copies[u] * (1 - EPS), NONE
    for a in range(bench.used.size):
        if bench.on[a, u] & HERE:
            continue
        free, lost = room(bench, a), 0.0
        if not has_time(bench, a, u):
            continue
        for n in range(by_worth.size - 1, -1, -1):
            v = by_worth[n]
            if free >= bench.size[u] or lost >= best or worth[v] >= worth[u]:
                break
            if bench.on[a, v] & HERE:
                free += bench.size[v]
                lost += worth[v] * bench.size[v] * bench.copies[v]
        if free >= bench.size[u] and lost < best:
            best, target = lost, a
    if target < 0:
        return NONE
    for n in range(by_worth.size - 1, -1, -1):
        if room(bench, target) >= bench.size[u]:
            break
        if bench.on[target, by_worth[n]] & HERE:
            take_all(bench, by_worth[n])
    return target


@part
def _settle(bench: Bench, by_worth: Array, worth: Array, ceiling: float) -> bool:
    """Fit in files that lack copies, the most valuable first; a file without all its copies has none."""
    changed = False
    for _ in range(_ROUNDS):
        placed = False
        for i in by_worth:
            if bench.have[i] == bench.copies[i]:
                continue
            while bench.have[i] < bench.copies[i]:
                a = _choose(bench, i, np.inf)
                if a < 0:
                    a = _squeeze(bench, i, ceiling)
                if a < 0:
                    a = _evict(bench, i, by_worth, worth)
                if a < 0:
                    break
                put(bench, a, i)
            if bench.have[i] < bench.copies[i]:
                take_all(bench, i)
            else:
                placed = changed = True
        if not placed:
            break
    return changed


@part
def _even_loads(bench: Bench, goal: float, fixed: int, by_worth: Array) -> bool:
    """Exchange files until no appliance is higher than `goal`, or nothing lowers the highest."""
    changed = False
    most = _MAX_STEPS + 10 * bench.used.size
    for step in range(most):
        high = _heights(bench)
        a = worst(high)
        if high[a] <= goal:
            break
        order = increasing(high)
        best, best_b, best_i, best_j = np.inf, NONE, NONE, NONE
        for n, b in enumerate(order[:_PARTNERS]):
            if b == a:
                continue
            score, i, j = lower_load(bench, a, b, goal, fixed)
            if score < best:
                best, best_b, best_i, best_j = score, b, i, j
            if best <= 2.0 or (n + 1 >= _FEW_PARTNERS and NOT_ENOUGH <= best < np.inf):
                break
        stuck = best_i < 0
        if not stuck and best >= NOT_ENOUGH:
            # Many files move at once only where single exchanges would not be enough: they fetch more.
            high_a, high_b = height_after(bench, a, best_b, best_i, best_j)
            relief, excess = high[a] - max(high_a, high_b), 0.0
            for c in range(high.size):
                excess += max(0.0, high[c] - goal)
            stuck = relief * (most - step) < excess
        if stuck and pour(bench, a, order[0], fixed, by_worth):
            changed = True
            continue
        if best_i < 0:
            break
        exchange(bench, a, best_b, best_i, best_j)
        changed = True
    return changed


@part
def _even_bytes(bench: Bench, goal: float, ceiling: float) -> bool:
    """Exchange new copies until no appliance holds more than `goal` times the mean's bytes."""
    changed = False
    mean = 0.0
    for a in range(bench.used.size):
        mean += bench.used[a] / bench.used.size
    for _ in range(_MAX_STEPS + 10 * bench.used.size):
        a = worst(bench.used)
        if bench.used[a] <= goal * mean:
            break
        moved = False
        for b in increasing(bench.used)[:_PARTNERS]:
            wish = (bench.used[a] - bench.used[b]) / 2
            most = min(2 * wish - EPS * mean, room(bench, b))
            if wish <= EPS * mean or most <= 0.0:
                continue
            gb, i, j = shift_bytes(bench, a, b, min(wish, most), most, ceiling, OLD, NONE)
            if i >= 0 and gb > 1e-4 * mean:
                exchange(bench, a, b, i, j)
                moved = changed = True
                break
        if not moved:
            break
    return changed


@part
def _surplus(bench: Bench, by_worth: Array) -> Array:
    """Files of least worth that no arrangement can hold, because the pool is too small for all."""
    surplus = np.zeros(by_worth.size, dtype=np.bool_)
    excess = -bench.limit[0] * bench.used.size
    for i in range(by_worth.size):
        excess += bench.size[i] * bench.copies[i]
    for n in range(by_worth.size - 1, -1, -1):
        if excess <= 0.0:
            break
        surplus[by_worth[n]] = True
        excess -= bench.size[by_worth[n]] * bench.copies[by_worth[n]]
    return surplus


@part
def _complete(bench: Bench) -> bool:
    """Whether all copies have a place."""
    lacking = 0
    for i in range(bench.have.size):
        lacking += bench.have[i] != bench.copies[i]
    return lacking == 0


# Part of its caller, the only one: it calls all the above, and each caller compiles what it calls once more.
@njit(cache=True, inline="always")
def arrange(bench: Bench, worth: Array, tolerance: float) -> None:
    """Deal a pool's files out. `worth`: load per GB, inf where a rule requires the file."""
    # No arrangement is evener than the largest load of a single copy allows.
    least = max(1.0, bench.peak.max()) if bench.peak.size else 1.0
    fine, coarse = max(1.0 + tolerance / 4, least), max(1.0 + tolerance, least)
    known = False
    for a in range(bench.used.size):
        for i in range(bench.size.size):
            known |= bench.on[a, i] & BEFORE != 0
    by_worth = increasing(-worth)
    surplus = _surplus(bench, by_worth)
    _keep(bench, by_worth)
    for i in range(surplus.size):
        if surplus[i]:
            take_all(bench, i)
    _deal(bench, tolerance / 4, surplus)
    _settle(bench, by_worth, worth, fine)
    if not surplus.any() and not _complete(bench):
        pack_whole(bench)
    for n in range(_ROUNDS + 1):
        recount(bench)
        changed = _even_loads(bench, fine, OLD, by_worth)
        changed |= even_sets(bench, fine, OLD)
        # What has no place yet needs the time to be fetched more than balance does.
        if known and _complete(bench):
            changed |= _even_loads(bench, coarse, ANY, by_worth)
            changed |= even_sets(bench, coarse, ANY)
        if n == _ROUNDS:
            break
        high = _heights(bench)
        ceiling = max(fine, high[worst(high)] + EPS)
        changed |= _even_bytes(bench, 1.0 + tolerance, ceiling)
        changed |= _settle(bench, by_worth, worth, ceiling)
        if not changed:
            break
    recount(bench)
