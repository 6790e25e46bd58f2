"""Bytes not served by the best place, by cause: the one place that says what counts as which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.room import Room, Source
from cdnplan.evaluate.count.signatures import row_demand
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.instance.rule_checks import too_large, too_late
from cdnplan.model.plan.placement import Placement

Bools = npt.NDArray[np.bool_]

CAUSES = ("content", "size", "window", "policy", "capacity", "link", "appliance", "steering")
"""Why bytes come from a dearer place than the best; `docs/report.md` tells them apart."""
CONTENT, SIZE, WINDOW, POLICY, CAPACITY, LINK, APPLIANCE, STEERING = range(len(CAUSES))

CAUSE_WORDS = {
    "content": "no site in reach holds the file, though one may",
    "size": "no site in reach has an appliance with room for the file",
    "window": "no appliance in reach can fetch the file within one fill window",
    "policy": "rules forbid the file at every site in reach",
    "launch": "nothing was known of the title when the plan was made, or its copy was not there in time",
    "capacity": (
        "the cheapest sites that hold the file have no throughput left when it is asked for: more of it there"
        " would lower the cost"
    ),
    "link": "a link on the way to the cheapest sites that hold the file is full: throughput would not help",
    "appliance": "the pool has throughput left, but its appliances that hold the file have none",
    "steering": (
        "a cheapest site that holds the file has room: other steering would lower the cost, nothing bought"
    ),
}
"""What each cause says is true, in words; ``launch`` is found by replays only."""

EQUAL_RATIO = 1e-9
"""Places whose costs differ by less than this part of them are equally good."""
ROUNDING_RATIO = 1e-6
"""Volumes below this part of a region's demand are what float arithmetic leaves."""


@dataclass(frozen=True, slots=True, eq=False)
class Misses:
    """Why bytes come from a dearer place than they might.

    Parameters
    ----------
    gb : (n_causes, n_regions) float64
        By `CAUSES`; at least so much, as only the GB by region and pool are known [GB per period].
    """

    gb: Floats

    def of(self, cause: str) -> Floats:
        """Bytes of each region missed for a cause, (n_regions,) [GB]."""
        return np.asarray(self.gb[CAUSES.index(cause)])

    def totals(self) -> dict[str, float]:
        """All regions together, by cause [GB]."""
        return dict(zip(CAUSES, self.gb.sum(axis=1).tolist(), strict=True))


def no_dearer(cost: Floats | float, than: Floats | float) -> Bools:
    """Where a cost is no higher than another, equal ones included.

    Examples
    --------
    >>> no_dearer(np.array([1.0, 1.0 + 1e-12, 1.1]), 1.0).tolist()
    [True, True, False]
    """
    return np.asarray(cost <= np.asarray(than) * (1 + EQUAL_RATIO))


def cheaper_than_origin(instance: Instance) -> Bools:
    """Candidate entries that are worth holding a file at: cheaper than the region's origin, (n_cand,)."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    return ~no_dearer(instance.origin_cost[region], instance.cand_cost)


class NotHeld:
    """Tells why no place in reach holds a file.

    Parameters
    ----------
    instance : Instance
        With what was held before, so that it knows what comes too late.
    """

    def __init__(self, instance: Instance) -> None:
        self._may = instance.copies > 0
        self._large = too_large(instance) & ~self._may
        self._late = too_late(instance) & ~self._may & ~self._large

    def causes(self, pools: Ints, file: Ints) -> Ints:
        """Cause for each file that none of some pools holds.

        Parameters
        ----------
        pools : (n_pools_in_reach,) int64
        file : (n,) int64

        Returns
        -------
        (n,) int64
            `CONTENT` if one of them may hold it; else what is in the way at one of them, rules last.
        """
        at = np.ix_(pools, file)
        found = np.full(file.size, POLICY)
        found[self._late[at].any(axis=0)] = WINDOW
        found[self._large[at].any(axis=0)] = SIZE
        found[self._may[at].any(axis=0)] = CONTENT
        return found


def misses(
    instance: Instance,
    placement: Placement,
    served_gb: Floats,
    origin_gb: Floats,
    spare: Bools | None = None,
) -> Misses:
    """Split by cause what comes from a dearer place than the cheapest that holds it.

    Places that cost a region the same are one place, and an origin that costs no more than a site is as good
    as that site: ties are no misses. What is best served by places of one cost, less what they serve, is
    missed. It could be moved there as long as there is room (steering), then with more throughput of these
    pools alone (capacity), then with more of single appliances (appliance), and the rest only with more on
    links on the way (link). Room is given to regions in their order, once.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        [GB per period]
    spare : (n_pools, n_files) bool, optional
        Where a copy is on an appliance that could give more, see `Fleet.spare`; None: wherever there is one.

    Returns
    -------
    Misses
    """
    gb = np.zeros((len(CAUSES), instance.n_regions))
    useful = cheaper_than_origin(instance)
    room = Room.after(instance, served_gb, origin_gb)
    not_held = NotHeld(instance)
    for r in range(instance.n_regions):
        part = np.arange(instance.cand_ptr[r], instance.cand_ptr[r + 1])
        entry = part[useful[part]]
        # Without a cheaper place in reach, the origin is the best there is.
        if entry.size == 0:
            continue
        entry = entry[np.argsort(instance.cand_cost[entry], kind="stable")]
        pools = instance.cand_pool[entry].astype(np.int64)
        file, wanted = row_demand(instance, r)
        held = placement.holds[np.ix_(pools, file)]
        nowhere = ~held.any(axis=0)
        cause = not_held.causes(pools, file[nowhere].astype(np.int64))
        gb[:, r] += np.bincount(cause, wanted[nowhere], minlength=len(CAUSES))
        copies = _Copies(wanted, held, held if spare is None else held & spare[np.ix_(pools, file)])
        level = _levels(instance.cand_cost[entry])
        first = level[np.argmax(held, axis=0)]
        for k in range(int(level[-1]) + 1):
            here, best = level == k, ~nowhere & (first == k)
            lacks = float(wanted[best].sum() - served_gb[entry[here]].sum())
            if lacks > ROUNDING_RATIO * float(wanted.sum()):
                dearer = _dearer(instance, r, entry[here], served_gb, origin_gb)
                served = served_gb[entry[here]]
                gb[:, r] += _held_back(room, r, entry[here], dearer, copies.part(here, best), served, lacks)
    return Misses(gb)


@dataclass(frozen=True, slots=True, eq=False)
class _Copies:
    """Files best served at one cost: what is asked of each, and which entries hold it, and can give more."""

    gb: Floats
    held: Bools
    free: Bools

    def part(self, entries: Bools, files: Bools) -> _Copies:
        """Some entries and files only."""
        at = np.ix_(entries, files)
        return _Copies(self.gb[files], self.held[at], self.free[at])

    def touched(self, held: Bools, free: Bools) -> float:
        """GB of files that some of the entries `held` hold, or some of `free` where it can give more."""
        return float(self.gb[self.held[held].any(axis=0) | self.free[free].any(axis=0)].sum())


def _levels(cost: Floats) -> Ints:
    """Number the distinct costs of a sorted list, equal ones together."""
    level, start = np.zeros(cost.size, dtype=np.int64), 0
    for i in range(1, cost.size):
        same = bool(no_dearer(float(cost[i]), float(cost[start])))
        level[i] = level[i - 1] + (not same)
        start = start if same else i
    return level


def _dearer(instance: Instance, r: int, entry: Ints, served_gb: Floats, origin_gb: Floats) -> list[Source]:
    """Who serves a region at more than some entries cost; the least amounts are rounding."""
    part = np.arange(instance.cand_ptr[r], instance.cand_ptr[r + 1])
    least = ROUNDING_RATIO * (float(served_gb[part].sum()) + float(origin_gb[r]))
    dear = ~no_dearer(instance.cand_cost[part], float(instance.cand_cost[entry].max()))
    sources = [Source.of_entry(instance, int(j)) for j in part[dear & (served_gb[part] > least)]]
    if origin_gb[r] > least:
        sources.append(Source.of_origin(instance, r))
    return sources


def _held_back(
    room: Room,
    region: int,
    entry: Ints,
    dearer: list[Source],
    copies: _Copies,
    served: Floats,
    lacks: float,
) -> Floats:
    """Split what places of one cost do not serve of what they are the best for, (n_causes,) [GB]."""
    none = np.zeros(entry.size, dtype=np.bool_)

    def could(entries: Bools, held: Bools, free: Bools, least: float) -> float:
        """Of `lacks`, what some entries could take over if what holds them back did not."""
        more = copies.touched(held, free) - float(served[entries].sum())
        return min(lacks, max(least, more)) if entries.any() else least

    ways = room.ways(region, entry, dearer)
    open_ = np.array([way.by_link_gb > 0 and way.by_pool_gb > 0 for way in ways])
    steered, most = 0.0, could(open_, none, open_, 0.0)
    for i in np.flatnonzero(open_).tolist():
        own = np.arange(entry.size) == i
        lacking = min(most - steered, copies.touched(none, own) - float(served[i]))
        steered += room.take(region, ways[i], lacking)
    ways = room.ways(region, entry, dearer)
    through = np.array([way.by_link_gb > 0 for way in ways])
    slow = through & np.array([way.by_pool_gb <= 0 for way in ways])
    faster = could(through, slow, through & ~slow, steered)
    spread = lacks if through.all() else could(through, through, none, faster)
    found = np.zeros(len(CAUSES))
    found[[STEERING, CAPACITY, APPLIANCE, LINK]] = np.diff([0.0, steered, faster, spread, lacks])
    return found
