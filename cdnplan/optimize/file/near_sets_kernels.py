"""Kernel: the holder sets of single files that cost least under some prices, from sets known to be good.

The cheapest set known of which the neighbours were not looked at yet is next: every set that differs from it
by one pool, and by one pool in place of another, is weighed. It ends once all sets that are kept were next.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.file.move_kernels import best_two, open_cost
from cdnplan.optimize.file.problem_kernels import N_CHUNKS, File, ask_for_file, room_for_file
from cdnplan.optimize.problem.arrays import Bools, Demand, Holding, Network

Codes = npt.NDArray[np.uint64]

SWAPS_UP_TO = 64
"""Pools up to which one is tried in place of another: with more, that would be most of the work."""
SAME = 1e-9
"""Values no further apart than by this part are ties, for which nothing is given up: else rounding errors
could have two sets take turns."""
LOOKS = 10
"""So many times as many sets as are kept have their neighbours looked at, at most."""
NOBODY: Any = np.int64(-1)
"""No pool."""


class Known(NamedTuple):
    """Sets of holders of each file.

    Parameters
    ----------
    ptr : (n_files + 1,) int64
        Sets of file f are ``ptr[f]:ptr[f + 1]``.
    holds : (n_sets, n_pools) bool
    """

    ptr: Ints
    holds: Bools


class _Kept(NamedTuple):
    """Sets of a file that are kept, their keys and values, and whether neighbours were looked at."""

    holds: Bools
    keys: Codes
    values: Floats
    looked: Bools


class _Around(NamedTuple):
    """Of a set: by active region, cost of its two nearest pools and the nearest one; by pool, changes."""

    first: Floats
    second: Floats
    nearest: Ints
    change: Floats
    less: Floats


@part
def _opening(f: int, holding: Holding, opening: Floats) -> None:
    """What it costs each pool to hold the file, launch prices included; inf where it must not."""
    for p in range(opening.size):
        wanted = np.int64(holding.copies[f, p])
        fresh = max(0, wanted - np.int64(holding.held[f, p]))
        cost = holding.size[f] * (holding.store[p] * wanted + holding.new[p] * fresh)
        opening[p] = cost if wanted > 0 else np.inf
    for k in range(holding.reward_ptr[f], holding.reward_ptr[f + 1]):
        opening[holding.reward_pool[k]] -= holding.reward[k]


@part
def _key(one: Bools, code: Codes) -> Any:
    """A number of its own for each set: different sets share one by rare chance only."""
    key = np.uint64(0)
    for p in range(one.size):
        if one[p]:
            key ^= code[p]
    return key


@part
def _next(values: Floats, looked: Bools, n: int) -> Any:
    """The cheapest set whose neighbours were not looked at; `NOBODY`: there is none."""
    at = NOBODY
    for k in range(n):
        if not looked[k] and (at < 0 or values[k] < values[at]):
            at = k
    return at


@part
def _take(one: Bools, p: int, q: int, key: Any, value: float, n: int, kept: _Kept) -> int:
    """Keep a set, changed at pools p and q, if it is near enough and new; returns how many are kept."""
    holds, keys, values, looked = kept.holds, kept.keys, kept.values, kept.looked
    if value == np.inf:
        return n
    at = n
    for k in range(n):
        if keys[k] == key:
            return n
    if n == keys.size:
        at = 0
        for k in range(n):
            if values[k] > values[at]:
                at = k
        if values[at] <= value + SAME * abs(value):
            return n
    copy(one, one.size, holds[at])
    if p >= 0:
        holds[at, p] = not one[p]
    if q >= 0:
        holds[at, q] = not one[q]
    keys[at], values[at], looked[at] = key, value, False
    return max(n, at + 1)


@part
def _weigh_changes(one: Bools, net: Network, file: File, around: _Around) -> None:
    """What opening or closing each pool would change, and how near each region's pools are."""
    ptr, pools, costs, origin, v = net.ptr, net.pools, net.costs, net.origin, file.v
    first, second, nearest, change = around.first, around.second, around.nearest, around.change
    for p in range(one.size):
        change[p] = -file.opening[p] if one[p] else file.opening[p]
    for i in range(file.active.size):
        r = file.active[i]
        a, b = best_two(r, ptr, pools, costs, one, origin[r])
        first[i] = costs[a] if a >= 0 else origin[r]
        second[i] = costs[b] if b >= 0 else origin[r]
        nearest[i] = NOBODY
        if a >= 0:
            nearest[i] = pools[a]
            change[pools[a]] += v[r] * (second[i] - first[i])
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= first[i]:
                break
            change[pools[j]] -= v[r] * (first[i] - costs[j])


@part
def _take_over(p: int, net: Network, file: File, around: _Around) -> None:
    """How much more others are worth without p: what they take over costs up to the second nearest."""
    ptr, pools, costs, v = net.ptr, net.pools, net.costs, file.v
    first, second, nearest, less = around.first, around.second, around.nearest, around.less
    less[:] = 0.0
    for i in range(file.active.size):
        if nearest[i] != p:
            continue
        r = file.active[i]
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= second[i]:
                break
            less[pools[j]] += v[r] * (second[i] - max(costs[j], first[i]))


@part
def _look_around(
    one: Bools, at: int, net: Network, file: File, code: Codes, n: int, kept: _Kept, around: _Around
) -> int:
    """Weigh all neighbours of set `at`, which is `one`; returns how many sets are kept."""
    key, value, change, pinned = kept.keys[at], kept.values[at], around.change, file.fixed
    _weigh_changes(one, net, file, around)
    for p in range(one.size):
        if not pinned[p]:
            n = _take(one, p, NOBODY, key ^ code[p], value + change[p], n, kept)
    if one.size > SWAPS_UP_TO:
        return n
    for p in range(one.size):
        if not one[p] or pinned[p]:
            continue
        _take_over(p, net, file, around)
        for q in range(one.size):
            if not one[q]:
                other = value + change[p] + change[q] - around.less[q]
                n = _take(one, p, q, key ^ code[p] ^ code[q], other, n, kept)
    return n


@njit(cache=True, nogil=True)
def near_sets(
    chunks: Ints,
    most: Ints,
    extended: Bools,
    demand: Demand,
    net: Network,
    holding: Holding,
    code: Codes,
    known: Known,
    near: Known,
    count: Ints,
) -> None:
    """The nearest ``most[f]`` sets of every file f, in no order: the first ``count[f]`` of `near`.

    The search begins with the sets known; of files not `extended` these are all.
    """
    n_regions, n_pools = net.origin.size, holding.store.size
    row_gb, room = np.zeros(demand.n_rows), room_for_file(n_regions, n_pools)
    one = np.empty(n_pools, np.bool_)
    around = _Around(
        np.empty(n_regions),
        np.empty(n_regions),
        np.empty(n_regions, np.int64),
        np.empty(n_pools),
        np.empty(n_pools),
    )
    for chunk in chunks:
        for f in range(chunk, most.size, N_CHUNKS):
            file = ask_for_file(f, demand, net.origin, row_gb, room)
            _opening(f, holding, file.opening)
            copy(holding.pinned[f], n_pools, file.fixed)
            kept = _Kept(
                near.holds[near.ptr[f] : near.ptr[f + 1]],
                np.empty(most[f], np.uint64),
                np.empty(most[f]),
                np.zeros(most[f], np.bool_),
            )
            n = 0
            for k in range(known.ptr[f], known.ptr[f + 1]):
                copy(known.holds[k], n_pools, one)
                value = open_cost(net, file, file.opening, one)
                n = _take(one, NOBODY, NOBODY, _key(one, code), value, n, kept)
            for _ in range(LOOKS * most[f] if extended[f] else 0):
                at = _next(kept.values, kept.looked, n)
                if at < 0:
                    break
                kept.looked[at] = True
                copy(kept.holds[at], n_pools, one)
                n = _look_around(one, at, net, file, code, n, kept, around)
            count[f] = n
