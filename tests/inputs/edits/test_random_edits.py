"""Random edits: the text means what the same operations make of the model, and keeps every comment.

`python -m benchmarks.edits` does the same 300 times, also on a large topology.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cdnplan.inputs.appliance_list.appliance_list import read_appliance_list
from cdnplan.inputs.appliance_list.topology_import import import_topology
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.sample import sample_folder
from tests.inputs.edits.checking import check_sequence
from tests.inputs.edits.decorated import decorated
from tests.inputs.edits.random_edits import random_edits

SAMPLE = (sample_folder() / "topology.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("seed", range(40))
def test_random_edits_of_the_sample(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    path = tmp_path / "topology.yaml"
    path.write_text(decorated(SAMPLE, rng, 0.3), encoding="utf-8")
    texts, wanted = random_edits(rng, read_topology(path))
    check_sequence(path, texts, wanted, tmp_path / "wanted.yaml")


@pytest.mark.realdata
@pytest.mark.parametrize("seed", range(2))
def test_random_edits_of_the_imported_network(seed: int, realdata: Path, tmp_path: Path) -> None:
    listed = read_appliance_list(realdata / "open_connect" / "Netflix_OCAs_02-08-2023.csv")
    topology, _ = import_topology(listed.appliances)
    rng = random.Random(1000 + seed)
    path = tmp_path / "topology.yaml"
    path.write_text(decorated(topology_text(topology, "imported"), rng, 0.02), encoding="utf-8")
    texts, wanted = random_edits(rng, read_topology(path), most=2)
    check_sequence(path, texts, wanted, tmp_path / "wanted.yaml")
