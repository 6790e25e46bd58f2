"""A serving brought within its limits again by chains of moves: a small linear program.

What is too much for a pool or an appliance moves to others that hold it; where these are full themselves,
some of what they serve moves on, and so forth. What leaves a limit is no more than what is too much for it,
or came there from such a one. So of all rows that could move from one limit to another only the cheapest
need be looked at, as many as amount to that: a small part of what a network serves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.model.placement import Serving
from cdnplan.optimize.serving import (
    all_choices,
    choices_of,
    joined_choices,
    least_saving,
    serving_of,
    shares_in,
    within_throughput,
)
from cdnplan.optimize.serving_paths import Paths
from cdnplan.optimize.serving_program import Choices, Stay, path_gb, solve_program
from cdnplan.optimize.serving_ways import Ways

Bools = npt.NDArray[np.bool_]

MOST_MOVES = 3
"""Moves in a chain at most: from a crowded limit to a full one, from there to another, and so forth."""
MOST_CHOICES = 200_000
"""Moves in the program at most: chains are shorter where there would be more."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Moves that a chain may begin or go on with, flat.

    Parameters
    ----------
    share : (n,) int64
        Of the serving as it is.
    limit : (n,) int64
        That it leaves.
    path : (n,) int64
        Where to.
    gbps : (n,) float64
        What leaves the limit with all of the share, in the slice in which there is least room.
    cost : (n,) float64
        Of that, by Gbit/s [currency/Gbps].
    """

    share: Ints
    limit: Ints
    path: Ints
    gbps: Floats
    cost: Floats


def relieved_serving(instance: Instance, near: Serving) -> Serving:
    """Bring a serving within its limits, at little cost and changing little else.

    The best of all chains of moves that are looked at together; it promises no optimum among all servings.

    Parameters
    ----------
    instance : Instance
    near : Serving
        May pass limits of pools, and of the appliances that it tells apart.

    Returns
    -------
    Serving
        With the same rows. The one given where no limit is passed, or where what is too much could move in
        more than `MOST_CHOICES` ways.
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(near.ptr))
    ways = Ways.of(instance, region, near.mask, near.apart)
    paths, now = ways.paths, choices_of(instance, ways, region, near)
    moves = _chains(instance, ways, region, near, now)
    if moves.row.size == 0:
        return near
    moving = np.zeros(region.size, dtype=np.bool_)
    moving[moves.row] = True
    stay = now.take(~moving[now.row])
    may = _united(instance, paths, region, moves, now.take(moving[now.row]))
    moved, _ = solve_program(
        paths,
        near.gb,
        may,
        paths.load(path_gb(paths, near.gb, stay)),
        instance.overload_cost,
        ways.n_strict,
        stay=Stay(shares_in(now, may, paths.region.size), least_saving(paths, near.gb, now)),
    )
    choices = within_throughput(ways, near.gb, joined_choices(stay, moved))
    return serving_of(instance, ways, region, (near.ptr, near.mask, near.gb, near.apart), choices)


def _united(instance: Instance, paths: Paths, region: Ints, moves: Choices, now: Choices) -> Choices:
    """What rows may take: where they may move, what they have, and their origins."""
    n, rows = paths.region.size, np.unique(moves.row)
    origins = rows * n + instance.cand_pool.size + region[rows]
    key = np.unique(np.concatenate([moves.row * n + moves.path, now.row * n + now.path, origins]))
    return Choices(key // n, key % n, np.ones(key.size))


def _chains(instance: Instance, ways: Ways, region: Ints, near: Serving, now: Choices) -> Choices:
    """Rows and the paths that they may move to."""
    paths = ways.paths
    room = paths.capacity[:, None] - paths.load(path_gb(paths, near.gb, now))
    worst, room = np.argmin(room, axis=1), room.min(axis=1)
    leaving = room < -_ROUNDING * paths.capacity
    leaving[ways.n_strict :] = False
    amount, seen = np.where(leaving, -room, 0.0), leaving.copy()
    tightest = _tightest(paths, room)
    found, count = Choices(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)), 0
    for _ in range(MOST_MOVES):
        moves = _all_moves(instance, ways, region, near, now, leaving, worst)
        group = moves.limit * (paths.capacity.size + 1) + tightest[moves.path]
        kept = _cheapest(group, moves, amount)
        count += kept.size
        if kept.size == 0 or count > MOST_CHOICES:
            break
        row, path = now.row[moves.share[kept]], moves.path[kept]
        found = joined_choices(found, Choices(row, path, np.ones(row.size)))
        came = _inflow(paths, moves.limit[kept], path, amount)
        leaving = ~seen & (room < came)
        amount[leaving] = came[leaving]
        seen |= leaving
    return found


def _all_moves(
    instance: Instance, ways: Ways, region: Ints, near: Serving, now: Choices, leaving: Bools, worst: Ints
) -> _Moves:
    """Every way by which what loads some limits could be served instead; `worst` is the slice of each."""
    paths = ways.paths
    share, limit = paths.uses(now.path)
    use = np.flatnonzero(leaving[limit])
    weight = paths.weights(now.path)[use]
    share, limit = share[use], limit[use]
    others = all_choices(instance, ways, region, near.mask, np.unique(now.row[share]))
    first = np.searchsorted(others.row, now.row[share])
    count = np.searchsorted(others.row, now.row[share], side="right") - first
    which = np.repeat(np.arange(share.size), count)
    other = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count) + first[which]
    share, limit, weight, path = share[which], limit[which], weight[which], others.path[other]
    row = now.row[share]
    each = weight * instance.gbps_per_gb[region[row], worst[limit]]
    dearer = paths.cost[path] - paths.cost[now.path[share]]
    # Nobody pays more than for the origin.
    most = paths.cost[instance.cand_pool.size + region[row]]
    useful = (path != now.path[share]) & (each > 0) & (paths.cost[path] <= most)
    share, limit, path, each = share[useful], limit[useful], path[useful], each[useful]
    gbps = near.gb[now.row[share]] * now.share[share] * each
    return _Moves(share, limit, path, gbps, dearer[useful] / each)


def _tightest(paths: Paths, room: Floats) -> Ints:
    """The limit of each path that has least room; one more than there are where it uses none."""
    order = np.lexsort((room[paths.use_limit], paths.use_path))
    path, first = np.unique(paths.use_path[order], return_index=True)
    tightest = np.full(paths.region.size, paths.capacity.size)
    tightest[path] = paths.use_limit[order[first]]
    return tightest


def _cheapest(group: Ints, moves: _Moves, amount: Floats) -> Ints:
    """The cheapest moves of each group that amount to what may leave its limit; all, if they do not."""
    order = np.lexsort((moves.cost, group))
    gbps = moves.gbps[order]
    before = np.cumsum(gbps) - gbps
    new = np.flatnonzero(np.diff(group[order], prepend=-1))
    before -= np.repeat(before[new], np.diff(np.append(new, order.size)))
    return np.asarray(order[before < amount[moves.limit[order]]])


def _inflow(paths: Paths, limit: Ints, path: Ints, amount: Floats) -> Floats:
    """What may come to each limit from others that some moves lead from [Gbit/s]."""
    n = paths.capacity.size
    which, used = paths.uses(path)
    pairs = np.unique(limit[which] * n + used)
    return np.asarray(np.bincount(pairs % n, amount[pairs // n], n), dtype=np.float64)
