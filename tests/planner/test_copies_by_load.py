"""Copies that load asks for are a policy: named in the folder, part of the bound, and can be switched off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from cdnplan.evaluate.verify import verify
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import PeakProfile, Policy, Reserves
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    Hardware,
    Origin,
    Region,
    Site,
    Topology,
)
from cdnplan.planner import PlanRequest
from tests.evaluate.plan_writer import seal
from tests.model.networks import START
from tests.planner.plans import copies, make, write_network

GB = 7 * 7 * 86400 / 8
"""What 7 Gbit/s around the clock are in a week [GB]."""


def two_boxes(folder: Path, **policy: Any) -> PlanRequest:
    """Two appliances of 12 Gbit/s and 50 GB; two files of 50 GB, each asked for at 7 Gbit/s."""
    topology = Topology(
        "two-boxes",
        (Hardware("box", 0.05, 12.0, 1.0),),
        (Origin("origin", (53.35, -6.26)),),
        (Site("ixp", "ixp", (50.85, 4.35), (ApplianceGroup("box", 2),)),),
        (Region("r", "BE", (50.85, 4.35), ("ixp",), DemandShare("r")),),
        policy=Policy(
            reserves=Reserves(0.0, 0.0, 0.0, 0.0), peak_profile=PeakProfile(1, (1 / 24,) * 24), **policy
        ),
    )
    catalog = Catalog(
        ("A", "B"), np.full(2, 50.0), ("A", "B"), np.arange(2, dtype=np.int32), np.full(2, "NaT", "M8[D]")
    )
    demand = Demand(
        ("r",), np.array([0, 2]), np.arange(2, dtype=np.int32), np.full(2, GB, np.float32), START, 7.0
    )
    return write_network(folder, topology, catalog, demand)


@pytest.mark.parametrize("engine", ["exact", "fast"])
def test_one_file_on_each_appliance_where_load_asks_for_no_second_copy(tmp_path: Path, engine: str) -> None:
    request = replace(two_boxes(tmp_path / "n", copy_load_ratio=None), engine=engine)
    record = make(request)
    assert record["upper"] == pytest.approx(2 * GB * 0.002)
    assert record["lower"] <= 2116.80 + 1e-9
    assert record["status"] == "optimal"
    assert copies(request.out, "add") in (
        {("ixp/box/1", "A"), ("ixp/box/2", "B")},
        {("ixp/box/1", "B"), ("ixp/box/2", "A")},
    )


def test_two_copies_of_one_file_by_default_and_the_folder_says_which_policy_that_is(tmp_path: Path) -> None:
    request = two_boxes(tmp_path / "n")
    record = make(request)
    assert record["lower"] > 2116.80
    assert len({file for _, file in copies(request.out, "add")}) == 1
    written = yaml.safe_load((request.out / "inputs/topology.yaml").read_text(encoding="utf-8"))
    assert written["policy"]["copy_load_ratio"] == 0.5


def test_a_folder_from_before_the_policy_had_a_name_is_judged_by_its_default(tmp_path: Path) -> None:
    request = two_boxes(tmp_path / "n")
    make(request)
    path = request.out / "inputs/topology.yaml"
    text = path.read_text(encoding="utf-8")
    line = "  copy_load_ratio: 0.5\n"
    assert line in text
    for instead, bound_holds in (("", True), ("  copy_load_ratio: null\n", False)):
        path.write_text(text.replace(line, instead), encoding="utf-8")
        seal(request.out)
        failed = {check.key for check in verify(request.out).failed}
        assert ("lower_priced" not in failed) == bound_holds, failed
