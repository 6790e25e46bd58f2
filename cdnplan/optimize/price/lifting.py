"""Prices of limits that a whole region shares, lifted together: towards what a plan's serving says.

The price search raises each limit's price by that limit's own excess. Where all ways of a region are full by
little, its prices have to rise all together, and may still be far too low when the heat is out. The exact
serving of a plan knows them at once: its duals are those of all limits together. They belong to one placement
and not to the best choice of holders, so they are no better prices by themselves. But L is concave, so on the
line from here to there its highest point is found by a few bounds, and passes from that point on let storage
follow (compare boxstep [1]_, whose local optimum plays the part of the duals).

References
----------
.. [1] R. E. Marsten, W. W. Hogan, J. W. Blankenship, "The boxstep method for large-scale optimization",
   Operations Research 23(3), 1975.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from cdnplan.model.instance.instance import Floats
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.serve.serving import Served
from cdnplan.parameters.parameters import DEFAULTS


def lifted_prices(
    served: Served,
    most: Floats,
    prices: Prices,
    bound: Callable[[Prices], float],
    steps: Sequence[float] = DEFAULTS.lifting.steps,
) -> tuple[Prices, float]:
    """Find the best prices on the way to the duals of a plan's serving.

    Parameters
    ----------
    served : Served
        Of a plan; the nearer that is to the best one, the better its duals.
    most : (n_rate_rows,) float64
        Largest valid prices, `RateRows.overload_cost`.
    prices : Prices
        To begin with.
    bound : callable
        Bound that prices prove.
    steps : sequence of float
        Parts of the way at which bounds are evaluated, until they fall.

    Returns
    -------
    Prices
        Those given but for rates.
    float
        The bound they prove; less than that of the prices given where no step is any better.
    """
    best, highest = prices, -np.inf
    for step in steps:
        # A dual may pass its cap by rounding.
        rate = np.minimum(prices.rate + step * (served.rate - prices.rate), most[:, None])
        there = replace(prices, rate=rate)
        reached = bound(there)
        if reached <= highest:
            break
        best, highest = there, reached
    return best, highest
