"""A plan folder as plain dictionaries (docs/recompute.md, sections 1 and 2)."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

ORIGIN = "origin"
"""Stands for a pool where the origin serves."""


@dataclass(frozen=True)
class Pool:
    """Appliances of one model at one site, and what they may do [GB, Gbps]."""

    name: str
    site: dict[str, Any]
    model: str
    appliances: int
    appliance_gb: float
    appliance_gbps: float
    storage_gb: float
    throughput_gbps: float
    fill_gb: float
    churn_gb: float


@dataclass(frozen=True)
class Plan:
    """What a folder has.

    `demand_gb` is by row of the demand table and file, `held` and `copies` count by (pool, file), `paths` has
    (place, cost, path) by region, `served_gb` is by (region, pool or `ORIGIN`).
    """

    claims: dict[str, Any]
    topology: dict[str, Any]
    policy: dict[str, Any]
    pools: dict[str, Pool]
    start: dt.date
    days: float
    fill_counts: bool
    size_gb: dict[str, float]
    title: dict[str, str]
    launch: dict[str, dt.date]
    demand_gb: dict[str, dict[str, float]]
    held: dict[tuple[str, str], int]
    paths: dict[str, list[tuple[str, float, str]]]
    on_appliance: dict[str, list[str]]
    copies: dict[tuple[str, str], int]
    added_gb: dict[str, float]
    served_gb: dict[tuple[str, str], float]
    peak_gbps: dict[str, float]


def read_plan(folder: Path) -> Plan:
    """Read a plan folder; tables are believed, claims are kept apart."""
    claims = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    topology = yaml.safe_load((folder / "inputs/topology.yaml").read_text(encoding="utf-8"))
    policy = topology["policy"]
    was_there = (folder / "inputs/holdings.parquet").is_file()
    fill_counts = was_there or policy["cold_start"] == "limited"
    pools = _pools(topology, fill_counts=fill_counts)
    files = _rows(folder, "inputs/files")
    demand: dict[str, dict[str, float]] = {}
    for row in _rows(folder, "inputs/demand"):
        demand.setdefault(row["region"], {})[row["file"]] = float(row["gb"])
    paths: dict[str, list[tuple[str, float, str]]] = {}
    for row in _rows(folder, "inputs/paths"):
        paths.setdefault(row["region"], []).append((row["place"], row["cost_per_gb"], row["path"]))
    stored, added = _placed(folder)
    copies: dict[tuple[str, str], int] = {}
    for appliance, names in stored.items():
        for name in names:
            cell = (appliance.rpartition("/")[0], name)
            copies[cell] = copies.get(cell, 0) + 1
    return Plan(
        claims=claims,
        topology=topology,
        policy=policy,
        pools=pools,
        start=dt.date.fromisoformat(claims["period"]["start"]),
        days=claims["period"]["days"],
        fill_counts=fill_counts,
        size_gb={row["file"]: row["size_gb"] for row in files},
        title={row["file"]: row["title"] for row in files},
        launch={row["file"]: row["launch_date"] for row in files if not pd.isna(row["launch_date"])},
        demand_gb=demand,
        held=_held(folder, pools) if was_there else {},
        paths=paths,
        on_appliance=stored,
        copies=copies,
        added_gb=added,
        served_gb={(row["region"], row["pool"]): row["gb"] for row in _rows(folder, "serving")},
        peak_gbps={row["appliance"]: row["peak_gbps"] for row in _rows(folder, "appliances")},
    )


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return pd.read_parquet(folder / f"{name}.parquet").to_dict("records")


def _pools(topology: dict[str, Any], *, fill_counts: bool) -> dict[str, Pool]:
    """Section 2: every number net of reserves."""
    reserves, churn = topology["policy"]["reserves"], topology["policy"]["churn_ratio"]
    pools: dict[str, Pool] = {}
    for site in topology["sites"]:
        counts: dict[str, int] = {}
        for group in site["appliances"]:
            counts[group["model"]] = counts.get(group["model"], 0) + group.get("count", 1)
        hours = site.get("fill_window", {}).get("hours", 12)
        for model, n in counts.items():
            box = topology["hardware"][model]
            gb = 1000 * box["storage_tb"] * (1 - reserves["storage_ratio"])
            gbps = box["throughput_gbps"] * (1 - reserves["throughput_ratio"])
            window = n * box["fill_gbps"] * hours * 3600 / 8 * (1 - reserves["fill_ratio"])
            name = f"{site['name']}/{model}"
            pools[name] = Pool(
                name=name,
                site=site,
                model=model,
                appliances=n,
                appliance_gb=gb,
                appliance_gbps=gbps,
                storage_gb=n * gb,
                throughput_gbps=n * gbps * (1 - reserves["imbalance_ratio"] if n > 1 else 1),
                fill_gb=window if fill_counts else math.inf,
                churn_gb=churn * n * gb if fill_counts and churn is not None else math.inf,
            )
    return pools


def _held(folder: Path, pools: dict[str, Pool]) -> dict[tuple[str, str], int]:
    """Copies that were there, on appliances that still are."""
    held: dict[tuple[str, str], int] = {}
    for row in _rows(folder, "inputs/holdings"):
        pool = pools.get(row["pool"])
        if pool is not None and row["appliance"] <= pool.appliances:
            cell = (row["pool"], row["file"])
            held[cell] = held.get(cell, 0) + 1
    return held


def _placed(folder: Path) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Files by appliance, and GB to add by pool."""
    stored: dict[str, list[str]] = {}
    added: dict[str, float] = {}
    for row in _rows(folder, "placement"):
        if row["action"] == "evict":
            continue
        stored.setdefault(row["appliance"], []).append(row["file"])
        if row["action"] == "add":
            pool = row["appliance"].rpartition("/")[0]
            added[pool] = added.get(pool, 0.0) + row["size_gb"]
    return stored, added
