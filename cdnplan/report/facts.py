"""A plan folder read for a report: the problem, what is held, what is served, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.evaluate.check_serving import check_serving
from cdnplan.evaluate.report import Ledger
from cdnplan.inputs.plan_folder import ADD, EVICT, PlanFiles, split_appliances
from cdnplan.inputs.plan_inputs import open_plan
from cdnplan.model.build import build_instance
from cdnplan.model.catalog import Catalog
from cdnplan.model.demand import Demand
from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.model.topology import Topology
from cdnplan.report.nearest_kernels import bins_of_worth, serve_nearest

Bools = npt.NDArray[np.bool_]

COMPILED_FROM = 200_000
"""Candidate entries × files from which compiling pays; below, the same code is interpreted."""


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Every request from its cheapest holder; see `cdnplan.report.nearest_kernels`.

    Parameters
    ----------
    near_gb : (n_cand,) float64
    content_gb : (n_regions,) float64
    lost_gb : (n_files,) float64
    stored_gb, served_gb : (2, n_pools, N_BINS) float64
    """

    near_gb: Floats
    content_gb: Floats
    lost_gb: Floats
    stored_gb: Floats
    served_gb: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PlanFacts:
    """What a report says of a plan follows from this.

    Parameters
    ----------
    files : PlanFiles
    topology, catalog, demand : Topology, Catalog, Demand
    instance : Instance
        Without what was held before.
    holds : (n_pools, n_files) bool
        Once the plan is carried out.
    copies, added, evicted : (n_files,) float64
        Copies of each file that stay or come, those that come, and those that go (of files still known).
    stored_gb, added_gb, evicted_gb : (n_pools,) float64
        The same by pool [GB].
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        As planned [GB per period].
    nearest : Nearest
    """

    files: PlanFiles
    topology: Topology
    catalog: Catalog
    demand: Demand
    instance: Instance
    holds: Bools
    copies: Floats
    added: Floats
    evicted: Floats
    stored_gb: Floats
    added_gb: Floats
    evicted_gb: Floats
    served_gb: Floats
    origin_gb: Floats
    nearest: Nearest


def read_facts(folder: Path) -> PlanFacts:
    """Read a plan folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    PlanFacts

    Raises
    ------
    InputError
        The folder is no plan, cannot be read, or speaks of appliances that its network does not have.
    """
    plan = open_plan(folder)
    files, topology, catalog, demand = plan.files, plan.topology, plan.catalog, plan.demand
    instance, _ = build_instance(topology.stocked(), catalog, demand)
    held = _held(files, instance)
    served, origin = check_serving(instance, files.serving, Ledger())
    return PlanFacts(
        files=files,
        topology=topology,
        catalog=catalog,
        demand=demand,
        instance=instance,
        holds=held.holds,
        copies=held.by_file[0],
        added=held.by_file[1],
        evicted=held.by_file[2],
        stored_gb=held.by_pool_gb[0],
        added_gb=held.by_pool_gb[1],
        evicted_gb=held.by_pool_gb[2],
        served_gb=served,
        origin_gb=origin,
        nearest=find_nearest(instance, held.holds),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Who holds what, copies by file and GB by pool: those there in the end, those added, those evicted."""

    holds: Bools
    by_file: Floats
    by_pool_gb: Floats


def _held(files: PlanFiles, instance: Instance) -> _Held:
    table = files.placement
    pools, of_pool, _ = split_appliances(table, "appliance")
    index = {name: p for p, name in enumerate(instance.pools)}
    pool = np.array([index.get(name, -1) for name in pools], dtype=np.int64)[of_pool]
    file = table.texts["file"].positions({name: f for f, name in enumerate(instance.files)})
    action = table.texts["action"]
    gone = action.positions({EVICT: 0}) == 0
    fresh = action.positions({ADD: 0}) == 0
    strange = ~gone & ((pool < 0) | (file < 0))
    if strange.any():
        row = int(np.argmax(strange))
        what = f"{table.texts['file'].at(row)!r} on {table.texts['appliance'].at(row)!r}"
        message = f"{what}: not an appliance and a file of this plan's network and catalogue"
        raise InputError([Problem(message, table.file, row=row + 1)])
    holds = np.zeros((instance.n_pools, instance.n_files), dtype=bool)
    holds[pool[~gone], file[~gone]] = True
    size = table.values["size_gb"]
    by_file, by_pool = np.zeros((3, instance.n_files)), np.zeros((3, instance.n_pools))
    for i, rows in enumerate((~gone, fresh, gone & (file >= 0))):
        by_file[i] = np.bincount(file[rows], minlength=instance.n_files)
    for i, rows in enumerate((~gone, fresh, gone & (pool >= 0))):
        by_pool[i] = np.bincount(pool[rows], size[rows], minlength=instance.n_pools)
    return _Held(holds, by_file, by_pool)


def find_nearest(instance: Instance, holds: Bools, *, compiled: bool | None = None) -> Nearest:
    """Let each request come from its cheapest holder that is cheaper than the origin.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
    compiled : bool, optional
        None: where the problem is large enough for compiling to pay. The result is the same.

    Returns
    -------
    Nearest
    """
    work = instance.cand_pool.size * instance.n_files
    if compiled is None:
        compiled = work >= COMPILED_FROM
    serve: Any = serve_nearest if compiled else serve_nearest.py_func
    sort: Any = bins_of_worth if compiled else bins_of_worth.py_func
    near, content, lost, worth = serve(
        instance.cand_ptr,
        instance.cand_pool,
        useful_candidates(instance),
        instance.region_row,
        instance.region_share,
        instance.demand_ptr,
        instance.demand_file,
        instance.demand_gb,
        holds,
    )
    stored, served = sort(worth, holds, instance.size_gb, instance.copies)
    return Nearest(near, content, lost, stored, served)


def useful_candidates(instance: Instance) -> Ints:
    """Count the candidates of each region that are cheaper than its origin, (n_regions,)."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    cheaper = instance.cand_cost < instance.origin_cost[region]
    return np.asarray(np.bincount(region[cheaper], minlength=instance.n_regions), dtype=np.int64)
