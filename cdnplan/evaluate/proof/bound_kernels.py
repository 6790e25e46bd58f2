"""Compiled loops of the bound: the demand matrix by file, and steps 1 to 4 of docs/bound.md for one file.

The helpers are plain functions that numba compiles into the loop that calls them
(`facility_kernels.bound_block`), so that small problems can be interpreted without waiting for compilation;
the results are the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints, Ints32

ADJUST_ROUNDS = 3
WITHOUT_SLACK = 1e-9
"""A slack of at most this part of the opening cost is none."""
NO_GAIN = 1e-12
"""A round that lifts the sum of u by no more than this part of it gains nothing."""


class Network(NamedTuple):
    """What is the same for all files.

    `cand_ptr`, `cand_pool`, `cand_price`: candidates of each region by increasing priced cost per GB.
    `origin_price`: priced cost per GB from the origin, (n_regions,).
    `pool_ptr`, `pool_region`, `pool_price`: regions that each pool is a candidate of, increasing, and at what
    priced cost per GB.
    `row_ptr`, `row_region`, `share`: regions that draw on each row of the demand matrix, and with what share.
    """

    cand_ptr: Ints
    cand_pool: Ints32
    cand_price: Floats
    origin_price: Floats
    pool_ptr: Ints
    pool_region: Ints32
    pool_price: Floats
    row_ptr: Ints
    row_region: Ints32
    share: Floats


class Files(NamedTuple):
    """Files, their demand, and what holding them costs.

    `ptr`, `row`, `entry`: demand entries by file, see `entries_by_file`; `demand_gb` by row [GB].
    `size_gb`; `copies`, `held`, `pinned`: (n_pools, n_files).
    `storage_price`, `new_price`: per GB stored and per GB of new bytes, (n_pools,).
    `surcharge`: what prices of cuts add to the cost of opening, (n_files, n_pools); (0, 0) without cuts.
    `launch_ptr`, `launch_rule`: launch rules by file; `rule_ptr`, `rule_pool`, `rule_price`: by rule.
    """

    ptr: Ints
    row: Ints32
    entry: Ints
    demand_gb: npt.NDArray[np.float32]
    size_gb: Floats
    copies: npt.NDArray[np.uint8]
    held: npt.NDArray[np.uint8]
    pinned: npt.NDArray[np.bool_]
    storage_price: Floats
    new_price: Floats
    surcharge: Floats
    launch_ptr: Ints
    launch_rule: Ints32
    rule_ptr: Ints
    rule_pool: Ints32
    rule_price: Floats


class Duals(NamedTuple):
    """State of one file's ascent; scratch that all files of a block use in turn.

    By pool: `exists` (neither banned nor closed by a node of the search), `opening` (F), `slack`. By region:
    `volume` (v, 0 without demand), `u`, `next` (first candidate entry whose level is above u), `seen`.
    `active`, `queue`: lists of regions.
    """

    exists: npt.NDArray[np.bool_]
    opening: Floats
    slack: Floats
    volume: Floats
    u: Floats
    next: Ints
    seen: Ints
    active: Ints
    queue: Ints


@part
def scratch(n_pools: int, n_regions: int) -> Duals:
    """Arrays for the ascents of one file after the other.

    Parameters
    ----------
    n_pools, n_regions : int
    """
    return Duals(
        np.zeros(n_pools, np.bool_),
        np.zeros(n_pools),
        np.zeros(n_pools),
        np.zeros(n_regions),
        np.zeros(n_regions),
        np.zeros(n_regions, np.int64),
        np.zeros(n_regions, np.int64),
        np.zeros(n_regions, np.int64),
        np.zeros(n_regions, np.int64),
    )


@njit(cache=True)
def entries_by_file(ptr: Ints, file: Ints32, n_files: int) -> tuple[Ints, Ints32, Ints]:
    """Transpose the pattern of a CSR matrix: where each file's entries are, rows increasing.

    Parameters
    ----------
    ptr, file : (n_rows + 1,) int64, (n_entries,) int32
        The matrix by row.
    n_files : int

    Returns
    -------
    file_ptr : (n_files + 1,) int64
    row : (n_entries,) int32
        Row of each entry, by file.
    entry : (n_entries,) int64
        Its position in the matrix by row.
    """
    file_ptr = np.zeros(n_files + 1, np.int64)
    for i in range(file.size):
        file_ptr[file[i] + 1] += 1
    for f in range(n_files):
        file_ptr[f + 1] += file_ptr[f]
    free = file_ptr[:-1].copy()
    row = np.empty(file.size, np.int32)
    entry = np.empty(file.size, np.int64)
    for r in range(ptr.size - 1):
        for i in range(ptr[r], ptr[r + 1]):
            at = free[file[i]]
            free[file[i]] += 1
            row[at] = r
            entry[at] = i
    return file_ptr, row, entry


@part
def open_costs(files: Files, f: int, duals: Duals) -> float:
    """Do step 1: what opening each pool costs.

    Parameters
    ----------
    files : Files
    f : int
    duals : Duals
        Takes them: `exists`, `opening`, `slack`.

    Returns
    -------
    float
        The constants [currency].
    """
    for p in range(duals.slack.size):
        k = np.int64(files.copies[p, f])
        fresh = max(np.int64(0), k - np.int64(files.held[p, f]))
        duals.exists[p] = k > 0
        duals.opening[p] = files.size_gb[f] * (files.storage_price[p] * k + files.new_price[p] * fresh)
    if files.surcharge.size > 0:
        for p in range(duals.slack.size):
            duals.opening[p] += files.surcharge[f, p]
    for i in range(files.launch_ptr[f], files.launch_ptr[f + 1]):
        rule = files.launch_rule[i]
        for j in range(files.rule_ptr[rule], files.rule_ptr[rule + 1]):
            duals.opening[files.rule_pool[j]] -= files.rule_price[rule]
    constants = 0.0
    for p in range(duals.slack.size):
        if not duals.exists[p]:
            duals.opening[p] = 0.0
        elif files.pinned[p, f] or duals.opening[p] < 0.0:
            constants += duals.opening[p]
            duals.opening[p] = 0.0
        duals.slack[p] = duals.opening[p]
    return constants


@part
def start(net: Network, files: Files, f: int, duals: Duals) -> int:
    """Do step 2: list the regions with demand, each at its lowest level.

    Parameters
    ----------
    net, files : Network, Files
    f : int
    duals : Duals
        Takes them: `volume`, `u`, `next`, `active`.

    Returns
    -------
    int
        How many there are.
    """
    for i in range(files.ptr[f], files.ptr[f + 1]):
        gb = np.float64(files.demand_gb[files.entry[i]])
        for j in range(net.row_ptr[files.row[i]], net.row_ptr[files.row[i] + 1]):
            duals.volume[net.row_region[j]] = net.share[net.row_region[j]] * gb
    n = 0
    for r in range(duals.u.size):
        if duals.volume[r] > 0.0:
            duals.u[r] = duals.volume[r] * net.origin_price[r]
            duals.next[r] = net.cand_ptr[r]
            for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
                if duals.exists[net.cand_pool[j]]:
                    duals.u[r] = min(duals.u[r], duals.volume[r] * net.cand_price[j])
                    break
            duals.active[n] = r
            n += 1
    return n


@part
def ascend(net: Network, duals: Duals, n: int) -> float:
    """Do step 3: let the first `n` regions of the queue rise.

    Parameters
    ----------
    net : Network
    duals : Duals
        `queue` is used up; `u`, `slack`, `next` change.
    n : int

    Returns
    -------
    float
        By how much they rose in all [currency].
    """
    risen = 0.0
    while n > 0:
        kept = 0
        for i in range(n):
            r = duals.queue[i]
            v, end = duals.volume[r], net.cand_ptr[r + 1]
            j = duals.next[r]
            while j < end and (not duals.exists[net.cand_pool[j]] or v * net.cand_price[j] <= duals.u[r]):
                j += 1
            duals.next[r] = j
            goal = v * net.origin_price[r]
            if j < end:
                goal = min(goal, v * net.cand_price[j])
            whole = goal - duals.u[r]
            step = whole
            for k in range(net.cand_ptr[r], j):
                if duals.exists[net.cand_pool[k]]:
                    step = min(step, duals.slack[net.cand_pool[k]])
            if step > 0.0:
                # u + (goal - u) may miss the goal by a last bit, and that bit would cost the region a pass.
                duals.u[r] = goal if step == whole else duals.u[r] + step
                risen += step
                for k in range(net.cand_ptr[r], j):
                    if duals.exists[net.cand_pool[k]]:
                        duals.slack[net.cand_pool[k]] -= step
                duals.queue[kept] = r
                kept += 1
        n = kept
    return risen


@part
def _lower(net: Network, duals: Duals, r: int, mark: int) -> tuple[int, float]:
    """Step 4, first half: lower a region that pays for two pools without slack, and queue its neighbours.

    Returns how many regions are queued, and by how much u fell.
    """
    v, old = duals.volume[r], duals.u[r]
    below = -1.0
    for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
        level = v * net.cand_price[j]
        if level >= old:
            break
        if duals.exists[net.cand_pool[j]]:
            below = level
    n = 0
    duals.seen[r] = mark
    for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
        p = net.cand_pool[j]
        if v * net.cand_price[j] >= old:
            break
        if duals.exists[p]:
            if duals.slack[p] <= WITHOUT_SLACK * duals.opening[p]:
                for k in range(net.pool_ptr[p], net.pool_ptr[p + 1]):
                    other = net.pool_region[k]
                    if duals.volume[other] > 0.0 and duals.seen[other] != mark:
                        duals.seen[other] = mark
                        duals.queue[n] = other
                        n += 1
            duals.slack[p] += old - below
    duals.u[r] = below
    duals.next[r] = net.cand_ptr[r]
    return n, old - below


@part
def _next_blocked(net: Network, duals: Duals, n: int, i: int) -> int:
    """Position from `i` on of the next active region that pays for two pools without slack; `n` if none.

    One call looks at many regions: to hand all these arrays over takes longer than to look at one.
    """
    ptr, pool, price = net.cand_ptr, net.cand_pool, net.cand_price
    exists, slack, opening = duals.exists, duals.slack, duals.opening
    volume, u, active = duals.volume, duals.u, duals.active
    while i < n:
        r = active[i]
        blocking = 0
        for j in range(ptr[r], ptr[r + 1]):
            p = pool[j]
            if volume[r] * price[j] >= u[r]:
                break
            if exists[p] and slack[p] <= WITHOUT_SLACK * opening[p]:
                blocking += 1
        if blocking >= 2:
            break
        i += 1
    return i


@part
def sum_u(duals: Duals, n: int) -> float:
    """Sum u over the regions with demand."""
    total = 0.0
    for i in range(n):
        total += duals.u[duals.active[i]]
    return total


@part
def adjust(net: Network, duals: Duals, n: int, mark: int, enough: float) -> tuple[float, int]:
    """Do step 4.

    Parameters
    ----------
    net : Network
    duals : Duals
    n : int
        Regions with demand.
    mark : int
        Last number used in `Duals.seen`.
    enough : float
        No further round once u sums to that [currency].

    Returns
    -------
    total : float
        Sum of u [currency].
    mark : int
    """
    total = sum_u(duals, n)
    for _ in range(ADJUST_ROUNDS):
        if total >= enough:
            break
        i = _next_blocked(net, duals, n, 0)
        while i < n:
            r = duals.active[i]
            mark += 1
            queued, fall = _lower(net, duals, r, mark)
            if fall > 0.0:
                ascend(net, duals, queued)
                duals.queue[0] = r
                ascend(net, duals, 1)
            i = _next_blocked(net, duals, n, i + 1)
        before, total = total, sum_u(duals, n)
        if total - before <= NO_GAIN * total:
            break
    return total, mark
