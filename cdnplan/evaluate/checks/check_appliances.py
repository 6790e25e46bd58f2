"""Check `appliances.parquet`: totals and limits of every appliance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.count.appliance_rates import ApplianceRates, appliance_rates
from cdnplan.evaluate.count.assignment import Assignment, Fleet
from cdnplan.evaluate.count.limits import exceeds
from cdnplan.evaluate.count.loads import pool_gbps
from cdnplan.evaluate.count.rate_program import overloaded_together
from cdnplan.evaluate.verdict.report import TOLERANCE, Check, Ledger
from cdnplan.inputs.plans.plan_folder import APPLIANCES
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.instance import Floats, Instance, Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Listed:
    """The table by appliance: its row, -1 where it has none, and its claimed peak [Gbit/s]."""

    table: Columns
    row: Ints
    peak: Floats

    def failure(self, appliance: int, check: str, detail: str, found: float | None = None) -> Check:
        """Say what is wrong with an appliance's peak."""
        row = int(self.row[appliance])
        name = self.table.texts["appliance"].at(row)
        return Check(check, False, APPLIANCES, row + 1, name, float(self.peak[appliance]), found, detail)


def check_appliances(
    assignment: Assignment, table: Columns, served_gb: Floats, own_slice: bool, ledger: Ledger
) -> None:
    """Check that every appliance is listed once, with what it stores, serves and may.

    Parameters
    ----------
    assignment : Assignment
        The copies of `placement.parquet`.
    table : Columns
        `appliances.parquet`.
    served_gb : (n_cand,) float64
        The volumes of `serving.parquet` [GB].
    own_slice : bool
        Whether an appliance's peak is that of its own busiest slice; in plans without a night it is that of
        the slice in which its pool is busiest.
    ledger : Ledger
        Takes the checks.

    Raises
    ------
    InputError
        A name is not that of an appliance.
    """
    fleet = assignment.fleet
    appliance = _check_listed(fleet, table, ledger)
    known = np.flatnonzero(appliance >= 0)
    _check_columns(assignment, table, appliance, ledger)
    row = np.full(fleet.size, -1, dtype=np.int64)
    row[appliance[known]] = known
    peak = np.zeros(fleet.size)
    peak[appliance[known]] = table.values["peak_gbps"][known]
    listed = _Listed(table, row, peak)
    allowed = np.repeat(fleet.instance.appliance_throughput_gbps, fleet.instance.pool_appliances)
    ledger.rows(
        "appliance throughput",
        APPLIANCES,
        np.flatnonzero(exceeds(peak, allowed)),
        lambda a: listed.failure(a, "appliance throughput", f"{allowed[a]:.9g} Gbps allowed"),
    )
    _check_peaks(assignment, listed, served_gb, own_slice, ledger)


def _check_listed(fleet: Fleet, table: Columns, ledger: Ledger) -> Ints:
    """Check names; gives the appliance of each row, -1 where there is no such or it came before."""
    appliance = fleet.read(table)
    texts = table.texts
    pool = np.append(fleet.pools(), -1)[appliance]
    claimed = texts["pool"].positions({name: i for i, name in enumerate(fleet.instance.pools)})
    first = np.zeros(table.n_rows, dtype=bool)
    first[np.unique(appliance, return_index=True)[1]] = True
    missing = np.setdiff1d(np.arange(fleet.size), appliance)

    def failure(check: str, i: int, detail: str) -> Check:
        return Check(
            check, False, APPLIANCES, i + 1, texts["appliance"].at(i), texts["pool"].at(i), None, detail
        )

    ledger.rows(
        "known appliance",
        APPLIANCES,
        np.flatnonzero(appliance < 0),
        lambda i: failure("known appliance", i, "the network has none"),
    )
    ledger.rows(
        "pool",
        APPLIANCES,
        np.flatnonzero((appliance >= 0) & (claimed != pool)),
        lambda i: failure("pool", i, "another"),
    )
    ledger.rows(
        "one row per appliance",
        APPLIANCES,
        np.flatnonzero(~first & (appliance >= 0)),
        lambda i: failure("one row per appliance", i, "in another row, too"),
    )
    ledger.rows(
        "every appliance",
        APPLIANCES,
        missing,
        lambda a: Check("every appliance", False, APPLIANCES, key=fleet.name(a), detail="no row"),
        f"{fleet.size:,} appliances",
    )
    return np.where(first, appliance, -1)


def _check_columns(assignment: Assignment, table: Columns, appliance: Ints, ledger: Ledger) -> None:
    """Check what follows from placement and hardware alone."""
    instance = assignment.fleet.instance
    known = np.flatnonzero(appliance >= 0)
    for column, values in (
        ("storage_gb", assignment.stored_gb()),
        ("storage_limit_gb", np.repeat(instance.appliance_storage_gb, instance.pool_appliances)),
        ("throughput_limit_gbps", np.repeat(instance.appliance_throughput_gbps, instance.pool_appliances)),
    ):
        claimed, found = table.values[column][known], values[appliance[known]]
        wrong = np.flatnonzero(~(np.abs(claimed - found) <= TOLERANCE * found))

        def failure(i: int, column: str = column, claimed: Floats = claimed, found: Floats = found) -> Check:
            row = int(known[i])
            name = table.texts["appliance"].at(row)
            return Check(column, False, APPLIANCES, row + 1, name, float(claimed[i]), float(found[i]))

        ledger.rows(column, APPLIANCES, wrong, failure)


def _check_peaks(
    assignment: Assignment, listed: _Listed, served_gb: Floats, own_slice: bool, ledger: Ledger
) -> None:
    """Check that peaks are possible, one by one, together, and that those of a pool carry its load."""
    fleet, instance = assignment.fleet, assignment.fleet.instance
    load = pool_gbps(instance, served_gb)
    rates = appliance_rates(assignment, served_gb)
    pool, top = fleet.pools(), load.max(axis=1)
    limit = np.repeat(instance.appliance_throughput_gbps, instance.pool_appliances)
    _check_every_slice(fleet, rates, limit, ledger)
    least = rates.least.max(axis=1)
    if not own_slice:
        # Of slices that are equally busy to rounding, either may be the one the plan means.
        busiest = load >= top[:, None] * (1 - 1e-9)
        least = np.where(busiest[pool], rates.least, np.inf).min(axis=1)
    most = rates.most.max(axis=1)
    slack = TOLERANCE * top[pool]
    possible = (listed.peak >= least - slack) & (listed.peak <= most + slack)
    exact = np.count_nonzero(most - least <= slack)
    ledger.rows(
        "peak_gbps",
        APPLIANCES,
        np.flatnonzero((listed.row >= 0) & ~possible),
        lambda a: listed.failure(a, "peak_gbps", f"possible: {least[a]:.9g} to {most[a]:.9g} Gbps"),
        f"{exact:,} of {fleet.size:,} follow from the serving, the others are within what is possible",
    )
    _check_by_pool(instance, listed, pool, top, ledger)
    allowed = np.minimum(limit, listed.peak) if own_slice else limit
    _check_together(assignment, rates, np.where(possible, allowed, limit), ledger)


def _check_every_slice(fleet: Fleet, rates: ApplianceRates, limit: Floats, ledger: Ledger) -> None:
    """What an appliance serves at least is within its rate in every slice."""
    at = rates.least.argmax(axis=1)
    least = rates.least[np.arange(fleet.size), at]

    def failure(a: int) -> Check:
        detail = f"serves at least {least[a]:.9g} Gbps in slice {at[a]}, {limit[a]:.9g} allowed"
        return Check("appliance throughput", False, APPLIANCES, key=fleet.name(a), detail=detail)

    over = np.flatnonzero(exceeds(least, limit))
    ledger.rows("appliance throughput", APPLIANCES, over, failure, "in every slice")


def _check_by_pool(instance: Instance, listed: _Listed, pool: Ints, top: Floats, ledger: Ledger) -> None:
    """Peaks of a pool carry its load in its busiest slice."""
    together = np.zeros(instance.n_pools)
    np.add.at(together, pool, listed.peak)
    # With one slice all peaks fall together; with several, appliances may be busiest in different ones.
    most_together = top if instance.n_slices == 1 else np.full(top.size, np.inf)
    carried = ~exceeds(top, together) & ~exceeds(together, most_together)

    def astray(p: int) -> Check:
        name, detail = instance.pools[p], "of its appliances together"
        return Check("peak_gbps", False, APPLIANCES, None, name, float(together[p]), float(top[p]), detail)

    ledger.rows("peak_gbps by pool", APPLIANCES, np.flatnonzero(~carried), astray)


def _check_together(assignment: Assignment, rates: ApplianceRates, allowed: Floats, ledger: Ledger) -> None:
    """There is a serving with which no appliance passes its peak in any slice."""
    over = overloaded_together(assignment, rates, allowed)

    def failure(p: int) -> Check:
        detail = f"however files are served, one passes its peak by {over[p]:.9g} Gbps or more"
        name = assignment.fleet.instance.pools[p]
        return Check("peaks together", False, APPLIANCES, key=name, detail=detail)

    ledger.rows(
        "peaks together", APPLIANCES, list(over), failure, f"{len(rates.open):,} regions leave a choice"
    )
