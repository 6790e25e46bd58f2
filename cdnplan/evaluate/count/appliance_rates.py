"""How much each appliance of a pool can and must serve, given what the pool serves to each region.

A plan folder says how much a pool serves to a region, not which files. A pool that serves all that a region
asks of its files serves each of them in full, and leaves nothing of them to others; what is left after that
is looked at in the same way. Most of what is served follows from the serving like that. Only where a pool
serves less than it could, an appliance serves a region anything from what is left when its neighbours serve
all that is asked of theirs, up to what the region asks of its own files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.assignment import Assignment
from cdnplan.evaluate.count.signatures import row_demand
from cdnplan.model.instance.instance import Floats, Ints, Ints32

ALL = 1e-9
"""A pool that serves a region all but this part of what is asked of its files serves all of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Open:
    """A region of which some pools serve a part of what is asked of their files: which part is open.

    Parameters
    ----------
    region : int
    pools : (n,) int64
        These pools; what those of one appliance serve is known all the same, and a part of `known`.
    gb : (n,) float64
        What each of them serves to the region [GB per period].
    file : (n_files,) int32
        Files that at least one of them holds, and that no other pool is known to serve in full.
    asked_gb : (n_files,) float64
        What the region asks of each of these [GB per period].
    """

    region: int
    pools: Ints
    gb: Floats
    file: Ints32
    asked_gb: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ApplianceRates:
    """What appliances serve.

    Parameters
    ----------
    known, least, most : (n_appliances, n_slices) float64
        What follows from the serving, and bounds on all that an appliance serves [Gbit/s]: a load outside
        them is impossible; loads inside them need not be possible all together.
    open : tuple of Open
        Regions of which some pool with several appliances serves a part of what is asked of its files.
    """

    known: Floats
    least: Floats
    most: Floats
    open: tuple[Open, ...]


def appliance_rates(assignment: Assignment, served_gb: Floats) -> ApplianceRates:
    """Bound the load of each appliance in each slice; copies of a file share its load evenly.

    Parameters
    ----------
    assignment : Assignment
    served_gb : (n_cand,) float64
        [GB per period]

    Returns
    -------
    ApplianceRates
    """
    fleet, instance = assignment.fleet, assignment.fleet.instance
    shape = fleet.size, instance.n_slices
    rates = ApplianceRates(np.zeros(shape), np.zeros(shape), np.zeros(shape), ())
    pools = _Pools(assignment)
    found = []
    for r in range(instance.n_regions):
        part = slice(int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1]))
        used = np.flatnonzero(served_gb[part] > 0)
        undecided = _region(pools, r, instance.cand_pool[part][used], served_gb[part][used], rates)
        if undecided is not None:
            found.append(undecided)
    return ApplianceRates(rates.known, rates.known + rates.least, rates.known + rates.most, tuple(found))


class _Pools:
    """Copies of each pool: which appliance of it holds which file, and its part of the file's load."""

    def __init__(self, assignment: Assignment) -> None:
        self.fleet = assignment.fleet
        self._ptr = np.searchsorted(assignment.appliance, self.fleet.ptr)
        self._appliance, self._file = assignment.appliance, assignment.file
        instance = self.fleet.instance
        self._share = 1.0 / np.maximum(1, instance.copies[assignment.pool(), assignment.file])
        self.demand = np.zeros(instance.n_files)

    def appliances(self, pool: int) -> slice:
        """Numbers of a pool's appliances."""
        return slice(int(self.fleet.ptr[pool]), int(self.fleet.ptr[pool + 1]))

    def files(self, pool: int) -> Ints:
        """File of each copy of a pool."""
        return self._file[self._ptr[pool] : self._ptr[pool + 1]]

    def asked(self, pool: int) -> Floats:
        """What `demand` asks of each appliance of a pool [GB]."""
        part = slice(int(self._ptr[pool]), int(self._ptr[pool + 1]))
        at = self._appliance[part] - self.fleet.ptr[pool]
        weights = self.demand[self._file[part]] * self._share[part]
        return np.asarray(np.bincount(at, weights, int(self.fleet.instance.pool_appliances[pool])))


def _region(pools: _Pools, r: int, served_by: Ints32, gb: Floats, rates: ApplianceRates) -> Open | None:
    """Add a region's loads to `rates`; gives what is left open."""
    instance = pools.fleet.instance
    file, asked = row_demand(instance, r)
    pools.demand[file] = asked
    rate = instance.gbps_per_gb[r]
    waiting = list(range(served_by.size))
    found = True
    while found and waiting:
        found = False
        for i in list(waiting):
            p, each = int(served_by[i]), pools.asked(int(served_by[i]))
            if each.sum() > gb[i] * (1 + ALL):
                continue
            # Rounding apart, `each` adds up to what is served.
            total = each.sum()
            scale = gb[i] / total if total > 0 else 0.0
            rates.known[pools.appliances(p)] += (each * scale)[:, None] * rate
            pools.demand[pools.files(p)] = 0.0
            waiting.remove(i)
            found = True
    undecided = _open(pools, r, [(int(served_by[i]), float(gb[i])) for i in waiting], file, rates)
    pools.demand[file] = 0.0
    return undecided


def _open(
    pools: _Pools, r: int, waiting: list[tuple[int, float]], file: Ints32, rates: ApplianceRates
) -> Open | None:
    """Bound what pools serve that serve only a part of what is asked of their files."""
    instance = pools.fleet.instance
    rate = instance.gbps_per_gb[r]
    held: npt.NDArray[np.bool_] = np.zeros(instance.n_files, dtype=np.bool_)
    for p, volume in waiting:
        own = pools.appliances(p)
        held[pools.files(p)] = True
        if instance.pool_appliances[p] == 1:
            rates.known[own] += volume * rate
            continue
        each = pools.asked(p)
        high = np.minimum(each, volume)
        low = np.clip(volume - (each.sum() - each), 0.0, high)
        rates.least[own] += low[:, None] * rate
        rates.most[own] += high[:, None] * rate
    if not any(instance.pool_appliances[p] > 1 for p, _ in waiting):
        return None
    chosen = file[held[file] & (pools.demand[file] > 0)]
    return Open(
        r,
        np.array([p for p, _ in waiting], dtype=np.int64),
        np.array([volume for _, volume in waiting]),
        chosen,
        pools.demand[chosen].copy(),
    )
