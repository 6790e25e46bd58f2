"""All policies side by side on the same requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance
from cdnplan.optimize.outcome import Progress
from cdnplan.replay.caches import BLIND, BOUNDS, Sizes
from cdnplan.replay.cases import Case, same_demand
from cdnplan.replay.measures import (
    Figures,
    Fill,
    expected_plays_by_pool,
    measure,
    plan_fill,
    reactive_fill,
)
from cdnplan.replay.misses import Known, Missed, explain
from cdnplan.replay.places import Places, components, find_places
from cdnplan.replay.planning import (
    Planned,
    fill_windows_utc,
    most_valuable,
    values_per_gb,
)
from cdnplan.replay.popularity import most_popular
from cdnplan.replay.regret import Regret, count_regret
from cdnplan.replay.request import REQUESTS, ReplayRequest
from cdnplan.replay.routes import routed_gb
from cdnplan.replay.simulate import Content, Outcome, Period, Routed, Simulated, route, simulate
from cdnplan.replay.stream import draw_stream, expected_plays
from cdnplan.replay.warmup import Warmup, make_stock, make_warmup

Bools = npt.NDArray[np.bool_]

PLAN, PERFECT, UNLIMITED, POPULAR = "plan", "perfect forecast", "no fill limits", "popularity"
"""Names of policies that fill ahead."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run the caches.

    Parameters
    ----------
    policy : str
        `PLAN`, `PERFECT`, `UNLIMITED`, `POPULAR`, or the policy of reactive caches.
    kind : {"plan", "live", "lagged", "hybrid", "bound"}
    planned_ratio : float
        Share of storage that is planned.
    parent : bool
        Whether a shared parent serves what sites lack.
    """

    policy: str
    kind: str
    planned_ratio: float = 0.0
    parent: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What a way did in a period."""

    way: Way
    period: int
    figures: Figures


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Everything that a replay found.

    Parameters
    ----------
    rows : tuple of Row
    regret : tuple of Regret
        By period; empty where it was not asked for.
    missed : tuple of Missed
        The plan's, by period.
    site_gb : dict of Way to (n_sites, 4) float64
        Bytes by site and tier over all periods [GB]; the origin's by the site that lacked them, as far as
        there is one.
    periods : tuple of Period
    places : Places
    plays : float
        Requests before sampling.
    requests : int
        Drawn.
    sample_ratio : tuple of float
        Smallest and largest share of plays that were kept.
    expected_offload_ratio : tuple of float
        The plan's offload by expected loads, without sampling, by period.
    """

    rows: tuple[Row, ...]
    regret: tuple[Regret, ...]
    missed: tuple[Missed, ...]
    site_gb: dict[Way, Floats]
    periods: tuple[Period, ...]
    places: Places
    plays: float
    requests: int
    sample_ratio: tuple[float, float]
    expected_offload_ratio: tuple[float, ...]

    def ways(self) -> tuple[Way, ...]:
        """All ways, in the order in which they were run."""
        return tuple(dict.fromkeys(row.way for row in self.rows))

    def offload(self, way: Way) -> float:
        """Share of all periods' bytes that a way served from appliances."""
        mine = [row.figures for row in self.rows if row.way == way]
        total = sum(figures.demand_gb for figures in mine)
        return 1.0 - sum(figures.origin_gb for figures in mine) / total if total > 0 else 1.0

    def best(self, kinds: Sequence[str]) -> Way | None:
        """The way of some kinds with the highest offload; of equals the first."""
        ways = [way for way in self.ways() if way.kind in kinds]
        return max(ways, key=self.offload, default=None)


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
        self.plays = [expected_plays(one, request.play_gb, self.days) for one in came]
        ratio = self._ratio(came)
        self.progress("requests", 0.0, None, None)
        self.periods = tuple(
            Period(
                case.met[k].actual.start,
                one,
                draw_stream(one, ratio, seed=request.seed, period=k, play_gb=request.play_gb, days=self.days),
            )
            for k, one in enumerate(came)
        )
        self.ratio = (float(ratio.min()), float(ratio.max()))
        self.windows = [
            fill_windows_utc(
                case.topology, one, self.places.pool_site, len(self.places.sites), case.met[k].actual.start
            )
            for k, one in enumerate(came)
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
        return Compared(
            tuple(self.rows),
            tuple(regret),
            tuple(missed),
            self.site_gb,
            self.periods,
            self.places,
            float(sum(self.plays)),
            sum(period.stream.size for period in self.periods),
            self.ratio,
            tuple(expected),
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
        warmup = self._warmup(nothing, value, self.places.storage_gb)
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
            found = self._simulate(policy, routed, warmup, storage.astype(np.float64), f" {ratio:.0%}")
            fills = [
                self._plan_fill(k, one.planned, routed.outcomes[k], kept[k]) for k, one in enumerate(met)
            ]
            self._add_reactive(Way(policy, "hybrid", ratio), found.alone, fills)
            if self.places.has_parents:
                self._add_reactive(Way(policy, "hybrid", ratio, True), found.with_parent, fills)

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
        self, policy: str, routed: Routed, warmup: Warmup, storage_gb: Floats, more: str = ""
    ) -> Simulated:
        def tick(done: float) -> None:
            self.progress(policy + more, done, None, None)

        tick(0.0)
        return simulate(policy, routed, self.places, storage_gb, self.sizes, warmup, tick)

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
        for k, (outcome, fill) in enumerate(zip(outcomes, fills, strict=True)):
            period = self.periods[k]
            self.rows.append(Row(way, k, measure(period, self.places, outcome, fill)))
            there = np.flatnonzero(outcome.entry >= 0)
            site = self.places.pool_site[period.instance.cand_pool[outcome.entry[there]]]
            cell = site * 4 + outcome.tier[there]
            gb = np.bincount(cell, period.stream.gb[there], minlength=by_site.size)
            by_site += gb.reshape(by_site.shape)
        self.site_gb[way] = by_site
