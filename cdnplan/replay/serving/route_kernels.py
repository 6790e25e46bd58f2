"""Kernels: which class of files a request belongs to, and where hours of load find room."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.optimize.serve.signature_kernels import row_of

Bools = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]


class Candidates(NamedTuple):
    """Candidate entries of each region, (n_regions + 1,), and their pools, (n_cand,)."""

    ptr: Ints
    pool: Ints32


class Classes(NamedTuple):
    """Classes of files, a region's with the same holders: those of each region, and who holds them.

    Parameters
    ----------
    ptr : (n_regions + 1,) int64
    mask : (n_rows, n_words) uint64
        As in `cdnplan.model.plan.placement.Serving`, sorted within each region, the last word counting most.
    """

    ptr: Ints
    mask: Words


class Choices(NamedTuple):
    """Who may serve each class.

    Parameters
    ----------
    ptr : (n_rows + 1,) int64
    entry, level : (n_choices,) int64
        Candidate entry, and how many others of its class are asked before it: increasing.
    share : (n_choices,) float64
        Part that it gets of what comes to its level.
    """

    ptr: Ints
    entry: Ints
    level: Ints
    share: Floats


class Uses(NamedTuple):
    """Limits that choices use, by choice: pointers, rows, and what these bear of each Gbit/s."""

    ptr: Ints
    row: Ints
    weight: Floats


class Planned(NamedTuple):
    """How a plan serves classes.

    Parameters
    ----------
    row : (n_rows,) int64
        Row of the plan's serving that each class is, -1 where the plan has none.
    ptr, slot, ratio
        As `share_ptr`, `slot` and `ratio` of `cdnplan.model.plan.placement.Serving`.
    """

    row: Ints
    ptr: Ints
    slot: Ints32
    ratio: Floats


class Sites(NamedTuple):
    """Site and throughput [Gbit/s] of each pool, (n_pools,)."""

    of_pool: Ints
    throughput: Floats


@njit(cache=True)
def rows_of(
    region: Ints | Ints32, file: Ints | Ints32, candidates: Candidates, holds: Bools, classes: Classes
) -> Ints:
    """Class that each (region, file) is in, -1 where its region has no such class; found by bisection."""
    mask = classes.mask
    words = mask.shape[1]
    found = np.empty(region.size, dtype=np.int64)
    own = np.zeros(words, dtype=np.uint64)
    for i in range(region.size):
        r, f = region[i], file[i]
        own[:] = 0
        for j in range(candidates.ptr[r], candidates.ptr[r + 1]):
            if holds[candidates.pool[j], f]:
                bit = j - candidates.ptr[r]
                own[bit // 64] |= np.uint64(1) << np.uint64(bit % 64)
        found[i] = row_of(own, mask, classes.ptr[r], classes.ptr[r + 1])
        if found[i] >= 0:
            found[i] += classes.ptr[r]
    return found


@njit(cache=True)
def fill_hour(gbps: Floats, choices: Choices, uses: Uses, room: Floats, served: Floats) -> None:
    """Send one hour's load of all rows through their choices, level by level, as far as there is room.

    Limits that are offered more than they have room for take the same part of every offer; the rest
    goes on to the next level. `served` (n_choices,) is what each choice takes, in parts of its row's load;
    `room` (n_limits,) is what is left afterwards; both are changed in place.
    """
    choice_ptr, level, share = choices.ptr, choices.level, choices.share
    n_rows, n_limits = gbps.size, room.size
    left = np.ones(n_rows)
    at = choice_ptr[:-1].copy()
    served[:] = 0.0
    while True:
        offered = np.zeros(n_limits)
        some = False
        for row in range(n_rows):
            k = at[row]
            while k < choice_ptr[row + 1] and level[k] == level[at[row]]:
                for u in range(uses.ptr[k], uses.ptr[k + 1]):
                    offered[uses.row[u]] += gbps[row] * left[row] * share[k] * uses.weight[u]
                some = True
                k += 1
        if not some:
            return
        taken = np.ones(n_limits)
        for e in range(n_limits):
            # A load that only rounding lifts above the limit is let pass, as the judge does.
            if offered[e] > room[e] * (1.0 + 1e-6) + 1e-9:
                taken[e] = max(0.0, room[e]) / offered[e]
        for row in range(n_rows):
            k = at[row]
            if k >= choice_ptr[row + 1]:
                continue
            before, kept = left[row], 0.0
            while k < choice_ptr[row + 1] and level[k] == level[at[row]]:
                served[k] = before * share[k]
                for u in range(uses.ptr[k], uses.ptr[k + 1]):
                    served[k] = min(served[k], before * share[k] * taken[uses.row[u]])
                for u in range(uses.ptr[k], uses.ptr[k + 1]):
                    room[uses.row[u]] -= gbps[row] * served[k] * uses.weight[u]
                kept += served[k]
                # What is planned to come from the origin does not ask at the next level.
                k += 1
            asked = 0.0
            for q in range(at[row], k):
                asked += before * share[q]
            left[row] = max(0.0, asked - kept)
            at[row] = k
            if left[row] <= 1e-12:
                at[row] = choice_ptr[row + 1]


@njit(cache=True)
def choose(row: Ints, hour: Ints, draw: Floats, choice_ptr: Ints, served: Floats) -> Ints:
    """Choice that serves each request by its draw in [0, 1), -1 for none; `served` is (n_choices, 24)."""
    found = np.full(row.size, -1, dtype=np.int64)
    for i in range(row.size):
        if row[i] < 0:
            continue
        rest = draw[i]
        for k in range(choice_ptr[row[i]], choice_ptr[row[i] + 1]):
            rest -= served[k, hour[i]]
            if rest < 0.0:
                found[i] = k
                break
    return found


@part
def _added(choices: Choices, n: int, entry: int, level: int, share: float) -> int:
    """Note a choice, if there is room for it, and count it."""
    if n < choices.entry.size:
        choices.entry[n], choices.level[n], choices.share[n] = entry, level, share
    return n + 1


@part
def _add_planned(choices: Choices, n: int, first: int, row: int, planned: Planned) -> int:
    """Add where the plan sends a class."""
    for k in range(planned.ptr[row], planned.ptr[row + 1]):
        n = _added(choices, n, first + planned.slot[k], 0, planned.ratio[k])
    return n


@part
def _add_holders(choices: Choices, n: int, first: int, end: int, holders: Words, level: int) -> int:
    """Add the holders of a class one after the other, from some level on."""
    for j in range(first, end):
        bit = j - first
        if holders[bit // 64] >> np.uint64(bit % 64) & np.uint64(1):
            n = _added(choices, n, j, level, 1.0)
            level += 1
    return n


@part
def _add_sites(choices: Choices, n: int, first: int, end: int, pool: Ints32, sites: Sites) -> int:
    """Add all sites one after the other, at each its pools by their throughput."""
    level = 0
    for j in range(first, end):
        site = sites.of_pool[pool[j]]
        seen = False
        for i in range(first, j):
            seen = seen or sites.of_pool[pool[i]] == site
        if seen:
            continue
        total = 0.0
        for i in range(j, end):
            if sites.of_pool[pool[i]] == site:
                total += sites.throughput[pool[i]]
        for i in range(j, end):
            if sites.of_pool[pool[i]] == site:
                share = sites.throughput[pool[i]] / total if total > 0 else 0.0
                n = _added(choices, n, i, level, share)
        level += 1
    return n


@part
def _list(
    choices: Choices,
    region: Ints,
    mask: Words,
    candidates: Candidates,
    sites: Sites,
    planned: Planned,
    reactive: bool,
) -> int:
    """List choices as far as there is room for them, and count all."""
    n = 0
    for row in range(region.size):
        first, end = candidates.ptr[region[row]], candidates.ptr[region[row] + 1]
        p = planned.row[row]
        if mask[row].any():
            if p < 0:
                n = _add_holders(choices, n, first, end, mask[row], 0)
            elif planned.ptr[p] < planned.ptr[p + 1]:
                # Else the plan has all of it come from the origin.
                n = _add_planned(choices, n, first, p, planned)
                n = _add_holders(choices, n, first, end, mask[row], 1)
        elif reactive:
            n = _add_sites(choices, n, first, end, candidates.pool, sites)
        choices.ptr[row + 1] = n
    return n


@njit(cache=True)
def list_choices(
    region: Ints, mask: Words, candidates: Candidates, sites: Sites, planned: Planned, reactive: bool
) -> Choices:
    """List the choices of each class: who serves it first, and who next where there is no room.

    A class that somebody holds goes where the plan sends it, then to its holders, cheapest first.
    A class that nobody holds goes, where caches are `reactive`, to the region's sites in order, at each to
    its pools by their throughput.
    """
    n = 0
    # The first time there is room for none: they are counted.
    for _ in range(2):
        choices = Choices(
            np.zeros(region.size + 1, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n)
        )
        n = _list(choices, region, mask, candidates, sites, planned, reactive)
    return choices


@njit(cache=True)
def matching_rows(region: Ints, mask: Words, others: Classes) -> Ints:
    """Class of another table with the same region and signature, -1 where there is none; both sorted."""
    found = np.full(region.size, -1, dtype=np.int64)
    words = min(mask.shape[1], others.mask.shape[1])
    for row in range(region.size):
        low, high = others.ptr[region[row]], others.ptr[region[row] + 1]
        for other in range(low, high):
            same = True
            for w in range(words):
                same = same and others.mask[other, w] == mask[row, w]
            if same:
                found[row] = other
                break
    return found
