"""Plans and pages that several tests look at; none of them changes one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdnplan.report.facts import PlanFacts, read_facts
from tests.planner.plans import make, sample_request, write_small_network


@pytest.fixture(scope="session")
def small_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a plan of the judge's small network: links, copies, bans, pins, launches."""
    request = write_small_network(tmp_path_factory.mktemp("small") / "network")
    make(request)
    return request.out


@pytest.fixture(scope="session")
def next_plan(small_plan: Path) -> Path:
    """Folder of the plan after it, which may fill only so much, for another demand."""
    folder = small_plan.parent
    lines = (folder / "demand.csv").read_text(encoding="utf-8").splitlines()
    turned = [lines[0], *(_halved(line) if i % 3 else line for i, line in enumerate(lines[1:]))]
    (folder / "demand-2.csv").write_text("\n".join(turned) + "\n", encoding="utf-8")
    request = replace(
        sample_request(folder / "plan-2"),
        topology=folder / "topology.yaml",
        titles=folder / "titles.csv",
        files=folder / "files.csv",
        demand=folder / "demand-2.csv",
        previous=small_plan,
    )
    make(request)
    return request.out


def _halved(line: str) -> str:
    start, _, gb = line.rpartition(",")
    return f"{start},{float(gb) / 5}"


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
