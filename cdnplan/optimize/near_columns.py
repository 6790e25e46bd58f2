"""Holder sets of each file that cost little more than its best under given prices.

A plan costs more than what prices prove by the reduced costs of its columns and by what it leaves of priced
limits. So good plans are made of columns with small reduced costs. They are found from those that the
master program knows, by adding, dropping and exchanging a pool, again and again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Ints, Ints32
from cdnplan.model.placement import Prices
from cdnplan.optimize.bound import FileSolver
from cdnplan.optimize.file_columns import Columns, columns_of, launch_use
from cdnplan.optimize.limits import LimitVector

Bools = npt.NDArray[np.bool_]

PER_FILE = 24
"""Columns of a file at most."""
WORTH_RATIO = 1e-6
"""Limits that are worth less than this part of what all are worth, at their prices, are no reason to keep a
column."""
TIE = 0.02
"""Requests may move as they would if one price of throughput or links were higher or lower by this part."""
STEPS = 3
"""How often sets are changed by one pool more."""
AT_ONCE = 4_000_000
"""Numbers in the uses of columns priced at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class NearColumns:
    """Columns by file, then by reduced cost; the first of each file is its best.

    Parameters
    ----------
    columns : Columns
    reduced : (n,) float64
        What each costs under the prices above the best of its file [currency].
    """

    columns: Columns
    reduced: Floats


def near_columns(
    solver: FileSolver, limits: LimitVector, prices: Prices, known: Columns, within: float, most: int
) -> NearColumns:
    """Collect columns with small reduced costs.

    Parameters
    ----------
    solver : FileSolver
    limits : LimitVector
    prices : Prices
    known : Columns
        Holder sets to start from; each file has one that keeps the rules.
    within : float
        Largest reduced cost [currency].
    most : int
        Columns at most, those with the smallest reduced costs; at least one for each file stays.

    Returns
    -------
    NearColumns
    """
    inst = solver.instance
    file, holds = _unique(known.file, known.holds)
    pinned = solver.pinned
    columns, priced = _priced(solver, limits, prices, file, holds)
    fresh = np.arange(columns.file.size)
    for step in range(STEPS + 1):
        best = np.full(inst.n_files, np.inf)
        np.minimum.at(best, columns.file, priced)
        reduced = priced - best[columns.file]
        order = np.argsort(reduced, kind="stable")
        order = order[_differing(limits, prices, columns, order)]
        order = order[_rank(columns.file, reduced)[order] < PER_FILE]
        keep = np.zeros(reduced.size, dtype=np.bool_)
        keep[order] = reduced[order] <= within
        keep[order[most:]] = False
        keep[_firsts(columns.file, reduced)] = True
        is_fresh = np.zeros(reduced.size, dtype=np.bool_)
        is_fresh[fresh] = True
        columns, priced, is_fresh = columns.take(keep), priced[keep], is_fresh[keep]
        if step == STEPS:
            break
        some = _varying(columns, inst.n_files) if step > 0 else np.ones_like(pinned)
        which = is_fresh if step > 0 else _first_mask(columns.file, reduced[keep])
        free = some & (solver.copies > 0) & ~solver.pinned
        file, holds = _neighbours(columns.file[which], columns.holds[which], free, swap=True)
        file, holds = _new_ones(file, holds, columns.file, columns.holds)
        more, more_priced = _priced(solver, limits, prices, file, holds, best + within)
        fresh = columns.file.size + np.arange(more.file.size)
        columns, priced = Columns.joined(columns, more), np.concatenate([priced, more_priced])
    columns, priced = _with_other_servings(solver, limits, prices, columns, priced, best + within)
    reduced = priced - best[columns.file]
    order = np.lexsort((reduced, columns.file))
    return NearColumns(columns.take(order), reduced[order])


def _priced(
    solver: FileSolver,
    limits: LimitVector,
    prices: Prices,
    file: Ints32,
    holds: Bools,
    up_to: Floats | None = None,
) -> tuple[Columns, Floats]:
    """Columns that keep the launch rules, and what they cost under the prices; dear ones are left out."""
    inst = solver.instance
    flat = np.where(np.isfinite(limits.limit), limits.flat(prices), 0.0)
    step = max(1, AT_ONCE // max(1, flat.size))
    parts, costs = [], []
    for start in range(0, max(1, file.size), step):
        part = columns_of(solver, prices, file[start : start + step], holds[start : start + step])
        count = launch_use(inst, part)
        cost = part.cost + part.use @ flat - count @ prices.launch
        lacking = np.zeros(part.file.size, dtype=np.bool_)
        for rule in range(inst.n_launches):
            lacking |= (part.file == inst.launch_file[rule]) & (count[:, rule] < inst.launch_min[rule])
        keep = ~lacking
        if up_to is not None:
            keep &= (cost <= up_to[part.file]) & ~_idle(solver, part)
        parts.append(part.take(keep))
        costs.append(cost[keep])
    columns = parts[0]
    for part in parts[1:]:
        columns = Columns.joined(columns, part)
    return columns, np.concatenate(costs)


def _with_other_servings(
    solver: FileSolver, limits: LimitVector, prices: Prices, columns: Columns, priced: Floats, up_to: Floats
) -> tuple[Columns, Floats]:
    """The columns, and the same holders with requests sent elsewhere at next to no more cost.

    The master's optimum is where holders are tied for many requests; which of them get these must not be
    the same for all files, or they would all be too much for one.
    """
    inst, flat = solver.instance, limits.flat(prices)
    rates = slice(inst.n_pools, flat.size - inst.n_pools)
    mine, worth = [columns], [priced]
    for i in np.arange(flat.size)[rates][flat[rates] > 0]:
        for times in (1.0 - TIE, 1.0 + TIE):
            other = flat.copy()
            other[i] *= times
            moved = columns_of(solver, limits.prices(other, prices.launch), columns.file, columns.holds)
            cost = moved.cost + moved.use @ np.where(np.isfinite(limits.limit), flat, 0.0)
            cost -= launch_use(inst, moved) @ prices.launch
            mine.append(moved)
            worth.append(cost)
    for part in mine[1:]:
        columns = Columns.joined(columns, part)
    priced = np.concatenate(worth)
    order = np.argsort(priced - up_to[columns.file], kind="stable")
    order = order[_differing(limits, prices, columns, order)]
    order = order[priced[order] <= up_to[columns.file[order]]]
    return columns.take(order), priced[order]


def _idle(solver: FileSolver, columns: Columns) -> Bools:
    """Columns with a holder that no rule asks for and that serves nothing."""
    inst = solver.instance
    pools, slices = inst.n_pools, inst.n_slices
    served = columns.use[:, pools : pools * (1 + slices)].reshape(-1, pools, slices).sum(axis=2)
    asked = solver.pinned.copy()
    rule = np.repeat(np.arange(inst.n_launches), np.diff(inst.launch_ptr))
    asked[inst.launch_file[rule], inst.launch_pool] = True
    return np.asarray((columns.holds & (served <= 0.0) & ~asked[columns.file]).any(axis=1))


def _firsts(file: Ints32, reduced: Floats) -> Ints:
    """The cheapest column of each file."""
    order = np.lexsort((reduced, file))
    return order[np.flatnonzero(np.diff(file[order], prepend=-1))]


def _differing(limits: LimitVector, prices: Prices, columns: Columns, order: Ints) -> Ints:
    """Places in `order` of columns that use limits with a price unlike all others of their file before."""
    worth = limits.flat(prices) * np.where(np.isfinite(limits.limit), limits.limit, 0.0)
    paid = worth > WORTH_RATIO * worth.sum()
    use = columns.use[order][:, paid].astype(np.float32)
    head = columns.file[order].astype(np.int32).view(np.float32).reshape(-1, 1)
    rows = np.ascontiguousarray(np.concatenate([head, use], axis=1))
    _, first = np.unique(rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))), return_index=True)
    return np.sort(first)


def _rank(file: Ints32, reduced: Floats) -> Ints:
    """Place of each column among those of its file, from 0 for the cheapest."""
    order = np.lexsort((reduced, file))
    first = np.flatnonzero(np.diff(file[order], prepend=-1))
    rank = np.empty(file.size, dtype=np.int64)
    rank[order] = np.arange(file.size) - np.repeat(first, np.diff(np.append(first, file.size)))
    return rank


def _first_mask(file: Ints32, reduced: Floats) -> Bools:
    mask = np.zeros(file.size, dtype=np.bool_)
    mask[_firsts(file, reduced)] = True
    return mask


def _varying(columns: Columns, n_files: int) -> Bools:
    """Pools that some column of a file has and another one has not, (n_files, n_pools)."""
    count = np.zeros((n_files, columns.holds.shape[1]), dtype=np.int64)
    np.add.at(count, columns.file, columns.holds)
    total = np.bincount(columns.file, minlength=n_files)[:, None]
    return np.asarray((count > 0) & (count < total))


def _neighbours(file: Ints32, holds: Bools, free: Bools, *, swap: bool) -> tuple[Ints32, Bools]:
    """Sets with one free pool more or one less, and with one exchanged for another."""
    at, pool = np.nonzero(free[file])
    files, sets = [file[at]], [holds[at]]
    sets[0][np.arange(at.size), pool] ^= True
    if swap:
        for f, held in zip(file, holds, strict=True):
            out, into = np.flatnonzero(held & free[f]), np.flatnonzero(~held & free[f])
            new = np.repeat(held[None, :], out.size * into.size, axis=0)
            row = np.arange(new.shape[0])
            new[row, np.repeat(out, into.size)] = False
            new[row, np.tile(into, out.size)] = True
            files.append(np.full(row.size, f, dtype=np.int32))
            sets.append(new)
    return np.concatenate(files), np.concatenate(sets)


def _keys(file: Ints32, holds: Bools) -> npt.NDArray[np.void]:
    """One comparable item for each column's file and holders."""
    packed = np.packbits(holds, axis=1)
    head = file.astype(np.int32).view(np.uint8).reshape(-1, 4)
    rows = np.ascontiguousarray(np.concatenate([head, packed], axis=1))
    return rows.view(np.dtype((np.void, rows.shape[1]))).ravel()


def _unique(file: Ints32, holds: Bools) -> tuple[Ints32, Bools]:
    """Each file and holder set once."""
    _, first = np.unique(_keys(file, holds), return_index=True)
    return file[first], holds[first]


def _new_ones(file: Ints32, holds: Bools, old_file: Ints32, old_holds: Bools) -> tuple[Ints32, Bools]:
    """Those that are not among the old ones, each once."""
    file, holds = _unique(file, holds)
    fresh = ~np.isin(_keys(file, holds), _keys(old_file, old_holds))
    return file[fresh], holds[fresh]
