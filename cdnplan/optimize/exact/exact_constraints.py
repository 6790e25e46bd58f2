"""Constraint families of the exact model, one function each, as sparse rows that any solver can take.

Nomenclature: x[p, f] whether pool p holds file f; y[r, f, p] the share of a request served by p, y[r, f, 0]
by the origin; o[i, t] overload of rate row i in slice t; v[r, f] GB asked; h[r, t] Gbit/s per GB; s[f] size;
k[p, f] copies; w[j, i] what row i bears of path j; C[i] capacities of volume and rate rows. Bans need no
rows: x and y that a ban forbids do not exist (`Variables.of`); pins are bounds of x (`lower_bounds`); copies
are in the coefficients of volumes (`rules.stored_matrix_gb`, `rules.new_matrix_gb`).

Each row is divided by its limit, or by its largest coefficient where the limit is tiny or may be overrun, so
that tolerances of a solver mean the same for every limit. Limits that nothing can reach have no row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.optimize.exact.exact_variables import Variables, ranges
from cdnplan.optimize.problem.rules import LIMIT_TOLERANCE, new_matrix_gb, stored_matrix_gb
from cdnplan.optimize.problem.serving_paths import Paths

SMALLEST_LIMIT_RATIO = 1e-6
"""Rows whose limit is below this ratio of their largest coefficient are divided by that coefficient."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows ``lower ≤ Σ value·column ≤ upper`` of one family.

    Parameters
    ----------
    family : str
        Name of the constraint family, used in row names.
    ptr, column, value : (n_rows + 1,) int64, (n_entries,) int64, (n_entries,) float64
        CSR; no row is empty.
    lower, upper : (n_rows,) float64
        −inf or inf where a side is missing.
    at : (n_rows,) int64
        Which limit the row stands for, a flat index into the family's prices.
    scale : (n_rows,) float64
        The row in natural units is this times the row here.
    """

    family: str
    ptr: Ints
    column: Ints
    value: Floats
    lower: Floats
    upper: Floats
    at: Ints
    scale: Floats


def serving_rows(variables: Variables) -> Rows:
    """Every request is served: Σ_p y[r, f, p] + y[r, f, 0] = 1 for each request."""
    n = variables.n_requests
    key = np.concatenate([variables.share_request, np.arange(n)])
    column = np.concatenate(
        [variables.first_share + np.arange(variables.n_shares), variables.first_origin + np.arange(n)]
    )
    return _rows("serving", key, column, np.ones(key.size), np.ones(n), np.ones(n))


def holding_rows(variables: Variables) -> Rows:
    """Only from where the file is: y[r, f, p] − x[p, f] ≤ 0 for each share.

    One row for each share, not their sum over regions, because that makes the relaxation much stronger.
    """
    n = variables.n_shares
    key = np.repeat(np.arange(n), 2)
    column = np.stack([variables.first_share + np.arange(n), variables.share_hold], axis=1).ravel()
    value = np.tile([1.0, -1.0], n)
    return _rows("holding", key, column, value, np.full(n, -np.inf), np.zeros(n))


def volume_rows(instance: Instance, variables: Variables) -> Rows:
    """Volumes: Σ_{p ∈ row} Σ_f bytes[p, f]·x[p, f] ≤ C[i] for each volume row.

    Bytes are those stored, s[f]·k[p, f], or the new ones, s[f]·max(0, k[p, f] − held[p, f]).
    """
    volumes, pool, file = instance.volumes, variables.hold_pool, variables.hold_file
    stored, new = stored_matrix_gb(instance)[pool, file], new_matrix_gb(instance)[pool, file]
    of_pool = np.argsort(pool, kind="stable")
    count = np.bincount(pool, minlength=instance.n_pools)
    start = np.cumsum(count) - count
    x = of_pool[ranges(start[volumes.pool], count[volumes.pool])]
    row = np.repeat(np.repeat(np.arange(volumes.n_rows), np.diff(volumes.ptr)), count[volumes.pool])
    value = np.where(volumes.fresh[row], new[x], stored[x])
    limit = volumes.capacity_gb
    return _limited("volumes", row, x, value, limit, _scale(row, value, limit), LIMIT_TOLERANCE)


def rate_rows(instance: Instance, variables: Variables) -> Rows:
    """Rates: Σ_{paths j} w[j, i]·h[r, t]·v[r, f]·y − o[i, t] ≤ C[i] for each rate row and slice.

    Paths from pools and from origins both count. The overload o ≥ 0, of rows that may be passed, has a price
    in the objective, so these rows never make a plan impossible. In the rows here o is counted in units of
    the row's scale.
    """
    slices, rates = instance.n_slices, instance.rates
    column, key, rate = _rate_uses(instance, variables)
    limit = np.repeat(rates.capacity, slices)
    largest = overload_scale(instance, variables)
    soft = np.flatnonzero(np.repeat(np.isfinite(rates.overload_cost), slices))
    scale = _scale(key, rate, limit)
    scale[soft] = largest
    used = np.flatnonzero(largest > 0)
    return _limited(
        "rates",
        np.concatenate([key, soft[used]]),
        np.concatenate([column, variables.first_overload + used]),
        np.concatenate([rate, -largest[used]]),
        limit,
        scale,
    )


def overload_scale(instance: Instance, variables: Variables) -> Floats:
    """Largest coefficient of each row that may be passed, by slice; 0 where nothing can use it.

    Returns
    -------
    (n_overloads,) float64
        The unit of each overload, in that of the row.
    """
    _, key, rate = _rate_uses(instance, variables)
    largest = np.zeros((instance.rates.n_rows, instance.n_slices))
    np.maximum.at(largest.reshape(-1), key, rate)
    return largest[np.isfinite(instance.rates.overload_cost)].ravel()


def launch_rows(instance: Instance, variables: Variables) -> Rows:
    """Launches: Σ_{p ∈ pools(l)} x[p, file(l)] ≥ min[l] for each launch rule that asks for anything."""
    rule = np.repeat(np.arange(instance.n_launches), np.diff(instance.launch_ptr))
    number = np.full((instance.n_pools, instance.n_files), -1, dtype=np.int64)
    number[variables.hold_pool, variables.hold_file] = np.arange(variables.n_holds)
    column = number[instance.launch_pool, instance.launch_file[rule]]
    keep = (column >= 0) & (instance.launch_min[rule] > 0)
    least = instance.launch_min.astype(np.float64)
    return _rows(
        "launches", rule[keep], column[keep], np.ones(int(keep.sum())), least, np.full(least.size, np.inf)
    )


def lower_bounds(variables: Variables) -> Floats:
    """Pins: x[p, f] ≥ 1 where pinned, every other variable ≥ 0; (n_columns,)."""
    bounds = np.zeros(variables.n_columns)
    bounds[: variables.n_holds] = variables.hold_pinned
    return bounds


def upper_bounds(variables: Variables, *, integer: bool) -> Floats:
    """Shares and holdings ≤ 1; overload has no upper side; (n_columns,).

    In the integer model x is 0 where the file does not fit its pool by itself. The relaxation keeps these x,
    because its duals are the prices of a bound (docs/bound.md) that knows limits only through prices.
    """
    bounds = np.ones(variables.n_columns)
    bounds[variables.first_overload :] = np.inf
    if integer:
        bounds[: variables.n_holds] = variables.hold_fits
    return bounds


def objective(instance: Instance, variables: Variables) -> Floats:
    """Cost above the ideal of each variable at 1, (n_columns,) [currency].

    Σ v·(c[r, p] − c*[r])·y + Σ g[p]·new[p, f]·x + Σ overload_cost[i]·o, where c*[r] is the cheapest cost of
    the region. With the ideal left out the objective has no constant, and the solver's relative gap is the
    project's gap ratio.
    """
    cheapest = _cheapest_cost(instance)
    region = variables.request_region
    fill = instance.fill_cost[:, None] * new_matrix_gb(instance)
    share, costs = variables.share_request, instance.rates.overload_cost
    above = instance.cand_cost[variables.share_entry] - cheapest[region[share]]
    return np.concatenate(
        [
            fill[variables.hold_pool, variables.hold_file],
            variables.request_gb[share] * above,
            variables.request_gb * (instance.origin_cost - cheapest)[region],
            np.repeat(costs[np.isfinite(costs)], instance.n_slices) * overload_scale(instance, variables),
        ]
    )


def all_rows(instance: Instance, variables: Variables) -> tuple[Rows, ...]:
    """Every family, in a fixed order."""
    return (
        serving_rows(variables),
        holding_rows(variables),
        volume_rows(instance, variables),
        rate_rows(instance, variables),
        launch_rows(instance, variables),
    )


def _cheapest_cost(instance: Instance) -> Floats:
    """Cheapest delivery cost of each region, from candidates and origin, (n_regions,) [currency/GB]."""
    cheapest = instance.origin_cost.copy()
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    np.minimum.at(cheapest, region, instance.cand_cost)
    return cheapest


def _rate_uses(instance: Instance, variables: Variables) -> tuple[Ints, Ints, Floats]:
    """Column, row and slice, and what of the row is used, for each use by a share, then by an origin."""
    paths, slices = Paths.of(instance), instance.n_slices
    origin = instance.cand_pool.size + variables.request_region
    position, row, weight = paths.uses(np.concatenate([variables.share_entry, origin]))
    request = np.concatenate([variables.share_request, np.arange(variables.n_requests)])[position]
    rate = instance.gbps_per_gb[variables.request_region[request]] * variables.request_gb[request, None]
    key = row[:, None] * slices + np.arange(slices)
    column = np.repeat(variables.first_share + position, slices)
    return column, key.ravel(), (rate * weight[:, None]).ravel()


def _scale(key: Ints, value: Floats, limit: Floats) -> Floats:
    """The limit, or the largest coefficient where that is far greater or nothing uses the limit."""
    largest = np.zeros(limit.size)
    np.maximum.at(largest, key, value)
    return np.where(limit >= SMALLEST_LIMIT_RATIO * largest, limit, largest)


def _limited(
    family: str, key: Ints, column: Ints, value: Floats, limit: Floats, scale: Floats, tolerance: float = 0.0
) -> Rows:
    """Σ value ≤ limit for each key, divided by scale; only where all positive terms together exceed it."""
    reach = np.bincount(key, np.maximum(value, 0.0), minlength=limit.size)
    reachable = reach > limit
    keep = reachable[key] & (value != 0)
    key, column = key[keep], column[keep]
    side = np.divide(limit, scale, out=np.ones_like(limit), where=reachable)
    upper = side * (1.0 + tolerance)
    return _rows(family, key, column, value[keep] / scale[key], np.full(limit.size, -np.inf), upper, scale)


def _rows(
    family: str,
    key: Ints,
    column: Ints,
    value: Floats,
    lower: Floats,
    upper: Floats,
    scale: Floats | None = None,
) -> Rows:
    """Gather entries by key into rows; keys without entries have no row."""
    order = np.argsort(key, kind="stable")
    at, count = np.unique(key, return_counts=True)
    return Rows(
        family=family,
        ptr=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        column=column[order].astype(np.int64),
        value=value[order].astype(np.float64),
        lower=lower[at],
        upper=upper[at],
        at=at.astype(np.int64),
        scale=np.ones(at.size) if scale is None else scale[at],
    )
