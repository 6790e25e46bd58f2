"""A second night of the sample: appliances have windows of their own, which pools' sums do not show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdnplan.planner import deciding
from cdnplan.planner.dealing import Dealt
from cdnplan.sample import sample_folder
from tests.benchmarks.drift import Drift, write_drifted
from tests.planner.plans import make, sample_request


def test_dealing_costs_little_on_a_second_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sample_request(tmp_path / "first", gap_ratio=0.02)
    make(first)
    root = sample_folder()
    files = (root / "topology.yaml", root / "titles.parquet", root / "demand.parquet")
    _, titles, demand = write_drifted(files, tmp_path, Drift())
    request = replace(first, titles=titles, demand=demand, previous=first.out, gap_ratio=0.01)
    record = make(replace(request, out=tmp_path / "second"))
    assert record["appliances"]["cost_of_dealing"] <= 0.008 * record["upper"]

    def as_dealt(*given: Any, **_: Any) -> Dealt:
        return given[3]

    monkeypatch.setattr(deciding, "plan_apiece", as_dealt)
    other = make(replace(request, out=tmp_path / "by-pool"))
    assert record["upper"] < other["upper"] * 0.999
