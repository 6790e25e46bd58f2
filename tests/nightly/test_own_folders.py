"""A night empties the folders that it marked, and no others, wherever the config points."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from cdnplan.nightly.keep.disk import MARKER
from tests.nightly.nights import Project, new_project
from tests.planner.plans import files_of


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder that is somebody's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "thesis.tex").write_text("mine", encoding="utf-8")
    return folder


def assert_left_alone(project: Project, elsewhere: Path, told: str) -> None:
    in_force = project.current.readlink().name if project.current.is_symlink() else None
    result = project.run()
    assert (result.exit_code, result.status["state"]) == (2, "not-published")
    assert told in result.status["reason"]
    assert "left alone" in result.status["reason"]
    assert project.status()["reason"] == result.status["reason"]
    assert result.status["in_force"] == in_force
    assert files_of(elsewhere) == {"thesis.tex": b"mine"}


@pytest.mark.parametrize("name", ["work/run", "work/good", "published/.staging", "published/plans"])
def test_a_link_is_not_followed(project: Project, elsewhere: Path, name: str) -> None:
    project.path(name).rename(project.path("moved"))
    if name == "published/plans":
        project.current.unlink()
    project.path(name).symlink_to(elsewhere)
    assert_left_alone(project, elsewhere, f"is a link to '{elsewhere}'")


def test_a_work_folder_that_is_others(tmp_path: Path, elsewhere: Path) -> None:
    project = new_project(tmp_path / "job")
    (tmp_path / "var").mkdir()
    elsewhere = elsewhere.rename(tmp_path / "var" / "run")
    project.configure(work=str(tmp_path / "var"))
    assert_left_alone(project, elsewhere, "run: holds 'thesis.tex', which no run of this job wrote")
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["run"]
    (elsewhere / MARKER).touch()
    assert project.run().exit_code == 0
    assert [path.name for path in elsewhere.iterdir()] == [MARKER]


def test_a_staging_folder_that_is_others(tmp_path: Path, elsewhere: Path) -> None:
    project = new_project(tmp_path / "job")
    project.published.mkdir()
    elsewhere = elsewhere.rename(project.published / ".staging")
    assert_left_alone(project, elsewhere, "holds 'thesis.tex'")


def test_folders_of_an_earlier_release_are_taken_over(project: Project) -> None:
    left = (project.path("work/run"), project.published / ".staging")
    for folder in left:
        (folder / MARKER).unlink()
    (left[0] / "titles").mkdir()
    (left[0] / "titles" / "titles.csv").write_text("of a run that was killed", encoding="utf-8")
    (left[1] / ".000002-2026-03-08.partial-4711").mkdir()
    (left[1] / "removed-000001-2026-03-01").mkdir()
    assert project.run().exit_code == 0
    for folder in left:
        assert [path.name for path in folder.iterdir()] == [MARKER]


def test_names_alone_do_not_make_a_folder_the_jobs(tmp_path: Path) -> None:
    project = new_project(tmp_path / "job")
    history = project.path("work/run/history/ten-years.csv")
    history.parent.mkdir(parents=True)
    history.write_text("mine", encoding="utf-8")
    result = project.run()
    assert result.exit_code == 2
    assert f"make a file {MARKER} there" in result.status["reason"]
    assert history.read_text(encoding="utf-8") == "mine"


def test_only_plans_and_logs_are_dropped(project: Project) -> None:
    mine = (project.path("work/log/000000-mine.txt"), project.published / "plans" / "000000-mine")
    mine[0].write_text("mine", encoding="utf-8")
    mine[1].mkdir()
    project.configure(publish__keep=1, keep_logs=1)
    project.now += dt.timedelta(days=7)
    project.run()
    assert all(path.exists() for path in mine)
    assert len(list(project.path("work/log").glob("*.jsonl"))) == 1
