"""Branch on the holders of single files, where prices leave a gap that a large file explains.

A file that takes up much of a pool may be cheaper half there and half elsewhere than at either place. Prices
prove no more than the cost of such mixtures. But once it is decided whether the pool holds the file, each
side has prices of its own, and both together prove more (branch and price [1]_). The node with the lowest
bound is split first, at the file and pool for which the mixture pays most; nodes are solved by master
programs over the columns that their parents left. Mixtures, rounded, are plans.

References
----------
.. [1] C. Barnhart, E. L. Johnson, G. L. Nemhauser, M. W. P. Savelsbergh, P. H. Vance, "Branch-and-Price:
   Column Generation for Solving Huge Integer Programs", Operations Research 46(3), 1998.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.proof import Proof
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.cutting import begin_with, held_parts
from cdnplan.optimize.master.few_files import FewFiles, improve_few_files, nearest
from cdnplan.optimize.master.proof_record import ProofRecord
from cdnplan.optimize.problem.limits import LimitVector, volume_prices
from cdnplan.optimize.problem.rules import broken_rules, fitting_placements
from cdnplan.parameters.parameters import DEFAULTS, Parameters

Bools = npt.NDArray[np.bool_]
Choice = tuple[int, int]
"""A file and a pool."""


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """Files held where, and not held where; what is proven about plans that obey, and the last master.

    `number` is that of the record.
    """

    number: int
    pinned: tuple[Choice, ...]
    banned: tuple[Choice, ...]
    bound: float
    found: FewFiles


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """State of the tree after a node.

    Parameters
    ----------
    bound : float
        No plan costs less than this or than the best plan known [currency].
    found, lowest : FewFiles
        Last masters of the node, and of the one with the lowest bound.
    proof : callable
        Gives decisions and prices that prove `bound`, or more once the search went on; None where nothing was
        decided: then the prices of `found` are those of the whole problem.
    """

    bound: float
    found: FewFiles
    lowest: FewFiles
    proof: Callable[[], Proof] | None


def split_files(
    solver: FileSolver,
    found: FewFiles,
    incumbent: Bools,
    ideal: float,
    upper: Callable[[], float],
    wanted_gap: float,
    expired: Callable[[], bool],
    parameters: Parameters = DEFAULTS,
) -> Iterator[Split]:
    """Search the tree of holder decisions, the lowest bound first.

    Parameters
    ----------
    solver : FileSolver
    found : FewFiles
        The last master of the whole problem.
    incumbent : (n_pools, n_files) bool
        A placement that keeps every rule.
    ideal : float
        See `ideal_cost` [currency].
    upper : callable
        Cost of the best plan by now [currency].
    wanted_gap : float
        Nodes that could better the best plan by no more than this `gap_ratio` are not split.
    expired : callable
        Ends the search early once it returns True.
    parameters : Parameters

    Yields
    ------
    Split
        After each node, until none is left that is worth a split.
    """
    tree = _Tree(solver, incumbent, ideal, upper, wanted_gap, expired, parameters)
    record = ProofRecord(found.prices, found.cuts)
    heap: list[tuple[float, int, _Node]] = [(found.bound, 0, _Node(0, (), (), found.bound, found))]
    closed, order = np.inf, 0
    while heap and not expired():
        bound, _, node = heapq.heappop(heap)
        choice = tree.choice(node)
        if choice is None and bound < tree.cutoff() and not node.found.last:
            # Nothing to decide, but prices were not searched to the end.
            again = tree.solve(node.number, node.pinned, node.banned, node, near_enough=0.0)
            order += 1
            if again is not None and again.bound > bound:
                record.price(node.number, again.found.prices, again.found.cuts)
                heapq.heappush(heap, (again.bound, order, again))
                continue
        if choice is None:
            closed = min(closed, bound)
            continue
        holds, lacks = record.split(node.number, *choice)
        sides = (
            (holds, (*node.pinned, choice), node.banned),
            (lacks, node.pinned, (*node.banned, choice)),
        )
        waiting = len(sides)
        for number, pinned, banned in sides:
            waiting -= 1
            child = tree.solve(number, pinned, banned, node)
            order += 1
            if child is not None:
                if child.found.bound > bound:
                    record.price(number, child.found.prices, child.found.cuts)
                heapq.heappush(heap, (child.bound, order, child))
                least = min(closed, heap[0][0], bound if waiting else np.inf)
                yield Split(least, child.found, heap[0][2].found, record.proof)
    if not heap:
        proves = record.decided or found.cuts.n_cuts > 0
        yield Split(closed, node.found, node.found, record.proof if proves else None)


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """What all nodes share."""

    solver: FileSolver
    incumbent: Bools
    ideal: float
    upper: Callable[[], float]
    wanted_gap: float
    expired: Callable[[], bool]
    parameters: Parameters

    def cutoff(self) -> float:
        """Bound from which on a node does not matter any more."""
        upper = self.upper()
        return upper - self.wanted_gap * (upper - self.ideal)

    def choice(self, node: _Node) -> Choice | None:
        """File and pool to split a node at: where the part of the file that is there is paid for most."""
        room = self.cutoff() - node.bound
        if room <= 0.0:
            return None
        inst = self.solver.instance
        part = held_parts(node.found, inst.n_files)
        copies, prices = self.solver.copies, node.found.prices
        fresh = np.maximum(0, copies.astype(np.int16) - self.solver.held)
        store, new = volume_prices(inst, prices.volume)
        worth = inst.size_gb[:, None] * (store * copies + new * fresh)
        worth += node.found.cuts.charges(prices.cut, inst.n_pools, inst.n_files).T
        score = worth * part * np.maximum(0.0, 1.0 - part)
        file, pool = divmod(int(score.argmax()), inst.n_pools)
        return (file, pool) if score[file, pool] > self.parameters.tree.worth * room else None

    def solve(
        self,
        number: int,
        pinned: tuple[Choice, ...],
        banned: tuple[Choice, ...],
        parent: _Node,
        near_enough: float | None = None,
    ) -> _Node | None:
        """Prices of a node; None where it has no plan."""
        near_enough = self.parameters.tree.near_enough if near_enough is None else near_enough
        instance, holds = self._decided(pinned, banned)
        if broken_rules(instance):
            return None
        own, keep = FileSolver.of(instance, self.solver.columns), self._left(parent, pinned, banned)
        # Cuts hold for every plan, whatever is decided.
        solver, limits, prices, columns = begin_with(own, parent.found, keep, Cuts.none())
        span = self.upper() - self.ideal
        rounds = improve_few_files(
            solver,
            limits,
            prices,
            holds,
            span,
            self.expired,
            [columns],
            rough=False,
            parameters=self.parameters.master,
        )
        for found in rounds:
            room = self.upper() - found.bound
            if found.bound >= self.cutoff() or found.mixture - found.bound <= near_enough * room:
                break
        return _Node(number, pinned, banned, max(parent.bound, found.bound), found)

    def _decided(self, pinned: tuple[Choice, ...], banned: tuple[Choice, ...]) -> tuple[Instance, Bools]:
        """The problem with decisions made, and the incumbent's holders made to obey: limits need not hold."""
        inst = self.solver.instance
        copies, must, holds = inst.copies.copy(), inst.pinned.copy(), self.incumbent.copy()
        for file, pool in pinned:
            must[pool, file] = holds[pool, file] = True
        for file, pool in banned:
            copies[pool, file] = 0
            holds[pool, file] = False
        decided = replace(inst, copies=copies, pinned=must)
        # A ban may break a launch rule: then all pools that can hold the file, so that some column keeps it.
        able = fitting_placements(decided)
        for rule in range(inst.n_launches):
            file = inst.launch_file[rule]
            pools = inst.launch_pool[inst.launch_ptr[rule] : inst.launch_ptr[rule + 1]]
            if holds[pools, file].sum() < inst.launch_min[rule]:
                holds[pools, file] = able[pools, file]
        return decided, holds

    def _left(self, parent: _Node, pinned: tuple[Choice, ...], banned: tuple[Choice, ...]) -> Bools:
        """Columns that obey, less those too dear to be in any better plan."""
        columns, found = parent.found.columns, parent.found
        limits = LimitVector.of(self.solver.instance, found.cuts)
        keep = nearest(limits, found, self.parameters.tree.columns, self.upper() - found.bound)
        for file, pool in pinned:
            keep &= (columns.file != file) | columns.holds[:, pool]
        for file, pool in banned:
            keep &= (columns.file != file) | ~columns.holds[:, pool]
        return keep
