"""Constraint families of the exact model, one function each, as sparse rows that any solver can take.

Nomenclature: x[p, f] whether pool p holds file f; y[r, f, p] the share of a request served by p, y[r, f, 0]
by the origin; o[e, t] overload of link e in slice t; v[r, f] GB asked; h[r, t] Gbit/s per GB; s[f] size;
k[p, f] copies; B, S, W, C, U limits as in `Instance`. Bans need no rows: x and y that a ban forbids do not
exist (`Variables.of`); pins are bounds of x (`lower_bounds`); copies are in the coefficients of storage, fill
window and churn (`rules.stored_matrix_gb`, `rules.new_matrix_gb`).

Each row is divided by its limit, or by its largest coefficient where the limit is tiny or may be overrun, so
that tolerances of a solver mean the same for every limit. Limits that nothing can reach have no row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.optimize.exact_variables import Variables, ranges
from cdnplan.optimize.rules import LIMIT_TOLERANCE, new_matrix_gb, stored_matrix_gb

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


def storage_rows(instance: Instance, variables: Variables) -> Rows:
    """Storage: Σ_f s[f]·k[p, f]·x[p, f] ≤ S[p] for each pool."""
    return _knapsack_rows("storage", variables, stored_matrix_gb(instance), instance.storage_gb)


def fill_rows(instance: Instance, variables: Variables) -> Rows:
    """Fill window: Σ_f s[f]·max(0, k[p, f] − held[p, f])·x[p, f] ≤ W[p] for each pool."""
    return _knapsack_rows("fill", variables, new_matrix_gb(instance), instance.fill_limit_gb)


def churn_rows(instance: Instance, variables: Variables) -> Rows:
    """Churn: the new bytes of `fill_rows`, ≤ C[p] for each pool."""
    return _knapsack_rows("churn", variables, new_matrix_gb(instance), instance.churn_limit_gb)


def throughput_rows(instance: Instance, variables: Variables) -> Rows:
    """Throughput: Σ_{r, f} h[r, t]·v[r, f]·y[r, f, p] ≤ B[p] for each pool and slice."""
    request, slices = variables.share_request, instance.n_slices
    rate = instance.gbps_per_gb[variables.request_region[request]] * variables.request_gb[request, None]
    key = instance.cand_pool[variables.share_entry].astype(np.int64)[:, None] * slices + np.arange(slices)
    column = np.repeat(variables.first_share + np.arange(variables.n_shares), slices)
    limit = np.repeat(instance.throughput_gbps, slices)
    key, rate = key.ravel(), rate.ravel()
    return _limited("throughput", key, column, rate, limit, _scale(key, rate, limit))


def link_rows(instance: Instance, variables: Variables) -> Rows:
    """Links: Σ_{paths over e} h[r, t]·v[r, f]·y − o[e, t] ≤ U[e] for each link and slice.

    Paths from pools and from origins both count. The overload o ≥ 0 has a price in the objective, so these
    rows never make a plan impossible. In the rows here o is counted in units of the row's scale.
    """
    slices = instance.n_slices
    column, request, link = _link_uses(instance, variables)
    rate = instance.gbps_per_gb[variables.request_region[request]] * variables.request_gb[request, None]
    key = (link[:, None] * slices + np.arange(slices)).ravel()
    rate, column = rate.ravel(), np.repeat(column, slices)
    limit = np.repeat(instance.link_capacity_gbps, slices)
    scale = link_scale(instance, variables)
    used = np.flatnonzero(scale > 0)
    return _limited(
        "links",
        np.concatenate([key, used]),
        np.concatenate([column, variables.first_overload + used]),
        np.concatenate([rate, -scale[used]]),
        limit,
        scale,
    )


def link_scale(instance: Instance, variables: Variables) -> Floats:
    """Largest coefficient of each link and slice, the unit of its overload; 0 where nothing can use it.

    Returns
    -------
    (n_links * n_slices,) float64
        [Gbit/s].
    """
    slices = instance.n_slices
    _, request, link = _link_uses(instance, variables)
    rate = instance.gbps_per_gb[variables.request_region[request]] * variables.request_gb[request, None]
    largest = np.zeros((instance.n_links, slices))
    np.maximum.at(largest, link, rate)
    return largest.ravel()


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

    Σ v·(c[r, p] − c*[r])·y + Σ g[p]·new[p, f]·x + Σ overload_cost·o, where c*[r] is the cheapest cost of the
    region. With the ideal left out the objective has no constant, and the solver's relative gap is the
    project's gap ratio.
    """
    cheapest = _cheapest_cost(instance)
    region = variables.request_region
    fill = instance.fill_cost[:, None] * new_matrix_gb(instance)
    share = variables.share_request
    above = instance.cand_cost[variables.share_entry] - cheapest[region[share]]
    return np.concatenate(
        [
            fill[variables.hold_pool, variables.hold_file],
            variables.request_gb[share] * above,
            variables.request_gb * (instance.origin_cost - cheapest)[region],
            instance.overload_cost * link_scale(instance, variables),
        ]
    )


def all_rows(instance: Instance, variables: Variables) -> tuple[Rows, ...]:
    """Every family, in a fixed order."""
    return (
        serving_rows(variables),
        holding_rows(variables),
        storage_rows(instance, variables),
        throughput_rows(instance, variables),
        link_rows(instance, variables),
        fill_rows(instance, variables),
        churn_rows(instance, variables),
        launch_rows(instance, variables),
    )


def _cheapest_cost(instance: Instance) -> Floats:
    """Cheapest delivery cost of each region, from candidates and origin, (n_regions,) [currency/GB]."""
    cheapest = instance.origin_cost.copy()
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    np.minimum.at(cheapest, region, instance.cand_cost)
    return cheapest


def _link_uses(instance: Instance, variables: Variables) -> tuple[Ints, Ints, Ints]:
    """Column, request and link of each use of a link by a share, then by the origin."""
    entry, region = variables.share_entry, variables.request_region
    per_share = np.diff(instance.cand_link_ptr)[entry]
    per_request = np.diff(instance.origin_link_ptr)[region]
    share = np.repeat(np.arange(variables.n_shares), per_share)
    request = np.repeat(np.arange(variables.n_requests), per_request)
    return (
        np.concatenate([variables.first_share + share, variables.first_origin + request]),
        np.concatenate([variables.share_request[share], request]),
        np.concatenate(
            [
                instance.cand_link[ranges(instance.cand_link_ptr[entry], per_share)],
                instance.origin_link[ranges(instance.origin_link_ptr[region], per_request)],
            ]
        ).astype(np.int64),
    )


def _knapsack_rows(family: str, variables: Variables, weight: Floats, limit: Floats) -> Rows:
    """Σ_f weight[p, f]·x[p, f] ≤ limit[p], for the limits that can be reached."""
    value = weight[variables.hold_pool, variables.hold_file]
    scale = _scale(variables.hold_pool, value, limit)
    return _limited(family, variables.hold_pool, np.arange(variables.n_holds), value, limit, scale)


def _scale(key: Ints, value: Floats, limit: Floats) -> Floats:
    """The limit, or the largest coefficient where that is far greater or nothing uses the limit."""
    largest = np.zeros(limit.size)
    np.maximum.at(largest, key, value)
    return np.where(limit >= SMALLEST_LIMIT_RATIO * largest, limit, largest)


def _limited(family: str, key: Ints, column: Ints, value: Floats, limit: Floats, scale: Floats) -> Rows:
    """Σ value ≤ limit for each key, divided by scale; only where all positive terms together exceed it."""
    reach = np.bincount(key, np.maximum(value, 0.0), minlength=limit.size)
    reachable = reach > limit
    keep = reachable[key] & (value != 0)
    key, column = key[keep], column[keep]
    side = np.divide(limit, scale, out=np.ones_like(limit), where=reachable)
    upper = side * (1.0 + LIMIT_TOLERANCE) if family in _KNAPSACKS else side
    return _rows(family, key, column, value[keep] / scale[key], np.full(limit.size, -np.inf), upper, scale)


_KNAPSACKS = frozenset({"storage", "fill", "churn"})
"""Families whose limits are checked with `LIMIT_TOLERANCE` on the finished placement."""


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
