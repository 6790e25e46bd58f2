"""A small network with every kind of limit, and a simple planner for it; shares no code with the engines."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

import numpy as np

from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import (
    Ban,
    CopyRule,
    Costs,
    Files,
    FillPolicy,
    LaunchRule,
    PeakProfile,
    Pin,
    Places,
    Policy,
)
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    FillWindow,
    Hardware,
    Link,
    Maintenance,
    Origin,
    Region,
    Site,
    Topology,
)

N_FILES = 24


def topology(*, cold_start: str = "free") -> Topology:
    """Two exchange points, two embedded sites, four regions, five links, one of them overloaded."""
    flash, disk = "flash-1u", "storage-2u"
    policy = Policy(
        costs=Costs(overload_per_gbps=2000.0, fill_per_gb=0.01),
        peak_profile=PeakProfile(slices=2),
        churn_ratio=0.7,
        cold_start=cold_start,  # type: ignore[arg-type]
        pins=(Pin(Files(title="t03"), Places(kinds=("ixp",))),),
        bans=(Ban(Files(title="t05"), Places(countries=("BE",))),),
        copies=(CopyRule(Files(title="t01"), Places(sites=("ams-ix",)), copies=2),),
        launches=(LaunchRule(Files(title="t07"), min_pools=2),),
    )
    return Topology(
        name="small",
        hardware=(Hardware(flash, 0.06, 0.3, 0.004), Hardware(disk, 0.12, 0.12, 0.02)),
        origins=(Origin("origin-west", (53.3, -6.3), capacity_gbps=0.02), Origin("origin-east", (50.1, 8.7))),
        sites=(
            Site("ams-ix", "ixp", (52.3, 4.9), (ApplianceGroup(flash, 2), ApplianceGroup(disk, 3)), "NL"),
            Site("bnix", "ixp", (50.9, 4.4), (ApplianceGroup(disk, 1),), "BE"),
            Site("kpn", "embedded", (52.1, 5.1), (ApplianceGroup(disk, 2),), "NL"),
            Site("telenet", "embedded", (51.0, 4.5), (ApplianceGroup(disk, 1),), "BE"),
        ),
        regions=(
            Region("nl-kpn", "NL", (52.1, 5.1), ("kpn", "ams-ix"), DemandShare("NL", 0.6)),
            Region("nl-ziggo", "NL", (52.4, 4.9), ("ams-ix", "bnix"), DemandShare("NL", 0.4)),
            Region("be-telenet", "BE", (51.0, 4.5), ("telenet", "bnix", "ams-ix"), DemandShare("BE", 0.7)),
            Region("be-other", "BE", (50.6, 5.5), ("bnix", "ams-ix"), DemandShare("BE", 0.3)),
        ),
        links=(
            Link("nl-ziggo", "ams-ix", capacity_gbps=0.03, cost_per_gb=0.002),
            Link("nl-kpn", "kpn", cost_per_gb=0.0),
            Link("kpn", "ams-ix", capacity_gbps=0.2, cost_per_gb=0.003),
            Link("ams-ix", "bnix", capacity_gbps=0.05, cost_per_gb=0.004),
            Link("ams-ix", "origin-west", cost_per_gb=0.03),
        ),
        policy=policy,
    )


def night_topology() -> Topology:
    """The same network with room to fill: local windows, one over midnight, maintenance, source limits."""
    plain = topology()
    flash, disk = plain.hardware
    times = {
        "ams-ix": ("Europe/Amsterdam", FillWindow("01:30", 5.0), ()),
        "bnix": (
            "Europe/Brussels",
            FillWindow("23:15", 7.0),
            (Maintenance("2026-07-06T00:30", 1.0), Maintenance("2026-07-06T04:00", 0.5, ("storage-2u/1",))),
        ),
        "kpn": (None, FillWindow("02:00", 8.0), ()),
        "telenet": ("Europe/Brussels", FillWindow("00:00", 24.0), ()),
    }
    return replace(
        plain,
        hardware=(replace(flash, fill_gbps=0.04), replace(disk, fill_gbps=0.1, upload_gbps=0.05)),
        sites=tuple(
            replace(site, timezone=zone, fill_window=window, maintenance=closed)
            for site in plain.sites
            for zone, window, closed in [times[site.name]]
        ),
        links=(*plain.links, Link("ams-ix", "origin-east", cost_per_gb=0.031)),
        policy=replace(plain.policy, fill=FillPolicy(origin_gbps=0.2, tier_max_cost_per_gb=0.05)),
    )


def catalog() -> Catalog:
    """24 files of 12 titles, two each."""
    rng = np.random.default_rng(3)
    launch = np.full(12, np.datetime64("NaT"), dtype="datetime64[D]")
    launch[4] = np.datetime64("2026-07-01")
    return Catalog(
        files=tuple(f"t{i // 2:02}.{'sd' if i % 2 else 'hd'}" for i in range(N_FILES)),
        size_gb=rng.uniform(5.0, 30.0, N_FILES).round(3),
        titles=tuple(f"t{i:02}" for i in range(12)),
        file_title=np.repeat(np.arange(12), 2).astype(np.int32),
        launch_day=launch,
    )


def demand() -> Demand:
    """Two countries with tastes of their own."""
    rng = np.random.default_rng(4)
    gb = (3000.0 / np.arange(1, N_FILES + 1) * rng.lognormal(0.0, 0.5, (2, N_FILES))).astype(np.float32)
    return Demand(
        regions=("BE", "NL"),
        ptr=np.array([0, N_FILES, 2 * N_FILES]),
        file=np.tile(np.arange(N_FILES), 2).astype(np.int32),
        gb=gb.ravel(),
        start=dt.date(2026, 7, 6),
        period_days=7.0,
    )


def holdings() -> Holdings:
    """A few copies, also of a file and at a pool that are no more, and of a file banned meanwhile."""
    pools = ("ams-ix/flash-1u", "ams-ix/storage-2u", "bnix/storage-2u", "gone/flash-1u", "kpn/storage-2u")
    files = ("expired", "t00.sd", "t01.hd", "t05.hd", "t06.sd")
    rows = [(0, 1, 1), (0, 2, 4), (1, 1, 2), (1, 2, 3), (1, 3, 0), (1, 3, 1), (2, 1, 1), (2, 1, 3), (3, 1, 1)]
    rows += [(4, 1, 1), (4, 2, 4)]
    pool, appliance, file = (np.array(column, dtype=np.int32) for column in zip(*rows, strict=True))
    return Holdings(pools, files, pool, appliance, file)


def night_holdings() -> Holdings:
    """More copies, of which some have to go before others come, among them the last one of a file."""
    plain = holdings()
    rows = {
        (plain.pools[p], int(a), plain.files[f])
        for p, a, f in zip(plain.pool, plain.appliance, plain.file, strict=True)
    }
    more = {
        ("kpn/storage-2u", 1): ("t08.hd", "t08.sd", "t09.sd", "t11.hd"),
        ("telenet/storage-2u", 1): ("t05.sd", "t09.hd", "t09.sd", "t10.hd", "t10.sd", "t11.hd", "t11.sd"),
    }
    rows |= {(pool, number, file) for (pool, number), files in more.items() for file in files}
    pools, files = sorted({pool for pool, _, _ in rows}), sorted({file for _, _, file in rows})
    numbers = sorted((pools.index(pool), number, files.index(file)) for pool, number, file in rows)
    pool, appliance, file = (np.array(column, dtype=np.int32) for column in zip(*numbers, strict=True))
    return Holdings(tuple(pools), tuple(files), pool, appliance, file)


@dataclass
class SimplePlan:
    """Copies on appliances and what is served from where, file by file.

    `copies[p][f]` lists the appliances of pool p (from 0) that hold file f; `served` and `origin` are GB;
    `rate[p]` is the load of each appliance and slice.
    """

    copies: list[dict[int, list[int]]]
    served: Floats
    origin: Floats
    rate: list[Floats] = field(default_factory=list)


def simple_plan(instance: Instance, earlier: list[tuple[int, int, int]]) -> SimplePlan:
    """Pins and launches first, then what is asked most; each request to its cheapest holder with room.

    `earlier` are copies held before, as (pool, appliance from 0, file).
    """
    v = dense(instance)
    order = np.argsort(-v.sum(axis=0) / instance.size_gb, kind="stable")
    copies: list[dict[int, list[int]]] = [{} for _ in instance.pools]
    used = [np.zeros(count) for count in instance.pool_appliances]
    new = np.zeros(instance.n_pools)

    def place(p: int, f: int) -> bool:
        if f in copies[p] or instance.copies[p, f] == 0:
            return f in copies[p]
        has = [a for q, a, g in earlier if (q, g) == (p, f)]
        room = [a for a in np.argsort(used[p], kind="stable") if a not in has]
        chosen = [
            a for a in (*has, *room) if used[p][a] + instance.size_gb[f] <= instance.appliance_storage_gb[p]
        ][: instance.copies[p, f]]
        fresh = instance.size_gb[f] * sum(a not in has for a in chosen)
        if len(chosen) < instance.copies[p, f] or new[p] + fresh > instance.new_limit_gb[p]:
            return False
        used[p][chosen] += instance.size_gb[f]
        new[p] += fresh
        copies[p][f] = sorted(int(a) for a in chosen)
        return True

    for p, f in np.argwhere(instance.pinned):
        assert place(p, f)
    for rule in range(instance.n_launches):
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        assert sum(place(p, instance.launch_file[rule]) for p in pools) >= instance.launch_min[rule]
    for f in order:
        for p in range(instance.n_pools):
            place(p, f)
    return _serve(instance, copies, v)


def _serve(instance: Instance, copies: list[dict[int, list[int]]], v: Floats) -> SimplePlan:
    rate = [np.zeros((count, instance.n_slices)) for count in instance.pool_appliances]
    plan = SimplePlan(copies, np.zeros(instance.cand_pool.size), np.zeros(instance.n_regions), rate)
    for r in range(instance.n_regions):
        for f in np.argsort(-v[r], kind="stable"):
            for j in range(instance.cand_ptr[r], instance.cand_ptr[r + 1]):
                p = instance.cand_pool[j]
                if f in copies[p] and _has_room(
                    instance, plan, p, copies[p][f], v[r, f] * instance.gbps_per_gb[r]
                ):
                    plan.served[j] += v[r, f]
                    break
            else:
                plan.origin[r] += v[r, f]
    return plan


def _has_room(instance: Instance, plan: SimplePlan, p: int, appliances: list[int], gbps: Floats) -> bool:
    """Take a file's load on its appliances if they and the pool can."""
    rate = plan.rate[p].copy()
    rate[appliances] += gbps / len(appliances)
    if (rate > instance.appliance_throughput_gbps[p]).any() or (
        rate.sum(axis=0) > instance.throughput_gbps[p]
    ).any():
        return False
    plan.rate[p] = rate
    return True


def dense(instance: Instance) -> Floats:
    """Demand as a full matrix, (n_regions, n_files) [GB]."""
    v = np.zeros((instance.n_regions, instance.n_files))
    for r, row in enumerate(instance.region_row):
        part = slice(instance.demand_ptr[row], instance.demand_ptr[row + 1])
        v[r, instance.demand_file[part]] = instance.region_share[r] * instance.demand_gb[part].astype(float)
    return v
