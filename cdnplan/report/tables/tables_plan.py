"""Tables of a plan's report as a whole: figures, flow, storage curve, limits, certificate, misses, titles."""

from __future__ import annotations

import numpy as np

from cdnplan.inputs.plans.plan_folder import FILL_KINDS
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.model.limits.families import FAMILIES
from cdnplan.model.plan.binding import dearest_first
from cdnplan.report.parts.sheet import NumberColumn, Sheet, TextColumn
from cdnplan.report.tables.facts import PlanFacts
from cdnplan.report.tables.tables_network import (
    TIERS,
    bin_floor,
    missed_causes,
    most_first,
    rate_of_origin,
    ratio,
    tier_gb,
)
from cdnplan.report.tables.worth_kernels import HELD, LACKING, RULED
from cdnplan.units import GB_PER_TB

FLOW_ROWS = 12
"""Countries or regions that the flow names; the others are one row."""


def titles_table(facts: PlanFacts) -> Sheet:
    """Every title: how much is asked for, how much of it is in reach, where it is; most bytes first."""
    instance, catalog = facts.instance, facts.catalog
    index = {name: f for f, name in enumerate(catalog.files)}
    title = catalog.file_title[[index[name] for name in instance.files]].astype(np.int64)
    n = len(catalog.titles)

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(title, values, minlength=n), dtype=np.float64)

    gb, lost = instance.file_gb(), facts.lost_gb
    day = catalog.launch_day
    launch = [None if np.isnat(d) else str(d) for d in day]
    size = instance.size_gb
    demand, copies = total(gb), total(facts.copies)
    columns = (
        TextColumn.of("title", catalog.titles),
        TextColumn.of("launch_date", launch),
        NumberColumn("files", total(np.ones(instance.n_files))),
        NumberColumn("size_gb", total(size), 2),
        NumberColumn("demand_gb", demand),
        NumberColumn("in_reach_ratio", 1.0 - ratio(total(lost), demand), 4),
        NumberColumn("pools", _pools(facts, title, n)),
        NumberColumn("copies", copies),
        NumberColumn("stored_tb", total(facts.copies * size) / GB_PER_TB, 2),
        NumberColumn("added", total(facts.added)),
        NumberColumn("evicted", total(facts.evicted)),
    )
    asked = np.flatnonzero((demand > 0) | (copies > 0))
    order = most_first(demand, catalog.titles)
    return Sheet("titles", columns).take(order[np.isin(order, asked)])


def _pools(facts: PlanFacts, title: Ints, n: int) -> Floats:
    """Pools that hold some file of each title, (n_titles,)."""
    found = np.zeros(n)
    for held in facts.holds:
        found += np.bincount(title[held], minlength=n) > 0
    return found


def flow_table(facts: PlanFacts) -> Sheet:
    """Where bytes come from: all of them, then by country (by region where there is one country only) [GB].

    The largest `FLOW_ROWS` have rows of their own; what is left is ``all others``.
    """
    instance, topology = facts.instance, facts.topology
    country = {region.name: region.country for region in topology.regions}
    names = [country[name] for name in instance.regions]
    if len(set(names)) == 1:
        names = list(instance.regions)
    gb = tier_gb(facts)
    distinct = sorted(set(names))
    index = {name: i for i, name in enumerate(distinct)}
    by_name = np.zeros((len(distinct), len(TIERS)))
    np.add.at(by_name, [index[name] for name in names], gb)
    order = most_first(by_name.sum(axis=1), distinct)
    shown, rest = order[:FLOW_ROWS], order[FLOW_ROWS:]
    labels = ["all", *(distinct[i] for i in shown)]
    rows = [by_name.sum(axis=0), *(by_name[i] for i in shown)]
    if rest.size:
        labels.append(f"{rest.size:,} others")
        rows.append(by_name[rest].sum(axis=0))
    values = np.array(rows).reshape(len(rows), len(TIERS))
    return Sheet(
        "flow",
        (
            TextColumn.of("to", labels),
            NumberColumn("demand_gb", values.sum(axis=1)),
            *(NumberColumn(f"{tier.replace(' ', '_')}_gb", values[:, t]) for t, tier in enumerate(TIERS)),
        ),
    )


def curve_table(facts: PlanFacts) -> Sheet:
    """What storage saves, copies that save most per GB first: those in place, then those that lack.

    Each row is a bin of copies: ``at_least_per_tb`` is the least they save for each TB of space [currency per
    TB], ``space_tb`` and ``saves`` what they take and save, the ``total`` columns the sums so far. Each copy
    is counted on its own: two pools that lack the same file may serve the same viewers.
    """
    worth, floor = facts.worth, bin_floor()
    parts = []
    for part, sides in (("held", (HELD, RULED)), ("lacking", (LACKING,))):
        stored, saved = (bins[list(sides)].sum(axis=(0, 1)) for bins in (worth.stored_gb, worth.saved))
        used = np.flatnonzero(stored > 0)[::-1]
        parts.append((part, used, stored[used], saved[used]))
    space = np.concatenate([part[2] for part in parts]) / GB_PER_TB
    saves = np.concatenate([part[3] for part in parts])
    least = np.concatenate([floor[part[1]] for part in parts]) * GB_PER_TB
    totals = [np.concatenate([np.cumsum(part[i]) for part in parts]) for i in (2, 3)]
    return Sheet(
        "storage-curve",
        (
            TextColumn.of("copies", [part[0] for part in parts for _ in part[1]]),
            NumberColumn("at_least_per_tb", least, 3),
            NumberColumn("space_tb", space, 3),
            NumberColumn("saves", saves, 2),
            NumberColumn("total_space_tb", totals[0] / GB_PER_TB, 3),
            NumberColumn("total_saves", totals[1], 2),
        ),
    )


def full_table(facts: PlanFacts) -> Sheet:
    """Limits that bind, and what one more unit is worth, the dearest first."""
    # Plans of earlier releases list them in another order.
    full = sorted(facts.files.plan.full, key=lambda row: dearest_first(row.limit, row.name, row.price))
    # They are shown in what their prices are for.
    per = {kind.name: kind.per for kind in FAMILIES}
    scale = np.array([1.0 / per.get(row.limit, 1.0) for row in full])
    return Sheet(
        "full-limits",
        (
            TextColumn.of("limit", [row.limit for row in full]),
            TextColumn.of("name", [row.name for row in full]),
            NumberColumn("used", np.array([row.used for row in full], dtype=np.float64) * scale, 2),
            NumberColumn("allowed", np.array([row.allowed for row in full], dtype=np.float64) * scale, 2),
            TextColumn.of("unit", [row.price_per for row in full]),
            NumberColumn("price_of_one_more", np.array([row.price for row in full], dtype=np.float64), 2),
        ),
    )


def certificate_table(facts: PlanFacts) -> Sheet:
    """Ideal, bound and cost, with their distance from the ideal [currency per period]."""
    numbers = facts.files.plan.numbers
    values = np.array([numbers["ideal"], numbers["lower"], numbers["upper"]])
    return Sheet(
        "certificate",
        (
            TextColumn.of("figure", ("ideal", "lower bound", "this plan")),
            NumberColumn("cost", values, 2),
            NumberColumn("above_ideal", values - values[0], 2),
        ),
    )


def costs_table(facts: PlanFacts) -> Sheet:
    """Cost by part [currency per period]."""
    cost = facts.files.plan.cost
    parts = ("delivery", "fill", "overload", "total")
    return Sheet(
        "costs",
        (TextColumn.of("part", parts), NumberColumn("cost", np.array([cost[part] for part in parts]), 2)),
    )


def misses_table(facts: PlanFacts) -> Sheet:
    """Bytes that do not come from the best place, by cause [GB per period]; no rows where all do."""
    causes, total = missed_causes(facts), facts.misses.totals()
    demand = float(facts.instance.region_gb().sum())
    gb = np.array([total[cause] for cause in causes], dtype=np.float64)
    return Sheet(
        "misses",
        (
            TextColumn.of("cause", causes),
            NumberColumn("gb", gb),
            NumberColumn("demand_ratio", ratio(gb, np.full(gb.size, demand), 0.0), 6),
        ),
    )


def night_table(facts: PlanFacts) -> Sheet | None:
    """What the night fetches, by kind of source [GB]; None where nothing is fetched."""
    fills = facts.files.plan.fills
    if fills is None or sum(fills.bytes_gb.values()) <= 0:
        return None
    return Sheet(
        "night",
        (
            TextColumn.of("source", FILL_KINDS),
            NumberColumn("gb", np.array([fills.bytes_gb[kind] for kind in FILL_KINDS])),
        ),
    )


def figures_table(facts: PlanFacts) -> Sheet:
    """Key figures of the plan, in the order of the page; units in the names."""
    instance, plan = facts.instance, facts.files.plan
    numbers = plan.numbers
    rows = [
        ("offload_ratio", numbers["offload_byte_ratio"]),
        ("cost", plan.cost["total"]),
        ("gap_ratio", numbers["gap_ratio"]),
        ("demand_gb", numbers["demand_gb"]),
        ("demand_peak_gbps", float((instance.region_gb() @ instance.gbps_per_gb).max())),
        ("origin_peak_gbps", float(rate_of_origin(instance, facts.origin_gb).max())),
        ("stored_tb", float(facts.stored_gb.sum()) / GB_PER_TB),
        ("storage_tb", float(instance.storage_gb.sum()) / GB_PER_TB),
        ("added_tb", float(facts.added_gb.sum()) / GB_PER_TB),
        ("evicted_tb", float(facts.evicted_gb.sum()) / GB_PER_TB),
        ("full_limits", float(len(plan.full))),
        ("overload_gbps", float(sum(gbps for _, _, gbps in plan.overload))),
    ]
    return Sheet(
        "figures",
        (
            TextColumn.of("figure", [name for name, _ in rows]),
            NumberColumn("value", np.array([value for _, value in rows]), 6),
        ),
    )
