"""Raise the bound of given prices further: the volume algorithm [1]_ on all limits at once.

Steps along an average of supergradients from the best prices so far, of Polyak's length [2]_ against the cost
of a known plan; the length shrinks while nothing is gained. Unlike the controller of `pricing` it takes
small, damped steps, which pays where files are few.

References
----------
.. [1] F. Barahona, R. Anbil, "The volume algorithm: producing primal solutions with a subgradient method",
   Mathematical Programming 87, 2000.
.. [2] B. T. Polyak, "Minimization of unsmooth functionals",
   USSR Computational Mathematics and Mathematical Physics 9(3), 1969.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance import Floats
from cdnplan.model.placement import Prices
from cdnplan.optimize.bound import FileSolver
from cdnplan.optimize.limits import LimitVector
from cdnplan.optimize.priced import Priced

MAX_STEPS = 400
FLOOR_RATIO = 0.01
"""Steps are measured in the prices themselves; those near zero, in this part of their typical size."""
AVERAGE = 0.3
"""Weight of the newest supergradient in the direction."""
FIRST_LENGTH, SHORTER, LONGER, SHORTEST = 0.3, 0.7, 1.05, 1e-3
PATIENCE = 10
"""So many steps without a better bound shorten the next ones."""
WORTHWHILE = 1e-4
"""A gain of this part of the distance to the target lengthens the next steps."""


@dataclass(frozen=True, slots=True, eq=False)
class Polished:
    """The best bound reached and the prices that prove it."""

    bound: float
    prices: Prices


def polish(
    solver: FileSolver,
    limits: LimitVector,
    scale: Floats,
    prices: Prices,
    target: float,
    expired: Callable[[], bool],
    steps: int = MAX_STEPS,
) -> Polished:
    """Take up to so many steps from given prices.

    Parameters
    ----------
    solver : FileSolver
    limits : LimitVector
    scale : (n_limits,) float64
        Typical prices: steps are measured in them.
    prices : Prices
        Where to start; launch prices stay.
    target : float
        Cost of a known plan [currency].
    expired : callable
        Ends the search early once it returns True.
    steps : int

    Returns
    -------
    Polished
    """
    inst = solver.instance
    files = np.arange(inst.n_files, dtype=np.int32)
    holds = np.zeros((inst.n_files, inst.n_pools), dtype=np.bool_)
    at = centre = limits.flat(prices)
    scale = np.maximum(FLOOR_RATIO * scale, centre)
    exists = np.isfinite(limits.limit)
    finite = np.where(exists, limits.limit, 0.0)
    best, length, idle = -np.inf, FIRST_LENGTH, 0
    direction = np.zeros_like(at)
    for number in range(steps):
        now = limits.prices(at, prices.launch)
        priced = Priced.of(inst, now)
        values, _ = solver.solve(files, priced, now.launch, holds=holds)
        bound = float(values.sum()) + priced.constant
        use = limits.use(*solver.loads(files, priced, holds))
        gradient = np.where(exists, use - finite, 0.0) * scale
        if bound > best:
            length *= LONGER if bound > best + WORTHWHILE * (target - best) else 1.0
            best, centre, idle = bound, at, 0
        else:
            idle += 1
        if idle >= PATIENCE:
            length, idle = length * SHORTER, 0
        if length < SHORTEST or expired():
            break
        direction = gradient if number == 0 else AVERAGE * gradient + (1 - AVERAGE) * direction
        # Components that would leave the valid range count for nothing.
        stuck = ((centre <= 0) & (direction < 0)) | ((centre >= limits.cap) & (direction > 0))
        usable = np.where(stuck, 0.0, direction)
        square = float(usable @ usable)
        if square <= 0.0 or target <= bound:
            break
        at = np.clip(centre + length * (target - bound) / square * scale * usable, 0.0, limits.cap)
        at = np.where(exists, at, 0.0)
    return Polished(best, limits.prices(centre, prices.launch))
