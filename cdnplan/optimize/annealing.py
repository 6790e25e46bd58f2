"""Pack what room is left after rounding: annealing under the prices that the master program ends with.

Files meet only in limits: those of storage and new bytes are kept, those of throughput and links that are
tight are charged above their prices. What the result costs is for the exact serving to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.model.placement import Prices
from cdnplan.optimize.annealing_kernels import anneal
from cdnplan.optimize.bound import FileSolver
from cdnplan.optimize.file_columns import Columns, columns_of
from cdnplan.optimize.limits import LimitVector
from cdnplan.optimize.objective import new_gb, stored_gb
from cdnplan.optimize.priced import Priced
from cdnplan.optimize.rules import LIMIT_TOLERANCE, new_matrix_gb, stored_matrix_gb

Bools = npt.NDArray[np.bool_]

MOVES = 2_000_000
COOLING = 50.0
"""The first temperature is the gap over the number of files; the last one is so much lower."""
SOFT, HARD = 1.2, 4.0
"""How many times its price excess is charged, at first and at last."""
SKEW = 3.0
"""Files near a pool's margin are drawn more often: ranks are this power of a number in [0, 1)."""
STEP_RATIO = 0.2
"""Any excess at all is charged this part of the price of a file of median size as well."""
NEARLY_TIGHT = 0.97
"""Throughputs and links used to this part take part though they have no price."""


@dataclass(frozen=True, slots=True, eq=False)
class _Loads:
    """Tight limits of throughput and links, and which of them each way of serving uses."""

    used_ptr: Ints
    used: Ints
    rate: Floats
    load: Floats
    limit: Floats
    price: Floats


def pack(
    solver: FileSolver, limits: LimitVector, prices: Prices, holds: Bools, known: Columns, gap: float,
    moves: int = MOVES,
) -> Bools:  # fmt: skip
    """Better a placement by annealing.

    Parameters
    ----------
    solver : FileSolver
    limits : LimitVector
    prices : Prices
    holds : (n_pools, n_files) bool
        Where to start; keeps all rules.
    known : Columns
        Holder sets worth trying.
    gap : float
        Cost of the placement above the bound, more than 0: what is to be gained [currency].
    moves : int
        Moves tried.

    Returns
    -------
    (n_pools, n_files) bool
        Keeps storage, fill and launch limits and pins like `holds`.
    """
    inst, cols = solver.instance, solver.columns
    priced = Priced.of(inst, prices)
    weight = np.ascontiguousarray(stored_matrix_gb(inst).T)
    fresh = np.ascontiguousarray(new_matrix_gb(inst).T)
    pool_of = np.zeros((inst.n_files, inst.n_pools), dtype=np.bool_)
    pool_of[inst.launch_file[np.repeat(np.arange(inst.n_launches), np.diff(inst.launch_ptr))],
            inst.launch_pool] = True  # fmt: skip
    result = np.array(holds.T, order="C")  # a copy in any case: it is changed in place
    # Holders that a launch rule counts stay: the rule is kept as it is.
    frozen = solver.pinned | (pool_of & result)
    new_limit = np.minimum(inst.fill_limit_gb, inst.churn_limit_gb)
    slack = 1.0 + LIMIT_TOLERANCE / 2
    room = inst.storage_gb * slack - stored_gb(inst, holds)
    room_new = new_limit * slack - new_gb(inst, holds)
    typical = np.array([np.median(w[w > 0]) if (w > 0).any() else 0.0 for w in weight.T])
    loads = _loads(solver, limits, prices, priced, result)
    sets = _holder_sets(known, inst.n_files)
    anneal(
        moves, gap / inst.n_files, gap / inst.n_files / COOLING, SOFT, HARD, SKEW,
        STEP_RATIO * prices.storage * typical,
        loads.used_ptr, loads.used, loads.rate, loads.load, loads.limit, loads.price, prices.storage,
        prices.fill + prices.churn, _demand(solver), inst.cand_ptr, inst.cand_pool[priced.order],
        priced.cand_cost[priced.order], priced.origin_cost, cols.pool_ptr, cols.pool_region, result, weight,
        fresh, fresh * inst.fill_cost, frozen, room, room_new, *sets,
    )  # fmt: skip
    return np.ascontiguousarray(result.T)


def _demand(solver: FileSolver) -> Floats:
    """Demand of every region, (n_files, n_regions) [GB]."""
    inst = solver.instance
    rows = np.zeros((inst.n_files, inst.demand_ptr.size - 1))
    row = np.repeat(np.arange(rows.shape[1]), np.diff(inst.demand_ptr))
    rows[inst.demand_file, row] = inst.demand_gb
    return np.ascontiguousarray(rows[:, inst.region_row] * inst.region_share)


def _holder_sets(known: Columns, n_files: int) -> tuple[Ints, Bools]:
    """Each file's different holder sets, as CSR."""
    key = np.concatenate([known.file[:, None].astype(np.int64), np.packbits(known.holds, axis=1)], axis=1)
    _, first = np.unique(key, axis=0, return_index=True)
    first = first[np.argsort(known.file[first], kind="stable")]
    counts = np.bincount(known.file[first], minlength=n_files)
    return np.concatenate([[0], np.cumsum(counts)]), np.ascontiguousarray(known.holds[first])


def _loads(solver: FileSolver, limits: LimitVector, prices: Prices, priced: Priced, holds: Bools) -> _Loads:
    """Find the tight limits and what uses them; entries are in the order of the priced costs."""
    inst, slices = solver.instance, solver.instance.n_slices
    files = np.arange(inst.n_files, dtype=np.int32)
    use = columns_of(solver, prices, files, holds).use.sum(axis=0)
    flat = limits.flat(prices)
    lo, hi = inst.n_pools, inst.n_pools * (1 + slices) + inst.n_links * slices
    tight = lo + np.flatnonzero((flat[lo:hi] > 0) | (use[lo:hi] > NEARLY_TIGHT * limits.limit[lo:hi]))
    number = {int(limit): k for k, limit in enumerate(tight)}
    pointer, used = [0], []
    for entry in priced.order:
        owners = [int(inst.cand_pool[entry])]
        path = inst.cand_link[inst.cand_link_ptr[entry] : inst.cand_link_ptr[entry + 1]]
        used += _numbers(owners + [inst.n_pools + int(e) for e in path], number, inst)
        pointer.append(len(used))
    for region in range(inst.n_regions):
        path = inst.origin_link[inst.origin_link_ptr[region] : inst.origin_link_ptr[region + 1]]
        used += _numbers([inst.n_pools + int(e) for e in path], number, inst)
        pointer.append(len(used))
    price = flat[tight]
    mean = float(price[price > 0].mean()) if (price > 0).any() else inst.overload_cost
    return _Loads(
        used_ptr=np.array(pointer, dtype=np.int64),
        used=np.array(used, dtype=np.int64),
        rate=np.ascontiguousarray(inst.gbps_per_gb[:, (tight - inst.n_pools) % slices]),
        load=use[tight],
        limit=limits.limit[tight],
        price=np.minimum(np.maximum(price, mean), limits.cap[tight]),
    )


def _numbers(owners: list[int], number: dict[int, int], inst: Instance) -> list[int]:
    """Positions of the tight limits among those of pools (then links) in all slices."""
    slices = inst.n_slices
    flat = [inst.n_pools + owner * slices + t for owner in owners for t in range(slices)]
    return [number[limit] for limit in flat if limit in number]
