"""The real week with every family of constraints that is not a launch rule.

- Links: a region is joined to its own sites and to its nearest exchange point. All else, further exchanges
  and the origin, is reached from there over transit links. Their capacity is what yesterday's plan sent over
  them at peak times a factor between 0.6 and 1.4, so that some are used up.
- Yesterday's plan is the fill by popularity of another week, and what appliances hold. New bytes are bound by
  the fill window and by a churn limit.
- Two copies of the 500 titles that are asked most, licence bans by country, a few pins.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.baselines import popularity_plan
from benchmarks.real_week import other_week, read_files, write_topology, write_week
from cdnplan.evaluate.count.loads import rate_used
from cdnplan.evaluate.verdict.verdict import evaluate
from cdnplan.fill.night.fills import Fills
from cdnplan.fill.night.windows import to_ms
from cdnplan.folders import claimed
from cdnplan.inputs.plans import plan_folder as names
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.instance import Instance
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.policy import Ban, CopyRule, Files, Pin, Places
from cdnplan.model.network.topology import Link, Topology
from cdnplan.model.plan.placement import Placement, Prices
from cdnplan.optimize.place.local_search import Incumbent
from cdnplan.optimize.problem.outcome import Outcome
from cdnplan.planner.decide.dealing import deal
from cdnplan.planner.decide.deciding import Decided
from cdnplan.planner.decide.to_fill import ToFill
from cdnplan.planner.folder import fill_tables, tables
from cdnplan.planner.folder.folder import PLAN, write_plan
from cdnplan.planner.folder.proven import Proven
from cdnplan.planner.folder.record import plan_record
from cdnplan.planner.inputs.held_before import nothing_known
from cdnplan.planner.inputs.load import Loaded
from cdnplan.planner.inputs.request import PlanRequest
from cdnplan.units import KM_PER_1000KM

SLICES = 4
UNLIMITED_GBPS = 1e9
"""Capacity of transit links while what runs over them is found out."""
LEAST_GBPS = 10.0
TRANSIT_RATIO = (0.6, 1.4)
COPIED_TOP = 500
CHURN_RATIO = 0.05
"""Between the fill windows of the models: it binds at some pools and the window at others."""
BANNED_TITLES, BANNED_FROM_TOP, BANNED_COUNTRIES = 200, 2_000, 10
PINNED_TITLES, PINNED_UP_TO_GB = 5, 100.0
YESTERDAY = 1_000
"""Added to a seed to get that of yesterday's week."""


def write_hard(folder: Path, seed: int) -> tuple[Path, Path, Path, Path]:
    """Write topology, titles, demand and yesterday's plan."""
    files = write_week(folder, seed, SLICES)
    loaded = read_files(files)
    yesterday, plan = write_yesterday(loaded, seed, folder / "previous")
    rng = np.random.default_rng([seed, 4])
    bans, pins = draw_rules(loaded, rng)
    linked = yesterday.topology
    today = replace(
        linked,
        links=limited_links(linked, yesterday.instance, plan, rng),
        policy=replace(linked.policy, bans=bans, pins=pins),
    )
    write_topology(today, files[0])
    return (*files, folder / "previous")


def write_yesterday(loaded: Loaded, seed: int, out: Path) -> tuple[Loaded, Incumbent]:
    """Fill the network by popularity for another week, with links but no limits on them; write that plan."""
    policy = replace(
        loaded.topology.policy,
        copies=(CopyRule(Files(top=COPIED_TOP), copies=2),),
        churn_ratio=CHURN_RATIO,
    )
    topology = replace(loaded.topology, links=transit_links(loaded.topology), policy=policy)
    demand = other_week(loaded.demand, seed + YESTERDAY)
    instance, warnings = build_instance(topology, loaded.catalog, demand)
    known = nothing_known(topology)
    before = Loaded(topology, loaded.catalog, demand, known, instance, tuple(warnings), {})
    plan = popularity_plan(instance)
    write_plan_folder(before, plan, out)
    return before, plan


def transit_links(topology: Topology) -> tuple[Link, ...]:
    """Links of a network that has none; those from exchange points on have a capacity without meaning."""
    costs, places = topology.policy.costs, topology.locations()
    kind = {site.name: site.kind for site in topology.sites}
    base = {"embedded": costs.embedded_per_gb, "ixp": costs.ixp_per_gb}

    def per_gb(first: str, other: str) -> float:
        km = float(distance_km(places[first], places[other]))
        return costs.per_gb_per_1000km * km / KM_PER_1000KM

    links: list[Link] = []
    transit: set[tuple[str, str]] = set()
    for region in topology.regions:
        points = [name for name in region.sites if kind[name] == "ixp"]
        near = [name for name in region.sites if kind[name] == "embedded"] + points[:1]
        links += [
            Link(region.name, name, None, _rounded(base[kind[name]] + per_gb(region.name, name)))
            for name in near
        ]
        transit.update((min(points[0], other), max(points[0], other)) for other in points[1:])
    gateways = sorted({name for pair in transit for name in pair})
    links += [Link(a, b, UNLIMITED_GBPS, _rounded(per_gb(a, b))) for a, b in sorted(transit)]
    for point in gateways:
        cost, origin = min((per_gb(origin.name, point), origin.name) for origin in topology.origins)
        links.append(Link(origin, point, UNLIMITED_GBPS, _rounded(costs.origin_per_gb + cost)))
    return tuple(links)


def _rounded(cost: float) -> float:
    return round(cost, 7)


def limited_links(
    topology: Topology, instance: Instance, plan: Incumbent, rng: np.random.Generator
) -> tuple[Link, ...]:
    """Capacities from what a plan sends over links at its peak, in the direction that carries more."""
    served, origin = plan.serving.candidate_gb(instance), plan.serving.origin_gb(instance)
    peak = dict(
        zip(
            instance.links,
            rate_used(instance, served, origin)[instance.link_rows].max(axis=1, initial=0.0),
            strict=True,
        )
    )
    limited: list[Link] = []
    for link in topology.links:
        if link.capacity_gbps is None:
            limited.append(link)
            continue
        both = (f"{link.from_}>{link.to}", f"{link.to}>{link.from_}")
        sent = max(float(peak.get(name, 0.0)) for name in both)
        capacity = max(LEAST_GBPS, round(float(rng.uniform(*TRANSIT_RATIO)) * sent, 1))
        limited.append(replace(link, capacity_gbps=capacity))
    return tuple(limited)


def draw_rules(loaded: Loaded, rng: np.random.Generator) -> tuple[tuple[Ban, ...], tuple[Pin, ...]]:
    """Licences that some countries lack, and titles that every exchange point's storage holds."""
    instance = loaded.instance
    ranked = np.argsort(-instance.file_gb(), kind="stable")[:BANNED_FROM_TOP]
    countries = sorted({site.country for site in loaded.topology.sites if site.country})
    banned = rng.choice(ranked, min(BANNED_TITLES, ranked.size), replace=False)
    bans = tuple(
        Ban(
            Files(title=instance.files[file]),
            Places(countries=tuple(sorted(rng.choice(countries, BANNED_COUNTRIES, replace=False).tolist()))),
        )
        for file in banned.tolist()
    )
    free = [
        file for file in ranked.tolist() if file not in banned and instance.size_gb[file] <= PINNED_UP_TO_GB
    ]
    pinned = rng.choice(free, PINNED_TITLES, replace=False)
    where = Places(kinds=("ixp",), models=("storage-2u",))
    return bans, tuple(Pin(Files(title=instance.files[file]), where) for file in pinned.tolist())


def write_plan_folder(loaded: Loaded, plan: Incumbent, out: Path) -> None:
    """Write a plan that no engine made as the folder that `cdnplan plan --previous` reads."""
    instance, prices = loaded.instance, Prices.zero(loaded.instance)
    dealt = deal(instance, Placement(plan.holds), plan.serving, prices, None)
    served, origin = dealt.serving.candidate_gb(instance), dealt.serving.origin_gb(instance)
    verdict = evaluate(instance, dealt.placement, served, origin, prices)
    outcome = Outcome(
        placement=Placement(plan.holds),
        serving=plan.serving,
        prices=prices,
        upper=plan.cost,
        lower=verdict.ideal,
        lower_priced=verdict.ideal,
        status="feasible",
        bound_proof="prices",
        engine="fast",  # the name that plan folders allow; `engine_reason` says what it was
        seconds={},
        warnings=(),
    )
    begin = to_ms(dt.datetime.combine(loaded.demand.start, dt.time(), tzinfo=dt.UTC))
    fills = Fills.none(begin, begin)
    lost = tables.lost_copies(instance, dealt.assignment, None)
    made = {
        names.PLACEMENT: tables.placement_table(instance, dealt.assignment, None),
        names.FILLS: fill_tables.fills_table(instance, (), fills),
        names.EVICTIONS: fill_tables.evictions_table(instance, fills, lost),
        names.UNFILLED: fill_tables.unfilled_table(instance, fills),
        names.SERVING: tables.serving_table(instance, served, origin),
        names.APPLIANCES: tables.appliances_table(instance, dealt.assignment),
        names.PRICES: tables.prices_table(instance, prices),
    }
    writers = {name: partial(tables.write_table, table) for name, table in made.items()}
    request = PlanRequest(out.parent / "topology.yaml", out.parent / "titles.parquet", out)

    def record(checksums: dict[str, str]) -> dict[str, object]:
        reason = "filled by popularity"
        proven, filled = Proven.of(outcome, verdict), replace(dealt, fills=fills)
        left = ToFill(0.0, 0)
        decided = Decided(outcome, filled, reason)
        return plan_record(request, loaded, decided, verdict, proven, left, {}, checksums)

    with claimed(out, PLAN) as place:
        write_plan(place, writers, record)
