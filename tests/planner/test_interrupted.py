"""A Python caller may ask for the plan so far."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdnplan.planner import plan
from cdnplan.planner.folder.record import INTERRUPTED
from tests.planner.plans import assert_verified, sample_request


@pytest.mark.parametrize("engine", ["exact", "fast"])
def test_asked_from_the_start_a_plan_is_written_that_says_so(tmp_path: Path, engine: str) -> None:
    request = sample_request(tmp_path / "p", engine=engine, countries=frozenset({"BE"}))
    record = plan(request, asked=lambda: True).record
    assert record["status"] == "interrupted"
    assert INTERRUPTED in record["warnings"]
    assert_verified(tmp_path / "p")
