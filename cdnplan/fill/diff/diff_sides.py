"""Two plans side by side: what each holds, in indices that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.plans.plan_folder import EVICT, PlanFiles, attempt, split_appliances
from cdnplan.inputs.plans.plan_inputs import open_plan
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.sorted_numbers import contains, sorted_distinct

Counts = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One plan, read and built again.

    Parameters
    ----------
    files : PlanFiles
    topology, catalog, demand : Topology, Catalog, Demand
    instance : Instance
        Without holdings: what it costs to deliver, not what it costs to fill.
    """

    files: PlanFiles
    topology: Topology
    catalog: Catalog
    demand: Demand
    instance: Instance


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Two plans with common indices of pools P, sites S and files F: those of both, sorted by name.

    Parameters
    ----------
    a, b : Side
    pools, sites, files : tuple of str
    pool_site : (P,) int64
        Site of each pool.
    size_gb : (F,) float64
        Size in B, in A where B lacks the file [GB].
    copies_a, copies_b : (P, F) int16
        Copies once each plan is carried out.
    entered_gb, left_gb : (S,) float64
        Copies on an appliance that it lacked in A, or lacks in B [GB]: moves within a site count in both.
    """

    a: Side
    b: Side
    pools: tuple[str, ...]
    sites: tuple[str, ...]
    files: tuple[str, ...]
    pool_site: Ints
    size_gb: Floats
    copies_a: Counts
    copies_b: Counts
    entered_gb: Floats
    left_gb: Floats

    def holds(self, copies: Counts, instance: Instance) -> npt.NDArray[np.bool_]:
        """Turn common copies into what the pools of an instance hold of its files, (n_pools, n_files)."""
        pool = positions(instance.pools, self.pools)
        file = positions(instance.files, self.files)
        return np.asarray(copies[np.ix_(pool, file)] > 0)


def read_sides(a: Path, b: Path) -> Sides:
    """Read two plan folders.

    Parameters
    ----------
    a, b : Path

    Returns
    -------
    Sides

    Raises
    ------
    InputError
        A folder is none of a plan, or cannot be read: all problems of both.
    """
    problems: list[Problem] = []
    first = attempt(problems, lambda: _side(a))
    second = attempt(problems, lambda: _side(b))
    if first is None or second is None:
        raise InputError(problems)
    return _together(first, second)


def _side(folder: Path) -> Side:
    plan = open_plan(folder)
    instance, _ = build_instance(plan.topology.stocked(), plan.catalog, plan.demand)
    return Side(plan.files, plan.topology, plan.catalog, plan.demand, instance)


def _together(a: Side, b: Side) -> Sides:
    held = [_held(side.files) for side in (a, b)]
    pools = _union(a.instance.pools, b.instance.pools, *(h.pools for h in held))
    files = _union(a.instance.files, b.instance.files, *(h.files for h in held))
    # By name, since tables may have pools that neither network knows.
    site_of = [pool.rpartition("/")[0] for pool in pools]
    sites = tuple(sorted(set(site_of)))
    pool_site = positions(site_of, sites)
    size = np.zeros(len(files))
    for side in (a, b):
        size[positions(side.instance.files, files)] = side.instance.size_gb
    keys = [_keys(h, pools, files) for h in held]
    copies = [_copies(key, (len(pools), len(files))) for key in keys]
    entered, left = keys[1][~contains(keys[0], keys[1])], keys[0][~contains(keys[1], keys[0])]

    def at_sites(keys: Ints) -> Floats:
        pool, file = np.divmod(keys % (len(pools) * len(files)), len(files))
        return np.bincount(pool_site[pool], size[file], minlength=len(sites)).astype(np.float64)

    return Sides(
        a, b, pools, sites, files, pool_site, size, copies[0], copies[1], at_sites(entered), at_sites(left)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Copies by appliance once a plan is carried out."""

    pools: tuple[str, ...]
    files: tuple[str, ...]
    pool: Ints
    number: Ints
    file: Ints


def _held(files: PlanFiles) -> _Held:
    table = files.placement
    pools, pool, number = split_appliances(table, "appliance")
    keep = table.texts["action"].positions({EVICT: 0}) < 0
    used = np.unique(pool[keep])
    names = tuple(pools[p] for p in used)
    index = np.zeros(len(pools), dtype=np.int64)
    index[used] = np.arange(used.size)
    file = table.texts["file"]
    kept = np.unique(file.code[keep])
    of_file = np.zeros(len(file.names), dtype=np.int64)
    of_file[kept] = np.arange(kept.size)
    return _Held(
        names,
        tuple(file.names[f] for f in kept),
        index[pool[keep]],
        number[keep].astype(np.int64),
        of_file[file.code[keep]],
    )


def _union(*names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*names)))


def positions(names: Sequence[str], known: Sequence[str]) -> Ints:
    """Index of each name in a list that has them all, (n_names,)."""
    index = {name: i for i, name in enumerate(known)}
    return np.array([index[name] for name in names], dtype=np.int64)


def _keys(held: _Held, pools: Sequence[str], files: Sequence[str]) -> Ints:
    """One number for each copy, sorted: the appliance's number within its pool counts most."""
    pool = positions(held.pools, pools)[held.pool] if held.pools else held.pool
    file = positions(held.files, files)[held.file] if held.files else held.file
    return sorted_distinct((held.number * len(pools) + pool) * len(files) + file)


def _copies(keys: Ints, shape: tuple[int, int]) -> Counts:
    counts = np.bincount(keys % (shape[0] * shape[1]), minlength=shape[0] * shape[1])
    return counts.astype(np.int16).reshape(shape)
