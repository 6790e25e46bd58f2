"""Raise the bound of one file's problem beyond dual ascent, by prices on its demand rows.

Where many regions share the same few pools, as with set covering, dual ascent ends far below the relaxation.
The volume algorithm [1]_ steps from the best u along a mean of supergradients; the same mean of the pools
that would open is nearly a solution of the relaxation, and rounded, a good start for holders [2]_.

References
----------
.. [1] F. Barahona, R. Anbil, "The Volume Algorithm: Producing Primal Solutions with a Subgradient Method",
   Mathematical Programming 87(3), 2000.
.. [2] F. Barahona, F. A. Chudak, "Near-Optimal Solutions to Large-Scale Facility Location Problems",
   Discrete Optimization 2(1), 2005.
"""

from __future__ import annotations

import numpy as np

from cdnplan.compiled import inlined, part
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.file.problem_kernels import File
from cdnplan.optimize.problem.arrays import Network

FIRST_LENGTH, LONGEST = 0.1, 2.0
"""Length of steps, as a part of what Polyak's rule says."""
LONGER, FORWARD, SHORTER = 1.1, 2.0, 0.66
"""How it changes: the bound rose; rose and would rise further on that way; did not rise `IN_VAIN` times."""
IN_VAIN, SHORTEST = 5, 1e-3
NEWEST_MOST, NEWEST_LEAST = 0.1, 0.01
"""Weight of the newest supergradient in the mean."""
AIM = 0.02
"""Steps aim at so much more than the best bound."""


@part
def price_rows(net: Network, file: File, u: Floats, paid: Floats, slope: Floats, opens: Floats) -> float:
    """Bound of a file's problem with its demand rows priced at any u, whatever it is.

    The sum of u, and for each pool that regions offer too much what is left of it: min(0, F[p] - sum of
    max(0, u[r] - v[r] c[r, p])). `opens` becomes 1 for these pools, `slope` a supergradient, `paid` scratch.
    """
    ptr, pools, costs = net.ptr, net.pools, net.costs
    active, v, opening, allowed = file.active, file.v, file.opening, file.allowed
    paid[:] = 0.0
    total = 0.0
    for r in active:
        total += u[r]
        slope[r] = 1.0
        for j in range(ptr[r], ptr[r + 1]):
            offer = u[r] - v[r] * costs[j]
            if offer <= 0.0:
                break
            paid[pools[j]] += offer
    for p in range(opening.size):
        opens[p] = 1.0 if allowed[p] and paid[p] > opening[p] else 0.0
        if opens[p] > 0.0:
            total += opening[p] - paid[p]
    for r in active:
        for j in range(ptr[r], ptr[r + 1]):
            if v[r] * costs[j] >= u[r]:
                break
            slope[r] -= opens[pools[j]]
    return total


@part
def raise_by_volume(steps: int, net: Network, file: File, u: Floats, share: Floats) -> float:
    """Take so many steps of the volume algorithm from u, which becomes the best seen; returns its bound.

    `share` becomes the mean of pools that would open: nearly a solution of the relaxation.
    """
    active, cap, opening = file.active, file.cap, file.opening
    at, slope, mean = u.copy(), np.zeros(u.size), np.zeros(u.size)
    paid, opens = np.zeros(opening.size), np.zeros(opening.size)
    best = price_rows(net, file, u, paid, mean, opens)
    copy(opens, opens.size, share)
    length, vain = FIRST_LENGTH, 0
    for _ in range(steps):
        squared = 0.0
        for r in active:
            if mean[r] < 0.0 or u[r] < cap[r]:
                squared += mean[r] * mean[r]
        if squared == 0.0:
            break
        step = length * AIM * best / squared
        for r in active:
            at[r] = max(0.0, min(cap[r], u[r] + step * mean[r]))
        bound = price_rows(net, file, at, paid, slope, opens)
        ahead = _mix(active, slope, opens, mean, share)
        if bound > best:
            length = min(LONGEST, length * (FORWARD if ahead > 0.0 else LONGER))
            best, vain = bound, 0
            copy(at, u.size, u)
            continue
        vain += 1
        if vain == IN_VAIN:
            length, vain = length * SHORTER, 0
            if length < SHORTEST:
                break
    return best


@inlined
def _mix(active: Ints, slope: Floats, opens: Floats, mean: Floats, share: Floats) -> float:
    """Move the means towards the newest, by that weight at which the supergradients' mean is shortest.

    Returns the product of the newest and the mean that was.
    """
    down, squared, ahead = 0.0, 0.0, 0.0
    for r in active:
        apart = mean[r] - slope[r]
        down += mean[r] * apart
        squared += apart * apart
        ahead += mean[r] * slope[r]
    weight = NEWEST_MOST
    if squared > 0.0:
        weight = min(NEWEST_MOST, max(NEWEST_LEAST, down / squared))
    for r in active:
        mean[r] += weight * (slope[r] - mean[r])
    for p in range(opens.size):
        share[p] += weight * (opens[p] - share[p])
    return ahead
