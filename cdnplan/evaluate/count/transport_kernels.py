"""A maximum flow from files to the pools that hold them, by augmenting paths between pools.

Pools claim volumes, files offer theirs. A pool that lacks volume takes it from a file of its own that has
some left, or from a pool that serves a file they both hold and can in turn replace it (Ford and Fulkerson
[1]_, shortest paths first). Where no such path leads to volume left over, the pools met on the way claim
more than all their files offer: Gale's condition fails for them.

References
----------
.. [1] L. R. Ford, D. R. Fulkerson, "Maximal flow through a network", Canadian Journal of Mathematics 8, 1956.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.model.instance.instance import Floats, Ints

Bools = npt.NDArray[np.bool_]


@njit(cache=True)
def _first_come(holds: Bools, need: Floats, left: Floats, flow: Floats) -> None:
    """Serve each claim from what is left, files with few holders first; lowers `need` and `left`."""
    holders = np.zeros(left.size, np.int64)
    for p in range(need.size):
        for f in range(left.size):
            holders[f] += holds[p, f]
    order = np.argsort(holders, kind="mergesort")
    for p in range(need.size):
        for f in order:
            if holds[p, f] and left[f] > 0.0 and need[p] > 0.0:
                amount = min(left[f], need[p])
                flow[p, f] += amount
                left[f] -= amount
                need[p] -= amount


@njit(cache=True)
def _search(
    holds: Bools, start: Ints, left: Floats, flow: Floats, reached: Bools, by_pool: Ints, by_file: Ints
) -> tuple[int, int]:
    """Look for a file with volume left, breadth first from the pools in `start`.

    Returns its number and the pool that can take from it, or -1 twice. ``reached[p]`` tells the pools
    met; pool p of those replaces ``by_pool[p]`` in serving the file ``by_file[p]``, -1 for the first ones.
    """
    n_pools, n_files = holds.shape
    reached[:] = False
    looked_at = np.zeros(n_files, np.bool_)
    queue = np.empty(n_pools, np.int64)
    end = 0
    for p in start:
        reached[p] = True
        by_pool[p] = -1
        queue[end] = p
        end += 1
    at = 0
    while at < end:
        p = queue[at]
        at += 1
        for f in range(n_files):
            if not holds[p, f] or looked_at[f]:
                continue
            if left[f] > 0.0:
                return f, p
            looked_at[f] = True
            for q in range(n_pools):
                if flow[q, f] > 0.0 and not reached[q]:
                    reached[q] = True
                    by_pool[q] = p
                    by_file[q] = f
                    queue[end] = q
                    end += 1
    return -1, -1


@njit(cache=True, allocates=False)
def _augment(f: int, p: int, need: Floats, left: Floats, flow: Floats, by_pool: Ints, by_file: Ints) -> None:
    """Move along a path that was found as much volume as it lets through; an arc of it is used up."""
    amount = left[f]
    q = p
    while by_pool[q] >= 0:
        amount = min(amount, flow[q, by_file[q]])
        q = by_pool[q]
    amount = min(amount, need[q])
    need[q] -= amount
    left[f] -= amount
    flow[p, f] += amount
    q = p
    while by_pool[q] >= 0:
        flow[q, by_file[q]] -= amount
        flow[by_pool[q], by_file[q]] += amount
        q = by_pool[q]


@njit(cache=True)
def overclaiming(holds: Bools, gb: Floats, claimed: Floats, slack: float) -> Bools:
    """Find pools that claim more than all files offer that at least one of them holds.

    Parameters
    ----------
    holds : (n_pools, n_files) bool
    gb : (n_files,) float64
        What each file offers [GB].
    claimed : (n_pools,) float64
        [GB]
    slack : float
        Claims that go unmet by up to so much are let pass [GB].

    Returns
    -------
    (n_pools,) bool
        Where any claim is unmet by more: the set of pools that claims most beyond what it holds. Else none.
    """
    n_pools = claimed.size
    need, left = claimed.copy(), gb.copy()
    flow = np.zeros(holds.shape)
    reached = np.zeros(n_pools, np.bool_)
    by_pool, by_file = np.full(n_pools, -1), np.full(n_pools, -1)
    _first_come(holds, need, left, flow)
    for start in range(n_pools):
        while need[start] > slack:
            f, p = _search(holds, np.array([start]), left, flow, reached, by_pool, by_file)
            if f < 0:
                break
            _augment(f, p, need, left, flow, by_pool, by_file)
    unmet = np.flatnonzero(need > slack)
    if unmet.size == 0:
        return np.zeros(n_pools, np.bool_)
    _search(holds, unmet, left, flow, reached, by_pool, by_file)
    return reached
