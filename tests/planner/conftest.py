"""Plans that several tests look at; none of them changes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.planner.plans import make, sample_request


@pytest.fixture(scope="session")
def sample_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a plan of the whole sample."""
    out = tmp_path_factory.mktemp("sample") / "plan"
    make(sample_request(out))
    return out


@pytest.fixture(scope="session")
def belgian_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a plan of two regions of the sample, made in a moment."""
    out = tmp_path_factory.mktemp("be") / "first"
    make(sample_request(out, countries=frozenset({"BE"})))
    return out
