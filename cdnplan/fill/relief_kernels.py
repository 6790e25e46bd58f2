"""Kernel that takes from the appliances of one pool what they cannot serve, where that costs least."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.fill.loads_kernels import Network

Array = npt.NDArray[Any]

SMALLEST_SHARE = 1e-9
"""Smaller parts of a row's demand are not worth a share of their own."""
TOLERANCE = 1e-12
"""A limit passed by no more than this part of it is kept."""
MAX_PASSES = 20
"""Passes over the rows of one limit, each at the prices of links that are full by then; the last one sends to
the origin whatever is left."""


class Copies(NamedTuple):
    """Copies of pool p are ``ptr[p]:ptr[p + 1]``, sorted by file, on appliances numbered over all pools.

    Appliances of pool p are ``appliance_ptr[p]:appliance_ptr[p + 1]``.
    """

    ptr: Array
    file: Array
    appliance: Array
    appliance_ptr: Array


class Room(NamedTuple):
    """What is left of each limit in each slice, below 0 where it is passed [Gbit/s]; these are written to.

    Links of path j are ``link[link_ptr[j]:link_ptr[j + 1]]``: paths are candidate entries, then the origins
    of regions, from ``first_origin`` on. Where no more than `least` is left, a link is full; a Gbit/s above
    that costs `overload_cost`.
    """

    appliance: Array
    pool: Array
    of_link: Array
    link_ptr: Array
    link: Array
    first_origin: int
    least: Array
    overload_cost: float


class Shares(NamedTuple):
    """Serving row n gets ``ratio[at[n] + k]`` of its demand through its region's k-th candidate.

    `gb` is the demand of each row; the costs are those of candidate entries and of regions' origins.
    """

    at: Array
    ratio: Array
    gb: Array
    cand_cost: Array
    origin_cost: Array


class Scene(NamedTuple):
    """Who serves what, and what is left of limits; `ptr` and `rows` are those of `loads.region_rows`."""

    net: Network
    ptr: Array
    rows: Array
    copies: Copies
    room: Room
    shares: Shares


@njit(cache=True)
def _first_copy(copies: Copies, p: int, f: int) -> Any:
    """Position of the first copy of a file in a pool; where it has none, that of the next file."""
    low, high = copies.ptr[p], copies.ptr[p + 1]
    while low < high:
        middle = (low + high) // 2
        if copies.file[middle] < f:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def _add_file(copies: Copies, p: int, f: int, gb: float, out: Array) -> None:
    """Add a file's bytes to the appliances of a pool that have copies of it, in equal parts."""
    first = _first_copy(copies, p, f)
    last = first
    while last < copies.ptr[p + 1] and copies.file[last] == f:
        last += 1
    for i in range(first, last):
        out[copies.appliance[i] - copies.appliance_ptr[p]] += gb / (last - first)


@njit(cache=True)
def _holds(net: Network, row: int, k: int) -> bool:
    return bool(net.serving_mask[row, k // 64] >> np.uint64(k % 64) & np.uint64(1))


@njit(cache=True)
def _served_rows(net: Network, shares: Shares, p: int) -> tuple[Array, Array]:
    """Entries and serving rows through which a pool serves anything."""
    n = 0
    for count_only in (True, False):
        if not count_only:
            entry, row_of = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
            n = 0
        for i in range(net.pool_entry_ptr[p], net.pool_entry_ptr[p + 1]):
            j = net.pool_entry[i]
            r = net.entry_region[j]
            for row in range(net.serving_ptr[r], net.serving_ptr[r + 1]):
                if shares.ratio[shares.at[row] + j - net.cand_ptr[r]] > 0.0:
                    if not count_only:
                        entry[n], row_of[n] = j, row
                    n += 1
    return entry, row_of


@njit(cache=True)
def _asked_gb(scene: Scene, p: int, entry: Array, row_of: Array) -> Array:
    """What each of a pool's appliances would serve of each row, were it served by the pool alone [GB]."""
    net, ptr, rows, copies = scene.net, scene.ptr, scene.rows, scene.copies
    asked = np.zeros((row_of.size, copies.appliance_ptr[p + 1] - copies.appliance_ptr[p]))
    first = 0
    while first < row_of.size:
        last = first
        while last < row_of.size and entry[last] == entry[first]:
            last += 1
        r = net.entry_region[entry[first]]
        place = np.full(net.serving_ptr[r + 1] - net.serving_ptr[r], -1, dtype=np.int64)
        for n in range(first, last):
            place[row_of[n] - net.serving_ptr[r]] = n
        start = net.demand_ptr[net.region_row[r]]
        for n in range(net.demand_ptr[net.region_row[r] + 1] - start):
            row = rows[ptr[r] + n]
            if row >= 0 and place[row] >= 0:
                gb = net.region_share[r] * net.demand_gb[start + n]
                _add_file(copies, p, net.demand_file[start + n], gb, asked[place[row]])
        first = last
    return asked


@njit(cache=True)
def _row_gb(scene: Scene, q: int, r: int, row: int) -> Array:
    """What each appliance of a pool would serve of one row [GB]."""
    net, ptr, rows, copies = scene.net, scene.ptr, scene.rows, scene.copies
    out = np.zeros(copies.appliance_ptr[q + 1] - copies.appliance_ptr[q])
    start = net.demand_ptr[net.region_row[r]]
    for n in range(net.demand_ptr[net.region_row[r] + 1] - start):
        if rows[ptr[r] + n] == row - net.serving_ptr[r]:
            _add_file(
                copies, q, net.demand_file[start + n], net.region_share[r] * net.demand_gb[start + n], out
            )
    return out


@njit(cache=True)
def _use_links(room: Room, rate: Array, path: int, gb: float) -> None:
    """Take what some GB use of the links of a path; a negative amount gives it back."""
    for i in range(room.link_ptr[path], room.link_ptr[path + 1]):
        for t in range(rate.size):
            room.of_link[room.link[i], t] -= gb * rate[t]


@njit(cache=True)
def _use(
    room: Room, copies: Copies, rate: Array, entry: int, q: int, gb: float, asked: Array, share: float
) -> None:
    """Take what a share of a row uses of all limits; a negative share gives it back."""
    _use_links(room, rate, entry, share * gb)
    for t in range(rate.size):
        room.pool[q, t] -= share * gb * rate[t]
        for a in range(asked.size):
            room.appliance[copies.appliance_ptr[q] + a, t] -= share * asked[a] * rate[t]


@njit(cache=True)
def _fitting_links(room: Room, rate: Array, path: int, gb: float, most: float) -> float:
    """Part of some GB, at most so much, until another link of a path is full; full ones are paid for."""
    part = most
    for i in range(room.link_ptr[path], room.link_ptr[path + 1]):
        for t in range(rate.size):
            if gb * rate[t] > 0.0 and room.of_link[room.link[i], t] > room.least[room.link[i]]:
                part = min(part, room.of_link[room.link[i], t] / (gb * rate[t]))
    return part


@njit(cache=True)
def _fitting(room: Room, copies: Copies, rate: Array, q: int, gb: float, asked: Array, most: float) -> float:
    """Part of a row that a pool and its appliances have room for, at most so much."""
    part = most
    for t in range(rate.size):
        if gb * rate[t] > 0.0:
            part = min(part, room.pool[q, t] / (gb * rate[t]))
        for a in range(asked.size):
            if asked[a] * rate[t] > 0.0:
                part = min(part, room.appliance[copies.appliance_ptr[q] + a, t] / (asked[a] * rate[t]))
    return part


@njit(cache=True)
def _toll(room: Room, rate: Array, old: int, new: int) -> float:
    """What a GB that changes from one path to another costs by the overload of links."""
    toll = 0.0
    for i in range(room.link_ptr[new], room.link_ptr[new + 1]):
        shared = False
        for o in range(room.link_ptr[old], room.link_ptr[old + 1]):
            shared |= room.link[o] == room.link[i]
        for t in range(rate.size):
            if not shared and room.of_link[room.link[i], t] <= room.least[room.link[i]]:
                toll += rate[t]
    for o in range(room.link_ptr[old], room.link_ptr[old + 1]):
        shared = False
        for i in range(room.link_ptr[new], room.link_ptr[new + 1]):
            shared |= room.link[o] == room.link[i]
        for t in range(rate.size):
            if not shared and room.of_link[room.link[o], t] < -room.least[room.link[o]]:
                toll -= rate[t]
    return toll * room.overload_cost


@njit(cache=True)
def _costs(scene: Scene, entry: Array, row_of: Array, relief: Array, width: int) -> Array:
    """What each Gbit/s relieved costs by row and by who serves it instead, (n_rows, width + 1).

    The last column is the origin; infinite: the row gives no relief, or that candidate cannot take it.
    """
    net, shares, room = scene.net, scene.shares, scene.room
    cost = np.full((row_of.size, width + 1), np.inf)
    for n in range(row_of.size):
        j, row = entry[n], row_of[n]
        r = net.entry_region[j]
        if relief[n] <= 0.0 or shares.ratio[shares.at[row] + j - net.cand_ptr[r]] <= 0.0:
            continue
        each, rate = shares.gb[row] / relief[n], net.gbps_per_gb[r]
        dearer = shares.origin_cost[r] - shares.cand_cost[j]
        cost[n, width] = (dearer + _toll(room, rate, j, room.first_origin + r)) * each
        for k in range(net.cand_ptr[r + 1] - net.cand_ptr[r]):
            i = net.cand_ptr[r] + k
            if i != j and _holds(net, row, k) and room.pool[net.cand_pool[i]].min() > 0.0:
                cost[n, k] = (shares.cand_cost[i] - shares.cand_cost[j] + _toll(room, rate, j, i)) * each
    return cost


@njit(cache=True)
def _move(scene: Scene, entry: int, row: int, asked: Array, part: float, to: int, anyway: bool) -> None:
    """Serve part of a row by another candidate or by the origin (-1), as far as that has room.

    The origin takes all of it `anyway`.
    """
    net, copies, room, shares = scene.net, scene.copies, scene.room, scene.shares
    r, p = net.entry_region[entry], net.cand_pool[entry]
    at, rate, gb = shares.at[row] - net.cand_ptr[r], net.gbps_per_gb[r], shares.gb[row]
    _use(room, copies, rate, entry, p, gb, asked, -part)
    share = part
    if to >= 0:
        q = net.cand_pool[to]
        there = _row_gb(scene, q, r, row)
        share = _fitting_links(room, rate, to, gb, _fitting(room, copies, rate, q, gb, there, part))
        if share <= SMALLEST_SHARE:
            share = 0.0
        shares.ratio[at + to] += share
        _use(room, copies, rate, to, q, gb, there, share)
    else:
        if not anyway:
            share = _fitting_links(room, rate, room.first_origin + r, gb, part)
        _use_links(room, rate, room.first_origin + r, share * gb)
    _use(room, copies, rate, entry, p, gb, asked, part - share)
    shares.ratio[at + entry] = 0.0 if share >= shares.ratio[at + entry] else shares.ratio[at + entry] - share


@njit(cache=True)
def _worst(room: Room, copies: Copies, p: int, limit: float, pool_limit: float) -> tuple[int, int]:
    """The limit of a pool that is passed most: appliance counted from 0, -1 the pool itself; and slice.

    Slice -1: none is.
    """
    appliance, slice_, most = -1, -1, TOLERANCE
    for t in range(room.pool.shape[1]):
        over = -room.pool[p, t] / max(pool_limit, 1e-300)
        if over > most:
            appliance, slice_, most = -1, t, over
        for a in range(copies.appliance_ptr[p + 1] - copies.appliance_ptr[p]):
            over = -room.appliance[copies.appliance_ptr[p] + a, t] / max(limit, 1e-300)
            if over > most:
                appliance, slice_, most = a, t, over
    return appliance, slice_


@njit(cache=True)
def _over(scene: Scene, p: int, a: int, t: int) -> float:
    """What is asked too much of a pool (-1) or of one of its appliances in a slice [Gbit/s]."""
    room = scene.room
    left = room.pool[p, t] if a < 0 else room.appliance[scene.copies.appliance_ptr[p] + a, t]
    return -float(left)


@njit(cache=True)
def _relieve(
    scene: Scene, p: int, a: int, t: int, entry: Array, row_of: Array, asked: Array, relief: Array, width: int
) -> None:
    """Divert what is too much for one limit in one slice."""
    net, shares = scene.net, scene.shares
    for number in range(MAX_PASSES):
        cost = _costs(scene, entry, row_of, relief, width).ravel()
        # Room elsewhere only shrinks: who has none for a row has none later.
        for place in np.argsort(cost, kind="mergesort"):
            over = _over(scene, p, a, t)
            if over <= 0.0 or cost[place] == np.inf:
                break
            n, k = place // (width + 1), place % (width + 1)
            first = net.cand_ptr[net.entry_region[entry[n]]]
            part = min(shares.ratio[shares.at[row_of[n]] + entry[n] - first], over / relief[n])
            to = first + k if k < width else -1
            if part > 0.0:
                last = number == MAX_PASSES - 1
                _move(scene, entry[n], row_of[n], asked[n], part, to, last)
        if _over(scene, p, a, t) <= 0.0:
            return


@njit(cache=True, nogil=True)
def relieve_pool(p: int, scene: Scene, limit: float, pool_limit: float) -> None:
    """Divert what a pool and its appliances cannot serve, first what costs least per Gbit/s relieved.

    `limit` is what one appliance can serve.
    """
    net, copies, room, shares = scene.net, scene.copies, scene.room, scene.shares
    entry, row_of = _served_rows(net, shares, p)
    asked = _asked_gb(scene, p, entry, row_of)
    width = 0
    for j in entry:
        width = max(width, net.cand_ptr[net.entry_region[j] + 1] - net.cand_ptr[net.entry_region[j]])
    relief = np.zeros(row_of.size)
    # A limit once relieved stays so: nothing is diverted to this pool.
    for _ in range((asked.shape[1] + 1) * room.pool.shape[1]):
        a, t = _worst(room, copies, p, limit, pool_limit)
        if t < 0:
            return
        for n in range(row_of.size):
            gb = shares.gb[row_of[n]] if a < 0 else asked[n, a]
            relief[n] = gb * net.gbps_per_gb[net.entry_region[entry[n]], t]
        _relieve(scene, p, a, t, entry, row_of, asked, relief, width)
