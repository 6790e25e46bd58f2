"""A replay folder and a what-if, as their commands write them, small enough to add up by hand."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

DAYS = (dt.date(2026, 7, 6), dt.date(2026, 7, 13))
WAYS = (
    ("plan", "plan", 1.0, False, (0.90, 0.80)),
    ("lru", "live", 0.0, False, (0.70, 0.75)),
    ("lru", "live", 0.0, True, (0.80, 0.85)),
    ("lru", "hybrid", 0.8, False, (0.92, 0.84)),
    ("perfect", "bound", 1.0, False, (0.95, 0.95)),
)
PLACES = (
    {"region": "be", "country": "BE", "latitude": 50.8, "longitude": 4.4},
    {"region": "nl", "country": "NL", "latitude": 52.1, "longitude": 5.1},
)
DEMAND_GB = (1000.0, 3000.0)
MISSES = (
    ("be", "alpha", "content", "origin", "forecast", 60.0),
    ("be", "alpha", "content", "origin", "storage", 40.0),
    ("nl", "beta", "capacity", "farther", "throughput", 500.0),
    ("nl", "beta", "launch", "origin", "fill window", 100.0),
)


def write_replay(folder: Path) -> Path:
    """Two periods, four ways and a bound."""
    folder.mkdir()
    rows: list[dict[str, Any]] = []
    for policy, kind, planned, parent, offloads in WAYS:
        for day, demand, offload in zip(DAYS, DEMAND_GB, offloads, strict=True):
            rows.append(
                {
                    "period": day,
                    "policy": policy,
                    "kind": kind,
                    "planned_ratio": planned,
                    "parent": parent,
                    "demand_gb": demand,
                    "origin_gb": demand * (1 - offload),
                    "byte_offload_ratio": offload,
                    "request_offload_ratio": offload - 0.1,
                    "origin_peak_gbps": 9.0,
                    "origin_p95_gbps": 8.0,
                    "fill_window_gb": 5.0,
                    "fill_outside_gb": 1.0,
                    "fill_waste_gb": 2.0,
                }
            )
    pq.write_table(pa.Table.from_pylist(rows), folder / "policies.parquet")
    way = {"policy": "plan", "kind": "plan", "planned_ratio": 1.0, "parent": False}
    link = way | {"link": "a>b", "capacity_gbps": 10.0}
    links = [
        link | {"period": day, "peak_gbps": peak, "p95_gbps": peak - 1}
        for day, peak in zip(DAYS, (4.0, 7.0), strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(links), folder / "links.parquet")
    site = way | {"site": "ams", "planned_gb": 60.0, "cached_gb": 20.0, "parent_gb": 10.0, "origin_gb": 10.0}
    pq.write_table(pa.Table.from_pylist([site]), folder / "sites.parquet")
    regions = [
        {**dict(zip(("policy", "kind", "planned_ratio", "parent"), way, strict=False)), **place}
        | {"demand_gb": demand, "origin_gb": demand * (1 - sum(offloads) / 2)}
        for *way, offloads in WAYS
        for place, demand in zip(PLACES, (1000.0, 3000.0), strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(regions), folder / "regions.parquet")
    names = ("region", "title", "cause", "served_by", "avoided_by", "gb")
    missed = [dict(zip(names, row, strict=True)) for row in MISSES]
    pq.write_table(pa.Table.from_pylist(missed), folder / "misses.parquet")
    (folder / "replay.json").write_text(json.dumps(_record()), encoding="utf-8")
    return folder


def _record() -> dict[str, Any]:
    ways = []
    for policy, kind, planned, parent, offloads in WAYS:
        origin = sum(d * (1 - o) for d, o in zip(DEMAND_GB, offloads, strict=True))
        ways.append(
            {
                "policy": policy,
                "kind": kind,
                "planned_ratio": planned,
                "parent": parent,
                "byte_offload_ratio": 1 - origin / sum(DEMAND_GB),
                "request_offload_ratio": 0.5,
                "demand_gb": sum(DEMAND_GB),
                "origin_gb": origin,
                "origin_peak_gbps": 9.0,
                "origin_p95_gbps": 8.0,
                "fill_window_gb": 10.0,
                "fill_outside_gb": 2.0,
                "fill_waste_gb": 4.0,
            }
        )
    return {
        "format": 1,
        "cdnplan": "0",
        "input_hashes": {"plan": "ab"},
        "seed": 1,
        "period_days": 7.0,
        "periods": [day.isoformat() for day in DAYS],
        "known_before": "the period before",
        "plays": 10.0,
        "requests": 10,
        "sample_ratio": {"least": 0.01, "most": 1.0},
        "policies": ways,
        "best": {"policy": "lru", "kind": "hybrid", "planned_ratio": 0.8, "parent": False},
        "expected_byte_offload_ratio": [0.93, 0.94],
        "regret": {
            "cost": 110.0,
            "bound": 100.0,
            "total": 10.0,
            "forecast_error": 7.0,
            "fill_limits": 2.0,
            "optimisation_gap": 1.0,
        },
        "warnings": ["a <strange> thing"],
    }


def whatif_tree() -> dict[str, Any]:
    """Two scenarios: one with both answers, one that has none at once."""

    def answer(cost: float, offload: float, *, planned: bool) -> dict[str, Any]:
        figures = {
            "cost": ("currency", 100.0, cost),
            "offload_byte_ratio": ("ratio", 0.9, offload),
            "overload_gbps": ("Gbps", 0.0, 1.5),
        }
        region = {"region": "be", "cost_base": 50.0, "cost": 55.0, "demand_base_gb": 1.0, "demand_gb": 2.0}
        return {
            "figures": {
                name: {"unit": unit, "base": base, "value": value, "change": value - base}
                for name, (unit, base, value) in figures.items()
            },
            "certificate": {"gap_ratio": 0.01} if planned else None,
            "fill": {"gb": 1500.0, "nights": None, "slowest": "ams/box"} if planned else None,
            "newly_full": [
                {
                    "limit": "storage",
                    "name": "ams/box",
                    "used": 9.0,
                    "allowed": 9.0,
                    "unit": "GB",
                    "price": 3.5 if planned else None,
                }
            ],
            "no_longer_full": [],
            "regions": [region | {"origin_base_gb": 0.0, "origin_gb": 1.0, "km_base": 10.0, "km": 20.0}],
            "files": [],
            "sites": [],
            "broken": ["ban of x"] if planned else [],
        }

    return {
        "format": 1,
        "base": {
            "folder": "/somewhere",
            "id": "1234",
            "network": "small",
            "fills": "limited",
            "period": {"start": "2026-07-06", "days": 7.0},
            "figures": {"cost": 100.0, "offload_byte_ratio": 0.9, "demand_gb": 5000.0},
            "certificate": {"proof": "prices"},
        },
        "scenarios": [
            {
                "name": "site fails",
                "at_once": answer(140.0, 0.7, planned=False),
                "after_fill": answer(120.0, 0.85, planned=True),
                "warnings": [],
            },
            {
                "name": "more disk",
                "at_once": {"error": "there is no <plan>"},
                "after_fill": answer(95.0, 0.95, planned=True),
                "warnings": ["strange"],
            },
        ],
        "unanswered": ["late one"],
    }
