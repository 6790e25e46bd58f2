"""Kernel: the holder sets of single files that cost least under some prices, from sets known to be good.

The cheapest set known of which the neighbours were not looked at yet is next: every set that differs from it
by one pool, and by one pool in place of another, is weighed. It ends once all sets that are kept were next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit, part
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.file.file_kernels import N_CHUNKS, ask_for_file, cheapest_two, open_cost

Array = Any
SWAPS_UP_TO = 64
"""Pools up to which one is tried in place of another: with more, that would be most of the work."""
SAME = 1e-9
"""Values no further apart than by this part are ties, for which nothing is given up: else rounding errors
could have two sets take turns."""
LOOKS = 10
"""So many times as many sets as are kept have their neighbours looked at, at most."""
NOBODY: Any = np.int64(-1)
"""No pool."""


@part
def _opening(
    f: int, size: float, store: Array, new: Array, copies: Array, held: Array, reward_ptr: Array,
    reward_pool: Array, reward: Array, opening: Array,
) -> None:  # fmt: skip
    """What it costs each pool to hold the file, launch prices included; inf where it must not."""
    for p in range(store.size):
        wanted = np.int64(copies[f, p])
        fresh = max(0, wanted - np.int64(held[f, p]))
        opening[p] = size * (store[p] * wanted + new[p] * fresh) if wanted > 0 else np.inf
    for k in range(reward_ptr[f], reward_ptr[f + 1]):
        opening[reward_pool[k]] -= reward[k]


@part
def _key(one: Array, code: Array) -> Any:
    """A number of its own for each set: different sets share one by rare chance only."""
    key = np.uint64(0)
    for p in range(one.size):
        if one[p]:
            key ^= code[p]
    return key


@part
def _next(values: Array, looked: Array, n: int) -> Any:
    """The cheapest set whose neighbours were not looked at; `NOBODY`: there is none."""
    at = NOBODY
    for k in range(n):
        if not looked[k] and (at < 0 or values[k] < values[at]):
            at = k
    return at


@part
def _take(
    one: Array, p: int, q: int, key: Any, value: float, most: int, n: int, kept: Array, keys: Array,
    values: Array, looked: Array,
) -> int:  # fmt: skip
    """Keep a set, changed at pools p and q, if it is near enough and new; returns how many are kept."""
    if value == np.inf:
        return n
    at = n
    for k in range(n):
        if keys[k] == key:
            return n
    if n == most:
        at = 0
        for k in range(n):
            if values[k] > values[at]:
                at = k
        if values[at] <= value + SAME * abs(value):
            return n
    copy(one, one.size, kept[at])
    if p >= 0:
        kept[at, p] = not one[p]
    if q >= 0:
        kept[at, q] = not one[q]
    keys[at], values[at], looked[at] = key, value, False
    return max(n, at + 1)


@part
def _look_around(
    one: Array, key: Any, value: float, active: Array, n_active: int, v: Array, ptr: Array, pools: Array,
    costs: Array, origin: Array, opening: Array, pinned: Array, code: Array, most: int, n: int, kept: Array,
    keys: Array, values: Array, looked: Array, first: Array, second: Array, nearest: Array, change: Array,
    less: Array,
) -> int:  # fmt: skip
    """Weigh all neighbours of a set; returns how many sets are kept. The last arrays are scratch."""
    n_pools = one.size
    for p in range(n_pools):
        change[p] = -opening[p] if one[p] else opening[p]
    for i in range(n_active):
        r = active[i]
        at, first[i], second[i] = cheapest_two(r, ptr, pools, costs, one, origin[r])
        nearest[i] = NOBODY
        if at >= 0:
            nearest[i] = pools[at]
            change[pools[at]] += v[r] * (second[i] - first[i])
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= first[i]:
                break
            change[pools[j]] -= v[r] * (first[i] - costs[j])
    for p in range(n_pools):
        if not pinned[p]:
            n = _take(
                one, p, NOBODY, key ^ code[p], value + change[p], most, n, kept, keys, values, looked
            )  # fmt: skip
    if n_pools > SWAPS_UP_TO:
        return n
    for p in range(n_pools):
        if not one[p] or pinned[p]:
            continue
        less[:] = 0.0
        for i in range(n_active):
            if nearest[i] != p:
                continue
            r = active[i]
            # Without p others are worth more: what they take over costs up to the second nearest.
            for j in range(ptr[r], ptr[r + 1]):
                if costs[j] >= second[i]:
                    break
                less[pools[j]] += v[r] * (second[i] - max(costs[j], first[i]))
        for q in range(n_pools):
            if not one[q]:
                other = value + change[p] + change[q] - less[q]
                n = _take(
                    one, p, q, key ^ code[p] ^ code[q], other, most, n, kept, keys, values, looked
                )  # fmt: skip
    return n


@njit(cache=True, nogil=True)
def near_sets(
    chunks: Array, most: Array, extended: Array, region_row: Array, region_share: Array, file_ptr: Array,
    file_row: Array, file_gb: Array, n_rows: int, ptr: Array, pools: Array, costs: Array, origin: Array,
    size: Array, store: Array, new: Array, copies: Array, held: Array, pinned: Array, reward_ptr: Array,
    reward_pool: Array, reward: Array, code: Array, known_ptr: Array, known: Array, out_ptr: Array,
    out_holds: Array, out_count: Array,
) -> None:  # fmt: skip
    """The nearest ``most[f]`` sets of every file f, in no order: so many as counted from ``out_ptr[f]`` on.

    The search begins with the sets known, from ``known_ptr[f]`` on; of files not `extended` these are all.
    """
    n_regions, n_pools = region_row.size, store.size
    for chunk in chunks:
        row_gb = np.zeros(n_rows)
        active = np.empty(n_regions, np.int64)
        v, cap = np.zeros(n_regions), np.zeros(n_regions)
        first, second = np.empty(n_regions), np.empty(n_regions)
        nearest = np.empty(n_regions, np.int64)
        opening, change, less = np.empty(n_pools), np.empty(n_pools), np.empty(n_pools)
        one = np.empty(n_pools, np.bool_)
        for f in range(chunk, most.size, N_CHUNKS):
            n_active = ask_for_file(
                f, region_row, region_share, file_ptr, file_row, file_gb, origin, row_gb, v, cap, active
            )  # fmt: skip
            _opening(
                f, size[f], store, new, copies, held, reward_ptr, reward_pool, reward, opening
            )  # fmt: skip
            kept = out_holds[out_ptr[f] : out_ptr[f + 1]]
            keys = np.empty(most[f], np.uint64)
            values = np.empty(most[f])
            looked = np.zeros(most[f], np.bool_)
            n = 0
            for k in range(known_ptr[f], known_ptr[f + 1]):
                copy(known[k], n_pools, one)
                value = open_cost(active, n_active, v, ptr, pools, costs, origin, opening, one)
                n = _take(
                    one, NOBODY, NOBODY, _key(one, code), value, most[f], n, kept, keys, values, looked
                )  # fmt: skip
            for _ in range(LOOKS * most[f] if extended[f] else 0):
                at = _next(values, looked, n)
                if at < 0:
                    break
                looked[at] = True
                copy(kept[at], n_pools, one)
                n = _look_around(
                    one, keys[at], values[at], active, n_active, v, ptr, pools, costs, origin, opening,
                    pinned[f], code, most[f], n, kept, keys, values, looked, first, second, nearest, change,
                    less,
                )  # fmt: skip
            out_count[f] = n
