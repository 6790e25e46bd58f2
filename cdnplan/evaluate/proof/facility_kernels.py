"""The bound of docs/bound.md file by file, and its step 5: branch and bound on the file's own problem.

A node opens some pools for good (their F becomes 0 and part of the constant) and forbids others. Its ascent
starts from the u of its parent, which stays a feasible dual solution: without a pool there are only fewer
limits on u; for an open one the regions that pay for it are lowered to their level, which costs no more
than the F that joins the constant. So no node has a lower bound than its parent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.evaluate.proof.bound_kernels import (
    WITHOUT_SLACK,
    Duals,
    Files,
    Network,
    adjust,
    ascend,
    open_costs,
    scratch,
    start,
    sum_u,
)
from cdnplan.evaluate.proof.row_price_kernels import keep_rows, price_rows, row_scratch
from cdnplan.model.instance.instance import Floats, Ints

BLOCK = 64
"""Files per unit of work: they share scratch arrays and the cache lines of (pool, file) tables."""
MAX_DEPTH = 64
"""Nodes so deep below the root are left open."""
PLAIN_NODES = 100
"""Nodes of a first search without adjustment, which most files need no more than."""
CLOSE = 1e-10
"""A node whose bound is within this part of the best cost found is not branched on."""
NO_SAVING = 1e-12
"""A change of holders that saves no more than this part of the cost saves nothing."""

FREE, OPEN, CLOSED = 0, 1, 2


class Tree(NamedTuple):
    """The nodes on the way down to the present one, and holders being tried; scratch like `Duals`.

    By depth: `bound`; `fixed`, opening costs in the constant; `branch`, the pool branched on; `tried`, how
    many of its two children; `state` of pools (free, open, closed), `slack`, `u`.
    By pool: `cost` (F after step 1), `allowed`, `status` (state at the present node), `holds` (holders being
    tried), `score`.
    """

    bound: Floats
    fixed: Floats
    branch: Ints
    tried: Ints
    state: npt.NDArray[np.int8]
    slack: Floats
    u: Floats
    cost: Floats
    allowed: npt.NDArray[np.bool_]
    status: npt.NDArray[np.int8]
    holds: npt.NDArray[np.bool_]
    score: Floats


@part
def _tree(depth: int, n_pools: int, n_regions: int) -> Tree:
    """Arrays for the trees of one file after the other."""
    return Tree(
        np.zeros(depth),
        np.zeros(depth),
        np.zeros(depth, np.int64),
        np.zeros(depth, np.int64),
        np.zeros((depth, n_pools), np.int8),
        np.zeros((depth, n_pools)),
        np.zeros((depth, n_regions)),
        np.zeros(n_pools),
        np.zeros(n_pools, np.bool_),
        np.zeros(n_pools, np.int8),
        np.zeros(n_pools, np.bool_),
        np.zeros(n_pools),
    )


@part
def _weigh(net: Network, duals: Duals, tree: Tree, n: int) -> float:
    """Cost of the holders being tried; `score` becomes what each pool saves by joining or leaving them."""
    total = 0.0
    for p in range(tree.cost.size):
        tree.score[p] = tree.cost[p] if tree.holds[p] else -tree.cost[p]
        if tree.holds[p]:
            total += tree.cost[p]
    for i in range(n):
        r = duals.active[i]
        v = duals.volume[r]
        best = second = v * net.origin_price[r]
        first = -1
        for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
            level = v * net.cand_price[j]
            if level >= second:
                break
            if tree.holds[net.cand_pool[j]]:
                if first >= 0:
                    second = level
                    break
                first, best = net.cand_pool[j], level
        total += best
        if first >= 0:
            tree.score[first] -= second - best
        for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
            level = v * net.cand_price[j]
            if level >= best:
                break
            tree.score[net.cand_pool[j]] += best - level
    return total


@part
def _try_holders(net: Network, duals: Duals, tree: Tree, n: int) -> float:
    """Cost of the pools without slack as holders, after the best one joined or left as long as that saves."""
    for p in range(tree.cost.size):
        tight = duals.exists[p] and duals.slack[p] <= WITHOUT_SLACK * duals.opening[p]
        tree.holds[p] = tree.allowed[p] and (tight or tree.cost[p] == 0.0)
    while True:
        total = _weigh(net, duals, tree, n)
        best = -1
        for p in range(tree.cost.size):
            if tree.allowed[p] and (best < 0 or tree.score[p] > tree.score[best]):
                best = p
        if best < 0 or tree.score[best] <= NO_SAVING * total:
            return total
        tree.holds[best] = not tree.holds[best]


@part
def _most_disputed(net: Network, duals: Duals, tree: Tree, n: int) -> int:
    """Free pool without slack that is paid most by regions that pay for several such; -1 if there is none."""
    tree.score[:] = 0.0
    for i in range(n):
        r = duals.active[i]
        v = duals.volume[r]
        for again in range(2):
            paid = 0
            for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
                p, level = net.cand_pool[j], v * net.cand_price[j]
                if level >= duals.u[r]:
                    break
                if duals.exists[p] and duals.slack[p] <= WITHOUT_SLACK * duals.opening[p]:
                    paid += 1
                    if again == 1:
                        tree.score[p] += duals.u[r] - level
            if paid < 2:
                break
    best = -1
    for p in range(tree.cost.size):
        if tree.status[p] == FREE and tree.score[p] > (tree.score[best] if best >= 0 else 0.0):
            best = p
    return best


@part
def _close(duals: Duals, tree: Tree, p: int) -> None:
    """Forbid a pool."""
    tree.status[p] = CLOSED
    duals.exists[p] = False
    duals.opening[p] = 0.0


@part
def _settle_open(net: Network, duals: Duals, tree: Tree, p: int) -> None:
    """Open a pool for good: nobody pays for it any more, so its regions fall to their level."""
    tree.status[p] = OPEN
    duals.opening[p] = 0.0
    for k in range(net.pool_ptr[p], net.pool_ptr[p + 1]):
        r = net.pool_region[k]
        v, old = duals.volume[r], duals.u[r]
        own = v * net.pool_price[k]
        if v <= 0.0 or old <= own:
            continue
        for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
            level = v * net.cand_price[j]
            if level >= old:
                break
            duals.slack[net.cand_pool[j]] += old - max(level, own)
        duals.u[r] = own
    duals.slack[p] = 0.0


@part
def _enter_child(net: Network, duals: Duals, tree: Tree, depth: int, n: int) -> float:
    """Go from a kept node to its next child: the pool open, then closed; returns what is fixed there."""
    for r in range(duals.u.size):
        duals.u[r] = tree.u[depth, r]
    for p in range(tree.cost.size):
        tree.status[p], duals.slack[p] = tree.state[depth, p], tree.slack[depth, p]
        duals.exists[p] = tree.status[p] != CLOSED
        duals.opening[p] = tree.cost[p] if tree.status[p] == FREE else 0.0
    p = tree.branch[depth]
    tree.tried[depth] += 1
    fixed = np.float64(tree.fixed[depth])
    if tree.tried[depth] == 1:
        _settle_open(net, duals, tree, p)
        fixed += np.float64(tree.cost[p])
    else:
        _close(duals, tree, p)
    for i in range(n):
        r = duals.active[i]
        duals.queue[i] = r
        duals.next[r] = net.cand_ptr[r]
    ascend(net, duals, n)
    return fixed


@part
def _branch(
    net: Network, duals: Duals, tree: Tree, n: int, at: tuple[int, float, float], best: float
) -> bool:
    """Keep the present node (`at`: depth, bound, what is fixed) to branch on it; False if it is a leaf."""
    depth, bound, fixed = at
    if bound >= best - CLOSE * best or depth == tree.bound.size:
        return False
    pool = _most_disputed(net, duals, tree, n)
    if pool < 0:
        return False
    for p in range(tree.cost.size):
        if tree.status[p] == FREE and bound + duals.slack[p] >= best:
            _close(duals, tree, p)
    tree.bound[depth], tree.fixed[depth] = bound, fixed
    tree.branch[depth], tree.tried[depth] = pool, 0
    for p in range(tree.cost.size):
        tree.state[depth, p], tree.slack[depth, p] = tree.status[p], duals.slack[p]
    for r in range(duals.u.size):
        tree.u[depth, r] = duals.u[r]
    return True


@part
def _search(
    net: Network, duals: Duals, tree: Tree, n: int, mark: int, root: float, nodes: int, plain: bool
) -> tuple[float, bool, int]:
    """Raise the bound of a file's problem, without the constants of step 1, by at most so many nodes.

    Nodes are not adjusted in a plain search. Whether the search came to its end is told as well, and the last
    number used in `Duals.seen`.
    """
    for p in range(tree.cost.size):
        tree.cost[p] = duals.opening[p]
        tree.allowed[p] = duals.exists[p]
        tree.status[p] = CLOSED if not duals.exists[p] else (FREE if tree.cost[p] > 0.0 else OPEN)
    best, left = np.inf, np.inf
    depth, fixed, bound = 0, 0.0, root
    while True:
        best = min(best, _try_holders(net, duals, tree, n))
        if _branch(net, duals, tree, n, (depth, bound, fixed), best):
            depth += 1
        else:
            left = min(left, bound)
        # Nodes kept on the way down end at `depth`: go up to the last with a child that is worth a visit.
        while depth > 0 and (
            tree.tried[depth - 1] == 2 or nodes == 0 or tree.bound[depth - 1] >= best - CLOSE * best
        ):
            depth -= 1
            if tree.tried[depth] < 2:
                left = min(left, tree.bound[depth])
        if depth == 0:
            # Every set of holders is in a node left with a bound, or costs at least `best`.
            return max(root, min(best, left)), left >= best - CLOSE * best, mark
        nodes -= 1
        fixed = _enter_child(net, duals, tree, depth - 1, n)
        if plain:
            total = sum_u(duals, n)
        else:
            total, mark = adjust(net, duals, n, mark, best - fixed)
        bound = max(tree.bound[depth - 1], total + fixed)


@part
def _begin(net: Network, files: Files, f: int, duals: Duals) -> tuple[float, int]:
    """Do steps 1 to 3 for a file; returns the constants of step 1, and how many regions have demand."""
    constants = open_costs(files, f, duals)
    n = start(net, files, f, duals)
    for i in range(n):
        duals.queue[i] = duals.active[i]
    ascend(net, duals, n)
    return constants, n


@part
def _end(duals: Duals, n: int) -> None:
    """Leave no demand behind."""
    for i in range(n):
        duals.volume[duals.active[i]] = 0.0


@njit(cache=True, nogil=True)
def bound_block(block: int, net: Network, files: Files, nodes: int, steps: int, value: Floats) -> None:
    """Bound the facility location problems of one block of files by docs/bound.md.

    Blocks are independent of each other and release the interpreter, for threads to share them.

    Parameters
    ----------
    block : int
        Files ``block * BLOCK`` and the `BLOCK` - 1 after it.
    net : Network
    files : Files
    nodes : int
        Nodes below the root that the search of step 5 may take for each file.
    steps : int
        Steps by which row prices rise where the search did not come to its end.
    value : (n_files,) float64
        Result, by file [currency]; the block writes its own part.
    """
    n_pools, n_regions = files.storage_price.size, net.share.size
    duals, tree = scratch(n_pools, n_regions), _tree(min(nodes, MAX_DEPTH), n_pools, n_regions)
    rows = row_scratch(n_pools, n_regions)
    mark = 0
    for f in range(block * BLOCK, min(value.size, (block + 1) * BLOCK)):
        total, solved = 0.0, False
        constants, n = _begin(net, files, f, duals)
        if nodes > 0:
            total, solved, mark = _search(
                net, duals, tree, n, mark, sum_u(duals, n), min(nodes, PLAIN_NODES), True
            )
            if not solved:
                _end(duals, n)
                constants, n = _begin(net, files, f, duals)
        if not solved:
            total, mark = adjust(net, duals, n, mark, np.inf)
            keep_rows(duals, rows)
            if nodes > 0 or steps > 0:
                total, solved, mark = _search(net, duals, tree, n, mark, total, nodes, False)
            if steps > 0 and not solved:
                total = max(total, price_rows(net, duals, rows, n, steps))
        value[f] = total + constants
        _end(duals, n)
