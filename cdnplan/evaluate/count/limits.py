"""Every limit that cannot be priced: what a placement and its serving use, and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.loads import rate_used
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.limits.families import FAMILIES
from cdnplan.model.plan.placement import Placement

RELATIVE = 1e-6
"""Volumes and rates may pass a limit by this part of it, no more: what float arithmetic needs."""
ABSOLUTE = 1e-9
"""The same where the limit is 0 [GB or Gbit/s]."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One limit that does not hold.

    Parameters
    ----------
    limit : str
        A family of limits, or ``pin``, ``ban``, ``launch`` or ``serving``.
    name : str
        Pool, site, region or file it is about.
    slice : int or None
        Time slice, counted from 0; None where the limit has no slices.
    used, allowed : float
        In `unit`; for a pin and a launch rule `allowed` is what is required at least.
    unit : str
    """

    limit: str
    name: str
    slice: int | None
    used: float
    allowed: float
    unit: str

    def __str__(self) -> str:
        at = "" if self.slice is None else f" in slice {self.slice}"
        return f"{self.limit} {self.name}{at}: {self.used:.9g} {self.unit}, allowed {self.allowed:.9g}"


@dataclass(frozen=True, slots=True)
class Overload:
    """A link, or whatever else may be at a cost, above its capacity in one slice (from 0)."""

    link: str
    slice: int
    gbps: float


def exceeds(used: Floats, allowed: Floats | float) -> npt.NDArray[np.bool_]:
    """Where a limit is passed by more than rounding; a NaN always counts as passed."""
    return np.asarray(~(used <= allowed + RELATIVE * np.abs(allowed) + ABSOLUTE))


def new_gb(instance: Instance, placement: Placement) -> Floats:
    """Bytes each pool has to take in, (n_pools,) [GB]: copies beyond those already there."""
    return _sizes_held(instance, placement, fresh=True)


def stored_gb(instance: Instance, placement: Placement) -> Floats:
    """Bytes each pool stores, all copies counted, (n_pools,) [GB]."""
    return _sizes_held(instance, placement, fresh=False)


def _sizes_held(instance: Instance, placement: Placement, *, fresh: bool) -> Floats:
    """Sum the sizes of the copies each pool holds, or only of those that are new.

    Pool by pool: no table of numbers as large as the placement is needed.
    """
    total = np.zeros(instance.n_pools)
    for p in range(instance.n_pools):
        files = np.flatnonzero(placement.holds[p])
        copies = instance.copies[p, files].astype(np.int64)
        if fresh:
            copies = np.maximum(0, copies - instance.held[p, files])
        total[p] = (instance.size_gb[files] * copies).sum()
    return total


def volume_used(instance: Instance, placement: Placement) -> Floats:
    """Bytes that count against each volume row, (n_volume_rows,) [GB]."""
    rows = instance.volumes
    by_pool = np.stack([stored_gb(instance, placement), new_gb(instance, placement)])
    row = np.repeat(np.arange(rows.n_rows), np.diff(rows.ptr))
    gb = by_pool[rows.fresh[row].astype(np.int64), rows.pool]
    return np.asarray(np.bincount(row, gb, minlength=rows.n_rows), dtype=np.float64)


def overloads(instance: Instance, served_gb: Floats, origin_gb: Floats) -> tuple[Overload, ...]:
    """Rate rows above their capacity that may be, at a cost.

    Parameters
    ----------
    instance : Instance
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        [GB per period]

    Returns
    -------
    tuple of Overload
        By row, then slice; rounding does not count.
    """
    rows = instance.rates
    used = rate_used(instance, served_gb, origin_gb)
    over = exceeds(used, rows.capacity[:, None]) & np.isfinite(rows.overload_cost)[:, None]
    return tuple(
        Overload(rows.names[i], int(t), float(used[i, t] - rows.capacity[i])) for i, t in np.argwhere(over)
    )


def volume_violations(instance: Instance, placement: Placement) -> list[Violation]:
    """Volume rows that do not hold: storage, new bytes, and those that pools share."""
    rows, used = instance.volumes, volume_used(instance, placement)
    return [
        _violation(int(rows.family[i]), rows.names[i], None, used[i], rows.capacity_gb[i])
        for i in np.flatnonzero(exceeds(used, rows.capacity_gb))
    ]


def rate_violations(instance: Instance, served_gb: Floats, origin_gb: Floats) -> list[Violation]:
    """Rate rows that must hold and do not, slice by slice."""
    rows, used = instance.rates, rate_used(instance, served_gb, origin_gb)
    over = exceeds(used, rows.capacity[:, None]) & np.isinf(rows.overload_cost)[:, None]
    return [
        _violation(int(rows.family[i]), rows.names[i], int(t), used[i, t], rows.capacity[i])
        for i, t in np.argwhere(over)
    ]


def _violation(family: int, name: str, at: int | None, used: float, allowed: float) -> Violation:
    kind = FAMILIES[family]
    return Violation(kind.name, name, at, float(used), float(allowed), kind.unit)


def rule_violations(instance: Instance, placement: Placement) -> list[Violation]:
    """Pins, bans and launch rules."""
    holds = placement.holds
    found = [
        Violation("pin", f"{instance.files[f]} at {instance.pools[p]}", None, 0.0, 1.0, "held")
        for p, f in np.argwhere(instance.pinned & ~holds)
    ]
    found += [
        Violation("ban", f"{instance.files[f]} at {instance.pools[p]}", None, 1.0, 0.0, "held")
        for p, f in np.argwhere(holds & (instance.copies == 0))
    ]
    for rule in range(instance.n_launches):
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        file, needed = int(instance.launch_file[rule]), int(instance.launch_min[rule])
        used = int(holds[pools, file].sum())
        if used < needed:
            found.append(Violation("launch", instance.files[file], None, used, needed, "pools"))
    return found
