"""What a change touches: regions and pools whose problem is another one than the base's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Instance, Ints

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Touched:
    """What differs between two problems, in the indices of the second one.

    Parameters
    ----------
    regions : (n_regions,) bool
        Regions with other demand, rates, candidates, costs or paths, or with a candidate among `pools`.
    pools : (n_pools,) bool
        Pools that are new, or have other limits or rules.
    old_entry : (n_cand,) int64
        Candidate entry of the first problem for each entry of regions that are not touched; else -1.
    old_region : (n_regions,) int64
    """

    regions: Bools
    pools: Bools
    old_entry: Ints
    old_region: Ints


def touched(old: Instance, new: Instance) -> Touched:
    """Compare two problems by name.

    Parameters
    ----------
    old, new : Instance
        With the same regions.
    """
    place = {name: i for i, name in enumerate(old.pools)}
    old_pool = np.array([place.get(name, -1) for name in new.pools], dtype=np.int64)
    number = {name: i for i, name in enumerate(old.regions)}
    old_region = np.array([number[name] for name in new.regions], dtype=np.int64)
    if old.files != new.files or not _same_whole(old, new):
        everything = np.ones(new.n_pools, dtype=np.bool_)
        nothing = np.full(new.cand_pool.size, -1, dtype=np.int64)
        return Touched(np.ones(new.n_regions, dtype=np.bool_), everything, nothing, old_region)
    pools = _pools(old, new, old_pool)
    regions = _regions(old, new, old_region, old_pool)
    region = np.repeat(np.arange(new.n_regions), np.diff(new.cand_ptr))
    regions[region[pools[new.cand_pool]]] = True
    # A pool that is no more is missed by those that could use it: their candidates differ.
    first = old.cand_ptr[old_region[region]] - new.cand_ptr[region]
    entry = np.where(regions[region], -1, np.arange(region.size) + first)
    return Touched(regions, pools, entry, old_region)


def _same_whole(old: Instance, new: Instance) -> bool:
    """Whether what concerns all regions alike is the same: limits but for those of pools, sizes, launches."""
    return (
        _shared_limits(old) == _shared_limits(new)
        and old.n_slices == new.n_slices
        and np.array_equal(old.size_gb, new.size_gb)
        and np.array_equal(old.launch_file, new.launch_file)
    )


def _shared_limits(instance: Instance) -> tuple[object, ...]:
    """All limits that are not of one pool alone."""
    rates, volumes, n = instance.rates, instance.volumes, instance.n_pools
    more = range(2 * n, volumes.n_rows)
    return (
        rates.names[n:],
        *(of_row[n:].tobytes() for of_row in (rates.family, rates.capacity, rates.overload_cost)),
        volumes.names[2 * n :],
        *(of_row[2 * n :].tobytes() for of_row in (volumes.family, volumes.capacity_gb, volumes.fresh)),
        [[instance.pools[p] for p in volumes.pools_of(row)] for row in more],
    )


def _pools(old: Instance, new: Instance, old_pool: Ints) -> Bools:
    """Pools that are new, or not what they were."""
    changed = old_pool < 0
    p = np.flatnonzero(~changed)
    q = old_pool[p]
    differs = np.zeros(p.size, dtype=np.bool_)
    for a, b in (
        (old.storage_gb, new.storage_gb),
        (old.throughput_gbps, new.throughput_gbps),
        (old.new_limit_gb, new.new_limit_gb),
        (old.appliance_window_gb, new.appliance_window_gb),
        (old.fill_cost, new.fill_cost),
    ):
        differs |= a[q] != b[p]
    for i, (after, before) in enumerate(zip(p.tolist(), q.tolist(), strict=True)):
        differs[i] |= not (
            np.array_equal(old.copies[before], new.copies[after])
            and np.array_equal(old.pinned[before], new.pinned[after])
        )
    changed[p] = differs
    return changed


def _regions(old: Instance, new: Instance, old_region: Ints, old_pool: Ints) -> Bools:
    """Regions with another demand, other rates, or other candidates."""
    rows = _rows(old, new)
    same_rate = old.gbps_per_gb.shape == new.gbps_per_gb.shape
    changed = np.zeros(new.n_regions, dtype=np.bool_)
    for r, q in enumerate(old_region.tolist()):
        a = slice(int(old.cand_ptr[q]), int(old.cand_ptr[q + 1]))
        b = slice(int(new.cand_ptr[r]), int(new.cand_ptr[r + 1]))
        changed[r] = not (
            old.region_share[q] == new.region_share[r]
            and (int(old.region_row[q]), int(new.region_row[r])) in rows
            and same_rate
            and np.array_equal(old.gbps_per_gb[q], new.gbps_per_gb[r])
            and old.origin_cost[q] == new.origin_cost[r]
            and np.array_equal(old.cand_pool[a], old_pool[new.cand_pool[b]])
            and np.array_equal(old.cand_cost[a], new.cand_cost[b])
            and _uses(old, q) == _uses(new, r)
        )
    return changed


def _uses(instance: Instance, region: int) -> tuple[tuple[bytes, bytes], ...]:
    """Shared rows that the paths of a region use, from its candidates and from the origin, with weights."""
    rows, first = instance.rates, instance.n_pools
    if rows.n_rows == first:
        return ()
    entries = range(int(instance.cand_ptr[region]), int(instance.cand_ptr[region + 1]))
    found = []
    for path in (*entries, instance.cand_pool.size + region):
        at = np.arange(rows.use_ptr[path], rows.use_ptr[path + 1])
        at = at[rows.use_row[at] >= first]
        found.append(((rows.use_row[at] - first).tobytes(), rows.use_weight[at].tobytes()))
    return tuple(found)


def _rows(old: Instance, new: Instance) -> set[tuple[int, int]]:
    """Pairs of rows of the two demand matrices that some region draws on and that say the same."""
    number = {name: i for i, name in enumerate(old.regions)}
    pairs = {
        (int(old.region_row[number[name]]), int(new.region_row[r])) for r, name in enumerate(new.regions)
    }
    return {pair for pair in pairs if _same_row(old, new, *pair)}


def _same_row(old: Instance, new: Instance, before: int, after: int) -> bool:
    a = slice(int(old.demand_ptr[before]), int(old.demand_ptr[before + 1]))
    b = slice(int(new.demand_ptr[after]), int(new.demand_ptr[after + 1]))
    return np.array_equal(old.demand_file[a], new.demand_file[b]) and np.array_equal(
        old.demand_gb[a], new.demand_gb[b]
    )
