"""A plan folder read for a report: the problem, what is held, what is served, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.evaluate.checks.check_prices import check_prices
from cdnplan.evaluate.checks.check_serving import check_serving
from cdnplan.evaluate.count.assignment import Fleet
from cdnplan.evaluate.count.misses import Misses, cheaper_than_origin, misses
from cdnplan.evaluate.count.signatures import row_demand
from cdnplan.evaluate.proof.bound import possible_copies, priced_costs, volume_prices
from cdnplan.evaluate.verdict.report import Ledger
from cdnplan.inputs.plans.plan_folder import ADD, EVICT, PlanFiles, split_appliances
from cdnplan.inputs.plans.plan_inputs import open_plan
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.placement import Placement, Prices
from cdnplan.report.tables.worth_kernels import bins_of_worth, worth_of_copies

Bools = npt.NDArray[np.bool_]

COMPILED_FROM = 200_000
"""Candidate entries × files from which compiling pays; below, the same code is interpreted."""


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """What copies save, by what they save per GB; see `cdnplan.report.tables.worth_kernels`.

    Parameters
    ----------
    stored_gb, saved : (3, n_pools, N_BINS) float64
        Of `HELD`, `LACKING` and `RULED` copies [GB], [currency per period].
    """

    stored_gb: Floats
    saved: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PlanFacts:
    """What a report says of a plan follows from this.

    Parameters
    ----------
    files : PlanFiles
    topology, catalog, demand : Topology, Catalog, Demand
    instance : Instance
    holds : (n_pools, n_files) bool
        Once the plan is carried out.
    copies, added, evicted : (n_files,) float64
        Copies of each file that stay or come, those that come, and those that go (of files still known).
    stored_gb, added_gb, evicted_gb : (n_pools,) float64
        The same by pool [GB].
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        As planned [GB per period].
    misses : Misses
    lost_gb : (n_files,) float64
        Demand where no site in reach that is cheaper than the origin holds the file [GB per period].
    worth : Worth
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
    misses: Misses
    lost_gb: Floats
    worth: Worth


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
    instance, _ = build_instance(topology, catalog, demand, plan.holdings)
    held = _held(files, instance)
    served, origin = check_serving(instance, files.serving, Ledger())
    # Prices that prove nothing price nothing: `cdnplan verify` says what is wrong with them.
    prices = check_prices(instance, files.prices, Ledger()) or Prices.zero(instance)
    spare = Fleet.of(instance).spare(*held.copies, files.appliances)
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
        misses=misses(instance, Placement(held.holds), served, origin, spare),
        lost_gb=out_of_reach_gb(instance, held.holds),
        worth=find_worth(instance, held.holds, prices),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Who holds what, copies by file and GB by pool: those there in the end, those added, those evicted.

    `copies` has the appliance and the file of each copy that is there in the end.
    """

    holds: Bools
    copies: tuple[Ints, Ints]
    by_file: Floats
    by_pool_gb: Floats


def _held(files: PlanFiles, instance: Instance) -> _Held:
    table = files.placement
    pools, of_pool, number = split_appliances(table, "appliance")
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
    appliance = Fleet.of(instance).find(pools, of_pool[~gone], number[~gone])
    return _Held(holds, (appliance, file[~gone].astype(np.int64)), by_file, by_pool)


def find_worth(instance: Instance, holds: Bools, prices: Prices, *, compiled: bool | None = None) -> Worth:
    """What each copy saves, and each that is missing would, all others as they are.

    Each request comes from its cheapest holder; throughput, links and fill windows cost what their prices
    say. Then, in a plan that no plan undercuts, every copy that it was free to choose saves at least the
    price of the space it takes, and no missing one would save more. In any plan, the copies of a pool
    together miss that by no more than ``upper`` less ``lower_priced``: for each file, one copy more or less
    costs no less than the file's part of the bound.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
    prices : Prices
        Those of the plan.
    compiled : bool, optional
        None: where the problem is large enough for compiling to pay. The result is the same.

    Returns
    -------
    Worth
    """
    if compiled is None:
        compiled = instance.cand_pool.size * instance.n_files >= COMPILED_FROM
    save: Any = worth_of_copies if compiled else worth_of_copies.py_func
    sort: Any = bins_of_worth if compiled else bins_of_worth.py_func
    cost, origin_cost = priced_costs(instance, prices)
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    order = np.lexsort((cost, region))
    worth = save(
        instance.cand_ptr,
        instance.cand_pool[order],
        cost[order],
        origin_cost,
        instance.region_row,
        instance.region_share,
        instance.demand_ptr,
        instance.demand_file,
        instance.demand_gb,
        holds,
    )
    ruled = instance.pinned.copy()
    ruled[instance.launch_pool, np.repeat(instance.launch_file, np.diff(instance.launch_ptr))] = True
    new_cost = instance.fill_cost + volume_prices(instance, prices)[1]
    copies = possible_copies(instance)
    return Worth(*sort(worth, holds, ruled, instance.size_gb, copies, instance.held, new_cost))


def out_of_reach_gb(instance: Instance, holds: Bools) -> Floats:
    """Demand where no site in reach that is cheaper than the origin holds the file, (n_files,) [GB]."""
    useful = cheaper_than_origin(instance)
    lost = np.zeros(instance.n_files)
    for r in range(instance.n_regions):
        part = np.arange(instance.cand_ptr[r], instance.cand_ptr[r + 1])
        file, gb = row_demand(instance, r)
        nowhere = ~holds[np.ix_(instance.cand_pool[part[useful[part]]], file)].any(axis=0)
        lost[file[nowhere]] += gb[nowhere]
    return lost
