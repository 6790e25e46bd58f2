"""The problem of one file under prices, an uncapacitated facility location problem (UFL): its set-up.

What it takes is in tuples, see `arrays`; these are what a thread fills anew for each of its files. Files
are independent: they are solved on threads, in a fixed number of chunks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import part
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.problem.arrays import Demand, Holding

N_CHUNKS = 32
"""Chunks of files; a constant, so that sums do not depend on the number of threads."""

Bools = npt.NDArray[np.bool_]


class File(NamedTuple):
    """One file's problem.

    Parameters
    ----------
    active : (n_active,) int64
        Regions that ask for the file, increasing.
    v, cap : (n_regions,) float64
        What each asks for [GB], and what it costs to have all of it from the origin [currency].
    opening : (n_pools,) float64
        Cost of opening a pool [currency]; 0 for those open in any case.
    allowed, fixed : (n_pools,) bool
        Pools that may be open, and pools that are in any case.
    """

    active: Ints
    v: Floats
    cap: Floats
    opening: Floats
    allowed: Bools
    fixed: Bools


class Duals(NamedTuple):
    """A dual solution of one file's problem, see `ascent_kernels`.

    Parameters
    ----------
    u : (n_regions,) float64
        [currency]
    pos : (n_regions,) int64
        Where candidates with a level above u begin.
    slack : (n_pools,) float64
        What is left of the cost of opening [currency].
    todo, stamp : (n_regions,) int64
        Scratch; stamps are 0 between calls.
    """

    u: Floats
    pos: Ints
    slack: Floats
    todo: Ints
    stamp: Ints


class Moves(NamedTuple):
    """What pools and regions of one file's problem look like from a set of open pools, see `move_kernels`.

    Parameters
    ----------
    gain, worth, relief : (n_pools,) float64
        What opening each pool would save, what each open one saves, and scratch that is 0 between calls
        [currency].
    first, second : (n_regions,) int64
        Nearest and second nearest open candidates of active regions; -1: the origin.
    listed : (n_pools,) int64
        Scratch: a list of pools.
    """

    gain: Floats
    worth: Floats
    relief: Floats
    first: Ints
    second: Ints
    listed: Ints


@part
def room_for_file(n_regions: int, n_pools: int) -> File:
    """Arrays that `ask` and `opening_costs` fill for one file after the other."""
    return File(
        np.empty(n_regions, np.int64),
        np.zeros(n_regions),
        np.zeros(n_regions),
        np.zeros(n_pools),
        np.zeros(n_pools, np.bool_),
        np.zeros(n_pools, np.bool_),
    )


@part
def room_for_duals(n_regions: int, n_pools: int) -> Duals:
    """Arrays for the duals of one file after the other."""
    return Duals(
        np.zeros(n_regions),
        np.zeros(n_regions, np.int64),
        np.zeros(n_pools),
        np.empty(n_regions, np.int64),
        np.zeros(n_regions, np.int64),
    )


@part
def room_for_moves(n_regions: int, n_pools: int) -> Moves:
    """Arrays for the moves of one file after the other."""
    return Moves(
        np.zeros(n_pools),
        np.zeros(n_pools),
        np.zeros(n_pools),
        np.empty(n_regions, np.int64),
        np.empty(n_regions, np.int64),
        np.empty(n_pools, np.int64),
    )


@part
def ask_for_file(f: int, demand: Demand, origin: Floats, row_gb: Floats, room: File) -> File:
    """Spread a file's demand over the regions; returns its problem, without what opening costs.

    `row_gb` is scratch: zeros, and zeros again afterwards.
    """
    ptr, row, gb_of = demand.ptr, demand.row, demand.gb
    region_row, share = demand.region_row, demand.region_share
    active, v, cap = room.active, room.v, room.cap
    for k in range(ptr[f], ptr[f + 1]):
        row_gb[row[k]] = gb_of[k]
    n_active = 0
    for r in range(region_row.size):
        gb = share[r] * row_gb[region_row[r]]
        v[r] = gb
        if gb > 0.0:
            active[n_active] = r
            n_active += 1
            cap[r] = gb * origin[r]
    for k in range(ptr[f], ptr[f + 1]):
        row_gb[row[k]] = 0.0
    return File(active[:n_active], v, cap, room.opening, room.allowed, room.fixed)


@part
def opening_costs(f: int, holding: Holding, gift: Floats, file: File) -> float:
    """Opening costs F[f, p]; returns the constant of pools open in any case (docs/bound.md, step 1).

    `gift` is scratch: zeros, and zeros again afterwards.
    """
    size, copies, held, pinned = holding.size[f], holding.copies, holding.held, holding.pinned
    store, new, reward_ptr, reward_pool = holding.store, holding.new, holding.reward_ptr, holding.reward_pool
    opening, allowed, fixed = file.opening, file.allowed, file.fixed
    for i in range(reward_ptr[f], reward_ptr[f + 1]):
        gift[reward_pool[i]] += holding.reward[i]
    constant = 0.0
    for p in range(store.size):
        k = np.int64(copies[f, p])
        allowed[p] = k > 0
        fixed[p] = False
        opening[p] = 0.0
        if k == 0:
            continue
        fresh = max(0, k - np.int64(held[f, p]))
        cost = size * (store[p] * k + new[p] * fresh) - gift[p]
        if pinned[f, p] or cost < 0.0:
            constant += cost
            fixed[p] = True
        else:
            opening[p] = cost
    for i in range(reward_ptr[f], reward_ptr[f + 1]):
        gift[reward_pool[i]] = 0.0
    return constant
