"""Copies at the begin of a night: what stays, comes and goes, and what it is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.loads.copies import Copies
from cdnplan.fill.loads.count_kernels import count
from cdnplan.fill.loads.values import file_values
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.plan.sorted_numbers import contains
from cdnplan.planner.decide.dealing import Dealt, required_files

Bools = npt.NDArray[np.bool_]


def held_copies(instance: Instance, assignment: Assignment, holdings: Holdings | None) -> Ints:
    """List copies held before by appliances and of files that are known.

    Parameters
    ----------
    instance : Instance
    assignment : Assignment
        Numbers the appliances.
    holdings : Holdings or None

    Returns
    -------
    (n_held,) int64
        ``appliance * n_files + file``, increasing.
    """
    if holdings is None or holdings.pool.size == 0:
        return np.zeros(0, dtype=np.int64)
    pool, file = holdings.numbers(instance.pools, instance.files)
    known = (pool >= 0) & (file >= 0) & (holdings.appliance <= np.append(instance.pool_appliances, 0)[pool])
    appliance = assignment.appliance_ptr[pool[known]] + holdings.appliance[known] - 1
    return np.sort(appliance * instance.n_files + file[known], kind="stable")


def night_copies(
    instance: Instance, counted: Instance, dealt: Dealt, pool: Ints, held: Ints
) -> tuple[Copies, Copies, Copies]:
    """List copies that are kept, wanted and leaving, with what they are worth.

    Parameters
    ----------
    instance, counted : Instance
        With the copies asked for, and with those dealt where these are more.
    dealt : Dealt
    pool : (n_appliances,) int64
        Pool of each appliance.
    held : (n_held,) int64
        From `held_copies`.

    Returns
    -------
    kept, wanted, leaving : Copies
    """
    assignment, n_files = dealt.assignment, instance.n_files
    appliance = assignment.appliance_ptr[assignment.pool] + assignment.appliance - 1
    now = appliance * n_files + assignment.file
    gone = held[~contains(now, held)]
    del now
    gone_appliance, gone_file = gone // n_files, gone % n_files
    more = np.zeros_like(dealt.placement.holds)
    more[pool[gone_appliance], gone_file] = True
    more &= ~dealt.placement.holds & (instance.copies > 0)
    value = file_values(instance, dealt.placement, dealt.serving, more)
    required = required_files(instance)

    def copies(at: Ints, file: Ints) -> Copies:
        # A pool holds a file with all its copies: whichever of these fails to come, it loses the whole file.
        cell = pool[at] * n_files + file
        shared = np.maximum(1, counts(cell, value.size)[cell])
        return Copies(at, file, value.reshape(-1)[cell] / shared, required.reshape(-1)[cell])

    stays, comes = np.flatnonzero(assignment.kept), np.flatnonzero(~assignment.kept)
    kept = copies(appliance[stays], assignment.file[stays].astype(np.int64))
    wanted = copies(appliance[comes], assignment.file[comes].astype(np.int64))
    if counted is not instance:
        wanted = _worth_what_is_asked(instance, pool, kept, wanted)
    return kept, wanted, copies(gone_appliance, gone_file)


def _worth_what_is_asked(asked: Instance, pool: Ints, kept: Copies, wanted: Copies) -> Copies:
    """Copies to fetch with their worth: nothing where the pool has those asked for without them."""
    n_files, copies = asked.n_files, asked.copies.reshape(-1)
    cell = pool[wanted.appliance] * n_files + wanted.file
    have = counts(pool[kept.appliance] * n_files + kept.file, copies.size)
    missing = np.maximum(0, copies.astype(np.int16) - have)
    needed = first_of_cells(cell, missing)
    total = counts(cell, copies.size)[cell]
    share = np.where(needed, total / np.maximum(1, np.minimum(total, missing[cell])), 0.0)
    return replace(wanted, value=wanted.value * share, required=wanted.required & needed)


def counts(cell: Ints, cells: int) -> npt.NDArray[np.int16]:
    """Count how often each cell occurs; there are many cells, and few copies in each."""
    found = np.zeros(cells, dtype=np.int16)
    count(found, cell)
    return found


def first_of_cells(cell: Ints, most: npt.NDArray[np.int16]) -> Bools:
    """Mark the first entries of each cell, as many as `most` says."""
    order = np.argsort(cell, kind="stable")
    sorted_cell = cell[order]
    rank = np.arange(cell.size) - np.searchsorted(sorted_cell, sorted_cell)
    chosen = np.zeros(cell.size, dtype=np.bool_)
    chosen[order] = rank < most[sorted_cell]
    return chosen
