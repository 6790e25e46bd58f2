"""Holders of single files where dual ascent and one round of exchanges leave much: a thorough look.

Shares of the relaxation (`volume_kernels`) are rounded in several ways, each set of holders is bettered, and
so are those from dual ascent and those that the file has already; the cheapest stay.
"""

from __future__ import annotations

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.file.ascent_kernels import ADJUST_ROUNDS, find_duals
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.file.exchange_kernels import exchange_pools
from cdnplan.optimize.file.move_kernels import move_pools, open_cost, open_tight
from cdnplan.optimize.file.problem_kernels import Duals, File, Moves
from cdnplan.optimize.file.volume_kernels import raise_by_volume
from cdnplan.optimize.problem.arrays import Bools, Network

ROUNDED_AT = np.array([0.01, 0.3, 0.5, 0.7])
"""Pools open whose share is at least that."""
NO_GAP = 1e-9
"""Holders that cost no more than this part above the bound are optimal."""


# Part of its caller, the only one: each caller compiles all that it calls once more, and this calls much.
@njit(cache=True, inline="always")
def seek_holders(
    steps: int, net: Network, file: File, duals: Duals, moves: Moves, before: Bools, is_open: Bools
) -> None:
    """Find holders of a file from nothing and from those it has (`before`), by so many steps of volume."""
    n_pools, allowed, fixed = is_open.size, file.allowed, file.fixed
    share, best = np.zeros(n_pools), np.inf
    bound = find_duals(net, file, duals, ADJUST_ROUNDS, 0.0)
    tried = fixed.copy()
    open_tight(net, file, duals.pos, duals.slack, tried)
    for number in range(ROUNDED_AT.size + 2):
        if number == 1:
            for p in range(n_pools):
                tried[p] = fixed[p] or (before[p] and allowed[p])
        elif number > 1:
            at = ROUNDED_AT[number - 2]
            for p in range(n_pools):
                tried[p] = fixed[p] or (allowed[p] and share[p] >= at)
        move_pools(net, file, 0.0, tried, before, moves)
        exchange_pools(net, file, tried, moves)
        cost = open_cost(net, file, file.opening, tried)
        if cost < best:
            best = cost
            copy(tried, n_pools, is_open)
        if number == 1:
            if best - bound <= NO_GAP * best:
                return
            raise_by_volume(steps, net, file, duals.u, share)
