"""The plan that what-ifs start from, and the two answers to any change of its inputs.

`load_base` reads a plan folder once, and `rebuild` makes the problem of changed inputs. Then `at_once` judges
the placement as it is with the best serving, and `replan` plans anew from the base's prices and placement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from cdnplan.errors import InputError, Problem
from cdnplan.evaluate.verdict.verdict import Verdict, evaluate
from cdnplan.inputs.plans.plan_folder import PLACEMENT, PRICES, SERVING, TABLES, TOPOLOGY, attempt
from cdnplan.inputs.plans.plan_inputs import read_catalog_demand
from cdnplan.inputs.plans.plan_json import PLAN_JSON, PlanJson, read_plan_json
from cdnplan.inputs.tables.parquet_columns import Columns, read_columns
from cdnplan.inputs.topology.topology_reader import read_resolved
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.placement import Placement, Prices, Serving
from cdnplan.model.plan.proof import Proof
from cdnplan.optimize.serve.serving import Served, best_serving
from cdnplan.planner.inputs.earlier import prices_for
from cdnplan.whatif.base.detours import overload_per_gbps
from cdnplan.whatif.base.held import Counts, HeldCopies

Fills = Literal["free", "limited"]
"""``free``: a plan may place anything, what it takes to fill is told. ``limited``: filling starts from what
the base's appliances hold, costs, and is limited to one window."""

_DECISIONS = (PLACEMENT, SERVING, PRICES)
"""Tables of a plan folder that a base is read from."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What a plan is made from, and what a scenario changes; `dataclasses.replace` makes changed ones."""

    topology: Topology
    catalog: Catalog
    demand: Demand


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """GB through each candidate entry, (n_cand,), and from the origin, (n_regions,), per period."""

    served_gb: Floats
    origin_gb: Floats

    @classmethod
    def of(cls, instance: Instance, serving: Serving) -> Flow:
        """Add up a serving."""
        return cls(serving.candidate_gb(instance), serving.origin_gb(instance))


@dataclass(frozen=True, eq=False)
class Base:
    """A plan that was read, as the start of what-ifs.

    Parameters
    ----------
    folder : Path
    plan : PlanJson
        The plan's own figures.
    inputs : Inputs
        What it was made from.
    fills : {"free", "limited"}
        Whether filling counts in `instance` and in all that is rebuilt from this base.
    instance : Instance
        The problem of `inputs`; with ``limited`` fills, appliances hold what the plan wants.
    placement, prices : Placement, Prices
        What pools hold, and the plan's prices.
    held : HeldCopies
        What appliances hold once the plan is carried out.
    price_table : Columns
        The plan's ``prices.parquet``, by name.
    serving_table : Columns
        The plan's ``serving.parquet``.
    warnings : tuple of str
        Of building `instance`.
    """

    folder: Path
    plan: PlanJson
    inputs: Inputs
    fills: Fills
    instance: Instance
    placement: Placement
    prices: Prices
    held: HeldCopies
    price_table: Columns
    serving_table: Columns
    warnings: tuple[str, ...]

    @cached_property
    def served(self) -> Served:
        """The best serving of the placement, with what one more Gbit/s would save; made when asked for."""
        return best_serving(self.instance, self.placement.holds)

    @property
    def serving(self) -> Serving:
        """The best serving of the placement."""
        return self.served.serving

    @cached_property
    def flow(self) -> Flow:
        """What is served from where: as the plan says, if that is the best serving, else the best one.

        A plan whose pools could not be loaded evenly has pools that serve less than they could.
        """
        stored = _stored_flow(self.instance, self.serving_table)
        paid = stored.served_gb @ self.instance.cand_cost + stored.origin_gb @ self.instance.origin_cost
        dealt = bool(self.plan.warnings) and any("serve less" in text for text in self.plan.warnings)
        exact = abs(paid - self.plan.cost["delivery"]) <= 1e-9 * abs(paid)
        return stored if exact and not dealt else Flow.of(self.instance, self.serving)

    @cached_property
    def verdict(self) -> Verdict:
        """The judge's figures of placement and flow; its bound is None: `plan` has the certificate."""
        return evaluate(self.instance, self.placement, self.flow.served_gb, self.flow.origin_gb)

    @cached_property
    def holdings(self) -> Holdings:
        """What appliances hold once the plan is carried out, copy by copy."""
        return self.held.holdings()

    def answer(self) -> Answer:
        """The base itself as an answer to no change."""
        return Answer(self.instance, self.placement, self.flow, self.verdict)


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """The problem of changed inputs.

    Parameters
    ----------
    inputs : Inputs
    instance : Instance
    there : (n_pools, n_files) uint8
        Copies that appliances which are left hold, before anything is filled.
    warnings : tuple of str
    """

    inputs: Inputs
    instance: Instance
    there: Counts
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A placement with what is served from where, under changed inputs, judged.

    Parameters
    ----------
    instance : Instance
        What the verdict is about.
    placement, flow : Placement, Flow
    verdict : Verdict
        Its bound is a number only where a plan was made.
    prices : Prices or None
        Those that prove the bound.
    proof : str
        What the bound rests on, as `cdnplan.optimize.problem.outcome.BoundProof`; empty where nothing was
        planned.
    lower : float or None
        No plan costs less; None where nothing was planned.
    seconds : mapping of str to float
        Of planning, by step [s].
    """

    instance: Instance
    placement: Placement
    flow: Flow
    verdict: Verdict
    prices: Prices | None = None
    proof: str = ""
    lower: float | None = None
    seconds: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ReadInputs:
    """The small part of a plan folder: its figures, and what it was made from."""

    plan: PlanJson
    inputs: Inputs


def read_inputs(folder: Path) -> ReadInputs:
    """Read what a plan was made from, enough to check scenarios against.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    ReadInputs

    Raises
    ------
    InputError
        All that is wrong with these files of the folder.
    """
    if not folder.is_dir():
        raise InputError([Problem("no such plan folder", file=str(folder))])
    problems: list[Problem] = []
    plan = attempt(problems, lambda: read_plan_json(folder / PLAN_JSON))
    topology = attempt(problems, lambda: read_resolved(folder / TOPOLOGY))
    tables = None if plan is None else attempt(problems, lambda: read_catalog_demand(folder, plan))
    if plan is None or topology is None or tables is None:
        raise InputError(problems)
    return ReadInputs(plan, Inputs(topology, *tables))


def load_base(folder: Path, fills: Fills | None = None, *, read: ReadInputs | None = None) -> Base:
    """Read a plan folder.

    Parameters
    ----------
    folder : Path
    fills : {"free", "limited"} or None
        None: limited where filling counted in the plan, else free.
    read : ReadInputs or None
        What was read of the same folder before.

    Returns
    -------
    Base

    Raises
    ------
    InputError
        All that is wrong with the folder's files.
    """
    read = read_inputs(folder) if read is None else read
    plan, inputs = read.plan, read.inputs
    problems: list[Problem] = []
    # Sizes of many millions of copies are left aside: the catalogue has them.
    columns = {name: {k: v for k, v in TABLES[name].items() if k != "size_gb"} for name in _DECISIONS}
    placed, served, priced = (
        attempt(problems, lambda name=name: read_columns(folder / name, columns[name]))  # type: ignore[misc]
        for name in _DECISIONS
    )
    if placed is None or served is None or priced is None:
        raise InputError(problems)
    chosen: Fills = fills if fills is not None else "limited" if plan.fill_counted else "free"
    instance, warnings = _build(inputs, chosen)
    held = HeldCopies(placed, instance)
    if chosen == "limited":
        instance = replace(instance, held=held.counts)
    return Base(
        folder=folder,
        plan=plan,
        inputs=inputs,
        fills=chosen,
        instance=instance,
        placement=Placement(np.asarray((held.counts > 0) & (instance.copies > 0))),
        prices=prices_for(priced, instance),
        held=held,
        price_table=priced,
        serving_table=served,
        warnings=tuple(warnings),
    )


def rebuild(base: Base, inputs: Inputs, lost: Mapping[str, frozenset[int]] | None = None) -> Changed:
    """Make the problem of changed inputs.

    Parameters
    ----------
    base : Base
    inputs : Inputs
        As `base.inputs`, changed.
    lost : mapping of str to frozenset of int, optional
        By pool, numbers of appliances that are gone with all they held; `inputs` counts them no more. Of
        pools that shrank and are not named here, the last appliances are gone.

    Returns
    -------
    Changed

    Raises
    ------
    InputError
        Rules that no plan can keep.
    """
    instance, warnings = _build(inputs, base.fills)
    if instance.n_links and inputs.topology.policy.costs.overload_per_gbps is None:
        # Found from the network, it would change with the network, and costs could not be compared.
        costs = instance.rates.overload_cost.copy()
        costs[instance.link_rows] = overload_per_gbps(base.inputs.topology, base.instance)
        instance = replace(instance, rates=replace(instance.rates, overload_cost=costs))
    there = base.held.left(instance, _all_lost(base, instance, lost or {}))
    if base.fills == "limited":
        instance = replace(instance, held=there)
    return Changed(inputs, instance, there, tuple(warnings))


def judged(
    instance: Instance,
    placement: Placement,
    flow: Flow,
    prices: Prices | None = None,
    proof: Proof | None = None,
) -> Answer:
    """Let the judge count; with prices, their bound as well, and that of the cases of a proof."""
    verdict = evaluate(instance, placement, flow.served_gb, flow.origin_gb, prices, proof=proof)
    return Answer(instance, placement, flow, verdict, prices)


def fill_gb(changed: Changed, placement: Placement) -> Floats:
    """Bytes to fetch to get from what appliances hold to a placement, (n_pools,) [GB].

    Parameters
    ----------
    changed : Changed
    placement : Placement
        For the changed problem; nothing moves between the appliances of a pool.
    """
    instance = changed.instance
    total = np.zeros(instance.n_pools)
    for p in range(instance.n_pools):  # pool by pool: no table of numbers as large as the placement is needed
        files = np.flatnonzero(placement.holds[p])
        missing = np.maximum(0, instance.copies[p, files].astype(np.int64) - changed.there[p, files])
        total[p] = float((instance.size_gb[files] * missing).sum())
    return total


def _build(inputs: Inputs, fills: Fills) -> tuple[Instance, list[str]]:
    """The instance, as if nothing were held; with free fills, nothing that has to be fetched counts."""
    policy = replace(inputs.topology.policy, cold_start=fills)
    topology = replace(inputs.topology, policy=policy)
    # Pins that are held already take no window; what the base holds is counted later, and engines see then
    # whether those that lack fit into it.
    return build_instance(topology, inputs.catalog, inputs.demand, pins_may_wait=True)


def _all_lost(
    base: Base, instance: Instance, lost: Mapping[str, frozenset[int]]
) -> dict[str, frozenset[int]]:
    """Appliances that are gone, those of pools that shrank without being named among them."""
    found = dict(lost)
    now = dict(zip(instance.pools, instance.pool_appliances.tolist(), strict=True))
    for pool, count in zip(base.instance.pools, base.instance.pool_appliances.tolist(), strict=True):
        if pool not in found and now.get(pool, count) < count:
            found[pool] = frozenset(range(now[pool] + 1, count + 1))
    return found


def _stored_flow(instance: Instance, table: Columns) -> Flow:
    """The plan's own serving."""
    region = table.texts["region"].positions({name: i for i, name in enumerate(instance.regions)})
    pool = table.texts["pool"].positions({name: i for i, name in enumerate(instance.pools)})
    gb = table.values["gb"]
    owner = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    key = owner.astype(np.int64) * instance.n_pools + instance.cand_pool
    order = np.argsort(key, kind="stable")
    wanted = region * instance.n_pools + pool
    from_pool = np.flatnonzero((region >= 0) & (pool >= 0))
    at = np.searchsorted(key[order], wanted[from_pool])
    at = np.minimum(at, max(0, key.size - 1))
    entry = order[at] if key.size else at
    known = key[entry] == wanted[from_pool] if key.size else np.zeros(0, dtype=np.bool_)
    served = np.bincount(entry[known], gb[from_pool][known], minlength=instance.cand_pool.size)
    origin = np.flatnonzero((region >= 0) & (pool < 0))
    rest = np.bincount(region[origin], gb[origin], minlength=instance.n_regions)
    return Flow(served.astype(np.float64), rest.astype(np.float64))
