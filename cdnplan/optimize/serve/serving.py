"""The best serving of a given placement: a small exact linear program.

Files held by the same candidates of a region are interchangeable, so demand is summed by (region,
signature). Rows start at their cheapest holder; only rows that touch an exceeded limit enter the program,
and rows are freed as limits become tight, until no tight limit is used by a fixed row. Then prices of the
program's limits show that no fixed row would gain by moving: the result is optimal for all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.apart import Apart
from cdnplan.model.plan.placement import Serving
from cdnplan.optimize.problem.serving_paths import Paths
from cdnplan.optimize.serve.serving_program import TIGHT_RATIO, Choices, Stay, path_gb, solve_program
from cdnplan.optimize.serve.serving_ways import Ways
from cdnplan.optimize.serve.signature_kernels import first_slots, held_slots, signature_table

NEAR_RATIO = 1e-4
"""Part of the mean cost of a GB that changing where it comes from has to save at least."""
SMALLEST_SHARE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """The best serving of a placement, and what one more Gbit/s would save under this placement.

    Parameters
    ----------
    serving : Serving
    rate : (n_rate_rows, n_slices) float64
        Duals of the program's limits [currency per unit], >= 0.
    """

    serving: Serving
    rate: Floats


def best_serving(
    instance: Instance,
    holds: npt.NDArray[np.bool_],
    apart: Apart | None = None,
    near: Serving | None = None,
) -> Served:
    """Serve all demand at least cost from a given placement.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
    apart : Apart, optional
        Appliances that serve no more than one can, copies of a file bearing its load evenly. Without, only
        what their pools can serve together is a limit.
    near : Serving, optional
        Of this placement, with the same appliances told apart; it may exceed limits. What another serving
        would save less than `NEAR_RATIO` on stays as it is there.

    Returns
    -------
    Served
        Optimal up to the program's tolerance (1e-7 of each limit); strict limits are respected exactly, what
        rounding exceeds goes to the origin.
    """
    if near is None:
        ptr, mask, gb = signature_table(instance, holds, apart)
    else:
        ptr, mask, gb = near.ptr, near.mask, near.gb
    region = np.repeat(np.arange(instance.n_regions), np.diff(ptr))
    ways = Ways.of(instance, region, mask, apart)
    choices, duals = _solve(instance, ways, region, mask, gb, near)
    choices = within_limits(ways.paths, gb, choices)
    serving = serving_of(instance, ways, region, (ptr, mask, gb, apart), choices)
    return Served(serving, duals[: instance.rates.n_rows])


def _solve(
    instance: Instance,
    ways: Ways,
    region: Ints,
    mask: npt.NDArray[np.uint64],
    gb: Floats,
    near: Serving | None,
) -> tuple[Choices, Floats]:
    """Paths that each row takes, in the order of rows, and the duals of all limits."""
    paths = ways.paths
    cheapest = _cheapest(instance, ways, region, mask)
    if near is None:
        begin = Choices(row=np.arange(gb.size), path=cheapest, share=np.ones(gb.size))
    else:
        begin = choices_of(instance, ways, region, near)
    rebate = least_saving(paths, gb, begin)
    # Rows that could be served cheaper on their own may have to be.
    freed = np.zeros(gb.size, dtype=np.bool_)
    freed[begin.row[paths.cost[begin.path] > paths.cost[cheapest[begin.row]] + rebate]] = True
    choices, solved = begin, np.zeros_like(freed)
    duals = np.zeros((paths.capacity.size, instance.n_slices))
    while True:
        load = paths.load(path_gb(paths, gb, choices))
        tight = np.any(load > paths.capacity[:, None] * (1 - TIGHT_RATIO), axis=1)
        on_tight = np.zeros(paths.region.size, dtype=np.bool_)
        on_tight[paths.use_path[tight[paths.use_limit]]] = True
        freed[choices.row[on_tight[choices.path]]] = True
        if solved[freed].all():
            return choices, duals
        solved = freed.copy()
        stay = begin.take(~freed[begin.row])
        moving = all_choices(instance, ways, region, mask, np.flatnonzero(freed))
        moved, duals = solve_program(
            paths,
            gb,
            moving,
            paths.load(path_gb(paths, gb, stay)),
            stay=None if near is None else Stay(shares_in(begin, moving, paths.region.size), rebate),
        )
        choices = joined_choices(stay, moved)


def serving_of(
    instance: Instance,
    ways: Ways,
    region: Ints,
    rows: tuple[Ints, npt.NDArray[np.uint64], Floats, Apart | None],
    choices: Choices,
) -> Serving:
    """The serving whose rows (where regions begin, signatures, demand, appliances told apart) take these."""
    ptr, mask, gb, apart = rows
    entry = ways.entry(choices.path)
    from_pool = np.flatnonzero(entry >= 0)
    from_pool = from_pool[np.lexsort((entry[from_pool], choices.row[from_pool]))]
    row = choices.row[from_pool]
    return Serving(
        ptr=ptr,
        mask=mask,
        gb=gb,
        share_ptr=np.concatenate([[0], np.cumsum(np.bincount(row, minlength=gb.size))]).astype(np.int64),
        slot=(entry[from_pool] - instance.cand_ptr[region[row]]).astype(np.int32),
        ratio=choices.share[from_pool],
        apart=apart,
    )


def least_saving(paths: Paths, gb: Floats, choices: Choices) -> float:
    """What changing where a GB comes from has to save at least [currency/GB]."""
    return NEAR_RATIO * float(path_gb(paths, gb, choices) @ paths.cost) / max(1e-300, float(gb.sum()))


def choices_of(instance: Instance, ways: Ways, region: Ints, serving: Serving) -> Choices:
    """The paths of a serving; what it leaves to the origin among them."""
    row = serving.share_row()
    rest = 1.0 - np.bincount(row, serving.ratio, minlength=region.size)
    left = np.flatnonzero(rest > SMALLEST_SHARE)
    path = ways.path(row, serving.share_entry(instance))
    begin = Choices(
        np.append(row, left),
        np.append(path, instance.cand_pool.size + region[left]),
        np.append(serving.ratio, rest[left]),
    )
    return begin.take(np.lexsort((begin.path, begin.row)))


def shares_in(begin: Choices, moving: Choices, n_paths: int) -> Floats:
    """Share that each choice of some rows has to begin with."""
    key, wanted = begin.row * n_paths + begin.path, moving.row * n_paths + moving.path
    at = np.minimum(np.searchsorted(key, wanted), key.size - 1)
    return np.where(key[at] == wanted, begin.share[at], 0.0)


def _cheapest(instance: Instance, ways: Ways, region: Ints, mask: npt.NDArray[np.uint64]) -> Ints:
    """Cheapest path of each row: from its first holder, as candidates are sorted, or from the origin."""
    paths = ways.paths
    origin = instance.cand_pool.size + region
    slot = first_slots(mask)
    entry = ways.path(np.arange(region.size), instance.cand_ptr[region] + slot)
    path = np.where(slot >= 0, entry, origin)
    return np.where(paths.cost[origin] < paths.cost[path], origin, path)


def all_choices(
    instance: Instance, ways: Ways, region: Ints, mask: npt.NDArray[np.uint64], rows: Ints
) -> Choices:
    """Every holder of some rows, and the origin."""
    number, slot = held_slots(mask[rows])
    pools = np.flatnonzero(slot < np.diff(instance.cand_ptr)[region[rows[number]]])
    held, slot = rows[number[pools]], slot[pools]
    row = np.concatenate([held, rows])
    path = np.concatenate(
        [
            ways.path(held, instance.cand_ptr[region[held]] + slot),
            instance.cand_pool.size + region[rows],
        ]
    )
    order = np.lexsort((path, row))
    return Choices(row=row[order], path=path[order], share=np.ones(row.size))


def joined_choices(one: Choices, other: Choices) -> Choices:
    """Both together, by row; a row belongs to one of them."""
    row = np.concatenate([one.row, other.row])
    order = np.argsort(row, kind="stable")
    return Choices(
        row=row[order],
        path=np.concatenate([one.path, other.path])[order],
        share=np.concatenate([one.share, other.share])[order],
    )


def within_limits(paths: Paths, gb: Floats, choices: Choices) -> Choices:
    """Move what exceeds a strict limit by rounding to the origin."""
    load = paths.load(path_gb(paths, gb, choices))
    limit = paths.capacity[:, None]
    excess = (load > limit) & paths.strict[:, None]
    if not excess.any():
        return choices
    kept = np.divide(limit, load, out=np.ones_like(load), where=excess).min(axis=1)
    by_path = np.ones(paths.region.size)
    np.minimum.at(by_path, paths.use_path, kept[paths.use_limit])
    return Choices(choices.row, choices.path, choices.share * by_path[choices.path])
