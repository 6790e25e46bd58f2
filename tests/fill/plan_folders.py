"""Plan folders with placements made by hand, each request served by its cheapest holder."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cdnplan.inputs.plans.plan_folder import sha256
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.model.instance.build import build_instance
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import Pin, Policy
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    Hardware,
    Link,
    Origin,
    Region,
    Site,
    Topology,
)

DAY = dt.date(2026, 3, 8)
Placed = Mapping[str, tuple[str, ...]]
"""Files by appliance."""


def network(
    *,
    storage_tb: float = 1.0,
    sites: tuple[str, ...] = ("ix", "isp"),
    pins: tuple[Pin, ...] = (),
    cost: float = 2.0,
) -> Topology:
    """An exchange, an ISP, two regions; GB cost 10 from origin, `cost` from exchange, 1 in the ISP."""
    known = {
        "ix": Site("ix", "ixp", (50.0, 4.0), (ApplianceGroup("box", 2),), "BE"),
        "isp": Site("isp", "embedded", (50.1, 4.1), (ApplianceGroup("box", 1),), "BE"),
        "new": Site("new", "ixp", (50.2, 4.2), (ApplianceGroup("box", 1),), "BE"),
    }
    links = {"ix": ("both", cost), "isp": ("home", 1.0), "new": ("both", 0.5)}
    regions = {"home": "BE", "away": "NL"}
    return Topology(
        name="tiny",
        hardware=(Hardware("box", storage_tb, 1000.0, 100.0),),
        origins=(Origin("origin-eu", (52.0, 5.0)),),
        sites=tuple(known[name] for name in sites),
        regions=tuple(
            Region(name, country, (50.0, 4.0), (), DemandShare(country, 1.0))
            for name, country in regions.items()
        ),
        links=tuple(
            Link(region, site, None, links[site][1])
            for site in sites
            for region in regions
            if links[site][0] in ("both", region)
        )
        + tuple(Link(region, "origin-eu", None, 10.0) for region in regions),
        policy=Policy(pins=pins),
    )


def catalog(sizes: Mapping[str, float]) -> Catalog:
    """Files named ``title.profile``."""
    files = tuple(sorted(sizes))
    titles = tuple(sorted({file.partition(".")[0] for file in files}))
    of_file = [titles.index(file.partition(".")[0]) for file in files]
    launch = np.full(len(titles), np.datetime64("NaT"), dtype="datetime64[D]")
    return Catalog(files, np.array([sizes[f] for f in files]), titles, np.array(of_file, np.int32), launch)


def demand(catalog: Catalog, gb: Mapping[str, Mapping[str, float]]) -> Demand:
    """GB by country and file."""
    rows = {
        name: [(catalog.files.index(f), v) for f, v in sorted(row.items())]
        for name, row in sorted(gb.items())
    }
    entries = [entry for row in rows.values() for entry in row]
    return Demand(
        regions=tuple(rows),
        ptr=np.cumsum([0, *(len(row) for row in rows.values())]),
        file=np.array([f for f, _ in entries], np.int32),
        gb=np.array([v for _, v in entries], np.float32),
        start=DAY,
        period_days=7.0,
    )


def write_folder(
    folder: Path,
    topology: Topology,
    files: Catalog,
    asked: Demand,
    placed: Placed,
    *,
    prices: Mapping[str, float] | None = None,
    evicted: Placed | None = None,
    fill: float = 0.0,
    warnings: tuple[str, ...] = (),
) -> Path:
    """A plan that holds what is said; its limits are never reached."""
    instance, _ = build_instance(topology, files, asked)
    holders: dict[int, set[int]] = {}
    for name, held in placed.items():
        for file in held:
            pool = instance.pools.index(name.rpartition("/")[0])
            holders.setdefault(files.files.index(file), set()).add(pool)
    gb: dict[tuple[str, str], float] = {}
    delivery = 0.0
    for r, region in enumerate(instance.regions):
        row = instance.region_row[r]
        for e in range(instance.demand_ptr[row], instance.demand_ptr[row + 1]):
            options = [
                (float(instance.cand_cost[j]), instance.pools[instance.cand_pool[j]])
                for j in range(instance.cand_ptr[r], instance.cand_ptr[r + 1])
                if instance.cand_pool[j] in holders.get(int(instance.demand_file[e]), ())
            ]
            price, pool = min([(float(instance.origin_cost[r]), "origin"), *options])
            volume = float(instance.region_share[r] * instance.demand_gb[e])
            delivery += price * volume
            gb[region, pool] = gb.get((region, pool), 0.0) + volume
    size = dict(zip(files.files, files.size_gb.tolist(), strict=True))
    rows = [(a, f, "add", size[f]) for a, held in placed.items() for f in held]
    rows += [(a, f, "evict", size.get(f, 0.0)) for a, held in (evicted or {}).items() for f in held]
    (folder / "inputs").mkdir(parents=True)
    (folder / "inputs/topology.yaml").write_text(topology_text(topology), encoding="utf-8")
    text, number = pa.string(), pa.float64()
    _write(
        folder,
        "placement",
        {"appliance": text, "file": text, "action": text, "size_gb": number},
        sorted(rows),
    )
    served = [(region, pool, volume, 0.0) for (region, pool), volume in sorted(gb.items())]
    _write(folder, "serving", {"region": text, "pool": text, "gb": number, "peak_gbps": number}, served)
    names = ("storage_gb", "storage_limit_gb", "peak_gbps", "throughput_limit_gbps")
    _write(
        folder,
        "appliances",
        {"appliance": text, "pool": text, **dict.fromkeys(names, number)},
        [
            (f"{pool}/{n}", pool, 0.0, 0.0, 0.0, 0.0)
            for p, pool in enumerate(instance.pools)
            for n in range(1, instance.pool_appliances[p] + 1)
        ],
    )
    priced = [("storage", pool, 0, price, "per TB") for pool, price in sorted((prices or {}).items())]
    kinds = {"limit": text, "name": text, "slice": pa.int32(), "price": number, "unit": text}
    _write(folder, "prices", kinds, priced)
    title = [files.titles[t] for t in files.file_title]
    catalogued = list(zip(files.files, title, files.size_gb.tolist(), [None] * files.n_files, strict=True))
    kinds = {"file": text, "title": text, "size_gb": number, "launch_date": pa.date32()}
    _write(folder, "inputs/files", kinds, catalogued)
    row_of = np.repeat(np.arange(len(asked.regions)), np.diff(asked.ptr))
    wanted = [
        (asked.regions[r], files.files[f], float(v))
        for r, f, v in zip(row_of, asked.file, asked.gb, strict=True)
    ]
    _write(folder, "inputs/demand", {"region": text, "file": text, "gb": pa.float32()}, wanted)
    total = float(instance.region_gb().sum())
    offload = 1 - sum(v for (_, pool), v in gb.items() if pool == "origin") / total
    claims = _claims(instance.pools, delivery, fill, total, offload) | {"warnings": list(warnings)}
    claims["counts"] |= {"regions": 2, "sites": len(topology.sites), "titles": len(files.titles)}
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    claims["files"] = {p.relative_to(folder).as_posix(): sha256(p) for p in paths}
    (folder / "plan.json").write_text(json.dumps(claims), encoding="utf-8")
    return folder


def _write(folder: Path, name: str, kinds: Mapping[str, Any], rows: list[Any]) -> None:
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    arrays = [pa.array(list(c), type=k) for c, k in zip(columns, kinds.values(), strict=True)]
    pq.write_table(pa.table(arrays, names=list(kinds)), folder / f"{name}.parquet")


def _claims(
    pools: tuple[str, ...], delivery: float, fill: float, gb: float, offload: float
) -> dict[str, Any]:
    counts = dict.fromkeys(
        ("regions", "sites", "pools", "appliances", "files", "titles", "links", "slices"), 0
    )
    return {
        "format": 1,
        "cdnplan": "0",
        "status": "feasible",
        "engine": "fast",
        "bound_proof": "prices",
        "cost": {"total": delivery + fill, "delivery": delivery, "fill": fill, "overload": 0.0},
        "upper": delivery + fill,
        "lower": 0.0,
        "lower_priced": 0.0,
        "ideal": 0.0,
        "gap_ratio": 1.0,
        "gap_to_upper_ratio": 1.0,
        "offload_byte_ratio": offload,
        "demand_gb": gb,
        "overload": [],
        "period": {"start": DAY.isoformat(), "days": 7.0},
        "fill_counted": False,
        "counts": counts | {"pools": len(pools)},
        "full": [],
        "appliances": {"busiest_over_mean_ratio": 1.0, "moved_within_pools_gb": 0.0},
        "versions": {"python": "3"},
        "input_hashes": {},
        "seed": 0,
    }
