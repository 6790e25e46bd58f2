"""The figures that stand guard before publication, and their limits unless the config says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Limit:
    """Above `warn` a plan is published with a warning, above `refuse` it is not; None: no limit."""

    warn: float | None = None
    refuse: float | None = None


DEFAULT_LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "implausible_factor": Limit(1.0, 1000.0),
        "silent_regions_ratio": Limit(0.05, 0.25),
        "demand_factor": Limit(2.0, 5.0),
        "lost_appliances_ratio": Limit(0.1, 0.3),
        "field_differs_ratio": Limit(0.01, 0.3),
        "churn_ratio": Limit(0.3, 0.6),
        "fill_gb": Limit(),
        "unfilled_ratio": Limit(0.2, None),
        "offload_drop_ratio": Limit(0.01, 0.05),
        "offload_fall_ratio": Limit(0.05, 0.25),
        "cost_rise_ratio": Limit(0.001, 0.01),
        "gap_ratio": Limit(0.05, None),
    }
)
"""In the order in which they are looked at: those of `BEFORE` need no new plan."""

BEFORE = (
    "implausible_factor",
    "silent_regions_ratio",
    "demand_factor",
    "lost_appliances_ratio",
    "field_differs_ratio",
)
"""Guards that are known before time is spent on a plan."""
