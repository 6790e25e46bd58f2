"""Bad nights end as documented, and never with a worse plan put in force in silence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from cdnplan.optimize.fast import fast
from cdnplan.optimize.place.local_search import forced_holders
from tests.nightly.bad_night import Bad
from tests.nightly.bad_nights import BAD_NIGHTS
from tests.nightly.nights import Project
from tests.planner.plans import copies


class BrokenFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """A store that is down, hangs, or replaces its files all the time."""

    protocol = "broken"

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        if "hang" in path:
            time.sleep(1.0)
        if "restless" not in path:
            raise ConnectionRefusedError("the store is down")
        return {"name": path, "size": 3, "type": "file", "etag": time.perf_counter_ns()}

    def open(self, path: str, *_: Any, **__: Any) -> Any:
        return MemoryFileSystem().open("/restless", "rb")


@pytest.fixture(autouse=True)
def broken_stores() -> Iterator[None]:
    """A file system of tests."""
    fsspec.register_implementation("broken", BrokenFileSystem, clobber=True)
    MemoryFileSystem().pipe("/restless", b"abc")
    yield
    MemoryFileSystem().rm("/restless")


def test_there_are_enough() -> None:
    assert len({bad.name for bad in BAD_NIGHTS}) == len(BAD_NIGHTS) >= 40


@pytest.mark.parametrize("bad", BAD_NIGHTS, ids=lambda bad: bad.name.replace(" ", "-"))
def test_bad_night(project: Project, bad: Bad) -> None:
    bad.spoil(project)
    before = project.current.resolve().name if project.current.is_symlink() else None
    result = project.run()
    status = result.status
    assert (result.exit_code, status["state"]) == (bad.exit_code, bad.state), status["reason"]
    assert bad.reason in status["reason"]
    assert project.status() | {"warnings": 0, "exit_code": 0} == status | {"warnings": 0, "exit_code": 0}
    if bad.state == "published":
        assert status["demand_from"] == bad.demand_from
        assert project.in_force() == status["in_force"] != before
        assert_not_worse(status)
    elif project.current.is_symlink():
        assert project.in_force() == before


def assert_not_worse(status: dict[str, Any]) -> None:
    """What is in force now costs no more on today's inputs than what was, or a warning says so."""
    kept = status["in_force_today"]
    if kept is not None and kept["holds"] and status["exit_code"] == 0:
        assert status["plan"]["upper"] <= kept["cost"] * 1.001


def test_a_worse_plan_than_the_one_in_force(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search gone wrong: it holds nothing but what rules ask for."""

    def least(search: Any, state: object, *, final: bool) -> None:
        run = search._run
        run.take_plan(run.local.serve(forced_holders(run.instance)))

    monkeypatch.setattr(fast._Search, "_plan", least)
    monkeypatch.setattr(fast, "STEPS", fast.STEPS[:2])
    before = project.current.resolve()
    result = project.run()
    assert (result.exit_code, result.status["state"]) == (0, "published")
    weighed = result.status["plan"]["as_held"]
    assert weighed["stays"]
    assert weighed["found_cost"] > weighed["as_held_cost"] == result.status["plan"]["upper"]
    assert result.status["plan"]["upper"] == pytest.approx(result.status["in_force_today"]["cost"])
    assert any("what appliances hold stays as it is" in note for note in result.status["notes"])
    assert project.in_force() == "000002-2026-03-08"
    assert result.status["plan"]["fill_gb"] == 0
    assert copies(project.current, "keep") == copies(before, "add", "keep")
