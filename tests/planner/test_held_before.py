"""What a plan takes for held: said in the folder and to people, and no other network's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.plans.plan_json import read_plan_json
from cdnplan.planner import PlanRequest, plan
from cdnplan.planner.folder.summary import summary_rows
from tests.conftest import ROOT
from tests.planner.plans import assert_verified, copies

JOB = ROOT / "forecasts" / "one-isp"
TOPOLOGY = ROOT / "topologies" / "one-isp.yaml"


def request(out: Path, **options: Any) -> PlanRequest:
    inputs = {"topology": TOPOLOGY, "titles": JOB / "titles.csv", "demand": JOB / "demand.csv"}
    return PlanRequest(out=out, engine="fast", gap_ratio=0.05, **inputs | options)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan made without a previous one, where that means stocked appliances."""
    folder = tmp_path_factory.mktemp("stocked") / "first"
    plan(request(folder))
    return folder


def record_of(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_a_plan_without_a_previous_one_says_what_it_assumes(stocked: Path) -> None:
    record = record_of(stocked)
    assert record["held_before"] == {"from": "stocked", "assumed": True}
    assert ("appliances before", "arrive stocked: nothing is fetched") in summary_rows(record)
    assert read_plan_json(stocked / "plan.json").assumed is True
    assert record["to_fill"]["gb"] == 0


def test_such_a_plan_as_previous_counts_with_a_warning_that_names_it(stocked: Path, tmp_path: Path) -> None:
    record = plan(request(tmp_path / "second", previous=stocked)).record
    assert record["held_before"] == {"from": "previous", "assumed": True}
    (said,) = [text for text in record["warnings"] if "takes appliances as stocked" in text]
    assert said.startswith(str(stocked))
    assert "it has 0 fetched; all count as held" in said
    assert copies(tmp_path / "second", "keep", "evict") == copies(stocked, "keep", "add")
    third = plan(request(tmp_path / "third", previous=tmp_path / "second")).record
    assert third["held_before"]["assumed"] is True
    assert any("takes appliances as stocked" in text for text in third["warnings"])


def test_it_does_not_where_appliances_begin_empty(stocked: Path, tmp_path: Path) -> None:
    empty = plan(request(tmp_path / "empty", previous=stocked, cold_start="limited")).record
    assert empty["held_before"] == {"from": "empty", "assumed": False}
    assert any("none counts as held, as cold_start is limited" in text for text in empty["warnings"])
    assert copies(tmp_path / "empty", "keep", "evict") == set()
    assert empty["fills"]["naive_origin_gb"] > 0
    assert empty["to_fill"]["nights"] >= 1
    assert any(f"about {empty['to_fill']['nights']} more night" in text for text in empty["warnings"])
    assert_verified(tmp_path / "empty")
    after = plan(request(tmp_path / "after", previous=tmp_path / "empty")).record
    assert after["held_before"] == {"from": "previous", "assumed": False}
    assert not any("stocked" in text for text in after["warnings"])
    alone = plan(request(tmp_path / "alone", cold_start="limited")).record
    assert alone["cost"] == empty["cost"]
    assert alone["held_before"] == {"from": "empty", "assumed": False}


def test_the_field_ends_assumptions(stocked: Path, tmp_path: Path) -> None:
    table = tmp_path / "field.csv"
    lines = [f"{appliance},{file}" for appliance, file in sorted(copies(stocked, "add"))]
    table.write_text("\n".join(["appliance,file", *lines]) + "\n", encoding="utf-8")
    for number, more in enumerate(
        ({}, {"previous": stocked}, {"previous": stocked, "cold_start": "limited"})
    ):
        record = plan(request(tmp_path / f"p{number}", holdings=table, **more)).record
        assert record["held_before"] == {"from": "field", "assumed": False}
        assert record["fills"]["trusted_field"] == 0


def foreign(folder: Path, names: dict[str, str]) -> Path:
    """The network with sites named otherwise."""
    text = TOPOLOGY.read_text(encoding="utf-8")
    for old, new in names.items():
        text = re.sub(rf"\b{old}\b(?!-)(?<!pt-{old})", new, text)
    path = folder / "foreign.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plan_of_another_network_is_refused(stocked: Path, tmp_path: Path) -> None:
    topology = foreign(tmp_path, {"lisbon": "lisboa", "porto": "braga"})
    asked = request(tmp_path / "out", topology=topology, previous=stocked)
    with pytest.raises(InputError) as caught:
        plan(asked)
    (problem,) = caught.value.problems
    assert problem.file == str(stocked)
    assert "of 3 appliances that hold something by it, 3 are not in this network" in problem.message
    assert "'lisbon/box-1u/1'" in problem.message
    assert problem.hint == "did you mean 'lisboa/box-1u/1'?"
    assert not asked.out.exists()
    told = plan(replace(asked, allow_lost_appliances=True)).record
    assert told["fills"]["naive_origin_gb"] > 0


def test_so_is_a_table_of_the_field_and_both_are_told(stocked: Path, tmp_path: Path) -> None:
    topology = foreign(tmp_path, {"lisbon": "lisboa", "porto": "braga"})
    table = tmp_path / "field.csv"
    table.write_text("appliance,file\nporto/box-1u/1,The Pale Sea\n", encoding="utf-8")
    asked = request(tmp_path / "out", topology=topology, previous=stocked, holdings=table)
    with pytest.raises(InputError) as caught:
        plan(asked)
    assert [problem.file for problem in caught.value.problems] == [str(stocked), str(table)]


def test_half_of_the_appliances_suffice(tmp_path: Path) -> None:
    table = tmp_path / "field.csv"
    rows = ["appliance,file", "lisbon/box-1u/1,The Pale Sea", "madrid/box-1u/1,The Pale Sea"]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert plan(request(tmp_path / "half", holdings=table)).record["held_before"]["from"] == "field"
    # A number beyond the pool's count is another appliance as well.
    table.write_text("\n".join([*rows, "lisbon/box-1u/3,The Pale Sea"]) + "\n", encoding="utf-8")
    with pytest.raises(
        InputError, match="of 3 appliances that hold something by it, 2 are not in this network"
    ):
        plan(request(tmp_path / "less", holdings=table))


def test_countries_that_are_left_out_are_not_lost(tmp_path: Path) -> None:
    from cdnplan.sample import sample_folder

    sample = sample_folder()
    whole = PlanRequest(
        sample / "topology.yaml",
        sample / "titles.parquet",
        tmp_path / "whole",
        demand=sample / "demand.parquet",
        engine="fast",
        gap_ratio=0.5,
        time_limit_s=1.0,
    )
    plan(whole)
    some = replace(whole, out=tmp_path / "some", countries=frozenset({"NL"}), previous=whole.out)
    assert plan(some).record["held_before"]["from"] == "previous"


def test_estimates_agree_with_what_is_lacking(stocked: Path, tmp_path: Path) -> None:
    """What a first night leaves is what stocked appliances would hold, without what is there."""
    left = plan(request(tmp_path / "empty", cold_start="limited")).record["to_fill"]
    held = [sum(np.asarray(rows["storage_gb"])) for rows in (table(stocked), table(tmp_path / "empty"))]
    assert left["gb"] == pytest.approx(held[0] - held[1], rel=0.1)


def table(folder: Path) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(folder / "appliances.parquet")
