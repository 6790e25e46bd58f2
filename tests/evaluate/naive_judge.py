"""Which rules a night breaks, counted anew at every moment: slow, plain, and apart from judge and planner."""

from __future__ import annotations

import math
from typing import Any

from tests.evaluate.nights import HOUR, Night, Scheduler

FEW = 1e-6
"""Rates and volumes may pass a limit by this part of it."""
Row = dict[str, Any]


def over(used: float, allowed: float) -> bool:
    return used > allowed * (1 + FEW) + 1e-9


def gbps(row: Row) -> float:
    return row["size_gb"] * 8000.0 / (row["end"] - row["start"])


def broken(scheduler: Scheduler, night: Night) -> set[str]:
    """Names of the judge's checks that have to fail; `scheduler` knows the network and what was held."""
    found = set()
    for row in night.fills:
        begin, end = scheduler.windows[row["appliance"].split("/", maxsplit=1)[0]]
        if row["start"] < begin or row["end"] > end:
            found.add("fill window")
        for place in (row["appliance"], row["source"]):
            if any(row["start"] < e and row["end"] > s for s, e in scheduler.closed(place)):
                found.add("maintenance")
        if not _source_holds(scheduler, night, row):
            found.add("source holds the file")
    found |= _flows(scheduler, night)
    for row in night.fills:
        if over(
            _stored(scheduler, night, row["appliance"], row["start"]), scheduler.storage[row["appliance"]]
        ):
            found.add("storage while filling")
    for row in night.evictions:
        if _early(scheduler, night, row):
            found.add("evicted once space is needed")
        if _last(scheduler, night, row):
            found.add("last copy")
    return found


def _gone(night: Night, appliance: str, file: str) -> float:
    return min(
        (row["at"] for row in night.evictions if (row["appliance"], row["file"]) == (appliance, file)),
        default=math.inf,
    )


def _ready(scheduler: Scheduler, night: Night, appliance: str, file: str) -> float:
    if (appliance, file) in scheduler.held:
        return -math.inf
    return min(
        (row["end"] for row in night.fills if (row["appliance"], row["file"]) == (appliance, file)),
        default=math.inf,
    )


def _source_holds(scheduler: Scheduler, night: Night, row: Row) -> bool:
    if row["source"] in scheduler.origins:
        return True
    ready = _ready(scheduler, night, row["source"], row["file"])
    return ready <= row["start"] and _gone(night, row["source"], row["file"]) >= row["end"]


def _flows(scheduler: Scheduler, night: Night) -> set[str]:
    """Rates in and out, and of links, at each start and whenever serving may change."""
    found = set()
    names: list[list[str]] = []
    for row in night.fills:
        limits = scheduler.limits(row["source"], row["appliance"])
        if limits is None:
            found.add("way from the source")
            # What leaves a place counts even if no way leads on.
            limits = [f"in {row['appliance']}", f"out {row['source']}", f"origin:{row['source']}"]
            limits += ["cap"] if row["source"] in scheduler.origins else []
            limits = [name for name in limits if name in scheduler.capacity]
        elif scheduler.dear(row["source"], row["appliance"]):
            found.add("cost of the way")
        names.append(limits)
    moments = {row["start"] for row in night.fills}
    if moments:
        last = max(row["end"] for row in night.fills)
        moments |= set(range(-(-min(moments) // HOUR) * HOUR, last, HOUR))
    for t in moments:
        used: dict[str, float] = {}
        for row, limits in zip(night.fills, names, strict=True):
            if row["start"] <= t < row["end"]:
                for name in limits:
                    used[name] = used.get(name, 0.0) + gbps(row)
        for name, rate in used.items():
            load = scheduler.load.get(name)
            served = 0.0 if load is None else float(load[t // HOUR % 24 * len(load) // 24])
            if over(rate + served, scheduler.capacity[name]):
                kinds = {"in": "fill rate", "out": "upload rate"}
                found.add(kinds.get(name.split(" ", maxsplit=1)[0], "links and origins"))
    return found


def _stored(scheduler: Scheduler, night: Night, appliance: str, t: float) -> float:
    """Bytes on an appliance just after all that happens at a moment, fills counted from their start."""
    sizes = [
        scheduler.size[f] for a, f in scheduler.held if a == appliance and _gone(night, appliance, f) > t
    ]
    sizes += [
        row["size_gb"]
        for row in night.fills
        if row["appliance"] == appliance and row["start"] <= t and _gone(night, appliance, row["file"]) > t
    ]
    return math.fsum(sizes)


def _early(scheduler: Scheduler, night: Night, row: Row) -> bool:
    """A fill starts at that time or later, and the copy would still have found room."""
    appliance, t = row["appliance"], row["at"]
    if not any(r["appliance"] == appliance and r["start"] >= t for r in night.fills):
        return False
    with_it = _stored(scheduler, night, appliance, t) + row["size_gb"]
    return with_it <= scheduler.storage[appliance]


def _last(scheduler: Scheduler, night: Night, row: Row) -> bool:
    """After it no copy is left, though some appliance holds the file in the end, and no origin brings one."""
    file, t = row["file"], row["at"]
    gone = {(r["appliance"], r["file"]) for r in night.evictions}
    copies = scheduler.held | {(r["appliance"], r["file"]) for r in night.fills}
    stays = any(f == file and (a, f) not in gone for a, f in copies)
    there = [
        a for a, f in copies if f == file and _ready(scheduler, night, a, f) <= t and _gone(night, a, f) > t
    ]
    comes = any(r["file"] == file and r["source"] in scheduler.origins and r["end"] > t for r in night.fills)
    return stays and not there and not comes
