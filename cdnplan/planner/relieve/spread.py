"""A serving, and how it loads pools and appliances."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.model.instance.instance import Floats
from cdnplan.model.plan.placement import Serving

Bools = npt.NDArray[np.bool_]

FULL_RATIO = 1e-6
"""Limits used to within this ratio are full."""


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Loads of pools and appliances.

    Parameters
    ----------
    serving : Serving
    slowed : (n_pools,) bool
        Pools that in some slice have something to spare while an appliance of theirs gives all it can.
    peak_gbps : (n_appliances,) float64
        Load of each appliance in its busiest slice.
    mean_gbps : (n_pools,) float64
        Mean load of an appliance in the pool's busiest slice.
    """

    serving: Serving
    slowed: Bools
    peak_gbps: Floats
    mean_gbps: Floats

    def assignment(self, before: Assignment) -> Assignment:
        """The same copies with these loads."""
        busiest = np.maximum.reduceat(self.peak_gbps, before.appliance_ptr[:-1])
        ratio = np.divide(busiest, self.mean_gbps, out=np.ones_like(busiest), where=self.mean_gbps > 0)
        return replace(
            before,
            peak_gbps=self.peak_gbps,
            imbalance_ratio=np.maximum(0.0, ratio - 1.0),
            overloaded_pool=np.zeros(0, dtype=np.int32),
            overloaded_ratio=np.zeros(0),
        )
