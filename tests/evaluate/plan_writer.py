"""Writes the small network's plan as a plan folder, and changes folders behind a plan's back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cdnplan.evaluate.count.cost import gap_ratio
from cdnplan.evaluate.count.loads import rate_used
from cdnplan.evaluate.proof.bound import dual_bound
from cdnplan.evaluate.verdict.verdict import Verdict, evaluate
from cdnplan.inputs.plans.plan_folder import (
    APPLIANCES,
    DEMAND,
    EVICTIONS,
    FILES,
    FILLS,
    HOLDINGS,
    PLACEMENT,
    PRICES,
    SERVING,
    TABLES,
    TOPOLOGY,
    UNFILLED,
    sha256,
)
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.placement import Placement, Prices
from tests.evaluate import network
from tests.evaluate.network import SimplePlan, simple_plan
from tests.evaluate.nights import Night, Scheduler
from tests.evaluate.prices import parts
from tests.evaluate.tree_writer import price_rows, write_cuts, write_tree


def write_plan(
    folder: Path,
    *,
    holdings: Holdings | None = None,
    cold_start: str = "free",
    night: bool = False,
    tree: bool = False,
    cuts: bool = False,
    money: float = 1.0,
) -> None:
    """Plan the small network and write the folder; its night and a proof by cases or cuts where asked for.

    All costs are multiplied by `money`, as if they were counted in another currency.
    """
    topology, catalog, demand = network.topology(cold_start=cold_start), network.catalog(), network.demand()
    if night:
        topology = replace(
            network.night_topology(), policy=replace(network.night_topology().policy, cold_start=cold_start)
        )
    topology = _in_currency(topology, money)
    instance, warnings = build_instance(topology, catalog, demand, holdings)
    earlier = _earlier(instance, holdings)
    plan = simple_plan(instance, earlier)
    prices = some_prices(instance, money)
    holds = np.zeros((instance.n_pools, instance.n_files), dtype=bool)
    for p, copies in enumerate(plan.copies):
        holds[p, list(copies)] = True
    verdict = evaluate(instance, Placement(holds), plan.served, plan.origin, prices)
    assert verdict.feasible

    (folder / "inputs").mkdir(parents=True)
    (folder / TOPOLOGY).write_text(topology_text(topology), encoding="utf-8")
    _write_inputs(folder, catalog, demand, holdings)
    _write(folder / PLACEMENT, _placement_rows(instance, plan, earlier, holdings))
    _write(folder / SERVING, _serving_rows(instance, plan))
    _write(folder / APPLIANCES, _appliance_rows(instance, plan))
    _write(folder / PRICES, price_rows(instance, prices))
    claims = _claims(instance, topology, verdict, dual_bound(instance, prices), holdings)
    claims["full"] = _full(instance, plan, prices)
    claims["warnings"] = warnings
    claims["appliances"] = _dealt(instance, plan, _earlier(instance, holdings))
    if night:
        claims["fills"] = _write_night(folder, topology, instance, plan, holdings)
    if tree or cuts:
        write = functools.partial(write_tree, cuts=cuts) if tree else write_cuts
        claims["lower"] = write(folder, instance, prices)
        claims["bound_proof"] = "tree"
        claims["gap_ratio"] = gap_ratio(verdict.cost.total, claims["lower"], verdict.ideal)
        claims["gap_to_upper_ratio"] = 1.0 - claims["lower"] / verdict.cost.total
    (folder / "plan.json").write_text(json.dumps(claims), encoding="utf-8")
    seal(folder)


def _write_night(
    folder: Path, topology: Topology, instance: Instance, plan: SimplePlan, holdings: Holdings | None
) -> dict[str, Any]:
    """Schedule what the placement adds, and one copy that nobody had time for."""
    rows = _placement_rows(instance, plan, _earlier(instance, holdings), holdings)
    wanted = {
        (appliance, file)
        for appliance, file, action in zip(rows["appliance"], rows["file"], rows["action"], strict=True)
        if action != "evict"
    }
    held: set[tuple[str, str]] = set()
    if holdings is not None:
        held = {
            (f"{holdings.pools[p]}/{a}", holdings.files[f])
            for p, a, f in zip(holdings.pool, holdings.appliance, holdings.file, strict=True)
        }
    if holdings is None and topology.policy.cold_start == "free":
        night = Night(claims=dict(NOTHING))
    else:
        start = dt.datetime(2026, 7, 5)
        scheduler = Scheduler(topology, instance, plan.served, plan.origin, held, wanted, start, 1)
        night = scheduler.run()
        assert night.fills
        assert not night.unfilled
        late = next(f for f in instance.files if ("bnix/storage-2u/1", f) not in wanted | held)
        size = instance.size_gb[instance.files.index(late)]
        row = {"appliance": "bnix/storage-2u/1", "file": late, "size_gb": size, "value": 1.5}
        night.unfilled.append({**row, "reason": "window"})
        night.claims["unfilled"] = {"count": 1, "gb": size, "value": 1.5}
    write_night(folder, night)
    return night.claims


NOTHING = {
    "from": "2026-07-05T00:00:00Z",
    "until": "2026-07-06T22:00:00Z",
    "bytes_gb": {"peer": 0.0, "tier": 0.0, "origin": 0.0},
    "origin_peak_gbps": 0.0,
    "naive_origin_gb": 0.0,
    "entered_gb": 0.0,
    "entered_again_gb": 0.0,
    "unfilled": {"count": 0, "gb": 0.0, "value": 0.0},
    "away": {"count": 0, "gb": 0.0, "longest_hours": 0.0},
    "trusted_field": 0,
}
"""Claims of a plan whose appliances arrive stocked."""


def write_night(folder: Path, night: Night) -> None:
    """Write the three tables."""
    kinds = {
        "size_gb": pa.float64(),
        "value": pa.float64(),
        "start": pa.timestamp("ms", "UTC"),
        "end": pa.timestamp("ms", "UTC"),
        "at": pa.timestamp("ms", "UTC"),
        "priority": pa.int32(),
        "alternates": pa.list_(pa.string()),
    }
    for name, rows in ((FILLS, night.fills), (EVICTIONS, night.evictions), (UNFILLED, night.unfilled)):
        schema = pa.schema([(column, kinds.get(column, pa.string())) for column in TABLES[name]])
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / name)


def _in_currency(topology: Topology, money: float) -> Topology:
    """The same network with all costs multiplied."""
    costs = topology.policy.costs
    scaled = {key: getattr(costs, key) * money for key in costs.__dataclass_fields__}
    links = tuple(
        link if link.cost_per_gb is None else replace(link, cost_per_gb=link.cost_per_gb * money)
        for link in topology.links
    )
    policy = replace(topology.policy, costs=replace(costs, **scaled))
    return replace(topology, links=links, policy=policy)


def some_prices(instance: Instance, money: float = 1.0) -> Prices:
    """Prices that prove something: the best of a few for each limit in turn, and never all zero of a kind."""
    prices = Prices.zero(instance)
    best = dual_bound(instance, prices)
    limits = {"link": (1.0, 10.0, 100.0), "throughput": (0.5, 5.0, 50.0), "storage": (0.001, 0.01, 0.1)}
    own = parts(instance, prices)
    for limit, steps in limits.items():
        price = own[limit]
        for at in np.ndindex(price.shape):
            for step in steps:
                before, price[at] = price[at], step * money
                lower = dual_bound(instance, prices)
                if lower > best:
                    best = lower
                else:
                    price[at] = before
    own["new"][np.isfinite(instance.new_limit_gb)] = 1e-6 * money
    prices.launch[:] = 1e-3 * money
    for limit in limits:
        price = own[limit]
        price[price == 0] = 1e-6 * money
    return prices


def seal(folder: Path) -> None:
    """Bring the checksums in plan.json up to date, so that they are not what gives a change away."""
    path = folder / "plan.json"
    claims = json.loads(path.read_text(encoding="utf-8"))
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p != path)
    claims["files"] = {p.relative_to(folder).as_posix(): sha256(p) for p in files}
    path.write_text(json.dumps(claims, indent=1), encoding="utf-8")


def change_json(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change plan.json."""
    path = folder / "plan.json"
    claims = json.loads(path.read_text(encoding="utf-8"))
    change(claims)
    path.write_text(json.dumps(claims), encoding="utf-8")


def change_table(folder: Path, name: str, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change the rows of a table and fix the checksums."""
    table = pq.read_table(folder / name)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / name)
    seal(folder)


def _write(path: Path, columns: dict[str, Any]) -> None:
    types = {"slice": pa.int32(), "launch_date": pa.date32()}
    if path.name == "demand.parquet":
        types["gb"] = pa.float32()
    if path.name == "holdings.parquet":
        types["appliance"] = pa.int32()
    table = pa.table({name: pa.array(values, type=types.get(name)) for name, values in columns.items()})
    if path.name == "demand.parquet":
        table = table.replace_schema_metadata({"period_start": "2026-07-06", "period_days": "7.0"})
    pq.write_table(table, path)


def _columns(names: str, rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: [row[i] for row in rows] for i, name in enumerate(names.split())}


def _write_inputs(folder: Path, catalog: Catalog, demand: Demand, holdings: Holdings | None) -> None:
    launch = catalog.launch_day.astype(object)
    _write(
        folder / FILES,
        {
            "file": list(catalog.files),
            "title": [catalog.titles[t] for t in catalog.file_title],
            "size_gb": catalog.size_gb,
            "launch_date": [launch[t] for t in catalog.file_title],
        },
    )
    region = np.repeat(np.arange(len(demand.regions)), np.diff(demand.ptr))
    _write(
        folder / DEMAND,
        {
            "region": [demand.regions[r] for r in region],
            "file": [catalog.files[f] for f in demand.file],
            "gb": demand.gb,
        },
    )
    if holdings is not None:
        _write(
            folder / HOLDINGS,
            {
                "pool": [holdings.pools[p] for p in holdings.pool],
                "appliance": holdings.appliance,
                "file": [holdings.files[f] for f in holdings.file],
            },
        )


def _earlier(instance: Instance, holdings: Holdings | None) -> list[tuple[int, int, int]]:
    if holdings is None:
        return []
    pool = {name: i for i, name in enumerate(instance.pools)}
    file = {name: i for i, name in enumerate(instance.files)}
    return [
        (pool[holdings.pools[p]], int(a) - 1, file[holdings.files[f]])
        for p, a, f in zip(holdings.pool, holdings.appliance, holdings.file, strict=True)
        if holdings.pools[p] in pool and holdings.files[f] in file
    ]


def _placement_rows(
    instance: Instance, plan: SimplePlan, earlier: list[tuple[int, int, int]], holdings: Holdings | None
) -> dict[str, list[Any]]:
    rows = []
    for p, copies in enumerate(plan.copies):
        for f, appliances in copies.items():
            for a in appliances:
                action = "keep" if (p, a, f) in earlier else "add"
                rows.append((f"{instance.pools[p]}/{a + 1}", instance.files[f], action, instance.size_gb[f]))
    for p, a, f in earlier:
        if a not in plan.copies[p].get(f, []):
            rows.append((f"{instance.pools[p]}/{a + 1}", instance.files[f], "evict", instance.size_gb[f]))
    return _columns("appliance file action size_gb", sorted(rows))


def _serving_rows(instance: Instance, plan: SimplePlan) -> dict[str, list[Any]]:
    peak = instance.gbps_per_gb.max(axis=1)
    rows = []
    for r, region in enumerate(instance.regions):
        for j in range(instance.cand_ptr[r], instance.cand_ptr[r + 1]):
            if plan.served[j] > 0:
                pool = instance.pools[instance.cand_pool[j]]
                rows.append((region, pool, plan.served[j], plan.served[j] * peak[r]))
        if plan.origin[r] > 0:
            rows.append((region, "origin", plan.origin[r], plan.origin[r] * peak[r]))
    return _columns("region pool gb peak_gbps", sorted(rows))


def _appliance_rows(instance: Instance, plan: SimplePlan) -> dict[str, list[Any]]:
    rows = []
    for p, pool in enumerate(instance.pools):
        for a in range(instance.pool_appliances[p]):
            stored = sum(instance.size_gb[f] for f, on in plan.copies[p].items() if a in on)
            limits = instance.appliance_storage_gb[p], instance.appliance_throughput_gbps[p]
            rows.append((f"{pool}/{a + 1}", pool, stored, limits[0], plan.rate[p][a].max(), limits[1]))
    names = "appliance pool storage_gb storage_limit_gb peak_gbps throughput_limit_gbps"
    return _columns(names, rows)


def _dealt(instance: Instance, plan: SimplePlan, earlier: list[tuple[int, int, int]]) -> dict[str, float]:
    """How even the pools are, and the GB fetched for copies that an appliance next to it had."""
    uneven, moved = 1.0, 0.0
    for p in range(instance.n_pools):
        rate = np.array([plan.rate[p][a] for a in range(instance.pool_appliances[p])])
        mean = rate.mean(axis=0).max()
        if mean > 0 and mean >= 0.1 * instance.appliance_throughput_gbps[p]:
            uneven = max(uneven, rate.max() / mean)
        for f, on in plan.copies[p].items():
            had = [a for q, a, g in earlier if (q, g) == (p, f)]
            kept = len(set(had) & set(on))
            moved += instance.size_gb[f] * (min(len(had), len(on)) - kept)
    return {"busiest_over_mean_ratio": float(uneven), "moved_within_pools_gb": float(moved)}


def _full(instance: Instance, plan: SimplePlan, prices: Prices) -> list[dict[str, Any]]:
    """Limits used to 99.5%, one by one."""
    load = rate_used(instance, plan.served, plan.origin)[instance.link_rows].max(axis=1)
    rate = [sum(on) for on in plan.rate]
    stored = [sum(instance.size_gb[f] * len(on) for f, on in copies.items()) for copies in plan.copies]
    rows, own = [], parts(instance, prices)
    for p, pool in enumerate(instance.pools):
        price = own["storage"][p] * 1000.0
        rows.append(("storage", pool, stored[p], instance.storage_gb[p], "GB", price, "TB"))
        busiest, price = np.max(rate[p]), own["throughput"][p].sum()
        rows.append(("throughput", pool, busiest, instance.throughput_gbps[p], "Gbps", price, "Gbps"))
    for e, link in enumerate(instance.links):
        price = own["link"][e].sum()
        rows.append(("link", link, load[e], instance.link_capacity_gbps[e], "Gbps", price, "Gbps"))
    names = ("limit", "name", "used", "allowed", "unit", "price", "price_per")
    full = [dict(zip(names, row, strict=True)) for row in rows if row[2] >= 0.995 * row[3] and row[2] > 0]
    return sorted(full, key=lambda row: row["limit"] != "link")


def _claims(
    instance: Instance, topology: Topology, verdict: Verdict, lower: float, holdings: Holdings | None
) -> dict[str, Any]:
    cost = verdict.cost
    return {
        "format": 1,
        "cdnplan": "0.1.0",
        "status": "feasible",
        "engine": "fast",
        "engine_reason": "by hand",
        "cost": {
            "total": cost.total,
            "delivery": cost.delivery,
            "fill": cost.fill,
            "overload": cost.overload,
        },
        "upper": cost.total,
        "lower": lower,
        "lower_priced": lower,
        "ideal": verdict.ideal,
        "gap_ratio": verdict.gap_ratio,
        "gap_to_upper_ratio": verdict.gap_to_upper_ratio,
        "bound_proof": "prices",
        "offload_byte_ratio": verdict.offload_byte_ratio,
        "demand_gb": verdict.demand_gb,
        "overload": [dataclasses.asdict(over) for over in verdict.overloads],
        "period": {"start": "2026-07-06", "days": 7.0},
        "fill_counted": holdings is not None or topology.policy.cold_start == "limited",
        "counts": {
            "regions": instance.n_regions,
            "sites": len(topology.sites),
            "pools": instance.n_pools,
            "appliances": int(instance.pool_appliances.sum()),
            "files": instance.n_files,
            "titles": 12,
            "links": instance.n_links,
            "slices": instance.n_slices,
        },
        "full": [],  # filled in by `write_plan`
        "seconds": {},
        "peak_memory_gb": 0.1,
        "warnings": [],  # filled in by `write_plan`
        "seed": 0,
        "versions": {"python": "3.11.0"},
        "input_hashes": {"topology": "0" * 64} | ({"previous": "1" * 64} if holdings is not None else {}),
        "appliances": {},  # filled in by `write_plan`
        "files": {},
    }
