"""Open and close pools for a single file under prices, one at a time."""

from __future__ import annotations

import numpy as np

from cdnplan.compiled import inlined, part
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.optimize.file.ascent_kernels import TIGHT
from cdnplan.optimize.file.problem_kernels import File, Moves
from cdnplan.optimize.problem.arrays import Bools, Network


@part
def best_two(
    r: int, ptr: Ints, pools: Ints32, costs: Floats, is_open: Bools, origin: float
) -> tuple[int, int]:
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


@part
def open_tight(net: Network, file: File, pos: Ints, slack: Floats, is_open: Bools) -> None:
    """Open, for each region that has none yet, the cheapest pool without slack that it pays for."""
    ptr, pools, allowed, opening = net.ptr, net.pools, file.allowed, file.opening
    for r in file.active:
        choice = -1
        for j in range(ptr[r], pos[r]):
            p = pools[j]
            if not allowed[p]:
                continue
            if is_open[p]:
                choice = -1
                break
            if choice < 0 and slack[p] <= TIGHT * opening[p]:
                choice = p
        if choice >= 0:
            is_open[choice] = True


@part
def open_cost(net: Network, file: File, opening: Floats, is_open: Bools) -> float:
    """Opening costs of the open pools, and serving each region by its cheapest one."""
    ptr, pools, costs, origin, v = net.ptr, net.pools, net.costs, net.origin, file.v
    total = 0.0
    for p in range(is_open.size):
        if is_open[p]:
            total += opening[p]
    for r in file.active:
        first, _ = best_two(r, ptr, pools, costs, is_open, origin[r])
        total += v[r] * (costs[first] if first >= 0 else origin[r])
    return total


@part
def add_worth(
    gb: float, r: int, first: int, second: int, net: Network, band: float, before: Bools, worth: Floats
) -> None:
    """Add what a region's first open entry saves it over the second, the band on top if open before."""
    if first >= 0:
        then = net.costs[second] if second >= 0 else net.origin[r]
        p = net.pools[first]
        extra = min(band, max(net.toll[first], net.toll[second])) if before[p] else 0.0
        worth[p] += gb * (then - net.costs[first] + extra)


@inlined
def rank_moves(net: Network, file: File, band: float, is_open: Bools, before: Bools, moves: Moves) -> None:
    """What opening each closed pool would save, and what closing each open one would cost.

    Where prices are part of a cost, savings count beyond the band only, and closing a pool that was open
    before costs the band on top.
    """
    ptr, pools, costs, toll, origin, v = net.ptr, net.pools, net.costs, net.toll, net.origin, file.v
    gain, worth, first, second = moves.gain, moves.worth, moves.first, moves.second
    gain[:] = 0.0
    worth[:] = 0.0
    for r in file.active:
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


@inlined
def note_opened(
    p: int, net: Network, file: File, band: float, is_open: Bools, before: Bools, moves: Moves
) -> None:
    """Bring `worth`, `first` and `second` of `rank_moves` up to date after a pool has opened."""
    ptr, pools, costs, origin, v = net.ptr, net.pools, net.costs, net.origin, file.v
    pool_ptr, pool_region, first, second = net.pool_ptr, net.pool_region, moves.first, moves.second
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        if v[r] <= 0.0:
            continue
        a, b = best_two(r, ptr, pools, costs, is_open, origin[r])
        if a == first[r] and b == second[r]:
            continue
        add_worth(-v[r], r, first[r], second[r], net, band, before, moves.worth)
        add_worth(v[r], r, a, b, net, band, before, moves.worth)
        first[r], second[r] = a, b


@part
def saved_by(p: int, net: Network, v: Floats, is_open: Bools, band: float) -> float:
    """What opening a closed pool saves beyond the band."""
    ptr, pools, costs, toll, origin = net.ptr, net.pools, net.costs, net.toll, net.origin
    pool_ptr, pool_region = net.pool_ptr, net.pool_region
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


@part
def lost_by(p: int, net: Network, v: Floats, is_open: Bools, band: float) -> float:
    """What closing an open pool costs, the band on top."""
    ptr, pools, costs, toll, origin = net.ptr, net.pools, net.costs, net.toll, net.origin
    pool_ptr, pool_region = net.pool_ptr, net.pool_region
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


@part
def move_pools(net: Network, file: File, band: float, is_open: Bools, before: Bools, moves: Moves) -> None:
    """Open pools by decreasing net gain, then close by increasing worth.

    What a pool saves only shrinks as others open, and what it is worth only grows as others close, so one
    look at those that seem to pay is enough.
    """
    v, opening, allowed, fixed = file.v, file.opening, file.allowed, file.fixed
    gain, worth, listed = moves.gain, moves.worth, moves.listed
    rank_moves(net, file, band, is_open, before, moves)
    n = 0
    for p in range(is_open.size):
        if allowed[p] and not is_open[p] and gain[p] > opening[p]:
            listed[n] = p
            n += 1
    if n > 0:
        found = listed[:n].copy()
        for p in found[np.argsort(opening[found] - gain[found])]:
            if saved_by(p, net, v, is_open, band) > opening[p]:
                is_open[p] = True
                note_opened(p, net, file, band, is_open, before, moves)
    n = 0
    for p in range(is_open.size):
        if is_open[p] and not fixed[p] and worth[p] < opening[p]:
            listed[n] = p
            n += 1
    if n > 0:
        poor = listed[:n].copy()
        for p in poor[np.argsort(worth[poor] - opening[poor])]:
            if lost_by(p, net, v, is_open, band if before[p] else 0.0) < opening[p]:
                is_open[p] = False
