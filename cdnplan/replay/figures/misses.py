"""Bytes that did not come from the best place: by cause, region and title, and what would have helped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.misses import (
    CAPACITY,
    CONTENT,
    LINK,
    POLICY,
    SIZE,
    STEERING,
    WINDOW,
    NotHeld,
    cheaper_than_origin,
    no_dearer,
)
from cdnplan.evaluate.count.misses import CAUSES as JUDGED
from cdnplan.evaluate.count.room import Source, moved_cost
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.replay.cases.planning import Planned
from cdnplan.replay.serving.routed import CACHED, FROM_ORIGIN, PLANNED, Outcome, Period
from cdnplan.replay.serving.routes import hourly_use

Bools = npt.NDArray[np.bool_]

CAUSES = (*JUDGED, "launch", "none")
"""Why a request was not served by the best place: causes of `cdnplan.evaluate.count.misses`, and what only
what came can tell."""
LAUNCH, NONE = len(JUDGED), len(JUDGED) + 1

REMEDIES = (
    "",
    "forecast",
    "fill window",
    "storage",
    "throughput",
    "steering",
    "launch calendar",
    "licence",
    "link capacity",
    "larger appliances",
)
"""What would have avoided it."""
(
    NO_REMEDY,
    FORECAST,
    FILL_WINDOW,
    STORAGE,
    THROUGHPUT,
    ROUTING,
    CALENDAR,
    LICENCE,
    LINKS,
    APPLIANCES,
) = range(len(REMEDIES))
REMEDY_OF = {
    CONTENT: STORAGE,
    SIZE: APPLIANCES,
    WINDOW: FILL_WINDOW,
    POLICY: LICENCE,
    CAPACITY: THROUGHPUT,
    LINK: LINKS,
    STEERING: ROUTING,
    LAUNCH: CALENDAR,
}


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What tells causes apart.

    Parameters
    ----------
    title_known : (n_files,) bool
        Files of titles that anything was known of when the plan was made.
    perfect : (n_pools, n_files) bool or None
        What a plan that knew the demand would hold, within the same fill limits; None: not computed.
    unlimited : (n_pools, n_files) bool or None
        What it would hold with appliances that arrive stocked.
    """

    title_known: Bools
    perfect: Bools | None
    unlimited: Bools | None


@dataclass(frozen=True, slots=True, eq=False)
class Missed:
    """Misses of a period, one row per region, file, cause, remedy and where the bytes came from.

    Parameters
    ----------
    region, file : (n,) int64
    cause, remedy : (n,) int64
        Index into `CAUSES` and `REMEDIES`.
    from_origin : (n,) bool
        From the origin, else from an appliance further away than the best.
    place : (n,) int64
        Pool that lacked the file or the room: the cheapest holder, or the region's first candidate; -1 for
        regions without any.
    gb, plays : (n,) float64
    """

    region: Ints
    file: Ints
    cause: Ints
    remedy: Ints
    from_origin: Bools
    place: Ints
    gb: Floats
    plays: Floats


def explain(period: Period, outcome: Outcome, planned: Planned, known: Known) -> Missed:
    """Find the cause of every request that came from a dearer place than the best.

    The best place is the cheapest candidate that holds the file and is cheaper than the origin; candidates of
    equal cost are one place. What counts as which cause is as `cdnplan.evaluate.count.misses` has it, with
    hours for slices.

    Parameters
    ----------
    period : Period
    outcome : Outcome
    planned : Planned
        The plan whose content it was.
    known : Known

    Returns
    -------
    Missed
        Sorted by region, file, cause.
    """
    stream, instance = period.stream, period.instance
    useful = cheaper_than_origin(instance)
    some = np.bincount(_regions(instance)[useful], minlength=instance.n_regions) > 0
    asked = np.flatnonzero((outcome.tier != CACHED) & some[stream.region])
    region, file = stream.region[asked].astype(np.int64), stream.file[asked].astype(np.int64)
    best = _first(instance, planned.holds, useful, region, file)
    entry = np.where(outcome.tier[asked] == PLANNED, outcome.entry[asked], -1)
    paid = np.where(entry >= 0, instance.cand_cost[entry], instance.origin_cost[region])
    missed = (best < 0) | ~no_dearer(paid, instance.cand_cost[best])
    at, region, file, best = asked[missed], region[missed], file[missed], best[missed]
    place = _first(instance, np.ones_like(planned.holds), useful, region, file)
    cause = np.full(at.size, CONTENT)
    held, nowhere = best >= 0, np.flatnonzero(best < 0)
    unfilled = np.full(at.size, -1, dtype=np.int64)
    if planned.unfilled is not None:
        unfilled = _first(instance, planned.unfilled, useful, region, file)
    cause[nowhere] = _not_held(planned.instance, useful, region[nowhere], file[nowhere])
    late = ~held & ((unfilled >= 0) | ~known.title_known[file])
    cause[late & (cause == CONTENT)] = LAUNCH
    wanted = (region[held], file[held], entry[missed][held])
    cause[held], place[held] = _held_back(instance, planned.holds, useful, outcome, wanted, best[held])
    return _grouped(
        instance,
        region,
        file,
        cause,
        _remedies(instance, useful, region, file, cause, unfilled >= 0, known),
        outcome.tier[at] == FROM_ORIGIN,
        instance.cand_pool[place].astype(np.int64),
        stream.gb[at],
        stream.plays[at],
    )


def _regions(instance: Instance) -> Ints:
    """Region of each candidate entry, (n_cand,)."""
    return np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))


def _first(instance: Instance, holds: Bools, useful: Bools, region: Ints, file: Ints) -> Ints:
    """First useful candidate entry of each region whose pool holds the file, -1 where none does."""
    found = np.full(region.size, -1, dtype=np.int64)
    width = np.diff(instance.cand_ptr)
    for k in range(int(width.max(initial=0))):
        open_ = np.flatnonzero((found < 0) & (width[region] > k))
        entry = instance.cand_ptr[region[open_]] + k
        there = useful[entry] & holds[instance.cand_pool[entry], file[open_]]
        found[open_[there]] = entry[there]
    return found


def _not_held(instance: Instance, useful: Bools, region: Ints, file: Ints) -> Ints:
    """Why no candidate holds what requests ask for, by region."""
    tells = NotHeld(instance)
    cause = np.full(region.size, CONTENT)
    for r in np.unique(region).tolist():
        mine = np.flatnonzero(region == r)
        part = np.arange(instance.cand_ptr[r], instance.cand_ptr[r + 1])
        cause[mine] = tells.causes(instance.cand_pool[part[useful[part]]].astype(np.int64), file[mine])
    return cause


def _held_back(
    instance: Instance,
    holds: Bools,
    useful: Bools,
    outcome: Outcome,
    wanted: tuple[Ints, Ints, Ints],
    best: Ints,
) -> tuple[Ints, Ints]:
    """Cause of requests that a cheapest holder did not serve, and the entry that it is about.

    `wanted` has region, file, and who served it, -1 the origin. Steering is the same all day: a pool that is
    full in one of the hours in which the region asks has no room for more of what it asks for.
    """
    region, file, served = wanted
    width = np.diff(instance.cand_ptr)[region]
    cause, place = np.full(best.size, LINK), best.copy()
    asks = instance.gbps_per_gb > 0
    used = hourly_use(instance, outcome.routes)
    for k in range(int(width.max(initial=0))):
        at = np.flatnonzero(width > k)
        entry = instance.cand_ptr[region[at]] + k
        as_good = no_dearer(instance.cand_cost[entry], instance.cand_cost[best[at]])
        at = at[useful[entry] & holds[instance.cand_pool[entry], file[at]] & as_good]
        entry = instance.cand_ptr[region[at]] + k
        through = _links_let(instance, used, region[at], entry, served[at])
        slow = (outcome.routes.full[entry] & asks[region[at]]).any(axis=1)
        for chosen, code in ((through & slow, CAPACITY), (through & ~slow, STEERING)):
            # Room anywhere is stronger than throughput that lacks, and that is stronger than links.
            fresh = chosen & (cause[at] != code) & (cause[at] != STEERING)
            cause[at[fresh]], place[at[fresh]] = code, entry[fresh]
    return cause, place


def _links_let(instance: Instance, used: Floats, region: Ints, entry: Ints, served: Ints) -> Bools:
    """Whether bytes would cost less through an entry than from who served them, full links counted."""
    if entry.size == 0 or np.isinf(instance.rates.overload_cost).all():
        return np.ones(entry.size, dtype=np.bool_)

    def let(i: int) -> bool:
        r, j = int(region[i]), int(served[i])
        here = Source.of_origin(instance, r) if j < 0 else Source.of_entry(instance, j)
        there, rate = Source.of_entry(instance, int(entry[i])), instance.gbps_per_gb[r]
        return moved_cost(there, here, rate, used, instance.rates) < 0

    # Many requests are alike; an entry belongs to one region.
    key = entry * (instance.cand_pool.size + 1) + served + 1
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    return np.array([let(i) for i in first.tolist()], dtype=np.bool_)[number]


def _remedies(
    instance: Instance,
    useful: Bools,
    region: Ints,
    file: Ints,
    cause: Ints,
    unfilled: Bools,
    known: Known,
) -> Ints:
    """What would have avoided each miss."""
    of_cause = np.full(len(CAUSES), NO_REMEDY)
    of_cause[list(REMEDY_OF)] = list(REMEDY_OF.values())
    remedy = of_cause[cause]
    remedy[(cause == LAUNCH) & unfilled] = FILL_WINDOW
    content = cause == CONTENT
    for holds, what in ((known.unlimited, FILL_WINDOW), (known.perfect, FORECAST)):
        if holds is not None:
            remedy[content & (_first(instance, holds, useful, region, file) >= 0)] = what
    return np.asarray(remedy, dtype=np.int64)


def _grouped(
    instance: Instance,
    region: Ints,
    file: Ints,
    cause: Ints,
    remedy: Ints,
    from_origin: Bools,
    place: Ints,
    gb: Floats,
    plays: Floats,
) -> Missed:
    """Sum requests that are alike."""
    key = (region * instance.n_files + file) * len(CAUSES) + cause
    key = (key * len(REMEDIES) + remedy) * 2 + from_origin
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    return Missed(
        region[first],
        file[first],
        cause[first].astype(np.int64),
        remedy[first],
        from_origin[first],
        place[first],
        np.bincount(number, gb, minlength=first.size).astype(np.float64),
        np.bincount(number, plays, minlength=first.size).astype(np.float64),
    )
