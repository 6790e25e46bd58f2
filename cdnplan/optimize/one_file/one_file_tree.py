"""Branch and bound for one large facility location problem, bounded by prices on its demand rows.

Where the relaxation leaves a gap, it is decided pool by pool whether it holds the file. A node starts from
the prices u of its parent and takes some more subgradient steps; a pool that what is left between bound and
best plan does not allow to open, or to close, is decided without branching [1]_. The nodes with the
lowest bounds are split first, at the pool that their steps had regions pay most for, so the bound of the
whole rises steadily and is valid wherever the search ends.

References
----------
.. [1] M. Posta, J. A. Ferland, P. Michelon, "An exact cooperative method for the uncapacitated facility
   location problem", Mathematical Programming Computation 6(3), 2014.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.lanes import in_even_lanes, lanes
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.file.bound import ROUNDING_RATIO
from cdnplan.optimize.one_file.one_file import Facility
from cdnplan.optimize.one_file.one_file_bound_kernels import (
    CLOSED,
    FREE,
    OPEN,
    raise_bound,
    room_for,
)
from cdnplan.optimize.one_file.one_file_rows import Rows
from cdnplan.optimize.one_file.one_file_split_kernels import Pace, Sides, split_nodes
from cdnplan.parameters.one_file import PoolTreeParameters
from cdnplan.parameters.parameters import DEFAULTS

Bools = npt.NDArray[np.bool_]
States = npt.NDArray[np.int8]

NODE_BYTES = 600
"""Of a node beside its arrays' contents."""
SAME_RATIO = 1e-10
"""Plans that save no more than this part of the cost are not looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """What is decided, the prices that prove the bound, what they would open, and the pool to split at.

    `rise` is by how much the bound is above that of the node it comes from, `length` that of its last steps,
    `looks` how many entries they looked at.
    """

    state: States
    u: npt.NDArray[np.float32]
    bound: float
    holds: Bools
    pool: int
    length: float
    reach: tuple[float, float]
    rise: float = 0.0
    gain: tuple[float, float] = (np.inf, np.inf)
    looks: float = 0.0


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
    facility: Facility,
    u: Floats,
    upper: Callable[[], float],
    expired: Callable[[], bool],
    threads: int = 1,
    parameters: PoolTreeParameters = DEFAULTS.pool_tree,
) -> Iterator[Searched]:
    """Search the tree of decisions, the lowest bounds first.

    Parameters
    ----------
    facility : Facility
    u : (n_regions,) float64
        Prices of the demand rows to start from.
    upper : callable
        Cost of the best plan by now [currency].
    expired : callable
        Ends the search early once it returns True.
    threads : int
        What is found does not depend on it.
    parameters : PoolTreeParameters

    Yields
    ------
    Searched
        Before each round of splits, and for each set found that is better than those before; until all is
        decided or the work allowed is done.
    """
    tree = _Tree(facility, _unit(facility), Rows.around(facility, u, parameters), parameters, threads)
    root = tree.root(u, upper())
    heap, number, least = [(root.bound, 0, root)], 0, np.inf
    work = 0.0
    node_bytes = root.u.nbytes + root.state.nbytes + root.holds.nbytes + NODE_BYTES
    while heap and heap[0][0] < tree.cutoff(upper()):
        lowest = heap[0]
        splits: list[_Node] = []
        while heap and len(splits) < parameters.splits:
            node = heapq.heappop(heap)[2]
            if node.pool >= 0:
                splits.append(node)
            elif (cost := tree.cost(node.holds)) < least:
                least = cost
                yield Searched(min(lowest[0], least), node.holds, decided=True)
        yield Searched(min(lowest[0], least), lowest[2].holds)
        if work >= parameters.work or len(heap) >= parameters.most_bytes // node_bytes or expired():
            return
        for node in tree.split(splits, upper()):
            number += 1
            work += node.looks
            if node.bound < tree.cutoff(upper()):
                heapq.heappush(heap, (node.bound, number, node))
    yield Searched(min(tree.proven(upper()), least), np.zeros(facility.opening.size, dtype=np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """The problem, a number that all costs are multiples of (0: there is none), and its entries by pool."""

    facility: Facility
    unit: float
    rows: Rows
    numbers: PoolTreeParameters
    threads: int = 1

    def cutoff(self, upper: float) -> float:
        """Bound from which on a node has no plan that is better."""
        return upper - max(SAME_RATIO * abs(upper), (1.0 - 1e-3) * self.unit)

    def proven(self, upper: float) -> float:
        """What all plans cost at least once none costs less than the cutoff."""
        # Between it and the best plan there is no whole number, if the cutoff is as near as that.
        return upper if SAME_RATIO * abs(upper) < self.unit else self.cutoff(upper)

    def root(self, u: Floats, upper: float) -> _Node:
        """The node in which nothing is decided but pools that may not be chosen."""
        facility, n, length = self.facility, self.facility.opening.size, self.numbers.length
        steps, patience = self.numbers.steps, self.numbers.patience
        states = np.where(np.isfinite(facility.opening), FREE, CLOSED).astype(np.int8)[None]
        prices, share, slack = u[None].copy(), np.empty((1, n)), np.empty((1, n))
        goal, room = self.cutoff(upper) - facility.constant, room_for(u.size, n, facility.pools.size)
        raw, _ = raise_bound(
            steps, patience, facility.entries, states[0], goal, length, prices[0], share[0], slack[0], room
        )
        return self.decided(states, prices, share, slack, np.array([raw]), upper)[0]

    def split(self, nodes: Sequence[_Node], upper: float) -> list[_Node]:
        """Open and close the pool of each node; both sides of one follow each other."""
        if not nodes:
            return []
        facility, rows, cutoff, numbers = self.facility, self.rows, self.cutoff(upper), self.numbers
        states = np.array([node.state for node in nodes])
        pool = np.array([node.pool for node in nodes])
        bound, rise = (np.array([getattr(node, what) for node in nodes]) for what in ("bound", "rise"))
        opened = np.clip(rise / np.maximum(cutoff - bound, SAME_RATIO * abs(upper)), numbers.length, 1.0)
        closed = np.clip(numbers.kept * np.array([node.length for node in nodes]), numbers.shortest, 1.0)
        length = np.stack([opened, closed], axis=1).ravel()
        reach, gain = (
            np.array([getattr(node, what) for node in nodes]).ravel() for what in ("reach", "gain")
        )
        prices = np.array([node.u for node in nodes], dtype=np.float64)
        n = 2 * len(nodes)
        found = Sides.of(n, prices.shape[1], states.shape[1])
        goal, pace = cutoff - facility.constant, Pace(length, reach, gain)
        with lanes(self.threads):
            in_even_lanes(
                split_nodes,
                len(nodes),
                numbers.steps,
                numbers.patience,
                rows.by_pool,
                rows.reach,
                facility.opening,
                states,
                pool,
                goal,
                pace,
                prices,
                found,
            )
        sides = np.repeat(states, 2, axis=0)
        sides[np.arange(n), np.repeat(pool, 2)] = [OPEN, CLOSED] * len(nodes)
        below = self.decided(sides, found.u, found.share, found.slack, found.bound, upper)
        return [
            replace(
                node,
                bound=max(node.bound, before),
                rise=max(0.0, node.bound - before),
                length=length[row],
                reach=(reach[row & -2], reach[row | 1]),
                gain=(gain[row & -2], gain[row | 1]),
                looks=found.looks[row],
            )
            for row, (node, before) in enumerate(zip(below, np.repeat(bound, 2).tolist(), strict=True))
        ]

    def decided(
        self, states: npt.NDArray[np.int8], u: Floats, share: Floats, slack: Floats, raw: Floats, upper: float
    ) -> list[_Node]:
        """Make nodes of what was found, one row each, and decide what follows from it; changes states."""
        facility, cutoff = self.facility, self.cutoff(upper)
        held = np.where(states == OPEN, facility.opening, 0.0).sum(axis=1)
        terms = 4.0 * np.abs(u).sum(axis=1) + facility.magnitude + 4.0 * held
        bounds = raw + facility.constant - ROUNDING_RATIO * terms
        left, free = (cutoff - bounds)[:, None], states == FREE
        states[free & (slack >= left)] = CLOSED
        states[free & (-slack >= left)] = OPEN
        free = states == FREE
        holds = (states == OPEN) | (free & (share > 0.5))
        pool = _weightiest(free, share, slack, facility.opening).tolist()
        return [
            # Copies: a view would keep the rows of all others.
            _Node(
                states[i].copy(),
                u[i].astype(np.float32),
                float(bounds[i]),
                holds[i].copy(),
                pool[i],
                self.numbers.length,
                (self.numbers.reach, self.numbers.reach),
            )
            for i in range(len(states))
        ]

    def cost(self, holds: Bools) -> float:
        """Cost of a set of holders."""
        facility = self.facility
        served = facility.cap.copy()
        region = np.repeat(np.arange(served.size), np.diff(facility.ptr))
        held = holds[facility.pools]
        np.minimum.at(served, region[held], facility.level[held])
        return float(served.sum() + facility.opening[holds].sum()) + facility.constant


def _weightiest(free: Bools, share: Floats, slack: Floats, opening: Floats) -> Ints:
    """Choose for each node the undecided pool that its steps asked regions to pay most for; -1: none is left.

    Opening it costs what its share left out, closing it moves most demand: both sides' bounds rise.
    """
    if opening.size == 0:  # no pool could be in a better plan
        return np.full(len(free), -1)
    paid = np.where(free, share * np.where(np.isfinite(opening), opening, 0.0), -1.0)
    pool: Ints = paid.argmax(axis=1)
    # Where none was paid for, the one that is closest to it.
    unpaid = paid.max(axis=1) <= 0.0
    pool[unpaid] = np.where(free, np.abs(slack), np.inf)[unpaid].argmin(axis=1)
    pool[~free.any(axis=1)] = -1
    return pool


def reduced(
    facility: Facility, u: Floats, upper: float, parameters: PoolTreeParameters = DEFAULTS.pool_tree
) -> tuple[Facility, npt.NDArray[np.int64]]:
    """Leave out the pools that can be in no better plan.

    Parameters
    ----------
    facility : Facility
    u : (n_regions,) float64
        Prices of the demand rows.
    upper : float
        Cost of the best plan by now [currency].
    parameters : PoolTreeParameters

    Returns
    -------
    small : Facility
    kept : (n_kept,) int64
        Numbers of its pools in `facility`.
    """
    root = _Tree(facility, 0.0, Rows.around(facility, u, parameters), parameters).root(u, upper)
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
