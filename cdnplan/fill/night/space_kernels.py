"""Kernels of the night that make room: which copies go, and when; also the state of a night's work."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.fill.loads.heap_kernels import Heap
from cdnplan.fill.night.source_kernels import LEAVING, NONE, ROUNDING, Network, State

Array = npt.NDArray[Any]

NEVER = -1


class Removals(NamedTuple):
    """Copies to remove: those of appliance a are ``ptr[a]:ptr[a + 1]``, the first to go first.

    `stays` tells of each file whether the placement has it anywhere, `worth` what its wanted copies save
    together: infinite where a rule asks for one of them. Wanted copies of a file whose last copy had to go
    all the same are `given_up`. Where a file `returns`, an origin is to bring it back in the same night: its
    last copy may go before, and it is `away` until its fetching begins; `n_away` has one entry, how many are.
    """

    ptr: Array
    file: Array
    stays: Array
    worth: Array
    given_up: Array
    returns: Array
    away: Array
    n_away: Array


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

    `head` is the first wanted copy that has not been started; `waiting_gb` sums those but the ones that were
    `shed`, for which there is hardly time; `poll` is when an
    appliance that found nothing looks again, `woken` when another's arrival made it look; `busy` is when each
    leaving copy has been given to the last who fetches it.
    """

    heap: Heap
    head: Array
    waiting_gb: Array
    shed: Array
    idle: Array
    poll: Array
    woken: Array
    busy: Array
    first_leaving: Array


PLAIN, AWAY, LOST = 0, 1, 2
"""What it means that a copy goes: nothing, that an origin has to bring the file back, that it does not."""


@njit(cache=True)
def _may_go(leaving: Removals, state: State, work: Work, i: int, now: int, how: int) -> bool:
    """Whether a copy that nobody fetches can be removed now: the last of a file that stays, or not."""
    f = leaving.file[i]
    if work.busy[i] > now:
        return False
    last = leaving.stays[f] and state.holders[f] == 1
    coming = state.from_origin[f] > 0
    if how == PLAIN:
        return not last
    if how == AWAY:
        return bool(last and (leaving.returns[f] or coming))
    return bool(last and not leaving.returns[f] and not coming)


@njit(cache=True)
def _remove(net: Network, state: State, leaving: Removals, result: Result, a: int, i: int, now: int) -> None:
    f = leaving.file[i]
    result.gone[i] = now
    state.copy[f, a] = NONE
    state.at_site[f, net.site[a]] -= 1
    state.holders[f] -= 1
    if state.holders[f] == 0 and leaving.stays[f] and state.from_origin[f] == 0:
        if leaving.returns[f]:
            leaving.away[f] = True
            leaving.n_away[0] += 1
        else:
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
            if leaving.away[f]:
                leaving.away[f] = False
                leaving.n_away[0] -= 1


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
    away: bool,
    worth: float,
) -> bool:
    """Remove what leaves, in order, until so much more fits; nothing where it would not.

    Where that is not enough, last copies go of files that an origin can bring back, if they may be `away`;
    then those of files whose new copies together save less than `worth`.
    """
    limit = net.limit_gb[a] * (1 + ROUNDING)
    while work.first_leaving[a] < leaving.ptr[a + 1] and NEVER < result.gone[work.first_leaving[a]] < now:
        work.first_leaving[a] += 1
    missing = state.stored_gb[a] + size_gb - limit
    if missing <= 0.0:
        return True
    first, last = work.first_leaving[a], leaving.ptr[a + 1]
    for removing in (False, True):
        freed, lost = 0.0, 0.0
        for how in (PLAIN, AWAY, LOST):
            if how == AWAY and not away:
                continue
            for i in range(first, last):
                if freed >= missing:
                    break
                f = leaving.file[i]
                more = leaving.worth[f] if how == LOST else 0.0
                if result.gone[i] != NEVER or (how == LOST and lost + more >= worth):
                    continue
                if _may_go(leaving, state, work, i, now, how):
                    freed += net.size_gb[f]
                    lost += more
                    if removing:
                        _remove(net, state, leaving, result, a, i, now)
        if freed < missing:
            return False
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
                if result.gone[i] == NEVER and (forced or _may_go(leaving, state, work, i, now, PLAIN)):
                    _remove(net, state, leaving, result, a, i, now)
        _bring_back(net, state, leaving, result, a, 0.0, now)
