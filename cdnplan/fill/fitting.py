"""What pools hold instead of files that no arrangement of their appliances has room for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.appliances import Assignment, Start
from cdnplan.fill.trade_kernels import Shelf, trade
from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.model.placement import Prices
from cdnplan.optimize.priced import priced_costs

Bools = npt.NDArray[np.bool_]

_ROUNDING = 1e-9
_MUST = 1e3
"""A file that a rule asks for is worth so many times all the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Pools whose files all have a place.

    Parameters
    ----------
    holds : (n_pools, n_files) bool
    start : Start
        An arrangement of the pools that were changed.
    """

    holds: Bools
    start: Start


def fit_pools(
    instance: Instance, holds: Bools, assignment: Assignment, prices: Prices, required: Bools
) -> Fitted:
    """Give pools that had to drop files what is worth most instead, appliance by appliance.

    A pool that is full by its sum may have room in pieces only. What a file saves in a pool is counted under
    the prices of throughput and links and given what all other pools hold; with that, each such pool is a
    multiple knapsack, bettered by local search from the arrangement that left something out: other files
    come in, or take the place of some. The pools follow one another, each knowing what those before hold
    now. No limit on volumes is passed; throughput is for the serving to keep.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
        What pools should hold; not changed.
    assignment : Assignment
        Of these holders, with files dropped.
    prices : Prices
        The engine's.
    required : (n_pools, n_files) bool
        Files that rules may ask for there: they never leave.

    Returns
    -------
    Fitted
        It promises no optimum, but an arrangement without gaps that one newcomer could fill.
    """
    holds = holds.copy()
    holds[assignment.dropped_pool, assignment.dropped_file] = False
    cost, origin = priced_costs(instance, prices)
    pools: list[Ints] = []
    appliances: list[Ints] = []
    files: list[Ints] = []
    for p in np.unique(assignment.dropped_pool):
        value = file_values(instance, holds, int(p), cost, origin)
        appliance, file = _fit(instance, holds, int(p), assignment, value, required[p])
        holds[p] = False
        holds[p, file] = True
        pools.append(np.full(file.size, p))
        appliances.append(appliance)
        files.append(file)
    return Fitted(holds, Start(np.concatenate(pools), np.concatenate(appliances), np.concatenate(files)))


def joined_start(old: Start | None, new: Start) -> Start:
    """Two arrangements as one, sorted by pool; where both have a pool, the newer one counts."""
    if old is None:
        return new
    keep = ~np.isin(old.pool, new.pool)
    pool = np.concatenate([old.pool[keep], new.pool])
    order = np.argsort(pool, kind="stable")
    return Start(
        pool[order],
        np.concatenate([old.appliance[keep], new.appliance])[order],
        np.concatenate([old.file[keep], new.file])[order],
    )


def file_values(instance: Instance, holds: Bools, p: int, cand_cost: Floats, origin_cost: Floats) -> Floats:
    """What each file saves in a pool, given all other pools.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
    p : int
        The pool; whether it holds a file does not matter.
    cand_cost, origin_cost : (n_cand,), (n_regions,) float64
        Cost of a GB [currency/GB].

    Returns
    -------
    (n_files,) float64
        [currency per period], fill costs not counted.
    """
    value = np.zeros(instance.n_files)
    for entry in np.flatnonzero(instance.cand_pool == p):
        r = int(np.searchsorted(instance.cand_ptr, entry, side="right")) - 1
        own = cand_cost[entry]
        if own >= origin_cost[r]:
            continue
        row = instance.region_row[r]
        part = slice(int(instance.demand_ptr[row]), int(instance.demand_ptr[row + 1]))
        file = instance.demand_file[part]
        other = np.full(file.size, origin_cost[r])
        for j in range(int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1])):
            if j != entry and cand_cost[j] < origin_cost[r]:
                held = holds[instance.cand_pool[j], file]
                other[held] = np.minimum(other[held], cand_cost[j])
        gb = instance.region_share[r] * instance.demand_gb[part].astype(np.float64)
        value[file] += gb * np.maximum(0.0, other - own)
    return value


def _fit(
    instance: Instance, holds: Bools, p: int, assignment: Assignment, value: Floats, required: Bools
) -> tuple[Ints, Ints]:
    """Appliance (from 1) and file of each copy in pool p, by appliance, then file."""
    rows = slice(*np.searchsorted(assignment.pool, (p, p + 1)))
    copies = instance.copies[p].astype(np.int64)
    fresh = instance.size_gb * np.maximum(0, copies - instance.held[p].astype(np.int64))
    net = value - instance.fill_cost[p] * fresh
    may = holds[p] | ((net > 0) & (copies > 0)) | (required & (copies > 0))
    files = np.flatnonzero(may)
    worth = np.where(required, _MUST * (np.abs(net).sum() + 1.0), net)
    n_appliances = int(instance.pool_appliances[p])
    on = np.zeros((n_appliances, instance.n_files), dtype=np.bool_)
    on[assignment.appliance[rows] - 1, assignment.file[rows]] = True
    limit = min(float(instance.fill_limit_gb[p]), float(instance.churn_limit_gb[p]))
    shelf = Shelf(
        size=instance.size_gb[files],
        value=worth[files],
        fresh=fresh[files],
        copies=copies[files],
        fixed=required[files],
        on=np.ascontiguousarray(on[:, files]),
        room=instance.appliance_storage_gb[p] * (1 + _ROUNDING) - on @ instance.size_gb,
        room_new=np.array([limit * (1 + _ROUNDING) - fresh[holds[p]].sum()]),
    )
    trade(shelf)
    appliance, at = np.nonzero(shelf.on)
    return appliance + 1, files[at]
