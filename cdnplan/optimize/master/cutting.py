"""Cuts: what a pool cannot hold whole, though it could in part, and prices of that.

A mixture of columns fills pools to the last byte with parts of files. Where whole files leave no room for
all that is there in part, a lifted cover says so (`cut_kernels`): a sum over files of the pool that the
mixture exceeds and no plan does. Such sums enter the master program as limits of their own. Their prices
are charges for holding a file in a pool, so files' problems stay what they are, and the bound rises.

Likewise where appliances have no room for two files: each holds one copy at most of files of which no two
fit together, so a pool has a copy of all of them for each appliance at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.cut_kernels import lifted_cover
from cdnplan.optimize.master.few_files import FewFiles, improve_few_files, nearest
from cdnplan.optimize.master.file_columns import Columns, with_cuts
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.outcome import GOOD_GAP_RATIO
from cdnplan.optimize.problem.rules import possible_copies
from cdnplan.parameters.parameters import DEFAULTS, Parameters

Bools = npt.NDArray[np.bool_]

WHOLE = 1e-6
"""Shares so near to 0 or 1 are not mixed."""
ROOM_RATIO, ROOM_GB = 1.1e-6, 2e-9
"""Plans may pass a limit by as much as their judge lets them; cuts hold for a little more."""


def held_parts(found: FewFiles, n_files: int) -> Floats:
    """How much of each file each pool holds in a mixture, (n_files, n_pools)."""
    part = np.zeros((n_files, found.columns.holds.shape[1]))
    np.add.at(part, found.columns.file, found.share[:, None] * found.columns.holds)
    return part


def find_cuts(
    instance: Instance, part: Floats, *, appliances: bool, violated: float = DEFAULTS.cuts.violated
) -> Cuts:
    """Look for sums that a mixture exceeds and no plan does.

    Parameters
    ----------
    instance : Instance
    part : (n_files, n_pools) float64
        How much of each file each pool holds.
    appliances : bool
        Whether plans that appliances have no room for are none.
    violated : float
        By how much sums are to be exceeded.

    Returns
    -------
    Cuts
        Perhaps none.
    """
    copies = possible_copies(instance).astype(np.float64)
    found: list[Cuts] = [Cuts.none()]
    for pool in range(instance.n_pools):
        share = np.clip(part[:, pool], 0.0, 1.0)
        weight = copies[pool] * instance.size_gb
        seen: set[bytes] = set()
        for one in _covers(pool, weight, share, _room(instance.storage_gb[pool]), violated):
            if one.file.tobytes() + one.weight.tobytes() not in seen:
                seen.add(one.file.tobytes() + one.weight.tobytes())
                found.append(one)
        if appliances:
            found += _sharing(instance, pool, copies[pool], share, violated)
    return Cuts.joined(*found)


def _room(limit: float) -> float:
    """What may be used of a limit."""
    return float(limit) * (1.0 + ROOM_RATIO) + ROOM_GB


def _covers(pool: int, weight: Floats, share: Floats, room: float, violated: float) -> Iterator[Cuts]:
    """Lifted covers that shares exceed, from several orders of the mixed files."""
    able, whole = weight > 0.0, share >= 1.0 - WHOLE
    # Where files held whole are too much already, the cover is among them.
    among = able & (share > WHOLE) & (~whole | (weight[whole].sum() > room))
    mixed, rest = np.flatnonzero(among), np.flatnonzero(able & ~among)
    rest = rest[np.lexsort((-weight[rest], ~whole[rest]))]
    lacking = 1.0 - share[mixed]
    for key in (lacking, lacking / weight[mixed], -weight[mixed], weight[mixed]):
        worth = np.zeros(weight.size, dtype=np.int64)
        order = mixed[np.argsort(key, kind="stable")]
        limit = int(lifted_cover(weight, share, room, order, rest, worth))
        if limit >= 0 and worth @ share > limit + violated:
            files = np.flatnonzero(worth)
            yield Cuts.one(pool, limit, files, worth[files])


def _sharing(instance: Instance, pool: int, copies: Floats, share: Floats, violated: float) -> list[Cuts]:
    """Cuts of files of which no two fit onto one appliance: those larger than what each file leaves of it."""
    room = _room(instance.appliance_storage_gb[pool])
    appliances = float(instance.pool_appliances[pool])
    held = (share > WHOLE) & (copies > 0.0)
    found: list[Cuts] = []
    for file in np.flatnonzero(held & (instance.size_gb * 2.0 <= room)):
        apart = (instance.size_gb > room - instance.size_gb[file]) & (copies > 0.0)
        if not (apart & held).any():
            continue
        apart[file] = True
        found += _covers(pool, np.where(apart, copies, 0.0), share, appliances, violated)
    large = np.where(instance.size_gb * 2.0 > room, copies, 0.0)
    if (held & (large > 0.0)).any():
        found += _covers(pool, large, share, appliances, violated)
    return found


def add_cuts(
    solver: FileSolver,
    found: FewFiles,
    incumbent: Bools,
    upper: float,
    ideal: float,
    wanted_gap: float,
    expired: Callable[[], bool],
    find: Callable[[Floats], Cuts],
    parameters: Parameters = DEFAULTS,
) -> Iterator[FewFiles]:
    """Find cuts, solve the master program with them, and so on.

    Parameters
    ----------
    solver : FileSolver
    found : FewFiles
        The last master.
    incumbent : (n_pools, n_files) bool
        A placement that keeps every rule.
    upper, ideal : float
        Cost of the best plan, and see `ideal_cost` [currency].
    wanted_gap : float
        A bound within this `gap_ratio` of the best plan is enough.
    expired : callable
        Ends the rounds early once it returns True.
    find : callable
        See `find_cuts`.
    parameters : Parameters

    Yields
    ------
    FewFiles
        After each round; bounds need not rise.
    """
    instance, numbers = solver.instance, parameters.cuts
    good = GOOD_GAP_RATIO * (upper - ideal)
    values, best, patience = [found.mixture], found.bound, numbers.patience
    for _ in range(numbers.rounds):
        if expired():
            return
        more = find(held_parts(found, instance.n_files))
        if not more.n_cuts:
            return
        keep = nearest(LimitVector.of(instance, found.cuts), found, numbers.columns, upper - found.bound)
        other, limits, prices, columns = begin_with(solver, found, keep, more)
        rounds = improve_few_files(
            other,
            limits,
            prices,
            incumbent,
            upper - ideal,
            expired,
            [columns],
            rough=False,
            parameters=parameters.master,
        )
        for last in rounds:
            if last.mixture - last.bound <= numbers.near_enough * good:
                break
        found, best = last, max(best, last.bound)
        yield found
        values.append(found.mixture)
        late = len(values) > patience and values[-1] - values[-1 - patience] < numbers.progress * good
        if late or upper - best <= wanted_gap * (upper - ideal):
            return


def begin_with(
    solver: FileSolver, found: FewFiles, keep: Bools, more: Cuts
) -> tuple[FileSolver, LimitVector, Prices, Columns]:
    """Where a master program with further cuts begins; cuts without a price are left out.

    Parameters
    ----------
    solver : FileSolver
    found : FewFiles
        The last master.
    keep : (n_columns,) bool
        Its columns to begin with.
    more : Cuts

    Returns
    -------
    solver, limits, prices, columns : FileSolver, LimitVector, Prices, Columns
        That know the cuts.
    """
    paid = np.flatnonzero(found.prices.cut > 0.0)
    cuts = Cuts.joined(found.cuts.take(paid), more)
    prices = replace(found.prices, cut=np.append(found.prices.cut[paid], np.zeros(more.n_cuts)))
    limits = LimitVector.of(solver.instance, cuts)
    columns = found.columns.take(keep)
    columns = with_cuts(replace(columns, use=columns.use[:, : limits.n_own]), cuts)
    return FileSolver.of(solver.instance, solver.columns, cuts), limits, prices, columns
