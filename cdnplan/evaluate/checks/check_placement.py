"""Check `placement.parquet`: rows against network, catalogue and earlier holdings; copies; what is stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.assignment import Assignment, Fleet
from cdnplan.evaluate.count.limits import exceeds
from cdnplan.evaluate.verdict.report import TOLERANCE, Check, Ledger
from cdnplan.inputs.plans.plan_folder import ACTIONS, ADD, EVICT, PLACEMENT
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.plan.copies import with_copies
from cdnplan.model.plan.placement import Placement
from cdnplan.model.plan.sorted_numbers import contains


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The table's rows as numbers, -1 where a name is not known; `key` is one per (appliance, file).

    `order` lists the rows whose key is known by increasing key.
    """

    table: Columns
    appliance: Ints
    file: Ints
    action: Ints
    key: Ints
    order: Ints

    def failure(
        self, row: int, check: str, detail: str, claimed: float | str, found: float | None = None
    ) -> Check:
        """Say what is wrong with a row."""
        key = f"{self.table.texts['file'].at(row)} on {self.table.texts['appliance'].at(row)}"
        return Check(check, False, PLACEMENT, row + 1, key, claimed, found, detail)


def check_placement(
    fleet: Fleet, table: Columns, holdings: Holdings | None, ledger: Ledger
) -> tuple[Placement, Assignment]:
    """Check every row and every set of copies, and rebuild the placement.

    Parameters
    ----------
    fleet : Fleet
    table : Columns
        `placement.parquet`.
    holdings : Holdings or None
        What appliances held before; None: nothing.
    ledger : Ledger
        Takes the checks.

    Returns
    -------
    placement : Placement
    assignment : Assignment
        Both without the rows that are wrong; the instance of its fleet counts the copies that there are,
        where these are more than are asked for.

    Raises
    ------
    InputError
        A name is not that of an appliance.
    """
    rows = _rows(fleet, table)
    _check_names(rows, holdings, ledger)
    _check_twice(rows, ledger)
    _check_sizes(fleet, rows, ledger)
    _check_actions(fleet, rows, fleet.held(holdings), ledger)
    keeps = rows.order[rows.action[rows.order] != ACTIONS.index(EVICT)]
    keeps = keeps[np.append(True, np.diff(rows.key[keeps]) > 0)[: keeps.size]]
    appliance, file = fleet.unkey(rows.key[keeps])
    count = _counts(fleet, appliance, file)
    _check_copies(fleet.instance, count, appliance.size, ledger)
    counted = Fleet.of(with_copies(fleet.instance, count))
    assignment = Assignment(counted, appliance, file, rows.action[keeps] == ACTIONS.index(ADD))
    _check_volumes(assignment, ledger)
    return Placement(count > 0), assignment


def _rows(fleet: Fleet, table: Columns) -> _Rows:
    appliance = fleet.read(table)
    file = table.texts["file"].positions({name: i for i, name in enumerate(fleet.instance.files)})
    action = table.texts["action"].positions({name: i for i, name in enumerate(ACTIONS)})
    key = fleet.keys(appliance, file)
    order = np.argsort(key, kind="stable")
    return _Rows(table, appliance, file, action, key, order[np.searchsorted(key[order], 0) :])


def _check_names(rows: _Rows, holdings: Holdings | None, ledger: Ledger) -> None:
    """Check names; what the network no longer knows may still be evicted by those who hold it."""
    texts = rows.table.texts
    evict = rows.action == ACTIONS.index(EVICT)
    known_files = dict.fromkeys(holdings.files, 0) if holdings is not None else {}
    known_pools = set(holdings.pools) if holdings is not None else set()
    names = texts["appliance"].names
    leaves = texts["appliance"].positions({n: 0 for n in names if n.rpartition("/")[0] in known_pools}) == 0
    expired = texts["file"].positions(known_files) == 0
    ledger.rows(
        "known action",
        PLACEMENT,
        np.flatnonzero(rows.action < 0),
        lambda i: rows.failure(i, "known action", f"known: {', '.join(ACTIONS)}", texts["action"].at(i)),
    )
    ledger.rows(
        "known appliance",
        PLACEMENT,
        np.flatnonzero((rows.appliance < 0) & ~(evict & leaves)),
        lambda i: rows.failure(i, "known appliance", "the network has none", texts["appliance"].at(i)),
    )
    ledger.rows(
        "known file",
        PLACEMENT,
        np.flatnonzero((rows.file < 0) & ~(evict & expired)),
        lambda i: rows.failure(i, "known file", "not in the catalogue", texts["file"].at(i)),
        f"{rows.table.n_rows:,} rows",
    )


def _check_twice(rows: _Rows, ledger: Ledger) -> None:
    """Copies of a file are on different appliances: no appliance has it twice."""
    twice = rows.order[1:][np.diff(rows.key[rows.order]) == 0]
    names = rows.table.texts["file"]
    ledger.rows(
        "one row per appliance and file",
        PLACEMENT,
        twice,
        lambda i: rows.failure(i, "one row per appliance and file", "in another row, too", names.at(i)),
    )


def _check_sizes(fleet: Fleet, rows: _Rows, ledger: Ledger) -> None:
    claimed = rows.table.values["size_gb"]
    known = rows.file >= 0
    size = np.zeros(rows.file.size)
    size[known] = fleet.instance.size_gb[rows.file[known]]
    wrong = known & ~(np.abs(claimed - size) <= TOLERANCE * size)
    ledger.rows(
        "size_gb",
        PLACEMENT,
        np.flatnonzero(wrong),
        lambda i: rows.failure(i, "size_gb", "", float(claimed[i]), float(size[i])),
    )


def _check_actions(fleet: Fleet, rows: _Rows, before: Ints, ledger: Ledger) -> None:
    """Keep and evict speak of copies that are there, add of copies that are not; none is forgotten."""
    there = contains(before, rows.key)
    wrong = (rows.key >= 0) & (rows.action >= 0) & (there == (rows.action == ACTIONS.index(ADD)))
    ledger.rows(
        "action",
        PLACEMENT,
        np.flatnonzero(wrong),
        lambda i: rows.failure(
            i, "action", "it is there already" if there[i] else "it was not there", ACTIONS[rows.action[i]]
        ),
        f"{before.size:,} copies held before",
    )
    forgotten = before[~contains(rows.key[rows.order], before)]

    def failure(i: int) -> Check:
        appliance, file = fleet.unkey(forgotten[i : i + 1])
        key = f"{fleet.instance.files[int(file[0])]} on {fleet.name(int(appliance[0]))}"
        return Check("every copy held before", False, PLACEMENT, key=key, detail="neither kept nor evicted")

    ledger.rows("every copy held before", PLACEMENT, np.arange(forgotten.size), failure)


def _counts(fleet: Fleet, appliance: Ints, file: Ints) -> npt.NDArray[np.uint16]:
    """Copies that each pool has of each file, (n_pools, n_files)."""
    count = np.zeros((fleet.instance.n_pools, fleet.instance.n_files), dtype=np.uint16)
    np.add.at(count, (fleet.pools()[appliance], file), 1)
    return count


def _check_copies(instance: Instance, count: npt.NDArray[np.uint16], n_copies: int, ledger: Ledger) -> None:
    """A pool that holds a file holds at least the copies it needs."""
    # Where no copies are allowed at all, the ban is what is broken.
    wrong = np.argwhere((count > 0) & (count < instance.copies))

    def failure(i: int) -> Check:
        p, f = wrong[i]
        key = f"{instance.files[f]} at {instance.pools[p]}"
        return Check("copies", False, PLACEMENT, None, key, float(count[p, f]), float(instance.copies[p, f]))

    ledger.rows("copies", PLACEMENT, np.arange(len(wrong)), failure, f"{n_copies:,} copies")


def _check_volumes(assignment: Assignment, ledger: Ledger) -> None:
    """Each appliance within its storage; bytes really added within the fill window of their pool."""
    fleet, instance = assignment.fleet, assignment.fleet.instance
    stored, added = assignment.stored_gb(), assignment.added_gb()
    allowed = np.repeat(instance.appliance_storage_gb, instance.pool_appliances)
    window_gb = instance.appliance_window_gb * instance.pool_appliances

    def over_storage(a: int) -> Check:
        detail = f"{allowed[a]:.9g} GB allowed"
        return Check(
            "appliance storage", False, PLACEMENT, key=fleet.name(a), found=float(stored[a]), detail=detail
        )

    def over_window(p: int) -> Check:
        detail = f"{window_gb[p]:.9g} GB allowed in a fill window"
        return Check("bytes to add", False, PLACEMENT, None, instance.pools[p], None, float(added[p]), detail)

    late: npt.NDArray[np.bool_] = exceeds(added, window_gb)
    full = np.flatnonzero(exceeds(stored, allowed))
    ledger.rows("appliance storage", PLACEMENT, full, over_storage, f"{fleet.size:,} appliances")
    ledger.rows("bytes to add", PLACEMENT, np.flatnonzero(late), over_window, f"{added.sum():,.0f} GB")
