"""Bytes that did not come from the best place: by cause, region and title, and what would have helped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.replay.planning import Planned
from cdnplan.replay.routed import CACHED, FROM_ORIGIN, PLANNED, Outcome, Period

Bools = npt.NDArray[np.bool_]

NONE, CONTENT, CAPACITY, STEERING, LAUNCH, POLICY = range(6)
CAUSES = ("none", "content", "capacity", "steering", "launch", "policy")
"""Why a request was not served by the best place; `docs/replay.md` tells how they are told apart."""

REMEDIES = (
    "",
    "forecast",
    "fill window",
    "storage",
    "throughput",
    "steering",
    "launch calendar",
    "licence",
)
"""What would have avoided it."""
NO_REMEDY, FORECAST, WINDOW, STORAGE, THROUGHPUT, ROUTING, CALENDAR, LICENCE = range(8)


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
    """Find the cause of every request that the best place did not serve.

    The best place is the cheapest candidate that holds the file, or a reactive cache that has it; where none
    does, the origin serves, and the miss is one of content.

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
    lost = np.flatnonzero(outcome.tier != CACHED)
    region, file = stream.region[lost].astype(np.int64), stream.file[lost].astype(np.int64)
    best = _first(instance, planned.holds, region, file)
    entry = outcome.entry[lost]
    served = np.where(outcome.tier[lost] == PLANNED, entry, -1)
    pool = np.append(instance.cand_pool, -1)[best].astype(np.int64)
    full = (best >= 0) & outcome.routes.full[pool, stream.hour[lost] % 24]
    cause = np.where(full, CAPACITY, STEERING)
    cause[best < 0] = CONTENT
    nothing = best < 0
    wanted = _first(instance, instance.copies > 0, region, file)
    unfilled = np.full(lost.size, -1, dtype=np.int64)
    if planned.unfilled is not None:
        unfilled = _first(instance, planned.unfilled, region, file)
    cause[nothing & ((unfilled >= 0) | ~known.title_known[file])] = LAUNCH
    cause[nothing & (wanted < 0)] = POLICY
    cause[(best >= 0) & (served == best)] = NONE
    cause[(best >= 0) & (served >= 0) & _as_near(instance, served, best)] = NONE
    remedy = _remedies(instance, region, file, cause, unfilled >= 0, known)
    miss = np.flatnonzero(cause != NONE)
    first = _first(instance, np.ones_like(planned.holds), region, file)
    place = np.append(instance.cand_pool, -1)[np.where(best >= 0, best, first)].astype(np.int64)
    at = lost[miss]
    return _grouped(
        instance,
        region[miss],
        file[miss],
        cause[miss],
        remedy[miss],
        outcome.tier[at] == FROM_ORIGIN,
        place[miss],
        stream.gb[at],
        stream.plays[at],
    )


def _as_near(instance: Instance, served: Ints, best: Ints) -> Bools:
    """Whether who served is no dearer than the best."""
    cost = np.append(instance.cand_cost, np.inf)
    return np.asarray(cost[served] <= cost[best] * (1 + 1e-12))


def _first(instance: Instance, holds: Bools, region: Ints, file: Ints) -> Ints:
    """First candidate entry of each region whose pool holds the file, -1 where none does."""
    found = np.full(region.size, -1, dtype=np.int64)
    width = np.diff(instance.cand_ptr)
    for k in range(int(width.max(initial=0))):
        open_ = np.flatnonzero((found < 0) & (width[region] > k))
        entry = instance.cand_ptr[region[open_]] + k
        there = holds[instance.cand_pool[entry], file[open_]]
        found[open_[there]] = entry[there]
    return found


def _remedies(
    instance: Instance, region: Ints, file: Ints, cause: Ints, unfilled: Bools, known: Known
) -> Ints:
    """What would have avoided each miss."""
    remedy = np.choose(cause, [NO_REMEDY, STORAGE, THROUGHPUT, ROUTING, CALENDAR, LICENCE])
    remedy[(cause == LAUNCH) & unfilled] = WINDOW
    content = cause == CONTENT
    if known.unlimited is not None:
        remedy[content & (_first(instance, known.unlimited, region, file) >= 0)] = WINDOW
    if known.perfect is not None:
        remedy[content & (_first(instance, known.perfect, region, file) >= 0)] = FORECAST
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
