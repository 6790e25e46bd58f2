"""Pools that hold and serve what they did before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Instance
from cdnplan.model.placement import Placement, Serving

Bools = npt.NDArray[np.bool_]

SAME_RATIO = 1e-9
"""Loads that differ by no larger part are the same."""


def unchanged_pools(
    instance: Instance, one: Placement, served: Serving, other: Placement, other_served: Serving
) -> Bools:
    """Pools that hold the same files in both placements and get the same requests for them.

    Parameters
    ----------
    instance : Instance
    one, served : Placement, Serving
    other, other_served : Placement, Serving
        Each belongs to its placement.

    Returns
    -------
    (n_pools,) bool
        False where that is not certain: all regions of a pool, and all pools that may serve these, have to
        be as they were. No pool, where a serving tells appliances apart.
    """
    changed: Bools = (one.holds != other.holds).any(axis=1)
    if served.apart is not None or other_served.apart is not None:
        return np.zeros(instance.n_pools, dtype=np.bool_)
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    moved = np.array([not _same(served, other_served, r) for r in range(instance.n_regions)], dtype=np.bool_)
    moved[region[changed[instance.cand_pool]]] = True
    changed[instance.cand_pool[moved[region]]] = True
    return ~changed


def _same(one: Serving, other: Serving, r: int) -> bool:
    """Whether a region has the same rows of demand, served in the same way."""
    mine, theirs = (slice(int(s.ptr[r]), int(s.ptr[r + 1])) for s in (one, other))
    if mine.stop - mine.start != theirs.stop - theirs.start:
        return False
    if not np.array_equal(one.mask[mine], other.mask[theirs]) or not _near(one.gb[mine], other.gb[theirs]):
        return False
    ptr, other_ptr = (s.share_ptr[rows.start : rows.stop + 1] for s, rows in ((one, mine), (other, theirs)))
    if not np.array_equal(np.diff(ptr), np.diff(other_ptr)):
        return False
    shares, other_shares = slice(int(ptr[0]), int(ptr[-1])), slice(int(other_ptr[0]), int(other_ptr[-1]))
    same_slots = np.array_equal(one.slot[shares], other.slot[other_shares])
    return same_slots and _near(one.ratio[shares], other.ratio[other_shares])


def _near(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    return bool((np.abs(one - other) <= SAME_RATIO * np.abs(one)).all())
