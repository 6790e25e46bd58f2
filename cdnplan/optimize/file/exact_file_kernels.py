"""The integer optimum of one file's facility location problem: branch and bound over its pools.

Each node is bounded by dual ascent (`ascent_kernels`), in large trees by adjustment too, as in DUALOC [1]_;
holders of its tight pools, bettered by adding and dropping, give plans. A pool whose slack, its reduced cost,
exceeds what is left between bound and best plan stays closed below the node. The search is depth first and
ends after a number of nodes; the smallest bound among nodes that are still open then bounds the whole.

References
----------
.. [1] D. Erlenkotter, "A Dual-Based Procedure for Uncapacitated Facility Location",
   Operations Research 26(6), 1978.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.optimize.file.ascent_kernels import ADJUST_ROUNDS, TIGHT, find_duals
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.file.move_kernels import move_pools, open_cost, open_tight
from cdnplan.optimize.file.problem_kernels import (
    N_CHUNKS,
    Duals,
    File,
    Moves,
    ask_for_file,
    opening_costs,
    room_for_duals,
    room_for_file,
    room_for_moves,
)
from cdnplan.optimize.problem.arrays import Bools, Demand, Holding, Network

States = npt.NDArray[np.int8]

FREE, OPEN, CLOSED = 0, 1, 2
EXACT_RATIO = 1e-10
"""Nodes within this part of the best plan's cost are not searched."""
PLAIN_NODES = 100
"""So many nodes of a tree are bounded by dual ascent alone, those that follow by adjustment too."""


class Found(NamedTuple):
    """What a search of files' trees finds.

    Parameters
    ----------
    ascent, value, cost : (n_listed,) float64
        Bound at the root, bound proven, cost of the holders found [currency].
    nodes : (n_listed,) int64
        Nodes searched.
    holds : (n_files, n_pools) bool
        The holders found; before that, a guess at them.
    """

    ascent: Floats
    value: Floats
    cost: Floats
    nodes: Ints
    holds: Bools


@part
def room_for_node(net: Network, file: File) -> tuple[File, Network]:
    """Arrays for the problems of one node after the other, and for the entries that can matter there."""
    node = File(
        file.active,
        file.v,
        file.cap,
        np.empty_like(file.opening),
        np.empty_like(file.allowed),
        np.empty_like(file.fixed),
    )
    ptr, pools, costs = np.empty_like(net.ptr), np.empty_like(net.pools), np.empty_like(net.costs)
    return node, Network(ptr, pools, net.entry, costs, net.toll, net.origin, net.pool_ptr, net.pool_region)


@part
def keep_entries(net: Network, node: File, kept: Network) -> None:
    """Copy the entries that can matter: of regions with demand, allowed pools cheaper than the origin.

    Deep in the tree most pools are closed; everything below goes through the entries again and again.
    """
    ptr, pools, costs, origin, v, allowed = net.ptr, net.pools, net.costs, net.origin, node.v, node.allowed
    kept_ptr, kept_pools, kept_costs = kept.ptr, kept.pools, kept.costs
    n = 0
    for r in range(v.size):
        kept_ptr[r] = n
        if v[r] <= 0.0:
            continue
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= origin[r]:
                break
            if allowed[pools[j]]:
                kept_pools[n] = pools[j]
                kept_costs[n] = costs[j]
                n += 1
    kept_ptr[v.size] = n


@part
def decide(state: States, opening: Floats, node: File) -> float:
    """Make a node's problem of what is decided; returns what its open pools cost."""
    constant = 0.0
    for p in range(state.size):
        node.allowed[p] = state[p] != CLOSED
        node.fixed[p] = state[p] == OPEN
        node.opening[p] = opening[p]
        if state[p] == OPEN:
            constant += opening[p]
            node.opening[p] = 0.0
    return constant


@part
def branching_pool(net: Network, node: File, state: States, duals: Duals, weight: Floats) -> int:
    """The undecided pool to split a node at (-1: none is left).

    Where duals err: the tight one that regions pay most beside another one. Where they are settled, any, the
    one with least slack. `weight` is scratch.
    """
    ptr, pools, costs, v, opening = net.ptr, net.pools, net.costs, node.v, node.opening
    u, pos, slack = duals.u, duals.pos, duals.slack
    weight[:] = 0.0
    for r in node.active:
        paid = 0
        for j in range(ptr[r], pos[r]):
            p = pools[j]
            if state[p] != CLOSED and v[r] * costs[j] < u[r] and slack[p] <= TIGHT * opening[p]:
                paid += 1
        if paid < 2:
            continue
        for j in range(ptr[r], pos[r]):
            p = pools[j]
            if state[p] == FREE and v[r] * costs[j] < u[r] and slack[p] <= TIGHT * opening[p]:
                weight[p] += u[r] - v[r] * costs[j]
    best = -1
    for p in range(weight.size):
        if weight[p] > 0.0 and (best < 0 or weight[p] > weight[best]):
            best = p
    if best < 0:
        for p in range(weight.size):
            if state[p] == FREE and (best < 0 or slack[p] < slack[best]):
                best = p
    return best


# Part of its caller, the only one: each caller compiles all that it calls once more, and this calls much.
@njit(cache=True, inline="always")
def branch(
    net: Network, file: File, state: States, best_open: Bools, max_nodes: int, duals: Duals, moves: Moves
) -> tuple[float, float, float, int]:
    """Search the tree below `state`; returns root bound, proven bound, cost of the best set, nodes.

    `state[p]` is `FREE`, `OPEN` (opening cost 0) or `CLOSED`; `best_open` is a set to begin with, and
    receives the best one found.
    """
    n_pools, opening = state.size, file.opening
    depth_state, depth_bound = np.empty((n_pools + 2, n_pools), np.int8), np.empty(n_pools + 2)
    is_open = np.empty(n_pools, np.bool_)
    node, kept = room_for_node(net, file)
    for p in range(n_pools):
        best_open[p] = state[p] == OPEN or (best_open[p] and state[p] == FREE)
    best = open_cost(net, file, opening, best_open)
    copy(state, n_pools, depth_state[0])
    depth_bound[0] = -np.inf
    top, root, cut, nodes = 1, 0.0, np.inf, 0
    while top > 0:
        top -= 1
        copy(depth_state[top], n_pools, state)
        if depth_bound[top] >= best - EXACT_RATIO * abs(best):
            continue
        if nodes >= max_nodes:
            cut = min(cut, depth_bound[top])
            continue
        nodes += 1
        constant = decide(state, opening, node)
        keep_entries(net, node, kept)
        # In a small tree, branching costs less than adjustment.
        own = find_duals(kept, node, duals, 0 if nodes <= PLAIN_NODES else ADJUST_ROUNDS, constant)
        bound = max(own, depth_bound[top])
        if nodes == 1:
            root = bound
        if bound >= best - EXACT_RATIO * abs(best):
            continue
        copy(node.fixed, n_pools, is_open)
        open_tight(kept, node, duals.pos, duals.slack, is_open)
        move_pools(kept, node, 0.0, is_open, node.fixed, moves)
        cost = open_cost(kept, node, opening, is_open)
        if cost < best:
            best = cost
            copy(is_open, n_pools, best_open)
            if bound >= best - EXACT_RATIO * abs(best):
                continue
        # Slacks go with the duals of this node: with a better bound from above they would prove too much.
        for p in range(n_pools):
            if state[p] == FREE and duals.slack[p] > best - own:
                state[p] = CLOSED
        p = branching_pool(kept, node, state, duals, moves.worth)
        if p < 0:
            # Everything is decided: the plan of the decided pools is the best below.
            for q in range(n_pools):
                is_open[q] = state[q] == OPEN
            cost = open_cost(kept, node, opening, is_open)
            if cost < best:
                best = cost
                copy(is_open, n_pools, best_open)
            continue
        likely = OPEN if is_open[p] else CLOSED
        for side, decision in enumerate((CLOSED if likely == OPEN else OPEN, likely)):
            state[p] = decision
            depth_bound[top + side] = bound
            copy(state, n_pools, depth_state[top + side])
        top += 2
    return root, min(cut, best), best, nodes


@njit(cache=True, nogil=True)
def solve_files_exactly(
    chunks: Ints, files: Ints32, max_nodes: int, demand: Demand, net: Network, holding: Holding, found: Found
) -> None:
    """Solve every listed file's problem by branch and bound."""
    n_regions, n_pools = net.origin.size, holding.store.size
    row_gb, gift = np.zeros(demand.n_rows), np.zeros(n_pools)
    room, duals = room_for_file(n_regions, n_pools), room_for_duals(n_regions, n_pools)
    moves = room_for_moves(n_regions, n_pools)
    state, is_open = np.zeros(n_pools, np.int8), np.zeros(n_pools, np.bool_)
    for chunk in chunks:
        for i in range(chunk, files.size, N_CHUNKS):
            f = files[i]
            file = ask_for_file(f, demand, net.origin, row_gb, room)
            constant = opening_costs(f, holding, gift, file)
            for p in range(n_pools):
                state[p] = OPEN if file.fixed[p] else FREE if file.allowed[p] else CLOSED
            copy(found.holds[f], n_pools, is_open)
            root, bound, best, count = branch(net, file, state, is_open, max_nodes, duals, moves)
            found.ascent[i] = constant + root
            found.value[i] = constant + bound
            found.cost[i] = constant + best
            found.nodes[i] = count
            copy(is_open, n_pools, found.holds[f])
