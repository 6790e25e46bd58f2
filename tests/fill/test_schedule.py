"""Nights by hand: who fetches from whom and when, and what is removed for it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cdnplan.fill.loads.copies import Copies
from cdnplan.fill.night import best_night as best
from cdnplan.fill.night.schedule import Schedule, schedule
from cdnplan.fill.night.schedule_kernels import Wanted
from cdnplan.fill.night.source_kernels import (
    HURRIED,
    MS_PER_HOUR,
    NO_SOURCE,
    NO_SPACE,
    NO_WINDOW,
    ORIGIN,
    PATIENT,
    PEER,
    SELFISH,
    TIER,
    Network,
    State,
)
from cdnplan.fill.night.space_kernels import Removals, Result
from cdnplan.parameters.dealing import NightParameters
from cdnplan.parameters.parameters import DEFAULTS

GBPS = 8.0 / 3600.0
"""A GB an hour."""


def network(
    sites: list[int],
    *,
    size_gb: list[float],
    limit_gb: float = 100.0,
    fill: float = GBPS,
    upload: float = GBPS,
    hours: float = 12.0,
    near: bool = True,
    cap: float = np.inf,
    closed: dict[int, tuple[float, float]] | None = None,
) -> Network:
    """Sites of so many appliances, all next to each other (or none in reach), one origin, no links."""
    n, s = sum(sites), len(sites)
    others = [[j for j in range(s) if j != i] if near else [] for i in range(s)]
    ptr = np.cumsum([0, *map(len, others)]).astype(np.int64)
    none = np.zeros(0, dtype=np.int32)
    shut = closed or {}
    spans = [[shut[a]] if a in shut else [] for a in range(n)]
    return Network(
        site_ptr=np.cumsum([0, *sites]).astype(np.int64),
        site=np.repeat(np.arange(s), sites),
        fill_gbps=np.full(n, fill),
        upload_gbps=np.full(n, upload),
        limit_gb=np.full(n, limit_gb),
        open_ptr=np.arange(n + 1, dtype=np.int64),
        open_begin=np.zeros(n, dtype=np.int64),
        open_end=np.full(n, int(hours * MS_PER_HOUR), dtype=np.int64),
        closed_ptr=np.cumsum([0, *map(len, spans)]).astype(np.int64),
        closed_begin=np.array([int(b * MS_PER_HOUR) for part in spans for b, _ in part], dtype=np.int64),
        closed_end=np.array([int(e * MS_PER_HOUR) for part in spans for _, e in part], dtype=np.int64),
        near_ptr=ptr,
        near_site=np.array([j for row in others for j in row], dtype=np.int32),
        near_link_ptr=np.zeros(int(ptr[-1]) + 1, dtype=np.int64),
        near_link=none,
        origin_ptr=np.arange(s + 1, dtype=np.int64),
        origin=np.zeros(s, dtype=np.int32),
        origin_link_ptr=np.zeros(s + 1, dtype=np.int64),
        origin_link=none,
        spare_gbps=np.zeros((0, 24)),
        origin_cap_gbps=np.array([cap]),
        size_gb=np.array(size_gb),
        n_origins=1,
        patience=np.full(n, PATIENT, dtype=np.uint8),
    )


def copies(*rows: tuple[int, int] | tuple[int, int, float] | tuple[int, int, float, bool]) -> Copies:
    """(Appliance, file, value, whether a rule asks for it)."""
    whole = [(*row, *(1.0, False)[len(row) - 2 :]) for row in rows]
    return Copies(
        np.array([r[0] for r in whole], dtype=np.int64),
        np.array([r[1] for r in whole], dtype=np.int64),
        np.array([r[2] for r in whole], dtype=np.float64),
        np.array([r[3] for r in whole], dtype=np.bool_),
    )


def night(net: Network, kept: Copies, wanted: Copies, leaving: Copies) -> dict[tuple[int, int], tuple]:
    """Kind, source and hours of each copy that is fetched."""
    return rows(schedule(net, kept, wanted, leaving, 0))


def rows(found: Schedule) -> dict[tuple[int, int], tuple]:
    """The same of a schedule."""
    return {
        (int(found.wanted.appliance[q]), int(found.wanted.file[q])): (
            int(found.kind[q]),
            int(found.source[q]),
            round(float(found.start[q]) / MS_PER_HOUR, 2),
            round(float(found.end[q]) / MS_PER_HOUR, 2),
        )
        for q in np.flatnonzero(found.fetched)
    }


def test_a_file_enters_a_site_once_and_spreads() -> None:
    found = night(network([3], size_gb=[1.0]), copies(), copies((0, 0), (1, 0), (2, 0)), copies())
    assert found[0, 0] == (ORIGIN, 0, 0.0, 1.0)
    assert [found[a, 0][0] for a in (1, 2)] == [PEER, PEER]
    assert {found[1, 0][1], found[2, 0][1]} <= {0, 1, 2}
    assert min(found[1, 0][2], found[2, 0][2]) == 1.0


def test_another_site_comes_before_the_origin() -> None:
    net = network([1, 1], size_gb=[1.0])
    assert night(net, copies((1, 0)), copies((0, 0)), copies())[0, 0][:2] == (TIER, 1)
    net = network([1, 1], size_gb=[1.0], near=False)
    assert night(net, copies((1, 0)), copies((0, 0)), copies())[0, 0][0] == ORIGIN


def test_the_valuable_per_byte_come_first_and_what_rules_ask_for_before_them() -> None:
    wanted = copies((0, 0, 5.0), (0, 1, 5.0), (0, 2, 0.0, True))
    found = night(network([1], size_gb=[2.0, 1.0, 1.0]), copies(), wanted, copies())
    assert [key[1] for key in sorted(found, key=lambda key: found[key][2])] == [2, 1, 0]


def test_what_does_not_fit_into_the_window() -> None:
    found = schedule(
        network([1], size_gb=[13.0, 10.0, 3.0]), copies(), copies((0, 0), (0, 1, 9.0), (0, 2)), copies(), 0
    )
    assert set(rows(found)) == {(0, 1)}
    assert found.why[found.wanted.file == 0].tolist() == [NO_WINDOW]


def test_space_is_made_when_it_is_needed_least_valuable_first() -> None:
    net = network([2], size_gb=[4.0, 3.0, 3.0, 3.0], limit_gb=10.0)
    leaving = copies((0, 1, 2.0), (0, 2, 1.0), (0, 3, 3.0))
    found = schedule(net, copies((1, 1), (1, 2), (1, 3)), copies((0, 0)), leaving, 0)
    assert rows(found)[0, 0][2] == 0.0
    assert dict(zip(found.leaving.file.tolist(), (found.gone >= 0).tolist(), strict=True)) == {
        2: True,
        1: False,
        3: False,
    }


def test_no_more_is_removed_than_needed() -> None:
    net = network([2], size_gb=[5.0, 1.0, 6.0], limit_gb=8.0)
    found = schedule(net, copies((1, 1), (1, 2)), copies((0, 0)), copies((0, 1, 0.0), (0, 2, 9.0)), 0)
    assert dict(zip(found.leaving.file.tolist(), found.gone.tolist(), strict=True)) == {1: -1, 2: 0}


def test_the_last_copy_stays_until_there_is_another() -> None:
    # 0 hands file 0 on to 1 and takes file 1 from the origin in its place.
    net = network([2], size_gb=[2.0, 2.0], limit_gb=2.0)
    found = schedule(net, copies(), copies((0, 1, 1.0), (1, 0, 9.0)), copies((0, 0)), 0)
    assert rows(found)[1, 0] == (PEER, 0, 0.0, 2.0)
    assert rows(found)[0, 1][2] >= 2.0
    assert found.gone[0] == found.start[found.wanted.file == 1][0]


def test_full_appliances_exchange_last_copies_by_way_of_the_origin() -> None:
    net = network([2], size_gb=[2.0, 2.0], limit_gb=2.0)
    found = schedule(net, copies(), copies((0, 1), (1, 0)), copies((0, 0), (1, 1)), 0)
    assert found.fetched.all()
    # One of them comes from the other, the other one from the origin, once it has been given up.
    assert sorted(found.kind.tolist()) == [PEER, ORIGIN]
    assert (found.gone >= 0).all()
    back = found.kind == ORIGIN
    assert found.start[back][0] >= found.gone[found.leaving.file == found.wanted.file[back][0]][0]


def test_a_pin_may_push_out_a_last_copy() -> None:
    net = network([2], size_gb=[2.0, 2.0], limit_gb=2.0, cap=0.0)
    found = schedule(net, copies(), copies((0, 1, 1.0, True), (1, 0)), copies((0, 0), (1, 1)), 0)
    assert set(rows(found)) == {(0, 1)}


def test_last_copies_of_less_worth_make_room_where_no_origin_can_bring_them_back() -> None:
    net = network([2], size_gb=[2.0, 2.0], limit_gb=2.0, cap=0.0)
    found = schedule(net, copies(), copies((0, 1, 9.0), (1, 0, 1.0)), copies((0, 0), (1, 1)), 0)
    assert set(rows(found)) == {(0, 1)}
    assert found.why[found.wanted.file == 0].tolist() == [NO_SPACE]
    # Of a file that a rule asks for, the last copy stays.
    found = schedule(net, copies(), copies((0, 1, 9.0), (1, 0, 1.0, True)), copies((0, 0), (1, 1)), 0)
    assert set(rows(found)) == {(1, 0)}


def test_what_arrives_too_late_is_not_waited_for() -> None:
    # Each of them needs seven of twelve hours: who waits for the other comes too late.
    found = night(network([2], size_gb=[7.0]), copies(), copies((0, 0), (1, 0)), copies())
    assert found == {(0, 0): (ORIGIN, 0, 0.0, 7.0), (1, 0): (ORIGIN, 0, 0.0, 7.0)}
    found = night(network([1, 1], size_gb=[7.0]), copies(), copies((0, 0), (1, 0)), copies())
    assert [found[a, 0][0] for a in (0, 1)] == [ORIGIN, ORIGIN]


def test_what_others_wait_for_is_fetched_first() -> None:
    # 0 is full of the last copy of file 0: until 1 has it, the valuable file 1 finds no room there.
    net = network([2], size_gb=[4.0] * 4, limit_gb=8.0)
    wanted = copies((0, 1, 9.0), (1, 0, 4.0), (1, 2, 5.0))
    found = night(net, copies((0, 3)), wanted, copies((0, 0)))
    assert found[1, 0][2] < found[1, 2][2]
    assert found[0, 1][2] == found[1, 0][3]


def test_the_only_origin_is_no_alternate_to_itself() -> None:
    net = network([2], size_gb=[1.0])
    found = schedule(net, copies(), copies((0, 0), (1, 0)), copies(), 0)
    by_kind = dict(zip(found.kind.tolist(), found.origin.tolist(), strict=True))
    assert by_kind == {ORIGIN: -1, PEER: 0}


def test_sources_under_maintenance_give_nothing() -> None:
    net = network([1, 1], size_gb=[1.0], closed={1: (0.0, 5.0)})
    assert night(net, copies((1, 0)), copies((0, 0)), copies())[0, 0][:2] == (TIER, 1)
    assert night(net, copies((1, 0)), copies((0, 0)), copies())[0, 0][2] >= 5.0
    whole = network([1, 1], size_gb=[1.0], closed={1: (0.0, 12.0)})
    assert night(whole, copies((1, 0)), copies((0, 0)), copies())[0, 0][0] == ORIGIN


def test_uploads_are_limited() -> None:
    net = network([1, 1, 1], size_gb=[1.0], upload=0.5 * GBPS)
    found = night(net, copies((2, 0)), copies((0, 0), (1, 0)), copies())
    (_, _, a, b), (_, _, c, d) = found[0, 0], found[1, 0]
    assert {found[0, 0][0], found[1, 0][0]} == {TIER}
    assert b <= c or d <= a or (found[0, 0][1] != found[1, 0][1])


def test_the_origin_is_capped() -> None:
    net = network([1] * 4, size_gb=[2.5] * 4, near=False, cap=GBPS)
    found = night(net, copies(), copies(*((a, a) for a in range(4))), copies())
    spans = sorted(found[a, a][2:] for a in range(4))
    assert len(spans) == 4
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_what_nobody_can_give_in_time() -> None:
    net = network([1], size_gb=[1.0], cap=0.0)
    found = schedule(net, copies(), copies((0, 0)), copies(), 0)
    assert not found.fetched.any()
    net = network([2], size_gb=[1.0], closed={1: (0.0, 12.0)})
    # The peer is shut all night: in the end it comes from outside after all.
    assert night(net, copies((1, 0)), copies((0, 0)), copies())[0, 0][0] == ORIGIN
    assert NO_SOURCE != NO_SPACE


def test_only_those_who_miss_something_lose_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three appliances the first never gets its file, the second does once it hurries and presses."""
    seen = []

    def passes(
        net: Network, state: State, demand: Wanted, leaving: Removals, result: Result, *_: object
    ) -> None:
        seen.append((net.patience.tolist(), demand.pressing.tolist()))
        pressed = demand.pressing & (net.patience[demand.appliance] < PATIENT)
        result.kind[(demand.appliance == 2) | ((demand.appliance == 1) & pressed)] = PEER

    monkeypatch.setattr(best.kernels, "run_night", passes)
    wanted = copies((0, 0), (1, 0), (2, 0))
    found = schedule(network([3], size_gb=[1.0]), copies(), wanted, copies(), 0)
    assert found.fetched.tolist() == [False, True, True]
    assert len(seen) == DEFAULTS.night.most
    assert seen[0] == ([PATIENT] * 3, [False] * 3)
    assert seen[1] == ([HURRIED, HURRIED, PATIENT], [True, True, False])
    assert seen[2] == ([SELFISH, HURRIED, PATIENT], [True, True, False])
    assert all(patience[2] == PATIENT and not pressing[2] for patience, pressing in seen)


def test_nights_end_once_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []

    def passes(*given: object) -> None:
        counted.append(given)
        given[4].kind[:] = PEER  # type: ignore[attr-defined]

    monkeypatch.setattr(best.kernels, "run_night", passes)
    schedule(network([2], size_gb=[1.0]), copies(), copies((0, 0), (1, 0)), copies(), 0)
    assert len(counted) == 1


def test_large_nights_are_planned_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    monkeypatch.setattr(best.kernels, "run_night", lambda *given: counted.append(given))
    two = copies((0, 0), (1, 0))
    schedule(network([2], size_gb=[1.0]), copies(), two, copies(), 0, parameters=NightParameters(work=5))
    assert len(counted) == DEFAULTS.night.fewest


def test_large_nights_that_lose_little_are_not_planned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short ones are, and those that lose more, or what a rule asks for."""
    counted: list[object] = []
    monkeypatch.setattr(best.kernels, "run_night", lambda *given: counted.append(given))

    def nights(wanted: Copies, enough: float, numbers: NightParameters = DEFAULTS.night) -> int:
        counted.clear()
        schedule(network([2], size_gb=[1.0]), copies(), wanted, copies(), 0, enough, numbers)
        return len(counted)

    two, required = copies((0, 0, 1.0), (1, 0, 2.0)), copies((0, 0, 1.0, True), (1, 0, 2.0))
    assert nights(two, 3.0) == DEFAULTS.night.most
    few = NightParameters(work=5)
    assert nights(two, 3.0, few) == 1
    assert nights(two, 2.9, few) == few.fewest
    assert nights(required, 3.0, few) == few.fewest


def test_an_appliance_that_gives_nothing_of_what_is_to_go_removes_it_at_once() -> None:
    """0 is full of file 0, which 1 fetches: selfish, it takes in file 1 at once; 1 asks the origin."""
    net = network([2], size_gb=[2.0, 2.0, 2.0], limit_gb=2.0)
    sets = copies((1, 2)), copies((0, 1, 9.0), (1, 0)), copies((0, 0))
    patience = np.array([SELFISH, PATIENT], dtype=np.uint8)
    one = schedule(net._replace(limit_gb=np.array([2.0, 9.0])), *sets, 0)
    other = schedule(net._replace(limit_gb=np.array([2.0, 9.0]), patience=patience), *sets, 0)
    assert rows(one)[1, 0][0] == PEER
    assert rows(one)[0, 1][2] == 2.0
    assert rows(other)[1, 0][0] == ORIGIN
