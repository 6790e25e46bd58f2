"""Plans that what-ifs start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdnplan.whatif.base import Base, load_base
from tests.planner.plans import make, sample_request
from tests.whatif.small import make_small


@pytest.fixture(scope="session")
def small_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a plan of the small network."""
    return make_small(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small_base(small_plan: Path) -> Base:
    """The same, read."""
    return load_base(small_plan)


@pytest.fixture(scope="session")
def sample_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a plan of the embedded sample."""
    out = tmp_path_factory.mktemp("sample") / "plan"
    make(sample_request(out))
    return out


@pytest.fixture(scope="session")
def sample_base(sample_plan: Path) -> Base:
    """The same, read."""
    return load_base(sample_plan)
