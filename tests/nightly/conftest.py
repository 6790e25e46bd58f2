"""A night that went well, for others to follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.nightly.nights import Project, new_project


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project after its first night, whose windows filled all caches; not to be changed."""
    project = new_project(tmp_path_factory.mktemp("nightly") / "first")
    narrow = project.path("topology.yaml").read_text(encoding="utf-8")
    project.edit("topology.yaml", lambda text: text.replace("fill_gbps: 0.05", "fill_gbps: 5"))
    result = project.run()
    assert result.exit_code == 0, result.problems
    assert result.status["plan"]["to_fill"]["gb"] == 0
    project.edit("topology.yaml", lambda _: narrow)
    return project


@pytest.fixture
def project(first_night: Project, tmp_path: Path) -> Project:
    """A copy of it, one day later."""
    import datetime as dt

    copy = first_night.copy(tmp_path / "job")
    copy.now += dt.timedelta(days=1)
    return copy
