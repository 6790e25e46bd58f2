"""Kernel that takes from one pool what it or its appliances cannot serve, where that costs least."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.fill.loads.loads_kernels import Network

Array = npt.NDArray[Any]

SMALLEST_SHARE = 1e-9
"""Smaller parts of a row's demand are not worth a share of their own."""
TOLERANCE = 1e-12
"""A limit passed by no more than this part of it is kept."""
FULL_RATIO = 1e-9
"""Of a row that may be passed, where no larger part is left it is full."""
MAX_PASSES = 20
"""Passes over what loads one limit, each at the prices of rows that are full by then; the last one sends to
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
    """What is left of each limit in each slice, below 0 where it is passed; these are written to.

    Limits are those of appliances and rate rows. Paths and what they use of rows are those of `RateRows`:
    candidate entries, then the origins of regions, from ``first_origin`` on. Rows whose `overload_cost` is
    infinite must hold; of others a unit above the capacity costs that, and where no more than `FULL_RATIO`
    of it is left the row is full. Origins can always serve: they use no row that must hold.
    """

    appliance: Array
    row: Array
    capacity: Array
    overload_cost: Array
    use_ptr: Array
    use_row: Array
    use_weight: Array
    first_origin: int


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
def _use_rows(room: Room, rate: Array, path: int, gb: float) -> None:
    """Take what some GB use of the rows of a path; a negative amount gives it back."""
    for i in range(room.use_ptr[path], room.use_ptr[path + 1]):
        for t in range(rate.size):
            room.row[room.use_row[i], t] -= gb * room.use_weight[i] * rate[t]


@njit(cache=True)
def _use(
    room: Room, copies: Copies, rate: Array, entry: int, q: int, gb: float, asked: Array, share: float
) -> None:
    """Take what a share of a row uses of all limits; a negative share gives it back."""
    _use_rows(room, rate, entry, share * gb)
    for t in range(rate.size):
        for a in range(asked.size):
            room.appliance[copies.appliance_ptr[q] + a, t] -= share * asked[a] * rate[t]


@njit(cache=True)
def _must_hold(room: Room, row: int) -> bool:
    return bool(room.overload_cost[row] == np.inf)


@njit(cache=True)
def _fitting_rows(room: Room, rate: Array, path: int, gb: float, most: float) -> float:
    """Part of some GB, at most so much, until another row of a path is full; full ones are paid for."""
    part = most
    for i in range(room.use_ptr[path], room.use_ptr[path + 1]):
        row = room.use_row[i]
        for t in range(rate.size):
            need, left = gb * room.use_weight[i] * rate[t], room.row[row, t]
            if need > 0.0 and (_must_hold(room, row) or left > FULL_RATIO * room.capacity[row]):
                part = min(part, left / need)
    return part


@njit(cache=True)
def _fitting(room: Room, copies: Copies, rate: Array, q: int, asked: Array, most: float) -> float:
    """Part of a row of demand that the appliances of a pool have room for, at most so much."""
    part = most
    for t in range(rate.size):
        for a in range(asked.size):
            if asked[a] * rate[t] > 0.0:
                part = min(part, room.appliance[copies.appliance_ptr[q] + a, t] / (asked[a] * rate[t]))
    return part


@njit(cache=True)
def _weight(room: Room, path: int, row: int) -> float:
    """Units of a row for each Gbit/s on a path."""
    weight = 0.0
    for i in range(room.use_ptr[path], room.use_ptr[path + 1]):
        if room.use_row[i] == row:
            weight += room.use_weight[i]
    return weight


@njit(cache=True)
def _toll(room: Room, rate: Array, old: int, new: int) -> float:
    """What a GB that changes from one path to another costs by the overload of rows.

    Infinite where a row that must hold has no room for it.
    """
    toll = 0.0
    for i in range(room.use_ptr[new], room.use_ptr[new + 1]):
        row = room.use_row[i]
        more = room.use_weight[i] - _weight(room, old, row)
        if more > 0.0 and _must_hold(room, row):
            if room.row[row].min() <= 0.0:
                return np.inf
        elif more > 0.0:
            for t in range(rate.size):
                if room.row[row, t] <= FULL_RATIO * room.capacity[row]:
                    toll += more * rate[t] * room.overload_cost[row]
    for o in range(room.use_ptr[old], room.use_ptr[old + 1]):
        row = room.use_row[o]
        less = room.use_weight[o] - _weight(room, new, row)
        if less > 0.0 and not _must_hold(room, row):
            for t in range(rate.size):
                if room.row[row, t] < -FULL_RATIO * room.capacity[row]:
                    toll -= less * rate[t] * room.overload_cost[row]
    return toll


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
            if i != j and _holds(net, row, k):
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
        share = _fitting_rows(room, rate, to, gb, _fitting(room, copies, rate, q, there, part))
        if share <= SMALLEST_SHARE:
            share = 0.0
        shares.ratio[at + to] += share
        _use(room, copies, rate, to, q, gb, there, share)
    else:
        if not anyway:
            share = _fitting_rows(room, rate, room.first_origin + r, gb, part)
        _use_rows(room, rate, room.first_origin + r, share * gb)
    _use(room, copies, rate, entry, p, gb, asked, part - share)
    shares.ratio[at + entry] = 0.0 if share >= shares.ratio[at + entry] else shares.ratio[at + entry] - share


@njit(cache=True)
def _rows_to_hold(room: Room, entry: Array) -> Array:
    """Rows that must hold and that some entries use, increasing."""
    used = np.zeros(room.capacity.size, dtype=np.bool_)
    for j in entry:
        for i in range(room.use_ptr[j], room.use_ptr[j + 1]):
            used[room.use_row[i]] |= _must_hold(room, room.use_row[i])
    return np.flatnonzero(used)


@njit(cache=True)
def _over(scene: Scene, p: int, rows: Array, k: int, t: int) -> float:
    """What is asked too much of limit k of a pool in a slice: of rows, then of its appliances."""
    room = scene.room
    if k < rows.size:
        return -float(room.row[rows[k], t])
    return -float(room.appliance[scene.copies.appliance_ptr[p] + k - rows.size, t])


@njit(cache=True)
def _worst(scene: Scene, p: int, rows: Array, limit: float, done: Array) -> tuple[int, int]:
    """The limit that is passed most of those that are not done, and the slice; -1: none is."""
    worst, slice_, most = -1, -1, TOLERANCE
    for k in range(done.shape[0]):
        allowed = max(scene.room.capacity[rows[k]] if k < rows.size else limit, 1e-300)
        for t in range(done.shape[1]):
            over = _over(scene, p, rows, k, t) / allowed
            if over > most and not done[k, t]:
                worst, slice_, most = k, t, over
    return worst, slice_


@njit(cache=True)
def _relieve(
    scene: Scene,
    p: int,
    rows: Array,
    k: int,
    t: int,
    entry: Array,
    row_of: Array,
    asked: Array,
    relief: Array,
) -> None:
    """Divert what is too much for one limit in one slice."""
    net, shares = scene.net, scene.shares
    width = 0
    for j in entry:
        width = max(width, net.cand_ptr[net.entry_region[j] + 1] - net.cand_ptr[net.entry_region[j]])
    for number in range(MAX_PASSES):
        cost = _costs(scene, entry, row_of, relief, width).ravel()
        # Room elsewhere only shrinks: who has none for a row has none later.
        for place in np.argsort(cost, kind="mergesort"):
            over = _over(scene, p, rows, k, t)
            if over <= 0.0 or cost[place] == np.inf:
                break
            n, to = place // (width + 1), place % (width + 1)
            first = net.cand_ptr[net.entry_region[entry[n]]]
            part = min(shares.ratio[shares.at[row_of[n]] + entry[n] - first], over / relief[n])
            if part > 0.0:
                last = number == MAX_PASSES - 1
                _move(scene, entry[n], row_of[n], asked[n], part, first + to if to < width else -1, last)
        if _over(scene, p, rows, k, t) <= 0.0:
            return


@njit(cache=True, nogil=True)
def relieve_pool(p: int, scene: Scene, limit: float) -> None:
    """Divert what a pool serves too much, first what costs least per Gbit/s relieved.

    Too much for its appliances, of which each can serve `limit`, or for rows that must hold: its throughput,
    and those that it shares with other pools.
    """
    net, room, shares = scene.net, scene.room, scene.shares
    entry, row_of = _served_rows(net, shares, p)
    asked = _asked_gb(scene, p, entry, row_of)
    rows = _rows_to_hold(room, entry)
    relief = np.zeros(row_of.size)
    done = np.zeros((rows.size + asked.shape[1], room.row.shape[1]), dtype=np.bool_)
    # A limit once relieved stays so, as nothing is diverted to this pool; of rows others may use too much.
    for _ in range(done.size):
        k, t = _worst(scene, p, rows, limit, done)
        if k < 0:
            return
        done[k, t] = True
        for n in range(row_of.size):
            gb = asked[n, k - rows.size] if k >= rows.size else 0.0
            if k < rows.size:
                gb = shares.gb[row_of[n]] * _weight(room, entry[n], rows[k])
            relief[n] = gb * net.gbps_per_gb[net.entry_region[entry[n]], t]
        _relieve(scene, p, rows, k, t, entry, row_of, asked, relief)
