"""Kernel behind `schedule`: one night as a list of events in the order of time.

Each appliance works through what it wants in the order of value. Whenever it has rate to spare it starts the
first file that has a source and room; what has none now is passed over and looked at again later.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.fill.loads.heap_kernels import pop, push
from cdnplan.fill.night.source_kernels import (
    COMING,
    HOLDS,
    LEAVING,
    MEGABITS_PER_GB,
    NO_RATE,
    NO_SPACE,
    NO_WINDOW,
    NOTHING,
    ORIGIN,
    PATIENT,
    PEER,
    TIER,
    Network,
    State,
    alternates,
    duration_ms,
    find_source,
)
from cdnplan.fill.night.space_kernels import NEVER, Removals, Result, Work, empty_overfull, make_room

Array = npt.NDArray[Any]

SMALLEST_RATE = 0.2
"""A transfer gets at least this part of what its appliance can take in: five at once are the most."""
FAR_MORE = 3.0
"""What is worth so many times more than last copies elsewhere need not wait for them to be handed on."""
MOST_AT_ONCE = 9
"""Transfers into one appliance at one moment at most: those that the smallest rate allows, and some more."""
TRIES = 24
"""Sites asked for one file at one moment."""
SHORTEST_WAIT_MS, LONGEST_WAIT_MS = 60_000, 900_000
"""An appliance whose files all have no source looks again after this time."""
HURRY_MS = 600_000
"""One that has no more time to spare than this takes what it gets: more than it waits at a time."""


class Wanted(NamedTuple):
    """Copies to fetch: those of appliance a are ``ptr[a]:ptr[a + 1]``, by priority.

    What is `pressing` takes whatever source and room there is as soon as it can be had, and is not put off;
    `value` is infinite where a rule asks for the copy.
    """

    ptr: Array
    appliance: Array
    file: Array
    value: Array
    pressing: Array


class Night(NamedTuple):
    """Who is where, what is wanted and what leaves, and what has come of it so far."""

    net: Network
    state: State
    wanted: Wanted
    leaving: Removals
    result: Result
    work: Work


class Moment(NamedTuple):
    """A moment of an appliance's window: when it is, and when the window closes [ms].

    In a `hurry` any source will do, else one that is not `patient` only takes any for its largest file; where
    last copies may go `away`, an origin brings them back.
    """

    now: int
    end: int
    hurry: bool
    away: bool
    patient: bool


@njit(cache=True)
def _use_links(state: State, links: Array, gbps: float, sign: int) -> None:
    for e in links:
        state.link_count[e] += sign
        state.link_used[e] = state.link_used[e] + sign * gbps if state.link_count[e] else 0.0


@njit(cache=True)
def _fly(state: State, a: int, f: int, end: int, gbps: float, sign: int) -> None:
    """Note what is on its way to an appliance and when it arrives, or that it has."""
    for n in range(state.coming_file.shape[1]):
        if state.coming_file[a, n] == (f if sign < 0 else -1):
            state.coming_file[a, n] = f if sign > 0 else -1
            state.coming_end[a, n] = end
            state.coming_gbps[a, n] = gbps
            return


@njit(cache=True)
def _account(net: Network, state: State, result: Result, wanted: Wanted, q: int, sign: int) -> None:
    """Take (1) or give back (-1) what a transfer uses."""
    a, source, path, kind = wanted.appliance[q], result.source[q], result.path[q], result.kind[q]
    gbps = net.size_gb[wanted.file[q]] * MEGABITS_PER_GB / (result.end[q] - result.start[q])
    state.in_count[a] += sign
    state.in_used[a] = state.in_used[a] + sign * gbps if state.in_count[a] else 0.0
    _fly(state, a, wanted.file[q], result.end[q], gbps, sign)
    if kind == ORIGIN:
        f = wanted.file[q]
        state.from_origin[f] += sign
        if sign > 0 and (state.from_origin[f] == 1 or result.end[q] < state.origin_end[f]):
            state.origin_end[f] = result.end[q]
        _use_links(
            state, net.origin_link[net.origin_link_ptr[path] : net.origin_link_ptr[path + 1]], gbps, sign
        )
        state.link_count[-1] += sign
        state.link_used[-1] = state.link_used[-1] + sign * gbps if state.link_count[-1] else 0.0
        return
    state.up_count[source] += sign
    state.up_used[source] = state.up_used[source] + sign * gbps if state.up_count[source] else 0.0
    if kind == TIER:
        _use_links(state, net.near_link[net.near_link_ptr[path] : net.near_link_ptr[path + 1]], gbps, sign)


@njit(cache=True)
def _begin(night: Night, moment: Moment, hurry: bool, reserved: int, q: int) -> bool:
    """Start one transfer, if source, room and time allow it.

    From the `reserved` moment on all of the rate is for another file.
    """
    net, state, wanted, leaving, result, work = night
    now, end = moment.now, moment.end
    a, f = wanted.appliance[q], wanted.file[q]
    size, free = net.size_gb[f], net.fill_gbps[a] - state.in_used[a]
    if leaving.given_up[f]:
        result.why[q] = NO_SPACE
        return False
    least = size * MEGABITS_PER_GB / max(1, end - now)
    if least > free:
        if result.why[q] == NO_WINDOW and size * MEGABITS_PER_GB <= net.fill_gbps[a] * _longest_open(net, a):
            result.why[q] = NO_RATE
        return False
    least = max(least, min(free, SMALLEST_RATE * net.fill_gbps[a]))
    # What must be there does not wait for a cheaper source, nor does what is nearly too late.
    latest = end - duration_ms(size, net.fill_gbps[a])
    late = hurry or now + HURRY_MS >= latest
    at_once = late or wanted.pressing[q]
    kind, source, path, rate, why = find_source(net, state, a, f, free, least, now, latest, at_once, TRIES)
    if kind == NOTHING:
        result.why[q] = why
        return False
    finish = now + duration_ms(size, rate)
    if finish > min(end, reserved):
        result.why[q] = NO_RATE
        return False
    worth = wanted.value[q] if at_once else wanted.value[q] / FAR_MORE
    if not make_room(net, state, leaving, result, work, a, size, now, moment.away or at_once, worth):
        result.why[q] = NO_SPACE
        return False
    result.kind[q], result.source[q], result.path[q] = kind, source, path
    result.start[q], result.end[q] = now, finish
    alternates(net, state, a, f, source if kind != ORIGIN else -1, now, finish, result.alternates[q])
    _account(net, state, result, wanted, q, 1)
    state.copy[f, a] = COMING
    if leaving.away[f]:
        leaving.away[f] = False
        leaving.n_away[0] -= 1
    state.stored_gb[a] += size
    if not work.shed[q]:
        work.waiting_gb[a] -= size
    if kind in (PEER, TIER) and state.copy[f, source] == LEAVING:
        _hold_back(leaving, work, source, f, finish)
    push(work.heap, finish, q)
    while work.head[a] < wanted.ptr[a + 1] and result.start[work.head[a]] != NEVER:
        work.head[a] += 1
    return True


@njit(cache=True)
def _start(night: Night, moment: Moment, first: int, a: int) -> bool:
    """Start the first file that can be; whether there was one.

    What an origin has promised to bring back comes before all others, then copy `first` (-1: none), for which
    others leave the rate free from the last moment at which it can start, and what was shed after them.
    """
    net, wanted, leaving, result, work = night.net, night.wanted, night.leaving, night.result, night.work
    end, hurry = moment.end, moment.hurry
    reserved = end
    if leaving.n_away[0]:
        for q in range(work.head[a], wanted.ptr[a + 1]):
            promised = result.start[q] == NEVER and leaving.away[wanted.file[q]]
            if promised and _begin(night, moment, hurry, end, q):
                return True
    if first >= 0:
        if _begin(night, moment, hurry or not moment.patient, end, first):
            return True
        reserved = end - duration_ms(net.size_gb[wanted.file[first]], net.fill_gbps[a]) - HURRY_MS // 2
    for shed in (False, True):
        for q in range(work.head[a], wanted.ptr[a + 1]):
            next_one = result.start[q] == NEVER and work.shed[q] == shed
            if next_one and _begin(night, moment, hurry, reserved, q):
                return True
    return False


@njit(cache=True)
def _slack_ms(net: Network, state: State, work: Work, a: int, left: int, now: int) -> int:
    """Time that is left of an appliance's window beyond what its files take at its full rate."""
    megabits = work.waiting_gb[a] * MEGABITS_PER_GB
    for n in range(state.coming_file.shape[1]):
        if state.coming_file[a, n] >= 0:
            megabits += (state.coming_end[a, n] - now) * state.coming_gbps[a, n]
    return int(left - megabits / net.fill_gbps[a])


@njit(cache=True)
def _shed(
    net: Network, state: State, wanted: Wanted, result: Result, work: Work, a: int, left: int, now: int
) -> int:
    """Put off what there is hardly time for, worth as little as possible; returns the slack [ms].

    One file that is large enough, or else those of least value per byte one by one.
    """
    slack = _slack_ms(net, state, work, a, left, now)
    while slack < 0:
        missing_gb = -slack * net.fill_gbps[a] / MEGABITS_PER_GB
        best, least, large = -1, np.inf, False
        for q in range(work.head[a], wanted.ptr[a + 1]):
            if result.start[q] != NEVER or work.shed[q] or wanted.pressing[q]:
                continue
            size = net.size_gb[wanted.file[q]]
            enough = size >= missing_gb
            cost = wanted.value[q] if enough else wanted.value[q] / size
            if duration_ms(size, net.fill_gbps[a]) > left:
                cost, enough = 0.0, True
            if (enough and not large) or (enough == large and cost < least):
                best, least, large = q, cost, enough
        if best < 0:
            break
        work.shed[best] = True
        work.waiting_gb[a] -= net.size_gb[wanted.file[best]]
        slack = _slack_ms(net, state, work, a, left, now)
    return slack


@njit(cache=True)
def _largest(
    net: Network, wanted: Wanted, result: Result, work: Work, a: int, slack: int, most_ms: int
) -> Any:
    """The largest file to come that takes at most so long, if it takes longer than there is time to spare.

    It cannot come last then. -1: none.
    """
    best, most = np.int64(-1), 0.0
    for q in range(work.head[a], wanted.ptr[a + 1]):
        size = net.size_gb[wanted.file[q]]
        in_time = duration_ms(size, net.fill_gbps[a]) <= most_ms
        if result.start[q] == NEVER and not work.shed[q] and size > most and in_time:
            best, most = np.int64(q), size
    if best < 0 or duration_ms(most, net.fill_gbps[a]) <= slack:
        return np.int64(-1)
    return best


@njit(cache=True)
def _longest_open(net: Network, a: int) -> int:
    longest = 0
    for i in range(net.open_ptr[a], net.open_ptr[a + 1]):
        longest = max(longest, net.open_end[i] - net.open_begin[i])
    return longest


@njit(cache=True)
def _hold_back(leaving: Removals, work: Work, source: int, f: int, until: int) -> None:
    """A source does not remove the copy before it has been fetched."""
    for i in range(leaving.ptr[source], leaving.ptr[source + 1]):
        if leaving.file[i] == f:
            work.busy[i] = max(work.busy[i], until)


@njit(cache=True)
def _finish(net: Network, state: State, wanted: Wanted, result: Result, work: Work, q: int, now: int) -> None:
    """A copy has arrived: it can be given on."""
    a, f = wanted.appliance[q], wanted.file[q]
    _account(net, state, result, wanted, q, -1)
    state.copy[f, a] = HOLDS
    state.at_site[f, net.site[a]] += 1
    state.holders[f] += 1
    for b in range(net.site_ptr[net.site[a]], net.site_ptr[net.site[a] + 1]):
        if b == a or work.idle[b]:
            _wake(wanted, work, b, now)


@njit(cache=True)
def _wake(wanted: Wanted, work: Work, a: int, now: int) -> None:
    """Let an appliance look for work once all that ends now has ended."""
    if work.head[a] < wanted.ptr[a + 1] and work.woken[a] != now:
        work.woken[a] = now
        push(work.heap, now, wanted.file.size + a)


@njit(cache=True)
def _look(night: Night, a: int, now: int) -> None:
    """Start what can be started; else look again later, the sooner the less time is left."""
    net, state, wanted, result, work = night.net, night.state, night.wanted, night.result, night.work
    work.idle[a] = False
    patient = net.patience[a] == PATIENT
    end, left = now, 0
    for i in range(net.open_ptr[a], net.open_ptr[a + 1]):
        if net.open_begin[i] <= now < net.open_end[i]:
            end = net.open_end[i]
        left += max(0, net.open_end[i] - max(now, net.open_begin[i]))
    if end == now:
        return
    while work.head[a] < wanted.ptr[a + 1]:
        free = net.fill_gbps[a] - state.in_used[a]
        if free < SMALLEST_RATE * net.fill_gbps[a]:
            return
        slack = _shed(net, state, wanted, result, work, a, left, now)
        first = _largest(net, wanted, result, work, a, slack, end - now)
        # With patience, one that has nothing to do waits half its time for last copies to be handed on.
        away = not patient or (state.in_count[a] == 0 and 2 * slack <= left)
        if _start(night, Moment(now, end, False, away, patient), first, a):
            continue
        hurry = slack <= HURRY_MS
        if hurry and _start(night, Moment(now, end, True, True, patient), first, a):
            continue
        work.idle[a] = True
        wait = min(max(slack // 4, SHORTEST_WAIT_MS), LONGEST_WAIT_MS)
        if work.poll[a] <= now and now + wait < end:
            work.poll[a] = now + wait
            push(work.heap, now + wait, wanted.file.size + a)
        return


@njit(cache=True, nogil=True)
def run_night(
    net: Network,
    state: State,
    wanted: Wanted,
    leaving: Removals,
    result: Result,
    work: Work,
    begin: int,
) -> None:
    """Let one night pass; `state` and `result` are written to.

    Appliances that are `PATIENT` wait for cheap sources as long as there is time; others turn to dearer ones
    for their largest files, and to origins for last copies that are in their way, rather than do nothing.
    Those that are `SELFISH` give nothing of what is to go.
    """
    night = Night(net, state, wanted, leaving, result, work)
    empty_overfull(net, state, leaving, result, work, begin)
    for a in range(net.site.size):
        if wanted.ptr[a] < wanted.ptr[a + 1]:
            for i in range(net.open_ptr[a], net.open_ptr[a + 1]):
                push(work.heap, net.open_begin[i], wanted.file.size + a)
    while work.heap.size[0]:
        now, event = pop(work.heap)
        if event < wanted.file.size:
            _finish(net, state, wanted, result, work, event, now)
        else:
            _look(night, event - wanted.file.size, now)
