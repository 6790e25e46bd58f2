"""Which limits of a plan bind, and in which order limits are shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats
from cdnplan.model.limits.families import FAMILIES

LIMITS = tuple(one.name for one in FAMILIES)
"""Kinds of limits that a plan can use up; of equal prices they are shown in this order."""
FULL_RATIO = 0.995
"""A limit used to this ratio is full."""
NEARLY_RATIO = 0.9
"""A limit with a price binds from here on: files come whole, so that the last bit often stays free."""


def binds(used: Floats, allowed: Floats, price: Floats) -> npt.NDArray[np.bool_]:
    """Which limits bind: those that are full, and those that are nearly so and have a price.

    Parameters
    ----------
    used, allowed : (n,) float64
        In the same unit; inf where there is no limit.
    price : (n,) float64
        What more is worth, as far as the bound knows [currency per unit].

    Examples
    --------
    >>> binds(np.array([99.6, 95.0, 95.0, 0.0]), np.full(4, 100.0), np.array([0.0, 1.0, 0.0, 1.0])).tolist()
    [True, True, False, False]
    """
    least = np.where(price > 0, NEARLY_RATIO, FULL_RATIO)
    return np.asarray((used > 0) & np.isfinite(allowed) & (used >= least * allowed))


def dearest_first(limit: str, name: str, price: float | None) -> tuple[float, int, str]:
    """Key to sort limits by: the price that is shown, highest first; then by kind and name.

    Parameters
    ----------
    limit : str
        One of `LIMITS`; others come last.
    name : str
        Pool or link.
    price : float or None
        Of one more TB or Gbps [currency]; None counts as 0.

    Examples
    --------
    >>> rows = [("link", "a>b", 0.0), ("storage", "x/m", 0.0), ("link", "b>c", 3.5)]
    >>> [name for _, name, _ in sorted(rows, key=lambda row: dearest_first(*row))]
    ['b>c', 'x/m', 'a>b']
    """
    kind = LIMITS.index(limit) if limit in LIMITS else len(LIMITS)
    return (-(price or 0.0), kind, name)
