"""A plan of the embedded sample: its folder, its numbers, its rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cdnplan.inputs.plans.plan_folder import sha256
from cdnplan.inputs.plans.plan_json import read_plan_json
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.planner.folder.summary import full_rows, summary_rows
from cdnplan.sample import sample_folder
from tests.planner.plans import assert_verified, by_pool, copies, expected_names, names_of, pool_of, rows


@pytest.fixture
def record(sample_plan: Path) -> dict[str, Any]:
    return json.loads((sample_plan / "plan.json").read_text(encoding="utf-8"))


def test_the_folder_is_complete_and_nothing_else_is_left(sample_plan: Path, record: dict[str, Any]) -> None:
    expected = expected_names(record)
    assert names_of(sample_plan) == expected
    assert [path.name for path in sample_plan.parent.iterdir()] == ["plan"]
    assert record["files"] == {name: sha256(sample_plan / name) for name in sorted(expected - {"plan.json"})}
    assert_verified(sample_plan)


def test_plan_json_has_the_keys_that_scripts_rely_on(sample_plan: Path, record: dict[str, Any]) -> None:
    assert {
        "status",
        "engine",
        "cost",
        "upper",
        "lower",
        "ideal",
        "gap_ratio",
        "offload_byte_ratio",
        "overload",
        "steps",
        "seconds",
        "peak_memory_gb",
        "warnings",
        "seed",
        "versions",
        "input_hashes",
    } <= set(record)
    assert read_plan_json(sample_plan / "plan.json").engine == "fast"
    assert set(record["input_hashes"]) == {"topology", "titles", "demand"}
    assert record["input_hashes"]["titles"] == sha256(sample_folder() / "titles.parquet")


def test_numbers_agree_with_each_other(record: dict[str, Any]) -> None:
    cost = record["cost"]
    assert cost["total"] == pytest.approx(cost["delivery"] + cost["fill"] + cost["overload"])
    assert record["upper"] == cost["total"]
    assert 0 < record["ideal"] <= record["lower"] <= record["upper"]
    gap = (record["upper"] - record["lower"]) / (record["upper"] - record["ideal"])
    assert record["gap_ratio"] == pytest.approx(gap)
    assert record["gap_ratio"] < 0.05
    assert record["gap_to_upper_ratio"] == pytest.approx(1 - record["lower"] / record["upper"])
    assert record["fill_counted"] is False
    assert cost["fill"] == 0.0
    assert record["lower_priced"] <= record["lower"]
    assert record["bound_proof"] in {"prices", "tree"}, "anyone can check it"
    assert (record["bound_proof"] == "tree") == (record["lower_priced"] < record["lower"])


def test_numbers_agree_with_the_tables(sample_plan: Path, record: dict[str, Any]) -> None:
    served = rows(sample_plan, "serving")
    total = sum(row["gb"] for row in served)
    origin = sum(row["gb"] for row in served if row["pool"] == "origin")
    assert record["offload_byte_ratio"] == pytest.approx(1 - origin / total)
    assert record["demand_gb"] == pytest.approx(total)
    asked = pq.read_table(sample_folder() / "demand.parquet")["gb"].to_pylist()
    assert total == pytest.approx(sum(asked), rel=1e-5), "shares of each country's regions sum to 1"
    topology = read_topology(sample_folder() / "topology.yaml")
    assert record["counts"] == {
        "regions": len(topology.regions),
        "sites": len(topology.sites),
        "pools": 12,
        "appliances": 22,
        "files": 300,
        "titles": 300,
        "links": record["counts"]["links"],
        "slices": 4,
    }
    appliances = rows(sample_plan, "appliances")
    assert len(appliances) == 22
    assert {row["pool"] for row in appliances} == {pool_of(row["appliance"]) for row in appliances}


def test_no_appliance_is_beyond_its_own_limits(sample_plan: Path) -> None:
    appliances = rows(sample_plan, "appliances")
    stored: dict[str, float] = {}
    for row in rows(sample_plan, "placement"):
        stored[row["appliance"]] = stored.get(row["appliance"], 0.0) + row["size_gb"]
    for row in appliances:
        assert row["storage_gb"] == pytest.approx(stored.get(row["appliance"], 0.0))
        assert row["storage_gb"] <= row["storage_limit_gb"] * (1 + 1e-9)
        assert row["peak_gbps"] <= row["throughput_limit_gbps"] * (1 + 1e-9)
    assert max(row["storage_gb"] / row["storage_limit_gb"] for row in appliances) > 0.99


def test_every_rule_of_the_sample_is_kept(sample_plan: Path) -> None:
    held = by_pool(copies(sample_plan, "add"))
    assert copies(sample_plan, "keep", "evict") == set()
    large = ("ixp-frankfurt-de/storage-2u", "ixp-london-gb/storage-2u")
    assert all("Tailor and Station" in held[pool] for pool in large)
    banned = {pool for pool, files in held.items() if "Neighbour and Kingdom: Season 1" in files}
    assert not any("-de/" in pool for pool in banned)
    assert len([pool for pool, files in held.items() if "Signal and Lighthouse" in files]) >= 4
    asked: dict[str, float] = {}
    for row in pq.read_table(sample_folder() / "demand.parquet").to_pylist():
        asked[row["title"]] = asked.get(row["title"], 0.0) + row["gb"]
    top = sorted(asked, key=lambda title: -asked[title])[:10]
    present = [(pool, title) for pool in large for title in top if title in held[pool]]
    assert present
    assert all(held[pool][title] >= 2 for pool, title in present)


def test_what_was_planned_from_is_in_the_folder(sample_plan: Path) -> None:
    whole = read_topology(sample_folder() / "topology.yaml")
    kept = read_topology(sample_plan / "inputs" / "topology.yaml")
    assert (kept.sites, kept.regions, kept.links) == (whole.sites, whole.regions, whole.links)
    given = pq.read_table(sample_folder() / "demand.parquet").to_pylist()
    told = rows(sample_plan, "inputs/demand")
    assert {(r["region"], r["title"], r["gb"]) for r in given if r["gb"] > 0} == {
        (r["region"], r["file"], r["gb"]) for r in told
    }
    assert len(rows(sample_plan, "inputs/files")) == 300


def test_summary_for_people(record: dict[str, Any]) -> None:
    shown = dict(summary_rows(record))
    assert shown["status"] == f"{record['status']}, by the fast engine (asked for)"
    assert shown["period"] == "2026-03-02 to 2026-03-08, 7 days"
    assert shown["sites, pools, appliances"] == "10, 12, 22"
    assert shown["offload (bytes)"] == f"{record['offload_byte_ratio']:.2%}"
    assert shown["cost"] == f"{record['upper']:,.2f}"
    assert "not counted" in shown["  fill"]
    assert re.match(r"\d+\.\d{3}% of cost above ideal", shown["gap"])
    listed = full_rows(record)
    worth = [row["price"] for row in record["full"]]
    assert 0 < len(listed) <= 10
    assert worth == sorted(worth, reverse=True)
    assert all(row["used"] >= (0.9 if row["price"] > 0 else 0.995) * row["allowed"] for row in record["full"])
