"""A night of filling, event by event: what is where, and what flows, after each start, end and eviction."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit

Array = Any

END, EVICT, SLICE, START = 0, 1, 2, 3
"""Kinds of event, in the order in which they happen at one instant.

What ends is there, and what is gone has freed its space, before the next thing starts.
"""

RELATIVE = 1e-6
"""Rates and volumes may pass a limit by this part of it, no more: what float arithmetic needs."""
ABSOLUTE = 1e-9
"""The same where the limit is 0 [GB or Gbit/s]."""


@njit(cache=True)
def _over(used: float, allowed: float) -> bool:
    return not used <= allowed + RELATIVE * abs(allowed) + ABSOLUTE


@njit(cache=True)
def replay_events(
    time: Array,
    what: Array,
    which: Array,
    fill_copy: Array,
    fill_source: Array,
    fill_giver: Array,
    fill_origin: Array,
    fill_gbps: Array,
    route_ptr: Array,
    route: Array,
    evict_copy: Array,
    copy_appliance: Array,
    copy_file: Array,
    copy_gb: Array,
    present: Array,
    stays: Array,
    returns: Array,
    last_start: Array,
    storage_gb: Array,
    in_gbps: Array,
    out_gbps: Array,
    link_gbps: Array,
    serving_gbps: Array,
    n_origins: int,
    not_held: Array,
    over_in: Array,
    over_out: Array,
    over_gb: Array,
    over_link: Array,
    over_link_gbps: Array,
    step_time: Array,
    step_gbps: Array,
    early: Array,
    lost: Array,
    away_ms: Array,
) -> tuple[Array, float]:
    """Replay events sorted by time and kind.

    Parameters
    ----------
    time, what, which : (n_events,) int64
        When [ms], which kind, and number of the fill, eviction or slice.
    fill_copy, fill_source : (n_fills,) int64
        Copy that is made, and copy it is made from: -1 where it is an origin's, -2 where there is no such.
    fill_giver, fill_origin : (n_fills,) int64
        Appliance that gives it, -1 where an origin does; and the other way round.
    fill_gbps : (n_fills,) float64
    route_ptr, route : (n_fills + 1,), (.,) int64
        Limits of links and origins that each fill counts against.
    evict_copy : (n_evictions,) int64
    copy_appliance, copy_file, copy_gb : (n_copies,)
    present : (n_copies,) bool
        What is held at first; changed.
    stays : (n_files,) bool
        Files that somebody holds at the end.
    returns : (n_files,) int64
        When the last copy that an origin gives of a file arrives [ms]; before all times where there is none.
    last_start : (n_appliances,) int64
        When the last fill of each starts [ms]; before all times where there is none.
    storage_gb, in_gbps, out_gbps : (n_appliances,) float64
        Limits.
    link_gbps, serving_gbps : (n_limits,), (n_limits, n_slices) float64
        Limits of links and origins, and what serving takes of them.
    n_origins : int
    not_held, over_in, over_out, over_gb, over_link, over_link_gbps : (n_fills,)
        Results by fill. `not_held`, int8: 1 where the source has no copy at the start, 2 where it loses it
        before the end. The others, NaN where all is well: rates into and out of the appliances and bytes
        on the receiver as they are once the fill has started, and limit (-1: none) and rate of a link.
    step_time, step_gbps : (n_limits,) int64, float64
        Results by limit: when the load of serving first rose above what fills leave, -1 for never.
    early, lost : (n_evictions,) bool
        Results by eviction: whether there was still room for the copy, or it was the file's last one, though
        no origin brings another later.
    away_ms : (n_evictions,) int64
        How long the eviction left the network without a file that stays [ms].

    Returns
    -------
    origin_peak : (n_origins,) float64
        Highest rate out of each origin [Gbit/s].
    all_peak : float
        Highest rate out of all of them together.
    """
    n_appliances, n_limits, n_files = storage_gb.size, link_gbps.size, stays.size
    stored, taken, given = np.zeros(n_appliances), np.zeros(n_appliances), np.zeros(n_appliances)
    n_taken, n_given = np.zeros(n_appliances, np.int64), np.zeros(n_appliances, np.int64)
    carried, n_carried = np.zeros(n_limits), np.zeros(n_limits, np.int64)
    sent, n_sent, origin_peak = np.zeros(n_origins), np.zeros(n_origins, np.int64), np.zeros(n_origins)
    all_sent, n_all_sent, all_peak = 0.0, 0, 0.0
    copies = np.zeros(n_files, np.int64)
    for c in range(copy_gb.size):
        if present[c]:
            stored[copy_appliance[c]] += copy_gb[c]
            copies[copy_file[c]] += 1
    away = np.full(n_files, -1, np.int64)
    time_of_eviction = np.zeros(lost.size, np.int64)
    now = 0
    i = 0
    while i < time.size:
        last = i
        while last + 1 < time.size and time[last + 1] == time[i]:
            last += 1
        for j in range(i, last + 1):
            n = which[j]
            if what[j] == END:
                c, s, o = fill_copy[n], fill_source[n], fill_origin[n]
                a = copy_appliance[c]
                n_taken[a] -= 1
                taken[a] = taken[a] - fill_gbps[n] if n_taken[a] > 0 else 0.0
                b = fill_giver[n]
                if b >= 0:
                    n_given[b] -= 1
                    given[b] = given[b] - fill_gbps[n] if n_given[b] > 0 else 0.0
                if s >= 0 and not present[s] and not_held[n] == 0:
                    not_held[n] = 2
                if o >= 0:
                    n_sent[o] -= 1
                    sent[o] = sent[o] - fill_gbps[n] if n_sent[o] > 0 else 0.0
                    n_all_sent -= 1
                    all_sent = all_sent - fill_gbps[n] if n_all_sent > 0 else 0.0
                for k in range(route_ptr[n], route_ptr[n + 1]):
                    e = route[k]
                    n_carried[e] -= 1
                    carried[e] = carried[e] - fill_gbps[n] if n_carried[e] > 0 else 0.0
                present[c] = True
                copies[copy_file[c]] += 1
                gone = away[copy_file[c]]
                if gone >= 0:
                    away_ms[gone] = time[j] - time_of_eviction[gone]
                    away[copy_file[c]] = -1
            elif what[j] == EVICT:
                c = evict_copy[n]
                if present[c]:
                    present[c] = False
                    stored[copy_appliance[c]] -= copy_gb[c]
                    copies[copy_file[c]] -= 1
                    if copies[copy_file[c]] == 0 and stays[copy_file[c]]:
                        lost[n] = returns[copy_file[c]] <= time[j]
                        away[copy_file[c]] = n
                        time_of_eviction[n] = time[j]
            elif what[j] == SLICE:
                now = n
                for e in range(n_limits):
                    if n_carried[e] > 0 and step_time[e] < 0:
                        used = carried[e] + serving_gbps[e, now]
                        if _over(used, link_gbps[e]):
                            step_time[e], step_gbps[e] = time[j], used
            else:
                c, s, o = fill_copy[n], fill_source[n], fill_origin[n]
                a = copy_appliance[c]
                n_taken[a] += 1
                taken[a] += fill_gbps[n]
                if _over(taken[a], in_gbps[a]):
                    over_in[n] = taken[a]
                stored[a] += copy_gb[c]
                if _over(stored[a], storage_gb[a]):
                    over_gb[n] = stored[a]
                b = fill_giver[n]
                if b >= 0:
                    n_given[b] += 1
                    given[b] += fill_gbps[n]
                    if _over(given[b], out_gbps[b]):
                        over_out[n] = given[b]
                if s == -2 or (s >= 0 and not present[s]):
                    not_held[n] = 1
                if o >= 0:
                    n_sent[o] += 1
                    sent[o] += fill_gbps[n]
                    origin_peak[o] = max(origin_peak[o], sent[o])
                    n_all_sent += 1
                    all_sent += fill_gbps[n]
                    all_peak = max(all_peak, all_sent)
                for k in range(route_ptr[n], route_ptr[n + 1]):
                    e = route[k]
                    n_carried[e] += 1
                    carried[e] += fill_gbps[n]
                    used = carried[e] + serving_gbps[e, now]
                    if over_link[n] < 0 and _over(used, link_gbps[e]):
                        over_link[n], over_link_gbps[n] = e, used
        for j in range(i, last + 1):
            if what[j] == EVICT:
                c = evict_copy[which[j]]
                a = copy_appliance[c]
                room = stored[a] + copy_gb[c] <= storage_gb[a] * (1.0 - ABSOLUTE)
                early[which[j]] = room and last_start[a] >= time[j] and copy_gb[c] > 0.0
        i = last + 1
    return origin_peak, all_peak
