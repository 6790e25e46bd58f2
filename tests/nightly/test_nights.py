"""Good nights: what is published, kept, told; and runs that meet."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from cdnplan.cli.terminal.stopping import Stopped
from cdnplan.evaluate.verify import verify
from cdnplan.inputs.plans.plan_folder import sha256
from cdnplan.nightly.keep.lock import LOCK, OWNER
from cdnplan.nightly.settings.guard_limits import DEFAULT_LIMITS
from tests.nightly.nights import Project
from tests.planner.plans import files_of


def test_the_second_night_knows_the_first(project: Project) -> None:
    result = project.run()
    assert result.exit_code == 0
    assert result.status["in_force"] == project.in_force() == "000002-2026-03-08"
    plan = json.loads((project.current / "plan.json").read_text(encoding="utf-8"))
    first = project.published / "plans" / "000001-2026-03-08" / "plan.json"
    assert plan["input_hashes"]["previous"] == plan["input_hashes"]["start"] == sha256(first)
    assert plan["input_hashes"]["titles"] == result.status["inputs"]["titles"]["sha256"]
    assert result.status["in_force_today"]["holds"] is True
    assert sha256(project.current / "report.html") == plan["files"]["report.html"]


def test_the_period_is_the_one_that_the_day_falls_into(project: Project) -> None:
    assert project.run().status["planned_for"] == "2026-03-08"
    project.now += dt.timedelta(days=3)  # a Monday
    assert project.run().status["planned_for"] == "2026-03-15"


def test_weeks_named_by_mondays_are_the_same_weeks(project: Project) -> None:
    def named_by_mondays(text: str) -> str:
        head, *lines = text.splitlines()
        at = head.split(",").index("date")
        for i, line in enumerate(lines):
            cells = line.split(",")
            cells[at] = (dt.date.fromisoformat(cells[at]) - dt.timedelta(days=6)).isoformat()
            lines[i] = ",".join(cells)
        return "\n".join([head, *lines, ""])

    project.edit("history.csv", named_by_mondays)
    status = project.run().status
    assert (status["planned_from"], status["planned_for"]) == ("2026-03-02", "2026-03-08")
    assert (status["plan"]["period_from"], status["plan"]["period"]) == ("2026-03-02", "2026-03-08")
    assert any("dates are Mondays, taken for first days of weeks" in note for note in status["notes"])


def test_fills_begin_at_the_deadline(project: Project) -> None:
    project.configure(deadline={"at": "00:45", "timezone": "Europe/Lisbon"})
    result = project.run()
    assert result.exit_code == 0
    begin = dt.datetime.fromisoformat(result.status["plan"]["fills"]["from"])
    assert (
        begin
        == dt.datetime.fromisoformat(result.status["deadline"])
        == dt.datetime(2026, 3, 7, 0, 45, tzinfo=dt.UTC)
    )
    project.date = dt.date(2026, 3, 8)
    again = project.run().status["plan"]["fills"]["from"]
    assert dt.datetime.fromisoformat(again) == begin + dt.timedelta(days=2)


def test_the_field_is_believed(project: Project) -> None:
    rows = [row for row in placed(project) if row["action"] != "evict"]
    gone, *rest = rows
    lines = ["appliance,file", *(f"{row['appliance']},{row['file']}" for row in rest)]
    project.path("holdings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    project.touch("holdings.csv")
    project.configure(
        inputs__holdings={"path": "holdings.csv"},
        guards={name: {"warn": None, "refuse": None} for name in DEFAULT_LIMITS},
    )
    result = project.run()
    assert result.status["state"] == "published"
    assert result.status["plan"]["fills"]["trusted_field"] == 1
    kept = {(row["appliance"], row["file"]) for row in placed(project) if row["action"] == "keep"}
    assert kept
    assert (gone["appliance"], gone["file"]) not in kept


def placed(project: Project) -> list[dict[str, Any]]:
    """Rows of the placement in force."""
    rows = pq.read_table(project.current / "placement.parquet").to_pylist()
    assert rows
    return list(rows)


def test_a_lead_of_days(project: Project) -> None:
    project.configure(calendar={"lead_days": 4})
    assert project.run().status["planned_for"] == "2026-03-15"


def test_the_day_is_that_of_the_time_zone(project: Project) -> None:
    project.now = dt.datetime(2026, 3, 8, 23, 0, tzinfo=dt.UTC)
    project.configure(calendar={"timezone": "Europe/Brussels"})
    assert project.run().status["planned_for"] == "2026-03-15"


def test_so_many_plans_are_kept(project: Project) -> None:
    for _ in range(4):
        assert project.run().exit_code == 0
    assert project.plans() == ["000003-2026-03-08", "000004-2026-03-08", "000005-2026-03-08"]
    assert project.status()["removed"] == ["000002-2026-03-08"]


def test_a_plan_put_in_force_by_hand_is_kept(project: Project) -> None:
    project.run()
    project.current.unlink()
    project.current.symlink_to("plans/000001-2026-03-08")
    project.configure(guards__silent_regions_ratio={"refuse": 0.0}, publish__keep=1)
    assert project.run().status["in_force"] == "000003-2026-03-08"
    assert project.plans() == ["000003-2026-03-08"]


def test_a_dry_run_changes_nothing_that_is_published(project: Project) -> None:
    before = files_of(project.published)
    good = sorted(project.path("work").glob("good/*"))
    project.dry_run = True
    result = project.run()
    assert (result.exit_code, result.status["state"]) == (0, "dry-run")
    assert result.status["plan"]["gap_ratio"] >= 0
    assert files_of(project.published) == before
    assert sorted(project.path("work").glob("good/*")) == good
    project.configure(guards__gap_ratio={"refuse": 0.0})
    assert project.run().exit_code == 4
    assert files_of(project.published) == before


def test_every_line_of_the_log_is_an_event_of_the_run(project: Project) -> None:
    result = project.run()
    (path,) = project.path("work").glob("log/000002-*.jsonl")
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert events == project.events
    assert {event["run_id"] for event in events} == {result.status["run_id"]}
    assert {"time", "level", "event"} <= set.intersection(*(set(event) for event in events))
    assert [events[0]["event"], events[-1]["event"]] == ["start", "end"]


def test_metrics_for_prometheus(project: Project) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    result = project.run()
    text = (project.published / "cdnplan.prom").read_text(encoding="utf-8")
    found = {
        (sample.name.removeprefix("cdnplan_nightly_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["exit_code", "nightly"] == 0
    assert found["published", "nightly"] == 1
    assert found["gap_ratio", "nightly"] == pytest.approx(result.status["plan"]["gap_ratio"])
    assert found["last_run_timestamp_seconds", "nightly"] == project.now.timestamp()
    assert ("guard_value", "demand_factor", "nightly") in found or (
        "guard_value",
        "nightly",
        "demand_factor",
    ) in found
    project.path("titles.csv").write_text("", encoding="utf-8")
    project.now += dt.timedelta(hours=1)
    assert project.run().exit_code == 2
    text = (project.published / "cdnplan.prom").read_text(encoding="utf-8")
    assert 'exit_code{job_name="nightly"} 2.0' in text
    assert project.status()["last_published"] == result.status["last_published"]


def test_a_second_run_says_who_holds_the_lock(project: Project) -> None:
    before = files_of(project.published)
    owner = {"run_id": "the-first", "pid": 4711, "host": "planner-1", "started": "2026-03-06T01:00:00+00:00"}
    with FileLock(project.published / LOCK):
        (project.published / OWNER).write_text(json.dumps(owner), encoding="utf-8")
        result = project.run()
        (project.published / OWNER).unlink()
    assert (result.exit_code, result.status["state"]) == (4, "locked")
    assert result.status["in_force"] == "000001-2026-03-08"
    assert result.status["in_force_figures"]["period"] == "2026-03-08"
    assert (
        "run the-first holds the lock, process 4711 on planner-1, since 2026-03-06T01"
        in result.status["reason"]
    )
    assert files_of(project.published) == before


def test_a_lock_left_by_a_dead_process_is_no_obstacle(project: Project) -> None:
    pid = os.fork()
    if pid == 0:
        lock = FileLock(project.published / LOCK)
        lock.acquire()
        (project.published / OWNER).write_text('{"run_id": "killed-one", "pid": 1}', encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    result = project.run()
    assert result.exit_code == 0
    assert result.status["killed_before"] == "killed-one"
    assert project.run().status["killed_before"] is None


def test_inputs_replaced_in_the_middle_of_a_run_do_not_matter(project: Project) -> None:
    old = {name: sha256(project.path(name)) for name in ("titles.csv", "history.csv")}

    def replace(event: dict[str, Any]) -> None:
        if event.get("phase") == "forecast":
            for name in (*old, "topology.yaml"):
                project.path(name).write_text("replaced\n", encoding="utf-8")

    project.on_event = replace
    result = project.run()
    assert result.exit_code == 0
    assert {f"{role}.csv": result.status["inputs"][role]["sha256"] for role in ("titles", "history")} == old


def test_an_exception_that_nobody_expects_is_told_and_passed_on(project: Project) -> None:
    before = project.in_force()

    def fail(event: dict[str, Any]) -> None:
        if event.get("phase") == "verify":
            raise ZeroDivisionError("a fault of the program")

    project.on_event = fail
    with pytest.raises(ZeroDivisionError):
        project.run()
    status = project.status()
    assert (status["state"], status["exit_code"]) == ("crashed", 1)
    assert status["reason"] == "ZeroDivisionError: a fault of the program"
    assert project.in_force() == before
    project.on_event = None
    assert project.run().exit_code == 0


def test_a_signal_is_told_and_passed_on(project: Project) -> None:
    before = project.in_force()

    def stop(event: dict[str, Any]) -> None:
        if event.get("phase") == "plan":
            raise Stopped(signal.SIGTERM)

    project.on_event = stop
    with pytest.raises(Stopped):
        project.run()
    assert (project.status()["state"], project.status()["exit_code"]) == ("stopped", 143)
    assert project.status()["reason"] == "Stopped: SIGTERM"
    assert project.in_force() == before
    project.on_event = None
    result = project.run()
    assert (result.exit_code, result.status["killed_before"]) == (0, None)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"started": 5, "last_published": "x", "seconds": []}', "{"]
)
def test_a_status_that_is_damaged_holds_nobody_up(project: Project, text: str) -> None:
    (project.published / "status.json").write_text(text, encoding="utf-8")
    assert project.run().exit_code == 0


@pytest.mark.parametrize("text", ["", "[]", '{"inputs": []}', '{"inputs": {}, "forecast": null}'])
def test_a_damaged_memory_is_none(project: Project, text: str) -> None:
    (path,) = project.path("work").glob("good/*/good.json")
    path.write_text(text, encoding="utf-8")
    assert project.run().exit_code == 0
    project.path("titles.csv").unlink()
    assert project.run().exit_code == 5


def test_the_search_ends_in_time_and_its_best_plan_is_published(project: Project) -> None:
    project.configure(engine={"name": "fast", "threads": 1}, deadline={"minutes": 20, "reserve_s": 600.0})
    late = [0.0]

    def hear(event: dict[str, Any]) -> None:
        late[0] = 700.0 if event.get("phase") == "plan" else late[0]

    project.on_event = hear
    project.monotonic = lambda: time.monotonic() + late[0]
    result = project.run()
    # With nothing found by then the plan in force stays; with a plan, it is published with its gap.
    assert result.exit_code in (4, 5)
    if result.exit_code == 5:
        assert "the deadline ended the search, at a gap of" in result.status["reason"]
        assert verify(project.current.resolve()).ok


def test_messages_name_the_input_not_its_copy(project: Project) -> None:
    project.edit_rows("titles.csv", lambda row: row | {"size_gb": "x"})
    (first, *_) = project.run().problems
    assert first.startswith(f"{project.path('titles.csv')}: row 1: size_gb")


def test_includes_come_along(project: Project) -> None:
    text = project.path("topology.yaml").read_text(encoding="utf-8")
    (project.path("common")).mkdir()
    (project.path("net")).mkdir()
    project.path("common/hardware.yaml").write_text(
        "hardware:\n  box-1u: {storage_tb: 1, throughput_gbps: 20, fill_gbps: 0.05}\n", encoding="utf-8"
    )
    start, end = text.index("hardware:"), text.index("origins:")
    project.path("net/topology.yaml").write_text(
        "include: [../common/hardware.yaml]\n" + text[:start] + text[end:], encoding="utf-8"
    )
    project.touch("common/hardware.yaml")
    project.touch("net/topology.yaml")
    project.configure(inputs__topology={"path": "net/topology.yaml"})
    result = project.run()
    assert result.exit_code == 0, result.problems
    project.path("common/hardware.yaml").unlink()
    result = project.run()
    assert result.exit_code == 2
    assert "cannot include" in result.problems[0]


def test_inputs_by_url(project: Project, tmp_path: Path) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    store = MemoryFileSystem()
    for name in ("topology.yaml", "titles.csv", "history.csv"):
        store.pipe(f"/nightly/{name}", project.path(name).read_bytes())
        role = name.partition(".")[0]
        project.configure(**{f"inputs__{role}": {"path": f"memory://nightly/{name}"}})
    # The store knows when its files were made: by the machine's clock, which is not the night's.
    project.now = dt.datetime.now(dt.UTC)
    project.date = dt.date(2026, 3, 6)
    result = project.run()
    assert result.status["state"] == "published", result.problems
    store.rm("/nightly/titles.csv")
    result = project.run()
    assert result.exit_code == 5
    assert (
        "titles cannot be fetched from memory://nightly/titles.csv: no such file; the copy"
        in result.status["reason"]
    )
    store.rm("/nightly", recursive=True)


def test_a_source_that_comes_back_is_asked_again(project: Project) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    store = MemoryFileSystem()
    titles = project.path("titles.csv").read_bytes()

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == "fetch failed":
            store.pipe("/late/titles.csv", titles)

    project.on_event = hear
    project.configure(inputs__titles={"path": "memory://late/titles.csv"})
    result = project.run()
    store.rm("/late", recursive=True)
    assert result.status["state"] == "published"
    assert project.waits == [5.0]
    assert not result.status["inputs"]["titles"]["fallback"]


@pytest.mark.parametrize("link", [False, True])
def test_nobody_waits_for_a_local_file_that_is_not_there(project: Project, link: bool) -> None:
    titles = project.path("titles.csv")
    titles.unlink()
    if link:  # in a circle
        titles.symlink_to(titles)
    assert "titles cannot be fetched" in project.run().status["reason"]
    assert project.waits == []
    assert sum(event["event"] == "fetch failed" for event in project.events) == 1


def test_copies_do_not_grow_younger(project: Project) -> None:
    project.path("titles.csv").unlink()
    for day in range(1, 4):
        result = project.run()
        assert result.exit_code == (5 if day <= 3 else 4)
        project.now += dt.timedelta(days=1)
    assert project.run().exit_code == 4


def test_the_same_night_again_publishes_the_same_plan(first_night: Project, tmp_path: Path) -> None:
    folders = []
    for name in ("one", "two"):
        copy = first_night.copy(tmp_path / name)
        assert copy.run().exit_code == 0
        folders.append(files_of(copy.current.resolve()))
    one, two = ({name: body for name, body in files.items() if name != "plan.json"} for files in folders)
    assert one == two
