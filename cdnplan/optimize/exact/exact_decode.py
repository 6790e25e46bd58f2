"""From the exact model's numbers back to plans: placements, broken limits, prices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.exact.exact_constraints import Rows
from cdnplan.optimize.exact.exact_variables import Variables
from cdnplan.optimize.problem.rules import (
    Bools,
    Room,
    exceeds,
    new_matrix_gb,
    stored_matrix_gb,
    volumes_used_gb,
)


def decode_holds(instance: Instance, variables: Variables, value: Floats) -> Bools:
    """Round x to a placement.

    Parameters
    ----------
    instance : Instance
    variables : Variables
    value : (n_columns,) float64
        Solution of the integer model.

    Returns
    -------
    (n_pools, n_files) bool
    """
    holds = instance.pinned.copy()
    holds[variables.hold_pool, variables.hold_file] |= value[: variables.n_holds] > 0.5
    return holds


def saving_density(instance: Instance, variables: Variables) -> Floats:
    """What each x alone would save against serving all from the origin, per GB stored, (n_holds,).

    [currency per GB]; negative where filling costs more than it saves.
    """
    request = variables.share_request
    apart = (
        instance.origin_cost[variables.request_region[request]] - instance.cand_cost[variables.share_entry]
    )
    saved = np.maximum(0.0, apart) * variables.request_gb[request]
    saving = np.bincount(variables.share_hold, saved, minlength=variables.n_holds)
    pool, file = variables.hold_pool, variables.hold_file
    fill = instance.fill_cost[pool] * new_matrix_gb(instance)[pool, file]
    return np.asarray((saving - fill) / stored_matrix_gb(instance)[pool, file])


def rounded_holds(instance: Instance, variables: Variables, wish: Floats) -> Bools | None:
    """Round wishes to a placement, for want of a better one.

    Pins first, then what launch rules lack, then files by decreasing wish, each where it still fits. Nothing
    is promised about its cost; launch rules that compete for room may be missed although a plan exists.

    Parameters
    ----------
    instance : Instance
    variables : Variables
    wish : (n_holds,) float64
        How much each x is wanted; those at 0 or below are taken for launch rules only.

    Returns
    -------
    (n_pools, n_files) bool, or None
        None when a launch rule is not kept.
    """
    wanted = np.zeros(instance.copies.shape)
    wanted[variables.hold_pool, variables.hold_file] = wish
    holds = instance.pinned.copy()
    room = Room(instance, holds)

    def take(pool: int, file: int) -> bool:
        taken = not holds[pool, file] and room.take(pool, file)
        holds[pool, file] |= taken
        return taken

    for rule in range(instance.n_launches):
        file = int(instance.launch_file[rule])
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        lacking = int(instance.launch_min[rule]) - int(holds[pools, file].sum())
        for pool in pools[np.argsort(-wanted[pools, file], kind="stable")]:
            lacking -= int(lacking > 0 and take(int(pool), file))
        if lacking > 0:
            return None
    for x in np.argsort(-wish, kind="stable")[: int((wish > 0).sum())]:
        take(int(variables.hold_pool[x]), int(variables.hold_file[x]))
    return holds


def broken_covers(instance: Instance, variables: Variables, holds: Bools) -> list[Ints]:
    """Sets of x that cannot all be 1, from limits that rounding broke.

    Solvers keep integers and rows only up to tolerances; after rounding, a pool may hold a little more than
    fits. The files it holds then form a cover: at most all but one of them fit [1]_.

    Parameters
    ----------
    instance : Instance
    variables : Variables
    holds : (n_pools, n_files) bool

    Returns
    -------
    list of (n,) int64
        Columns of one minimal cover for each broken limit; the cut Σ x ≤ n − 1 is valid for every plan.

    References
    ----------
    .. [1] E. Balas, "Facets of the knapsack polytope", Mathematical Programming 8, 1975.
    """
    column = np.full(holds.shape, -1, dtype=np.int64)
    column[variables.hold_pool, variables.hold_file] = np.arange(variables.n_holds)
    covers: list[Ints] = []
    rows, used = instance.volumes, volumes_used_gb(instance, holds)
    stored, new = stored_matrix_gb(instance), new_matrix_gb(instance)
    for row in np.flatnonzero(exceeds(used, rows.capacity_gb)).tolist():
        pools = rows.pools_of(row)
        weight = (new if rows.fresh[row] else stored)[pools].ravel()
        items = _minimal_cover(weight, holds[pools].ravel(), float(rows.capacity_gb[row]))
        covers.append(column[pools].ravel()[items])
    return covers


def _minimal_cover(weight: Floats, held: Bools, limit: float) -> Ints:
    """Held files that exceed the limit together, but not without the lightest of them; heaviest first."""
    files = np.flatnonzero(held & (weight > 0))
    files = files[np.argsort(-weight[files], kind="stable")]
    together = np.cumsum(weight[files])
    over = np.flatnonzero(exceeds(together, np.full(files.size, limit)))
    # Rounding may let the same sum in another order stay within the limit: then all of them.
    return np.asarray(files[: int(over[0]) + 1] if over.size else files, dtype=np.int64)


def decode_prices(instance: Instance, rows: tuple[Rows, ...], dual: Callable[[str], Floats]) -> Prices:
    """Turn duals of the relaxation into prices in natural units.

    Parameters
    ----------
    instance : Instance
    rows : tuple of Rows
        All families of the model.
    dual : callable
        For a family: the change of the model's objective per unit of each row's side, in currency, (n_rows,).

    Returns
    -------
    Prices
        Not negative; those of rates at most the overload cost.
    """
    zero, parts = Prices.zero(instance), {part.family: part for part in rows}

    def of(family: str, shape: Floats) -> Floats:
        at, value = _price(parts[family], dual(family))
        result = np.zeros(shape.size)
        result[at] = value
        return result.reshape(shape.shape)

    return Prices(
        volume=of("volumes", zero.volume),
        rate=np.minimum(of("rates", zero.rate), instance.rates.overload_cost[:, None]),
        launch=of("launches", zero.launch),
    )


def _price(rows: Rows, dual: Floats) -> tuple[Ints, Floats]:
    """Limits of the rows and their prices: a tighter limit costs more, whichever side it is on."""
    sign = np.where(np.isfinite(rows.upper), -1.0, 1.0)
    return rows.at, np.maximum(0.0, sign * dual) / rows.scale + 0.0  # no negative zeros
