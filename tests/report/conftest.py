"""Plans and pages that several tests look at; none of them changes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdnplan.report.tables.facts import PlanFacts, read_facts
from tests.evaluate import network
from tests.evaluate.plan_writer import write_plan
from tests.planner.plans import make, sample_request


@pytest.fixture(scope="session")
def small_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a plan of the judge's small network: links, copies, bans, pins, launches."""
    out = tmp_path_factory.mktemp("small") / "first"
    write_plan(out)
    return out


@pytest.fixture(scope="session")
def next_plan(small_plan: Path) -> Path:
    """Folder of a plan of nearly the same network after other copies, with its night of filling."""
    out = small_plan.parent / "later"
    write_plan(out, night=True, holdings=network.night_holdings())
    return out


@pytest.fixture(scope="session")
def facts(small_plan: Path) -> PlanFacts:
    """What a report of the small plan follows from."""
    return read_facts(small_plan)


@pytest.fixture(scope="session")
def sample_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a plan of the whole sample, as good as it gets in a moment."""
    out = tmp_path_factory.mktemp("report") / "sample"
    make(sample_request(out, gap_ratio=0.2))
    return out
