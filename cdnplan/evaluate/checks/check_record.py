"""Check what `plan.json` says about appliances, warnings and inputs."""

from __future__ import annotations

import numpy as np

from cdnplan.evaluate.count.assignment import Assignment
from cdnplan.evaluate.count.loads import pool_gbps
from cdnplan.evaluate.verdict.report import Check, Ledger
from cdnplan.inputs.plans.plan_json import PLAN_JSON, PlanJson
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.instance.rule_checks import ban_warnings, size_warnings
from cdnplan.model.network.topology import Topology

BUSY_RATIO = 0.1
"""Pools whose mean is below this part of an appliance's throughput are left out of how even pools are."""


def check_record(
    assignment: Assignment,
    asked: Instance,
    topology: Topology,
    holdings: Holdings | None,
    appliances: Columns,
    served_gb: Floats,
    plan: PlanJson,
    ledger: Ledger,
) -> None:
    """Check what can be found out again of the parts of `plan.json` that are for people.

    Parameters
    ----------
    assignment : Assignment
        The copies of `placement.parquet`.
    asked : Instance
        The problem as the inputs pose it: what they warn of does not depend on copies beyond those asked for.
    topology : Topology
    holdings : Holdings or None
        What appliances held before.
    appliances : Columns
        `appliances.parquet`.
    served_gb : (n_cand,) float64
        The volumes of `serving.parquet` [GB].
    plan : PlanJson
    ledger : Ledger
        Takes the checks.

    Raises
    ------
    InputError
        A name is not that of an appliance.
    """
    busiest = _busiest_over_mean(assignment, appliances, served_gb)
    ledger.number(
        PLAN_JSON,
        "appliances.busiest_over_mean_ratio",
        plan.appliances["busiest_over_mean_ratio"],
        busiest,
        scale=1.0,
    )
    moved = _moved_gb(assignment, holdings)
    scale = float(assignment.stored_gb().sum())
    ledger.number(
        PLAN_JSON,
        "appliances.moved_within_pools_gb",
        plan.appliances["moved_within_pools_gb"],
        moved,
        scale=scale,
    )
    _check_warnings(asked, topology, plan, ledger)
    _check_previous(holdings, plan, ledger)


def _busiest_over_mean(assignment: Assignment, table: Columns, served_gb: Floats) -> float:
    """The most that a busiest appliance carries in relation to its pool's mean, of pools that are busy."""
    fleet, instance = assignment.fleet, assignment.fleet.instance
    appliance = fleet.read(table)
    known = np.flatnonzero(appliance >= 0)
    peak = np.zeros(instance.n_pools)
    np.maximum.at(peak, fleet.pools()[appliance[known]], table.values["peak_gbps"][known])
    mean = pool_gbps(instance, served_gb).max(axis=1, initial=0.0) / instance.pool_appliances
    told = (mean > 0) & (mean >= BUSY_RATIO * instance.appliance_throughput_gbps)
    return float((peak[told] / mean[told]).max(initial=1.0))


def _moved_gb(assignment: Assignment, holdings: Holdings | None) -> float:
    """GB fetched by one appliance although another one of its pool had the copy."""
    fleet, instance = assignment.fleet, assignment.fleet.instance
    appliance, file = fleet.unkey(fleet.held(holdings))
    shape = (instance.n_pools, instance.n_files)
    had, wanted, kept = (np.zeros(shape, dtype=np.int16) for _ in range(3))
    np.add.at(had, (fleet.pools()[appliance], file), 1)
    np.add.at(wanted, (assignment.pool(), assignment.file), 1)
    stays = ~assignment.added
    np.add.at(kept, (assignment.pool()[stays], assignment.file[stays]), 1)
    moved = np.minimum(had, wanted) - kept
    return float((moved.sum(axis=0) * instance.size_gb).sum())


def _check_warnings(instance: Instance, topology: Topology, plan: PlanJson, ledger: Ledger) -> None:
    """What follows from the inputs in the folder and is worth a warning is among the warnings."""
    regions = sorted(topology.regions, key=lambda region: region.name)
    due = ban_warnings(topology, regions, instance) + size_warnings(instance, instance.file_gb())
    missing = [text for text in due if text not in plan.warnings]
    ledger.rows(
        "warning",
        PLAN_JSON,
        range(len(missing)),
        lambda i: Check("warning", False, PLAN_JSON, key="warnings", detail=f"not given: {missing[i]}"),
        f"{len(due)} follow from the inputs",
    )


def _check_previous(holdings: Holdings | None, plan: PlanJson, ledger: Ledger) -> None:
    """A previous plan or a table of the field is named as an input where there are holdings, only there."""
    ledger.checks.append(
        Check(
            "previous plan",
            ok=bool({"previous", "holdings"} & plan.input_hashes.keys()) == (holdings is not None),
            file=PLAN_JSON,
            key="input_hashes.previous",
            detail="what appliances held is " + ("told" if holdings is not None else "not told"),
        )
    )
