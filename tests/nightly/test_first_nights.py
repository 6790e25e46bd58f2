"""First nights: caches begin empty, are filled within windows, and what is told of it comes true."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from cdnplan.nightly.settings.guard_limits import DEFAULT_LIMITS
from cdnplan.planner import PlanRequest, plan
from tests.nightly.nights import Project, new_project
from tests.planner.plans import assert_verified, copies

MOST_NIGHTS = 12
WINDOW_GB = {"lisbon/box-1u": 2 * 270.0, "porto/box-1u": 180.0}
"""0.05 Gbit/s for 12 hours on two appliances, for 8 hours on one."""


@dataclass(frozen=True)
class Told:
    """A night: its status, its plan folder, and the GB held once it is over."""

    status: dict[str, Any]
    folder: Path
    held_gb: float

    @property
    def to_fill(self) -> dict[str, Any]:
        found = self.status["plan"]["to_fill"]
        assert isinstance(found, dict)
        return found


def nights_until_full(project: Project) -> list[Told]:
    """Run nights until one says that caches are full."""
    project.configure(publish__keep=MOST_NIGHTS)
    told: list[Told] = []
    while len(told) < MOST_NIGHTS:
        result = project.run()
        assert result.status["state"] == "published", result.problems
        folder = project.current.resolve()
        stored = pq.read_table(folder / "appliances.parquet")["storage_gb"].to_numpy()
        told.append(Told(result.status, folder, float(stored.sum())))
        if told[-1].to_fill["gb"] == 0:
            break
    return told


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    project = new_project(tmp_path_factory.mktemp("first-nights") / "job")
    project.configure(guards={})
    return nights_until_full(project)


def test_the_nights_that_remain_are_those_that_it_takes(nights: list[Told]) -> None:
    said = [night.to_fill["nights"] for night in nights]
    assert said[0] >= 2
    assert said == list(range(len(nights) - 1, -1, -1))
    assert not any(night.to_fill["at_most"] for night in nights)


def test_no_more_nights_than_windows_need(nights: list[Told]) -> None:
    held = dict.fromkeys(WINDOW_GB, 0.0)
    for row in pq.read_table(nights[-1].folder / "appliances.parquet").to_pylist():
        held[row["pool"]] += row["storage_gb"]
    assert len(nights) == max(int(np.ceil(held[pool] / gb)) for pool, gb in WINDOW_GB.items())


def test_each_night_fills_as_much_as_windows_take(nights: list[Told]) -> None:
    for night in nights[: len(nights) // 2]:  # until Lisbon is nearly full
        assert 0.9 * sum(WINDOW_GB.values()) <= night.status["plan"]["fill_gb"] <= sum(WINDOW_GB.values())


def test_only_what_was_scheduled_counts_as_held(nights: list[Told]) -> None:
    assert copies(nights[0].folder, "keep", "evict") == set()
    for before, night in pairwise(nights):
        assert copies(night.folder, "keep", "evict") == copies(before.folder, "keep", "add")
    for night in nights:
        fetched = pq.read_table(night.folder / "fills.parquet").to_pylist()
        assert {(row["appliance"], row["file"]) for row in fetched} == copies(night.folder, "add")


def test_no_night_costs_more_than_leaving_things_as_they_are(nights: list[Told]) -> None:
    for night in nights[1:]:
        assert night.status["plan"]["upper"] < night.status["in_force_today"]["cost"]


def test_default_guards_keep_silent_and_the_status_says_why(nights: list[Told]) -> None:
    for night in nights:
        assert (night.status["exit_code"], night.status["warnings"]) == (0, [])
        assert any("held against no limit" in note for note in night.status["notes"])
    assert any("still to fetch" in note for note in nights[0].status["notes"])


def test_the_folders_say_where_copies_come_from(nights: list[Told]) -> None:
    said = [json.loads((night.folder / "plan.json").read_text("utf-8"))["held_before"] for night in nights]
    assert said[0] == {"from": "empty", "assumed": False}
    assert said[1:] == [{"from": "previous", "assumed": False}] * (len(nights) - 1)
    for night in nights:
        assert_verified(night.folder)


def test_metrics_and_log_tell_it_too(tmp_path: Path) -> None:
    project = new_project(tmp_path / "job")
    left = project.run().status["plan"]["to_fill"]
    text = (project.published / "cdnplan.prom").read_text(encoding="utf-8")
    assert f'cdnplan_nightly_nights_to_fill{{job_name="nightly"}} {left["nights"]:.1f}' in text
    assert "cdnplan_nightly_to_fill_gigabytes" in text
    (event,) = [event for event in project.events if event["event"] == "to fill"]
    assert (event["gb"], event["nights"]) == (left["gb"], left["nights"])


def test_a_dry_first_night_tells_and_leaves_nothing(tmp_path: Path) -> None:
    project = new_project(tmp_path / "job")
    project.dry_run = True
    result = project.run()
    assert (result.exit_code, result.status["state"]) == (0, "dry-run")
    assert result.status["plan"]["to_fill"]["nights"] >= 1
    assert project.in_force() is None
    project.dry_run = False
    assert project.run().status["plan"]["fill_gb"] == result.status["plan"]["fill_gb"]


def test_what_does_not_pay_is_not_waited_for(tmp_path: Path, nights: list[Told]) -> None:
    project = new_project(tmp_path / "job")
    project.edit(
        "topology.yaml", lambda t: t.replace("origin_per_gb: 0.03", "origin_per_gb: 0.03, fill_per_gb: 8")
    )
    dear = nights_until_full(project)
    assert 0 < dear[-1].held_gb < 0.6 * nights[-1].held_gb
    assert dear[0].to_fill["gb"] < 0.6 * nights[0].to_fill["gb"]
    assert [night.to_fill["nights"] for night in dear] == list(range(len(dear) - 1, -1, -1))


def as_earlier_releases_wrote(folder: Path, request: PlanRequest) -> None:
    """Put a plan there that does not say where copies come from."""
    shutil.rmtree(folder)
    plan(request)
    said = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    for key in ("held_before", "to_fill", "waiting"):
        del said[key]
    (folder / "plan.json").write_text(json.dumps(said), encoding="utf-8")


@pytest.fixture
def stocked(tmp_path: Path) -> Project:
    """A job whose plan in force took appliances as stocked, and its folder the second of two such plans."""
    project = new_project(tmp_path / "job")
    for number in (1, 2):
        project.run()
        folder = project.current.resolve()
        as_earlier_releases_wrote(
            folder,
            PlanRequest(
                project.path("topology.yaml"),
                project.path("titles.csv"),
                folder,
                history=project.path("history.csv"),
                engine="fast",
                gap_ratio=0.05,
                previous=None if number == 1 else project.published / "plans" / "000001-2026-03-08",
            ),
        )
    assert project.plans() == ["000001-2026-03-08", "000002-2026-03-08"]
    return project


@pytest.mark.parametrize("name", ["000001-2026-03-08", "000002-2026-03-08"])
def test_a_plan_of_stocked_appliances_does_not_pass_for_filled(stocked: Project, name: str) -> None:
    stocked.current.unlink()
    stocked.current.symlink_to(f"plans/{name}")
    result = stocked.run()
    assert (result.exit_code, result.status["state"]) == (5, "published")
    assert f"the plan in force, {name}, took appliances as stocked" in result.status["reason"]
    assert copies(stocked.current, "keep", "evict") == set()
    assert result.status["plan"]["fill_gb"] > 0.9 * sum(WINDOW_GB.values())
    assert [guard["verdict"] for guard in result.status["guards"]] == ["ok"] * len(result.status["guards"])
    assert stocked.run().exit_code == 0


def test_the_field_says_that_it_is_there(stocked: Project) -> None:
    held = sorted(copies(stocked.current, "keep", "add"))
    lines = ["appliance,file", *(f"{appliance},{file}" for appliance, file in held)]
    stocked.path("holdings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    stocked.touch("holdings.csv")
    stocked.configure(inputs__holdings={"path": "holdings.csv"})
    result = stocked.run()
    assert result.exit_code == 0, result.status["reason"]
    assert copies(stocked.current, "keep", "evict") == set(held)


def test_a_foreign_table_of_the_field_is_refused_on_the_first_night(tmp_path: Path) -> None:
    project = new_project(tmp_path / "job")
    project.path("holdings.csv").write_text(
        "appliance,file\nmadrid/box-1u/1,The Pale Sea\n", encoding="utf-8"
    )
    project.touch("holdings.csv")
    project.configure(inputs__holdings={"path": "holdings.csv"})
    result = project.run()
    assert (result.exit_code, result.status["state"]) == (4, "not-published")
    assert "lost_appliances_ratio" in result.status["reason"]
    off = {name: {"warn": None, "refuse": None} for name in DEFAULT_LIMITS}
    project.configure(guards=off)
    assert project.run().status["state"] == "published"


RULES = {
    "pins": 'pins: [{title: "The [A-M]*"}]',
    "launches": "launches: [{newer_than_days: 120, min_pools: 2}]",
}


@pytest.mark.parametrize("kind", sorted(RULES))
def test_rules_that_windows_cannot_bring_wait_and_come(tmp_path: Path, kind: str) -> None:
    """All but one file that takes longer than Porto's window."""
    project = new_project(tmp_path / "job")
    project.edit("topology.yaml", lambda text: text.replace("policy:", f"policy:\n  {RULES[kind]}"))
    project.configure(publish__keep=MOST_NIGHTS)
    waiting: list[set[tuple[str, str]]] = []
    for _ in range(5):
        result = project.run()
        assert (result.exit_code, result.status["state"]) == (5, "published"), result.problems
        assert all(("wait" in text) != ("cannot come" in text) for text in result.status["warnings"])
        said = json.loads((project.current / "plan.json").read_text(encoding="utf-8"))
        waiting.append({(one["pool"], one["file"]) for one in said["waiting"]})
        assert_verified(project.current.resolve())
        assert (project.current / "report.html").is_file()
    assert len(waiting[0]) > len(waiting[-1]) == 1
    ((pool, file),) = waiting[-1]
    assert pool == "porto/box-1u"
    assert file in {"The Lucky Balcony: Season 2", "Ocean and Engine: Season 2"}
    held = {(name.rpartition("/")[0], file) for name, file in copies(project.current, "keep", "add")}
    pinned = waiting[0] - waiting[-1] if kind == "pins" else set()
    assert pinned <= held


def test_rules_that_storage_cannot_keep_do_not_wait(tmp_path: Path) -> None:
    project = new_project(tmp_path / "job")
    project.edit("topology.yaml", lambda t: t.replace("policy:", 'policy:\n  pins: [{title: "The *"}]'))
    result = project.run()
    assert (result.exit_code, result.status["state"]) == (2, "not-published")
    assert "usable storage" in result.status["reason"]
