"""Kernels of the night that make room: which copies go, and when; also the state of a night's work."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt
from numba import njit

from cdnplan.fill.heap_kernels import Heap
from cdnplan.fill.source_kernels import LEAVING, NONE, ROUNDING, Network, State

Array = npt.NDArray[Any]

NEVER = -1


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
    """Whether the last copy of a file that stays can go, with its new copies given up: none is on its way."""
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
def empty_overfull(
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
