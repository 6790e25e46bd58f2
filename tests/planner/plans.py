"""Make plans, verify them, and read what is in their folders."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from cdnplan.evaluate.verdict.report import Report
from cdnplan.evaluate.verify import verify
from cdnplan.inputs.plans.plan_folder import PROOF_CUTS, TREE
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.planner import PlanRequest, plan
from cdnplan.sample import sample_folder
from tests.evaluate import network

ALWAYS = {
    "plan.json",
    "inputs/topology.yaml",
    "inputs/files.parquet",
    "inputs/demand.parquet",
    "inputs/paths.parquet",
    "placement.parquet",
    "serving.parquet",
    "appliances.parquet",
    "prices.parquet",
    "fills.parquet",
    "evictions.parquet",
    "unfilled.parquet",
    "manifests/index.json",
}
"""Files of a plan made from nothing, manifests of appliances left out."""


def expected_names(record: dict[str, Any]) -> set[str]:
    """Files of a plan made from nothing, with a tree of cases where the bound rests on one, perhaps cuts."""
    if record["bound_proof"] != "tree":
        return ALWAYS
    return ALWAYS | set(TREE) | ({PROOF_CUTS} & set(record["files"]))


def sample_request(out: Path, **options: Any) -> PlanRequest:
    """A plan of the embedded sample by the fast engine, from its demand table unless a history is given."""
    folder = sample_folder()
    inputs = {"topology": folder / "topology.yaml", "titles": folder / "titles.parquet", "engine": "fast"}
    if "history" not in options:
        inputs["demand"] = folder / "demand.parquet"
    return PlanRequest(out=out, **inputs | options)


def make(request: PlanRequest) -> dict[str, Any]:
    """Plan, verify, and return the record."""
    record = plan(request).record
    assert json.loads((request.out / "plan.json").read_text(encoding="utf-8")) == record
    assert_verified(request.out)
    return record


def assert_verified(folder: Path) -> Report:
    """Every check of the judge holds."""
    report = verify(folder)
    assert report.ok, "\n".join(str(check) for check in report.failed)
    return report


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of all files by path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def names_of(folder: Path) -> set[str]:
    """Paths of all files but the manifests of appliances, whose names are the network's."""
    return {name for name in files_of(folder) if not name.endswith(".jsonl")}


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """Rows of a table of a plan folder."""
    return pq.read_table(folder / f"{name}.parquet").to_pylist()


def copies(folder: Path, *actions: str) -> set[tuple[str, str]]:
    """(appliance, file) of the placement's rows with one of some actions."""
    return {(r["appliance"], r["file"]) for r in rows(folder, "placement") if r["action"] in actions}


def pool_of(appliance: str) -> str:
    """Pool of an appliance."""
    return appliance.rpartition("/")[0]


def by_pool(pairs: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Copies by pool and file."""
    found: dict[str, dict[str, int]] = {}
    for appliance, file in pairs:
        counts = found.setdefault(pool_of(appliance), {})
        counts[file] = counts.get(file, 0) + 1
    return found


def write_small_network(folder: Path, cold_start: str = "free") -> PlanRequest:
    """The judge's small network as files: links, copies, churn, launches, bans, pins, tight appliances."""
    return write_network(folder, network.topology(cold_start=cold_start), network.catalog(), network.demand())


def write_network(folder: Path, topology: Topology, catalog: Catalog, demand: Demand) -> PlanRequest:
    """A network as the files that users write."""
    folder.mkdir()
    (folder / "topology.yaml").write_text(topology_text(topology), encoding="utf-8")
    launch = catalog.launch_day.astype(object)
    titles = {"title": list(catalog.titles), "launch_date": pa.array(launch, pa.date32())}
    pa_csv.write_csv(pa.table(titles), folder / "titles.csv")
    files = {
        "file": list(catalog.files),
        "title": [catalog.titles[t] for t in catalog.file_title],
        "profile": [name.rpartition(".")[2] for name in catalog.files],
        "size_gb": catalog.size_gb,
        "demand_ratio": 1.0 / np.bincount(catalog.file_title)[catalog.file_title],
    }
    pa_csv.write_csv(pa.table(files), folder / "files.csv")
    row = np.repeat(np.arange(len(demand.regions)), np.diff(demand.ptr))
    asked = {
        "date": pa.array([demand.end] * demand.gb.size, pa.date32()),
        "region": [demand.regions[r] for r in row],
        "file": [catalog.files[f] for f in demand.file],
        "gb": demand.gb,
    }
    pa_csv.write_csv(pa.table(asked), folder / "demand.csv")
    return PlanRequest(
        topology=folder / "topology.yaml",
        titles=folder / "titles.csv",
        files=folder / "files.csv",
        demand=folder / "demand.csv",
        out=folder / "plan",
    )
