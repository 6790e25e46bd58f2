"""Kernel behind `schedule`: one night as a list of events in the order of time.

Each appliance works through what it wants in the order of value. Whenever it has rate to spare it starts the
first file that has a source and room; what has none now is passed over and looked at again later.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from cdnplan.fill.heap_kernels import Heap, pop, push
from cdnplan.fill.source_kernels import (
    COMING,
    HOLDS,
    LEAVING,
    MEGABITS_PER_GB,
    NO_RATE,
    NO_SPACE,
    NO_WINDOW,
    NONE,
    NOTHING,
    ORIGIN,
    PEER,
    ROUNDING,
    TIER,
    Network,
    State,
    alternates,
    duration_ms,
    find_source,
)

Array = npt.NDArray[Any]

SMALLEST_RATE = 0.2
"""A transfer gets at least this part of what its appliance can take in: five at once are the most."""
MOST_AT_ONCE = 9
"""Transfers into one appliance at one moment at most; those that the smallest rate allows, and some to spare."""
TRIES = 24
"""Sites asked for one file at one moment."""
SHORTEST_WAIT_MS, LONGEST_WAIT_MS = 60_000, 900_000
"""An appliance whose files all have no source looks again after this time."""
HURRY_MS = 600_000
"""One that has no more time to spare than this takes what it gets: more than it waits at a time."""
NEVER = -1


class Wanted(NamedTuple):
    """Copies to fetch: those of appliance a are ``ptr[a]:ptr[a + 1]``, by priority."""

    ptr: Array
    appliance: Array
    file: Array
    value: Array
    required: Array


class Removals(NamedTuple):
    """Copies to remove: those of appliance a are ``ptr[a]:ptr[a + 1]``, the first to go first.

    `stays` tells of each file whether the placement has it anywhere, `worth` what its wanted copies save
    together: infinite where a rule asks for one of them. Wanted copies of a file whose last copy had to go
    all the same are `given_up`.
    """

    ptr: Array
    file: Array
    stays: Array
    worth: Array
    given_up: Array


class Result(NamedTuple):
    """What came of each wanted copy, and when copies were removed; times are `NEVER` where nothing happened.

    `source` is an appliance, or the place in the network's list of origins where `kind` is `ORIGIN`; `path`
    the place in the list of sites or origins; `why` tells why a copy was not fetched when last looked at.
    """

    kind: Array
    source: Array
    path: Array
    start: Array
    end: Array
    alternates: Array
    why: Array
    gone: Array


class Work(NamedTuple):
    """Scratch: heap of events, and what appliances wait for.

    `head` is the first wanted copy that has not been started; `waiting_gb` sums those; `poll` is when an
    appliance that found nothing looks again, `woken` when another's arrival made it look; `busy` is when each
    leaving copy has been given to the last who fetches it.
    """

    heap: Heap
    head: Array
    waiting_gb: Array
    idle: Array
    poll: Array
    woken: Array
    busy: Array
    first_leaving: Array


@njit(cache=True)
def _may_go(leaving: Removals, state: State, work: Work, i: int, now: int) -> bool:
    """Whether a copy can be removed now: nobody fetches it, and it is not the last of a file that stays."""
    f = leaving.file[i]
    return bool(work.busy[i] <= now and (state.holders[f] > 1 or not leaving.stays[f]))


@njit(cache=True)
def _may_be_lost(leaving: Removals, state: State, work: Work, i: int, now: int) -> bool:
    """Whether the last copy of a file that stays can go, if its new copies are given up: none is on its way."""
    f = leaving.file[i]
    last = leaving.stays[f] and state.holders[f] == 1
    return bool(last and work.busy[i] <= now and state.from_origin[f] == 0)


@njit(cache=True)
def _remove(net: Network, state: State, leaving: Removals, result: Result, a: int, i: int, now: int) -> None:
    f = leaving.file[i]
    result.gone[i] = now
    state.copy[f, a] = NONE
    state.at_site[f, net.site[a]] -= 1
    state.holders[f] -= 1
    if state.holders[f] == 0 and leaving.stays[f]:
        leaving.given_up[f] = True
    state.stored_gb[a] -= net.size_gb[f]


@njit(cache=True)
def _bring_back(
    net: Network, state: State, leaving: Removals, result: Result, a: int, size_gb: float, now: int
) -> None:
    """Spare what was removed at this moment and still fits beside so much, the most valuable first."""
    for i in range(leaving.ptr[a + 1] - 1, leaving.ptr[a] - 1, -1):
        f = leaving.file[i]
        fits = state.stored_gb[a] + size_gb + net.size_gb[f] <= net.limit_gb[a] * (1 + ROUNDING)
        if result.gone[i] == now and fits:
            result.gone[i] = NEVER
            state.copy[f, a] = LEAVING
            state.at_site[f, net.site[a]] += 1
            state.holders[f] += 1
            state.stored_gb[a] += net.size_gb[f]
            leaving.given_up[f] = False


@njit(cache=True)
def make_room(
    net: Network,
    state: State,
    leaving: Removals,
    result: Result,
    work: Work,
    a: int,
    size_gb: float,
    now: int,
    worth: float,
) -> bool:
    """Remove what leaves, in order, until so much more fits; nothing where it would not.

    Where that is not enough, last copies of files go whose new copies together save less than `worth`.
    """
    limit = net.limit_gb[a] * (1 + ROUNDING)
    while work.first_leaving[a] < leaving.ptr[a + 1] and NEVER < result.gone[work.first_leaving[a]] < now:
        work.first_leaving[a] += 1
    missing = state.stored_gb[a] + size_gb - limit
    if missing <= 0.0:
        return True
    first, last = work.first_leaving[a], leaving.ptr[a + 1]
    freed, lost = 0.0, 0.0
    for i in range(first, last):
        if freed < missing and result.gone[i] == NEVER and _may_go(leaving, state, work, i, now):
            freed += net.size_gb[leaving.file[i]]
    if freed < missing:
        if worth <= 0.0:
            return False
        for i in range(first, last):
            more = leaving.worth[leaving.file[i]]
            fits = freed < missing and result.gone[i] == NEVER and lost + more < worth
            if fits and _may_be_lost(leaving, state, work, i, now):
                freed += net.size_gb[leaving.file[i]]
                lost += more
    if freed < missing:
        return False
    for i in range(first, last):
        if state.stored_gb[a] + size_gb <= limit:
            break
        if result.gone[i] == NEVER and _may_go(leaving, state, work, i, now):
            _remove(net, state, leaving, result, a, i, now)
    lost = 0.0
    for i in range(first, last):
        if state.stored_gb[a] + size_gb <= limit:
            break
        more = leaving.worth[leaving.file[i]]
        fits = result.gone[i] == NEVER and lost + more < worth
        if fits and _may_be_lost(leaving, state, work, i, now):
            _remove(net, state, leaving, result, a, i, now)
            lost += more
    _bring_back(net, state, leaving, result, a, size_gb, now)
    return bool(state.stored_gb[a] + size_gb <= limit)


@njit(cache=True)
def _use_links(state: State, links: Array, gbps: float, sign: int) -> None:
    for e in links:
        state.link_count[e] += sign
        state.link_used[e] = state.link_used[e] + sign * gbps if state.link_count[e] else 0.0


@njit(cache=True)
def _fly(state: State, a: int, f: int, end: int, sign: int) -> None:
    """Note what is on its way to an appliance and when it arrives, or that it has."""
    for n in range(state.coming_file.shape[1]):
        if state.coming_file[a, n] == (f if sign < 0 else -1):
            state.coming_file[a, n] = f if sign > 0 else -1
            state.coming_end[a, n] = end
            return


@njit(cache=True)
def _account(net: Network, state: State, result: Result, wanted: Wanted, q: int, sign: int) -> None:
    """Take (1) or give back (-1) what a transfer uses."""
    a, source, path, kind = wanted.appliance[q], result.source[q], result.path[q], result.kind[q]
    gbps = net.size_gb[wanted.file[q]] * MEGABITS_PER_GB / (result.end[q] - result.start[q])
    state.in_count[a] += sign
    state.in_used[a] = state.in_used[a] + sign * gbps if state.in_count[a] else 0.0
    _fly(state, a, wanted.file[q], result.end[q], sign)
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
def _start(
    net: Network,
    state: State,
    wanted: Wanted,
    leaving: Removals,
    result: Result,
    work: Work,
    now: int,
    end: int,
    hurry: bool,
    a: int,
) -> bool:
    """Start the first file that can be; whether there was one. `end` is when the window closes."""
    free = net.fill_gbps[a] - state.in_used[a]
    for q in range(work.head[a], wanted.ptr[a + 1]):
        if result.start[q] != NEVER:
            continue
        f = wanted.file[q]
        size = net.size_gb[f]
        if leaving.given_up[f]:
            result.why[q] = NO_SPACE
            continue
        least = size * MEGABITS_PER_GB / max(1, end - now)
        if least > free:
            if result.why[q] == NO_WINDOW and size * MEGABITS_PER_GB <= net.fill_gbps[a] * _longest_open(
                net, a
            ):
                result.why[q] = NO_RATE
            continue
        least = max(least, min(free, SMALLEST_RATE * net.fill_gbps[a]))
        # What must be there does not wait for a cheaper source, nor does what is nearly too late.
        latest = end - duration_ms(size, net.fill_gbps[a])
        late = hurry or now + HURRY_MS >= latest
        at_once = late or wanted.required[q]
        kind, source, path, rate, why = find_source(net, state, a, f, free, least, now, latest, at_once, TRIES)
        if kind == NOTHING:
            result.why[q] = why
            continue
        finish = now + duration_ms(size, rate)
        if finish > end:
            result.why[q] = NO_RATE
            continue
        worth = np.inf if wanted.required[q] else wanted.value[q] if late else wanted.value[q] / 3.0
        if not make_room(net, state, leaving, result, work, a, size, now, worth):
            result.why[q] = NO_SPACE
            continue
        result.kind[q], result.source[q], result.path[q] = kind, source, path
        result.start[q], result.end[q] = now, finish
        alternates(net, state, a, f, source if kind != ORIGIN else -1, now, finish, result.alternates[q])
        _account(net, state, result, wanted, q, 1)
        state.copy[f, a] = COMING
        state.stored_gb[a] += size
        work.waiting_gb[a] -= size
        if kind in (PEER, TIER) and state.copy[f, source] == LEAVING:
            _hold_back(leaving, work, source, f, finish)
        push(work.heap, finish, q)
        while work.head[a] < wanted.ptr[a + 1] and result.start[work.head[a]] != NEVER:
            work.head[a] += 1
        return True
    return False


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
def _look(
    net: Network,
    state: State,
    wanted: Wanted,
    leaving: Removals,
    result: Result,
    work: Work,
    a: int,
    now: int,
) -> None:
    """Start what can be started; else look again later, the sooner the less time is left."""
    work.idle[a] = False
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
        if _start(net, state, wanted, leaving, result, work, now, end, False, a):
            continue
        slack = left - int(work.waiting_gb[a] * MEGABITS_PER_GB / net.fill_gbps[a])
        if slack <= HURRY_MS and _start(net, state, wanted, leaving, result, work, now, end, True, a):
            continue
        work.idle[a] = True
        wait = min(max(slack // 4, SHORTEST_WAIT_MS), LONGEST_WAIT_MS)
        if work.poll[a] <= now and now + wait < end:
            work.poll[a] = now + wait
            push(work.heap, now + wait, wanted.file.size + a)
        return


@njit(cache=True)
def _empty_overfull(
    net: Network, state: State, leaving: Removals, result: Result, work: Work, now: int
) -> None:
    """Remove at once what appliances hold beyond their storage, last copies only where there is no choice."""
    for a in range(net.site.size):
        for forced in (False, True):
            for i in range(leaving.ptr[a], leaving.ptr[a + 1]):
                if state.stored_gb[a] <= net.limit_gb[a] * (1 + ROUNDING):
                    break
                if result.gone[i] == NEVER and (forced or _may_go(leaving, state, work, i, now)):
                    _remove(net, state, leaving, result, a, i, now)
        _bring_back(net, state, leaving, result, a, 0.0, now)


@njit(cache=True, nogil=True)
def run_night(
    net: Network, state: State, wanted: Wanted, leaving: Removals, result: Result, work: Work, begin: int
) -> None:
    """Let one night pass; `state` and `result` are written to."""
    _empty_overfull(net, state, leaving, result, work, begin)
    for a in range(net.site.size):
        if wanted.ptr[a] < wanted.ptr[a + 1]:
            for i in range(net.open_ptr[a], net.open_ptr[a + 1]):
                push(work.heap, net.open_begin[i], wanted.file.size + a)
    while work.heap.size[0]:
        now, event = pop(work.heap)
        if event < wanted.file.size:
            _finish(net, state, wanted, result, work, event, now)
        else:
            _look(net, state, wanted, leaving, result, work, event - wanted.file.size, now)
