"""Both sides of splits of the tree of one large facility location problem: entries, steps and bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.one_file.one_file_bound_kernels import FREE, OPEN, climb, room_for
from cdnplan.optimize.one_file.one_file_overlap_kernels import overlap_bound

Array = Any

LIKELY = 1.5
"""Overlaps are looked at if that would do to reach the goal, were it to raise the bound by so many times as
much as before: where nothing is decided by it, it takes too long."""
APART = 1.6
"""How much further, or less far, than at the node before u is moved for overlaps."""


@njit(cache=True, nogil=True)
def gather_rows(
    ptr: Array, region: Array, level: Array, limit: Array, spare: Array, state: Array, u: Array, most: Array,
    by_ptr: Array, by_region: Array, by_level: Array,
) -> None:  # fmt: skip
    """Copy the entries of undecided pools that u is above or may rise to, from entries pool by pool.

    As `gather`, but u may rise by `spare`, to `limit` at most.
    """
    for r in range(u.size):
        most[r] = min(limit[r], u[r] + spare[r])
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


@njit(cache=True, nogil=True)
def raise_by_overlaps(
    state: Array, opening: Array, held: float, goal: float, bound: float, reach: float, u: Array,
    share: Array, slack: Array, room: Any, paid: Array, extra: Array, barred: Array, over: Array, at: Array,
) -> Any:  # fmt: skip
    """Bound a node by overlaps too, at prices beyond u; slack becomes inf for pools in no set below the goal.

    Further out, sets of few pools cost more, and sets of many less, for whom overlaps make up. `reach` is
    which part of the way from u to `most` to go; a second try goes further if the worst set has fewer pools
    than the steps opened. Returns the better bound, and the better reach.
    """
    most, by_ptr, by_region, by_level = room[:4]
    opened, better = share.sum(), reach
    beyond = np.empty(u.size)
    for _ in range(2):
        # Pools that cannot open below the goal are left out, so what follows is about sets below it.
        free = np.flatnonzero((state == FREE) & (slack < goal - bound))
        base = held
        for r in range(u.size):
            beyond[r] = u[r] + reach * (most[r] - u[r])
            base += beyond[r]
        found, fewest = overlap_bound(
            free, by_ptr, by_region, by_level, opening, base, goal, beyond, extra, barred, paid, over, at
        )  # fmt: skip
        for i in range(free.size):
            if barred[free[i]]:
                slack[free[i]] = np.inf
        if found > bound:
            bound, better = found, reach
        reach = min(1.0, reach * APART) if fewest <= opened else reach / APART
    return bound, better


@njit(cache=True, nogil=True)
def split_nodes(
    items: Array, steps: int, patience: int, ptr: Array, region: Array, level: Array, limit: Array,
    spare: Array, opening: Array, states: Array, split: Array, goal: float, lengths: Array, reaches: Array,
    gains: Array, prices: Array, u: Array, share: Array, slack: Array, bounds: Array, looks: Array,
) -> None:  # fmt: skip
    """Raise the bounds of both sides of some nodes, independent of each other.

    Node i starts from `prices[i]`. With pool `split[i]` open it has row 2i of what follows, else row 2i + 1;
    `lengths`, `reaches` and `gains` (by how much overlaps raised the bound) become those to go on with,
    `looks` how many entries that looked at.
    """
    n, m = opening.size, limit.size
    # One entry more: the last one written need not count.
    room = room_for(m, n, region.size + 1)
    most, by_ptr, by_region, by_level = room[:4]
    paid, extra, barred = np.empty(n), np.empty(n), np.empty(n, np.bool_)
    over, at = np.empty(region.size + 1), np.empty(m)
    asked = opening.copy()
    for i in items:
        p = split[i]
        # Entries are gathered once: neither side is paid for p, and where it is open it caps u.
        gather_rows(
            ptr, region, level, limit, spare, states[i], prices[i], most, by_ptr, by_region, by_level
        )  # fmt: skip
        held = opening[states[i] == OPEN].sum()
        asked[p] = np.inf
        for row in (2 * i + 1, 2 * i):
            u[row] = prices[i]
            if row == 2 * i:
                held += opening[p]
                for k in range(by_ptr[p], by_ptr[p + 1]):
                    most[by_region[k]] = min(most[by_region[k]], by_level[k])
                u[row] = np.minimum(prices[i], most)
            bounds[row], lengths[row], looks[row] = climb(
                steps, patience, asked, held, goal, lengths[row], u[row], share[row], slack[row], room
            )  # fmt: skip
            if goal - LIKELY * gains[row] <= bounds[row] < goal:
                raised, reaches[row] = raise_by_overlaps(
                    states[i], asked, held, goal, bounds[row], reaches[row], u[row], share[row], slack[row],
                    room, paid, extra, barred, over, at,
                )  # fmt: skip
                if raised > bounds[row]:
                    gains[row], bounds[row] = raised - bounds[row], raised
                else:
                    gains[row] = min(gains[row], goal - bounds[row]) / 2.0
                    reaches[row] /= APART**2
        asked[p] = opening[p]
