"""A made-up night, as the tables of a plan folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MS = pa.timestamp("ms", "UTC")
SCHEMAS = {
    "fills.parquet": {
        "appliance": pa.string(),
        "file": pa.string(),
        "size_gb": pa.float64(),
        "source": pa.string(),
        "kind": pa.string(),
        "start": MS,
        "end": MS,
        "priority": pa.int32(),
        "value": pa.float64(),
        "alternates": pa.list_(pa.string()),
    },
    "evictions.parquet": {"appliance": pa.string(), "file": pa.string(), "size_gb": pa.float64(), "at": MS},
    "placement.parquet": {
        "appliance": pa.string(),
        "file": pa.string(),
        "action": pa.string(),
        "size_gb": pa.float64(),
    },
    "inputs/files.parquet": {
        "file": pa.string(),
        "title": pa.string(),
        "size_gb": pa.float64(),
        "launch_date": pa.date32(),
    },
}
APPLIANCES = ("ams/box/1", "ams/box/2", "kpn/box/1", "kpn/box/2")
SIZES = {"a": 2.0, "b": 0.125, "Amélie 2": 3.5, "old": 1.0, "older": 4.0}
TITLES = {"a": "A", "b": "A", "Amélie 2": "Amélie", "old": "O", "older": "O"}
HOUR = 3_600_000
NIGHT = 1_772_931_600_000
"""2026-03-08 01:00 UTC [ms]."""


def fill(
    appliance: str, file: str, source: str, kind: str, hour: int, priority: int, *alternates: str
) -> Any:
    start = NIGHT + hour * HOUR
    row = (appliance, file, SIZES[file], source, kind, start, start + HOUR // 2, priority, 1.5)
    return (*row, list(alternates))


FILLS = [
    fill("ams/box/1", "a", "origin-eu", "origin", 0, 1),
    fill("ams/box/1", "Amélie 2", "kpn/box/1", "tier", 2, 2, "origin-eu"),
    fill("ams/box/2", "a", "ams/box/1", "peer", 1, 1, "kpn/box/1", "origin-eu"),
    fill("kpn/box/1", "b", "ams/box/2", "tier", 1, 2, "origin-eu"),
    fill("kpn/box/1", "a", "origin-eu", "origin", 0, 1),
]
EVICTIONS = [
    ("ams/box/1", "old", 1.0, NIGHT),
    ("ams/box/2", "old", 1.0, NIGHT + HOUR),
    ("kpn/box/1", "older", 4.0, NIGHT + 2 * HOUR),
]
PLACEMENT = [
    ("ams/box/1", "a", "add", 2.0),
    ("ams/box/1", "Amélie 2", "add", 3.5),
    ("ams/box/1", "b", "keep", 0.125),
    ("ams/box/1", "old", "evict", 1.0),
    ("ams/box/2", "a", "add", 2.0),
    ("ams/box/2", "b", "add", 0.125),
    ("ams/box/2", "old", "evict", 1.0),
    ("kpn/box/1", "a", "add", 2.0),
    ("kpn/box/1", "b", "add", 0.125),
    ("kpn/box/1", "older", "evict", 4.0),
    ("kpn/box/2", "older", "keep", 4.0),
]


def write_table(path: Path, rows: list[Any]) -> None:
    """Rows as a table of the folder."""
    schema = SCHEMAS["inputs/files.parquet" if path.parent.name == "inputs" else path.name]
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(list(c), type=kind) for c, kind in zip(columns, schema.values(), strict=True)]
    pq.write_table(pa.table(arrays, names=list(schema)), path)


def write_night(folder: Path, *, quiet: bool = False) -> Path:
    """The tables that manifests and commands are made of; `quiet`: nothing is fetched or evicted."""
    (folder / "inputs").mkdir(parents=True)
    write_table(folder / "fills.parquet", [] if quiet else FILLS)
    write_table(folder / "evictions.parquet", [] if quiet else EVICTIONS)
    write_table(folder / "placement.parquet", PLACEMENT)
    write_table(folder / "inputs/files.parquet", [(f, TITLES[f], SIZES[f], None) for f in sorted(SIZES)])
    columns: dict[str, Any] = {"appliance": list(APPLIANCES), "pool": [a[:-2] for a in APPLIANCES]}
    for name in ("storage_gb", "storage_limit_gb", "peak_gbps", "throughput_limit_gbps"):
        columns[name] = [0.0] * len(APPLIANCES)
    pq.write_table(pa.table(columns), folder / "appliances.parquet")
    return folder
