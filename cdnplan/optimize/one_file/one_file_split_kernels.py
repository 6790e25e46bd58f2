"""Both sides of splits of the tree of one large facility location problem: entries, steps and bounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.one_file.one_file_bound_kernels import (
    FREE,
    OPEN,
    ByPool,
    Room,
    States,
    climb,
    room_for,
)
from cdnplan.optimize.one_file.one_file_overlap_kernels import Overlaps, overlap_bound, room_for_overlaps

LIKELY = 1.5
"""Overlaps are looked at if that would do to reach the goal, were it to raise the bound by so many times as
much as before: where nothing is decided by it, it takes too long."""
APART = 1.6
"""How much further, or less far, than at the node before u is moved for overlaps."""


class Reach(NamedTuple):
    """How far u may go at a node: to `limit`, and `spare` above where it starts, both (n_regions,)."""

    limit: Floats
    spare: Floats


class Pace(NamedTuple):
    """How each side of a node goes on: length of steps, reach, and gain by overlaps, each (n_sides,)."""

    length: Floats
    reach: Floats
    gain: Floats


class Sides(NamedTuple):
    """What is found of each side of nodes.

    Parameters
    ----------
    u : (n_sides, n_regions) float64
    share, slack : (n_sides, n_pools) float64
        See `climb`.
    bound, looks : (n_sides,) float64
        Bound, without the constant, and how many entries that looked at.
    """

    u: Floats
    share: Floats
    slack: Floats
    bound: Floats
    looks: Floats

    @classmethod
    def of(cls, sides: int, regions: int, pools: int) -> Sides:
        """Nothing found yet."""
        share = np.empty((sides, pools))
        return cls(np.empty((sides, regions)), share, np.empty_like(share), np.empty(sides), np.empty(sides))


@part
def gather_rows(rows: ByPool, reach: Reach, state: States, u: Floats, room: Room) -> None:
    """Copy the entries of undecided pools that u is above or may rise to, from entries pool by pool.

    As `gather`, but u may rise by `reach.spare`, to `reach.limit` at most.
    """
    ptr, region, level, most = rows.ptr, rows.region, rows.level, room.most
    by_ptr, by_region, by_level = room.by_pool.ptr, room.by_pool.region, room.by_pool.level
    for r in range(u.size):
        most[r] = min(reach.limit[r], u[r] + reach.spare[r])
    for p in range(state.size):
        if state[p] == OPEN:
            for k in range(ptr[p], ptr[p + 1]):
                most[region[k]] = min(most[region[k]], level[k])
    kept = 0
    for p in range(state.size):
        by_ptr[p] = kept
        if state[p] == FREE:
            for k in range(ptr[p], ptr[p + 1]):
                # Written in any case and counted without a branch, which would be guessed wrong too often.
                by_region[kept], by_level[kept] = region[k], level[k]
                kept += 1 if level[k] < most[region[k]] else 0
    by_ptr[state.size] = kept
    for r in range(u.size):
        u[r] = min(u[r], most[r])


@part
def raise_by_overlaps(
    state: States,
    opening: Floats,
    held: float,
    goal: float,
    bound: float,
    reach: float,
    u: Floats,
    share: Floats,
    slack: Floats,
    room: Room,
    overlaps: Overlaps,
) -> tuple[float, float]:
    """Bound a node by overlaps too, at prices beyond u; slack becomes inf for pools in no set below the goal.

    Further out, sets of few pools cost more, and sets of many less, for whom overlaps make up. `reach` is
    which part of the way from u to `most` to go; a second try goes further if the worst set has fewer pools
    than the steps opened. Returns the better bound, and the better reach.
    """
    most = room.most
    opened, better = share.sum(), reach
    beyond = np.empty(u.size)
    for _ in range(2):
        # Pools that cannot open below the goal are left out, so what follows is about sets below it.
        free = np.flatnonzero((state == FREE) & (slack < goal - bound))
        base = held
        for r in range(u.size):
            beyond[r] = u[r] + reach * (most[r] - u[r])
            base += beyond[r]
        found, fewest = overlap_bound(free, room.by_pool, opening, base, goal, beyond, overlaps)
        for i in range(free.size):
            if overlaps.barred[free[i]]:
                slack[free[i]] = np.inf
        if found > bound:
            bound, better = found, reach
        reach = min(1.0, reach * APART) if fewest <= opened else reach / APART
    return bound, better


@njit(cache=True, nogil=True)
def split_nodes(
    items: Ints,
    steps: int,
    patience: int,
    rows: ByPool,
    reach: Reach,
    opening: Floats,
    states: States,
    split: Ints,
    goal: float,
    pace: Pace,
    prices: Floats,
    found: Sides,
) -> None:
    """Raise the bounds of both sides of some nodes, independent of each other.

    Node i starts from `prices[i]`. With pool `split[i]` open it has row 2i of `found`, else row 2i + 1; its
    pace becomes that to go on with.
    """
    n, m = opening.size, reach.limit.size
    # One entry more: the last one written need not count.
    room, overlaps = room_for(m, n, rows.region.size + 1), room_for_overlaps(m, n, rows.region.size + 1)
    most, by_ptr, by_region, by_level = room.most, room.by_pool.ptr, room.by_pool.region, room.by_pool.level
    asked = opening.copy()
    for i in items:
        p = split[i]
        # Entries are gathered once: neither side is paid for p, and where it is open it caps u.
        gather_rows(rows, reach, states[i], prices[i], room)
        held = opening[states[i] == OPEN].sum()
        asked[p] = np.inf
        for row in (2 * i + 1, 2 * i):
            u, share, slack = found.u[row], found.share[row], found.slack[row]
            u[:] = prices[i]
            if row == 2 * i:
                held += opening[p]
                for k in range(by_ptr[p], by_ptr[p + 1]):
                    most[by_region[k]] = min(most[by_region[k]], by_level[k])
                u[:] = np.minimum(prices[i], most)
            bound, pace.length[row], found.looks[row] = climb(
                steps, patience, asked, held, goal, pace.length[row], u, share, slack, room
            )
            found.bound[row] = bound
            if goal - LIKELY * pace.gain[row] <= bound < goal:
                raised, pace.reach[row] = raise_by_overlaps(
                    states[i], asked, held, goal, bound, pace.reach[row], u, share, slack, room, overlaps
                )
                if raised > bound:
                    pace.gain[row], found.bound[row] = raised - bound, raised
                else:
                    pace.gain[row] = min(pace.gain[row], goal - bound) / 2.0
                    pace.reach[row] /= APART**2
        asked[p] = opening[p]
