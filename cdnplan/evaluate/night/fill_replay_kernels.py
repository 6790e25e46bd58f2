"""A night of filling, event by event: what is where, and what flows, after each start, end and eviction."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints

Bools = npt.NDArray[np.bool_]

END, EVICT, SLICE, START = 0, 1, 2, 3
"""Kinds of event, in the order in which they happen at one instant.

What ends is there, and what is gone has freed its space, before the next thing starts.
"""

RELATIVE = 1e-6
"""Rates and volumes may pass a limit by this part of it, no more: what float arithmetic needs."""
ABSOLUTE = 1e-9
"""The same where the limit is 0 [GB or Gbit/s]."""


class Events(NamedTuple):
    """Events sorted by time and kind, (n_events,): when [ms], what, and which fill, eviction or slice."""

    time: Ints
    kind: Ints
    number: Ints


class Fills(NamedTuple):
    """Transfers, (n_fills,) but for the last two.

    Parameters
    ----------
    copy, source : int64
        Copy that is made, and copy it is made from: -1 where it is an origin's, -2 where there is no such.
    giver : int64
        Appliance that gives it, -1 where an origin does.
    gbps : float64
    route_ptr, route : (n_fills + 1,), (.,) int64
        Limits of links and origins that each fill counts against.
    """

    copy: Ints
    source: Ints
    giver: Ints
    gbps: Floats
    route_ptr: Ints
    route: Ints


class Copies(NamedTuple):
    """Copies that the night knows of, (n_copies,): where, of which file, how large, and whether there."""

    appliance: Ints
    file: Ints
    gb: Floats
    present: Bools


class Outlook(NamedTuple):
    """What is still to come.

    Parameters
    ----------
    stays : (n_files,) bool
        Files that somebody holds at the end.
    returns : (n_files,) int64
        When the last copy that an origin gives of a file arrives [ms]; before all times where there is none.
    last_start : (n_appliances,) int64
        When the last fill of each starts [ms]; before all times where there is none.
    """

    stays: Bools
    returns: Ints
    last_start: Ints


class Allowed(NamedTuple):
    """Limits.

    Parameters
    ----------
    storage_gb, in_gbps, out_gbps : (n_appliances,) float64
    link_gbps, serving_gbps : (n_limits,), (n_limits, n_slices) float64
        Limits of links and origins, and what serving takes of them.
    """

    storage_gb: Floats
    in_gbps: Floats
    out_gbps: Floats
    link_gbps: Floats
    serving_gbps: Floats


class Replay(NamedTuple):
    """What a night came to: what is found out about fills, limits, evictions and origins.

    Parameters
    ----------
    not_held : (n_fills,) int8
        1 where the source has no copy at the start, 2 where it loses it before the end.
    over_in, over_out, over_gb : (n_fills,) float64
        Rates into and out of the appliances and bytes on the receiver as they are once the fill has started;
        NaN where all is well.
    over_link, over_link_gbps : (n_fills,) int64, float64
        A limit that is passed then (-1: none), and its load.
    step_time, step_gbps : (n_limits,) int64, float64
        When the load of serving first rose above what fills leave, -1 for never.
    early, lost : (n_evictions,) bool
        Whether there was still room for the copy, or it was the file's last one, though no origin brings
        another later.
    away_ms : (n_evictions,) int64
        How long the eviction left the network without a file that stays [ms].
    origin_peak_gbps : (1,) float64
        Highest rate of fills out of all origins together.
    """

    not_held: npt.NDArray[np.int8]
    over_in: Floats
    over_out: Floats
    over_gb: Floats
    over_link: Ints
    over_link_gbps: Floats
    step_time: Ints
    step_gbps: Floats
    early: Bools
    lost: Bools
    away_ms: Ints
    origin_peak_gbps: Floats


class Flow(NamedTuple):
    """What flows into or out of each of several places: Gbit/s, and how many transfers."""

    gbps: Floats
    transfers: Ints


class Night(NamedTuple):
    """How things are after some events.

    Parameters
    ----------
    taken, given : Flow
        Into and out of each appliance.
    carried : Flow
        By limit of links and origins.
    sent : Flow
        Out of all origins together, (1,).
    stored : (n_appliances,) float64
        [GB], with what is coming in.
    copies : (n_files,) int64
    away, away_since : (n_files,), (n_evictions,) int64
        Eviction since which nobody holds a file (-1: somebody does), and when it was [ms].
    slice : (1,) int64
        Of the day.
    """

    taken: Flow
    given: Flow
    carried: Flow
    sent: Flow
    stored: Floats
    copies: Ints
    away: Ints
    away_since: Ints
    slice: Ints


@part
def _joined(flow: Flow, at: int, gbps: float) -> float:
    """Let one more transfer flow; returns the rate with it."""
    flow.transfers[at] += 1
    rate: float = flow.gbps[at] + gbps
    flow.gbps[at] = rate
    return rate


@part
def _left(flow: Flow, at: int, gbps: float) -> None:
    """Let one transfer less flow; where it was the last one, nothing is left of rounding."""
    flow.transfers[at] -= 1
    flow.gbps[at] = flow.gbps[at] - gbps if flow.transfers[at] > 0 else 0.0


@part
def _over(used: float, allowed: float) -> bool:
    return not used <= allowed + RELATIVE * abs(allowed) + ABSOLUTE


@part
def _end(n: int, time: int, night: Night, fills: Fills, copies: Copies, found: Replay) -> None:
    """End a transfer: its copy is there."""
    c, source, gbps = fills.copy[n], fills.source[n], fills.gbps[n]
    _left(night.taken, copies.appliance[c], gbps)
    if fills.giver[n] >= 0:
        _left(night.given, fills.giver[n], gbps)
    else:
        _left(night.sent, 0, gbps)
    if source >= 0 and not copies.present[source] and found.not_held[n] == 0:
        found.not_held[n] = 2
    for k in range(fills.route_ptr[n], fills.route_ptr[n + 1]):
        _left(night.carried, fills.route[k], gbps)
    file = copies.file[c]
    copies.present[c] = True
    night.copies[file] += 1
    gone = night.away[file]
    if gone >= 0:
        found.away_ms[gone] = time - night.away_since[gone]
        night.away[file] = -1


@part
def _evict(n: int, c: int, time: int, night: Night, copies: Copies, outlook: Outlook, found: Replay) -> None:
    """Drop a copy, if it is there."""
    if not copies.present[c]:
        return
    file = copies.file[c]
    copies.present[c] = False
    night.stored[copies.appliance[c]] -= copies.gb[c]
    night.copies[file] -= 1
    if night.copies[file] == 0 and outlook.stays[file]:
        found.lost[n] = outlook.returns[file] <= time
        night.away[file] = n
        night.away_since[n] = time


@part
def _serve_slice(number: int, time: int, night: Night, allowed: Allowed, found: Replay) -> None:
    """Serve what the next slice of the day asks for, beside the transfers under way."""
    night.slice[0] = number
    for e in range(allowed.link_gbps.size):
        if night.carried.transfers[e] > 0 and found.step_time[e] < 0:
            used = night.carried.gbps[e] + allowed.serving_gbps[e, number]
            if _over(used, allowed.link_gbps[e]):
                found.step_time[e], found.step_gbps[e] = time, used


@part
def _start(n: int, night: Night, fills: Fills, copies: Copies, allowed: Allowed, found: Replay) -> None:
    """Start a transfer, and compare what then flows with the limits."""
    c, source, giver, gbps = fills.copy[n], fills.source[n], fills.giver[n], fills.gbps[n]
    a = copies.appliance[c]
    taken = _joined(night.taken, a, gbps)
    if _over(taken, allowed.in_gbps[a]):
        found.over_in[n] = taken
    night.stored[a] += copies.gb[c]
    if _over(night.stored[a], allowed.storage_gb[a]):
        found.over_gb[n] = night.stored[a]
    if giver >= 0:
        given = _joined(night.given, giver, gbps)
        if _over(given, allowed.out_gbps[giver]):
            found.over_out[n] = given
    else:
        found.origin_peak_gbps[0] = max(found.origin_peak_gbps[0], _joined(night.sent, 0, gbps))
    if source == -2 or (source >= 0 and not copies.present[source]):
        found.not_held[n] = 1
    for k in range(fills.route_ptr[n], fills.route_ptr[n + 1]):
        e = fills.route[k]
        used = _joined(night.carried, e, gbps) + allowed.serving_gbps[e, night.slice[0]]
        if found.over_link[n] < 0 and _over(used, allowed.link_gbps[e]):
            found.over_link[n], found.over_link_gbps[n] = e, used


@njit(cache=True, allocates=False)
def replay_events(
    events: Events,
    fills: Fills,
    evicted: Ints,
    copies: Copies,
    outlook: Outlook,
    allowed: Allowed,
    night: Night,
    found: Replay,
) -> None:
    """Replay events sorted by time and kind.

    Parameters
    ----------
    events : Events
    fills : Fills
    evicted : (n_evictions,) int64
        Copy that each eviction drops.
    copies : Copies
        `present` is what is held at first; changed.
    outlook : Outlook
    allowed : Allowed
    night : Night
        How things are at first; changed.
    found : Replay
        Results; as if all were well at first.
    """
    first = 0
    while first < events.time.size:
        time = events.time[first]
        after = first
        while after < events.time.size and events.time[after] == time:
            n, kind = events.number[after], events.kind[after]
            if kind == END:
                _end(n, time, night, fills, copies, found)
            elif kind == EVICT:
                _evict(n, evicted[n], time, night, copies, outlook, found)
            elif kind == SLICE:
                _serve_slice(n, time, night, allowed, found)
            else:
                _start(n, night, fills, copies, allowed, found)
            after += 1
        for i in range(first, after):
            if events.kind[i] == EVICT:
                c = evicted[events.number[i]]
                a = copies.appliance[c]
                room = night.stored[a] + copies.gb[c] <= allowed.storage_gb[a] * (1.0 - ABSOLUTE)
                early = room and outlook.last_start[a] >= time and copies.gb[c] > 0.0
                found.early[events.number[i]] = early
        first = after
