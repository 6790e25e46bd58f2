"""Limits counted from the topology and the plan, not from the rows that were built: a wrong row is found out.

A family of limits has its own count in `COUNTS`. Of links `cdnplan.evaluate.checks.check_paths` tells which
ways pass them; what they carry and cost is counted by rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.count.limits import (
    ABSOLUTE,
    RELATIVE,
    Violation,
    exceeds,
    new_gb,
    stored_gb,
    volume_used,
)
from cdnplan.evaluate.count.loads import rate_used
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.limits.families import CHURN, FAMILIES, FILL, OUTSIDE, POWER, STORAGE, THROUGHPUT
from cdnplan.model.network.topology import Hardware, Site, Topology
from cdnplan.model.plan.placement import Placement
from cdnplan.units import GB_PER_TB, gb_moved


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What limits follow from.

    Parameters
    ----------
    topology : Topology
        Restricted to what is planned.
    fill_counted : bool
        Whether what appliances take in is limited: not where they arrive stocked.
    """

    topology: Topology
    fill_counted: bool


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What is counted.

    Parameters
    ----------
    instance : Instance
        For names and demand; limits are not read from it.
    placement : Placement
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        [GB per period]
    """

    instance: Instance
    placement: Placement
    served_gb: Floats
    origin_gb: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """All limits of a family.

    Parameters
    ----------
    names : tuple of str
    used : (n, 1) or (n, n_slices) float64
        In the family's unit.
    allowed : (n,) float64
        inf where there is no limit.
    """

    names: tuple[str, ...]
    used: Floats
    allowed: Floats


Count = Callable[[Given, Judged], Counted]


def _pools(given: Given, instance: Instance) -> list[tuple[Site, Hardware, int]]:
    """Site, model and number of appliances of each pool, as the topology has them."""
    hardware = {model.name: model for model in given.topology.hardware}
    found = {}
    for site in given.topology.sites:
        for model in {group.model for group in site.appliances}:
            count = sum(group.count for group in site.appliances if group.model == model)
            found[f"{site.name}/{model}"] = site, hardware[model], count
    return [found[name] for name in instance.pools]


def _storage_gb(given: Given, instance: Instance) -> Floats:
    left = (1 - given.topology.policy.reserves.storage_ratio) * GB_PER_TB
    return np.array([model.storage_tb * count * left for _, model, count in _pools(given, instance)])


def _storage(given: Given, judged: Judged) -> Counted:
    instance = judged.instance
    used = stored_gb(instance, judged.placement)[:, None]
    return Counted(instance.pools, used, _storage_gb(given, instance))


def _throughput(given: Given, judged: Judged) -> Counted:
    instance, reserves = judged.instance, given.topology.policy.reserves
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    used = np.zeros((instance.n_pools, instance.n_slices))
    np.add.at(used, instance.cand_pool, judged.served_gb[:, None] * instance.gbps_per_gb[region])
    allowed = [
        model.throughput_gbps
        * count
        * (1 - reserves.throughput_ratio)
        * (1 - reserves.imbalance_ratio if count > 1 else 1.0)
        for _, model, count in _pools(given, instance)
    ]
    return Counted(instance.pools, used, np.array(allowed))


def _new(given: Given, judged: Judged, *, churn: bool) -> Counted:
    """New bytes of pools, where the churn limit, or else the fill window, is what limits them."""
    instance, policy = judged.instance, given.topology.policy
    taken = 1 - policy.reserves.fill_ratio
    window = np.array(
        [
            gb_moved(model.fill_gbps, site.fill_window.hours) * count * taken
            for site, model, count in _pools(given, instance)
        ]
    )
    most = np.full(instance.n_pools, np.inf)
    if policy.churn_ratio is not None:
        most = policy.churn_ratio * _storage_gb(given, instance)
    mine = np.flatnonzero((most < window) == churn) if given.fill_counted else np.zeros(0, dtype=np.int64)
    names = tuple(instance.pools[p] for p in mine.tolist())
    return Counted(names, new_gb(instance, judged.placement)[mine, None], np.minimum(window, most)[mine])


def _power(given: Given, judged: Judged) -> Counted:
    """What the appliances of a site draw idle, and for each Gbit/s that they serve."""
    gbps, pools = _throughput(given, judged).used, _pools(given, judged.instance)
    idle_w = np.array([model.limit("idle_w") * count for _, model, count in pools])
    w_per_gbps = np.array([model.limit("w_per_gbps") for _, model, _ in pools])
    return _of_sites(given, judged.instance, "power_w", idle_w[:, None] + w_per_gbps[:, None] * gbps)


def _outside(given: Given, judged: Judged) -> Counted:
    """New bytes of all pools of a site."""
    key = "outside_gb_per_window" if given.fill_counted else None
    return _of_sites(given, judged.instance, key, new_gb(judged.instance, judged.placement)[:, None])


def _of_sites(given: Given, instance: Instance, key: str | None, by_pool: Floats) -> Counted:
    """Sums over the pools of the sites that have a limit; none where there is no key."""
    sites = [site for site, _, _ in _pools(given, instance)]
    limits = {site.name: site.limit(key) for site in sites} if key is not None else {}
    allowed = {name: limit for name, limit in limits.items() if limit is not None}
    used = {name: np.zeros(by_pool.shape[1]) for name in allowed}
    for site, part in zip(sites, by_pool, strict=True):
        if site.name in used:
            used[site.name] += part
    rows = np.array([*used.values()]).reshape(len(used), by_pool.shape[1])
    return Counted(tuple(allowed), rows, np.array([*allowed.values()], dtype=np.float64))


COUNTS: Mapping[str, Count] = {
    STORAGE.name: _storage,
    THROUGHPUT.name: _throughput,
    FILL.name: lambda given, judged: _new(given, judged, churn=False),
    CHURN.name: lambda given, judged: _new(given, judged, churn=True),
    POWER.name: _power,
    OUTSIDE.name: _outside,
}
"""By name of the family."""


def own_violations(given: Given, judged: Judged, counts: Mapping[str, Count] = COUNTS) -> list[Violation]:
    """Limits that do not hold by their own count, and rows that leave more, or less, than it does.

    Parameters
    ----------
    given : Given
    judged : Judged
    counts : mapping of str to Count

    Returns
    -------
    list of Violation
        What rows say is broken as well is not repeated. Of a row that says something else, what it leaves is
        given as used, and what is left as allowed; of a limit that has no row, or the other way round, nan.
    """
    found = []
    for kind in FAMILIES:
        if kind.name not in counts:
            continue
        counted, by_row = counts[kind.name](given, judged), _by_row(judged, kind.name)
        names = [
            name for name, allowed in zip(counted.names, counted.allowed, strict=True) if allowed < np.inf
        ]
        found += [
            Violation(kind.name, f"{name}, row and limit", None, np.nan, np.nan, kind.unit)
            for name in sorted({*names} ^ {*by_row})
        ]
        for i, name in enumerate(counted.names):
            if name not in by_row:
                continue
            used, allowed, (row_used, row_allowed) = counted.used[i], counted.allowed[i], by_row[name]
            broken = exceeds(used, allowed) & ~exceeds(row_used, row_allowed)
            apart = np.abs((allowed - used) - (row_allowed - row_used))
            wrong = ~(apart <= RELATIVE * (np.abs(allowed) + np.abs(used)) + ABSOLUTE)
            for t in np.flatnonzero(broken | wrong).tolist():
                at, left, row_left = (
                    t if used.size > 1 else None,
                    allowed - used[t],
                    row_allowed - row_used[t],
                )
                if broken[t]:
                    found.append(Violation(kind.name, name, at, float(used[t]), float(allowed), kind.unit))
                else:
                    what = f"{name}, left by its row"
                    found.append(Violation(kind.name, what, at, float(row_left), float(left), kind.unit))
    return found


def _by_row(judged: Judged, family: str) -> dict[str, tuple[Floats, float]]:
    """By name what rows of a family use, (1,) or (n_slices,), and allow; only rows that limit anything."""
    instance = judged.instance
    found: dict[str, tuple[Floats, float]] = {}
    for rows, used, allowed in (
        (instance.volumes, volume_used(instance, judged.placement)[:, None], instance.volumes.capacity_gb),
        (instance.rates, rate_used(instance, judged.served_gb, judged.origin_gb), instance.rates.capacity),
    ):
        for i in np.flatnonzero(np.isfinite(allowed)).tolist():
            if FAMILIES[rows.family[i]].name == family:
                found[rows.names[i]] = used[i], float(allowed[i])
    return found
