"""Holder sets near each file's best one: what a rounded mixture of the master program is put together from.

The master program knows the holder sets that were best under some prices it asked about: a handful for each
file. A placement needs more to choose from, sets that cost little more under the last prices but use other
pools. They are found by changing one pool of the nearest sets known, a few times over.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Ints, Ints32
from cdnplan.model.placement import Prices
from cdnplan.optimize.bound import FileSolver
from cdnplan.optimize.file_columns import Columns, columns_of, launch_use
from cdnplan.optimize.limits import LimitVector

Bools = npt.NDArray[np.bool_]

ROUNDS = 3
"""Changes of one pool, one after the other."""
BASES = 6
"""Nearest sets of each file that are changed."""
CANDIDATES = 20_000
"""Sets looked at together, which bounds the memory."""


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
        Columns to keep of each file.
    extended : (n_files,) bool
        Files to look for further columns of.

    Returns
    -------
    Columns
        By file, nearest first, each holder set once. A file's set without any holder (or with only its
        pinned ones) is always among them, so that something fits.
    """
    inst = solver.instance
    pieces = []
    flat = limits.flat(prices)
    per_file = BASES * inst.n_pools + int(most.max())
    step = max(1, CANDIDATES // max(1, per_file))
    for start in range(0, inst.n_files, step):
        files = np.arange(start, min(start + step, inst.n_files))
        mine = (known.file >= files[0]) & (known.file <= files[-1])
        file = np.concatenate([known.file[mine], files]).astype(np.int32)
        holds = np.concatenate([known.holds[mine], solver.pinned[files]])
        pieces.append(_near(solver, prices, flat, file, holds, most, extended))
    found = pieces[0]
    for piece in pieces[1:]:
        found = Columns.joined(found, piece)
    return found


def _near(
    solver: FileSolver, prices: Prices, flat: Floats, file: Ints32, holds: Bools, most: Ints, extended: Bools
) -> Columns:
    """The nearest columns of some files, from sets to start with."""
    columns, far = _nearest(solver, prices, flat, file, holds, most)
    seen = columns.file.size
    for number in range(ROUNDS):
        bases = columns.take(_first(columns.file, BASES) & extended[columns.file])
        changed = _one_changed(solver, bases, often=number > 0)
        file = np.concatenate([columns.file, changed[0]])
        holds = np.concatenate([columns.holds, changed[1]])
        before = far
        columns, far = _nearest(solver, prices, flat, file, holds, most)
        if columns.file.size == seen and np.array_equal(far, before):
            break
        seen = columns.file.size
    return columns


def _one_changed(solver: FileSolver, columns: Columns, *, often: bool) -> tuple[Ints32, Bools]:
    """Every column with one pool added or taken away, as files and holder sets.

    With `often` set, only pools that some column of the file uses: on large networks most pools are out of
    reach of a file's demand, and one round shows which.
    """
    may = (solver.copies[columns.file] > 0) & ~solver.pinned[columns.file]
    if often:
        used = np.zeros(solver.copies.shape, dtype=np.bool_)
        np.logical_or.at(used, columns.file, columns.holds)
        may &= used[columns.file]
    at, pool = np.nonzero(may)
    holds = columns.holds[at]
    holds[np.arange(at.size), pool] ^= True
    return columns.file[at], holds


def _nearest(
    solver: FileSolver, prices: Prices, flat: Floats, file: Ints32, holds: Bools, most: Ints
) -> tuple[Columns, Floats]:
    """Columns of different holder sets, the nearest of each file, and their costs under the prices."""
    key = np.concatenate([file[:, None].astype(np.int64), np.packbits(holds, axis=1)], axis=1)
    _, first = np.unique(key, axis=0, return_index=True)
    columns = columns_of(solver, prices, file[first], np.ascontiguousarray(holds[first]))
    worth = launch_use(solver.instance, columns) @ prices.launch
    priced = columns.cost + columns.use @ np.where(flat > 0.0, flat, 0.0) - worth
    order = np.lexsort((priced, columns.file))
    ordered = columns.file[order]
    bare = ~(columns.holds[order] & ~solver.pinned[ordered]).any(axis=1)
    keep = order[_first(ordered, most[ordered]) | bare]
    return columns.take(keep), priced[keep]


def _first(file: Ints32, most: Ints | int) -> Bools:
    """Which of the columns, nearest first by file, are among so many of the file's nearest."""
    begin = np.flatnonzero(np.diff(file, prepend=-1))
    rank = np.arange(file.size) - np.repeat(begin, np.diff(np.append(begin, file.size)))
    return np.asarray(rank < most)
