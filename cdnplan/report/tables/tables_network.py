"""Tables of a plan's report by place: regions, sites, pools."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cdnplan.evaluate.count.loads import pool_gbps
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.report.parts.sheet import Column, NumberColumn, Sheet, TextColumn
from cdnplan.report.tables.facts import PlanFacts
from cdnplan.report.tables.worth_kernels import HELD, LACKING, LOWEST_EXPONENT, N_BINS, STEPS_PER_OCTAVE
from cdnplan.units import GB_PER_TB

TIERS = ("own site", "other site", "exchange", "origin")
"""Where bytes come from: the region's cheapest site inside an ISP, another such site, an exchange point, an
origin."""
OWN, OTHER, EXCHANGE, FROM_ORIGIN = range(4)


def candidate_tiers(facts: PlanFacts) -> Ints:
    """Tier of each candidate entry, (n_cand,): an index into `TIERS`."""
    instance = facts.instance
    site = pool_sites(facts)[instance.cand_pool]
    embedded = np.array([s.kind == "embedded" for s in facts.topology.sites], dtype=bool)
    tier = np.where(embedded[site], OTHER, EXCHANGE)
    for r in range(instance.n_regions):
        part = slice(int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1]))
        own = site[part][embedded[site[part]]]
        if own.size:
            tier[part][site[part] == own[0]] = OWN
    return tier


def pool_sites(facts: PlanFacts) -> Ints:
    """Site of each pool, (n_pools,): an index into the topology's sites."""
    index = {site.name: i for i, site in enumerate(facts.topology.sites)}
    place = np.array([index[name] for name in facts.instance.sites], dtype=np.int64)
    return place[facts.instance.pool_site]


def tier_gb(facts: PlanFacts) -> Floats:
    """What each region gets from each tier, (n_regions, n_tiers) [GB]."""
    instance = facts.instance
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    gb = np.zeros((instance.n_regions, len(TIERS)))
    np.add.at(gb, (region, candidate_tiers(facts)), facts.served_gb)
    gb[:, FROM_ORIGIN] = facts.origin_gb
    return gb


def regions_table(facts: PlanFacts) -> Sheet:
    """Every region: what it asks for, where that comes from, and what is missed, most bytes first."""
    instance, topology = facts.instance, facts.topology
    demand, tiers = instance.region_gb(), tier_gb(facts)
    by_name = {region.name: region for region in topology.regions}
    regions = [by_name[name] for name in instance.regions]
    cost = instance.cand_cost * facts.served_gb
    of_region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    paid = np.bincount(of_region, cost, minlength=instance.n_regions) + instance.origin_cost * facts.origin_gb
    columns: tuple[Column, ...] = (
        TextColumn.of("region", instance.regions),
        TextColumn.of("country", [region.country for region in regions]),
        NumberColumn("demand_gb", demand),
        NumberColumn("peak_gbps", demand * instance.gbps_per_gb.max(axis=1), 1),
        NumberColumn("offload_ratio", 1.0 - ratio(tiers[:, FROM_ORIGIN], demand, 0.0), 4),
        *(
            NumberColumn(f"{name.replace(' ', '_')}_ratio", ratio(tiers[:, t], demand), 4)
            for t, name in enumerate(TIERS)
        ),
        NumberColumn("cost_per_tb", ratio(paid * GB_PER_TB, demand), 2),
        *(NumberColumn(f"{cause}_miss_gb", facts.misses.of(cause)) for cause in missed_causes(facts)),
        NumberColumn("lat", np.array([region.location[0] for region in regions], dtype=np.float64), 2),
        NumberColumn("lon", np.array([region.location[1] for region in regions], dtype=np.float64), 2),
    )
    return Sheet("regions", columns).take(most_first(demand, instance.regions))


def missed_causes(facts: PlanFacts) -> tuple[str, ...]:
    """Causes of misses that a plan has, in their order."""
    return tuple(cause for cause, gb in facts.misses.totals().items() if gb > 0)


def pools_table(facts: PlanFacts) -> Sheet:
    """Every pool: what it stores and serves, how full that is, what more would bring; most bytes first."""
    instance, topology = facts.instance, facts.topology
    sites, site = topology.sites, pool_sites(facts)
    served = np.bincount(instance.cand_pool, facts.served_gb, minlength=instance.n_pools)
    peak = pool_gbps(instance, facts.served_gb).max(axis=1, initial=0.0)
    last, following = next_tb(facts)
    columns = (
        TextColumn("site", tuple(s.name for s in sites), site),
        TextColumn("model", instance.models, instance.pool_model),
        TextColumn.of("kind", [sites[s].kind for s in site]),
        TextColumn.of("country", site_countries(facts)).picked(site),
        NumberColumn("appliances", instance.pool_appliances.astype(np.float64)),
        NumberColumn("stored_tb", facts.stored_gb / GB_PER_TB, 1),
        NumberColumn("storage_tb", instance.storage_gb / GB_PER_TB, 1),
        NumberColumn("stored_ratio", ratio(facts.stored_gb, instance.storage_gb), 4),
        NumberColumn("peak_gbps", peak, 1),
        NumberColumn("throughput_gbps", instance.throughput_gbps, 1),
        NumberColumn("busy_ratio", ratio(peak, instance.throughput_gbps), 4),
        NumberColumn("served_gb", np.asarray(served)),
        NumberColumn("added_gb", facts.added_gb),
        NumberColumn("evicted_gb", facts.evicted_gb),
        NumberColumn("last_tb_saves", last, 2),
        NumberColumn("price_per_tb", prices_of(facts, "storage", instance.pools), 2),
        NumberColumn("next_tb_saves", following, 2),
        NumberColumn("price_per_gbps", prices_of(facts, "throughput", instance.pools), 2),
    )
    return Sheet("pools", columns).take(most_first(np.asarray(served), instance.pools))


def sites_table(facts: PlanFacts) -> Sheet:
    """Every site: its pools together, most bytes first."""
    instance, topology = facts.instance, facts.topology
    sites, site, n = topology.sites, pool_sites(facts), len(topology.sites)

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(site, values, minlength=n), dtype=np.float64)

    pool_gb = np.bincount(instance.cand_pool, facts.served_gb, minlength=instance.n_pools)
    served = total(pool_gb.astype(np.float64))
    load = np.zeros((n, instance.n_slices))
    np.add.at(load, site, pool_gbps(instance, facts.served_gb))
    peak, allowed = load.max(axis=1, initial=0.0), total(instance.throughput_gbps)
    stored, storage = total(facts.stored_gb), total(instance.storage_gb)
    price = np.zeros(n)
    np.maximum.at(price, site, prices_of(facts, "storage", instance.pools))
    columns = (
        TextColumn.of("site", [s.name for s in sites]),
        TextColumn.of("kind", [s.kind for s in sites]),
        TextColumn.of("country", site_countries(facts)),
        NumberColumn("appliances", total(instance.pool_appliances.astype(np.float64))),
        NumberColumn("stored_tb", stored / GB_PER_TB, 1),
        NumberColumn("storage_tb", storage / GB_PER_TB, 1),
        NumberColumn("stored_ratio", ratio(stored, storage), 4),
        NumberColumn("peak_gbps", peak, 1),
        NumberColumn("throughput_gbps", allowed, 1),
        NumberColumn("busy_ratio", ratio(peak, allowed), 4),
        NumberColumn("served_gb", served),
        NumberColumn("price_per_tb", price, 2),
        NumberColumn("lat", np.array([s.location[0] for s in sites], dtype=np.float64), 2),
        NumberColumn("lon", np.array([s.location[1] for s in sites], dtype=np.float64), 2),
    )
    return Sheet("sites", columns).take(most_first(served, [s.name for s in sites]))


def site_countries(facts: PlanFacts) -> list[str | None]:
    """Country of each site: its own, else that of the region it serves most of."""
    instance, topology = facts.instance, facts.topology
    country = {region.name: region.country for region in topology.regions}
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    site = pool_sites(facts)[instance.cand_pool]
    found: list[str | None] = [s.country for s in topology.sites]
    for i in sorted(range(site.size), key=lambda j: (float(facts.served_gb[j]), -int(region[j]))):
        if topology.sites[site[i]].country is None:
            found[site[i]] = country[instance.regions[region[i]]]
    return found


def prices_of(facts: PlanFacts, limit: str, names: Sequence[str]) -> Floats:
    """What one more TB or Gbps is worth, all slices together [currency], 0 where the plan has no price."""
    table = facts.files.prices
    index = {name: i for i, name in enumerate(names)}
    place = table.texts["name"].positions(index)
    rows = np.flatnonzero((place >= 0) & (table.texts["limit"].positions({limit: 0}) == 0))
    found = np.bincount(place[rows], table.values["price"][rows], minlength=len(names))
    return np.asarray(found, dtype=np.float64)


def next_tb(facts: PlanFacts) -> tuple[Floats, Floats]:
    """What the least useful TB of each pool saves, and the most useful TB it lacks would, (n_pools,) each.

    Where there is less than a TB, what there is, scaled up to one. Between the two lies the price of a TB, as
    far as the plan's gap lets it.

    Returns
    -------
    last : (n_pools,) float64
        Of what it holds and no rule asks for, the copies that save least [currency per TB and period]; nan
        where there are none.
    following : (n_pools,) float64
        Of what it does not hold, the copies that would save most, all others as they are; 0 where none would
        save anything.
    """
    stored, saved = facts.worth.stored_gb, facts.worth.saved
    last = _first_tb(stored[HELD], saved[HELD])
    following = _first_tb(stored[LACKING, :, ::-1], saved[LACKING, :, ::-1])
    return last, np.nan_to_num(following)


def _first_tb(stored: Floats, saved: Floats) -> Floats:
    """What the first TB of each row saves, evenly within a bin, per TB; nan where there is nothing."""
    before = np.cumsum(stored, axis=1) - stored
    room = np.clip(GB_PER_TB - before, 0.0, stored)
    part = np.divide(room, stored, out=np.zeros_like(stored), where=stored > 0)
    return ratio((part * saved).sum(axis=1) * GB_PER_TB, room.sum(axis=1))


def bin_floor() -> Floats:
    """Least that a GB saves in each bin, (N_BINS,) [currency/GB]; bin 0 holds what saves nothing."""
    floor = 2.0 ** (LOWEST_EXPONENT + (np.arange(N_BINS) - 1) / STEPS_PER_OCTAVE)
    floor[0] = 0.0
    return np.asarray(floor)


def ratio(part: Floats, whole: Floats, empty: float = np.nan) -> Floats:
    """Divide, `empty` where there is nothing to divide by."""
    found = np.divide(part, whole, out=np.full(np.shape(whole), empty), where=np.asarray(whole) > 0)
    return np.asarray(found, dtype=np.float64)


def most_first(values: Floats, names: Sequence[str]) -> Ints:
    """Rows by falling value, then by name."""
    order = np.lexsort((np.argsort(np.argsort(np.array(names))), -np.asarray(values)))
    return np.asarray(order, dtype=np.int64)


def rate_of_origin(instance: Instance, origin_gb: Floats) -> Floats:
    """Rate out of all origins in each slice, (n_slices,) [Gbps]."""
    return np.asarray(origin_gb @ instance.gbps_per_gb)
