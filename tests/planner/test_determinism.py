"""Same inputs and seed, same bytes: whatever the threads, and run after run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdnplan.optimize.engine import EngineName
from cdnplan.planner import PlanRequest, plan
from tests.conftest import ROOT
from tests.planner.plans import files_of, sample_request, write_small_network

MEASURED = ("seconds", "peak_memory_gb")


def folder_and_record(request: PlanRequest) -> tuple[dict[str, bytes], dict[str, Any]]:
    """All files but plan.json, and plan.json without what the clock and the machine say."""
    plan(request)
    files = files_of(request.out)
    record = json.loads(files.pop("plan.json"))
    for step in record["steps"]:
        step.pop("seconds")
    return files, {key: value for key, value in record.items() if key not in MEASURED}


def assert_same_plan(request: PlanRequest, tmp_path: Path, again: tuple[int, ...] = (2,)) -> None:
    """With one thread, and again with so many."""
    first = folder_and_record(replace(request, out=tmp_path / "first", threads=1))
    for threads in again:
        name = f"again {threads}"
        files, record = folder_and_record(replace(request, out=tmp_path / name, threads=threads))
        assert set(files) == set(first[0])
        assert [name for name in files if files[name] != first[0][name]] == []
        assert record == first[1]


def test_sample(tmp_path: Path) -> None:
    assert_same_plan(sample_request(tmp_path, gap_ratio=0.1, seed=3), tmp_path)


def test_second_night(tmp_path: Path, belgian_plan: Path) -> None:
    request = sample_request(tmp_path, countries=frozenset({"BE"}), previous=belgian_plan)
    assert_same_plan(request, tmp_path, again=(1, 2))


@pytest.mark.parametrize("engine", ["exact", "fast"])
def test_links_and_rules(tmp_path: Path, engine: EngineName) -> None:
    assert_same_plan(replace(write_small_network(tmp_path / "n"), engine=engine, gap_ratio=0.02), tmp_path)


def test_from_a_history(tmp_path: Path) -> None:
    folder = ROOT / "forecasts" / "one-isp"
    request = PlanRequest(
        topology=ROOT / "topologies" / "one-isp.yaml",
        titles=folder / "titles.csv",
        history=folder / "history.csv",
        out=tmp_path,
        engine="fast",
    )
    assert_same_plan(request, tmp_path)


def test_rows_of_tables_in_another_order_make_the_same_plan(tmp_path: Path) -> None:
    folder = ROOT / "forecasts" / "one-isp"
    turned = {}
    for name in ("titles", "demand"):
        header, *lines = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        turned[name] = tmp_path / f"{name}.csv"
        turned[name].write_text("\n".join([header, *reversed(lines)]) + "\n", encoding="utf-8")
    request = PlanRequest(
        topology=ROOT / "topologies" / "one-isp.yaml",
        titles=folder / "titles.csv",
        demand=folder / "demand.csv",
        out=tmp_path / "as written",
        engine="fast",
    )
    first, _ = folder_and_record(request)
    again = replace(request, titles=turned["titles"], demand=turned["demand"], out=tmp_path / "turned")
    second, _ = folder_and_record(again)
    assert first == second
