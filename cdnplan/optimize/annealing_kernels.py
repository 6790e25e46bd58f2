"""Pack the storage that is left: annealing [1]_ over placements that keep every storage and fill limit.

Under fixed prices of throughput and links, files meet only in the pools' storage. A move adds a file to a
pool and, where there is no room, takes another one out there, or in the same breath hands a file on from
one pool to another. Moves are drawn by a generator of fixed seed: the same input, the same result.

References
----------
.. [1] S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, "Optimization by Simulated Annealing",
   Science 220(4598), 1983.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit

Array = Any

CREDIT = 0.95
"""Room left is worth this part of its price at first, nothing at last: a large file may make way for small
ones."""
SEED = np.uint64(88172645463325252)


@njit(cache=True)
def next_random(state: Array) -> float:
    """A number in [0, 1) by xorshift64; `state` (1,) uint64 moves on."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return float(x >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def saving(
    f: int, p: int, demand: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, holds: Array,
) -> float:  # fmt: skip
    """What holding file f in pool p takes off its serving cost, given its other holders."""
    total = 0.0
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        gb = demand[f, r]
        if gb <= 0.0:
            continue
        own, other = np.inf, origin[r]
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= origin[r]:
                break
            q = pools[j]
            if q == p:
                own = costs[j]
            elif holds[f, q]:
                other = costs[j]
                break
        if own < other:
            total += gb * (other - own)
    return total


@njit(cache=True)
def rank_files(
    p: int, price: float, demand: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    pool_ptr: Array, pool_region: Array, holds: Array, weight: Array, fill: Array, frozen: Array,
    order: Array,
) -> int:  # fmt: skip
    """Files that may enter or leave a pool, nearest to the margin first; returns how many."""
    n = 0
    key = np.empty(holds.shape[0])
    for f in range(holds.shape[0]):
        if frozen[f, p] or weight[f, p] <= 0.0:
            continue
        worth = saving(f, p, demand, ptr, pools, costs, origin, pool_ptr, pool_region, holds)
        if worth <= 0.0:
            continue
        order[n] = f
        key[n] = abs(worth - fill[f, p] - price * weight[f, p])
        n += 1
    order[:n] = order[:n][np.argsort(key[:n], kind="mergesort")]
    return n


@njit(cache=True)
def shift_loads(
    f: int, p: int, sign: float, demand: Array, ptr: Array, pools: Array, costs: Array, origin: Array,
    pool_ptr: Array, pool_region: Array, holds: Array, used_ptr: Array, used: Array, rate: Array,
    load: Array,
) -> None:  # fmt: skip
    """Move the load that pool p takes over for file f (`sign` 1) or gives back (-1).

    `used[used_ptr[j]:used_ptr[j + 1]]` are the loads that entry j uses (behind the entries: each region's
    origin), `rate` (n_regions, n_loads) the load for each GB.
    """
    n_cand = pools.size
    for i in range(pool_ptr[p], pool_ptr[p + 1]):
        r = pool_region[i]
        gb = demand[f, r]
        if gb <= 0.0:
            continue
        own, other = -1, n_cand + r
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= origin[r]:
                break
            q = pools[j]
            if q == p:
                own = j
            elif holds[f, q]:
                other = j
                break
        if own < 0 or (other < n_cand and costs[own] >= costs[other]):
            continue
        for k in range(used_ptr[own], used_ptr[own + 1]):
            load[used[k]] += sign * gb * rate[r, used[k]]
        for k in range(used_ptr[other], used_ptr[other + 1]):
            load[used[k]] -= sign * gb * rate[r, used[k]]


@njit(cache=True)
def charge(p: int, price: Array, price_new: Array, step: Array, room: Array, room_new: Array) -> float:
    """Priced excess of a pool that has any, and a step, so that even a little of it does not pay."""
    over, over_new = max(0.0, -room[p]), max(0.0, -room_new[p])
    charged: float = price[p] * over + price_new[p] * over_new + step[p]
    return charged


@njit(cache=True)
def flip(
    f: int, p: int, excess: Array, step: Array, used_ptr: Array, used: Array, rate: Array, load: Array,
    load_limit: Array, load_price: Array, price: Array, demand: Array, ptr: Array, pools: Array,
    costs: Array,
    origin: Array, pool_ptr: Array, pool_region: Array, holds: Array, weight: Array, fresh: Array,
    fill: Array, room: Array, room_new: Array, price_new: Array,
) -> float:  # fmt: skip
    """Add file f to pool p or take it out; returns the change of cost and keeps `excess` (4,) up to date.

    `excess[0]` is the priced excess of all pools, `excess[1]` how many pools have any, `excess[2]` the
    priced room that is left, `excess[3]` the priced excess of the tight loads.
    """
    change: float = (
        -saving(f, p, demand, ptr, pools, costs, origin, pool_ptr, pool_region, holds) + fill[f, p]
    )
    sign = 1.0
    if holds[f, p]:
        change, sign = -change, -1.0
    if room[p] < 0.0 or room_new[p] < 0.0:
        excess[0] -= charge(p, price, price_new, step, room, room_new)
        excess[1] -= 1.0
    excess[2] -= price[p] * max(0.0, room[p])
    room[p] -= sign * weight[f, p]
    room_new[p] -= sign * fresh[f, p]
    excess[2] += price[p] * max(0.0, room[p])
    if room[p] < 0.0 or room_new[p] < 0.0:
        excess[0] += charge(p, price, price_new, step, room, room_new)
        excess[1] += 1.0
    if load.size:
        shift_loads(
            f, p, sign, demand, ptr, pools, costs, origin, pool_ptr, pool_region, holds, used_ptr, used,
            rate, load,
        )  # fmt: skip
        excess[3] = 0.0
        for m in range(load.size):
            excess[3] += load_price[m] * max(0.0, load[m] - load_limit[m])
    holds[f, p] = not holds[f, p]
    if excess[1] == 0.0:
        excess[0] = 0.0
    return change


@njit(cache=True, nogil=True)
def anneal(
    moves: int, hot: float, cold: float, soft: float, hard: float, skew: float, step: Array,
    used_ptr: Array, used: Array, rate: Array, load: Array, load_limit: Array, load_price: Array,
    price: Array,
    price_new: Array, demand: Array, ptr: Array, pools: Array, costs: Array, origin: Array, pool_ptr: Array,
    pool_region: Array, holds: Array, weight: Array, fresh: Array, fill: Array, frozen: Array, room: Array,
    room_new: Array, known_ptr: Array, known: Array,
) -> float:  # fmt: skip
    """Better `holds` (n_files, n_pools) in place; returns by how much its cost fell.

    `weight`, `fresh`, `fill` (n_files, n_pools): GB stored and filled and the cost of filling; `room`,
    `room_new` (n_pools,): what is left of the limits. `known[known_ptr[f]:known_ptr[f + 1]]` are holder
    sets worth trying for file f. Excess is charged `soft` times its price at first and `hard` times at
    last; the best placement met without any is what remains.
    """
    n_files, n_pools = holds.shape
    state = np.empty(1, np.uint64)
    state[0] = SEED
    order = np.empty((n_pools, n_files), np.int64)
    count = np.zeros(n_pools, np.int64)
    live = np.empty(n_pools, np.int64)
    n_live = 0
    for p in range(n_pools):
        count[p] = rank_files(
            p, price[p], demand, ptr, pools, costs, origin, pool_ptr, pool_region, holds, weight, fill,
            frozen, order[p],
        )  # fmt: skip
        if count[p] > 1:
            live[n_live] = p
            n_live += 1
    choosy = np.empty(n_files, np.int64)
    n_choosy = 0
    for f in range(n_files):
        if known_ptr[f + 1] > known_ptr[f] + 1:
            choosy[n_choosy] = f
            n_choosy += 1
    if n_live == 0:
        return 0.0
    best_holds = holds.copy()
    now, best = 0.0, 0.0
    file = np.empty(n_pools + 4, np.int64)
    pool = np.empty(n_pools + 4, np.int64)
    cooling = (cold / hot) ** (1.0 / max(1, moves))
    heat = hot
    growth = (hard / soft) ** (1.0 / max(1, moves))
    penalty = soft
    credit, fading = CREDIT, CREDIT / max(1, moves)
    excess = np.zeros(4)
    for m in range(load.size):
        excess[3] += load_price[m] * max(0.0, load[m] - load_limit[m])
    for p in range(n_pools):
        if room[p] < 0.0 or room_new[p] < 0.0:
            excess[0] += charge(p, price, price_new, step, room, room_new)
            excess[1] += 1.0
    if excess[1] > 0.0:
        best = np.inf
    for _ in range(moves):
        heat *= cooling
        penalty *= growth
        credit -= fading
        kind = next_random(state)
        n = 0
        if kind < 0.5 and n_choosy > 0:
            f = choosy[int(next_random(state) * n_choosy)]
            k = known_ptr[f] + int(next_random(state) * (known_ptr[f + 1] - known_ptr[f]))
            for p in range(n_pools):
                if known[k, p] != holds[f, p] and not frozen[f, p]:
                    file[n], pool[n] = f, p
                    n += 1
        else:
            p = live[int(next_random(state) * n_live)]
            a = order[p, int(count[p] * next_random(state) ** skew)]
            file[0], pool[0] = a, p
            n = 1
            if kind > 0.8:
                b = order[p, int(count[p] * next_random(state) ** skew)]
                if holds[b, p] == holds[a, p]:
                    continue
                file[1], pool[1] = b, p
                n = 2
            elif kind > 0.65:
                q = live[int(next_random(state) * n_live)]
                if q == p or frozen[a, q] or weight[a, q] <= 0.0 or holds[a, q] == holds[a, p]:
                    continue
                file[1], pool[1] = a, q
                n = 2
        if n == 0:
            continue
        change, charged, idle, over = 0.0, excess[0], excess[2], excess[3]
        for k in range(n):
            change += flip(
                file[k], pool[k], excess, step, used_ptr, used, rate, load, load_limit, load_price,
                price, demand, ptr, pools, costs, origin, pool_ptr, pool_region,
                holds, weight, fresh, fill, room, room_new, price_new,
            )  # fmt: skip
        change += excess[3] - over
        worse = change + penalty * (excess[0] - charged) - credit * (excess[2] - idle)
        if worse <= 0.0 or next_random(state) < np.exp(-worse / heat):
            now += change
            if excess[1] == 0.0 and now < best:
                best = now
                best_holds[:] = holds
            continue
        for k in range(n - 1, -1, -1):
            flip(
                file[k], pool[k], excess, step, used_ptr, used, rate, load, load_limit, load_price,
                price, demand, ptr, pools, costs, origin, pool_ptr, pool_region,
                holds, weight, fresh, fill, room, room_new, price_new,
            )  # fmt: skip
        excess[0], excess[2], excess[3] = charged, idle, over
    holds[:] = best_holds
    return -best
