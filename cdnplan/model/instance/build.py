"""Topology + catalogue + demand + holdings → the cross-checked `Instance`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.instance.network import Arc, LimitedLinks, Reach, find_candidates, limited_links
from cdnplan.model.instance.profile import gbps_per_gb, utc_offset_hours
from cdnplan.model.instance.rule_checks import ban_warnings, pin_problems, size_warnings, window_warnings
from cdnplan.model.instance.rules import ROUNDING, PoolPlaces, RuleArrays, RuleResolver
from cdnplan.model.limits.families import MORE_RATES, MORE_VOLUMES, Fleet
from cdnplan.model.limits.limits import RateRows, VolumeRows, link_rates, pool_rates, pool_volumes
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Hardware, Region, Site, Topology
from cdnplan.units import BITS_PER_BYTE, GB_PER_TB, HOURS_PER_DAY, SECONDS_PER_HOUR, gb_moved

OVERLOAD_FACTOR = 10.0
"""Default price of overload: so many times the dearest origin path for the same bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pools:
    """Pools sorted by site name, then model, with their hardware."""

    names: tuple[str, ...]
    places: PoolPlaces
    hardware: tuple[Hardware, ...]
    first: dict[str, int]
    """First pool of each site; a site's pools are consecutive."""
    at: dict[str, int]
    """Number of pools of each site."""


def build_instance(
    topology: Topology,
    catalog: Catalog,
    demand: Demand,
    holdings: Holdings | None = None,
    *,
    pins_may_wait: bool = False,
) -> tuple[Instance, list[str]]:
    """Build the placement problem of one period.

    Regions and pools are sorted by name, so the order in which inputs list them changes nothing.

    Parameters
    ----------
    topology : Topology
        Network and policy; already restricted to the countries that are planned.
    catalog : Catalog
        Files that may be placed.
    demand : Demand
        One period; regions that draw on a row it lacks have no demand.
    holdings : Holdings or None
        What appliances hold now. None is a cold start: `Policy.cold_start` decides whether fill limits
        and costs count.
    pins_may_wait : bool
        Pins that a window cannot bring are no problem here: the caller lets them wait.

    Returns
    -------
    instance : Instance
    warnings : list of str

    Raises
    ------
    InputError
        Unknown titles in rules, pins or launch rules that no plan can satisfy, listed sites without a path.
    """
    parts = _Parts.of(topology, catalog, demand, holdings)
    file_gb = parts.asked.file_gb(catalog.n_files)
    storage = parts.limits.appliance_storage_gb
    resolver = RuleResolver(catalog, parts.pools.places, file_gb, demand.start, storage)
    rules = resolver.resolve(topology.policy)
    if resolver.problems:
        raise InputError(resolver.problems)
    _follow_hardware(rules, parts)
    instance = parts.instance(rules)
    problems = pin_problems(instance, rules.pins, windows=not pins_may_wait)
    if problems:
        raise InputError(problems)
    warnings = [
        *ban_warnings(topology, parts.regions, instance),
        *size_warnings(instance, file_gb),
        *window_warnings(instance, file_gb),
    ]
    return instance, resolver.warnings + warnings


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """What an instance is made of, before rules.

    Parameters
    ----------
    site_names : list of str
        Sorted.
    counted : bool
        Whether what pools take in is limited and costs.
    """

    topology: Topology
    catalog: Catalog
    asked: _Asked
    regions: tuple[Region, ...]
    site_names: list[str]
    pools: _Pools
    reach: Reach
    links: LimitedLinks
    cand: _PoolCandidates
    limits: _Limits
    held: npt.NDArray[np.uint8]
    counted: bool

    @classmethod
    def of(cls, topology: Topology, catalog: Catalog, demand: Demand, holdings: Holdings | None) -> _Parts:
        """Lay out network and demand; regions, sites and pools by name."""
        regions = tuple(sorted(topology.regions, key=lambda region: region.name))
        pools = _pools(topology)
        site_names = sorted(pools.at)
        reach = find_candidates(topology, regions, {name: i for i, name in enumerate(site_names)})
        links = _links(topology, reach)
        counted = topology.fill_counted(holdings)
        return cls(
            topology=topology,
            catalog=catalog,
            asked=_asked(topology, regions, reach, site_names, demand),
            regions=regions,
            site_names=site_names,
            pools=pools,
            reach=reach,
            links=links,
            cand=_pool_candidates(reach, links, site_names, pools),
            limits=_limits(topology, pools, counted),
            held=_held(holdings, pools.names, pools.places.appliances, catalog),
            counted=counted,
        )

    def instance(self, rules: RuleArrays) -> Instance:
        """Join them, and the rules, to an instance."""
        pools, limits, cand, asked, demand = self.pools, self.limits, self.cand, self.asked, self.asked.demand
        fleet, models = self._fleet(), tuple(sorted(set(pools.places.model)))
        fill_per_gb = self.topology.policy.costs.fill_per_gb if self.counted else 0.0
        return Instance(
            regions=tuple(region.name for region in self.regions),
            pools=pools.names,
            files=self.catalog.files,
            sites=fleet.sites,
            models=models,
            pool_site=fleet.pool_site,
            pool_model=np.array([models.index(name) for name in pools.places.model], dtype=np.int32),
            rates=self._rates(fleet),
            volumes=self._volumes(fleet),
            region_row=asked.row,
            region_share=asked.share,
            demand_ptr=asked.ptr,
            demand_file=demand.file,
            demand_gb=demand.gb,
            gbps_per_gb=asked.gbps_per_gb,
            cand_ptr=cand.ptr,
            cand_pool=cand.pool,
            cand_cost=cand.cost,
            origin_cost=self.reach.origin_cost,
            fill_cost=np.full(len(pools.names), fill_per_gb),
            size_gb=self.catalog.size_gb,
            copies=rules.copies,
            held=self.held,
            pinned=rules.pinned,
            launch_ptr=np.cumsum([0, *(p.size for _, _, p in rules.launches)]).astype(np.int64),
            launch_pool=_joined([p for _, _, p in rules.launches]),
            launch_file=np.array([f for f, _, _ in rules.launches], dtype=np.int32),
            launch_min=np.array([m for _, m, _ in rules.launches], dtype=np.int32),
            pool_appliances=pools.places.appliances,
            appliance_storage_gb=limits.appliance_storage_gb,
            appliance_throughput_gbps=limits.appliance_throughput_gbps,
            appliance_window_gb=limits.appliance_window_gb,
            period_days=demand.period_days,
        )

    def _fleet(self) -> Fleet:
        """What rows of families are made of."""
        pool_site = np.repeat(
            np.arange(len(self.site_names)), [self.pools.at[name] for name in self.site_names]
        )
        return Fleet(
            self.topology,
            tuple(self.site_names),
            pool_site.astype(np.int32),
            self.pools.hardware,
            self.pools.places.appliances,
            self.cand.pool,
            len(self.regions),
            fill_counted=self.counted,
        )

    def _rates(self, fleet: Fleet) -> RateRows:
        """Limits on rates: of pools, of links, and all others."""
        links, cand = self.links, self.cand
        cost = overload_per_gbps(self.topology, self.reach, self.asked.demand.period_days)
        rows = pool_rates(self.pools.names, self.limits.throughput_gbps, cand.pool, fleet.n_regions)
        rows = rows.joined(link_rates(links.names, links.capacity_gbps, cost, cand.link_ptr, cand.link))
        for build in MORE_RATES:
            rows = rows.joined(build(fleet))
        return rows

    def _volumes(self, fleet: Fleet) -> VolumeRows:
        """Limits on volumes: of pools, and all others."""
        churn, limits = self.topology.policy.churn_ratio, self.limits
        changes = limits.storage_gb * churn if self.counted and churn is not None else None
        rows = pool_volumes(self.pools.names, limits.storage_gb, limits.fill_gb, changes)
        for build in MORE_VOLUMES:
            rows = rows.joined(build(fleet))
        return rows


def _follow_hardware(rules: RuleArrays, parts: _Parts) -> None:
    """Ask for more copies, or rule files out, as hardware needs it; in place."""
    size_gb, limits, appliances = parts.catalog.size_gb, parts.limits, parts.pools.places.appliances
    load_ratio = parts.topology.policy.copy_load_ratio
    if load_ratio is not None:
        needs = _copies_for_load(size_gb.size, parts.cand, parts.asked, limits, appliances, load_ratio)
        _raise_copies(rules.copies, needs, size_gb, limits.appliance_window_gb, parts.held)
    _rule_out_large(rules, size_gb, limits.appliance_storage_gb, appliances)
    if parts.counted:
        _rule_out_late(rules, size_gb, limits.appliance_window_gb, parts.held)


def _joined(parts: Sequence[Ints32]) -> Ints32:
    return np.concatenate([np.zeros(0, dtype=np.int32), *parts]).astype(np.int32)


def _pools(topology: Topology) -> _Pools:
    models = {hardware.name: hardware for hardware in topology.hardware}
    names: list[str] = []
    sites: list[Site] = []
    hardware: list[Hardware] = []
    counts: list[int] = []
    first: dict[str, int] = {}
    at: dict[str, int] = {}
    for site in sorted(topology.sites, key=lambda item: item.name):
        count_of: dict[str, int] = {}
        for group in site.appliances:
            count_of[group.model] = count_of.get(group.model, 0) + group.count
        first[site.name], at[site.name] = len(names), len(count_of)
        for model in sorted(count_of):
            names.append(f"{site.name}/{model}")
            sites.append(site)
            hardware.append(models[model])
            counts.append(count_of[model])
    places = PoolPlaces(tuple(sites), tuple(h.name for h in hardware), np.array(counts, dtype=np.int32))
    return _Pools(tuple(names), places, tuple(hardware), first, at)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What regions ask for.

    Parameters
    ----------
    demand : Demand
    row, share : (n_regions,) int32, float64
        Row of each region and its share of it; regions whose demand region has no rows share an empty row.
    ptr : (n_rows + 1,) int64
        As `Demand.ptr`, with that empty row at the end where there is need.
    gbps_per_gb : (n_regions, n_slices) float64
    """

    demand: Demand
    row: Ints32
    share: Floats
    ptr: Ints
    gbps_per_gb: Floats

    def file_gb(self, n_files: int) -> Floats:
        """GB of each file over all regions, (n_files,)."""
        n_rows = len(self.demand.regions)
        weight = np.bincount(self.row, self.share, minlength=n_rows + 1)[:n_rows]
        gb = np.repeat(weight, np.diff(self.demand.ptr)) * self.demand.gb
        return np.bincount(self.demand.file, gb, minlength=n_files).astype(np.float64)


def _asked(
    topology: Topology, regions: Sequence[Region], reach: Reach, site_names: list[str], demand: Demand
) -> _Asked:
    index = {name: i for i, name in enumerate(demand.regions)}
    empty = len(demand.regions)
    row = np.array([index.get(region.demand.region, empty) for region in regions], dtype=np.int32)
    ptr = demand.ptr
    if (row == empty).any():
        ptr = np.concatenate([ptr, ptr[-1:]])
    share = np.array([region.demand.share for region in regions])
    return _Asked(demand, row, share, ptr, _rates(topology, regions, reach, site_names, demand))


def _rates(
    topology: Topology, regions: Sequence[Region], reach: Reach, site_names: list[str], demand: Demand
) -> Floats:
    timezone_of = {site.name: site.timezone for site in topology.sites}
    offsets: list[float] = []
    for r, region in enumerate(regions):
        timezone = region.timezone
        for site in reach.cand_site[reach.cand_ptr[r] : reach.cand_ptr[r + 1]]:
            timezone = timezone or timezone_of[site_names[site]]
        offsets.append(utc_offset_hours(timezone, region.location[1], demand.start))
    return gbps_per_gb(topology.policy.peak_profile, offsets, demand.period_days)


def _links(topology: Topology, reach: Reach) -> LimitedLinks:
    used: set[Arc] = set()
    for arcs in (*reach.cand_arcs, *reach.origin_arcs):
        used.update(arcs)
    return limited_links(topology.links, topology.origins, used)


@dataclass(frozen=True, slots=True, eq=False)
class _PoolCandidates:
    ptr: Ints
    pool: Ints32
    cost: Floats
    link_ptr: Ints
    """Of paths: of each entry, then from each region's origin."""
    link: Ints32


def _pool_candidates(
    reach: Reach, links: LimitedLinks, site_names: list[str], pools: _Pools
) -> _PoolCandidates:
    """Expand candidate sites into their pools and paths into limited links."""
    pool: list[int] = []
    cost: list[float] = []
    on_path: list[list[int]] = []
    ptr = [0]
    for r in range(reach.cand_ptr.size - 1):
        for j in range(reach.cand_ptr[r], reach.cand_ptr[r + 1]):
            name = site_names[reach.cand_site[j]]
            path = [links.index[arc] for arc in reach.cand_arcs[j] if arc in links.index]
            for p in range(pools.first[name], pools.first[name] + pools.at[name]):
                pool.append(p)
                cost.append(float(reach.cand_cost[j]))
                on_path.append(path)
        ptr.append(len(pool))
    on_path += [
        [links.index[arc] for arc in arcs if arc in links.index]
        + ([links.origin_index[name]] if name in links.origin_index else [])
        for arcs, name in zip(reach.origin_arcs, reach.origin_name, strict=True)
    ]
    return _PoolCandidates(
        ptr=np.array(ptr, dtype=np.int64),
        pool=np.array(pool, dtype=np.int32),
        cost=np.array(cost, dtype=np.float64),
        link_ptr=np.cumsum([0, *map(len, on_path)]).astype(np.int64),
        link=np.array([e for path in on_path for e in path], dtype=np.int32),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Limits:
    storage_gb: Floats
    throughput_gbps: Floats
    fill_gb: Floats
    appliance_storage_gb: Floats
    appliance_throughput_gbps: Floats
    appliance_window_gb: Floats


def _limits(topology: Topology, pools: _Pools, fill_counted: bool) -> _Limits:
    """Usable limits: hardware × appliances, less the reserves."""
    reserves = topology.policy.reserves
    count = pools.places.appliances.astype(np.float64)
    storage = np.array([h.storage_tb for h in pools.hardware]) * GB_PER_TB * (1 - reserves.storage_ratio)
    throughput = np.array([h.throughput_gbps for h in pools.hardware]) * (1 - reserves.throughput_ratio)
    window = [site.fill_window.hours for site in pools.places.site]
    fill = np.array([gb_moved(h.fill_gbps, hours) for h, hours in zip(pools.hardware, window, strict=True)])
    windows = fill * count * (1 - reserves.fill_ratio) if fill_counted else np.full(count.size, np.inf)
    spread = np.where(count > 1, 1 - reserves.imbalance_ratio, 1.0)
    return _Limits(
        storage_gb=storage * count,
        throughput_gbps=throughput * count * spread,
        fill_gb=windows,
        appliance_storage_gb=storage,
        appliance_throughput_gbps=throughput,
        appliance_window_gb=windows / pools.places.appliances,
    )


def _copies_for_load(
    n_files: int,
    cand: _PoolCandidates,
    asked: _Asked,
    limits: _Limits,
    appliances: Ints32,
    load_ratio: float,
) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Copies of each file, (n_files,), of which none keeps an appliance busy on its own; pool by pool.

    Judged by the peak of all regions that may use the pool, whether they will or not: no copy then takes
    more than `load_ratio` of an appliance, and the load of a pool can be spread over its appliances.
    """
    demand, row, share = asked.demand, asked.row, asked.share
    region = np.repeat(np.arange(row.size), np.diff(cand.ptr))
    busiest = asked.gbps_per_gb.max(axis=1)
    for p in np.flatnonzero(appliances > 1).tolist():
        peak = np.zeros(n_files)
        near = region[cand.pool == p]
        # Regions that draw on one row ask for its files in the same proportions.
        weight = np.bincount(row[near], share[near] * busiest[near])[: len(demand.regions)]
        for source in np.flatnonzero(weight):
            entries = slice(demand.ptr[source], demand.ptr[source + 1])
            peak[demand.file[entries]] += demand.gb[entries] * weight[source]
        need = np.ceil(peak / (load_ratio * limits.appliance_throughput_gbps[p]) * (1 - ROUNDING))
        yield p, np.clip(need, 1, min(int(appliances[p]), 255)).astype(np.uint8)


def _raise_copies(
    copies: npt.NDArray[np.uint8],
    needs: Iterable[tuple[int, npt.NDArray[np.uint8]]],
    size_gb: Floats,
    window_gb: Floats,
    held: npt.NDArray[np.uint8],
) -> None:
    """Ask for as many copies as load needs, but for none that cannot come in one window; in place."""
    for p, need in needs:
        late = size_gb > window_gb[p] * (1 + ROUNDING)
        can = np.where(late, np.minimum(need, np.maximum(held[p], 1)), need)
        copies[p] = np.where(copies[p] > 0, np.maximum(copies[p], can), 0)


def _rule_out_large(rules: RuleArrays, size_gb: Floats, appliance_gb: Floats, appliances: Ints32) -> None:
    """Rule out files that no appliance has room for beside the pinned files on all of them; in place.

    What rules ask for stays: whether that can be kept is another question.
    """
    left_gb = appliance_gb.astype(np.float64)
    # Pool by pool, and only where there is something to do: the tables are large.
    for p in np.flatnonzero(rules.pinned.any(axis=1)):
        everywhere = rules.pinned[p] & (rules.copies[p] >= appliances[p])
        left_gb[p] -= size_gb[everywhere].sum()
    left_gb *= 1 + ROUNDING
    launched = {(int(pool), int(file)) for file, _, places in rules.launches for pool in places}
    for p in np.flatnonzero(left_gb < size_gb.max(initial=0.0)):
        large = (size_gb > left_gb[p]) & ~rules.pinned[p]
        for f in np.flatnonzero(large).tolist():
            large[f] = (int(p), f) not in launched
        rules.copies[p, large] = 0


def _rule_out_late(
    rules: RuleArrays, size_gb: Floats, window_gb: Floats, held: npt.NDArray[np.uint8]
) -> None:
    """Rule out files of which a pool lacks copies that no appliance can fetch in one window; in place.

    What rules ask for stays, as with files that are too large.
    """
    late = (size_gb > window_gb[:, None] * (1 + ROUNDING)) & (held < rules.copies) & ~rules.pinned
    for file, _, places in rules.launches:
        late[places, file] = False
    rules.copies[late] = 0


def _held(
    holdings: Holdings | None, pools: tuple[str, ...], appliances: Ints32, catalog: Catalog
) -> npt.NDArray[np.uint8]:
    """Copies each pool holds now; pools, appliances and files that are no more are ignored."""
    held = np.zeros((len(pools), catalog.n_files), dtype=np.uint8)
    if holdings is None or holdings.pool.size == 0:
        return held
    p, f = holdings.numbers(pools, catalog.files)
    known = (p >= 0) & (f >= 0) & (holdings.appliance <= np.append(appliances, 0)[p])
    cell, count = np.unique(p[known].astype(np.int64) * catalog.n_files + f[known], return_counts=True)
    held.reshape(-1)[cell] = np.minimum(count, 255)
    return held


def overload_per_gbps(topology: Topology, reach: Reach, period_days: float) -> float:
    """Price of one Gbit/s too much in one slice [currency/Gbps]."""
    given = topology.policy.costs.overload_per_gbps
    if given is not None:
        return given
    gb_per_gbps = period_days * HOURS_PER_DAY * SECONDS_PER_HOUR / BITS_PER_BYTE
    dearest = max(float(reach.origin_cost.max(initial=0.0)), float(reach.cand_cost.max(initial=0.0)))
    return OVERLOAD_FACTOR * dearest * gb_per_gbps / topology.policy.peak_profile.slices
