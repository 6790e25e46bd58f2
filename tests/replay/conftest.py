"""Plans of the small network, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdnplan.planner import PlanRequest, plan
from tests.replay.networks import Small, write_small


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """The small network."""
    return write_small(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small_plan(small: Small) -> Path:
    """A plan that knew the demand."""
    out = small.folder / "plan"
    plan(PlanRequest(small.topology, small.titles, out, demand=small.demand, engine="fast"))
    return out
