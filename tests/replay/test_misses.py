"""Misses of a replay by cause, request by request: a case by hand for each."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from cdnplan.evaluate.count import misses as judged
from cdnplan.evaluate.count.misses import misses
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.replay.cases.planning import Planned
from cdnplan.replay.figures.misses import CAUSES, REMEDIES, Known, explain
from cdnplan.replay.requests.places import Places
from cdnplan.replay.requests.stream import Stream, draw_stream
from cdnplan.replay.serving.routed import FROM_ORIGIN, PLANNED, Content, Outcome, Period, route
from cdnplan.replay.serving.routes import find_routes, hourly_use
from tests.evaluate.test_misses import BOTH, FIRST, NONE, SECOND, drawn, three_sites
from tests.limits import with_limits

ORIGIN = -1


def hours(**change: object) -> Instance:
    """Three sites at 1, 1 and 2, the origin at 10; 100 GB a week, the same in every hour."""
    flat = np.full((1, 24), 8 / 3600 / 7 / 24)
    return with_limits(three_sites(), gbps_per_gb=flat, period_days=7.0, **change)


def told(
    instance: Instance,
    holds: list[list[int]],
    served: int,
    file: int = 0,
    *,
    full: tuple[int, ...] = (),
    known: bool = True,
    unfilled: list[list[int]] | None = None,
    knew: list[list[int]] | None = None,
) -> tuple[str, str, str]:
    """Cause, remedy and pool of one request in the night for a file, from a candidate entry or the origin.

    `full` are pools without room at noon.
    """
    held = np.array(holds, dtype=bool)
    routes = find_routes(instance, held, np.arange(instance.n_pools))
    no_room = np.zeros((instance.cand_pool.size, 24), dtype=bool)
    no_room[np.isin(instance.cand_pool, full), 12] = True
    stream = Stream(
        np.zeros(1, dtype=np.int32),
        np.array([file], dtype=np.int32),
        np.array([27.5]),
        np.array([2.0]),
        np.ones(1),
        np.zeros(1),
        168,
    )
    tier = np.array([FROM_ORIGIN if served == ORIGIN else PLANNED], dtype=np.int8)
    outcome = Outcome(replace(routes, full=no_room), np.zeros(1, dtype=np.int64), np.array([served]), tier)
    nothing = np.zeros(0, dtype=np.int32)
    planned = Planned(
        instance,
        held,
        best_serving(instance, held).serving,
        Holdings(instance.pools, instance.files, nothing, nothing, nothing),
        None,
        None if unfilled is None else np.array(unfilled, dtype=bool),
        np.zeros(24),
        0.0,
    )
    perfect = None if knew is None else np.array(knew, dtype=bool)
    known_ = Known(np.full(instance.n_files, known), perfect, None)
    found = explain(Period(dt.date(2026, 3, 8), instance, stream), outcome, planned, known_)
    if found.cause.size == 0:
        return ("none", "", "")
    assert (found.gb.tolist(), found.plays.tolist()) == ([2.0], [1.0])
    assert bool(found.from_origin[0]) == (served == ORIGIN)
    pool = instance.pools[int(found.place[0])]
    return CAUSES[int(found.cause[0])], REMEDIES[int(found.remedy[0])], pool


def test_ties_are_no_misses() -> None:
    assert told(hours(), [BOTH, BOTH, NONE], 1, full=(0,))[0] == "none"
    assert told(hours(), [BOTH, BOTH, NONE], 0)[0] == "none"
    equal = hours(cand_cost=np.full(3, 2.0), origin_cost=np.array([2.0]))
    assert told(equal, [NONE, NONE, BOTH], ORIGIN)[0] == "none"
    assert told(hours(origin_cost=np.array([0.5])), [BOTH, BOTH, BOTH], ORIGIN)[0] == "none"


def test_capacity_is_said_only_where_all_that_are_as_cheap_are_full() -> None:
    assert told(hours(), [BOTH, BOTH, BOTH], 2, full=(0, 1)) == ("capacity", "throughput", "s0/m")
    assert told(hours(), [BOTH, BOTH, BOTH], 2, full=(0,)) == ("steering", "steering", "s1/m")
    assert told(hours(), [BOTH, NONE, BOTH], ORIGIN, full=(0,)) == ("capacity", "throughput", "s0/m")
    assert told(hours(), [SECOND, BOTH, BOTH], 2, full=(0,)) == ("steering", "steering", "s1/m")
    # Full at noon, when nobody asks: room enough.
    asleep = hours()
    asleep.gbps_per_gb[0, 12] = 0.0
    assert told(asleep, [BOTH, NONE, BOTH], 2, full=(0,)) == ("steering", "steering", "s0/m")


def test_links() -> None:
    # All of file 0, 60 GB a week, comes from pool 0 over a link that carries less than that.
    rate = 60 * 8 / 3600 / 7 / 24
    narrow = hours(link_capacity_gbps=np.array([rate * 0.9, 1000.0, 1000.0]), overload_cost=1e9)
    assert told(narrow, [FIRST, NONE, FIRST], 2) == ("link", "link capacity", "s0/m")
    assert told(narrow, [FIRST, NONE, FIRST], 2, full=(0,)) == ("link", "link capacity", "s0/m")
    # A site that is as cheap, by another link.
    assert told(narrow, [FIRST, FIRST, FIRST], 2) == ("steering", "steering", "s1/m")
    assert told(narrow, [FIRST, FIRST, FIRST], 2, full=(1,)) == ("capacity", "throughput", "s1/m")
    wide = with_limits(narrow, link_capacity_gbps=np.array([rate * 1.1, 1000.0, 1000.0]))
    assert told(wide, [FIRST, NONE, FIRST], 2)[0] == "steering"
    # The same link leads to who served it.
    shared = with_limits(narrow, cand_link=np.array([0, 1, 0], dtype=np.int32))
    assert told(shared, [FIRST, NONE, FIRST], 2)[0] == "steering"
    assert told(with_limits(narrow, overload_cost=1e-9), [FIRST, NONE, FIRST], 2)[0] == "steering"


def test_what_nobody_holds() -> None:
    assert told(hours(), [SECOND, NONE, NONE], ORIGIN) == ("content", "storage", "s0/m")
    knew = [FIRST, NONE, NONE]
    assert told(hours(), [SECOND, NONE, NONE], ORIGIN, knew=knew) == ("content", "forecast", "s0/m")
    assert told(hours(), [SECOND, NONE, NONE], ORIGIN, known=False)[:2] == ("launch", "launch calendar")
    late = [FIRST, NONE, NONE]
    assert told(hours(), [SECOND, NONE, NONE], ORIGIN, unfilled=late)[:2] == ("launch", "fill window")
    never = np.array([SECOND, SECOND, SECOND], dtype=np.uint8)
    assert told(hours(copies=never), [SECOND, NONE, NONE], ORIGIN)[:2] == ("policy", "licence")
    large = {"copies": never, "size_gb": np.array([200.0, 20.0])}
    assert told(hours(**large), [SECOND, NONE, NONE], ORIGIN)[:2] == ("size", "larger appliances")
    slow = {"copies": never, "fill_limit_gb": np.full(3, 25.0)}
    assert told(hours(**slow), [SECOND, NONE, NONE], ORIGIN)[:2] == ("window", "fill window")
    # A title that nobody knew and that fits nowhere would not have been held, either.
    assert told(hours(**large), [SECOND, NONE, NONE], ORIGIN, known=False)[0] == "size"


def test_words_for_every_cause() -> None:
    assert set(judged.CAUSE_WORDS) == set(CAUSES) - {"none"}


@pytest.mark.parametrize("seed", range(20))
def test_replay_and_judge_agree_on_the_plans_own_demand(seed: int) -> None:
    """Hours alike, all served as the best steering says: who misses, and why, is the same by both."""
    instance, holds, rng = drawn(seed)
    flat = np.repeat(instance.gbps_per_gb.max(axis=1)[:, None], 24, axis=1)
    scale = 8 / 3600 / 7 / 24 / flat
    instance = replace(instance, gbps_per_gb=flat * scale, period_days=7.0)
    load = float((instance.region_gb() @ instance.gbps_per_gb).max())
    shares = rng.dirichlet(np.ones(instance.n_pools))
    instance = with_limits(instance, throughput_gbps=0.6 * load * shares)
    if instance.n_links:
        instance = with_limits(instance, link_capacity_gbps=np.full(instance.n_links, 0.2 * load))
    serving = best_serving(instance, holds).serving
    served, origin = serving.candidate_gb(instance), serving.origin_gb(instance)
    counted = misses(instance, Placement(holds), served, origin).totals()
    # Some instances ask for nothing.
    demand = max(1.0, float(instance.region_gb().sum()))
    stream = draw_stream(instance, 1.0, seed=seed, play_gb=demand / 40_000, days=7.0)
    period = Period(dt.date(2026, 3, 8), instance, stream)
    outcome = route([period], _places(instance), [Content(holds, serving)], reactive=False).outcomes[0]
    nothing = np.zeros(0, dtype=np.int32)
    none = Holdings(instance.pools, instance.files, nothing, nothing, nothing)
    planned = Planned(instance, holds, serving, none, None, None, np.zeros(24), 0.0)
    found = explain(period, outcome, planned, Known(np.ones(instance.n_files, dtype=bool), None, None))
    by_cause = np.bincount(found.cause, found.gb, minlength=len(CAUSES)) / demand
    content = CAUSES.index("content")
    assert by_cause[content] == pytest.approx(counted["content"] / demand, abs=0.02)
    # Which files are passed over is known here, and is at least what the judge can tell from sums.
    passed = ("capacity", "link", "steering")
    assert sum(by_cause[CAUSES.index(c)] for c in passed) >= sum(counted[c] for c in passed) / demand - 0.02
    assert by_cause[CAUSES.index("steering")] <= 0.02


def _places(instance: Instance) -> Places:
    n = instance.n_pools
    sites = tuple(f"s{p}" for p in range(n))
    return Places(sites, np.arange(n), instance.storage_gb, np.full(n, -1, dtype=np.int64))


def test_use_of_limits_by_the_hour() -> None:
    instance = hours()
    held = np.array([FIRST, SECOND, NONE], dtype=bool)
    routes = find_routes(instance, held, np.arange(3))
    load = hourly_use(instance, routes)
    assert load.shape == (6, 24)
    gb = np.array([60.0, 40.0, 0.0])
    each = np.repeat((gb * 8 / 3600 / 7 / 24)[:, None], 24, axis=1)
    assert load == pytest.approx(np.concatenate([each, each])), "of pools, then of links"
