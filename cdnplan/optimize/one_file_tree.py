"""Branch and bound for one large facility location problem, bounded by prices on its demand rows.

Where the relaxation leaves a gap, it is decided pool by pool whether it holds the file. A node starts from
the prices u of its parent and takes some more subgradient steps; a pool that what is left between bound and
best plan does not allow to open, or to close, is decided without branching [1]_. The node with the lowest
bound is split first, at the pool about which its steps could not agree, so the bound of the whole rises
steadily and is valid wherever the search ends.

References
----------
.. [1] M. Posta, J. A. Ferland, P. Michelon, "An exact cooperative method for the uncapacitated facility
   location problem", Mathematical Programming Computation 6(3), 2014.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats
from cdnplan.optimize.bound import ROUNDING_RATIO
from cdnplan.optimize.one_file import Facility
from cdnplan.optimize.one_file_kernels import bound_node

Bools = npt.NDArray[np.bool_]
States = npt.NDArray[np.int8]

FREE, OPEN, CLOSED = 0, 1, 2
STEPS = 10
"""Subgradient steps of a node: few, for a split raises the bound by more than further steps would."""
WORK = 6_000_000_000
"""Entries that all nodes together look at, at most."""
MOST_NODES = 200_000
SAME_RATIO = 1e-10
"""Plans that save no more than this part of the cost are not looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """What is decided, the prices that prove the bound, what they would open, and the pool to split at."""

    state: States
    u: Floats
    bound: float
    holds: Bools
    pool: int


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """State of the tree after a node.

    Parameters
    ----------
    bound : float
        No plan costs less than this, or than the best one known [currency].
    holds : (n_pools,) bool
        A set of holders that may be a good one.
    decided : bool
        Whether `holds` is the best set below its node, and better than any other of which that is known.
    """

    bound: float
    holds: Bools
    decided: bool = False


def search(
    facility: Facility, u: Floats, upper: Callable[[], float], expired: Callable[[], bool]
) -> Iterator[Searched]:
    """Search the tree of decisions, the lowest bound first.

    Parameters
    ----------
    facility : Facility
    u : (n_regions,) float64
        Prices of the demand rows to start from.
    upper : callable
        Cost of the best plan by now [currency].
    expired : callable
        Ends the search early once it returns True.

    Yields
    ------
    Searched
        After each node, until all are decided or the work allowed is done.
    """
    small, kept = reduced(facility, u, upper())
    tree = _Tree(small, _unit(facility))
    root = tree.solve(np.zeros(kept.size, dtype=np.int8), u, upper())
    heap, number, least = [(root.bound, 0, root)], 0, np.inf
    nodes = min(MOST_NODES, WORK // max(1, STEPS * tree.looks(root.u)))
    while heap:
        bound, _, node = heapq.heappop(heap)
        if bound >= tree.cutoff(upper()):
            break
        holds = np.zeros(facility.opening.size, dtype=np.bool_)
        holds[kept] = node.holds
        cost = tree.cost(node.holds) if node.pool < 0 else np.inf
        better, least = cost < least, min(cost, least)
        yield Searched(min(bound, least), holds, better)
        if number >= nodes or expired():
            return
        for side in (OPEN, CLOSED) if node.pool >= 0 else ():
            state = node.state.copy()
            state[node.pool] = side
            child = tree.solve(state, node.u, upper())
            number += 1
            if child.bound < tree.cutoff(upper()):
                child = replace(child, bound=max(bound, child.bound))
                heapq.heappush(heap, (child.bound, number, child))
    yield Searched(min(tree.proven(upper()), least), np.zeros(facility.opening.size, dtype=np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """The problem, and a number that all costs are multiples of (0: there is none)."""

    facility: Facility
    unit: float

    def cutoff(self, upper: float) -> float:
        """Bound from which on a node has no plan that is better."""
        return upper - max(SAME_RATIO * abs(upper), (1.0 - 1e-3) * self.unit)

    def proven(self, upper: float) -> float:
        """What all plans cost at least once none costs less than the cutoff."""
        # Between it and the best plan there is no whole number, if the cutoff is as near as that.
        return upper if SAME_RATIO * abs(upper) < self.unit else self.cutoff(upper)

    def looks(self, u: Floats) -> int:
        """Entries that one evaluation of a bound looks at."""
        facility = self.facility
        region = np.repeat(np.arange(u.size), np.diff(facility.ptr))
        return u.size + 2 * int((facility.level < u[region]).sum())

    def solve(self, state: States, u: Floats, upper: float) -> _Node:
        """Raise the bound of a node, and decide what follows from it."""
        facility = self.facility
        u, mean, slack = u.copy(), np.zeros(state.size), np.zeros(state.size)
        goal = self.cutoff(upper) - facility.constant
        raw = bound_node(
            STEPS, facility.ptr, facility.pools, facility.level, facility.cap, facility.opening, state, goal,
            u, mean, slack,
        )  # fmt: skip
        held = facility.opening[state == OPEN].sum()
        terms = 2.0 * float(np.abs(u).sum()) + facility.magnitude + 2.0 * float(held)
        bound = raw + facility.constant - ROUNDING_RATIO * terms
        free = state == FREE
        room = self.cutoff(upper) - bound
        state[free & (slack >= room)] = CLOSED
        state[free & (-slack >= room)] = OPEN
        holds = (state == OPEN) | ((state == FREE) & (mean > 0.5))
        return _Node(state, u, bound, holds, _most_in_doubt(state, mean, slack))

    def cost(self, holds: Bools) -> float:
        """Cost of a set of holders."""
        facility = self.facility
        served = facility.cap.copy()
        region = np.repeat(np.arange(served.size), np.diff(facility.ptr))
        held = holds[facility.pools]
        np.minimum.at(served, region[held], facility.level[held])
        return float(served.sum() + facility.opening[holds].sum()) + facility.constant


def _most_in_doubt(state: States, mean: Floats, slack: Floats) -> int:
    """Choose the undecided pool that a node's steps opened about as often as not; -1: none is left."""
    free = np.flatnonzero(state == FREE)
    if free.size == 0:
        return -1
    doubt = np.minimum(mean[free], 1.0 - mean[free])
    order = np.lexsort((np.abs(slack[free]), -np.round(doubt, 2)))
    return int(free[order[0]])


def reduced(facility: Facility, u: Floats, upper: float) -> tuple[Facility, npt.NDArray[np.int64]]:
    """Leave out the pools that can be in no better plan.

    Parameters
    ----------
    facility : Facility
    u : (n_regions,) float64
        Prices of the demand rows.
    upper : float
        Cost of the best plan by now [currency].

    Returns
    -------
    small : Facility
    kept : (n_kept,) int64
        Numbers of its pools in `facility`.
    """
    tree = _Tree(facility, 0.0)
    state = np.where(np.isfinite(facility.opening), FREE, CLOSED).astype(np.int8)
    root = tree.solve(state, u, upper)
    kept = np.flatnonzero(root.state != CLOSED)
    number = np.full(facility.opening.size, -1, dtype=np.int32)
    number[kept] = np.arange(kept.size, dtype=np.int32)
    entry = number[facility.pools] >= 0
    ends = np.concatenate([[0], np.cumsum(entry)])
    return replace(
        facility,
        ptr=ends[facility.ptr].astype(np.int64),
        pools=number[facility.pools[entry]],
        level=facility.level[entry],
        opening=facility.opening[kept],
        fixed=facility.fixed[kept],
    ), kept


def _unit(facility: Facility) -> float:
    """1 where all costs are whole numbers, else 0."""
    parts = (facility.level, facility.cap, facility.opening[np.isfinite(facility.opening)])
    whole = all(bool((part == np.rint(part)).all()) for part in parts)
    return float(whole and facility.constant == np.rint(facility.constant))
