"""Step 6 of docs/bound.md: a file's bound from prices on its demand rows, found by the volume algorithm.

Where many pools share the regions of many others, the ascent ends well below the relaxation of the file's
problem. Any u at all gives a bound once what regions offer a pool beyond its F is taken off again; the
volume algorithm [1]_ seeks good ones.

References
----------
.. [1] F. Barahona, R. Anbil, "The Volume Algorithm: Producing Primal Solutions with a Subgradient Method",
   Mathematical Programming 87(3), 2000.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import part
from cdnplan.evaluate.proof.bound_kernels import Duals, Network
from cdnplan.model.instance.instance import Floats

AIM = 0.02
LENGTH, LENGTH_MOST, LENGTH_LEAST = 0.1, 2.0, 1e-3
AHEAD, UPWARD, DOWNWARD, PATIENCE = 2.0, 1.1, 0.66, 5
MIX_MOST, MIX_LEAST = 0.1, 0.01
ROUNDING = 1e-12
"""What is offered and taken off again may be far more than the bound: it is lowered by this part of that."""


class Rows(NamedTuple):
    """Row prices of one file; scratch that all files of a block use in turn.

    By pool: `exists`, `cost` (F) and `offered`, what regions offer beyond their levels. By region: `best`
    (the best u), `u` (the one being tried), `slope` (supergradient there), `way` (mean of supergradients).
    """

    exists: npt.NDArray[np.bool_]
    cost: Floats
    offered: Floats
    best: Floats
    u: Floats
    slope: Floats
    way: Floats


@part
def row_scratch(n_pools: int, n_regions: int) -> Rows:
    """Arrays for the row prices of one file after the other.

    Parameters
    ----------
    n_pools, n_regions : int
    """
    return Rows(
        np.zeros(n_pools, np.bool_),
        np.zeros(n_pools),
        np.zeros(n_pools),
        np.zeros(n_regions),
        np.zeros(n_regions),
        np.zeros(n_regions),
        np.zeros(n_regions),
    )


@part
def _copy(values: Floats, to: Floats) -> None:
    """Copy one by one: where slices are copied, numba compiles an error message as well."""
    for r in range(values.size):
        to[r] = values[r]


@part
def keep_rows(duals: Duals, rows: Rows) -> None:
    """Keep the state after step 4: where row prices start from.

    Parameters
    ----------
    duals : Duals
    rows : Rows
        Takes it: `exists`, `cost`, `best`.
    """
    for p in range(rows.cost.size):
        rows.exists[p], rows.cost[p] = duals.exists[p], duals.opening[p]
    _copy(duals.u, rows.best)


@part
def _evaluate(net: Network, duals: Duals, rows: Rows, n: int) -> float:
    """Bound at `u`; `slope` becomes 1 less the pools that would open for the region."""
    rows.offered[:] = 0.0
    total = 0.0
    for i in range(n):
        r = duals.active[i]
        total += rows.u[r]
        for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
            beyond = rows.u[r] - duals.volume[r] * net.cand_price[j]
            if beyond <= 0.0:
                break
            rows.offered[net.cand_pool[j]] += beyond
    for p in range(rows.cost.size):
        if rows.exists[p] and rows.offered[p] > rows.cost[p]:
            total -= rows.offered[p] - rows.cost[p]
    for i in range(n):
        r = duals.active[i]
        rows.slope[r] = 1.0
        for j in range(net.cand_ptr[r], net.cand_ptr[r + 1]):
            p = net.cand_pool[j]
            if duals.volume[r] * net.cand_price[j] >= rows.u[r]:
                break
            if rows.exists[p] and rows.offered[p] > rows.cost[p]:
                rows.slope[r] -= 1.0
    return total


@part
def _go(net: Network, duals: Duals, rows: Rows, n: int, rise: float) -> bool:
    """Set `u` so far from the best along the way that a plane of that slope would rise by `rise`."""
    squared = 0.0
    for i in range(n):
        r = duals.active[i]
        if rows.way[r] < 0.0 or rows.best[r] < duals.volume[r] * net.origin_price[r]:
            squared += rows.way[r] * rows.way[r]
    if squared == 0.0:
        return False
    for i in range(n):
        r = duals.active[i]
        most = duals.volume[r] * net.origin_price[r]
        rows.u[r] = max(0.0, min(most, rows.best[r] + rise / squared * rows.way[r]))
    return True


@part
def _turn(duals: Duals, rows: Rows, n: int) -> float:
    """Turn the way towards the new slope; returns the product of that slope and the way that was."""
    down, apart, ahead = 0.0, 0.0, 0.0
    for i in range(n):
        r = duals.active[i]
        difference = rows.way[r] - rows.slope[r]
        down += rows.way[r] * difference
        apart += difference * difference
        ahead += rows.way[r] * rows.slope[r]
    weight = MIX_MOST if apart == 0.0 else min(MIX_MOST, max(MIX_LEAST, down / apart))
    for i in range(n):
        r = duals.active[i]
        rows.way[r] += weight * (rows.slope[r] - rows.way[r])
    return ahead


@part
def price_rows(net: Network, duals: Duals, rows: Rows, n: int, steps: int) -> float:
    """Do step 6.

    Parameters
    ----------
    net : Network
    duals : Duals
        `volume` and `active` are read.
    rows : Rows
        As `keep_rows` left them.
    n : int
        Regions with demand.
    steps : int

    Returns
    -------
    float
        The bound, without the constants of step 1 [currency].
    """
    _copy(rows.best, rows.u)
    highest = _evaluate(net, duals, rows, n)
    _copy(rows.slope, rows.way)
    length, vain = LENGTH, 0
    for _ in range(steps):
        if length < LENGTH_LEAST or not _go(net, duals, rows, n, length * AIM * highest):
            break
        value = _evaluate(net, duals, rows, n)
        ahead = _turn(duals, rows, n)
        if value > highest:
            length = min(LENGTH_MOST, length * (AHEAD if ahead > 0.0 else UPWARD))
            highest, vain = value, 0
            _copy(rows.u, rows.best)
            continue
        vain += 1
        if vain == PATIENCE:
            length, vain = length * DOWNWARD, 0
    _copy(rows.best, rows.u)
    highest = _evaluate(net, duals, rows, n)
    spent = 0.0
    for p in range(rows.offered.size):
        spent += rows.offered[p]
    for i in range(n):
        spent += rows.best[duals.active[i]]
    return highest - ROUNDING * spent
