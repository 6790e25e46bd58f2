"""What rules and sizes make impossible, and what is worth a warning, seen in the finished instance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cdnplan.errors import Problem
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.instance.rules import ROUNDING, problem_at
from cdnplan.model.limits.families import FAMILIES
from cdnplan.model.network.topology import Region, Topology


def pin_problems(
    instance: Instance, pins: Sequence[tuple[str, Ints]], *, windows: bool = True
) -> list[Problem]:
    """Pins that exceed what pools can store, or take in (`windows`), at the first rule that pins there."""
    rows, problems = instance.volumes, list[Problem]()
    used = _pinned_gb(instance)
    broken = np.flatnonzero(used > rows.capacity_gb * (1 + 1e-9))
    for row in broken[windows | ~rows.fresh[broken]].tolist():
        what, limit = FAMILIES[rows.family[row]].words, rows.capacity_gb[row]
        message = f"{used[row]:,.1f} GB pinned, but its {what} is {limit:,.1f} GB"
        where = "pool" if row < 2 * instance.n_pools else "site"
        problems.append(_pinned(pins, rows.pools_of(row), f"at {where} {rows.names[row]!r}: {message}"))
    full = set(rows.pool[rows.ptr[broken]].tolist())
    for p in np.flatnonzero(instance.pinned.any(axis=1)).tolist():
        one = float(instance.appliance_storage_gb[p])
        large = np.flatnonzero(instance.pinned[p] & (instance.size_gb > one * (1 + ROUNDING)))
        if large.size and p not in full:
            name, gb = instance.files[large[0]], float(instance.size_gb[large[0]])
            message = f"{name!r} has {gb:,.1f} GB, but one of its appliances stores {one:,.1f} GB"
            problems.append(_pinned(pins, np.array([p]), f"at pool {instance.pools[p]!r}: {message}"))
    return problems


def _pinned(pins: Sequence[tuple[str, Ints]], pools: Ints | Ints32, message: str) -> Problem:
    """A problem of all rules that pin something at some pools."""
    sources = [source for source, places in pins if np.isin(pools, places).any()]
    hint = f"also pinned there: {', '.join(sources[1:4])}" if len(sources) > 1 else ""
    return problem_at(sources[0], f"infeasible pins {message}", hint)


def _pinned_gb(instance: Instance) -> Floats:
    """What pins alone take of each volume row, (n_volume_rows,) [GB]."""
    rows, by_pool = instance.volumes, np.zeros((2, instance.n_pools))
    for p in np.flatnonzero(instance.pinned.any(axis=1)).tolist():
        files = np.flatnonzero(instance.pinned[p])
        copies = instance.copies[p, files].astype(np.int64)
        fresh = np.maximum(0, copies - instance.held[p, files])
        by_pool[:, p] = (instance.size_gb[files] * copies).sum(), (instance.size_gb[files] * fresh).sum()
    row = np.repeat(np.arange(rows.n_rows), np.diff(rows.ptr))
    used = by_pool[rows.fresh[row].astype(np.int64), rows.pool]
    return np.bincount(row, used, minlength=rows.n_rows).astype(np.float64)


def too_large(instance: Instance) -> npt.NDArray[np.bool_]:
    """Files that fit on no appliance of a pool, pinned files on all of them included; (n_pools, n_files)."""
    everywhere = instance.pinned & (instance.copies >= instance.pool_appliances[:, None])
    left_gb = (instance.appliance_storage_gb - everywhere @ instance.size_gb) * (1 + ROUNDING)
    return np.asarray((instance.size_gb > left_gb[:, None]) & (instance.copies == 0))


def size_warnings(instance: Instance, file_gb: Floats) -> list[str]:
    """Say which files that are asked for are larger than an appliance: such pools are planned without them.

    Parameters
    ----------
    instance : Instance
    file_gb : (n_files,) float64
        Demand [GB].
    """
    asked = file_gb > 0
    ruled_out = (too_large(instance) & asked).sum(axis=1)
    pools = np.flatnonzero(ruled_out)
    if pools.size == 0:
        return []
    largest = int(np.argmax(np.where(asked, instance.size_gb, 0.0)))
    name, gb = instance.files[largest], float(instance.size_gb[largest])
    pairs = f"{int(ruled_out.sum()):,} (pool, file) pairs are ruled out, at {pools.size:,} pools"
    return [f"{pairs}: no single appliance has room for the file (the largest, {name!r}, has {gb:,.1f} GB)"]


def window_warnings(instance: Instance, file_gb: Floats) -> list[str]:
    """Say which files that are asked for cannot come in one fill window: such pools are planned without them.

    Those that are too large for an appliance are left to `size_warnings`.

    Parameters
    ----------
    instance : Instance
    file_gb : (n_files,) float64
        Demand [GB].
    """
    late = too_late(instance) & ~too_large(instance) & (file_gb > 0)
    pools = np.flatnonzero(late.any(axis=1))
    if pools.size == 0:
        return []
    largest = int(np.argmax(np.where(late.any(axis=0), instance.size_gb, 0.0)))
    window_gb = instance.appliance_window_gb
    narrow = int(pools[np.argmin(window_gb[pools])])
    name, gb = instance.files[largest], float(instance.size_gb[largest])
    brings = f"at {instance.pools[narrow]!r} a window brings {window_gb[narrow]:,.1f} GB to each"
    pairs = f"{int(late.sum()):,} (pool, file) pairs are ruled out, at {pools.size:,} pools"
    why = "no appliance can fetch the file within one fill window"
    return [f"{pairs}: {why} (the largest, {name!r}, has {gb:,.1f} GB; {brings})"]


def too_late(instance: Instance) -> npt.NDArray[np.bool_]:
    """Which files a pool does without and no appliance can fetch in one fill window, (n_pools, n_files)."""
    window_gb = instance.appliance_window_gb * (1 + ROUNDING)
    return np.asarray((instance.size_gb > window_gb[:, None]) & (instance.copies == 0))


def ban_warnings(topology: Topology, regions: Sequence[Region], instance: Instance) -> list[str]:
    """Say how much is demanded in countries where every pool is banned from holding it."""
    if not topology.policy.bans:
        return []
    site_country = {site.name: site.country for site in topology.sites}
    country_of_site = np.array([site_country[name] or "" for name in instance.sites])
    country_of_pool = country_of_site[instance.pool_site]
    ruled_out = (instance.copies == 0) & ~too_large(instance) & ~too_late(instance)
    banned_in = {
        country: ruled_out[country_of_pool == country].all(axis=0)
        for country in {region.country for region in regions} & set(country_of_pool)
    }
    gb = 0.0
    for r, region in enumerate(regions):
        if region.country in banned_in:
            banned = banned_in[region.country]
            entries = slice(*instance.demand_ptr[instance.region_row[r] : instance.region_row[r] + 2])
            wanted = instance.demand_gb[entries][banned[instance.demand_file[entries]]]
            gb += float(wanted.sum(dtype=np.float64)) * region.demand.share
    if gb == 0.0:
        return []
    return [f"{gb:,.0f} GB are demanded in countries whose pools may not hold them: served from elsewhere"]
