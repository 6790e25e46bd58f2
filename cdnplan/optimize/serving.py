"""The best serving of a given placement: a small exact linear program.

Files held by the same candidates of a region are interchangeable, so demand is summed by (region,
signature). Rows start at their cheapest holder; only rows that touch an exceeded limit enter the program,
and rows are freed as limits become tight, until no tight limit is used by a fixed row. Then prices of the
program's limits show that no fixed row would gain by moving: the result is optimal for all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.model.placement import Serving
from cdnplan.optimize.highs import QuietHighs
from cdnplan.optimize.signature_kernels import signature_table

TIGHT_RATIO = 1e-7
"""A limit used to within this ratio counts as tight: rows on it may have to move."""

SMALLEST_SCALE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class _Options:
    """Ways to serve each (region, signature) row: its holders, then the origin; flat, by row.

    Parameters
    ----------
    ptr : (n_rows + 1,) int64
    row, slot, pool : (n_options,) int64
        Row; position among the region's candidates and pool, both -1 for the origin.
    cost : (n_options,) float64
        Cost of serving the whole row this way.
    limit_ptr, limit : (n_options + 1,) int64, (.,) int64
        Limits the option uses: pools first (index p), then links (n_pools + e).
    """

    ptr: Ints
    row: Ints
    slot: Ints
    cost: Floats
    limit_ptr: Ints
    limit: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """The best serving of a placement, and what one more Gbit/s would save under this placement.

    Parameters
    ----------
    serving : Serving
    throughput, link : (n_pools, n_slices), (n_links, n_slices) float64
        Duals of the program's limits [currency/Gbps], >= 0.
    """

    serving: Serving
    throughput: Floats
    link: Floats


def best_serving(instance: Instance, holds: npt.NDArray[np.bool_]) -> Served:
    """Serve all demand at least cost from a given placement.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool

    Returns
    -------
    Served
        Optimal up to the program's tolerance (1e-7 of each limit); throughput is respected exactly, what
        rounding exceeds goes to the origin.
    """
    ptr, mask, gb = signature_table(instance, holds)
    region = np.repeat(np.arange(instance.n_regions), np.diff(ptr))
    options = _options(instance, region, mask, gb)
    share, duals = _solve(instance, region, gb, options)
    width = int(np.diff(instance.cand_ptr).max(initial=0))
    ratio = np.zeros((mask.size, width))
    held = options.slot >= 0
    ratio[options.row[held], options.slot[held]] = share[held]
    serving = _within_throughput(instance, Serving(ptr=ptr, mask=mask, gb=gb, ratio=ratio))
    return Served(serving, throughput=duals[: instance.n_pools], link=duals[instance.n_pools :])


def _options(instance: Instance, region: Ints, mask: npt.NDArray[np.uint64], gb: Floats) -> _Options:
    width = np.diff(instance.cand_ptr)
    rows: list[Ints] = []
    slots: list[Ints] = []
    for k in range(int(width.max(initial=0))):
        holders = np.flatnonzero((mask >> np.uint64(k)) & np.uint64(1))
        rows.append(holders)
        slots.append(np.full(holders.size, k))
    rows.append(np.arange(mask.size))
    slots.append(np.full(mask.size, -1))
    row, slot = np.concatenate(rows), np.concatenate(slots)
    order = np.lexsort((np.where(slot < 0, instance.cand_pool.size, slot), row))
    row, slot = row[order].astype(np.int64), slot[order].astype(np.int64)
    entry = np.where(slot >= 0, instance.cand_ptr[region[row]] + slot, -1)
    from_pool = entry >= 0
    cost = np.where(from_pool, 0.0, instance.origin_cost[region[row]])
    cost[from_pool] = instance.cand_cost[entry[from_pool]]
    limit_ptr, limit = _limits_of(instance, region[row], entry)
    return _Options(
        ptr=np.concatenate([[0], np.cumsum(np.bincount(row, minlength=mask.size))]).astype(np.int64),
        row=row,
        slot=slot,
        cost=cost * gb[row],
        limit_ptr=limit_ptr,
        limit=limit,
    )


def _limits_of(instance: Instance, region: Ints, entry: Ints) -> tuple[Ints, Ints]:
    """Limits that each option uses, as CSR."""
    option = np.arange(entry.size)
    from_pool = entry >= 0
    owner, used = [option[from_pool]], [instance.cand_pool[entry[from_pool]].astype(np.int64)]
    if instance.n_links:
        for lo, hi, links, which in (
            (
                instance.cand_link_ptr[entry[from_pool]],
                instance.cand_link_ptr[entry[from_pool] + 1],
                instance.cand_link,
                option[from_pool],
            ),
            (
                instance.origin_link_ptr[region[~from_pool]],
                instance.origin_link_ptr[region[~from_pool] + 1],
                instance.origin_link,
                option[~from_pool],
            ),
        ):
            length = hi - lo
            offset = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
            owner.append(np.repeat(which, length))
            used.append(instance.n_pools + links[np.repeat(lo, length) + offset].astype(np.int64))
    owners, limits = np.concatenate(owner), np.concatenate(used)
    order = np.lexsort((limits, owners))
    counts = np.bincount(owners, minlength=entry.size)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), limits[order]


def _solve(instance: Instance, region: Ints, gb: Floats, options: _Options) -> tuple[Floats, Floats]:
    """Share of its row that each option serves, and the duals of all limits."""
    capacity = np.concatenate([instance.throughput_gbps, instance.link_capacity_gbps])
    limit_option = np.repeat(np.arange(options.row.size), np.diff(options.limit_ptr))
    need = gb[options.row, None] * instance.gbps_per_gb[region[options.row]]
    share = np.zeros(options.row.size)
    share[_cheapest(options)] = 1.0
    free = np.zeros(gb.size, dtype=np.bool_)
    duals = np.zeros((capacity.size, need.shape[1]))
    while True:
        used = _usage(options, limit_option, share, need, capacity.size)
        tight = np.any(used > capacity[:, None] * (1 - TIGHT_RATIO), axis=1)
        touching = tight[options.limit] & (share[limit_option] > 0)
        rows = np.unique(options.row[limit_option[touching]])
        if free[rows].all():
            return share, duals
        free[rows] = True
        share, duals = _program(instance, options, limit_option, need, free, share, capacity)


def _cheapest(options: _Options) -> Ints:
    """Cheapest option of each row; ties go to the first."""
    lowest = np.minimum.reduceat(options.cost, options.ptr[:-1]) if options.cost.size else options.cost
    best = np.flatnonzero(options.cost == lowest[options.row])
    _, first = np.unique(options.row[best], return_index=True)
    return np.asarray(best[first], dtype=np.int64)


def _usage(options: _Options, limit_option: Ints, share: Floats, need: Floats, n_limits: int) -> Floats:
    flow = share[limit_option, None] * need[limit_option]
    used = [np.bincount(options.limit, flow[:, t], minlength=n_limits) for t in range(need.shape[1])]
    return np.stack(used, axis=1)


def _program(
    instance: Instance,
    options: _Options,
    limit_option: Ints,
    need: Floats,
    free: npt.NDArray[np.bool_],
    share: Floats,
    capacity: Floats,
) -> tuple[Floats, Floats]:
    """Solve the program over the free rows, the others staying as they are; shares and duals."""
    slices = need.shape[1]
    column = np.flatnonzero(free[options.row])
    fixed_share = np.where(free[options.row], 0.0, share)
    base = _usage(options, limit_option, fixed_share, need, capacity.size)
    in_program = free[options.row[limit_option]]
    limits, limit_index = np.unique(options.limit[in_program], return_inverse=True)
    col_of = np.full(options.row.size, -1)
    col_of[column] = np.arange(column.size)
    _, row_index = np.unique(options.row[column], return_inverse=True)
    n_rows = int(row_index.max()) + 1
    entry_option = limit_option[in_program]
    # Capacity rows are divided by their limit (or, for limits near zero, by a part of what is asked of
    # them), and costs by the largest: the program is well scaled.
    asked = np.zeros(limits.size)
    np.maximum.at(asked, limit_index, need[entry_option].max(axis=1))
    scale = np.maximum(capacity[limits], SMALLEST_SCALE * asked)
    scale[scale <= 0.0] = 1.0
    entry_rows = [row_index]
    entry_cols = [np.arange(column.size)]
    entry_values = [np.ones(column.size)]
    for t in range(slices):
        entry_rows.append(n_rows + limit_index * slices + t)
        entry_cols.append(col_of[entry_option])
        entry_values.append(need[entry_option, t] / scale[limit_index])
    links = np.flatnonzero(limits >= instance.n_pools)
    n_over = links.size * slices
    over_rows = n_rows + (links[:, None] * slices + np.arange(slices)[None, :]).ravel()
    entry_rows.append(over_rows)
    entry_cols.append(column.size + np.arange(n_over))
    entry_values.append(-np.ones(n_over))
    over_cost = instance.overload_cost * np.repeat(scale[links], slices)
    room = np.maximum(0.0, capacity[limits, None] - base[limits]) / scale[:, None]
    # A link that fixed rows overrun is overrun already: only what is added costs more.
    cost = np.concatenate([options.cost[column], over_cost])
    unit = max(float(np.abs(cost).max(initial=0.0)), 1e-300)
    solution, row_dual = _highs(
        cost / unit,
        np.concatenate(entry_rows),
        np.concatenate(entry_cols),
        np.concatenate(entry_values),
        lower=np.concatenate([np.ones(n_rows), np.full(room.size, -np.inf)]),
        upper=np.concatenate([np.ones(n_rows), room.ravel()]),
    )
    result = fixed_share.copy()
    result[column] = _cleaned(solution[: column.size], row_index, n_rows)
    duals = np.zeros((capacity.size, slices))
    duals[limits] = np.maximum(0.0, -row_dual[n_rows:]).reshape(limits.size, slices) * unit / scale[:, None]
    return result, duals


def _cleaned(value: Floats, row: Ints, n_rows: int) -> Floats:
    """Clip rounding below zero and make each row's shares sum to one."""
    value = np.where(value > 1e-12, value, 0.0)
    return np.asarray(value / np.bincount(row, value, minlength=n_rows)[row])


def _highs(
    cost: Floats, rows: Ints, cols: Ints, values: Floats, *, lower: Floats, upper: Floats
) -> tuple[Floats, Floats]:
    """Minimise cost·x, x ≥ 0, lower ≤ A x ≤ upper, with HiGHS [1]_; values and row duals.

    References
    ----------
    .. [1] Q. Huangfu, J. A. J. Hall, "Parallelizing the dual revised simplex method",
       Mathematical Programming Computation 10(1), 2018.
    """
    keep = values != 0.0
    order = np.lexsort((rows[keep], cols[keep]))
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = cost.size, lower.size
    program.col_cost_ = cost
    program.col_lower_, program.col_upper_ = np.zeros(cost.size), np.full(cost.size, np.inf)
    program.row_lower_, program.row_upper_ = lower, upper
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    counts = np.bincount(cols[keep], minlength=cost.size)
    program.a_matrix_.start_ = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    program.a_matrix_.index_ = rows[keep][order].astype(np.int32)
    program.a_matrix_.value_ = values[keep][order]
    solver = QuietHighs()
    solver.setOptionValue("threads", 1)
    solver.passModel(program)
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        message = f"the serving program ended as {solver.modelStatusToString(status)}"
        raise RuntimeError(message)
    solution = solver.getSolution()
    return np.asarray(solution.col_value, dtype=np.float64), np.asarray(solution.row_dual, dtype=np.float64)


def _within_throughput(instance: Instance, serving: Serving) -> Serving:
    """Move what exceeds a pool's throughput by rounding to the origin."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(serving.ptr))
    ratio = serving.ratio.copy()
    width = np.diff(instance.cand_ptr)[region]
    slots = [np.flatnonzero(width > k) for k in range(ratio.shape[1])]
    pools = [instance.cand_pool[instance.cand_ptr[region[rows]] + k] for k, rows in enumerate(slots)]
    used = np.zeros((instance.n_pools, instance.n_slices))
    for k, rows in enumerate(slots):
        gb = serving.gb[rows] * ratio[rows, k]
        for t in range(instance.n_slices):
            flow = gb * instance.gbps_per_gb[region[rows], t]
            used[:, t] += np.bincount(pools[k], flow, minlength=instance.n_pools)
    excess = used > instance.throughput_gbps[:, None]
    if excess.any():
        fraction = np.divide(
            instance.throughput_gbps[:, None], used, out=np.ones_like(used), where=excess
        ).min(axis=1)
        for k, rows in enumerate(slots):
            ratio[rows, k] *= fraction[pools[k]]
    return Serving(ptr=serving.ptr, mask=serving.mask, gb=serving.gb, ratio=ratio)
