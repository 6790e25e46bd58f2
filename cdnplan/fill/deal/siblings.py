"""Even out pools of few files with the other pools of their site.

The pools of a site are reached along the same paths at the same cost, so which of them holds a file costs
nothing, as long as each keeps its limits. A pool whose few large files cannot be spread evenly over its
appliances can therefore change some of them with a pool next to it that has more choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment, Start
from cdnplan.fill.loads.loads import load_chunks
from cdnplan.fill.shelves.bench_kernels import (
    BEFORE,
    HERE,
    Bench,
    empty_bench,
    put,
    recount,
    room,
    take,
    time_left,
)
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.placement import Placement, Serving

Bools = npt.NDArray[np.bool_]

UNEVEN_RATIO = 0.02
"""Pools whose busiest appliance, or fullest one, is no more than this above their mean are left alone."""
WORTH_IT = 0.98
"""An exchange leaves at most this part of the unevenness."""
IDLE_RATIO = 0.01
"""Nor pools whose busiest appliance is used to less than this part of its throughput."""
MOST_EXCHANGES = 20
"""For one pool."""
MOST_APPLIANCES = 12
"""Pools of more appliances would take too many exchanges."""
TRIED_APPLIANCES = 2
"""The busiest and the idlest ones of each pool that exchange."""
MOST_FILES = 200
"""Files of an appliance tried for an exchange, those with most load."""
FEW, MOST_LEAVING, MOST_COMING, MOST_IN_SETS = 40, 2, 3, 40
"""Where appliances hold few files, so many leave at once and so many come, out of so many."""
_ROUNDING = 1e-9


@dataclass(slots=True, eq=False)
class _Side:
    """A pool while files are exchanged.

    Parameters
    ----------
    pool : int
    files : (n,) int64
        Files of its site, increasing: those of the bench, in this order.
    bench : Bench
        What its appliances hold, with loads of one copy of each file it holds [Gbit/s]; files that move are
        new to where they go.
    room_new : float
        What the pool may still fetch [GB].
    """

    pool: int
    files: Ints
    bench: Bench
    room_new: float

    @property
    def busy(self) -> Floats:
        """Loads of its appliances, (n_appliances, n_slices) [Gbit/s]."""
        return self.bench.busy

    def can_grow_gb(self, a: int) -> float:
        """By how much more bytes may change places with those of appliance `a`."""
        return min(room(self.bench, a), self.room_new, time_left(self.bench, a))

    def extremes(self) -> list[int]:
        """The busiest and the idlest appliances."""
        order = np.argsort(-self.busy.max(axis=1), kind="stable").tolist()
        few = order[:TRIED_APPLIANCES] + order[-TRIED_APPLIANCES:]
        return sorted(set(few))

    def uneven(self) -> float:
        """How far the busiest appliance is above the mean in the pool's busiest slice, as a ratio."""
        return float(self.after(0, np.zeros((1, self.busy.shape[1])))[0][0])

    def after(self, a: int, shift: Floats) -> tuple[Floats, Floats]:
        """The same if the load of appliance `a` changed, and the pool's load in its busiest slice.

        Parameters
        ----------
        a : int
        shift : (n, n_slices) float64
            Alternative changes [Gbit/s].

        Returns
        -------
        uneven, total : (n,) float64
        """
        total = (self.busy.sum(axis=0) + shift).max(axis=1)
        rest = float(np.delete(self.busy, a, axis=0).max(initial=0.0))
        top = np.maximum((self.busy[a] + shift).max(axis=1), rest)
        mean = total / self.busy.shape[0]
        return np.divide(top, mean, out=np.ones_like(top), where=mean > 0) - 1.0, total


@dataclass(frozen=True, slots=True, eq=False)
class Exchanged:
    """Holders after exchanges, with an arrangement of the pools that took part; None: nothing to gain."""

    holds: Bools
    start: Start


def siblings(instance: Instance) -> Ints:
    """Number that pools share which are of one site and count to the same shared limits, (n_pools,) int64."""
    rows, n = instance.volumes, instance.n_pools
    member = np.zeros((n, 1 + rows.n_rows - 2 * n), dtype=np.int64)
    member[:, 0] = instance.pool_site
    row, pool = rows.shared(n)
    member[pool, 1 + row - 2 * n] = 1
    return np.unique(member, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def exchange_files(
    instance: Instance,
    placement: Placement,
    serving: Serving,
    assignment: Assignment,
    required: Bools,
) -> Exchanged | None:
    """Change files between uneven pools and others of their site, as long as that evens them out.

    Greedy: the exchange that brings the busiest appliance of the uneven pool closest to the mean, without
    making the other pool the more uneven one; both keep storage, fill window and throughput. Copies that
    were there before, files with several copies, and those that rules speak of stay.

    Parameters
    ----------
    instance : Instance
    placement, serving : Placement, Serving
    assignment : Assignment
        Of this placement, nothing dropped.
    required : (n_pools, n_files) bool
        Files that rules may ask for at a pool.

    Returns
    -------
    Exchanged or None
        The serving has to be found anew; costs are the same unless throughput was shared out in a way
        that this changes. None: no pool gains.
    """
    site = siblings(instance)
    several = instance.pool_appliances > 1
    alone = np.bincount(site) < 2
    several &= instance.pool_appliances <= MOST_APPLIANCES
    busiest = np.maximum.reduceat(assignment.peak_gbps, assignment.appliance_ptr[:-1])
    used = busiest > IDLE_RATIO * instance.appliance_throughput_gbps
    uneven = np.flatnonzero(several & ~alone[site] & used & (assignment.imbalance_ratio > UNEVEN_RATIO))
    if uneven.size == 0:
        return None
    involved = np.isin(site, site[uneven])
    sides = _sides(instance, placement, serving, assignment, np.where(involved, site, -1))
    frozen = required | (instance.copies != 1)
    frozen[assignment.pool[assignment.kept], assignment.file[assignment.kept]] = True
    if instance.volumes.n_rows > 2 * instance.n_pools:
        # What a pool had may be new to another one: only of files that are new to both the sum stays.
        frozen |= instance.held > 0
    holds = placement.holds.copy()
    touched: set[int] = set()
    for p in uneven[np.argsort(-assignment.imbalance_ratio[uneven], kind="stable")].tolist():
        others = [int(q) for q in np.flatnonzero(site == site[p]) if q != p]
        for _ in range(MOST_EXCHANGES):
            best = None
            for q in others:
                found = _best_exchange(instance, holds, frozen, sides[p], sides[q])
                if found is not None and (best is None or found[0] < best[0] - _ROUNDING):
                    best = (*found, q)
            if best is None:
                break
            _, a, c, f, g, q = best
            _exchange(holds, sides[p], sides[q], a, c, f, g)
            touched |= {p, q}
    if not touched:
        return None
    return Exchanged(holds, _start([sides[p] for p in sorted(touched)]))


def _sides(
    instance: Instance, placement: Placement, serving: Serving, assignment: Assignment, site: Ints
) -> dict[int, _Side]:
    """The pools as they are that have a site; -1: none."""
    found: dict[int, _Side] = {}
    files = {n: np.flatnonzero(placement.holds[site == n].any(axis=0)) for n in np.unique(site[site >= 0])}
    for chunk in load_chunks(instance, placement, serving, wanted=site >= 0):
        for p in range(chunk.first_pool, chunk.first_pool + chunk.n_pools):
            if site[p] < 0:
                continue
            part = slice(int(chunk.ptr[p - chunk.first_pool]), int(chunk.ptr[p - chunk.first_pool + 1]))
            copies = np.maximum(1, instance.copies[p, chunk.file[part]])[:, None]
            load = np.zeros((files[site[p]].size, instance.n_slices))
            load[np.searchsorted(files[site[p]], chunk.file[part])] = chunk.gbps[part] / copies
            found[p] = _side(instance, assignment, p, files[site[p]], load)
    return found


def _side(instance: Instance, assignment: Assignment, p: int, files: Ints, load: Floats) -> _Side:
    rows = assignment.rows(p)
    kept = assignment.kept[rows]
    bench = empty_bench(
        instance.size_gb[files],
        instance.copies[p, files].astype(np.int64),
        load,
        int(instance.pool_appliances[p]),
        float(instance.appliance_storage_gb[p]),
        float(instance.appliance_window_gb[p]),
    )
    bench.on[assignment.appliance[rows] - 1, np.searchsorted(files, assignment.file[rows])] = np.where(
        kept, HERE | BEFORE, HERE
    )
    recount(bench)
    return _Side(p, files, bench, float(instance.new_limit_gb[p] - bench.fetched.sum()))


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    """Small sets of files of one appliance: `member` (n, `MOST_COMING`), -1 for none; their GB and loads.

    Files by their number on the benches of the site.
    """

    member: Ints
    size_gb: Floats
    load: Floats


def _sets(side: _Side, a: int, to: int, most: int, holds: Bools, frozen: Bools) -> _Sets:
    """Sets of up to `most` files of an appliance that may go to pool `to`; of one where it has many files."""
    files = np.flatnonzero(side.bench.on[a] & HERE)
    known = side.files[files]
    files = files[~frozen[side.pool, known] & ~frozen[to, known] & ~holds[to, known]]
    loads = side.bench.load[files]
    order = np.argsort(-loads.max(axis=1, initial=0.0), kind="stable")
    if most > 1 and files.size > MOST_IN_SETS:
        # Sets serve to swap much load for little at equal bytes: the middle matters least.
        order = np.concatenate([order[: MOST_IN_SETS // 2], order[-(MOST_IN_SETS // 2) :]])
    files, loads = files[order[:MOST_FILES]], loads[order[:MOST_FILES]]
    chosen = [
        np.array(list(combinations(range(files.size), n)), dtype=np.int64).reshape(-1, n)
        for n in range(1, most + 1)
    ]
    member = np.concatenate(
        [np.pad(c, ((0, 0), (0, MOST_COMING - c.shape[1])), constant_values=-1) for c in chosen]
    )
    gb = np.append(side.bench.size[files], 0.0)[member].sum(axis=1)
    load = np.append(loads, np.zeros((1, loads.shape[1])), axis=0)[member].sum(axis=1)
    return _Sets(np.append(files, -1)[member], gb, load)


def _best_exchange(
    instance: Instance, holds: Bools, frozen: Bools, one: _Side, other: _Side
) -> tuple[float, int, int, Ints, Ints] | None:
    """Score, appliance of each side, files that leave `one` and files that come; None: nothing helps."""
    now, theirs = one.uneven(), other.uneven()
    best: tuple[float, int, int, Ints, Ints] | None = None
    least = now * WORTH_IT
    few = bool((np.count_nonzero(one.bench.on & HERE, axis=1) <= FEW).all())
    most = (MOST_LEAVING, MOST_COMING) if few else (1, 1)
    theirs_to_give = {c: _sets(other, c, one.pool, most[1], holds, frozen) for c in other.extremes()}
    for a in one.extremes():
        mine = _sets(one, a, other.pool, most[0], holds, frozen)
        for c, coming in theirs_to_give.items():
            grows = coming.size_gb[None, :] - mine.size_gb[:, None]
            fits = (grows <= one.can_grow_gb(a)) & (-grows <= other.can_grow_gb(c))
            i, k = np.nonzero(fits)
            if i.size == 0:
                continue
            shift = coming.load[k] - mine.load[i]
            score, total = one.after(a, shift)
            back, rest = other.after(c, -shift)
            # The other pool has more files: what this leaves uneven there, its own exchanges mend.
            good = (score < least) & (back <= max(theirs, now))
            good &= (total <= instance.throughput_gbps[one.pool]) | (shift <= 0).all(axis=1)
            good &= (rest <= instance.throughput_gbps[other.pool]) | (shift >= 0).all(axis=1)
            if good.any():
                n = int(np.argmin(np.where(good, score, np.inf)))
                least = float(score[n])
                best = (least, a, c, mine.member[i[n]], coming.member[k[n]])
    return best


def _exchange(holds: Bools, one: _Side, other: _Side, a: int, c: int, out: Ints, back: Ints) -> None:
    """Some files of appliance a of one pool and some of appliance c of the other change places; in place."""
    for source, n, target, to, files in ((one, a, other, c, out), (other, c, one, a, back)):
        for k in files[files >= 0].tolist():
            target.bench.load[k] = source.bench.load[k]
            take(source.bench, n, k)
            put(target.bench, to, k)
            source.room_new += float(source.bench.size[k])
            target.room_new -= float(source.bench.size[k])
            f = int(source.files[k])
            holds[source.pool, f], holds[target.pool, f] = False, True


def _start(sides: list[_Side]) -> Start:
    """The arrangement of some pools, by pool, appliance and file."""
    there = [np.nonzero(side.bench.on & HERE) for side in sides]
    return Start(
        np.repeat([side.pool for side in sides], [file.size for _, file in there]),
        np.concatenate([appliance + 1 for appliance, _ in there]),
        np.concatenate([side.files[file] for side, (_, file) in zip(sides, there, strict=True)]),
    )
