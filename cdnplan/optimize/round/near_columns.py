"""Holder sets near each file's best one: what a rounded mixture of the master program is put together from.

The master program knows the holder sets that were best under some prices it asked about: a handful for each
file. A placement needs more to choose from, sets that cost little more under the last prices but use other
pools. They are found by changing pools of the nearest sets known, from set to set (`near_sets_kernels`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.lanes import in_even_lanes
from cdnplan.model.instance.instance import Ints, Ints32
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.file.near_sets_kernels import Known, near_sets
from cdnplan.optimize.file.problem_kernels import N_CHUNKS
from cdnplan.optimize.master.file_columns import Columns, columns_of, priced_columns
from cdnplan.optimize.problem.arrays import Network
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.priced import Priced

Bools = npt.NDArray[np.bool_]


def near_columns(
    solver: FileSolver, limits: LimitVector, prices: Prices, known: Columns, most: Ints, extended: Bools
) -> Columns:
    """Extend known columns of some files by near ones and keep the nearest of each file.

    Parameters
    ----------
    solver : FileSolver
    limits : LimitVector
    prices : Prices
        Measure what is near; requests go to their cheapest holder under them.
    known : Columns
        At least one of each file.
    most : (n_files,) int64
        Columns to keep of each file, at least 1.
    extended : (n_files,) bool
        Files to look for further columns of.

    Returns
    -------
    Columns
        By file, nearest first, each holder set once. A file's set without any holder (or with only its
        pinned ones) is always among them, so that something fits.
    """
    inst = solver.instance
    file, holds = _sets(solver, prices, known, most, extended)
    files = np.arange(inst.n_files, dtype=np.int32)
    file, holds = np.concatenate([file, files]), np.concatenate([holds, solver.pinned])
    _, first = np.unique(_keys(file, holds), axis=0, return_index=True)
    columns = columns_of(solver, prices, file[first], np.ascontiguousarray(holds[first]))
    return columns.take(np.lexsort((priced_columns(limits, prices, columns), columns.file)))


def _keys(file: Ints32, holds: Bools) -> npt.NDArray[np.int64]:
    """Files and their sets as rows of numbers."""
    return np.concatenate([file[:, None].astype(np.int64), np.packbits(holds, axis=1)], axis=1)


def _sets(
    solver: FileSolver, prices: Prices, known: Columns, most: Ints, extended: Bools
) -> tuple[Ints32, Bools]:
    """The nearest sets of each file, as files and sets, by file."""
    inst = solver.instance
    priced = Priced.of(inst, prices)
    order = np.argsort(known.file, kind="stable")
    known_ptr = np.searchsorted(known.file[order], np.arange(inst.n_files + 1))
    ptr = np.concatenate([[0], np.cumsum(most)])
    holds = np.zeros((ptr[-1], inst.n_pools), dtype=np.bool_)
    count = np.zeros(inst.n_files, dtype=np.int64)
    code = np.random.default_rng(0).integers(1, 1 << 63, inst.n_pools).astype(np.uint64)
    known_sets = Known(known_ptr, np.ascontiguousarray(known.holds[order]))
    in_even_lanes(
        near_sets,
        N_CHUNKS,
        most,
        extended,
        solver.demand,
        Network.of(inst, solver.columns, priced),
        solver.holding(priced, solver.rewards(prices)),
        code,
        known_sets,
        Known(ptr, holds),
        count,
    )
    file = np.repeat(np.arange(inst.n_files, dtype=np.int32), most)
    taken = np.arange(file.size) - ptr[file] < count[file]
    return file[taken], holds[taken]
