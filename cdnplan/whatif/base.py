"""The plan that what-ifs start from, and the two answers to any change of its inputs.

`load_base` reads a plan folder once. `rebuild` makes the problem of changed inputs, `at_once` judges the
placement as it is with the best serving, `replan` plans anew from the base's prices and placement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.evaluate.verdict import Verdict, evaluate
from cdnplan.inputs.parquet_columns import Columns
from cdnplan.inputs.plan_folder import TOPOLOGY, attempt, planned_holdings, read_decisions
from cdnplan.inputs.plan_inputs import read_catalog_demand
from cdnplan.inputs.plan_json import PLAN_JSON, PlanJson, read_plan_json
from cdnplan.inputs.topology_reader import read_topology
from cdnplan.model.build import build_instance
from cdnplan.model.catalog import Catalog
from cdnplan.model.demand import Demand
from cdnplan.model.holdings import Holdings
from cdnplan.model.instance import Floats, Instance
from cdnplan.model.placement import Placement, Prices, Serving
from cdnplan.model.topology import Topology
from cdnplan.optimize.engine import EngineName, solve
from cdnplan.optimize.outcome import Outcome, Progress, Stop, no_progress
from cdnplan.optimize.serving import best_serving
from cdnplan.planner.earlier import held_copies, prices_for, start_with
from cdnplan.planner.tables import as_stored

Fills = Literal["free", "limited"]
"""``free``: a plan may place anything, what it takes to fill is told. ``limited``: filling starts from what
the base's appliances hold, costs, and is limited to one window."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What a plan is made from, and what a scenario changes; `dataclasses.replace` makes changed ones."""

    topology: Topology
    catalog: Catalog
    demand: Demand


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A plan that was read, as the start of what-ifs.

    Parameters
    ----------
    folder : Path
    plan : PlanJson
        The plan's own figures.
    inputs : Inputs
        What it was made from.
    holdings : Holdings
        What appliances hold once it is carried out.
    fills : {"free", "limited"}
        Whether filling counts in `instance` and in all that is rebuilt from this base.
    instance : Instance
        The problem of `inputs`; with ``limited`` fills, appliances hold what the plan wants.
    placement, serving, prices : Placement, Serving, Prices
        What pools hold, the best serving of that, and the plan's prices.
    verdict : Verdict
        The judge's figures of placement and serving; its bound is None: `plan` has the certificate.
    price_table : Columns
        The plan's ``prices.parquet``, by name.
    warnings : tuple of str
        Of building `instance`.
    """

    folder: Path
    plan: PlanJson
    inputs: Inputs
    holdings: Holdings
    fills: Fills
    instance: Instance
    placement: Placement
    serving: Serving
    prices: Prices
    verdict: Verdict
    price_table: Columns
    warnings: tuple[str, ...]

    def answer(self) -> Answer:
        """The base itself as an answer to no change."""
        return Answer(self.instance, self.placement, self.serving, self.verdict)


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """The problem of changed inputs.

    Parameters
    ----------
    inputs : Inputs
    instance : Instance
    holdings : Holdings
        What appliances that are left hold before anything is filled.
    warnings : tuple of str
    """

    inputs: Inputs
    instance: Instance
    holdings: Holdings
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A placement with its serving under changed inputs, judged.

    Parameters
    ----------
    instance : Instance
        What the verdict is about.
    placement, serving : Placement, Serving
    verdict : Verdict
        Its bound is a number only where a plan was made.
    prices : Prices or None
        Those that prove the bound.
    outcome : Outcome or None
        Of the engine.
    """

    instance: Instance
    placement: Placement
    serving: Serving
    verdict: Verdict
    prices: Prices | None = None
    outcome: Outcome | None = None


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
    topology = attempt(problems, lambda: read_topology(folder / TOPOLOGY))
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
    placed, priced = read_decisions(folder)
    holdings = planned_holdings(placed)
    chosen: Fills = fills if fills is not None else "limited" if plan.fill_counted else "free"
    instance, warnings = _build(inputs, holdings, chosen)
    holds = (held_copies(holdings, instance) > 0) & (instance.copies > 0)
    placement = Placement(np.asarray(holds))
    serving = best_serving(instance, placement.holds).serving
    return Base(
        folder=folder,
        plan=plan,
        inputs=inputs,
        holdings=holdings,
        fills=chosen,
        instance=instance,
        placement=placement,
        serving=serving,
        prices=prices_for(priced, instance),
        verdict=_judged(instance, placement, serving),
        price_table=priced,
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
        By pool, numbers of appliances that are gone with all they held; those that are left are numbered
        anew. `inputs` counts them no more. Of pools that shrank and are not named here, the last appliances
        are gone.

    Returns
    -------
    Changed

    Raises
    ------
    InputError
        Rules that no plan can keep.
    """
    holdings = base.holdings if not lost else _without(base.holdings, lost)
    instance, warnings = _build(inputs, holdings, base.fills)
    return Changed(inputs, instance, holdings, tuple(warnings))


def at_once(changed: Changed) -> Answer:
    """Answer with the placement as it is: nothing is filled, serving is re-steered at least cost.

    Parameters
    ----------
    changed : Changed

    Returns
    -------
    Answer
        Its instance asks of each pool only the copies that are there, so a pool serves what it has one
        copy of. Limits on storage and rules that the placement breaks are among the verdict's violations.
    """
    instance = changed.instance
    there = held_copies(changed.holdings, instance)
    there[instance.copies == 0] = 0
    holds = there > 0
    copies = np.where(holds, np.minimum(instance.copies, there), instance.copies)
    as_it_is = replace(instance, copies=copies, held=there)
    placement = Placement(holds)
    serving = best_serving(as_it_is, holds).serving
    return Answer(as_it_is, placement, serving, _judged(as_it_is, placement, serving))


def replan(
    base: Base,
    changed: Changed,
    *,
    engine: EngineName = "auto",
    stop: Stop | None = None,
    threads: int = 1,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Answer:
    """Plan anew, from the base's prices and placement.

    Parameters
    ----------
    base : Base
    changed : Changed
    engine, stop, threads, seed, progress
        As for `cdnplan.optimize.engine.solve`.

    Returns
    -------
    Answer
        With the judge's certificate: no plan for the changed inputs costs less than its bound. Pools are not
        split onto appliances.

    Raises
    ------
    NoFeasiblePlanError
        No plan keeps the rules.
    DeadlineError
        The time limit passed, or an end was asked for, before there was any plan.
    """
    instance = changed.instance
    start = start_with(base.price_table, base.holdings, instance)
    outcome = solve(instance, engine, stop=stop, threads=threads, seed=seed, progress=progress, start=start)
    prices = as_stored(outcome.prices)
    verdict = _judged(instance, outcome.placement, outcome.serving, prices)
    return Answer(instance, outcome.placement, outcome.serving, verdict, prices, outcome)


def fill_gb(changed: Changed, placement: Placement) -> Floats:
    """Bytes to fetch to get from what appliances hold to a placement, (n_pools,) [GB].

    Parameters
    ----------
    changed : Changed
    placement : Placement
        For the changed problem; nothing moves between the appliances of a pool.
    """
    instance = changed.instance
    there = held_copies(changed.holdings, instance)
    total = np.zeros(instance.n_pools)
    for p in range(instance.n_pools):  # pool by pool: no table of numbers as large as the placement is needed
        files = np.flatnonzero(placement.holds[p])
        missing = np.maximum(0, instance.copies[p, files].astype(np.int64) - there[p, files])
        total[p] = float((instance.size_gb[files] * missing).sum())
    return total


def _build(inputs: Inputs, holdings: Holdings, fills: Fills) -> tuple[Instance, list[str]]:
    """The instance; with free fills, appliances hold what any plan wants: nothing of it counts."""
    if fills == "limited":
        return build_instance(inputs.topology, inputs.catalog, inputs.demand, holdings)
    policy = replace(inputs.topology.policy, cold_start="free")
    topology = replace(inputs.topology, policy=policy)
    return build_instance(topology, inputs.catalog, inputs.demand)


def _judged(
    instance: Instance, placement: Placement, serving: Serving, prices: Prices | None = None
) -> Verdict:
    served, origin = serving.candidate_gb(instance), serving.origin_gb(instance)
    return evaluate(instance, placement, served, origin, prices)


def _without(holdings: Holdings, lost: Mapping[str, frozenset[int]]) -> Holdings:
    """Take appliances out; those behind them in their pool move up."""
    number: npt.NDArray[np.int32] = holdings.appliance.copy()
    keep = np.ones(number.size, dtype=np.bool_)
    for i, name in enumerate(holdings.pools):
        gone = sorted(lost.get(name, ()))
        if not gone:
            continue
        rows = np.arange(*np.searchsorted(holdings.pool, [i, i + 1]))
        keep[rows] = ~np.isin(holdings.appliance[rows], gone)
        number[rows] -= np.searchsorted(gone, holdings.appliance[rows]).astype(np.int32)
    return Holdings(holdings.pools, holdings.files, holdings.pool[keep], number[keep], holdings.file[keep])
