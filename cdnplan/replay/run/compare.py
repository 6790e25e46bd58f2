"""All policies side by side on the same requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.optimize.problem.outcome import Progress
from cdnplan.replay.caches.caches import BLIND, BOUNDS, Sizes
from cdnplan.replay.caches.corrected import CORRECTED, COUNTS
from cdnplan.replay.caches.popularity import most_popular
from cdnplan.replay.caches.prefill import Prefill, expected_plays_by_site, forecast_strength, no_prefill
from cdnplan.replay.caches.warmup import Warmup, make_stock, make_warmup
from cdnplan.replay.cases.cases import Case, same_demand
from cdnplan.replay.cases.planning import (
    Planned,
    fill_windows_utc,
    most_valuable,
    values_per_gb,
)
from cdnplan.replay.cases.request import REQUESTS, ReplayRequest
from cdnplan.replay.figures.measures import (
    Fill,
    expected_plays_by_pool,
    measure,
    plan_fill,
    reactive_fill,
)
from cdnplan.replay.figures.misses import Known, Missed, explain
from cdnplan.replay.figures.regret import Regret, count_regret
from cdnplan.replay.figures.ways import PERFECT, PLAN, POPULAR, UNLIMITED, Compared, Row, Way
from cdnplan.replay.requests.places import components, find_places
from cdnplan.replay.requests.stream import draw_stream, expected_plays, logged_stream
from cdnplan.replay.serving.routed import FROM_ORIGIN, Content, Outcome, Period, Routed, route
from cdnplan.replay.serving.routes import routed_gb
from cdnplan.replay.serving.simulate import Simulated, simulate
from cdnplan.units import HOURS_PER_DAY

Bools = npt.NDArray[np.bool_]


def compare(request: ReplayRequest, case: Case, progress: Progress) -> Compared:
    """Run the plan, its bounds, reactive caches and hybrids on one stream of requests.

    Parameters
    ----------
    request : ReplayRequest
    case : Case
    progress : Progress

    Returns
    -------
    Compared
    """
    return _Comparison(request, case, progress).run()


class _Comparison:
    """State of one comparison: what is the same for all ways, and rows as they come."""

    def __init__(self, request: ReplayRequest, case: Case, progress: Progress) -> None:
        self.request, self.case, self.progress = request, case, progress
        came = [case.came(k) for k in range(len(case.met))]
        # What was known before each period: the one before it, in a rolling sequence.
        same = len(came) == 1 and same_demand(case.known, case.met[0].actual)
        self.known = [came[0] if same else case.before(), *came[:-1]]
        self.places = find_places(self.known[0], case.topology)
        self.sizes = Sizes.of(came[0].size_gb)
        whole = came[0].period_days
        self.days = whole if request.days is None else min(request.days, whole)
        self.rows: list[Row] = []
        self.site_gb: dict[Way, Floats] = {}
        self.region_origin_gb: dict[Way, Floats] = {}
        self.empty: Warmup | None = None
        """Warm-up of sites without anything planned."""
        self.strength: tuple[float, ...] = ()
        logged = case.logged
        self.plays = (
            [expected_plays(one, request.play_gb, self.days) for one in came]
            if logged is None
            else [float(np.count_nonzero(logged.time_h < self.days * HOURS_PER_DAY))]
        )
        ratio = self._ratio(came)
        self.progress("requests", 0.0, None, None)
        self.periods = tuple(
            Period(
                case.met[k].actual.end,
                one,
                draw_stream(one, ratio, seed=request.seed, period=k, play_gb=request.play_gb, days=self.days)
                if logged is None
                else logged_stream(one, logged, ratio, seed=request.seed, days=self.days),
            )
            for k, one in enumerate(came)
        )
        self.ratio = (float(ratio.min()), float(ratio.max()))
        self.windows = [
            fill_windows_utc(case.topology, one, case.met[k].actual.start) for k, one in enumerate(came)
        ]

    def _ratio(self, came: Sequence[Instance]) -> Floats:
        """Share of plays to keep of each region, the same within a group of sites."""
        request, first = self.request, came[0]
        if request.sample is not None:
            return np.full(first.n_regions, request.sample)
        if request.requests is None:
            return np.full(first.n_regions, min(1.0, REQUESTS / max(1.0, sum(self.plays))))
        group = components(first, self.places)
        n_groups = int(group.max(initial=-1)) + 1
        plays = np.zeros(n_groups)
        for one, count in zip(came, self.plays, strict=True):
            gb = one.region_gb()
            plays += np.bincount(group, gb * (count / max(1e-300, float(gb.sum()))), minlength=n_groups)
        wanted = request.requests * len(came) * np.bincount(group, minlength=n_groups)
        ratio = np.minimum(1.0, np.divide(wanted, plays, out=np.ones(n_groups), where=plays > 0))
        return np.asarray(ratio[group])

    def run(self) -> Compared:
        """All of it."""
        regret, missed, expected = self._plan()
        self._others()
        value = values_per_gb(self.case.met[0].planned)
        self._reactive(value)
        self._hybrids()
        self._prefilled()
        n_regions = self.periods[0].instance.n_regions
        return Compared(
            tuple(self.rows),
            tuple(regret),
            tuple(missed),
            self.site_gb,
            sum((_by_region(period, period.stream.gb) for period in self.periods), np.zeros(n_regions)),
            self.region_origin_gb,
            self.periods,
            self.places,
            float(sum(self.plays)),
            sum(period.stream.size for period in self.periods),
            self.ratio,
            tuple(expected),
            self.strength,
        )

    def _plan(self) -> tuple[list[Regret], list[Missed], list[float]]:
        """The plan itself, its regret and its misses."""
        met = self.case.met
        self.progress("plan", 0.0, None, None)
        routed = self._routed([Content(one.planned.holds, one.planned.serving) for one in met])
        fills = [self._plan_fill(k, one.planned, routed.outcomes[k]) for k, one in enumerate(met)]
        self._add(Way(PLAN, "plan", 1.0), routed.outcomes, fills)
        regret, missed, expected = [], [], []
        for k, one in enumerate(met):
            period, outcome = self.periods[k], routed.outcomes[k]
            served, origin = routed_gb(period.instance, outcome.routes, period.shares)
            total = float(served.sum() + origin.sum())
            expected.append(float(served.sum()) / total if total > 0 else 1.0)
            found = count_regret(one, served, origin)
            if found is not None:
                regret.append(found)
            known = Known(
                one.title_known,
                None if one.perfect is None else one.perfect.holds,
                None if one.unlimited is None else one.unlimited.holds,
            )
            missed.append(explain(period, outcome, one.planned, known))
        return regret, missed, expected

    def _others(self) -> None:
        """Other ways to fill ahead: bounds that knew what came, and last period's popularity."""
        met = self.case.met
        for name, kind in ((PERFECT, "bound"), (UNLIMITED, "bound")):
            plans = [one.perfect if name == PERFECT else one.unlimited for one in met]
            right = [one for one in plans if one is not None]
            limited = any(one.perfect is not one.unlimited for one in met)
            if len(right) == len(met) and (name == PERFECT or limited):
                self.progress(name, 0.0, None, None)
                routed = self._routed([Content(one.holds, one.serving) for one in right])
                fills = [self._plan_fill(k, one, routed.outcomes[k]) for k, one in enumerate(right)]
                self._add(Way(name, kind, 1.0), routed.outcomes, fills)
        self.progress(POPULAR, 0.0, None, None)
        popular = [most_popular(known, self.places) for known in self.known]
        routed = self._routed([Content(holds, None) for holds in popular])
        fills = []
        for k, holds in enumerate(popular):
            before = popular[k - 1] if k else met[0].planned.holds
            fresh = (holds & ~before) if k or met[0].planned.fill_gb is not None else np.zeros_like(holds)
            gb = np.where(fresh, self.periods[k].instance.size_gb, 0.0).astype(np.float32)
            filled = replace(met[k].planned, holds=holds, fill_gb=gb)
            fills.append(self._plan_fill(k, filled, routed.outcomes[k]))
        self._add(Way(POPULAR, "lagged", 1.0), routed.outcomes, fills)

    def _reactive(self, value: Floats) -> None:
        """Sites that fill themselves, all of their storage."""
        nothing = [np.zeros_like(one.planned.holds) for one in self.case.met]
        routed = self._routed([Content(holds, None) for holds in nothing], reactive=True)
        warmup = self.empty = self._warmup(nothing, value, self.places.storage_gb)
        for policy in self.request.policies:
            found = self._simulate(policy, routed, warmup, self.places.storage_gb)
            kind = "bound" if policy in BOUNDS else "live"
            self._add_reactive(Way(policy, kind), found.alone)
            if self.places.has_parents:
                self._add_reactive(Way(policy, kind, parent=True), found.with_parent)
            if policy in BOUNDS or policy in BLIND:
                continue
            none = [Fill(0.0, 0.0, 0.0)] * len(self.periods)
            self._add(Way(policy, "lagged"), found.lagged, none)
            if self.places.has_parents:
                self._add(Way(policy, "lagged", parent=True), found.lagged_with_parent, none)

    def _hybrids(self) -> None:
        """Part of each disk planned, the rest reactive."""
        request, met = self.request, self.case.met
        policy = request.hybrid_policy or self._best_live()
        if policy is None or not request.hybrid:
            return
        values = [values_per_gb(one.planned) for one in met]
        for ratio in sorted(set(request.hybrid)):
            kept = [most_valuable(one.planned, value, ratio) for one, value in zip(met, values, strict=True)]
            # Part of a plan has other signatures than the whole: requests go to the cheapest holder.
            contents = [Content(holds, None) for holds in kept]
            routed = self._routed(contents, reactive=True)
            # What the planned part leaves free belongs to the reactive one.
            instance = self.periods[0].instance
            taken = [(holds * np.maximum(1, instance.copies)) @ instance.size_gb for holds in kept]
            free = np.maximum(0.0, instance.storage_gb - np.max(taken, axis=0))
            storage = np.bincount(self.places.pool_site, free, minlength=len(self.places.sites))
            warmup = self._warmup(kept, values[0], storage.astype(np.float64))
            found = self._simulate(
                policy,
                routed,
                warmup,
                storage.astype(np.float64),
                f"{policy}, hybrid {ratio:.0%}",
                lagged=False,
            )
            fills = [
                self._plan_fill(k, one.planned, routed.outcomes[k], kept[k]) for k, one in enumerate(met)
            ]
            self._add_reactive(Way(policy, "hybrid", ratio), found.alone, fills)
            if self.places.has_parents:
                self._add_reactive(Way(policy, "hybrid", ratio, True), found.with_parent, fills)

    def _prefilled(self) -> None:
        """Caches that a plan fills when a period begins, and that rule their whole disks from then on."""
        request, met = self.request, self.case.met
        if not request.prefill:
            return
        nothing = [np.zeros_like(one.planned.holds) for one in met]
        values = [values_per_gb(one.planned) for one in met]
        routed = self._routed([Content(holds, None) for holds in nothing], reactive=True)
        warmup = self.empty or self._warmup(nothing, values[0], self.places.storage_gb)
        live = request.hybrid_policy or self._best_live()
        expected = tuple(
            expected_plays_by_site(one.planned.instance, self.places, request.play_gb) for one in met
        )
        came = [expected_plays_by_site(one.instance, self.places, request.play_gb) for one in self.periods]
        strength = forecast_strength(expected, came)
        self.strength = tuple(strength.tolist())
        play_gb = np.minimum(request.play_gb, self.periods[0].instance.size_gb)
        counting = no_prefill(len(met), self.places, self.periods[0].instance.size_gb, request.play_gb)
        self._caches_with(CORRECTED, Way(COUNTS, "live"), counting, routed, warmup)
        for ratio in sorted(set(request.prefill)):
            given = tuple(
                self._given(one.planned, value, ratio) for one, value in zip(met, values, strict=True)
            )
            prefill = Prefill(given, expected, strength, play_gb)
            for policy in filter(None, (live, CORRECTED)):
                self._caches_with(policy, Way(policy, "prefilled", ratio), prefill, routed, warmup)

    def _caches_with(self, policy: str, way: Way, prefill: Prefill, routed: Routed, warmup: Warmup) -> None:
        """Caches that are given something when a period begins, without and with parents."""
        name = f"{way.policy}, {way.kind} {way.planned_ratio:.0%}"
        found = self._simulate(policy, routed, warmup, self.places.storage_gb, name, prefill)
        ways = [(way, found.alone, found.given_gb)]
        if self.places.has_parents:
            ways.append((replace(way, parent=True), found.with_parent, found.given_gb_with_parent))
        for one, outcomes, given_gb in ways:
            self._add_reactive(one, outcomes, [Fill(gb, 0.0, waste) for gb, waste in given_gb.tolist()])

    def _given(self, planned: Planned, value: Floats, ratio: float) -> tuple[Ints, ...]:
        """The best part of a plan by site, the least valuable first."""
        kept = most_valuable(planned, value, ratio)
        storage = self.places.storage_gb
        return make_stock(self.places, kept, np.zeros_like(kept), value, storage, planned.instance.size_gb)

    def _best_live(self) -> str | None:
        """The reactive policy with the highest offload so far."""
        ways = [row.way for row in self.rows if row.way.kind == "live"]
        gb: dict[Way, float] = {}
        for row in self.rows:
            if row.way in ways:
                gb[row.way] = gb.get(row.way, 0.0) + row.figures.origin_gb
        return min(gb, key=lambda way: gb[way]).policy if gb else None

    def _routed(self, contents: Sequence[Content], *, reactive: bool = False) -> Routed:
        return route(self.periods, self.places, contents, reactive=reactive)

    def _warmup(self, kept: Sequence[Bools], value: Floats, storage_gb: Floats) -> Warmup:
        first, instance = self.case.met[0].planned, self.periods[0].instance
        stock = make_stock(self.places, first.holds, kept[0], value, storage_gb, instance.size_gb)
        return make_warmup(
            self.known[0],
            self.places,
            storage_gb,
            stock,
            tuple(kept),
            play_gb=self.request.play_gb,
            seed=self.request.seed,
            turnovers=self.request.turnovers,
        )

    def _simulate(
        self,
        policy: str,
        routed: Routed,
        warmup: Warmup,
        storage_gb: Floats,
        name: str = "",
        prefill: Prefill | None = None,
        *,
        lagged: bool = True,
    ) -> Simulated:
        def tick(done: float) -> None:
            self.progress(name or policy, done, None, None)

        tick(0.0)
        return simulate(
            policy,
            routed,
            self.places,
            storage_gb,
            self.sizes,
            warmup,
            tick,
            prefill=prefill,
            lagged=lagged,
        )

    def _plan_fill(self, number: int, planned: Planned, outcome: Outcome, kept: Bools | None = None) -> Fill:
        period = self.periods[number]
        if planned.fill_gb is None:
            return Fill(0.0, 0.0, 0.0)
        holds = planned.holds if kept is None else kept
        gb = planned.fill_gb * holds
        plays = expected_plays_by_pool(
            period.instance, outcome.routes, holds, period.shares, self.request.play_gb, self.days
        )
        return plan_fill(replace(planned, fill_gb=gb), plays)

    def _add_reactive(
        self, way: Way, outcomes: Sequence[Outcome], more: Sequence[Fill] | None = None
    ) -> None:
        fills = [
            reactive_fill(period, self.places, outcome, windows, parents=way.parent)
            for period, outcome, windows in zip(self.periods, outcomes, self.windows, strict=True)
        ]
        if more is not None:
            fills = [one.plus(other) for one, other in zip(fills, more, strict=True)]
        self._add(way, outcomes, fills)

    def _add(self, way: Way, outcomes: Sequence[Outcome], fills: Sequence[Fill]) -> None:
        by_site = np.zeros((len(self.places.sites), 4))
        origin = np.zeros(self.periods[0].instance.n_regions)
        for k, (outcome, fill) in enumerate(zip(outcomes, fills, strict=True)):
            period = self.periods[k]
            self.rows.append(Row(way, k, measure(period, self.places, outcome, fill)))
            origin += _by_region(period, np.where(outcome.tier == FROM_ORIGIN, period.stream.gb, 0.0))
            there = np.flatnonzero(outcome.entry >= 0)
            site = self.places.pool_site[period.instance.cand_pool[outcome.entry[there]]]
            cell = site * 4 + outcome.tier[there]
            gb = np.bincount(cell, period.stream.gb[there], minlength=by_site.size)
            by_site += gb.reshape(by_site.shape)
        self.site_gb[way] = by_site
        self.region_origin_gb[way] = origin


def _by_region(period: Period, gb: Floats) -> Floats:
    """Bytes of a period's requests by region, (n_regions,) [GB]."""
    found = np.bincount(period.stream.region, gb, minlength=period.instance.n_regions)
    return found.astype(np.float64)
