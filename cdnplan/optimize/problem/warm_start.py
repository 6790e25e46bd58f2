"""Where a run may start from: the prices and the placement of an earlier plan of nearly the same problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.plan.placement import Prices


@dataclass(frozen=True, slots=True, eq=False)
class WarmStart:
    """Prices and a placement to start from; neither need fit the instance's limits.

    Parameters
    ----------
    prices : Prices
    holds : (n_pools, n_files) bool
    """

    prices: Prices
    holds: npt.NDArray[np.bool_]
