"""Plans that what-ifs start from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.sample import sample_folder
from cdnplan.whatif.base.base import Base, load_base
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
    make(sample_request(out, gap_ratio=0.02))
    return out


@pytest.fixture(scope="session")
def sample_base(sample_plan: Path) -> Base:
    """The same, read."""
    return load_base(sample_plan)


@pytest.fixture(scope="session")
def linkless_base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """A plan of the sample without links, read: its costs follow distance, as in imported networks."""
    folder = tmp_path_factory.mktemp("linkless")
    topology = read_topology(sample_folder() / "topology.yaml")
    text = topology_text(replace(topology, links=()), header="Without links.")
    (folder / "t.yaml").write_text(text, encoding="utf-8")
    make(sample_request(folder / "plan", topology=folder / "t.yaml", gap_ratio=0.02))
    return load_base(folder / "plan")
