"""What pools hold instead of files that no arrangement of their appliances has room for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment, Start, previous_copies
from cdnplan.fill.loads.room import new_room_gb
from cdnplan.fill.shelves.admission_kernels import admit
from cdnplan.fill.shelves.bench_kernels import BEFORE, HERE, empty_bench, recount
from cdnplan.fill.shelves.shelf_kernels import Shelf
from cdnplan.fill.shelves.trade_kernels import clear_fresh, stock, trade
from cdnplan.fill.shelves.trade_kernels import worth as total_worth
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.problem.priced import priced_costs

Bools = npt.NDArray[np.bool_]

SWEEPS = 5
"""Times at most that pools are bettered one after the other."""
MOST_PAIRS = 200_000
"""They are where they have so many pairs of pool and file together. Where there are more, the few files that
lost their place matter little, and each pool is bettered once."""
OTHER_PLACES = 3
"""Pools that are looked at anew for a file that lost its place."""
_ROUNDING = 1e-9
_MUST = 1e3
"""A file that a rule asks for is worth so many times all the others."""


_WORTH_MOVING = 1e-4
"""A pool is stocked anew where that makes it worth more by this part."""
_WORTH_ADMITTING = 1e-6
"""A file comes in at the cost of others where that makes the pool worth more by this part."""
_TRADED_UP_TO = 2_000
"""With up to so many files a pool is bettered by trade, from what there is and from an empty shelf: what is
free in pieces matters less the more files there are, and what time there is goes by worth per GB."""
MOST_NEWCOMERS = 500
"""Files that a pool does not hold and may take in: those worth most per GB."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Pools whose files all have a place.

    Parameters
    ----------
    holds : (n_pools, n_files) bool
    start : Start
        An arrangement of the pools that were changed.
    """

    holds: Bools
    start: Start


def fit_pools(
    instance: Instance,
    holds: Bools,
    assignment: Assignment,
    prices: Prices,
    required: Bools,
    holdings: Holdings | None = None,
) -> Fitted:
    """Give pools that had to drop files what is worth most instead, appliance by appliance.

    A pool that is full by its sum may have room in pieces only, and one whose window would do by its sum may
    have appliances that cannot fetch all that is to come. What a file saves in a pool is counted under
    the prices of throughput and links and given what all other pools hold; with that, each such pool is a
    multiple knapsack, bettered by local search from the arrangement that left something out: other files
    come in, or take the place of some. The pools follow one another, each knowing what those before hold
    now, and so do pools in which a file that was left out is worth most, again and again while that changes
    anything. No limit on volumes is passed; throughput is for the serving to keep.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
        What pools should hold; not changed.
    assignment : Assignment
        Of these holders, with files dropped.
    prices : Prices
        The engine's.
    required : (n_pools, n_files) bool
        Files that rules may ask for there: they never leave.
    holdings : Holdings or None
        What appliances hold now: they need no time for it.

    Returns
    -------
    Fitted
        It promises no optimum, but an arrangement without gaps that one newcomer could fill.
    """
    # A launch rule may be kept elsewhere; what it has here stays.
    must = instance.pinned | (required & holds)
    holds = holds.copy()
    holds[assignment.dropped_pool, assignment.dropped_file] = False
    cost, origin = np.split(priced_costs(instance, prices), [instance.cand_pool.size])
    before = previous_copies(instance, holdings or Holdings.empty())
    placed: dict[int, tuple[Ints, Ints]] = {}

    def fit(p: int) -> bool:
        if p not in placed:
            rows = assignment.rows(p)
            placed[p] = (assignment.appliance[rows].astype(np.int64), assignment.file[rows].astype(np.int64))
        value = file_values(instance, holds, p, cost, origin)
        mine = slice(before.ptr[p], before.ptr[p + 1])
        had = np.zeros((int(instance.pool_appliances[p]), instance.n_files), dtype=np.bool_)
        had[before.appliance[mine], before.file[mine]] = True
        placed[p] = _fit(instance, holds, p, placed[p], value, must[p], had)
        held = holds[p].copy()
        holds[p] = False
        holds[p, placed[p][1]] = True
        return bool((holds[p] != held).any())

    for p in np.unique(assignment.dropped_pool).tolist():
        fit(p)
    order = _order(instance, holds, assignment, cost, origin)
    for _ in range(SWEEPS if order else 0):
        if sum([fit(p) for p in order]) == 0:
            break
    rows = [(p, a, f) for p in sorted(placed) for a, f in zip(*map(list, placed[p]), strict=True)]
    pool, appliance, file = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Fitted(holds, Start(pool, appliance, file))


def _order(
    instance: Instance, holds: Bools, assignment: Assignment, cand_cost: Floats, origin_cost: Floats
) -> list[int]:
    """Pools to better again: those where files that were left out are worth most, and those that lost them.

    None where they have more than `MOST_PAIRS` pairs together.
    """
    pools = np.unique(assignment.dropped_pool).tolist()
    if len(pools) * instance.n_files > MOST_PAIRS:
        return []
    lost = zip(assignment.dropped_pool.tolist(), assignment.dropped_file.tolist(), strict=True)
    homeless = [(p, f) for p, f in lost if not holds[p, f]]
    others = [q for p, f in homeless for q in _other_places(instance, holds, p, f, cand_cost, origin_cost)]
    order = list(dict.fromkeys([*others, *pools]))
    return order if len(order) * instance.n_files <= MOST_PAIRS else []


def _other_places(
    instance: Instance, holds: Bools, p: int, f: int, cand_cost: Floats, origin_cost: Floats
) -> list[int]:
    """Pools where a file that lost its place in pool p is worth most now."""
    region = instance.path_region[: instance.cand_pool.size]
    shared = np.isin(region, region[instance.cand_pool == p])
    pools = np.unique(instance.cand_pool[shared])
    pools = pools[(instance.copies[pools, f] > 0) & ~holds[pools, f]]
    value = np.array(
        [file_value(instance, holds, int(q), f, cand_cost, origin_cost) for q in pools], dtype=np.float64
    )
    best = np.argsort(-value, kind="stable")[:OTHER_PLACES]
    return [int(q) for q in pools[best[value[best] > 0]] if q != p]


def joined_start(old: Start | None, new: Start) -> Start:
    """Two arrangements as one, sorted by pool; where both have a pool, the newer one counts."""
    if old is None:
        return new
    keep = ~np.isin(old.pool, new.pool)
    pool = np.concatenate([old.pool[keep], new.pool])
    order = np.argsort(pool, kind="stable")
    return Start(
        pool[order],
        np.concatenate([old.appliance[keep], new.appliance])[order],
        np.concatenate([old.file[keep], new.file])[order],
    )


def file_values(instance: Instance, holds: Bools, p: int, cand_cost: Floats, origin_cost: Floats) -> Floats:
    """What each file saves in a pool, given all other pools.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
    p : int
        The pool; whether it holds a file does not matter.
    cand_cost, origin_cost : (n_cand,), (n_regions,) float64
        Cost of a GB [currency/GB].

    Returns
    -------
    (n_files,) float64
        [currency per period], fill costs not counted.
    """
    value = np.zeros(instance.n_files)
    for entry in np.flatnonzero(instance.cand_pool == p).tolist():
        r = int(np.searchsorted(instance.cand_ptr, entry, side="right")) - 1
        row = instance.region_row[r]
        part = slice(int(instance.demand_ptr[row]), int(instance.demand_ptr[row + 1]))
        file, gb = instance.demand_file[part], instance.demand_gb[part].astype(np.float64)
        saved = _saved_per_gb(instance, holds, entry, r, file, cand_cost, origin_cost)
        value[file] += instance.region_share[r] * gb * saved
    return value


def file_value(
    instance: Instance, holds: Bools, p: int, f: int, cand_cost: Floats, origin_cost: Floats
) -> float:
    """`file_values` for one file."""
    value = 0.0
    for entry in np.flatnonzero(instance.cand_pool == p).tolist():
        r = int(np.searchsorted(instance.cand_ptr, entry, side="right")) - 1
        row = instance.region_row[r]
        lo, hi = int(instance.demand_ptr[row]), int(instance.demand_ptr[row + 1])
        at = lo + int(np.searchsorted(instance.demand_file[lo:hi], f))
        if at < hi and instance.demand_file[at] == f:
            file = instance.demand_file[at : at + 1]
            saved = _saved_per_gb(instance, holds, entry, r, file, cand_cost, origin_cost)
            value += float(instance.region_share[r] * instance.demand_gb[at] * saved[0])
    return value


def _saved_per_gb(
    instance: Instance, holds: Bools, entry: int, r: int, file: Ints32, cand_cost: Floats, origin_cost: Floats
) -> Floats:
    """What a GB of each file saves through a candidate entry of region r, given its other holders."""
    other = np.full(file.size, origin_cost[r])
    for j in range(int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1])):
        if j != entry and cand_cost[j] < origin_cost[r]:
            held = holds[instance.cand_pool[j], file]
            other[held] = np.minimum(other[held], cand_cost[j])
    return np.asarray(np.maximum(0.0, other - cand_cost[entry]))


def _fit(
    instance: Instance,
    holds: Bools,
    p: int,
    placed: tuple[Ints, Ints],
    value: Floats,
    must: Bools,
    had: Bools,
) -> tuple[Ints, Ints]:
    """Better pool p; takes and gives appliance (from 1) and file of each copy, by appliance, then file."""
    fresh = instance.size_gb * np.maximum(0, instance.copies[p].astype(np.int64) - instance.held[p])
    net = value - instance.fill_cost[p] * fresh
    scale = float(np.abs(net[holds[p]]).sum())
    files = _candidates(instance, p, placed[1], net, must)
    now = _shelf(instance, holds, p, placed, files, (net, fresh, must, had))
    if files.size > _TRADED_UP_TO:
        other = _refreshed(now)
    else:
        other = _emptied(now)
        stock(other, now.value / (now.bench.size * now.bench.copies))
        trade(now)
        trade(other)
    for shelf in (now, other):
        admit(shelf, _WORTH_ADMITTING * scale)
    # The other one means other places for what is there: only for a gain.
    gain = total_worth(other) - total_worth(now)
    bench = (other if gain > _WORTH_MOVING * scale else now).bench
    appliance, at = np.nonzero(bench.on & HERE)
    return appliance + 1, files[at]


def _candidates(instance: Instance, p: int, placed: Ints, net: Floats, must: Bools) -> Ints:
    """Files that pool p holds, has to hold, or may take in, increasing."""
    able = instance.copies[p] > 0
    may = np.zeros(instance.n_files, dtype=np.bool_)
    may[placed] = True
    may |= must & able
    outside = np.flatnonzero((net > 0) & able & ~may)
    best = np.argsort(-net[outside] / instance.size_gb[outside], kind="stable")[:MOST_NEWCOMERS]
    may[outside[best]] = True
    return np.flatnonzero(may)


def _shelf(
    instance: Instance,
    holds: Bools,
    p: int,
    placed: tuple[Ints, Ints],
    files: Ints,
    by_file: tuple[Floats, Floats, Bools, Bools],
) -> Shelf:
    """Pool p as it is; `by_file` are net values, GB to fill, what must be there, and where copies were."""
    net, fresh, must, had = by_file
    worth = np.where(must, _MUST * (np.abs(net).sum() + 1.0), net)
    n_appliances, copies = int(instance.pool_appliances[p]), instance.copies[p, files].astype(np.int64)
    limit_gb, window_gb = float(instance.appliance_storage_gb[p]), float(instance.appliance_window_gb[p])
    no_load = np.zeros((files.size, 0))
    bench = empty_bench(instance.size_gb[files], copies, no_load, n_appliances, limit_gb, window_gb)
    bench.on[had[:, files]] = BEFORE
    bench.on[placed[0] - 1, np.searchsorted(files, placed[1])] |= HERE
    recount(bench)
    room_new = float(new_room_gb(instance, holds)[p]) * (1 + _ROUNDING) - fresh[holds[p]].sum()
    return Shelf(bench, worth[files], fresh[files], must[files], np.array([room_new]))


def _emptied(shelf: Shelf) -> Shelf:
    """The shelf without anything on it."""
    there = shelf.bench.have > 0
    bench = shelf.bench._replace(on=shelf.bench.on & np.uint8(BEFORE))
    bench = bench._replace(
        **{sums: np.zeros_like(getattr(bench, sums)) for sums in ("have", "used", "fetched")}
    )
    return shelf._replace(bench=bench, room_new=shelf.room_new + shelf.fresh[there].sum())


def _refreshed(shelf: Shelf) -> Shelf:
    """What appliances have to fetch chosen anew, most worth per GB first; what they have stays."""
    changing = ("on", "have", "used", "fetched")
    bench = shelf.bench._replace(**{part: getattr(shelf.bench, part).copy() for part in changing})
    other = shelf._replace(bench=bench, room_new=shelf.room_new.copy())
    clear_fresh(other)
    stock(other, other.value / np.maximum(other.fresh, _ROUNDING))
    return other
